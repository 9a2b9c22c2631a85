"""Logged questions, made for tests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rag.domain import Interaction, InteractionStatus, new_id

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def asked(question: str, minutes: float = 0, **values: object) -> Interaction:
    """Return a question that was asked so many minutes after noon, by somebody of whom there are others."""
    interaction = Interaction(
        id=new_id(),
        tenant="default",
        principal="local",
        asked_at=NOON + timedelta(minutes=minutes),
        question=question,
        hits=(),
        answer="An answer [1].",
        cited=("p1",),
        release="r" * 64,
        epoch=1,
        generator="extractive",
        status=InteractionStatus.ANSWERED,
    )
    return replace(interaction, **values)  # type: ignore[arg-type] # one of the fields above
