"""What is needed stays, what is not goes, and nothing is deleted under somebody's hands."""

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from doubles.promotion_world import LoadedOnce, TwoEncoders, World

from rag.adapters.models.encoders import EncoderFolder
from rag.adapters.models.rerankers import RerankerFolder
from rag.domain import Chunking, Deployment, Release, Retrieval, sha256_text, utcnow
from rag.errors import LeaseHeld
from rag.releases.deployed import PROMOTION_LEASE
from retrain.domain import (
    CandidateStatus,
    Promotion,
    PromotionKind,
    PromotionPhase,
)
from retrain.promotion.garbage import Artefacts, kept_always, plan

NOW = utcnow()


def release(name: str) -> Release:
    """Return a release with an encoder of that name, and a cross-encoder."""
    retrieval = Retrieval(reranker=sha256_text(f"{name} cross-encoder"))
    return Release.create(encoder=sha256_text(name), dimension=4, chunking=Chunking(), retrieval=retrieval)


LIVE, PREVIOUS, STAGED, OLD, OPEN = (release(name) for name in ("live", "previous", "staged", "old", "open"))
ALL = (LIVE, PREVIOUS, STAGED, OLD, OPEN)


def planned(**changes: Any) -> Artefacts:
    """Plan with an index and an encoder of each release, an hour after a switch, but for what is said."""
    arguments: dict[str, Any] = {
        "there": Artefacts(
            indexes=frozenset(each.index_name for each in ALL),
            encoders=frozenset(each.encoder for each in ALL),
            rerankers=rerankers(*ALL),
        ),
        "keep": Artefacts(),
        "deployment": Deployment(
            epoch=2,
            release=LIVE.digest,
            previous=PREVIOUS.digest,
            staged=STAGED.digest,
            changed_at=NOW - timedelta(hours=1),
        ),
        "releases": ALL,
        "candidates": [],
        "promotions": [],
        "rollback_window_h": 72.0,
        "now": NOW,
    }
    return plan(**(arguments | changes))


def kept(garbage: Artefacts) -> set[str]:
    """Return the encoders that stay."""
    return {each.encoder for each in ALL} - set(garbage.encoders)


def rerankers(*releases: Release) -> frozenset[str]:
    """Return the releases' cross-encoders."""
    return frozenset(str(each.retrieval.reranker) for each in releases)


def test_live_previous_and_staged_stay() -> None:
    """The three releases of the deployment keep index, encoder and cross-encoder; the others lose theirs."""
    garbage = planned()

    assert garbage.indexes == {OLD.index_name, OPEN.index_name}
    assert garbage.encoders == {OLD.encoder, OPEN.encoder}
    assert rerankers(OLD, OPEN) == garbage.rerankers


def test_the_previous_release_goes_after_the_rollback_window() -> None:
    """Once the window is over the previous release is no longer kept."""
    garbage = planned(rollback_window_h=0.5)

    assert PREVIOUS.index_name in garbage.indexes
    assert kept(garbage) == {LIVE.encoder, STAGED.encoder}
    assert rerankers(PREVIOUS, OLD, OPEN) == garbage.rerankers


def test_named_encoders_stay() -> None:
    """Encoders that are named, as monitoring's is, stay without any release; their index does not."""
    garbage = planned(keep=Artefacts(encoders=frozenset({OLD.encoder})))

    assert OLD.encoder not in garbage.encoders
    assert OLD.index_name in garbage.indexes


@pytest.mark.parametrize("phase", PromotionPhase)
def test_a_promotion_under_way_keeps_its_index(phase: PromotionPhase) -> None:
    """A switch that has not ended keeps what it builds; one that has ended does not."""
    ticket = Promotion(
        id="p",
        kind=PromotionKind.PROMOTE,
        release=OPEN.digest,
        candidate="c",
        principal="ann",
        phase=phase,
    )
    ended = phase in (PromotionPhase.DONE, PromotionPhase.FAILED)

    garbage = planned(promotions=[ticket])

    assert (OPEN.index_name in garbage.indexes) is ended
    assert (OPEN.encoder in garbage.encoders) is ended
    assert (OPEN.retrieval.reranker in garbage.rerankers) is ended


