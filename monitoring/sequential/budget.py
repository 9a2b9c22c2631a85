"""How often a check may be wrong: an error budget over time, shared out to looks and to signals."""

from collections.abc import Mapping
from types import MappingProxyType

from monitoring.domain import LEAST_RUN_LENGTH, Look

MOST = 0.05
"""No look errs more often than this, however much came since the last one."""

SHARES: Mapping[str, float] = MappingProxyType(
    {
        "topics": 0.40,
        "fit": 0.15,
        "live_recall": 0.10,
        "refusals": 0.08,
        "support": 0.05,
        "ratings": 0.02,
    }
)
"""Signal -> its share of what a look may err. Fixed, because a share chosen after the data were seen is none.

A fifth is kept back for a signal to come. Golden questions have a budget in time (`monitoring/sequential/losses.py`),
and facts need none.
"""


def spent(look: Look) -> float:
    """Return the chance of a false alarm that a look has, all signals together: new / run length, 0.05 at most.

    Where every look's test is valid on its own, the looks at `run_length` distinct questions raise one false
    alarm at most in expectation, because expectations add up whatever depends on what, and the shares of
    those looks add up to one. How often a check looks therefore does not matter. What was not asked is not spent: a
    look without new questions gets nothing. (Bonferroni's bound over looks instead of tests.)
    """
    return min(MOST, max(look.new, 0) / max(look.run_length, LEAST_RUN_LENGTH))


def levels(look: Look) -> dict[str, float]:
    """Return signal -> the chance of a false alarm that this look may spend on it; together at most `spent(look)`."""
    whole = spent(look)
    return {name: share * whole for name, share in SHARES.items()}
