"""How the log becomes what a check looks at: read what is new, thin it, keep it, and join what is known of it.

What a check reads grows with what was asked since the last one, not with the log, and what it holds is bounded: the
reference and the newest questions. A check can be killed anywhere. What was embedded so far is kept, and what it was to
look at counts as new until a check has stored its report and called `completed`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from monitoring.domain import Asked, Kept, Known, Look, PassageSample, Watch
from monitoring.intake.joining import unit, watched
from monitoring.intake.reference import begun_anew, chosen, picked, recent, unneeded
from monitoring.intake.thinning import ALIKE_WITHIN, BURST_WITHIN, Bursts, Likenesses, without_repeats
from monitoring.intake.traffic import remembered, run_length
from monitoring.ports import AskedLog, WatchStore
from monitoring.settings import DriftSettings
from rag.domain import utcnow
from rag.errors import NotFound
from rag.ports import Encoder, FeedbackStore, Progress, ReleaseStore
from rag.releases.deployed import alike, deployed

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when questions count where no release was ever replaced."""

MOST_READ = 50_000
"""Questions that one check reads at most, the newest: more than it compares, however long nobody checked."""

SPARE = 1.25
"""Questions of a long log that are taken for each that is wanted: some are thinned only once they are embedded."""

BATCH = 256
"""Questions that are embedded and kept at a time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """Where it is read, and kept."""

    log: AskedLog
    watches: WatchStore
    feedback: FeedbackStore
    releases: ReleaseStore


def gather(
    sources: Sources,
    *,
    tenant: str,
    encoder: Encoder,
    sample: PassageSample,
    settings: DriftSettings,
    alarm: bool = False,
    since: datetime | None = None,
    progress: Progress | None = None,
) -> Look:
    """Return what is compared now, after reading and keeping what was asked since the last time.

    Args:
        sources: where it is read, and kept.
        tenant: whose questions; "*": all tenants together.
        encoder: the fixed one: the same before and after a promotion.
        sample: of the same tenant's passages, in this encoder.
        settings: sizes of the reference and of what is compared with it.
        alarm: whether an alarm stands that other things are asked; then nothing joins the reference.
        since: compare what was asked from then on, as far as it is kept, instead of the newest; all of it is new.
        progress: told how many of the new questions are embedded.

    Raises:
        NotReady: nothing is live yet.
        Conflict: another check of this tenant is under way.
    """
    watch, kept = _watch(sources, tenant)
    before = watch.position
    watch, kept = _read(sources, watch, kept, encoder=encoder, settings=settings, progress=progress)
    watch, kept = _settle(sources, watch, kept, before=before, settings=settings, alarm=alarm)
    return _look(sources, watch, kept, sample=sample, settings=settings, since=since)


def completed(sources: Sources, look: Look) -> None:
    """Write that a check of this look has stored its report: what it saw is not new any more."""
    positions = [int(each.positions[-1]) for each in (look.reference, look.recent) if len(each)]
    if positions:
        sources.watches.completed(look.tenant, position=max(positions))


def reset(sources: Sources, tenant: str, *, settings: DriftSettings, by: str = "person") -> None:
    """Gather the reference anew, beginning with the newest questions: this is how it is now.

    Raises:
        NotFound: the tenant was never watched.
        Conflict: a check of this tenant is under way.
    """
    watch = sources.watches.get(tenant)
    if watch is None:
        raise NotFound(f"tenant {tenant!r} was never checked, so there is nothing to begin anew")
    kept = sources.watches.questions(tenant)
    newest = recent(_concerned(watch, kept), settings)
    since = min((each.asked_at for each in newest), default=utcnow())
    anew = begun_anew(watch, release=watch.release, since=since, by=by)
    # By their place, not by the moment: one of the newest that was logged late would else bring back the old reference.
    begins = min((each.position for each in newest), default=watch.position + 1)
    left = [each.position for each in kept if each.position < begins and each.asked_at >= since]
    sources.watches.put(anew, before=watch, referenced=(), removed=left)


def _watch(sources: Sources, tenant: str) -> tuple[Watch, list[Kept]]:
    """Return the watch and what it keeps, begun anew where another release has come to serve."""
    deployment = deployed(sources.releases)
    watch = sources.watches.get(tenant)
    if watch is None:
        switched = deployment.previous is not None
        watch = Watch(
            tenant=tenant,
            release=deployment.release,
            since=deployment.changed_at if switched else BEGINNING,
            reset_by="promotion" if switched else "start",
        )
        sources.watches.put(watch, before=None)
        return watch, []
    kept = sources.watches.questions(tenant)
    if watch.release in alike(sources.releases, deployment.release):
        return watch, kept
    anew = begun_anew(watch, release=deployment.release, since=deployment.changed_at, by="promotion")
    sources.watches.put(anew, before=watch, referenced=())
    return anew, [replace(each, in_reference=False) for each in kept]


def _read(
    sources: Sources,
    watch: Watch,
    kept: list[Kept],
    *,
    encoder: Encoder,
    settings: DriftSettings,
    progress: Progress | None,
) -> tuple[Watch, list[Kept]]:
    """Keep what was asked since the last time, thinned and embedded, a batch at a time."""
    unread = sources.log.unread(tenant=watch.tenant, after=watch.read_at, since=watch.since, limit=MOST_READ)
    new = without_repeats(unread.asked, kept, position=watch.position)
    taken = _taken(new, settings)
    first = watch.position
    bursts = Bursts(_before(sources, kept, taken), most=settings.burst_questions)
    likenesses = Likenesses(unit(kept[-ALIKE_WITHIN:], dimension=encoder.dimension))
    for start in range(0, len(taken), BATCH):
        batch = taken[start : start + BATCH]
        added = list(_added(sources, batch, watch.position, encoder, bursts, likenesses))
        moved = replace(
            watch,
            position=watch.position + len(added),
            days=remembered(watch.days, (each.asked_at for each in added), at=utcnow()),
        )
        # Written batch by batch: one that was killed goes on where it was.
        sources.watches.put(moved, before=watch, added=added)
        watch, kept = moved, [*kept, *added]
        if progress is not None:
            progress(start + len(batch), len(taken), "embedding questions")
    counted = _like(new, taken, watch.position - first)
    days = remembered(watch.days, (each.asked_at for each in counted), at=utcnow())
    moved = replace(watch, read_at=unread.until, days=days)
    if moved != watch:
        sources.watches.put(moved, before=watch)
    return moved, kept


def _taken(new: Sequence[Asked], settings: DriftSettings) -> list[Asked]:
    """Return what of the new questions is embedded: all, unless there are far more than are compared."""
    newest, wanted = (int(SPARE * size) for size in (settings.recent_questions, settings.reference_questions))
    if len(new) <= newest + wanted:
        return list(new)
    return picked(new, wanted=wanted, newest=newest, seed=settings.seed)


def _like(new: Sequence[Asked], taken: Sequence[Asked], added: int) -> list[Asked]:
    """Return as many of those that were not taken as would have counted, if they are like those that were.

    What a crawl brings is no traffic, whether it was thinned or left out.
    """
    there = {each.id for each in taken}
    left_out = [each for each in new if each.id not in there]
    count = round(len(left_out) * added / max(len(taken), 1))
    return [left_out[at * len(left_out) // count] for at in range(count)]


def _before(sources: Sources, kept: Sequence[Kept], new: Sequence[Asked]) -> list[Known]:
    """Return the last questions that counted, as far as one of the new ones may be of the same burst."""
    if not new:
        return []
    from_ = min(each.asked_at for each in new) - BURST_WITHIN
    last = [each.interaction_id for each in kept if each.asked_at >= from_]
    return sorted(sources.log.known(last).values(), key=lambda each: each.asked_at)


def _added(
    sources: Sources,
    batch: Sequence[Asked],
    position: int,
    encoder: Encoder,
    bursts: Bursts,
    likenesses: Likenesses,
) -> Iterator[Kept]:
    known = sources.log.known([each.id for each in batch])
    counted = [each for each in batch if each.id in known and bursts.counts(known[each.id])]
    if not counted:
        return
    vectors = encoder.encode_queries([known[each.id].text for each in counted])
    for each, vector in zip(counted, vectors, strict=True):
        # To an encoder that does not know a language, all that is asked in it is alike.
        if known[each.id].language_unknown or likenesses.counts(vector):
            position += 1
            yield Kept(
                position=position,
                interaction_id=each.id,
                asked_at=known[each.id].asked_at,
                text_key=each.text_key,
                vector=vector.astype(np.float16),
            )


def _settle(
    sources: Sources, watch: Watch, kept: list[Kept], *, before: int, settings: DriftSettings, alarm: bool
) -> tuple[Watch, list[Kept]]:
    """Decide who joins the reference, and drop what is not needed any more."""
    reference = chosen(_concerned(watch, kept), watch, settings=settings, alarm=alarm)
    frozen_at = (watch.frozen_at or utcnow()) if reference.frozen else None
    moved = replace(watch, decided=reference.decided, frozen_at=frozen_at)
    settled = [replace(each, in_reference=each.position in reference.positions) for each in kept]
    old = set(unneeded(settled, before=before, position=watch.position, settings=settings))
    if (
        moved != watch
        or old
        or any(one.in_reference != other.in_reference for one, other in zip(kept, settled, strict=True))
    ):
        sources.watches.put(moved, before=watch, referenced=reference.positions, removed=old)
    return moved, [each for each in settled if each.position not in old]


def _look(
    sources: Sources,
    watch: Watch,
    kept: Sequence[Kept],
    *,
    sample: PassageSample,
    settings: DriftSettings,
    since: datetime | None,
) -> Look:
    concerned = _concerned(watch, kept)
    release = deployed(sources.releases).release
    inside = [each for each in concerned if each.in_reference]
    newest = recent(concerned, settings)
    if since is not None:
        newest = sorted(
            (each for each in (*inside, *newest) if each.asked_at >= since), key=lambda each: each.position
        )
        inside = [each for each in inside if each.asked_at < since]
    reference, now = (
        watched(part, log=sources.log, feedback=sources.feedback, sample=sample, release=release)
        for part in (inside, newest)
    )
    new = len(now) if since is not None else _new(watch, concerned)
    begun = watch.since if watch.since > BEGINNING else min((e.asked_at for e in concerned), default=None)
    return Look(
        tenant=watch.tenant,
        at=utcnow(),
        reference=reference,
        recent=now,
        new=new,
        run_length=run_length(watch.days, months=settings.false_alarm_months),
        reference_since=begun,
        reset_by=watch.reset_by,
    )


def _new(watch: Watch, concerned: Iterable[Kept]) -> int:
    """Return how many came since the last check, and were not passed on to the reference or left out of it at once."""
    seen = max(watch.looked, watch.decided)
    return sum(each.position > seen and not each.in_reference for each in concerned)


def _concerned(watch: Watch, kept: Sequence[Kept]) -> list[Kept]:
    return [each for each in kept if each.asked_at >= watch.since]