def test_a_cross_encoder_that_several_releases_name_stays_with_the_last() -> None:
    """Most retrained releases have the cross-encoder of the one before: it stays while any of them is needed."""
    shared = LIVE.retrieval.reranker
    retired = Release.create(
        encoder=OLD.encoder, dimension=4, chunking=Chunking(), retrieval=Retrieval(reranker=shared)
    )

    garbage = planned(releases=[*ALL, retired])

    assert shared not in garbage.rerankers
    assert OLD.encoder in garbage.encoders


def test_named_cross_encoders_stay() -> None:
    """One that the settings name stays without any release."""
    assert rerankers(OPEN) == planned(keep=Artefacts(rerankers=rerankers(OLD))).rerankers


def test_other_collections_on_the_server_are_left_alone() -> None:
    """A Qdrant server may hold other people's collections."""
    there = Artefacts(indexes=frozenset({"recipes", OLD.index_name}))
    assert planned(there=there).indexes == {OLD.index_name}


def test_before_the_first_release_nothing_goes() -> None:
    """While the first release is being made, its encoder is there already and named nowhere."""
    assert planned(deployment=None) == Artefacts()


@pytest.fixture
def own_world(tmp_path: Path, two_encoders: TwoEncoders) -> Iterator[World]:
    """A company with an encoder folder of its own, from which may be deleted."""
    folder = EncoderFolder(tmp_path / "encoders")
    for digest in (two_encoders.first, two_encoders.second):
        folder.register(two_encoders.store.path(digest))
    made = World(home=tmp_path / "home", encoders=LoadedOnce(folder))
    yield made
    made.close()


def collected(
    world: World, keep: Artefacts | None = None, *, dry_run: bool = False, **limits: float
) -> Artefacts:
    """Collect with no patience for young encoders, but for what is said."""
    collector = world.collector(**({"rollback_window_h": 72.0, "min_age_h": 0.0} | limits))
    garbage: Artefacts = collector.collect(keep or Artefacts(), dry_run=dry_run)
    return garbage


def test_a_whole_life(own_world: World, two_encoders: TwoEncoders) -> None:
    """A candidate's encoder and index stay while it waits, serves or may come back, and go once it is rejected."""
    world = own_world
    first = world.found(two_encoders.first)
    nothing = Artefacts()
    candidate = world.candidate(two_encoders.second)
    second = world.stores.releases.get(candidate.release)
    assert collected(world) == nothing

    world.approver().approve(candidate.id, principal="ann")
    assert collected(world) == nothing
    world.promoter().promote(candidate.id, principal="ann")
    assert collected(world) == nothing
    world.promoter().rollback(principal="ann")
    assert collected(world) == nothing

    gone = Artefacts(indexes=frozenset({second.index_name}), encoders=frozenset({two_encoders.second}))
    assert collected(world, rollback_window_h=0.0, dry_run=True) == gone
    assert second.index_name in world.indexes.names()

    hashes = [passage.text_hash for batch in world.stores.documents.all_passages() for passage in batch]
    assert len(world.cache.get(two_encoders.second, hashes)) == len(hashes)
    assert collected(world, rollback_window_h=0.0) == gone
    assert world.indexes.names() == {first.index_name}
    assert world.encoders.digests() == {two_encoders.first}
    assert world.cache.get(two_encoders.second, hashes) == {}
    assert len(world.cache.get(two_encoders.first, hashes)) == len(hashes)
    assert world.indexing.lag(second.index_name) is None
    assert world.answers()[0] == first.digest


def test_a_rejected_candidate_goes(own_world: World, two_encoders: TwoEncoders) -> None:
    """What was rejected is not kept."""
    world = own_world
    world.found(two_encoders.first)
    candidate = world.candidate(two_encoders.second)
    world.retrain.candidates.set_status(candidate.id, CandidateStatus.REJECTED)

    assert collected(world).encoders == {two_encoders.second}


