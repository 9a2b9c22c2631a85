"""One number a question, and whether it got worse: the scan that fit, support, refusals and ratings share."""

import numpy as np
from numpy.typing import NDArray

from monitoring.domain import DriftFinding, DriftVerdict, Look
from monitoring.sequential.design import Design, design_of
from monitoring.sequential.differences import Matrix
from monitoring.sequential.scanning import Evidence, scan
from monitoring.settings import DriftSettings
from monitoring.signals.scanned import enough, known, untested

FEWEST_BEFORE = 30
"""Questions of the reference that must have a value."""

FEWEST_NOW = 10
"""Newest questions that must have one."""


def comparable(
    name: str,
    what: str,
    look: Look,
    values: tuple[NDArray[np.float64], NDArray[np.float64]],
    settings: DriftSettings,
    design: Design | None,
) -> Design | DriftFinding:
    """Return what may change places, `design` where it is known already; or the finding where nothing can be compared.

    `values`, before and now, (m,) and (n,), nan: none; `what` ends the sentence that says how many have one.
    """
    if (too_few := enough_values(name, what, look, values, settings)) is not None:
        return too_few
    design = design or design_of(look, seed=settings.seed)
    return known(name, look, design) or design


def worsened(badness: NDArray[np.float64], level: float, settings: DriftSettings, design: Design) -> Evidence:
    """Test whether `badness`, shape (reference + recent,), bigger is worse, is larger among the newest.

    nan: there is no value; such a question says nothing. One-sided. Values are compared by their ranks, with ties
    in the middle, among all that have one (Wilcoxon's sum, over windows of several sizes).
    """
    units = design.units(ranked(badness, design))
    return scan(units, level=level, permutations=settings.permutations, seed=settings.seed)


def ranked(badness: NDArray[np.float64], design: Design) -> Matrix:
    """Return centred ranks, shape (reference + recent, 1): 0 on average, and where there is no value."""
    from scipy import stats  # noqa: PLC0415  heavy, and not needed to import a step

    features = np.zeros((len(badness), 1), np.float32)
    rows = design.rows[~np.isnan(badness[design.rows])]
    if len(rows):
        ranks = stats.rankdata(badness[rows])
        features[rows, 0] = (ranks - ranks.mean()) / len(rows)
    return features


def enough_values(
    name: str,
    what: str,
    look: Look,
    values: tuple[NDArray[np.float64], NDArray[np.float64]],
    settings: DriftSettings,
) -> DriftFinding | None:
    """Return the finding where too few questions have a value, before and now; None where enough do."""
    if (too_few := enough(name, look, settings)) is not None:
        return too_few
    before, now = (int(np.count_nonzero(~np.isnan(each))) for each in values)
    if before >= FEWEST_BEFORE and now >= FEWEST_NOW:
        return None
    reason = f"{before} questions before and {now} now {what}; {FEWEST_BEFORE} and {FEWEST_NOW} are needed."
    return untested(name, DriftVerdict.NOT_ENOUGH_DATA, reason, counts=(before, now))
