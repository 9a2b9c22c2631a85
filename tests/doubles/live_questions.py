"""Live questions as they are logged and sampled: for tests of what is drawn, judged and labelled."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from monitoring.domain import Sampled, Shown
from rag.domain import Document, Interaction, InteractionStatus, LoggedHit, Passage

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

_ASKED = Interaction(
    id="",
    tenant="default",
    principal="ann",
    asked_at=NOON,
    question="When is lunch served?",
    hits=(),
    answer="At noon.",
    cited=(),
    release="r",
    epoch=1,
    generator="extractive",
    status=InteractionStatus.ANSWERED,
    support=0.5,
)
_SAMPLED = Sampled(
    id="",
    tenant="default",
    interaction_id="",
    release="r",
    asked_at=NOON,
    share=1.0,
    probability=0.5,
    least=0.5,
    queued=False,
    k=5,
    drawn_at=NOON,
)


def asked(name: str, passages: Sequence[Passage] = (), **values: Any) -> Interaction:
    """Return a question of that id, answered from these passages, best first."""
    hits = tuple(
        LoggedHit(passage_id=passage.id, document_id=passage.document_id, rank=rank, score=0.9 - rank / 100)
        for rank, passage in enumerate(passages, 1)
    )
    return replace(_ASKED, **{"id": name, "hits": hits, **values})


def sampled(name: str, minute: int = 0, **values: Any) -> Sampled:
    """Return a sampled question of that interaction, drawn so many minutes after noon."""
    drawn_at = NOON + timedelta(minutes=minute)
    given = {"id": f"s-{name}", "interaction_id": name, "asked_at": drawn_at, "drawn_at": drawn_at}
    return replace(_SAMPLED, **{**given, **values})


def document(uri: str, text: str, tenant: str = "default") -> tuple[Document, Passage]:
    """Return a document of one passage, and the passage."""
    made = Document.create(uri=uri, title=uri, text=text, tenant=tenant)
    return made, Passage.create(made, 0, text)


def shown(question: str, *texts: str) -> Shown:
    """Return a sampled question with passages of these texts."""
    passages = tuple(document(f"{number}.md", text)[1] for number, text in enumerate(texts))
    return Shown(sampled=sampled("i"), asked=asked("i", passages, question=question), passages=passages)