def test_a_young_encoder_stays(own_world: World, two_encoders: TwoEncoders) -> None:
    """An encoder that training has just made, before a candidate names it, is left alone; an old one is not."""
    world = own_world
    world.found(two_encoders.first)
    folder = world.encoders.path(two_encoders.second)

    assert collected(world, min_age_h=24.0).encoders == set()
    yesterday = time.time() - 25 * 3600
    os.utime(folder, (yesterday, yesterday))
    assert collected(world, min_age_h=24.0).encoders == {two_encoders.second}


@pytest.fixture
def own_rerankers(own_world: World, cross_encoder: Path) -> tuple[RerankerFolder, str, str]:
    """The company's cross-encoders: a folder with two of them, and their digests."""
    from safetensors.numpy import load_file, save_file

    folder = RerankerFolder(own_world.home / "rerankers", runtime="torch")
    first = folder.register(cross_encoder)
    weights = load_file(cross_encoder / "model.safetensors")
    save_file({name: value * 2 for name, value in weights.items()}, cross_encoder / "model.safetensors")
    return folder, first, folder.register(cross_encoder)


def deployed(world: World, encoder: str, *, reranker: str) -> None:
    """Make a first release live; nothing is served."""
    first = world.release(encoder, reranker=reranker)
    world.stores.releases.deploy_first(first.digest, principal="test")


def test_cross_encoders_go_when_no_release_needs_them(
    own_world: World, two_encoders: TwoEncoders, own_rerankers: tuple[RerankerFolder, str, str]
) -> None:
    """The live release's stays and can be loaded; another one goes once it is old enough, and not in a dry run."""
    folder, live, unused = own_rerankers
    deployed(own_world, two_encoders.first, reranker=live)

    assert set() == collected(own_world, min_age_h=24.0).rerankers
    named = kept_always(own_world.stores.releases, own_world.models(), reranker=unused)
    assert set() == collected(own_world, named).rerankers
    yesterday = time.time() - 25 * 3600
    for digest in (live, unused):
        os.utime(folder.path(digest), (yesterday, yesterday))
    assert {unused} == collected(own_world, min_age_h=24.0, dry_run=True).rerankers
    assert {live, unused} == folder.digests()

    assert {unused} == collected(own_world, min_age_h=24.0).rerankers
    assert {live} == folder.digests()
    assert live == folder.load(live).digest


def test_a_damaged_cross_encoder_that_nobody_needs_goes(
    own_world: World, two_encoders: TwoEncoders, own_rerankers: tuple[RerankerFolder, str, str]
) -> None:
    """Its age cannot be told, but neither can it be loaded."""
    _, live, unused = own_rerankers
    deployed(own_world, two_encoders.first, reranker=live)
    with (own_world.home / "rerankers" / unused / "config.json").open("a") as file:
        file.write(" ")

    assert {unused} == collected(own_world, min_age_h=24.0).rerankers


def test_an_index_that_is_open_stays_until_the_next_time(own_world: World, two_encoders: TwoEncoders) -> None:
    """An index that somebody has open is passed over, with its cursor, and goes the next time."""
    world = own_world
    first = world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    world.promoter().promote(candidate.id, principal="ann")

    index = world.indexes.open(first)
    try:
        assert collected(world, rollback_window_h=0.0).indexes == set()
        assert world.indexing.lag(first.index_name) == 0
    finally:
        index.close()
    assert collected(world, rollback_window_h=0.0).indexes == {first.index_name}


def test_not_while_something_is_promoted(own_world: World, two_encoders: TwoEncoders) -> None:
    """Nothing is deleted while a promotion holds its lease."""
    own_world.found(two_encoders.first)

    with own_world.stores.leases.hold(PROMOTION_LEASE), pytest.raises(LeaseHeld):
        collected(own_world)
