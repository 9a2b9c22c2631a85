"""What a filter finds, which every index is held against."""

import math
from datetime import UTC, datetime
from typing import Any

import pytest

from rag.domain import Condition, Measure, Range, fits, range_of
from rag.domain.filters import moment_of, number_of
from rag.domain.metadata import metadata_of
from rag.errors import InvalidInput

CANTEEN = metadata_of(
    {
        "year": 2024,
        "price": 4.5,
        "stars": 4.0,
        "open": True,
        "tags": ["food", "lunch"],
        "sizes": [1, 10],
        "cell": "17",
        "created": "2024-05-01",
        "read": "2024-05-01T10:00:00+02:00",
        "none": [],
    }
)


def seconds(*moment: int) -> float:
    """Return a moment in UTC as a range compares it."""
    return datetime(*moment, tzinfo=UTC).timestamp()  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("year", 2024),
        ("year", 2024.0),
        ("year", "2024"),
        ("price", 4.5),
        ("price", "4.5"),
        ("stars", 4),
        ("stars", "4"),
        ("open", True),
        ("open", "true"),
        ("cell", 17),
        ("tags", "food"),
        ("tags", ["dinner", "lunch"]),
        ("sizes", {10, 11}),
        ("created", "2024-05-01"),
    ],
)
def test_what_is_written_alike_is_equal(name: str, condition: Condition) -> None:
    """A number is its text, a truth value its word, a list holds each of its values; any of several is enough."""
    assert fits(CANTEEN, {name: condition})


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("year", 2023),
        ("year", "2024.0"),
        ("open", 1),
        ("open", "True"),
        ("tags", "foo"),
        ("tags", "food, lunch"),
        ("tags", []),
        ("none", ""),
        ("unknown", ""),
        ("Year", 2024),
        ("read", "2024-05-01T08:00:00Z"),
    ],
)
def test_nothing_else_is_equal(name: str, condition: Condition) -> None:
    """No part of a value, no other case, no other way to write a date, and nothing where there is no value."""
    assert not fits(CANTEEN, {name: condition})


def test_all_names_have_to_fit() -> None:
    """No filter fits everything; of several names each has to."""
    assert fits(CANTEEN, None)
    assert fits({}, {})
    assert fits(CANTEEN, {"year": 2024, "tags": "food", "price": range_of({"lt": 5})})
    assert not fits(CANTEEN, {"year": 2024, "tags": "dinner"})
    assert not fits(CANTEEN, {"year": 2024, "price": range_of({"lt": 4})})


@pytest.mark.parametrize(
    ("name", "bounds", "found"),
    [
        ("price", {"gte": 4.5}, True),
        ("price", {"gt": 4.5}, False),
        ("price", {"lte": 4.5}, True),
        ("price", {"lt": 4.5}, False),
        ("price", {"gte": 2, "lt": 5}, True),
        ("price", {"gt": 2, "gte": 5}, False),
        ("price", {"gte": "4", "lte": "5e0"}, True),
        ("cell", {"gt": 16, "lt": 18}, True),
        ("sizes", {"gte": 5}, True),
        ("sizes", {"gt": 1, "lt": 10}, False),  # one value has to lie between, not two beside
        ("open", {"gte": 0}, False),
        ("tags", {"gte": 0}, False),
        ("none", {"gte": 0}, False),
        ("unknown", {"gte": 0}, False),
        ("created", {"gte": 0}, False),
        ("year", {"gte": "2024-01-01"}, False),
    ],
)
def test_ranges_of_numbers(name: str, bounds: dict[str, Any], found: bool) -> None:
    """One value lies between all bounds, as a number or as a cell's text; truth values and dates do not."""
    assert fits(CANTEEN, {name: range_of(bounds)}) == found


