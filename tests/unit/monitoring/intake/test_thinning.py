"""What counts as a question of its own."""

from datetime import timedelta

import numpy as np
import pytest
from doubles.asked import NOON

from monitoring.domain import Asked, Kept, Known
from monitoring.intake.thinning import (
    ALIKE_WITHIN,
    BURST_WITHIN,
    NOBODY,
    REPEAT_WITHIN,
    Bursts,
    Likenesses,
    without_repeats,
)


def row(key: str, at: int = 0, *, name: str = "") -> Asked:
    """Return a logged question with that text, so many minutes after noon."""
    return Asked(id=name or f"{key}-{at}", text_key=key, asked_at=NOON + timedelta(minutes=at))


def kept(position: int, key: str) -> Kept:
    """Return a question that was kept."""
    return Kept(
        position=position,
        interaction_id=f"kept-{position}",
        asked_at=NOON,
        text_key=key,
        vector=np.zeros(2, np.float16),
    )


def known(minutes: float, *, principal: str = "anna", tenant: str = "default") -> Known:
    """Return a question that somebody asked so many minutes after noon."""
    return Known(
        id=f"{principal}-{minutes}",
        tenant=tenant,
        principal=principal,
        asked_at=NOON + timedelta(minutes=minutes),
        text="?",
        support=0.5,
        refused=0.0,
        language_unknown=False,
    )


def test_the_same_text_counts_once() -> None:
    """The first of them, whoever asked, and however many others come between within the horizon."""
    rows = [row("a", 0), row("b", 1), row("a", 2), row("b", 3), row("c", 4)]
    assert [rows[0], rows[1], rows[4]] == without_repeats(rows, [], position=0)


def test_the_same_text_counts_again_after_many_others() -> None:
    """A popular question stays as popular in the reference as among the newest."""
    others = [row(f"other-{number}", number) for number in range(1, REPEAT_WITHIN + 1)]
    near = [row("a"), *others[: REPEAT_WITHIN - 1], row("a", 9_999)]
    assert near[:-1] == without_repeats(near, [], position=0)
    far = [row("a"), *others, row("a", 9_999)]
    assert far == without_repeats(far, [], position=0)


@pytest.mark.parametrize(("position", "counts"), [(REPEAT_WITHIN, False), (REPEAT_WITHIN + 1, True)])
def test_what_was_kept_before_is_a_repeat_too(position: int, counts: bool) -> None:
    """Two checks thin as one would."""
    new = without_repeats([row("a", 5)], [kept(1, "a")], position=position)
    assert counts == bool(new)


def test_what_is_given_again_is_left_out_however_long_ago_it_counted() -> None:
    """The log gives some rows twice; its id tells."""
    again = row("a", name="kept-1")
    assert [] == without_repeats([again], [kept(1, "a")], position=10 * REPEAT_WITHIN)


def test_of_a_burst_the_first_count() -> None:
    """Whoever asks on and on is a script; others at the same time count."""
    bursts = Bursts(most=5)
    counted = [bursts.counts(known(minute)) for minute in range(8)]
    assert [True] * 5 + [False] * 3 == counted
    assert bursts.counts(known(7, principal="ben"))
    assert bursts.counts(known(7, tenant="other"))


def test_a_person_who_asks_now_and_then_always_counts() -> None:
    """Five in ten minutes are no burst, all day long."""
    bursts = Bursts(most=5)
    every = BURST_WITHIN.total_seconds() / 60 / 5
    assert all(bursts.counts(known(every * number)) for number in range(50))


def test_a_burst_goes_on_from_one_check_to_the_next() -> None:
    """What counted before is held against what comes."""
    before = [known(minute) for minute in range(5)]
    assert not Bursts(before, most=5).counts(known(5))
    assert Bursts(before, most=5).counts(known(11))


def test_a_question_that_was_logged_late_is_no_part_of_a_later_burst() -> None:
    """It was asked hours before."""
    bursts = Bursts([known(minute) for minute in range(600, 605)], most=5)
    assert bursts.counts(known(0))


@pytest.mark.parametrize("principal", sorted(NOBODY))
def test_who_is_not_told_apart_makes_no_burst(principal: str) -> None:
    """Without keys everybody is the same principal: a busy hour is no burst."""
    bursts = Bursts(most=5)
    assert all(bursts.counts(known(0.1 * number, principal=principal)) for number in range(100))


@pytest.mark.parametrize(("most", "counted"), [(0, 20), (1, 1), (5, 5), (12, 12)])
def test_how_many_count_is_said(most: int, counted: int) -> None:
    """More, or all, where everybody asks through one key."""
    bursts = Bursts(most=most)
    assert counted == sum(bursts.counts(known(0.1 * number)) for number in range(20))


def at_angle(cosine: float) -> np.ndarray:
    """Return a unit vector with that cosine to the first axis."""
    return np.array([cosine, np.sqrt(1 - cosine**2), 0], np.float32)


@pytest.mark.parametrize(("cosine", "counts"), [(1.0, False), (0.951, False), (0.949, True), (0.0, True)])
def test_near_duplicates_count_once(cosine: float, counts: bool) -> None:
    """From a cosine of 0.95 on two questions are one."""
    likenesses = Likenesses(np.empty((0, 3), np.float32))
    assert likenesses.counts(at_angle(1.0))
    assert counts == likenesses.counts(at_angle(cosine))


def test_near_duplicates_are_looked_for_among_the_last_ones_only() -> None:
    """After so many others it counts again."""
    basis = np.eye(ALIKE_WITHIN + 2, dtype=np.float32)
    near = Likenesses(basis[:ALIKE_WITHIN])
    assert not near.counts(basis[0])
    far = Likenesses(basis[: ALIKE_WITHIN + 1])
    assert far.counts(basis[0])


def test_a_blank_vector_is_like_nothing() -> None:
    """A static encoder gives zeros for a text of which it knows no word."""
    likenesses = Likenesses(np.empty((0, 3), np.float32))
    assert likenesses.counts(np.zeros(3, np.float32))
    assert likenesses.counts(np.zeros(3, np.float32))
