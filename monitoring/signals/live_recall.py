"""Signal: right passages are found less often for live questions; a machine judges a sample, people some of it."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from monitoring.domain import DriftFinding, DriftVerdict, RecallEstimate, Sampled
from monitoring.labels.sampling import counted
from monitoring.ports import SampleStore
from monitoring.sequential.drops import FEWEST, drop
from monitoring.sequential.intervals import Interval, Labelled, interval
from monitoring.settings import DriftSettings

NAME = "live_recall"
"""How the finding's name begins; then comes @k."""

EPOCH = 200
"""Labels after which an estimate begins anew, so that it is of now: it rests on those of this epoch and of the last."""

OLDEST, NEWEST = 4_000, 8_000
"""Sampled questions that are read, of the oldest since the release and of the newest: bounds memory and time."""

CONFIDENCE = 0.95


def read_samples(store: SampleStore, *, tenant: str, since: datetime) -> list[Sampled]:
    """Return the sampled questions asked since then, in the order drawn: of very many the oldest and the newest."""
    oldest = store.since(tenant=tenant, since=since, limit=OLDEST)
    if len(oldest) < OLDEST:
        return oldest
    newest = store.since(tenant=tenant, since=since, limit=NEWEST, newest_first=True)
    read = {each.id for each in oldest}
    return oldest + [each for each in reversed(newest) if each.id not in read]


def finding(
    sampled: Sequence[Sampled], *, k: int, level: float, settings: DriftSettings, at: datetime
) -> DriftFinding:
    """Return whether a right passage is among the first k less often than it was.

    Args:
        sampled: as `read_samples` gives them, since the reference began.
        k: hits that count; questions of another k are left out.
        level: chance of a false alarm that this look may spend.
        settings: how long a question waits for a label, and the seed of what is drawn.
        at: the moment of the look.
    """
    name, counting = f"{NAME}@{k}", _counting(sampled, k=k, settings=settings, at=at)
    made = _estimate(counting)
    labelled = _arrays(counting)
    rounds = int(labelled.drawn.sum())
    if made is None or rounds < FEWEST:
        waiting = sum(each.queued and each.labelled_at is None for each in sampled)
        return DriftFinding(
            name=name,
            statistic=None,
            threshold=None,
            p_value=None,
            reference=None,
            current=made.value if made else None,
            reference_count=0,
            current_count=made.labelled if made else 0,
            verdict=DriftVerdict.NOT_ENOUGH_DATA,
            reason=(
                f"People looked at {rounds} of the live questions drawn for them; {FEWEST} are needed to tell "
                f"whether recall fell. {waiting} wait now: `whetstone questions --label`."
            ),
            level=level,
            low=made.low if made else None,
            high=made.high if made else None,
        )
    fallen = drop(labelled, level=max(level, 1e-12), permutations=settings.permutations, seed=settings.seed)
    is_drift = fallen.p_value <= level
    return DriftFinding(
        name=name,
        statistic=fallen.before - fallen.now,
        threshold=fallen.threshold,
        p_value=fallen.p_value,
        reference=fallen.before,
        current=made.value,
        reference_count=fallen.earlier,
        current_count=fallen.window,
        verdict=DriftVerdict.DRIFT if is_drift else DriftVerdict.CALM,
        reason=_sentence(made, k=k, told=_told(fallen.before, fallen.now, fallen.window, is_drift))
        + f" (p = {fallen.p_value:.3g}, drift at {level:.3g} or less).",
        level=level,
        low=made.low,
        high=made.high,
        carrying=tuple(each.interaction_id for each in counting[fallen.since :] if each.found == 0.0)
        if is_drift
        else (),
    )


def estimate(
    sampled: Sequence[Sampled], *, k: int, settings: DriftSettings, at: datetime
) -> RecallEstimate | None:
    """Return recall@k of live questions now, by the newest 200 to 400 labels; None before there is any."""
    return _estimate(_counting(sampled, k=k, settings=settings, at=at))


def _counting(sampled: Sequence[Sampled], *, k: int, settings: DriftSettings, at: datetime) -> list[Sampled]:
    return counted([each for each in sampled if each.k == k], days=settings.label_days, at=at)


def _estimate(counting: Sequence[Sampled]) -> RecallEstimate | None:
    ends = [at for at, each in enumerate(counting) if each.queued]
    if not ends:
        return None
    # An epoch begins at a label whose number is known before it comes, so that its interval holds at any time.
    first = max(0, len(ends) // EPOCH - 1) * EPOCH
    newest = counting[ends[first - 1] + 1 if first else 0 :]
    labelled = _arrays(newest)
    between: Interval = interval(labelled, alpha=1.0 - CONFIDENCE)
    judges = Counter(each.judge for each in newest if each.judged is not None)
    return RecallEstimate(
        value=between.value,
        low=between.low,
        high=between.high,
        sampled=len(newest),
        labelled=labelled.labels,
        judge=judges.most_common(1)[0][0] if judges else "",
        confidence=CONFIDENCE,
    )


def _arrays(counting: Sequence[Sampled]) -> Labelled:
    def said(each: Sampled, unknown: float) -> float:
        return unknown if each.found is None else each.found

    return Labelled(
        drawn=np.array([each.queued for each in counting], bool),
        probability=np.array([each.probability for each in counting], float),
        least=np.array([each.least for each in counting], float),
        predicted=np.array([np.nan if each.judged is None else each.judged for each in counting], float),
        # Of one that nobody could or would say: found or not.
        low=np.array([said(each, 0.0) if each.queued else 0.0 for each in counting], float),
        high=np.array([said(each, 1.0) if each.queued else 0.0 for each in counting], float),
    )


def _told(before: float, now: float, window: int, is_drift: bool) -> str:
    if is_drift:
        return f"It fell: it was {before:.0%} and is {now:.0%} by the newest {window} labels"
    return f"It did not fall beyond chance: it was {before:.0%} before and is {now:.0%} by the newest {window} labels"


def _sentence(made: RecallEstimate, *, k: int, told: str) -> str:
    judged = f" and what {made.judge} says of {made.sampled:,} questions" if made.judge else ""
    return (
        f"A right passage is among the first {k} for {made.value:.0%} of live questions "
        f"({made.low:.0%} to {made.high:.0%}), by {made.labelled} labels{judged}. {told}"
    )
