"""A candidate that adapts the live encoder's questions goes live on the live index, and back."""

from typing import Any

import numpy as np
import pytest
from doubles import promotion_world
from doubles.promotion_world import TwoEncoders, World

from rag.domain import utcnow
from rag.errors import ArtefactTampered
from rag.releases.vectors import Embedder
from retrain.domain import PromotionPhase
from retrain.promotion.garbage import Artefacts, plan


def stamps(world: World) -> dict[str, tuple[int, int]]:
    """Return size and time of every file of the indexes but their locks."""
    return {
        file.as_posix(): (file.stat().st_size, file.stat().st_mtime_ns)
        for file in (world.home / "qdrant").rglob("*")
        if file.is_file() and not file.name.startswith(".")
    }


def collected(world: World) -> Artefacts:
    """Collect garbage, however young, but no encoder."""
    keep = Artefacts(encoders=world.encoders.digests())
    garbage: Artefacts = world.collector(rollback_window_h=0.0, min_age_h=0.0).collect(keep)
    return garbage


class Unembedding:
    """An encoder store whose encoders embed no passage."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def load(self, digest: str) -> Any:
        """Load, and take the passages' side away."""
        return _Mute(self._store.load(digest))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class _Mute:
    def __init__(self, encoder: Any) -> None:
        self._encoder = encoder

    def encode_passages(self, texts: Any) -> Any:
        """Refuse."""
        raise AssertionError(f"{len(texts)} passages were embedded")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)


def test_without_a_service_nothing_is_embedded_or_written(world: World, two_encoders: TwoEncoders) -> None:
    """The switch goes without a backfill, leaves every file of the index alone, and the answers change."""
    first = world.found(two_encoders.first)
    before = world.answers()
    candidate = world.approved(two_encoders.adapter)
    files = stamps(world)
    seen: list[tuple[int, int, str]] = []

    done = world.promoter(encoders=Unembedding(world.encoders)).promote(
        candidate.id, principal="ann", progress=lambda *args: seen.append(args)
    )

    assert (PromotionPhase.DONE, 0, 0) == (done.phase, done.done, done.total)
    assert ["preload", "flip", "done"] == list(dict.fromkeys(what for _, _, what in seen))
    assert files == stamps(world)
    assert frozenset({first.index_name}) == world.indexes.names()
    release, epoch, found = world.answers()
    assert (candidate.release, 2) == (release, epoch)
    assert found != before[2]


def test_with_a_service_answers_switch_and_switch_back(world: World, two_encoders: TwoEncoders) -> None:
    """A service that has the index open answers with the adapter, and after a rollback exactly as before."""
    first = world.found(two_encoders.first)
    question = promotion_world.QUESTIONS[1]
    candidate = world.approved(two_encoders.adapter)

    with world.serving("replica") as live:
        before = world.ask(live, question)
        world.promoter().promote(candidate.id, principal="ann")
        live.poll()
        after = world.ask(live, question)
        world.promoter().rollback(principal="bob")
        live.poll()
        back = world.ask(live, question)

    assert (first.digest, 1) == before[:2]
    assert (candidate.release, 2) == after[:2]
    assert (first.digest, 3) == back[:2]
    assert before[2] == back[2]
    assert before[2] != after[2]
    assert frozenset({first.index_name}) == world.indexes.names()


def test_changes_reach_both_releases_once(world: World, two_encoders: TwoEncoders) -> None:
    """What is ingested after the switch is in the one index, for the adapter and, after a rollback, for the first."""
    world.found(two_encoders.first)
    candidate = world.approved(two_encoders.adapter)

    with world.serving("replica") as live:
        world.promoter().promote(candidate.id, principal="ann")
        live.poll()
        world.put(promotion_world.document(71))
        world.delete(promotion_world.document(1))
        assert live.wait_caught_up(world.stores.documents.last_change(), 10)
        with live.pin() as pinned:
            indexed = pinned.index.ids()
        world.promoter().rollback(principal="bob")
        live.poll()
        with live.pin() as pinned:
            same = pinned.index.ids()

    assert world.stores.documents.passage_ids() == indexed == same


def test_one_release_may_leave_while_the_other_serves(world: World, two_encoders: TwoEncoders) -> None:
    """When the rollback window is over the first release is unloaded, and its index stays open and undeleted."""
    first = world.found(two_encoders.first)
    candidate = world.approved(two_encoders.adapter)
    question = promotion_world.QUESTIONS[1]
    with world.serving("replica") as live:
        world.promoter().promote(candidate.id, principal="ann")
        live.poll()
        live._unload(frozenset({candidate.release}))
        assert candidate.release == world.ask(live, question)[0]

    garbage = collected(world)

    assert set() == garbage.indexes
    assert frozenset({first.index_name}) == world.indexes.names()
    assert candidate.release == world.answers()[0]


def test_the_adapted_encoder_is_kept_with_its_adapter(world: World, two_encoders: TwoEncoders) -> None:
    """While the adapter serves, the encoder of its passages is needed, and so are its cached embeddings."""
    world.found(two_encoders.first)
    candidate = world.approved(two_encoders.adapter)
    world.promoter().promote(candidate.id, principal="ann")
    garbage = plan(
        Artefacts(indexes=frozenset(world.indexes.names()), encoders=world.encoders.digests()),
        Artefacts(),
        deployment=world.stores.releases.deployment(),
        releases=world.stores.releases.all(),
        candidates=world.retrain.candidates.newest(),
        promotions=world.retrain.promotions.newest(),
        rollback_window_h=0.0,
        now=utcnow(),
    )

    assert {two_encoders.second} == garbage.encoders
    assert set() == garbage.indexes


def test_an_index_that_was_never_filled_is_built(world: World, two_encoders: TwoEncoders) -> None:
    """Where the live release has not served yet, there is nothing to share: the promotion builds the index itself."""
    world.put(*(promotion_world.document(number) for number in range(12)))
    first = world.release(two_encoders.first)
    world.stores.releases.deploy_first(first.digest, principal="test")
    candidate = world.approved(two_encoders.adapter)

    done = world.promoter().promote(candidate.id, principal="ann")

    assert (PromotionPhase.DONE, 12, 12) == (done.phase, done.done, done.total)
    assert frozenset({first.index_name}) == world.indexes.names()


def test_a_damaged_adapter_is_found_before_the_switch(world: World, two_encoders: TwoEncoders) -> None:
    """No index is built that would tell, so the models are loaded for a moment."""

    class Damaged(Unembedding):
        def load(self, digest: str) -> Any:
            if digest == two_encoders.adapter:
                raise ArtefactTampered("a file was changed")
            return self._store.load(digest)

    first = world.found(two_encoders.first)
    candidate = world.approved(two_encoders.adapter)

    with pytest.raises(ArtefactTampered, match="a file was changed"):
        world.promoter(encoders=Damaged(world.encoders)).promote(candidate.id, principal="ann")

    assert (1, first.digest) == (
        world.deployment().epoch,
        world.deployment().release,
    )


def test_the_cache_knows_the_passages_already(world: World, two_encoders: TwoEncoders) -> None:
    """Embeddings are kept by the passages' encoder, so a trial of the adapter embeds none."""
    world.found(two_encoders.first)
    (passages,) = world.stores.documents.all_passages()
    adapter = _Mute(world.encoders.load(two_encoders.adapter))

    rows = Embedder(adapter, world.cache).passages(passages)

    expected = world.encoders.load(two_encoders.first).encode_passages([p.embedded_text for p in passages])
    assert np.allclose(expected, rows, atol=1e-6)