@pytest.mark.parametrize(
    ("name", "bounds", "found"),
    [
        ("created", {"gte": "2024-05-01"}, True),
        ("created", {"gt": "2024-05-01"}, False),
        ("created", {"gt": "2024-04-30"}, True),
        ("created", {"lte": "2024-05-01"}, True),
        ("created", {"lt": "2024-05-01"}, False),
        ("read", {"gte": "2024-05-01", "lte": "2024-05-01"}, True),  # the whole day
        ("read", {"gt": "2024-05-01"}, False),
        ("read", {"lt": "2024-05-01T10:00:00+02:00"}, False),
        ("read", {"lte": "2024-05-01T08:00:00Z"}, True),
        ("read", {"lte": "2024-05-01T08:00"}, True),
        ("read", {"gt": "2024-05-01T08:00Z"}, False),
        ("read", {"gte": "2024-05", "lte": "2024-05"}, True),  # the whole month
        ("created", {"gt": "2024-05"}, False),
        ("created", {"gt": "2024-04"}, True),
        ("created", {"lt": "2024-05"}, False),
        ("created", {"lt": "2024-06-01", "lte": "2024-04-30"}, False),
        ("created", {"gte": "0001-01-01", "lte": "9999-12-31"}, True),
    ],
)
def test_ranges_of_dates(name: str, bounds: dict[str, Any], found: bool) -> None:
    """Dates are compared as moments; a bound without a time is the whole day, one without a day the whole month."""
    assert fits(CANTEEN, {name: range_of(bounds)}) == found


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-05-01", seconds(2024, 5, 1)),
        (" 2024-05-01 ", seconds(2024, 5, 1)),
        ("2024-12", seconds(2024, 12, 1)),
        ("2024-05-01T10:00", seconds(2024, 5, 1, 10)),
        ("2024-05-01 10:00:30", seconds(2024, 5, 1, 10, 0, 30)),
        ("2024-05-01t10:00:00z", seconds(2024, 5, 1, 10)),
        ("2024-05-01T10:00:00.250Z", seconds(2024, 5, 1, 10) + 0.25),
        ("2024-05-01T10:00:00,25+00:00", seconds(2024, 5, 1, 10) + 0.25),
        ("2024-05-01T10:00:00.123456789Z", seconds(2024, 5, 1, 10) + 0.123456),
        ("2024-05-01T10:00:00+0530", seconds(2024, 5, 1, 4, 30)),
        ("2024-05-01 10:00:00 -02", seconds(2024, 5, 1, 12)),
        ("2024-02-29", seconds(2024, 2, 29)),
        ("0001-01-01T00:00:00+14:00", seconds(1, 1, 1) - 14 * 3_600),
        ("9999-12-31T23:00:00-12:00", seconds(9999, 12, 31, 23) + 12 * 3_600),
        ("2023-02-29", None),
        ("2024-13", None),
        ("2024-05-01T24:00", None),
        ("2024-05-01T23:59:60Z", None),
        ("2024-05-01T10", None),
        ("2024-05-01T10:00+24:00", None),
        ("2024-05-01Z", None),
        ("0000-01-01", None),
        ("10000-01-01", None),
        ("-0044-03-15", None),
        ("20240501", None),
        ("2024", None),
        ("2024-W18-3", None),
        ("01.05.2024", None),
        ("05/01/2024", None),
        ("May 1, 2024", None),
        ("\u0662\u0660\u0662\u0664-05-01", None),
        ("2024-05-01" + " " * 200, None),
        ("", None),
        (20240501, None),
        (True, None),
    ],
)
def test_dates(text: Any, moment: float | None) -> None:
    """A date is written as in ISO 8601 with hyphens and colons, of the years 1 to 9999, in UTC if it has no zone."""
    assert moment_of(text) == (moment if moment is None else pytest.approx(moment, abs=1e-5))


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7.0),
        (-0.5, -0.5),
        ("17", 17.0),
        (" -4.50 ", -4.5),
        ("+1", 1.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("6.02e23", 6.02e23),
        ("007", 7.0),
        (2**53 + 1, float(2**53 + 1)),
        (True, None),
        (10**400, None),
        (math.inf, None),
        (math.nan, None),
        ("1e400", None),
        ("nan", None),
        ("inf", None),
        ("Infinity", None),
        ("1_000", None),
        ("1,000", None),
        ("4,5", None),
        ("$4", None),
        ("4 %", None),
        ("0x10", None),
        ("\u0664", None),
        ("1" * 101, None),
        ("", None),
        ("2024-05-01", None),
    ],
)
def test_numbers(value: Any, number: float | None) -> None:
    """A number is one, or text of digits with a point and an exponent; whatever a reader has to guess at is none."""
    assert number_of(value) == number


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({}, "at least one of gt, gte, lt and lte"),
        ({"from": 1}, "and no 'from'"),
        ({"gte": 1, "to": 1}, "and no 'to'"),
        ({"gte": "May"}, "gte is neither a number nor a date like 2024-05-01"),
        ({"gte": 1, "lt": "tomorrow"}, "lt is neither"),
        ({"lt": "2024-02-30"}, "lt is neither"),
        ({"lt": "10000-01-01"}, "of the years 1 to 9999"),
        ({"lt": True}, "lt is neither"),
        ({"lt": None}, "lt is neither"),
        ({"lt": [1]}, "lt is neither"),
        ({"gt": math.nan}, "gt is neither"),
        ({"gt": math.inf}, "gt is neither"),
        ({"gte": 2024, "lt": "2025-01-01"}, "all numbers or all dates"),
    ],
)
def test_what_is_no_range_is_refused(bounds: dict[str, Any], said: str) -> None:
    """The message says which bound is wrong, and what is expected."""
    with pytest.raises(InvalidInput, match=said):
        range_of(bounds)


def test_a_range_that_holds_nothing_is_one() -> None:
    """Bounds that exclude each other find nothing and fail nowhere."""
    assert range_of({"gt": 5, "lt": 2}) == Range(measure=Measure.NUMBER, gt=5.0, lt=2.0)
    assert not fits({"a": 3}, {"a": range_of({"gt": 5, "lt": 2})})


def test_the_last_month_ends() -> None:
    """The end of the last month of all has no date, and a range includes it all the same."""
    assert fits({"a": "9999-12-31T23:59:59Z"}, {"a": range_of({"lte": "9999-12"})})
    assert not fits({"a": "9999-12-31"}, {"a": range_of({"gt": "9999-12-31"})})


def test_long_text_is_judged_at_once() -> None:
    """A value of any length is no number and no date within a moment."""
    text = "1" * 200_000

    assert (number_of(text + "x"), moment_of(text), moment_of("2024-05-01T10:00:00." + text)) == (
        None,
        None,
        None,
    )
