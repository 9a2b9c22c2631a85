"""Signal: many documents went at once, or what golden questions ask for did. Read from the change log; no test.

Documents that are gone are a fact, not a sample, so that nothing of the budget of false alarms is spent on it. What is
usual differs: a news site drops a tenth of its pages a week. So a mass is what went within a week, is a tenth of all
documents at least, and several times what went in such a time before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from monitoring.domain import DriftFinding, DriftVerdict, Look
from rag.domain import Change, ChangeKind, LabelledQuestion
from rag.ports import DocumentStore

NAME = "documents"

LATELY = timedelta(days=7)
"""The time within which what goes together is a mass."""
MASS = 0.1
"""Share of the documents that is one."""
FEWEST = 5
"""Documents that are one at least."""
TIMES_USUAL = 3.0
"""How many times as many as usual are one."""

_MOST_CHANGES = 20_000
"""Newest changes of the log that are read, of all tenants, whatever its length."""
_BATCH = 2_000
_MOST_HITS = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentChanges:
    """What happened to a tenant's documents since the reference began."""

    there: int  # documents now
    written: int  # of them, those that came or were changed since
    gone: int  # those that went since
    gone_lately: int  # of these, those that went within the last week
    written_lately: int  # of those written, likewise
    days: float  # that the changes span, up to now
    capped: bool = False  # there were more changes than are read: the figures are of the newest
    golden: int = 0  # golden questions that name documents
    golden_changed: int = 0  # of them, those of which a document was written since, and none is gone
    golden_gone: int = 0  # of them, those of which a document is gone
    retrieved: int | None = None  # documents that recent questions found; None: there were none

    @property
    def never_retrieved(self) -> int | None:
        """Documents that no recent question found; None where none was asked."""
        return None if self.retrieved is None else max(self.there - self.retrieved, 0)


def document_changes(
    documents: DocumentStore,
    since_change: int = 0,
    *,
    tenant: str | None,
    now: datetime,
    since: datetime | None = None,
    golden: Sequence[LabelledQuestion] = (),
    hits: Iterable[Sequence[str]] = (),
    most: int = _MOST_CHANGES,
) -> DocumentChanges:
    """Return what happened to documents, at a cost that does not grow with them or with the log.

    Args:
        documents: the store; its newest `most` changes are read, and which of the golden questions' documents exist.
        since_change: sequence number of the last change before the reference; 0: `since` tells alone.
        tenant: whose documents; None: everybody's.
        now: the moment of the check.
        since: when the reference began; None: `since_change` tells alone.
        golden: the golden questions.
        hits: of each recent question, the ids of the documents that it found, as they were logged.
        most: changes read at most.
    """
    last = documents.last_change()
    after = max(since_change, last - most)
    read = list(_read(documents, after, tenant=tenant, since=since))
    newest: dict[str, Change] = {change.document_id: change for change in read}
    gone = [change for change in newest.values() if change.kind is ChangeKind.DELETE]
    written = [change for change in newest.values() if change.kind is ChangeKind.PUT]
    named = [question for question in golden if question.documents]
    there = _existing(documents, named)
    lost = [question for question in named if not question.documents <= there]
    touched = {change.document_id for change in written}
    capped = after > since_change and (since is None or (bool(read) and read[0].seq == after + 1))
    began = read[0].at if read and (capped or since is None) else since
    found = set(_few(chain.from_iterable(hits), _MOST_HITS))
    return DocumentChanges(
        there=documents.count(tenant=tenant),
        written=len(written),
        gone=len(gone),
        gone_lately=sum(now - change.at <= LATELY for change in gone),
        written_lately=sum(now - change.at <= LATELY for change in written),
        days=max((now - began).total_seconds() / 86_400, 0.0) if began else 0.0,
        capped=capped,
        golden=len(named),
        golden_changed=sum(
            question.documents <= there and not touched.isdisjoint(question.documents) for question in named
        ),
        golden_gone=len(lost),
        retrieved=len(found) if found else None,
    )


def finding(look: Look, changes: DocumentChanges) -> DriftFinding:
    """Return whether golden questions' documents are gone, or a mass of documents went within a week."""
    said = []
    if changes.golden_gone:
        said.append(f"documents of {changes.golden_gone} of {changes.golden} golden questions are gone")
    if _is_mass(changes):
        share = changes.gone_lately / (changes.there + changes.gone_lately)
        moved = (
            f"; {changes.written_lately:,} came or were changed in the same time"
            if changes.written_lately
            else ""
        )
        said.append(
            f"{changes.gone_lately:,} documents went within {LATELY.days} days, {share:.0%} of all{moved}"
        )
    drift = bool(said)
    return DriftFinding(
        name=NAME,
        statistic=_share(changes),
        threshold=MASS,
        p_value=None,
        reference=None,
        current=float(changes.gone),
        reference_count=len(look.reference),
        current_count=len(look.recent),
        verdict=DriftVerdict.DRIFT if drift else DriftVerdict.CALM,
        reason=_sentence(said if drift else [_calm(changes)]),
    )


def _is_mass(changes: DocumentChanges) -> bool:
    before = max(changes.days - LATELY.days, 0.0)
    # Of less than a week before there is no rate to go by.
    usual = (changes.gone - changes.gone_lately) / before * LATELY.days if before >= LATELY.days else 0.0
    return (
        changes.gone_lately >= FEWEST
        and _share(changes) >= MASS
        and changes.gone_lately >= TIMES_USUAL * usual
    )


def _share(changes: DocumentChanges) -> float:
    """Return the share of the documents that went lately, 0 where there never were any."""
    return changes.gone_lately / max(changes.there + changes.gone_lately, 1)


def _calm(changes: DocumentChanges) -> str:
    told = (
        f"{changes.there:,} documents are there; since the reference began {changes.written:,} came or were "
        f"changed and {changes.gone:,} went"
    )
    if changes.capped:
        told = f"{told}, of the newest changes alone"
    if changes.never_retrieved:
        told = f"{told}; {changes.never_retrieved:,} were found by no recent question"
    return told


def _sentence(parts: Sequence[str]) -> str:
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _read(
    documents: DocumentStore, after: int, *, tenant: str | None, since: datetime | None
) -> Iterable[Change]:
    while batch := documents.changes(after=after, limit=_BATCH):
        after = batch[-1].seq
        for change in batch:
            if (tenant is None or change.tenant == tenant) and (since is None or change.at >= since):
                yield change


def _existing(documents: DocumentStore, golden: Sequence[LabelledQuestion]) -> set[str]:
    """Return those of the documents that golden questions ask for that are there."""
    wanted: dict[str, set[str]] = {}
    for question in golden:
        wanted.setdefault(question.tenant, set()).update(question.documents)
    there: set[str] = set()
    for tenant, ids in wanted.items():
        there.update(documents.uris(ids, tenant=tenant))
    return there


def _few(ids: Iterable[str], most: int) -> Iterable[str]:
    return (each for _, each in zip(range(most), ids, strict=False))
