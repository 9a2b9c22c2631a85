"""The way back: exactly what was there before, at any time, and forward again."""

from collections.abc import Callable
from typing import Any

import pytest
from doubles import promotion_world
from doubles.promotion_world import TwoEncoders, World

from rag.errors import Conflict, EpochMoved, LeaseHeld, NotFound, NotReady
from rag.releases.deployed import ROLLBACK_LEASE
from retrain.domain import PromotionKind, PromotionPhase


class Killed(BaseException):
    """Stands for the process's end: nobody catches it."""


def noting(seen: list[str]) -> Callable[[int, int, str], None]:
    """Return a progress callback that notes the phases."""

    def note(done: int, total: int, what: str) -> None:
        seen.append(what)

    return note


def test_rollback_restores_exactly_the_earlier_results(world: World, two_encoders: TwoEncoders) -> None:
    """The earlier release finds the same passages in the same order as before; a second rollback goes forward."""
    world.found(two_encoders.first)
    release_before, _, found_before = world.answers()
    candidate = world.approved(two_encoders.second)
    world.promoter().promote(candidate.id, principal="ann")
    _, _, found_after = world.answers()

    done = world.promoter().rollback(principal="bob", reason="worse on Mondays")

    assert (done.kind, done.phase) == (PromotionKind.ROLLBACK, PromotionPhase.DONE)
    assert world.answers() == (release_before, 3, found_before)
    entry = world.stores.audit.newest(1)[0]
    assert (entry.principal, entry.action, entry.subject) == ("bob", "rollback", release_before)
    assert (entry.detail["reason"], entry.detail["replaces"]) == ("worse on Mondays", candidate.release)

    world.promoter().rollback(principal="bob")

    assert world.answers() == (candidate.release, 4, found_after)


def test_rollback_with_a_service(world: World, two_encoders: TwoEncoders) -> None:
    """With a service that holds both folders the way back is a flip; documents changed since are there."""
    first = world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)

    with world.serving("replica") as live:
        world.promoter().promote(candidate.id, principal="ann")
        world.put(promotion_world.document(77))
        world.delete(promotion_world.document(3))
        seen: list[str] = []
        world.promoter().rollback(principal="ann", progress=noting(seen))
        live.poll()
        answered = {world.ask(live, question)[:2] for question in promotion_world.QUESTIONS}

    assert answered == {(first.digest, 3)}
    assert list(dict.fromkeys(seen)) == ["preload", "flip", "done"]
    index = world.indexes.open(first)
    try:
        assert index.ids() == world.stores.documents.passage_ids()
    finally:
        index.close()


def test_without_a_service_the_previous_index_is_brought_up_to_date_first(
    world: World, two_encoders: TwoEncoders
) -> None:
    """Where nobody kept the previous index current, the rollback does so before the switch."""
    first = world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    world.promoter().promote(candidate.id, principal="ann")
    world.put(promotion_world.document(78))
    world.delete(promotion_world.document(5))
    lags: list[int | None] = []

    def look(done: int, total: int, what: str) -> None:
        if what == "preload":
            lags.append(world.indexing.lag(first.index_name))

    world.promoter().rollback(principal="ann", progress=look)

    assert lags == [0]


def test_promoting_again_what_was_rolled_back(world: World, two_encoders: TwoEncoders) -> None:
    """The index that the service keeps for the way back is not opened or built again, with a service or without."""
    world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    with world.serving("replica"):
        world.promoter().promote(candidate.id, principal="ann")
        world.promoter().rollback(principal="ann")
        world.approver().approve(candidate.id, principal="ann")
        seen: list[str] = []
        world.promoter().promote(candidate.id, principal="ann", progress=noting(seen))
        assert list(dict.fromkeys(seen)) == ["preload", "flip", "done"]
    assert world.answers()[:2] == (candidate.release, 4)

    world.promoter().rollback(principal="ann")
    world.approver().approve(candidate.id, principal="ann")
    world.promoter().promote(candidate.id, principal="ann")

    assert world.answers()[:2] == (candidate.release, 6)


def test_a_used_approval_does_not_promote_again(world: World, two_encoders: TwoEncoders) -> None:
    """After a rollback the same candidate takes a new approval."""
    world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    world.promoter().promote(candidate.id, principal="ann")
    world.promoter().rollback(principal="ann")

    with pytest.raises(Conflict, match="used already"):
        world.promoter().promote(candidate.id, principal="ann")


def test_nothing_to_go_back_to(world: World, two_encoders: TwoEncoders) -> None:
    """Before the first release and before the first switch a rollback is refused, and leaves no ticket."""
    with pytest.raises(NotReady, match="Nothing is live yet"):
        world.promoter().rollback(principal="ann")
    world.found(two_encoders.first)
    with pytest.raises(Conflict, match="no earlier release"):
        world.promoter().rollback(principal="ann")

    assert world.retrain.promotions.newest() == []


