"""Signal: golden questions are found less often than before, asked of the live index as anybody's are."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitoring.domain import DriftFinding, DriftVerdict, GoldenWatch, Loss
from monitoring.domain.golden import Asked
from monitoring.ports import GoldenStore, LiveIndex
from monitoring.sequential import losses
from monitoring.settings import DriftSettings
from rag.domain import LabelledQuestion
from rag.ports import Census, DocumentStore

MOST_ASKED = 500
"""Golden questions that a check asks; of more, the first by their ids, which are hashes, and so always the same."""

MONTH_S = 365.25 / 12 * 86_400
"""Seconds."""

_NAMED = 3  # documents given as examples


@dataclass(frozen=True, kw_only=True, slots=True)
class GoldenLook:
    """What a check says of golden questions, and what the next one has to know."""

    finding: DriftFinding
    asked: Asked  # its `recall` is the report's `golden_recall`
    watch: GoldenWatch | None  # to be kept once the report is; None: there is no golden question
    loss: Loss


def watch_golden(
    live: LiveIndex,
    documents: DocumentStore,
    census: Census,
    kept: GoldenStore,
    golden: Sequence[LabelledQuestion],
    *,
    tenant: str,
    release: str,
    at: datetime,
    settings: DriftSettings,
    accepted: datetime | None = None,
) -> GoldenLook:
    """Ask golden questions of the live index, and return what became of their recall.

    Nothing is written: `GoldenStore.put` the look's watch when its report is stored.

    Args:
        live: the index that serves.
        documents: whose changes are counted.
        census: tells which documents there are, and which changed.
        kept: what the questions are held against.
        golden: the tenant's golden questions.
        tenant: whose.
        release: the live one's digest without its calibration (`Release.uncalibrated`).
        at: now.
        settings: of monitoring.
        accepted: when a person last said that what golden questions lost is as it should be; None: never.

    Raises:
        Unavailable, NotReady, IndexLocked: as for `LiveIndex`.
    """
    before = kept.get(tenant, release)
    earlier = before or kept.newest(tenant)
    since = None if earlier is None else earlier.last.change
    some = sorted((each for each in golden if each.documents), key=lambda each: each.id)[:MOST_ASKED]
    asked = ask(live, documents, census, some, tenant=tenant, k=settings.recall_k, at=at, since=since)
    watch = _watched(before, earlier, tenant, release, asked, settings, accepted)
    loss = _loss(watch, asked, some, census)
    uris = documents.uris({each for of in loss.documents.values() for each in of}, tenant=tenant)
    return GoldenLook(
        finding=finding(watch, asked, loss, settings=settings, uris=list(uris.values())),
        asked=asked,
        watch=watch if some else None,
        loss=loss,
    )


def ask(
    live: LiveIndex,
    documents: DocumentStore,
    census: Census,
    golden: Sequence[LabelledQuestion],
    *,
    tenant: str,
    k: int,
    at: datetime,
    since: int | None = None,
) -> Asked:
    """Return the recall of golden questions as an asker gets them; `since` is the change the look before had reached.

    Of a question some of whose documents are gone, the recall is that of those that are there. A passage that holds the
    same text as one of the right document is right.
    """
    there = census.there({each for question in golden for each in question.documents})
    askable = [question for question in golden if question.documents & there]
    found = live.find([question.text for question in askable], tenant=tenant, k=k)
    change = live.state().change if golden else 0
    changed = documents.changed(after=since) if since is not None else 0
    return Asked(
        at=at,
        change=change,
        recall={
            question.id: question_recall(
                {document for served in hits for document in served.documents}, question.documents & there
            )
            for question, hits in zip(askable, found, strict=True)
        },
        gone=frozenset(question.id for question in golden if not question.documents & there),
        share_changed=min(changed / max(documents.count(), 1), 1.0),
    )


def question_recall(found: Collection[str], right: Collection[str]) -> float:
    """Return the share of the right documents that are among the found ones; recall@k of one question."""
    return len(set(found) & set(right)) / len(right)


def finding(
    watch: GoldenWatch,
    asked: Asked,
    loss: Loss,
    *,
    settings: DriftSettings,
    uris: Sequence[str] = (),
) -> DriftFinding:
    """Return what golden questions say; `uris` are those of documents that lost questions ask for.

    Drift while a loss stands: from the look that found it until two thirds of it are found again, another release
    serves, or a person accepts it. The statistic is the evidence that had added up, an alarm at 1.
    """
    count = len(asked.recall)
    enough = count >= settings.min_labelled
    against = watch.lost_from or watch.best
    both = against.recall.keys() & asked.recall.keys()
    then, now = (_mean(stand, both) for stand in (against.recall, asked.recall))
    if not enough:
        reason = f"There are {count} golden questions whose documents are there; {settings.min_labelled} are needed."
        verdict = DriftVerdict.NOT_ENOUGH_DATA
    elif watch.lost_from is not None:
        verdict, reason = DriftVerdict.DRIFT, _fell(watch, asked, len(both), then, now)
    else:
        verdict, reason = DriftVerdict.CALM, _held(watch, asked, len(both), then, now)
    return DriftFinding(
        name=f"golden_recall@{settings.recall_k}",
        statistic=(watch.lost_evidence or losses.evidence(watch)) if enough else None,
        threshold=1.0 if enough else None,
        p_value=None,
        reference=then,
        current=_mean(asked.recall, asked.recall.keys()),
        reference_count=len(both),
        current_count=count,
        verdict=verdict,
        reason=reason + _which(loss, uris),
    )


def _watched(
    before: GoldenWatch | None,
    earlier: GoldenWatch | None,
    tenant: str,
    release: str,
    asked: Asked,
    settings: DriftSettings,
    accepted: datetime | None,
) -> GoldenWatch:
    if before is None:
        if earlier is None:
            return losses.begin(tenant, release, asked)
        before = losses.switch(earlier, release, asked)
    if before.lost_since is not None and accepted is not None and accepted >= before.lost_since:
        return losses.accept(before, asked)
    return losses.follow(before, asked, false_alarm_s=settings.false_alarm_months * MONTH_S)


def _loss(watch: GoldenWatch, asked: Asked, golden: Sequence[LabelledQuestion], census: Census) -> Loss:
    """Return which questions are found worse than in what they are held against, and what became of their documents."""
    against = watch.lost_from or watch.best
    both = against.recall.keys() & asked.recall.keys()
    lost = tuple(sorted(each for each in both if asked.recall[each] < against.recall[each]))
    wanted = {each.id: tuple(sorted(each.documents)) for each in golden}
    changed = census.changed_among({each for key in lost for each in wanted[key]}, after=against.change)
    return Loss(
        asked=len(both),
        lost=lost,
        changed=tuple(key for key in lost if changed.intersection(wanted[key])),
        gone=tuple(sorted(asked.gone)),
        at_switch=watch.at_switch,
        documents={key: wanted[key] for key in lost},
    )


def _fell(watch: GoldenWatch, asked: Asked, count: int, then: float | None, now: float | None) -> str:
    against = watch.lost_from or watch.best
    since = watch.lost_since or asked.at
    how = "with the release that serves now" if watch.at_switch else f"and was seen on {since:%Y-%m-%d}"
    further = (
        ""
        if watch.lost_to is None or watch.lost_to.at == since
        else f", further on {watch.lost_to.at:%Y-%m-%d}"
    )
    return (
        f"Recall fell {how}{further}: on {count} golden questions it was {_percent(then)} on {against.at:%Y-%m-%d} "
        f"and is {_percent(now)}, beyond what documents' coming and going explains."
    )


def _held(watch: GoldenWatch, asked: Asked, count: int, then: float | None, now: float | None) -> str:
    if watch.first.at == asked.at:
        return f"Recall on {len(asked.recall)} golden questions is {_percent(now)}; later checks compare with it."
    return (
        f"Recall did not fall beyond what documents' coming and going explains: on {count} golden questions it is "
        f"{_percent(now)}; the best was {_percent(then)} on {watch.best.at:%Y-%m-%d}, "
        f"{_percent(_mean(watch.first.recall, watch.first.recall.keys()))} on {watch.first.at:%Y-%m-%d} the first."
    )


def _which(loss: Loss, uris: Sequence[str]) -> str:
    said = ""
    if loss.lost:
        changed = f", {len(loss.changed)} of them with a document that changed since" if loss.changed else ""
        some = ", ".join(sorted(uris)[:_NAMED])
        said += f" Found worse than then: {len(loss.lost)}{changed}"
        said += f" (they ask for {some}{' and others' if len(uris) > _NAMED else ''})." if some else "."
    if loss.gone:
        said += f" Not counted, because their documents are gone: {len(loss.gone)}."
    return said


def _mean(recall: Mapping[str, float], keys: Collection[str]) -> float | None:
    return sum(recall[key] for key in keys) / len(keys) if keys else None


def _percent(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1%}"
