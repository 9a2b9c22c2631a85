"""Probes: what is asked of whoever serves is answered as people's questions are, after them, and within bounds."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from doubles.promotion_world import QUESTIONS, TENANT, TwoEncoders, World, document
from doubles.waiting import until

from rag.domain import Document, Probe, ProbeAnswer, ProbeKind, new_id, utcnow
from rag.releases.live import LiveRelease
from rag.releases.probing import DEEPEST, MOST_CHARACTERS, MOST_TEXTS, Answers, Prober, packed, unpacked


def prober(world: World, live: LiveRelease, **changed: Any) -> Prober:
    """Return a prober over the world, which looks often."""
    answers = Answers(world.stores.documents, world.stores.census, world.indexing, replica="r")
    parts: dict[str, Any] = {"replica_id": "r", "interval_s": 0.02} | changed
    return Prober(live, world.stores.probes, answers, **parts)


def probe(kind: ProbeKind, texts: tuple[str, ...] = (), k: int = 5, tenant: str = TENANT) -> Probe:
    """Return a probe of now."""
    return Probe(id=new_id(), tenant=tenant, kind=kind, texts=texts, k=k)


def asked(world: World, *probes: Probe, live: LiveRelease | None = None) -> list[ProbeAnswer]:
    """Return what a service that was just opened says, one turn for each probe."""

    def answers(serving: LiveRelease) -> list[ProbeAnswer]:
        world.stores.probes.add(probes)
        turns = prober(world, serving)
        assert [turns.turn() for _ in probes] == [True] * len(probes)
        assert turns.turn() is False
        known = world.stores.probes.answers([each.id for each in probes])
        return [known[each.id] for each in probes]

    if live is not None:
        return answers(live)
    with world.serving() as opened:
        return answers(opened)


def test_a_search_is_what_an_asker_gets(world: World, two_encoders: TwoEncoders) -> None:
    """The same passages in the same order, with their documents, copies named; of that tenant alone."""
    release = world.found(two_encoders.first)
    copy = replace(document(3), id=Document.id_for(TENANT, "file:///copy"), uri="file:///copy")
    world.put(copy)
    with world.serving() as live:
        # The best ones alone: of passages that tie at the cut, the engine gives now this one and now that.
        expected = [world.ask(live, question)[2][:3] for question in QUESTIONS]
        ours, theirs, none = asked(
            world,
            probe(ProbeKind.SEARCH, QUESTIONS),
            probe(ProbeKind.SEARCH, QUESTIONS[:1], tenant="theirs"),
            probe(ProbeKind.SEARCH),
            live=live,
        )

    assert [[row[0] for row in rows[:3]] for rows in ours.result["found"]] == expected
    assert {len(rows) for rows in ours.result["found"]} == {5}
    assert (ours.release, ours.replica, ours.error) == (release.digest, "r", "")
    assert (theirs.result, none.result) == ({"found": [[]]}, {"found": []})
    twice = next(row for row in ours.result["found"][3] if {copy.id, document(3).id} & set(row[1:]))
    assert {copy.id, document(3).id} <= set(twice[1:])


def test_vectors_are_those_of_the_serving_process(world: World, two_encoders: TwoEncoders) -> None:
    """Questions as questions, passages as passages, in their order."""
    world.found(two_encoders.first)
    encoder = world.encoders.load(two_encoders.first)
    texts = ("what is a badge?", "что такое пропуск?", "")
    questions, passages = asked(world, probe(ProbeKind.QUESTIONS, texts), probe(ProbeKind.PASSAGES, texts))

    for answer, embed in ((questions, encoder.encode_queries), (passages, encoder.encode_passages)):
        rows = [unpacked(row) for row in answer.result["vectors"]]
        np.testing.assert_allclose(rows, [embed([text])[0] for text in texts], atol=1e-6)


def test_the_state_counts_index_and_documents(world: World, two_encoders: TwoEncoders) -> None:
    """What the change log still holds is pending; what went missing is not."""
    world.found(two_encoders.first, documents=12)
    with world.serving() as live:
        (calm,) = asked(world, probe(ProbeKind.STATE), live=live)
        world.put(document(12), document(13))
        before = utcnow()
        (behind,) = asked(world, probe(ProbeKind.STATE), live=live)
    assert {"passages": 12, "expected": 12, "pending": 0, "pending_since": None} == {
        key: value for key, value in calm.result.items() if key != "change"
    }
    assert (behind.result["passages"], behind.result["expected"], behind.result["pending"]) == (12, 14, 2)
    assert behind.result["change"] == calm.result["change"] == world.stores.documents.last_change() - 2
    assert behind.result["pending_since"] <= before.isoformat()


@pytest.mark.parametrize("context", [0.0, 0.3])
def test_what_is_stored_is_compared_with_the_texts(
    context: float, world: World, two_encoders: TwoEncoders
) -> None:
    """A passage that is missing and one of another vector are told; one whose document just changed is left out."""
    release = world.found(two_encoders.first, documents=6, context_weight=context)
    ids = {
        number: next(iter(world.stores.documents.passages_of([document(number).id]).values()))[0]
        for number in range(6)
    }
    other = world.encoders.load(two_encoders.second)
    with world.serving() as live:
        with live.pin() as pinned:
            pinned.index.delete_documents([document(1).id])
            pinned.index.upsert([ids[2]], other.encode_passages([ids[2].text]))
        world.put(document(3, edition="second"))
        world.delete(document(4))
        drawn = tuple(passage.id for passage in ids.values())
        now = next(iter(world.stores.documents.passages_of([document(3).id]).values()))[0].id
        (answer,) = asked(world, probe(ProbeKind.STORED, (*drawn, now)), live=live)

    result = answer.result
    assert result["missing"] == [ids[1].id]
    assert {key for key, cosine in result["cosines"].items() if cosine > 0.9999} == {ids[0].id, ids[5].id}
    assert result["cosines"][ids[2].id] < 0.9
    assert result["pending"] == [now]
    assert answer.release == release.digest


def test_nearest_are_given_as_served_and_exactly(world: World, two_encoders: TwoEncoders) -> None:
    """Both by the vectors alone; those that no document has any more are named."""
    world.found(two_encoders.first, documents=20)
    with world.serving() as live:
        world.delete(document(0))
        (answer,) = asked(world, probe(ProbeKind.NEAREST, QUESTIONS[:2], k=4), live=live)

    first, second = answer.result["nearest"]
    gone = world.stores.documents.existing(first["served"])
    assert first["served"] == first["exact"]
    assert len(second["exact"]) == 4
    assert first["gone"] == [each for each in first["served"] if each not in gone] != []


@pytest.mark.parametrize(
    ("texts", "k"),
    [(("a",) * (MOST_TEXTS + 1), 1), (("a" * (MOST_CHARACTERS + 1),), 1), (("a",), DEEPEST + 1)],
)
def test_a_probe_has_bounds(texts: tuple[str, ...], k: int, world: World, two_encoders: TwoEncoders) -> None:
    """Beyond them the answer is an error, and nothing is searched."""
    world.found(two_encoders.first, documents=2)
    (answer,) = asked(world, probe(ProbeKind.SEARCH, texts, k=k))
    assert answer.error.startswith("InvalidInput: A probe has at most")
    assert answer.result == {}


def test_a_failure_is_an_answer_and_the_next_probe_is_answered(
    world: World, two_encoders: TwoEncoders
) -> None:
    """Whoever asks is told why; the thread goes on."""
    world.found(two_encoders.first, documents=2)
    bad = probe(ProbeKind.STORED, ("no id",))
    first, second = asked(world, bad, probe(ProbeKind.STATE))
    assert (first.error == "", second.error) == (first.result != {}, "")


def test_people_go_first(world: World, two_encoders: TwoEncoders) -> None:
    """While questions are under way a probe waits before each of its texts, but not for ever."""
    world.found(two_encoders.first, documents=2)
    busy = threading.Event()
    busy.set()
    one = probe(ProbeKind.QUESTIONS, ("a",))
    with world.serving() as live:
        patient = prober(world, live, busy=busy.is_set)
        world.stores.probes.add([one])
        patient.start()
        try:
            known: Callable[[], dict[str, ProbeAnswer]] = lambda: world.stores.probes.answers([one.id])  # noqa: E731
            threading.Event().wait(0.3)
            assert known() == {}
            assert until(known, "an answer although somebody asks without end")[one.id].error == ""
        finally:
            patient.stop()
            patient.stop()


def test_a_service_that_ends_leaves_the_probe_to_another(world: World, two_encoders: TwoEncoders) -> None:
    """What it had taken is not answered by it, and waits again after a while."""
    world.found(two_encoders.first, documents=2)
    one = probe(ProbeKind.QUESTIONS, ("a", "b"))
    with world.serving() as live:
        ending = prober(world, live)
        world.stores.probes.add([one])
        ending.stop()
        assert ending.turn() is False
        assert world.stores.probes.answers([one.id]) == {}
        assert world.stores.probes.take(replica="s", stale=utcnow() - timedelta(hours=1)) is None
        assert world.stores.probes.take(replica="s", stale=utcnow() + timedelta(seconds=1)) == one


def test_vectors_survive_as_text() -> None:
    """To the last bit, numbers that are none included."""
    rows = np.array([[0.1, -2.5, np.nan, np.inf]], np.float32)
    np.testing.assert_array_equal(unpacked(packed(rows)), rows[0])
