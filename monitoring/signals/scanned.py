"""What signals that scan the newest questions share: what they need, what carries them, how they say it."""

import numpy as np
from numpy.typing import NDArray

from monitoring.domain import DriftFinding, DriftVerdict, Look
from monitoring.sequential.design import Design
from monitoring.sequential.scanning import Evidence
from monitoring.settings import DriftSettings

FEWEST_RECENT = 50
"""Newest questions that a comparison needs."""

BEYOND = 0.95
"""A question carries the evidence where it lies beyond this share of the reference's."""


def enough(name: str, look: Look, settings: DriftSettings) -> DriftFinding | None:
    """Return the finding where there are too few questions to compare; None where there are enough."""
    before, now = len(look.reference), len(look.recent)
    if before < settings.min_questions:
        reason = f"The reference holds {before} distinct questions; {settings.min_questions} are needed."
    elif now < FEWEST_RECENT:
        reason = f"There are {now} distinct questions since the reference; {FEWEST_RECENT} are needed."
    else:
        return None
    return untested(name, DriftVerdict.NOT_ENOUGH_DATA, reason, counts=(before, now))


def known(name: str, look: Look, design: Design) -> DriftFinding | None:
    """Return the finding where the reference does not know the hours of the newest questions; None where it does."""
    if design.compared >= FEWEST_RECENT:
        return None
    reason = (
        f"The reference does not know yet what is asked at this time of the day or of the week: "
        f"it can be compared with {design.compared} of the newest questions; {FEWEST_RECENT} are needed."
    )
    return untested(
        name, DriftVerdict.NOT_ENOUGH_DATA, reason, counts=(len(look.reference), len(look.recent))
    )


def untested(
    name: str, verdict: DriftVerdict, reason: str, *, counts: tuple[int, int], current: float | None = None
) -> DriftFinding:
    """Return a finding without a test; `counts` are the questions in the reference and now."""
    return DriftFinding(
        name=name,
        statistic=None,
        threshold=None,
        p_value=None,
        reference=None,
        current=current,
        reference_count=counts[0],
        current_count=counts[1],
        verdict=verdict,
        reason=reason,
    )


def tested(
    name: str,
    counts: tuple[int, int],
    found: Evidence,
    level: float,
    *,
    drifted: str,
    calm: str,
    carrying: tuple[str, ...] = (),
    values: tuple[float | None, float | None] = (None, None),
    interval: tuple[float | None, float | None] = (None, None),
) -> DriftFinding:
    """Return the finding of a test that was done, with `values` before and now."""
    drift = found.p_value <= level
    return DriftFinding(
        name=name,
        statistic=found.statistic,
        threshold=found.threshold,
        p_value=found.p_value,
        reference=values[0],
        current=values[1],
        reference_count=counts[0],
        current_count=counts[1],
        verdict=DriftVerdict.DRIFT if drift else DriftVerdict.CALM,
        reason=(
            f"{drifted if drift else calm} (p = {found.p_value:.2g}, drift at {level:.2g} or less; "
            f"{counts[1]} questions against {counts[0]})."
        ),
        level=level,
        low=interval[0],
        high=interval[1],
        carrying=carrying if drift else (),
    )


def since_when(scores: NDArray[np.float64], reference: int) -> int:
    """Return the place among the newest from which on they differ most, from 0.

    `scores`, shape (reference + recent,), are bigger where a question carries the evidence. The change point is where
    the sum of what follows, in units of its own spread, is largest: (sum_{i >= t} z_i) / sqrt(n - t), z standardised by
    the reference (the likelihood ratio of a shift of the mean; Page 1954, Biometrika 41:100-115).
    """
    before, now = scores[:reference], scores[reference:]
    z = (now - before.mean()) / max(float(before.std()), 1e-12)
    following = np.cumsum(z[::-1])[::-1]
    return int(np.argmax(following / np.sqrt(np.arange(len(z), 0, -1))))


def carried(look: Look, scores: NDArray[np.float64], since: int) -> tuple[str, ...]:
    """Return the ids of the newest questions, from the place `since` on, that lie beyond most of the reference's.

    Oldest first. There is always one: that with the largest score.
    """
    m = len(look.reference)
    bar = float(np.quantile(scores[:m], BEYOND))
    now = scores[m:]
    at = [place for place in range(since, len(now)) if now[place] > bar] or [
        since + int(np.argmax(now[since:]))
    ]
    return tuple(look.recent.interactions[place] for place in at)


def newest_rows(design: Design, window: int) -> NDArray[np.int64]:
    """Return the rows, by their place in reference + recent, of the newest `window` units."""
    rows: NDArray[np.int64] = design.rows[design.unit >= len(design.strata) - window]
    return rows
