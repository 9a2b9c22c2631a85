"""What must not get worse: one figure each, its margin, and whether so many questions can show that it is within it."""

from dataclasses import dataclass
from statistics import NormalDist

from retrain.domain import Difference, MetricRow, Received
from retrain.verdict.power import smallest_effect

SAID = {
    Received.RIGHT: "Questions answered from a right passage",
    Received.WRONG: "Questions answered from a wrong passage",
    Received.REFUSED_THOUGH_FOUND: "Questions refused though a right passage was found",
    Received.REFUSED_NOT_FOUND: "Questions refused, no right passage found",
    Received.REFUSED: "Answerable questions refused",
    Received.REFUSED_RIGHTLY: "Unanswerable questions refused",
}
"""What people get, in a person's words."""

_INTERVAL = 2 * NormalDist().inv_cdf(0.975)
"""Width of a 95 % interval in standard errors."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Guard:
    """One figure that must not get worse."""

    change: str  # the change in words, without a full stop
    difference: Difference
    margin: float
    bar: float  # harm that is refused where it is larger than this for certain
    proven: bool = False  # whether being within the margin has to be shown, or only harm not to be certain
    level: float = 1.0  # p-value that harm has to be below, beside its interval
    rise: bool = False  # whether it is a rise that is worse
    estimate: bool = False  # whether the difference itself has to be within the margin, sure or not
    told: bool = False  # whether it is said that so many questions cannot show the margin

    def harmed(self) -> bool:
        """Tell whether it is worse for certain by more than is borne."""
        return self._best < -self.bar and self.difference.p_value <= self.level

    def held(self) -> bool:
        """Tell whether what has to be shown is shown; a figure that is not a number shows nothing."""
        if self.proven:
            return self._worst >= -self.margin
        if self.estimate and not self._value >= -self.margin:
            return False
        return self._best >= -self.bar or self.difference.p_value > self.level

    def harm(self) -> str:
        """Say why it is refused."""
        if self.bar:
            return f"{self.change}: worse by more than the margin of {points(self.margin)}."
        return (
            f"{self.change}: worse for certain, and the questions are too few to show that it is within the margin "
            f"of {points(self.margin)}."
        )

    def doubt(self) -> str:
        """Say what is not shown."""
        if self.estimate and not self.proven:
            return f"{self.change}: beyond the margin of {points(self.margin)}, as far as the questions can tell."
        return f"{self.change}: may be worse by more than the margin of {points(self.margin)}."

    @property
    def _sign(self) -> int:
        return -1 if self.rise else 1

    @property
    def _value(self) -> float:
        return self._sign * self.difference.value

    @property
    def _best(self) -> float:
        return -self.difference.low if self.rise else self.difference.high

    @property
    def _worst(self) -> float:
        return -self.difference.high if self.rise else self.difference.low


def provable(difference: Difference, margin: float) -> bool:
    """Tell whether so many questions can show a change as small as the margin, with `POWER` at 95 %."""
    error = (difference.high - difference.low) / _INTERVAL
    return smallest_effect(error, 0.05) <= margin


def overall(row: MetricRow, margin: float) -> Guard:
    """Return the guard of a metric over all questions: within its margin where they can show it, else no harm.

    Asked for what so many questions cannot show, the gate would refuse what is better for certain.
    """
    shown = provable(row.difference, margin)
    return Guard(
        change=changed(row.metric, row.difference),
        difference=row.difference,
        margin=margin,
        bar=margin if shown else 0.0,
        proven=shown,
        told=not shown,
    )


def received(row: MetricRow, margin: float, *, rise: bool, estimate: bool = False) -> Guard:
    """Return the guard of a share of what people get, as above; `rise`: more of it is worse."""
    shown = provable(row.difference, margin)
    return Guard(
        change=turned(row),
        difference=row.difference,
        margin=margin,
        bar=margin if shown else 0.0,
        proven=shown,
        rise=rise,
        estimate=estimate,
        told=not shown,
    )


def changed(name: str, difference: Difference) -> str:
    """Say how a metric changed."""
    return (
        f"{name} changed by {difference.value * 100:+.1f} percent points "
        f"(95 % interval {difference.low * 100:+.1f} to {difference.high * 100:+.1f})"
    )


def turned(row: MetricRow) -> str:
    """Say how a share of what people get changed."""
    change = row.difference
    verb = "rose" if change.value > 0 else "fell" if change.value < 0 else "stayed"
    return (
        f"{SAID[Received(row.metric)]} {verb} from {row.incumbent.value:.1%} to {row.candidate.value:.1%} "
        f"({change.value * 100:+.1f} percent points, 95 % interval {change.low * 100:+.1f} to "
        f"{change.high * 100:+.1f})"
    )


def points(share: float) -> str:
    """Write a share as percent points."""
    return f"{share * 100:.1f} percent points"
