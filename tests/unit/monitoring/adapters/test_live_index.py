"""The live index is asked of the service that has it open, and opened here where none is alive."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from doubles.promotion_world import QUESTIONS, TENANT, TwoEncoders, World, document

from monitoring.adapters.live_index import ALIVE, SqlLiveIndex, live_here
from rag.domain import Probe, Replica, utcnow
from rag.errors import IndexLocked, NotReady, Unavailable
from rag.ports import ProbeStore
from rag.releases.probing import MOST_TEXTS, Answers, Prober


class Seen:
    """A store that remembers what was added to it."""

    def __init__(self, store: ProbeStore) -> None:
        self._store = store
        self.added: list[Probe] = []

    def add(self, probes: Sequence[Probe]) -> None:
        """Add them, and remember."""
        self.added += probes
        self._store.add(probes)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@contextmanager
def asking(world: World, *, probes: Any = None, **changed: Any) -> Iterator[SqlLiveIndex]:
    """Yield a check's view of the live index."""
    stores = world.stores
    settings = {"poll_s": 0.01, "patience_s": 20.0} | changed
    with SqlLiveIndex(
        probes or stores.probes,
        stores.replicas,
        lambda: live_here(
            stores.releases, stores.documents, stores.census, world.models(), world.indexes, world.indexing
        ),
        **settings,
    ) as live:
        yield live


@contextmanager
def service(world: World) -> Iterator[None]:
    """Serve while in the context: a replica with its prober."""
    answers = Answers(world.stores.documents, world.stores.census, world.indexing, replica="r")
    with world.serving("r") as live:
        live.poll()
        prober = Prober(live, world.stores.probes, answers, replica_id="r", interval_s=0.02)
        prober.start()
        try:
            yield
        finally:
            prober.stop()


def test_a_service_and_an_index_opened_here_say_the_same(world: World, two_encoders: TwoEncoders) -> None:
    """Every method, from another connection and from this process; only who answered differs."""
    # A document a topic: of passages that tie at the cut, the engine gives now this one and now that.
    release = world.found(two_encoders.first, documents=10)
    passages = sorted(world.stores.documents.passage_ids())
    many = [f"{question} {number}" for number in range(8) for question in QUESTIONS]

    def everything() -> tuple[Any, ...]:
        with asking(world) as live:
            state = live.state()
            assert (state.release, state.passages, state.expected, state.pending) == (
                release.digest,
                10,
                10,
                0,
            )
            return (
                state.replica,
                live.find(many, tenant=TENANT, k=3),
                live.find(QUESTIONS, tenant=TENANT, k=4),
                live.nearest(QUESTIONS, tenant=TENANT, k=4),
                live.stored([*passages, passages[0]]),
                live.embed(many),
                live.embed_passages(QUESTIONS),
                live.embed([]).shape,
            )

    with service(world):
        there = everything()
    here = everything()

    assert (there[0], here[0]) == ("r", "")
    assert len(many) > 2 * MOST_TEXTS
    assert there[1:4] == here[1:4]
    assert there[4].cosines.keys() == set(passages)
    for number in (5, 6):
        np.testing.assert_allclose(there[number], here[number], atol=1e-6)
    assert there[5].shape == (len(many), world.encoders.load(two_encoders.first).dimension)
    assert [row[0].passage for row in here[2]] == [row.served[0] for row in here[3]]


def test_nothing_stays_of_what_was_asked(world: World, two_encoders: TwoEncoders) -> None:
    """The texts are golden questions and people's: they are gone once they are answered, or were not in time."""
    world.found(two_encoders.first, documents=2)
    probes = Seen(world.stores.probes)
    with service(world), asking(world, probes=probes) as live:
        live.find(["a question"], tenant=TENANT, k=1)
    seen = probes.added
    assert [each.texts for each in seen] == [("a question",)]
    assert world.stores.probes.answers([seen[0].id]) == {}
    assert world.stores.probes.take(replica="r", stale=utcnow()) is None


def test_a_service_that_does_not_answer_is_named(world: World, two_encoders: TwoEncoders) -> None:
    """After the patience, and no probe is left behind."""
    world.found(two_encoders.first, documents=2)
    with world.serving("mute") as silent, asking(world, patience_s=0.2) as live:
        silent.poll()
        with pytest.raises(Unavailable, match="is alive, but did not answer 1 of 1 probes"):
            live.state()
    assert world.stores.probes.take(replica="r", stale=utcnow()) is None


def test_a_replica_that_died_is_not_waited_for(world: World, two_encoders: TwoEncoders) -> None:
    """Its row stays for a day; the index is opened here."""
    world.found(two_encoders.first, documents=2)
    old = Replica(id="dead", heartbeat_at=utcnow().replace(year=2020), epoch=1, ready=frozenset())
    world.stores.replicas.beat(old)
    with asking(world) as live:
        assert live.state().replica == ""


def test_a_replica_that_dies_while_it_is_asked_is_not_waited_for(
    world: World, two_encoders: TwoEncoders
) -> None:
    """Once its last heartbeat is old the index is opened here, and the probe is taken back."""
    world.found(two_encoders.first, documents=2)
    last_sign = utcnow() - ALIVE + timedelta(seconds=0.5)
    world.stores.replicas.beat(Replica(id="dying", heartbeat_at=last_sign, epoch=1, ready=frozenset()))
    probes = Seen(world.stores.probes)
    with asking(world, probes=probes) as live:
        assert live.state().replica == ""
        assert live.ask(["a question"], tenant=TENANT, k=1)
    assert len(probes.added) == 1
    assert world.stores.probes.take(replica="r", stale=utcnow()) is None


def test_what_holds_the_index_is_told(world: World, two_encoders: TwoEncoders) -> None:
    """Somebody who asks once is no replica, and has the index open all the same."""
    world.found(two_encoders.first, documents=2)
    with (
        world.serving(),
        asking(world) as live,
        pytest.raises(IndexLocked, match=r"no service says .* is in use"),
    ):
        live.state()


def test_nothing_is_live_yet(world: World) -> None:
    """NotReady, with what to do."""
    with asking(world) as live, pytest.raises(NotReady, match="whetstone serve"):
        live.find(["?"], tenant=TENANT, k=1)


def test_an_index_that_is_gone_is_not_made_here(world: World, two_encoders: TwoEncoders) -> None:
    """Filling it is the service's; a check writes to no index."""
    release = world.found(two_encoders.first, documents=2)
    world.indexes.drop(release.index_name)
    with asking(world) as live, pytest.raises(NotReady, match="is not there"):
        live.state()
    assert world.indexes.names() == frozenset()


def test_an_error_of_the_service_is_the_checks(world: World, two_encoders: TwoEncoders) -> None:
    """It says what the service said."""
    world.found(two_encoders.first, documents=2)
    with service(world), asking(world) as live, pytest.raises(Unavailable, match="and said: InvalidInput"):
        live.find(["?"], tenant=TENANT, k=100_000)


def test_documents_change_while_the_index_is_asked(world: World, two_encoders: TwoEncoders) -> None:
    """Nothing that is written meanwhile counts as missing: it is pending, or there."""
    world.found(two_encoders.first, documents=20)
    stopping = threading.Event()

    def write() -> None:
        number = 20
        while not stopping.is_set():
            world.put(document(number))
            world.delete(document(number - 10))
            number += 1

    with service(world), asking(world) as live:
        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(5):
                stored = live.stored(world.stores.census.drawn(32))
                assert stored.missing == frozenset()
                state = live.state()
                assert state.pending or state.passages == state.expected
        finally:
            stopping.set()
            writer.join()
