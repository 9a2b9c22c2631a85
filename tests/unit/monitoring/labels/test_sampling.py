"""Which live questions are drawn, and which of them an estimate rests on."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from doubles.live_questions import NOON, asked, sampled

from monitoring.domain import Sampled
from monitoring.labels.sampling import (
    FLOOR,
    Rates,
    counted,
    draw,
    in_sample,
    judgeable,
    probability,
    rates,
    weight,
)
from rag.domain import InteractionStatus

HALF = Rates(share=0.5, people=0.1, seed=17)
LATE = NOON + timedelta(days=30)


def test_a_question_is_always_decided_alike() -> None:
    """By its id and the seed alone: whatever else is drawn, in whatever order, and however often."""
    questions = [asked(f"i{number}") for number in range(200)]
    first = draw(questions, HALF, k=5, at=NOON)
    again = draw(questions[::-1][:150], HALF, k=5, at=LATE)

    ids = {each.interaction_id: (each.id, each.queued, each.probability) for each in first}
    assert all(ids[each.interaction_id] == (each.id, each.queued, each.probability) for each in again)
    assert len(again) > 50
    other = draw(questions, Rates(share=0.5, people=0.1, seed=18), k=5, at=NOON)
    assert {each.interaction_id for each in other} != set(ids)


def test_as_many_are_drawn_as_their_probability_says() -> None:
    """Into the sample and from there into the queue, with independent draws."""
    drawn = draw([asked(f"i{number}") for number in range(8_000)], HALF, k=5, at=NOON)

    assert 3_800 < len(drawn) < 4_200  # more than four standard deviations
    assert 350 < sum(each.queued for each in drawn) < 530
    assert {(each.probability, each.least) for each in drawn} == {
        (probability(0.5, HALF), probability(1.0, HALF))
    }


def test_less_support_is_drawn_more_often() -> None:
    """Unknown support like none; and nothing is never drawn, however little is wanted."""
    few = Rates(share=1.0, people=1e-6, seed=17)

    assert weight(None) == weight(0.0) == 1.4
    assert [probability(support, HALF) for support in (0.0, 0.5, 1.0)] == pytest.approx([0.14, 0.11, 0.08])
    assert probability(1.0, few) == FLOOR
    assert probability(0.3, Rates(share=1.0, people=1.0, seed=17)) == 1.0
    assert probability(7.0, HALF) == probability(1.0, HALF)


@pytest.mark.parametrize(
    ("per_day", "share", "people"),
    [
        (0.0, 1.0, 1.0),  # nobody asked
        (8.0, 1.0, 1.0),  # fewer than people can look at
        (128.0, 1.0, 10 / 128),
        (150.0, 1.0, 10 / 128),  # a little more changes no draw
        (1024.0, 200 / 1024, 0.05),
        (1_000_000.0, 200 / 2**20, 0.05),
    ],
)
def test_rates_follow_the_traffic(per_day: float, share: float, people: float) -> None:
    """So many a day are judged and labelled, however many ask."""
    given = rates(per_day, judged=200, labels=10, seed=17)

    assert (given.share, given.people) == pytest.approx((share, people))


def test_a_larger_share_keeps_what_a_smaller_one_drew() -> None:
    """Where the traffic falls, those that were in the sample stay in it."""
    smaller = {f"i{n}" for n in range(500) if in_sample(f"i{n}", HALF)}
    larger = {f"i{n}" for n in range(500) if in_sample(f"i{n}", Rates(share=0.8, people=0.1, seed=17))}

    assert smaller < larger


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, True),
        ({"status": InteractionStatus.ABSTAINED}, True),
        ({"status": InteractionStatus.RETRIEVED}, True),
        ({"status": InteractionStatus.FAILED}, False),
        ({"status": InteractionStatus.CANCELLED}, False),
        ({"auxiliary": True}, False),
    ],
)
def test_what_nobody_asked_or_what_broke_is_not_drawn(values: dict[str, Any], expected: bool) -> None:
    """An answer that the documents do not give is one; a failure before anything was found is none."""
    assert judgeable(asked("i", **values)) is expected


def at(minutes: int) -> dict[str, Any]:
    """Return the fields of a question that was found by somebody, so many minutes after noon."""
    return {
        "queued": True,
        "found": 1.0,
        "labelled_by": "bo",
        "labelled_at": NOON + timedelta(minutes=minutes),
    }


def names(counting: Sequence[Sampled]) -> str:
    """Return the names of those that count."""
    return "".join(each.interaction_id for each in counting)


def test_what_waits_ends_what_counts() -> None:
    """Nothing behind the first that still waits counts, nor what nobody had to look at behind the last label."""
    row = [
        sampled("a"),
        sampled("b", 1, **at(5)),
        sampled("c", 2),
        sampled("d", 3, queued=True),
        sampled("e", 4),
    ]

    assert names(counted(row, days=7, at=NOON + timedelta(days=1))) == "ab"


def test_one_that_was_passed_over_counts_as_unsaid() -> None:
    """Whoever answers a later one while it waits has chosen; it stays among those that count, without a word."""
    row = [sampled("a", 0, queued=True), sampled("b", 1), sampled("c", 2, **at(9))]
    counting = counted(row, days=7, at=NOON + timedelta(days=1))

    assert names(counting) == "abc"
    assert counting[0].found is None


def test_one_that_nobody_came_to_is_left_out_with_those_before_it() -> None:
    """Where people were away, what was asked then tells nothing; what they labelled before and afterwards does."""
    back = timedelta(days=9).days * 24 * 60
    row = [
        sampled("a", 0, **at(5)),
        sampled("b", 1),
        sampled("c", 2, queued=True),
        sampled("d", back),
        sampled("e", back + 1, **at(back + 60)),
    ]

    assert names(counted(row, days=7, at=LATE)) == "ade"


def test_a_skipped_question_counts() -> None:
    """It was looked at: it is found or not, and nobody knows."""
    row = [sampled("a", 0, queued=True, labelled_by="bo", labelled_at=NOON)]
    (only,) = counted(row, days=7, at=NOON)

    assert only.skipped
    assert counted([], days=7, at=NOON) == []
