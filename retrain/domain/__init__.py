"""The nouns of retraining. Frozen, vendor-free; every datetime is aware."""

from retrain.domain.candidates import Candidate, CandidateStatus, Outcome, TrainingReport, Verdict
from retrain.domain.datasets import Dataset, EvalQuestion, GuardSet
from retrain.domain.focus import Focus
from retrain.domain.pairs import Excerpt, Origin, QuestionStyle, TrainingPair, Written
from retrain.domain.promotions import ENDED, Approval, Decision, Promotion, PromotionKind, PromotionPhase
from retrain.domain.scorecards import (
    Answer,
    Answers,
    Bar,
    Concentration,
    Costs,
    Detectable,
    Difference,
    Estimate,
    Hit,
    MetricRow,
    Moved,
    Received,
    Scorecard,
    Slice,
)

__all__ = [
    "ENDED",
    "Answer",
    "Answers",
    "Approval",
    "Bar",
    "Candidate",
    "CandidateStatus",
    "Concentration",
    "Costs",
    "Dataset",
    "Decision",
    "Detectable",
    "Difference",
    "Estimate",
    "EvalQuestion",
    "Excerpt",
    "Focus",
    "GuardSet",
    "Hit",
    "MetricRow",
    "Moved",
    "Origin",
    "Outcome",
    "Promotion",
    "PromotionKind",
    "PromotionPhase",
    "QuestionStyle",
    "Received",
    "Scorecard",
    "Slice",
    "TrainingPair",
    "TrainingReport",
    "Verdict",
    "Written",
]
