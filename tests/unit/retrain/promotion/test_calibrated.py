"""Calibrations beside promotions: neither disturbs the other, and decisions hold."""

from typing import Any

import pytest
from doubles.promotion_world import TwoEncoders, World, document
from doubles.waiting import until

from rag.domain import Calibration, Release
from rag.errors import ApprovalInvalid, Conflict
from rag.releases.deployed import live_release
from rag.releases.renewing import answer_from, renew
from retrain.domain import Candidate, CandidateStatus, PromotionPhase

NUMBERS = iter(range(1, 10_000))


class Killed(BaseException):
    """Stands for the process's end: nobody catches it."""


def calibrate(world: World) -> Release:
    """Put the live release's calibration in place of what there is, as a fit does; return the release."""
    releases = world.stores.releases
    live = live_release(releases)
    fitted = Calibration(
        signs=("nearest",), weights=(9.0,), bias=-3.0, passages=40, questions=60, change=next(NUMBERS)
    )
    made = live.calibrated(fitted)
    renew(
        releases,
        world.stores.leases,
        made,
        replaces=live,
        principal="system",
        action="calibrate",
        detail={},
    )
    return made


def promote(world: World, candidate: Candidate, **more: Any) -> None:
    """Carry a promotion out."""
    world.promoter(**more).promote(candidate.id, principal="ann")


@pytest.mark.parametrize("served", [False, True])
def test_a_calibration_after_judging_and_approval(
    world: World, two_encoders: TwoEncoders, served: bool
) -> None:
    """What was judged and approved against a release may replace it in whichever calibration; it is gone back to."""
    world.found(two_encoders.first)
    candidate = world.candidate(two_encoders.second)
    calibrate(world)
    world.approver().approve(candidate.id, principal="ann")
    calibrated = calibrate(world)

    def switch() -> None:
        promote(world, candidate)
        assert world.retrain.candidates.get(candidate.id).status is CandidateStatus.PROMOTED
        assert (world.deployment().release, world.deployment().previous) == (
            candidate.release,
            calibrated.digest,
        )
        world.promoter().rollback(principal="ann")

    if served:
        with world.serving("replica"):
            switch()
    else:
        switch()
    assert (world.deployment().release, world.deployment().previous) == (calibrated.digest, candidate.release)


def test_another_threshold_takes_another_look(world: World, two_encoders: TwoEncoders) -> None:
    """A candidate that was judged beside one threshold does not replace a release with another."""
    world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    answer_from(world.stores.releases, world.stores.leases, 0.8, principal="bob")

    with pytest.raises(ApprovalInvalid, match="evaluate the candidate against that one"):
        promote(world, candidate)


def test_a_promoted_release_that_was_calibrated_is_live_already(
    world: World, two_encoders: TwoEncoders
) -> None:
    """Neither approved nor promoted anew."""
    world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    promote(world, candidate)
    calibrate(world)

    for again in (
        lambda: promote(world, candidate),
        lambda: world.approver().approve(candidate.id, principal="ann"),
    ):
        with pytest.raises(Conflict, match="live already"):
            again()


def test_killed_after_the_switch_and_calibrated_since(world: World, two_encoders: TwoEncoders) -> None:
    """The next call does the bookkeeping, though what is live has another digest by now."""
    world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)

    class DiesAfterwards:
        """The releases, as seen by a process that dies right after the commit."""

        def __getattr__(self, name: str) -> Any:
            return getattr(world.stores.releases, name)

        def flip(self, *args: Any, **kwargs: Any) -> None:
            world.stores.releases.flip(*args, **kwargs)
            raise Killed

    with pytest.raises(Killed):
        promote(world, candidate, releases=DiesAfterwards())
    until_free(world)
    calibrated = calibrate(world)
    promote(world, candidate)
    assert world.retrain.candidates.get(candidate.id).status is CandidateStatus.PROMOTED
    assert (world.deployment().epoch, world.deployment().release) == (3, calibrated.digest)

    with pytest.raises(Killed):
        world.promoter(releases=DiesAfterwards()).rollback(principal="ann")
    until_free(world)
    calibrated = calibrate(world)
    done = world.promoter().rollback(principal="ann")
    assert done.phase is PromotionPhase.DONE
    assert (world.deployment().epoch, world.deployment().release) == (5, calibrated.digest)


def until_free(world: World) -> None:
    """Wait until the leases of a killed runner have run out."""

    def free() -> bool:
        try:
            with world.stores.leases.hold("promotion"), world.stores.leases.hold("rollback"):
                return True
        except Conflict:
            return False

    until(free)


@pytest.mark.parametrize("served", [False, True])
def test_promoting_again_what_was_calibrated_and_rolled_back(
    world: World, two_encoders: TwoEncoders, served: bool
) -> None:
    """The index that a service keeps for the way back is not opened or built again, whatever its release is called."""
    world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)

    def there_and_back() -> None:
        promote(world, candidate)
        calibrate(world)
        world.promoter().rollback(principal="ann")
        world.put(document(77))
        world.approver().approve(candidate.id, principal="ann")
        promote(world, candidate)

    if served:
        with world.serving("replica"):
            there_and_back()
    else:
        there_and_back()
    assert world.answers()[:2] == (candidate.release, 5)
    index = world.indexes.open(world.stores.releases.get(candidate.release))
    try:
        assert index.ids() == world.stores.documents.passage_ids()
    finally:
        index.close()


def test_a_service_takes_a_calibration_up_without_opening_anything(
    world: World, two_encoders: TwoEncoders
) -> None:
    """Questions go on, each with the release that was live at its start; changes of documents still arrive."""
    world.found(two_encoders.first)
    question = "What is the rule for car park permit for visitors?"
    with world.serving("replica") as live:
        with live.pin() as pinned:
            calibrated = calibrate(world)
            until(lambda: world.ask(live, question)[:2] == (calibrated.digest, 2))
            assert pinned.epoch == 1
            with live.pin() as renewed:
                assert renewed.index is pinned.index
                assert renewed.encoder is pinned.encoder
        new = document(79, edition="newest")
        world.put(new)
        until(lambda: world.indexing.lag(calibrated.index_name) == 0)
        assert pinned.index.ids() == world.stores.documents.passage_ids()


def test_garbage_collection_keeps_the_index_that_is_shared(world: World, two_encoders: TwoEncoders) -> None:
    """The index is named after a release that is live no more; it stays while its calibrations are live or previous."""
    first = world.found(two_encoders.first)
    calibrate(world)
    calibrate(world)
    with world.serving() as live:
        live.poll()
    collector = world.collector(rollback_window_h=0.0, min_age_h=0.0)
    from retrain.promotion.garbage import Artefacts

    collector.collect(Artefacts(encoders=world.encoders.digests()))

    assert world.indexes.names() == {first.index_name}
    assert world.answers()[1] == 3
