"""How much is asked, and so how long a check has to go without a false alarm. Pure."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

from monitoring.domain import LEAST_RUN_LENGTH, MONTH

DAYS = 28
"""Days that are remembered: whole weeks, because a Sunday is no Monday."""


def remembered(days: Mapping[str, int], asked: Iterable[datetime], *, at: datetime) -> dict[str, int]:
    """Return ISO date (UTC) -> distinct questions asked then, with some more; of the newest `DAYS` days.

    Days after `at`, which is now, are left out: a clock that once was a year ahead would else have all real days
    forgotten until then, and the traffic be none.
    """
    counts = dict(days)
    for moment in asked:
        day = moment.astimezone(UTC).date().isoformat()
        counts[day] = counts.get(day, 0) + 1
    # The next day's too, because clocks differ.
    last = (at.astimezone(UTC).date() + timedelta(days=1)).isoformat()
    counts = {day: count for day, count in counts.items() if day <= last}
    if not counts:
        return {}
    first = date.fromisoformat(max(counts)) - timedelta(days=DAYS - 1)
    return {day: counts[day] for day in sorted(counts) if day >= first.isoformat()}


def per_month(days: Mapping[str, int]) -> float:
    """Return the distinct questions of a month at the traffic seen; days without any count too.

    The first and the last day are seen in part. Where there are others, and as many as a week, only these count; with
    fewer, all do, because the figure for a day would else rest on one or two.
    """
    if not days:
        return 0.0
    first, last = date.fromisoformat(min(days)), date.fromisoformat(max(days))
    between = (last - first).days - 1
    if between >= 7:
        total = sum(count for day, count in days.items() if first.isoformat() < day < last.isoformat())
        return MONTH * total / between
    return MONTH * sum(days.values()) / (between + 2)


def run_length(days: Mapping[str, int], *, months: float) -> float:
    """Return the distinct questions to a false alarm, on average, that checks are held to: so many months' worth."""
    return max(LEAST_RUN_LENGTH, months * per_month(days))
