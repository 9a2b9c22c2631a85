"""Watches and what they keep, on every database."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from doubles.asked import NOON, asked
from sqlalchemy import delete

from monitoring.adapters.sql import SqlWatches
from monitoring.domain import Kept, Watch
from rag.adapters.sql.database.engine import writing
from rag.adapters.sql.schema.log import interactions
from rag.adapters.sql.stores import Stores
from rag.errors import Conflict

WATCH = Watch(
    tenant="default",
    release="r",
    since=NOON,
    reset_by="start",
    read_at=NOON + timedelta(hours=1),
    position=3,
    days={"2026-05-04": 3},
)


@pytest.fixture
def watches(any_stores: Stores) -> SqlWatches:
    """An empty store."""
    return SqlWatches(any_stores.engine)


@pytest.fixture
def kept(any_stores: Stores) -> list[Kept]:
    """Three questions of the log."""
    log = [asked(f"question {at}", at) for at in range(3)]
    any_stores.interactions.add_all(log)
    rows = np.random.default_rng(17).normal(size=(3, 8)).astype(np.float16)
    return [
        Kept(
            position=at + 1,
            interaction_id=each.id,
            asked_at=each.asked_at,
            text_key=each.text_key,
            vector=row,
        )
        for at, (each, row) in enumerate(zip(log, rows, strict=True))
    ]


def positions(watches: SqlWatches, *, reference: bool | None = None, tenant: str = "default") -> list[int]:
    """Return which are kept, or which of them are in the reference."""
    held = watches.questions(tenant)
    return [each.position for each in held if reference is None or each.in_reference is reference]


def test_a_watch_comes_back_as_it_was_written(watches: SqlWatches, kept: list[Kept]) -> None:
    """With its questions, their vectors to the last bit of float16."""
    assert watches.get("default") is None
    watches.put(WATCH, before=None, added=kept)
    assert WATCH == watches.get("default")
    held = watches.questions("default")
    for one, other in zip(kept, held, strict=True):
        assert np.array_equal(one.vector, other.vector)
        named = ("position", "interaction_id", "asked_at", "text_key", "in_reference")
        assert [getattr(one, name) for name in named] == [getattr(other, name) for name in named]


def test_tenants_are_apart(watches: SqlWatches, kept: list[Kept]) -> None:
    """Also where they keep the same question: all tenants together are one more."""
    watches.put(WATCH, before=None, added=kept)
    watches.put(replace(WATCH, tenant="*"), before=None, added=kept[:1])
    assert [1, 2, 3] == positions(watches)
    assert [1] == positions(watches, tenant="*")


def test_the_reference_is_what_is_named(watches: SqlWatches, kept: list[Kept]) -> None:
    """Some join and some leave; unnamed, it stays."""
    watches.put(WATCH, before=None, added=kept, referenced=[1, 2])
    assert [1, 2] == positions(watches, reference=True)
    watches.put(WATCH, before=WATCH, referenced=[2, 3])
    assert [2, 3] == positions(watches, reference=True)
    watches.put(WATCH, before=WATCH)
    assert [2, 3] == positions(watches, reference=True)
    watches.put(WATCH, before=WATCH, referenced=())
    assert [] == positions(watches, reference=True)


def test_what_is_removed_is_gone(watches: SqlWatches, kept: list[Kept]) -> None:
    """Of this tenant only."""
    watches.put(WATCH, before=None, added=kept)
    watches.put(replace(WATCH, tenant="*"), before=None, added=kept)
    watches.put(WATCH, before=WATCH, removed=[1, 3])
    assert [2] == positions(watches)
    assert [1, 2, 3] == positions(watches, tenant="*")


def test_two_checks_at_once(watches: SqlWatches, kept: list[Kept]) -> None:
    """The second is refused, whether the first made the watch, moved it, or began it anew; and writes nothing."""
    watches.put(WATCH, before=None)
    with pytest.raises(Conflict):
        watches.put(WATCH, before=None, added=kept)
    moved = replace(WATCH, position=6)
    watches.put(moved, before=WATCH)
    with pytest.raises(Conflict, match="another check"):
        watches.put(replace(WATCH, position=5), before=WATCH, added=kept)
    anew = replace(moved, since=NOON + timedelta(days=1), decided=0)
    watches.put(anew, before=moved)
    with pytest.raises(Conflict, match="another check"):
        watches.put(replace(moved, decided=4), before=moved, added=kept)
    assert anew == watches.get("default")
    assert [] == positions(watches)


def test_what_was_looked_at_only_grows(watches: SqlWatches) -> None:
    """A check that ends late does not take back what a later one has written."""
    watches.put(WATCH, before=None)
    watches.completed("default", position=3)
    watches.completed("default", position=2)
    watches.completed("nobody", position=2)
    held = watches.get("default")
    assert replace(WATCH, looked=3) == held
    # One that reads meanwhile does not know of it.
    watches.put(replace(WATCH, position=4), before=WATCH)
    assert replace(WATCH, position=4, looked=3) == watches.get("default")


def test_questions_go_with_their_interactions(
    any_stores: Stores, watches: SqlWatches, kept: list[Kept]
) -> None:
    """What is erased from the log is nowhere else; what was erased before it was kept is left out."""
    with writing(any_stores.engine) as connection:
        connection.execute(delete(interactions).where(interactions.c.id == kept[0].interaction_id))
    watches.put(WATCH, before=None, added=kept, referenced=[1, 2])
    assert [2, 3] == positions(watches)
    with writing(any_stores.engine) as connection:
        connection.execute(delete(interactions).where(interactions.c.id == kept[1].interaction_id))
    assert [3] == positions(watches)
