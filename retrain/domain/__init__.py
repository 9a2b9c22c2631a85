"""The nouns of retraining. Frozen, vendor-free; every datetime is aware."""

from retrain.domain.candidates import Candidate, CandidateStatus, Outcome, TrainingReport, Verdict
from retrain.domain.datasets import Dataset, EvalQuestion, GuardSet
from retrain.domain.pairs import Excerpt, Origin, QuestionStyle, TrainingPair, Written
from retrain.domain.promotions import ENDED, Approval, Decision, Promotion, PromotionKind, PromotionPhase
from retrain.domain.scorecards import (
    Concentration,
    Costs,
    Detectable,
    Difference,
    Estimate,
    Hit,
    MetricRow,
    Moved,
    Scorecard,
    Slice,
)

__all__ = [
    "ENDED",
    "Approval",
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
    "Scorecard",
    "Slice",
    "TrainingPair",
    "TrainingReport",
    "Verdict",
    "Written",
]
