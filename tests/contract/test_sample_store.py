"""Sampled live questions, on every database."""

from dataclasses import replace
from datetime import timedelta

import pytest
from doubles.live_questions import NOON, asked, sampled

from monitoring.adapters.sql import SqlSamples
from rag.adapters.sql.stores import Stores
from rag.errors import NotFound


@pytest.fixture
def samples(any_stores: Stores) -> SqlSamples:
    """An empty store over a log of five questions, one of them another tenant's."""
    any_stores.interactions.add_all(
        [asked(name, tenant="other" if name == "z" else "default") for name in "abcdz"]
    )
    return SqlSamples(any_stores.engine)


def test_a_question_comes_back_as_it_was_drawn(samples: SqlSamples) -> None:
    """To its own tenant alone."""
    drawn = sampled("a", queued=True, judged=0.25, judge="m", signs=(0.5, -1.0), answerable=False)
    samples.add([drawn])

    assert samples.get("s-a", tenant="default") == drawn
    with pytest.raises(NotFound, match="s-a"):
        samples.get("s-a", tenant="other")


def test_a_question_is_drawn_once(samples: SqlSamples) -> None:
    """What was drawn before stays as it is, whatever id it would have now."""
    first = sampled("a")
    assert samples.add([first, sampled("b")]) == 2
    assert samples.add([sampled("a", 5, probability=0.9), sampled("a", id="another"), sampled("c")]) == 1
    assert samples.get("s-a", tenant="default") == first
    with pytest.raises(NotFound):
        samples.get("another", tenant="default")


def test_a_machine_and_a_person_do_not_overwrite_each_other(samples: SqlSamples) -> None:
    """Both saw the question before the other one said anything."""
    seen = sampled("a", queued=True)
    samples.add([seen])
    samples.judge(replace(seen, judged=0.7, judge="m", signs=(1.0,)))
    samples.label(replace(seen, found=1.0, answerable=True, labelled_by="bo", labelled_at=NOON))

    assert samples.get("s-a", tenant="default") == replace(
        seen,
        judged=0.7,
        judge="m",
        signs=(1.0,),
        found=1.0,
        answerable=True,
        labelled_by="bo",
        labelled_at=NOON,
    )
    for write in (samples.judge, samples.label):
        with pytest.raises(NotFound):
            write(sampled("b"))
        with pytest.raises(NotFound):
            write(replace(seen, tenant="other"))


def test_questions_come_in_the_order_in_which_they_were_drawn(samples: SqlSamples) -> None:
    """Those of one draw in the order in which they were asked; of a time and a tenant."""
    one_draw = NOON + timedelta(hours=1)
    early = sampled("d", 0)
    late = sampled("a", 30, drawn_at=one_draw)
    middle = sampled("b", 20, drawn_at=one_draw)
    samples.add([late, early, middle, sampled("z", 5, tenant="other")])

    def named(**how: object) -> str:
        found = samples.since(tenant="default", **{"since": NOON, **how})  # type: ignore[arg-type]
        return "".join(each.interaction_id for each in found)

    assert named() == "dba"
    assert named(newest_first=True, limit=2) == "ab"
    assert named(since=NOON + timedelta(minutes=1)) == "ba"


def test_what_waits_for_a_person_and_what_for_a_machine(samples: SqlSamples) -> None:
    """In their order, those drawn from a moment on, and no more than asked for."""
    samples.add(
        [
            sampled("a", 0, queued=True, judged=0.5),
            sampled("b", 1, queued=True),
            sampled("c", 2),
            sampled("d", 3, queued=True, labelled_at=NOON, labelled_by="bo"),
            sampled("z", 4, queued=True, tenant="other"),
        ]
    )

    def names(some: list[object]) -> str:
        return "".join(each.interaction_id for each in some)  # type: ignore[attr-defined]

    later = NOON + timedelta(minutes=1)
    assert names(list(samples.queue(tenant="default", since=NOON, limit=9))) == "ab"
    assert names(list(samples.queue(tenant="default", since=NOON, limit=1))) == "a"
    assert names(list(samples.queue(tenant="default", since=later, limit=9))) == "b"
    assert names(list(samples.unjudged(tenant="default", since=NOON, limit=9))) == "bcd"
    assert names(list(samples.unjudged(tenant="default", since=later, limit=2))) == "bc"
