"""Probes, what documents amount to, and what monitoring keeps of golden questions and canaries, on every database."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitoring.adapters.sql import SqlCanaries, SqlGolden
from monitoring.adapters.sql.golden import KEPT
from monitoring.domain import GoldenWatch
from monitoring.domain.golden import Asked
from monitoring.sequential.losses import begin
from rag.adapters.sql.stores import Stores
from rag.domain import Chunking, Document, Passage, Probe, ProbeAnswer, ProbeKind, utcnow
from rag.errors import Conflict

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=1)


def probe(name: str, *, minutes: float = 0, **values: object) -> Probe:
    """Return a probe of some minutes after noon."""
    made = Probe(
        id=name,
        tenant="default",
        kind=ProbeKind.SEARCH,
        texts=("Wo steht „der Kopierer“?", "第二问"),
        k=10,
        asked_at=NOW + timedelta(minutes=minutes),
    )
    return replace(made, **values)  # type: ignore[arg-type]


def test_a_probe_is_taken_once_and_answered_once(any_stores: Stores) -> None:
    """The oldest first; nothing is left where all are taken; a second answer changes nothing."""
    probes, second, first = (
        any_stores.probes,
        probe("b", minutes=1),
        probe("a", kind=ProbeKind.STATE, texts=()),
    )
    probes.add([second, first])
    assert [probes.take(replica="r", stale=LONG_AGO) for _ in range(3)] == [first, second, None]

    answer = ProbeAnswer(release="d", replica="r", result={"found": [["p", "d", "e"], []], "n": 0.5})
    probes.answer("a", answer)
    probes.answer("a", replace(answer, error="too late"))
    probes.answer("never", answer)
    assert probes.answers(["a", "b", "never"]) == {"a": answer}


def test_a_probe_that_was_taken_and_left_waits_again(any_stores: Stores) -> None:
    """From the moment on that its taker counts as gone; one that was answered never."""
    probes = any_stores.probes
    probes.add([probe("a"), probe("b", minutes=1)])
    assert probes.take(replica="dead", stale=LONG_AGO) == probe("a")
    assert probes.take(replica="dead", stale=LONG_AGO) == probe("b", minutes=1)
    probes.answer("b", ProbeAnswer(release="d", replica="dead"))
    later = utcnow() + timedelta(seconds=1)
    assert probes.take(replica="alive", stale=later) == probe("a")


def test_probes_are_removed(any_stores: Stores) -> None:
    """Those named, with their answers; and where new ones come, those whose asker went away an hour ago."""
    probes = any_stores.probes
    probes.add([])
    probes.add([probe("old"), probe("young", minutes=10), probe("named", minutes=10)])
    probes.remove(["named", "never"])
    probes.remove([])
    probes.add([probe("new", minutes=65)])
    answer = ProbeAnswer(release="d", replica="r")
    for each in ("old", "young", "named", "new"):
        probes.answer(each, answer)
    assert probes.answers(["old", "young", "named", "new"]) == {"young": answer, "new": answer}
    with pytest.raises(Conflict):
        probes.add([probe("new", minutes=66)])


def test_replicas_share_probes(any_stores: Stores) -> None:
    """Several that look at once take each probe once."""
    names = [f"p{number:02}" for number in range(12)]
    any_stores.probes.add([probe(name) for name in names])

    def take_all(replica: str) -> list[str]:
        taken = []
        while (some := any_stores.probes.take(replica=replica, stale=LONG_AGO)) is not None:
            taken.append(some.id)
        return taken

    with ThreadPoolExecutor(3) as pool:
        taken = list(pool.map(take_all, ("a", "b", "c")))
    assert sorted(name for some in taken for name in some) == names


def test_what_documents_amount_to(any_stores: Stores) -> None:
    """Passages counted and drawn, round the end; documents that changed or went among those named."""
    documents, census = any_stores.documents, any_stores.census
    made = [Document.create(uri=f"{number}.txt", text=f"text {number}") for number in range(4)]
    for each in made:
        documents.put(each, [Passage.create(each, 0, each.text)], Chunking().digest)
    ids = sorted(documents.passage_ids())

    assert census.passages() == 4
    assert census.drawn(2) == ids[:2]
    assert census.drawn(3, start=ids[2]) == [*ids[2:], ids[0]]
    assert sorted(census.drawn(9, start="8")) == ids
    assert census.drawn(9, start="zzz") == ids
    reached = documents.last_change()
    documents.delete(made[1].id, tenant="default")
    changed = Document.create(uri="2.txt", text="other")
    documents.put(changed, [Passage.create(changed, 0, "other")], Chunking().digest)
    named = [each.id for each in made[:3]]
    assert census.changed_among(named, after=reached) == {made[1].id, made[2].id}
    assert census.changed_among([made[0].id], after=0) == {made[0].id}
    assert census.changed_among(named, after=documents.last_change()) == frozenset()
    assert census.there([*named, "never"]) == {made[0].id, made[2].id}
    assert census.passages() == 3


def watch(release: str, hours: float = 0) -> GoldenWatch:
    """Return a watch after some hours."""
    at = NOW + timedelta(hours=hours)
    return begin("t", release, Asked(at=at, change=3, recall={"q": 1.0, "r": 1 / 3}))


def test_what_golden_questions_are_held_against(any_stores: Stores) -> None:
    """Comes back whole, by release; the one looked at last stands for all; the oldest are dropped."""
    golden = SqlGolden(any_stores.engine)
    assert (golden.get("t", "a"), golden.newest("t")) == (None, None)
    lost = replace(
        watch("a"), lost_since=NOW, lost_from=watch("a").first, lost_size=3.5, won=0.25, by_sign=(0.1, 0.0)
    )
    golden.put(watch("a"))
    golden.put(lost)
    golden.put(watch("b", hours=1))
    golden.put(replace(watch("c", hours=2), tenant="u"))
    assert golden.get("t", "a") == lost
    assert golden.newest("t") == watch("b", hours=1)
    assert golden.get("u", "a") is None
    for number in range(KEPT):
        golden.put(watch(f"later{number}", hours=2 + number))
    assert golden.get("t", "a") is None
    assert golden.get("t", "later0") is not None
    assert golden.newest("u") is not None


def test_canaries_are_kept_once(any_stores: Stores) -> None:
    """To the last bit, by encoder and texts; what is kept stays."""
    canaries = SqlCanaries(any_stores.engine)
    first, other = np.random.default_rng(1).normal(size=(2, 5, 7)).astype(np.float32)
    assert canaries.get("e", "t") is None
    canaries.keep("e", "t", first)
    canaries.keep("e", "t", other)
    canaries.keep("e", "u", other)
    kept = canaries.get("e", "t")
    assert kept is not None
    np.testing.assert_array_equal(kept, first)
    assert canaries.get("f", "t") is None
