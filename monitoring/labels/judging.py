"""Live questions are drawn as they come in, and a machine judges them: what a check does of it, a bounded number."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitoring.domain import Sampled, Shown
from monitoring.labels.sampling import draw, in_sample, rates
from monitoring.ports import RecallJudge, SampleStore
from monitoring.settings import DriftSettings
from rag.domain import Feedback, Interaction, Passage
from rag.ports import DocumentStore, FeedbackStore, InteractionStore, Progress

AT_ONCE = 20
"""Questions that are judged before what came of it is written."""

FAILURES = 3
"""Questions in a row that a judge fails at before it is left alone until the next check."""

LEARNED_FROM = 2_000
"""Newest sampled questions that a judge learns from, those that people said something of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """What is read for it, and where it is kept."""

    samples: SampleStore
    interactions: InteractionStore
    feedback: FeedbackStore
    documents: DocumentStore


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What a check drew and judged."""

    drawn: int = 0  # into the sample
    judged: int = 0
    failed: int = 0  # to be tried later
    tokens: int = 0  # that the judge cost


def sample_and_judge(
    new: Iterable[str],
    sources: Sources,
    judge: RecallJudge | None,
    *,
    tenant: str,
    per_day: float,
    k: int,
    settings: DriftSettings,
    at: datetime,
    progress: Progress,
) -> Judged:
    """Draw from the questions that are new, and have those judged that are not yet.

    What is drawn and judged is written as it comes, and drawn alike again: a check that was killed is simply repeated.
    At most `settings.judged_a_day` questions are judged, the oldest first; the rest at the next check. `progress` may
    raise to stop.

    Args:
        new: ids of the distinct interactions since the last check.
        sources: what is read, and where it is kept.
        judge: what judges; None: nothing does, and the labels stand alone.
        tenant: whose questions.
        per_day: distinct questions a day.
        k: hits that count; of a question with fewer, all.
        settings: how many are wanted.
        at: the moment of the check.
        progress: told how far it is.
    """
    drawn = _drawn(new, sources.interactions, tenant=tenant, per_day=per_day, k=k, settings=settings, at=at)
    done = Judged(drawn=sources.samples.add(drawn))
    if judge is None:
        return done
    since = at - timedelta(days=settings.label_days)
    pending = sources.samples.unjudged(tenant=tenant, since=since, limit=settings.judged_a_day)
    if not pending:
        return done
    judge.learn(_known(sources, tenant=tenant, before=pending[0]))
    failed_in_a_row = 0
    for start in range(0, len(pending), AT_ONCE):
        progress(start, len(pending), "Live questions are judged")
        batch = show(pending[start : start + AT_ONCE], sources, tenant=tenant)
        for shown, said in zip(batch, judge.judge(batch), strict=True):
            done = replace(done, tokens=done.tokens + said.tokens)
            if said.probability is None:
                failed_in_a_row += 1
                done = replace(done, failed=done.failed + 1)
                continue
            failed_in_a_row = 0
            done = replace(done, judged=done.judged + 1)
            sources.samples.judge(
                replace(shown.sampled, judged=said.probability, judge=judge.name, signs=said.signs)
            )
        if failed_in_a_row >= FAILURES:
            break
    progress(len(pending), len(pending), "Live questions are judged")
    return done


def show(sampled: Sequence[Sampled], sources: Sources, *, tenant: str) -> list[Shown]:
    """Return the sampled questions with the passages that were found for them, in their order.

    One whose interaction is gone, erased with its person, is left out.
    """
    asked = sources.interactions.of([each.interaction_id for each in sampled], tenant=tenant)
    named = {hit.passage_id for each in asked.values() for hit in each.hits}
    there: Mapping[str, Passage] = sources.documents.passages(named) if named else {}
    return [
        Shown(sampled=each, asked=found, passages=_served(found, there, k=each.k, tenant=tenant))
        for each in sampled
        if (found := asked.get(each.interaction_id)) is not None
    ]


def right_passage(feedback: Sequence[Feedback]) -> str | None:
    """Return the passage that an interaction's feedback says is right; None where it does not say.

    It is the newest corrected one, else the newest opened one, unless the question was rated bad.
    """
    newest_first = sorted(feedback, key=lambda given: given.given_at, reverse=True)
    for judgement in newest_first:
        if judgement.corrected_passage:
            return judgement.corrected_passage
    if any(judgement.rating is not None and judgement.rating < 0 for judgement in newest_first):
        return None
    return next((given.clicked_passage for given in newest_first if given.clicked_passage), None)


def _served(asked: Interaction, there: Mapping[str, Passage], *, k: int, tenant: str) -> tuple[Passage, ...]:
    best = sorted((hit for hit in asked.hits if hit.rank <= k), key=lambda hit: hit.rank)
    found = (there.get(hit.passage_id) for hit in best)
    return tuple(each for each in found if each is not None and each.tenant == tenant)


def _drawn(
    new: Iterable[str],
    interactions: InteractionStore,
    *,
    tenant: str,
    per_day: float,
    k: int,
    settings: DriftSettings,
    at: datetime,
) -> list[Sampled]:
    given = rates(per_day, judged=settings.judged_a_day, labels=settings.labels_a_day, seed=settings.seed)
    # Told by the id alone: of very many questions only those that are drawn are read.
    read = interactions.of([each for each in new if in_sample(each, given)], tenant=tenant)
    return draw(read.values(), given, k=k, at=at)


def _known(sources: Sources, *, tenant: str, before: Sampled) -> list[Sampled]:
    """Return sampled questions of which people said whether a right passage was found, drawn before this one.

    Beside labels that is feedback that people gave by themselves. Nobody knows with what probability they do, so
    that a judge may learn from it, and no estimate rests on it.
    """
    earliest = before.drawn_at - timedelta(days=365)
    newest = sources.samples.since(tenant=tenant, since=earliest, limit=LEARNED_FROM, newest_first=True)
    earlier = [each for each in newest if each.drawn_at < before.drawn_at and each.signs]
    silent = [each for each in earlier if each.found is None]
    given = sources.feedback.of([each.interaction_id for each in silent])
    told = {one: right for one, said in given.items() if (right := right_passage(said)) is not None}
    asked = sources.interactions.of(list(told), tenant=tenant)
    known = [each for each in earlier if each.found is not None]
    for each in silent:
        if (one := asked.get(each.interaction_id)) is not None:
            right = told[one.id]
            found = any(hit.passage_id == right and hit.rank <= each.k for hit in one.hits)
            known.append(replace(each, found=float(found)))
    return known