@pytest.mark.parametrize("served", [False, True])
@pytest.mark.parametrize("phase", ["preload", "flip", "done"])
def test_killed_anywhere_the_next_call_ends_right(
    world: World, two_encoders: TwoEncoders, phase: str, served: bool
) -> None:
    """A rollback that died is finished by the next call, and not undone by it."""
    first = world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    world.promoter().promote(candidate.id, principal="ann")

    def die(done: int, total: int, what: str) -> None:
        if what == phase:
            raise Killed

    def roll_back_twice() -> None:
        with pytest.raises(Killed):
            world.promoter().rollback(principal="ann", progress=die)
        if phase != "done":
            world.promoter().rollback(principal="ann")

    if served:
        with world.serving("replica"):
            roll_back_twice()
    else:
        roll_back_twice()

    deployment = world.deployment()
    assert (deployment.epoch, deployment.release) == (3, first.digest)
    assert [ticket.kind for ticket in world.retrain.promotions.newest()] == ["rollback", "promote"]


def test_killed_between_the_switch_and_its_notes(world: World, two_encoders: TwoEncoders) -> None:
    """Where the switch has happened and only its note is missing, calling again does not switch forward."""
    first = world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    world.promoter().promote(candidate.id, principal="ann")

    class DiesAfterwards:
        """The releases, as seen by a process that dies right after the commit."""

        def __getattr__(self, name: str) -> Any:
            return getattr(world.stores.releases, name)

        def flip(self, *args: Any, **kwargs: Any) -> None:
            world.stores.releases.flip(*args, **kwargs)
            raise Killed

    with pytest.raises(Killed):
        world.promoter(releases=DiesAfterwards()).rollback(principal="ann")

    assert world.promoter().rollback(principal="ann").phase is PromotionPhase.DONE
    assert world.deployment().release == first.digest


def test_a_rollback_does_not_wait_for_a_promotion_that_builds(
    world: World, two_encoders: TwoEncoders
) -> None:
    """The way back is open while another release is built; that promotion then ends without a switch."""
    first = world.found(two_encoders.first)
    live = world.approved(two_encoders.second)
    world.promoter().promote(live.id, principal="ann")
    building = world.approved(two_encoders.second, top_k=3)
    rolled: list[PromotionPhase] = []

    def roll_back(done: int, total: int, what: str) -> None:
        if what == "verify" and not rolled:
            rolled.append(world.promoter().rollback(principal="bob").phase)

    with pytest.raises(EpochMoved):
        world.promoter().promote(building.id, principal="ann", progress=roll_back)

    assert rolled == [PromotionPhase.DONE]
    deployment = world.deployment()
    assert (deployment.epoch, deployment.release, deployment.staged) == (3, first.digest, None)
    failed = next(ticket for ticket in world.retrain.promotions.newest() if ticket.candidate == building.id)
    assert failed.phase is PromotionPhase.FAILED


def test_a_promotion_gives_way_to_a_rollback(world: World, two_encoders: TwoEncoders) -> None:
    """While a rollback is under way, a promotion does not take the staging from it; nor does a second rollback."""
    world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    world.promoter().promote(candidate.id, principal="ann")
    other = world.approved(two_encoders.second, top_k=3)

    with world.stores.leases.hold(ROLLBACK_LEASE):
        with pytest.raises(Conflict, match="A rollback is under way"):
            world.promoter().promote(other.id, principal="ann")
        with pytest.raises(LeaseHeld):
            world.promoter().rollback(principal="ann")

    assert world.deployment().release == candidate.release


def test_a_ticket_made_beforehand_carries_the_reason(world: World, two_encoders: TwoEncoders) -> None:
    """The ticket asked for elsewhere is carried out with its reason; an outdated one is refused."""
    world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    world.promoter().promote(candidate.id, principal="ann")
    requests = world.requests()
    ticket = requests.rollback(principal="bob", reason="too slow")
    outdated = requests.rollback(principal="bob")

    done = world.promoter().rollback(principal="x", promotion_id=ticket.id)

    assert (done.id, done.phase) == (ticket.id, PromotionPhase.DONE)
    entry = world.stores.audit.newest(1)[0]
    assert (entry.principal, entry.detail["reason"]) == ("bob", "too slow")
    with pytest.raises(EpochMoved, match="no longer the previous one"):
        world.promoter().rollback(principal="x", promotion_id=outdated.id)
    assert world.retrain.promotions.get(outdated.id).phase is PromotionPhase.FAILED


def test_a_deleted_index_is_built_again_for_the_way_back(world: World, two_encoders: TwoEncoders) -> None:
    """Where the previous index was deleted, the rollback builds it, also with a service running."""
    first = world.found(two_encoders.first)
    _, _, found = world.answers()
    candidate = world.approved(two_encoders.second)
    world.promoter().promote(candidate.id, principal="ann")
    world.indexes.drop(first.index_name)

    world.promoter().rollback(principal="ann")

    assert world.answers() == (first.digest, 3, found)


def test_a_deleted_encoder_closes_the_way_back(world: World, two_encoders: TwoEncoders) -> None:
    """Without the encoder of the previous release a rollback says so at once, instead of waiting for replicas."""
    world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    world.promoter().promote(candidate.id, principal="ann")

    class Without:
        """The encoders, but for the first."""

        def __getattr__(self, name: str) -> Any:
            return getattr(world.encoders, name)

        def digests(self) -> frozenset[str]:
            digests: frozenset[str] = world.encoders.digests()
            return digests - {two_encoders.first}

    with pytest.raises(NotFound, match="was deleted"):
        world.promoter(encoders=Without()).rollback(principal="ann")
