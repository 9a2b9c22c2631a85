"""What the reference is made of."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from doubles.asked import NOON

from monitoring.domain import BLOCK, Asked, Kept, Watch
from monitoring.intake.reference import begun_anew, chosen, picked, recent, unneeded
from monitoring.intake.thinning import REPEAT_WITHIN
from monitoring.settings import DriftSettings

SETTINGS = DriftSettings(min_questions=100, reference_questions=200, reference_days=2, recent_questions=60)
WATCH = Watch(tenant="default", release="r", since=NOON, reset_by="start")


def question(position: int, *, hours: float | None = None) -> Kept:
    """Return the question at that position; one an hour unless another moment is given."""
    return Kept(
        position=position,
        interaction_id=str(position),
        asked_at=NOON + timedelta(hours=position if hours is None else hours),
        text_key=str(position),
        vector=np.zeros(1, np.float16),
    )


class Stream:
    """Questions that come, and the reference as a watch keeps it."""

    def __init__(self, settings: DriftSettings = SETTINGS, *, hours: float = 1.0) -> None:
        self.settings, self.hours = settings, hours
        self.watch, self.kept = WATCH, list[Kept]()

    def come(self, count: int, *, alarm: bool = False) -> "Stream":
        """Let so many come, and decide."""
        first = self.watch.position + 1
        self.kept += [question(at, hours=at * self.hours) for at in range(first, first + count)]
        self.watch = replace(self.watch, position=self.watch.position + count)
        return self.decide(alarm=alarm, before=first - 1)

    def decide(self, *, alarm: bool = False, before: int = 0) -> "Stream":
        """Decide who joins, as a check does."""
        made = chosen(self.kept, self.watch, settings=self.settings, alarm=alarm)
        self.watch = replace(
            self.watch, decided=made.decided, frozen_at=datetime.max if made.frozen else None
        )
        settled = [replace(each, in_reference=each.position in made.positions) for each in self.kept]
        old = unneeded(settled, before=before, position=self.watch.position, settings=self.settings)
        self.kept = [each for each in settled if each.position not in old]
        return self

    @property
    def reference(self) -> list[int]:
        """Positions in it."""
        return [each.position for each in self.kept if each.in_reference]

    @property
    def recent(self) -> list[int]:
        """Positions of the newest."""
        return [each.position for each in recent(self.kept, self.settings)]

    @property
    def frozen(self) -> bool:
        """Whether it is frozen."""
        return self.watch.frozen_at is not None


def test_the_oldest_join_at_once_at_the_start() -> None:
    """Until there are enough to compare with; then the newest wait until they are left behind."""
    stream = Stream().come(40)
    assert (list(range(1, 41)), []) == (stream.reference, stream.recent)
    stream.come(100)
    assert list(range(1, 101)) == stream.reference
    assert list(range(101, 141)) == stream.recent


def test_blocks_join_when_they_have_left_the_newest() -> None:
    """Whole ones only, and a question is never on both sides."""
    stream = Stream().come(100 + 60 + BLOCK - 1)
    assert 100 == len(stream.reference)
    stream.come(1)
    assert list(range(1, 101 + BLOCK)) == stream.reference
    assert list(range(101 + BLOCK, 161 + BLOCK)) == stream.recent


def test_it_is_the_same_however_often_one_looks() -> None:
    """A look after each question decides as one at the end does, as far as what is compared."""
    often, seldom = Stream(), Stream()
    for _ in range(330):
        often.come(1)
    for _ in range(11):
        seldom.come(30)
    assert often.reference == seldom.reference
    assert often.recent == seldom.recent


def test_it_is_frozen_when_it_is_full_and_spans_the_days() -> None:
    """And never changes from then on."""
    stream = Stream().come(100)
    while not stream.frozen:
        stream.come(10)
        assert len(stream.reference) <= 200
    held = stream.reference
    assert 200 == len(held)
    assert held == stream.come(1_000).reference
    assert list(range(stream.watch.position - 59, stream.watch.position + 1)) == stream.recent


def test_a_full_one_goes_on_until_it_spans_the_days() -> None:
    """Each block of those days is as likely to stay as any other, and there are never more than the most."""
    stream = Stream(hours=0.02)
    seen: set[int] = set()
    while not stream.frozen:
        stream.come(20)
        assert len(stream.reference) <= 200
        seen |= set(stream.reference)
    first, last = stream.reference[0], stream.reference[-1]
    assert (last - first) * 0.02 >= 48
    # Not the oldest, nor the newest: drawn over all of the time.
    middle = np.median(stream.reference) / stream.watch.position
    assert 0.25 < middle < 0.75
    blocks = {(position - 1) // BLOCK for position in stream.reference}
    assert 200 // BLOCK == len(blocks)


def test_a_reservoir_is_fair() -> None:
    """Over many tenants each block is drawn as often as the others."""
    drawn = np.zeros(24)
    for number in range(300):
        stream = Stream(DriftSettings(min_questions=100, reference_questions=200, reference_days=99))
        stream.settings = stream.settings.model_copy(update={"recent_questions": 50})
        stream.watch = replace(stream.watch, tenant=f"tenant-{number}")
        stream.come(600 + 50)
        for position in stream.reference:
            drawn[(position - 1) // BLOCK] += 1 / BLOCK
    expected = 300 * 8 / 24
    assert ((drawn - expected) ** 2 / expected).sum() < 60  # chi square, 23 degrees: 1 in 10,000 above 57


def test_nothing_joins_while_an_alarm_stands() -> None:
    """It would make the change normal; what passed meanwhile does not join afterwards either."""
    stream = Stream().come(160)
    assert 100 == len(stream.reference)
    stream.come(75, alarm=True)
    assert 100 == len(stream.reference)
    stream.come(100)
    passed = set(range(101, 176))
    assert not passed & set(stream.reference)
    assert set(range(176, 251)) <= set(stream.reference)


def test_nothing_begins_a_reference_while_an_alarm_stands() -> None:
    """Not even where there is none."""
    assert [] == Stream().come(80, alarm=True).reference


def test_one_that_shrank_below_the_least_is_gathered_on() -> None:
    """Questions are erased with their askers; as long as enough are left it stays as it is."""
    stream = Stream().come(100)
    while not stream.frozen:
        stream.come(25)
    stream.kept = [each for each in stream.kept if not each.in_reference or each.position % 2]
    stream.decide()
    assert stream.frozen
    assert 100 == len(stream.reference)
    stream.kept = [each for each in stream.kept if each.position != stream.reference[0]]
    stream.decide()
    assert not stream.frozen
    assert 100 == len(stream.reference)


def test_what_is_kept_is_bounded() -> None:
    """Reference, newest, and what repeats are told by."""
    stream = Stream().come(100)
    for _ in range(60):
        stream.come(97)
        assert len(stream.kept) <= 200 + REPEAT_WITHIN + BLOCK
    newest = {each.position for each in stream.kept}
    assert set(range(stream.watch.position - REPEAT_WITHIN + 1, stream.watch.position + 1)) <= newest


def test_what_was_just_read_is_kept_until_the_next_check() -> None:
    """It may be given once more; a pause brings many at once."""
    stream = Stream().come(100)
    stream.come(2_000)
    assert 2_100 >= len(stream.kept) >= 2_000
    stream.come(1)
    assert len(stream.kept) <= 200 + REPEAT_WITHIN + 1


def test_it_begins_anew() -> None:
    """With another release and another moment; position and what was looked at go on."""
    stream = Stream().come(300)
    watch = replace(stream.watch, looked=300, frozen_at=NOON)
    anew = begun_anew(watch, release="s", since=NOON + timedelta(days=9), by="promotion")
    assert ("s", NOON + timedelta(days=9), "promotion") == (anew.release, anew.since, anew.reset_by)
    assert (None, 0, 300, 300) == (anew.frozen_at, anew.decided, anew.position, anew.looked)


def test_no_recent_questions_at_all() -> None:
    """An empty log has neither."""
    stream = Stream().come(0)
    assert ([], []) == (stream.reference, stream.recent)
    assert not stream.frozen


def rows(count: int) -> Sequence[Asked]:
    """Return so many logged questions."""
    return [Asked(id=str(at), text_key=str(at), asked_at=NOON + timedelta(minutes=at)) for at in range(count)]


@pytest.mark.parametrize("count", [10, 100, 1_000, 1_013])
def test_of_a_long_log_the_newest_and_blocks_of_the_others_are_taken(count: int) -> None:
    """In their order, the same each time."""
    log = rows(count)
    taken = picked(log, wanted=200, newest=100, seed=17)
    assert list(log[-100:]) == taken[-100:]
    older = [int(each.id) for each in taken[:-100]]
    assert sorted(older) == older
    assert len(older) <= 200
    assert len(older) >= min(200 - BLOCK, max(count - 100, 0))
    assert taken == picked(log, wanted=200, newest=100, seed=17)
    if count > 500:
        assert taken != picked(log, wanted=200, newest=100, seed=18)
