"""What a check compares, read from the truth."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitoring.domain import Window
from monitoring.settings import DriftSettings
from monitoring.windows import split_windows
from rag.domain import Feedback, LabelledQuestion, Passage, Purpose
from rag.ports import DocumentStore, FeedbackStore, InteractionStore, QuestionStore, ReleaseStore

REPEATS = 4
"""Interactions read for each question that the windows hold: questions that are repeated count once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """Where it is read."""

    interactions: InteractionStore
    feedback: FeedbackStore
    questions: QuestionStore
    documents: DocumentStore
    releases: ReleaseStore


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """What one tenant asked before and asks now, and what should be found."""

    reference: Window
    current: Window
    feedback: Mapping[str, Sequence[Feedback]]  # interaction id -> its feedback
    golden: Sequence[LabelledQuestion]
    passages: Iterable[Sequence[Passage]]  # the whole corpus, in batches; read once


def gather(sources: Sources, *, tenant: str, settings: DriftSettings) -> Compared:
    """Return the newest questions and those before them, with the golden questions and the corpus as they are."""
    interactions = sources.interactions.between(
        tenant=tenant,
        limit=REPEATS * (settings.current_questions + settings.reference_questions),
        newest_first=True,
    )
    reference, current = split_windows(
        interactions, current=settings.current_questions, reference=settings.reference_questions
    )
    return Compared(
        reference=reference,
        current=current,
        feedback=sources.feedback.of([interaction.id for interaction in interactions]),
        golden=sources.questions.all(tenant=tenant, purpose=Purpose.GOLDEN),
        passages=sources.documents.all_passages(tenant=tenant),
    )
