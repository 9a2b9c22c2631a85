"""What people asked lately, and what of it waits for a label: for the terminal and for operators over HTTP."""

from collections.abc import Sequence
from typing import Any

from flows.ops.tables import Table
from monitoring.domain import Shown
from rag.domain import Interaction, InteractionStatus
from rag.ports import InteractionStore

LOOKED_THROUGH = 2_000
"""Newest interactions that are looked through for those wanted."""


def asked_lately(
    interactions: InteractionStore,
    *,
    tenant: str,
    limit: int,
    status: InteractionStatus | None = None,
    language_unknown: bool = False,
) -> list[Interaction]:
    """Return the newest questions, the newest first; front ends' own prompts and greetings are none.

    Args:
        interactions: the log.
        tenant: whose questions.
        limit: most that are returned.
        status: how they ended; None: however.
        language_unknown: only those in a language that the encoder does not know.
    """
    newest = interactions.between(tenant=tenant, limit=LOOKED_THROUGH, newest_first=True)
    return [
        each
        for each in newest
        if not each.auxiliary
        and (status is None or each.status is status)
        and (each.language_unknown or not language_unknown)
    ][:limit]


def question_json(asked: Interaction) -> dict[str, Any]:
    """Return what is told of a question, without who asked it and what was answered."""
    return {
        "id": asked.id,
        "asked_at": asked.asked_at,
        "question": asked.question,
        "rewritten": asked.rewritten,
        "status": asked.status,
        "support": asked.support,
        "language_unknown": asked.language_unknown,
        "nearest_score": max((hit.score for hit in asked.hits), default=None),
        "statements": asked.statements,
        "unsupported": asked.unsupported,
        "degraded": asked.degraded,
        "generator": asked.generator,
        "release": asked.release,
        "total_ms": asked.total_ms,
    }


def waiting_json(waiting: Shown) -> dict[str, Any]:
    """Return what whoever labels is told of a question: not who asked it, what was answered, or what a machine says."""
    return {
        "id": waiting.sampled.id,
        "asked_at": waiting.asked.asked_at,
        "question": waiting.asked.question,
        "rewritten": waiting.asked.rewritten,
        "passages": [
            {"id": each.id, "title": each.title, "uri": each.uri, "locator": each.locator, "text": each.text}
            for each in waiting.passages
        ],
    }


def question_rows(asked: Sequence[Interaction]) -> Table:
    """Return one row a question."""
    return ["asked", "question", "status", "support", "language"], [
        (
            f"{each.asked_at:%Y-%m-%d %H:%M}",
            " ".join(each.question.split())[:100],
            each.status,
            "-" if each.support is None else f"{each.support:.2f}",
            "not known" if each.language_unknown else "",
        )
        for each in asked
    ]
