"""Filters: what the metadata of a passage must be for a question to be answered from it.

`fits` says what every index has to find.
"""

import math
import re
from calendar import monthrange
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from rag.domain.metadata import Metadata, Scalar, scalars, written
from rag.errors import InvalidInput

BOUNDS = ("gt", "gte", "lt", "lte")
"""What a range is made of: more than, at least, less than, at most."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DATE = re.compile(
    r"""(?P<month>[0-9]{4}-[0-9]{2})
    (?: (?P<day>-[0-9]{2})
    (?: [Tt\ ] (?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?)
        [\ ]? (?P<zone>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)? )?)?""",
    re.VERBOSE,
)
_LONGEST = 100  # characters of a number or a date
_DAY_S = 86_400.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Measure(StrEnum):
    """What a range compares."""

    NUMBER = "number"
    DATE = "date"  # in seconds since 1970 in UTC


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """Bounds between which a value must lie, all of them; made by `range_of`."""

    measure: Measure
    gt: float | None = None
    gte: float | None = None
    lt: float | None = None
    lte: float | None = None

    def holds(self, number: float) -> bool:
        """Tell whether a number, or a date in seconds, lies between the bounds."""
        return (
            (self.gt is None or number > self.gt)
            and (self.gte is None or number >= self.gte)
            and (self.lt is None or number < self.lt)
            and (self.lte is None or number <= self.lte)
        )


Condition = Scalar | Collection[Scalar] | Range
"""What a name must stand for: a value, one of several values, or a value in a range."""


def fits(metadata: Metadata, where: Mapping[str, Condition] | None) -> bool:
    """Tell whether metadata fits a filter: for each of its names, one of the values that the name stands for does.

    A value is equal to another that is `written` alike. In a range of numbers lies what `number_of` gives a number, in
    a range of dates what `moment_of` gives a moment.
    """
    return all(_fits(scalars(metadata.get(name, ())), condition) for name, condition in (where or {}).items())


def _fits(values: Collection[Scalar], condition: Condition) -> bool:
    if isinstance(condition, Range):
        measured = map(MEASURES[condition.measure], values)
        return any(number is not None and condition.holds(number) for number in measured)
    return not equal_to(condition).isdisjoint(map(written, values))


def equal_to(condition: Scalar | Collection[Scalar]) -> frozenset[str]:
    """Return the values one of which a name must stand for, as they are `written`."""
    several = (condition,) if isinstance(condition, Scalar) else condition
    return frozenset(map(written, several))


def range_of(bounds: Mapping[str, Any]) -> Range:
    """Return a range from gt, gte, lt and lte: numbers, or dates as ISO 8601 writes them.

    A date without a time is the whole day, one without a day the whole month: `lte` includes it to its end, `gt` begins
    after it.

    Raises:
        InvalidInput: a bound is none, or is neither a number nor a date, or some are numbers and some are dates.
    """
    if unknown := bounds.keys() - set(BOUNDS):
        raise InvalidInput(f"a range has gt, gte, lt and lte, and no {min(map(str, unknown))[:50]!r}")
    if not bounds:
        raise InvalidInput("a range needs at least one of gt, gte, lt and lte")
    numbers = {name: number_of(bound) for name, bound in bounds.items()}
    if None not in numbers.values():
        return Range(measure=Measure.NUMBER, **numbers)
    periods = {name: _period(bound) for name, bound in bounds.items()}
    for name, number in numbers.items():
        if number is None and periods[name] is None:
            raise InvalidInput(
                f"{name} is neither a number nor a date like 2024-05-01 or 2024-05-01T10:00:00Z of the years 1 to 9999"
            )
    if None in periods.values():
        raise InvalidInput("the bounds of a range are all numbers or all dates")
    return _between({name: period for name, period in periods.items() if period is not None})


def _between(periods: Mapping[str, tuple[float, float]]) -> Range:
    """Return the range of dates; of two bounds that come to lie on one side, the closer one counts."""
    found: dict[str, float] = {}
    for name, (begin, end) in periods.items():
        if end == begin or name in ("gte", "lt"):
            name, bound = name, begin
        else:
            name, bound = {"lte": "lt", "gt": "gte"}[name], end
        closer = min if name.startswith("lt") else max
        found[name] = closer(bound, found.get(name, bound))
    return Range(measure=Measure.DATE, **found)


def number_of(value: Any) -> float | None:
    """Return the number that a value is, or that its text is, as a table's cells are; else None.

    Text is a number where it is digits with a point, a sign and an exponent at most. Truth values are none, nor is
    what is beyond the numbers of 64 bits.
    """
    if isinstance(value, str):
        text = value.strip()
        if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
            return None
        value = float(text)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def moment_of(value: Any) -> float | None:
    """Return when a date in ISO 8601 is, in seconds since 1970; None where a value is none.

    A date without a time is the beginning of its day, one without a day the beginning of its month, one without a zone
    in UTC.
    """
    period = _period(value)
    return None if period is None else period[0]


MEASURES: Mapping[Measure, Callable[[Any], float | None]] = {
    Measure.NUMBER: number_of,
    Measure.DATE: moment_of,
}
"""What a value is in a range of that measure; None where it is nothing."""


def _period(value: Any) -> tuple[float, float] | None:
    """Return when a date begins and ends, in seconds since 1970; a moment ends as it begins."""
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    found = _DATE.fullmatch(value.strip())
    if found is None:
        return None
    month, day, time, zone = found["month"], found["day"], found["time"], found["zone"]
    try:
        moment = datetime.fromisoformat(f"{month}{day or '-01'}T{time or '00:00'}{(zone or 'Z').upper()}")
    except ValueError:
        return None
    # In seconds, not in UTC, where the first and the last hours of all years may have no date.
    begin = (moment - _EPOCH).total_seconds()
    if time is not None:
        return begin, begin
    days = 1 if day else monthrange(moment.year, moment.month)[1]
    return begin, begin + days * _DAY_S
