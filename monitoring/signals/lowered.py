"""A number of each question that ought to be high, and whether it fell: what fit and support share."""

import numpy as np
from numpy.typing import NDArray

from monitoring.domain import DriftFinding, Look
from monitoring.sequential.design import Design
from monitoring.settings import DriftSettings
from monitoring.signals.scalars import comparable, worsened
from monitoring.signals.scanned import carried, newest_rows, since_when, tested


def lowered(
    name: str,
    look: Look,
    values: tuple[NDArray[np.float64], NDArray[np.float64]],
    level: float,
    settings: DriftSettings,
    design: Design | None,
    *,
    have: str,
    fell: str,
    held: str,
    measure: str,
) -> DriftFinding:
    """Return whether `values`, before and now, (m,) and (n,), nan: none, fell; the rest are parts of the sentences."""
    compared = comparable(name, have, look, values, settings, design)
    if isinstance(compared, DriftFinding):
        return compared
    badness = -np.concatenate(values)
    found = worsened(badness, level, settings, compared)
    before, now = values[0], badness[newest_rows(compared, found.window)] * -1.0
    medians = float(np.nanmedian(before)), float(np.nanmedian(now)) if not np.isnan(now).all() else None
    change = f"{measure} was {medians[0]:.3f} at the median"
    if medians[1] is not None:
        change += f" and is {medians[1]:.3f} in the newest {len(now)} questions"
    carrying: tuple[str, ...] = ()
    if found.p_value <= level:
        # A question without a value carries nothing.
        scores = np.where(np.isnan(badness), np.nanmin(badness), badness)
        carrying = carried(look, scores, since_when(scores, len(look.reference)))
    counts = tuple(int(np.count_nonzero(~np.isnan(each))) for each in values)
    return tested(
        name,
        (counts[0], counts[1]),
        found,
        level,
        drifted=f"{fell}: {change}",
        calm=f"{held}: {change}",
        carrying=carrying,
        values=medians,
    )
