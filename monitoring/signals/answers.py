"""Signals: more questions are refused than before, and more answers are rated bad."""

import numpy as np
from numpy.typing import NDArray

from monitoring.domain import DriftFinding, Look
from monitoring.sequential.design import Design
from monitoring.settings import DriftSettings
from monitoring.signals.scalars import comparable, worsened
from monitoring.signals.scanned import carried, newest_rows, since_when, tested

REFUSALS = "refusals"
RATINGS = "ratings"

SURE = 0.95
"""Confidence of the interval around the share now."""


def refusals(look: Look, level: float, settings: DriftSettings, design: Design | None = None) -> DriftFinding:
    """Return whether more questions are refused, with a false alarm in `level` of calm looks at most.

    Questions that were neither answered nor refused say nothing. `design` as for topics.
    """
    return _more(
        REFUSALS,
        look,
        (look.reference.refused, look.recent.refused),
        level,
        settings,
        design,
        have="were answered or refused",
        rose="More questions than before get no answer",
        held="As many questions as before get no answer",
        share="of the questions were refused",
    )


def ratings(look: Look, level: float, settings: DriftSettings, design: Design | None = None) -> DriftFinding:
    """Return whether more answers are rated bad, with a false alarm in `level` of calm looks at most.

    Questions that nobody rated say nothing. `design` as for topics.
    """
    bad = tuple(
        np.where(np.isnan(each.rating), np.nan, each.rating < 0) for each in (look.reference, look.recent)
    )
    return _more(
        RATINGS,
        look,
        (bad[0], bad[1]),
        level,
        settings,
        design,
        have="were rated",
        rose="People rate more answers bad than before",
        held="People rate as many answers bad as before",
        share="of the rated answers were bad",
    )


def _more(
    name: str,
    look: Look,
    values: tuple[NDArray[np.float64], NDArray[np.float64]],
    level: float,
    settings: DriftSettings,
    design: Design | None,
    *,
    have: str,
    rose: str,
    held: str,
    share: str,
) -> DriftFinding:
    """Return whether the share of ones among `values`, before and now, nan: none, rose."""
    compared = comparable(name, have, look, values, settings, design)
    if isinstance(compared, DriftFinding):
        return compared
    badness = np.concatenate(values)
    found = worsened(badness, level, settings, compared)
    now = badness[newest_rows(compared, found.window)]
    now = now[~np.isnan(now)]
    before = float(np.nanmean(values[0]))
    current = float(now.mean()) if len(now) else None
    change = f"{before:.1%} {share}"
    if current is not None:
        change += f" in the reference, {current:.1%} of the newest {len(now)}"
    carrying: tuple[str, ...] = ()
    if found.p_value <= level:
        scores = np.where(np.isnan(badness), 0.0, badness)
        since = since_when(scores, len(look.reference))
        carrying = carried(look, scores, since) if before >= 1.0 else _ones(look, scores, since)
    return tested(
        name,
        (int(np.count_nonzero(~np.isnan(values[0]))), int(np.count_nonzero(~np.isnan(values[1])))),
        found,
        level,
        drifted=f"{rose}: {change}",
        calm=f"{held}: {change}",
        carrying=carrying,
        values=(before, current),
        interval=_interval(int(now.sum()), len(now)),
    )


def _ones(look: Look, scores: NDArray[np.float64], since: int) -> tuple[str, ...]:
    """Return the ids of those of the newest, from the place `since` on, that are ones."""
    now = scores[len(look.reference) :]
    return tuple(look.recent.interactions[place] for place in range(since, len(now)) if now[place] == 1.0)


def _interval(hits: int, count: int) -> tuple[float | None, float | None]:
    """Return Wilson's interval of a share (Wilson 1927, JASA 22:209-212); nothing where nothing was counted."""
    if not count:
        return None, None
    from scipy import stats  # noqa: PLC0415  heavy, and not needed to import a step

    interval = stats.binomtest(hits, count).proportion_ci(SURE, method="wilson")
    return float(interval.low), float(interval.high)
