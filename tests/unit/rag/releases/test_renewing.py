"""The live release with another threshold or calibration: what is refused, and what is written down."""

import pytest
from doubles.promotion_world import QUESTIONS, TwoEncoders, World
from doubles.waiting import until

from rag.domain import Calibration
from rag.errors import Conflict, EpochMoved, InvalidInput, LeaseHeld, NotReady
from rag.releases.deployed import PROMOTION_LEASE, ROLLBACK_LEASE, alike, live_release
from rag.releases.renewing import answer_from, renew

CALIBRATION = Calibration(signs=("nearest",), weights=(9.0,), bias=-3.0, passages=100, questions=60, change=7)


def test_another_threshold(world: World, two_encoders: TwoEncoders) -> None:
    """It takes effect without a switch, over the same index, in a running service too; who did it is written down."""
    first = world.found(two_encoders.first)
    found = world.answers()[2]
    releases, leases = world.stores.releases, world.stores.leases

    with world.serving("replica") as live:
        made = answer_from(releases, leases, 0.7, principal="ann")
        until(lambda: world.ask(live, QUESTIONS[0])[:2] == (made.digest, 2))

    assert live_release(releases) == made
    assert (made.retrieval.threshold, made.index_name) == (0.7, first.index_name)
    assert (world.deployment().epoch, world.deployment().previous) == (2, None)
    assert world.answers()[2] == found
    entry = world.stores.audit.newest(1)[0]
    assert (entry.principal, entry.action, entry.subject) == ("ann", "threshold", made.digest)
    assert entry.detail == {"replaces": first.digest, "from": first.retrieval.threshold, "to": 0.7}


def test_the_threshold_that_is_there(world: World, two_encoders: TwoEncoders) -> None:
    """Nothing is changed and nothing written down."""
    first = world.found(two_encoders.first)
    made = answer_from(world.stores.releases, world.stores.leases, first.retrieval.threshold, principal="ann")
    assert (made.digest, world.deployment().epoch) == (first.digest, 1)


def test_there_and_back(world: World, two_encoders: TwoEncoders) -> None:
    """An earlier threshold can be set again."""
    first = world.found(two_encoders.first)
    for threshold in (0.7, first.retrieval.threshold, 0.7):
        made = answer_from(world.stores.releases, world.stores.leases, threshold, principal="ann")
        assert (made.retrieval.threshold, made.index_name) == (threshold, first.index_name)
    assert world.deployment().epoch == 4


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(world: World, two_encoders: TwoEncoders, threshold: float) -> None:
    """The message says what it is."""
    world.found(two_encoders.first)
    with pytest.raises(InvalidInput, match="probability from 0 to 1"):
        answer_from(world.stores.releases, world.stores.leases, threshold, principal="ann")


def test_before_the_first_release(world: World) -> None:
    """There is nothing to change."""
    with pytest.raises(NotReady):
        answer_from(world.stores.releases, world.stores.leases, 0.6, principal="ann")


def test_a_switch_under_way_is_not_disturbed(world: World, two_encoders: TwoEncoders) -> None:
    """Neither one that is staged nor one that is being built; both say what to do."""
    world.found(two_encoders.first)
    releases, leases = world.stores.releases, world.stores.leases
    for lease in (PROMOTION_LEASE, ROLLBACK_LEASE):
        with leases.hold(lease), pytest.raises(LeaseHeld, match="wait for it"):
            answer_from(releases, leases, 0.6, principal="ann")
    releases.stage(world.release(two_encoders.second).digest, expected_epoch=1)
    with pytest.raises(Conflict, match="switch is under way; repeat"):
        answer_from(releases, leases, 0.6, principal="ann")
    assert world.deployment().epoch == 1


def test_another_live_release_is_not_replaced(world: World, two_encoders: TwoEncoders) -> None:
    """What was made of a release that is live no longer is not put in the place of the one that is."""
    first = world.found(two_encoders.first)
    releases, leases = world.stores.releases, world.stores.leases
    answer_from(releases, leases, 0.6, principal="ann")

    with pytest.raises(EpochMoved, match="look again"):
        renew(
            releases,
            leases,
            first.answering_from(0.9),
            replaces=first,
            principal="ann",
            action="threshold",
            detail={},
        )


def test_releases_that_differ_by_their_calibration_alone(world: World, two_encoders: TwoEncoders) -> None:
    """They count as one; another threshold or encoder does not, nor does a release that is not known."""
    first = world.found(two_encoders.first)
    fitted = first.calibrated(CALIBRATION)
    world.stores.releases.add(fitted)
    world.stores.releases.add(fitted.answering_from(0.6))
    world.release(two_encoders.second)

    both = frozenset({first.digest, fitted.digest})
    assert alike(world.stores.releases, first.digest) == both
    assert alike(world.stores.releases, fitted.digest) == both
    assert alike(world.stores.releases, "unknown") == frozenset({"unknown"})
