"""An approved candidate becomes what serves: always whole, or not at all."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from doubles import promotion_world
from doubles.promotion_world import TwoEncoders, World
from doubles.waiting import until

from rag.domain import Release, Replica, new_id, utcnow
from rag.errors import ApprovalInvalid, Conflict, EpochMoved, LeaseHeld, NotReady, VerificationFailed
from retrain.domain import CandidateStatus, Promotion, PromotionKind, PromotionPhase
from retrain.promotion.building import IndexBuilder


class Killed(BaseException):
    """Stands for the process's end: nobody catches it."""


class KillAt:
    """A progress callback that ends the runner when it sees a phase for the first time."""

    def __init__(self, phase: PromotionPhase, *, done: int = 0) -> None:
        self.phase = phase
        self.done = done
        self.seen: list[str] = []

    def __call__(self, done: int, total: int, what: str) -> None:
        """Hear of progress."""
        self.seen.append(what)
        if what == self.phase.value and done >= self.done:
            raise Killed


def index_ids(world: World, release: str) -> frozenset[str]:
    """Return the passage ids in a release's index."""
    index = world.indexes.open(world.stores.releases.get(release))
    try:
        ids: frozenset[str] = index.ids()
        return ids
    finally:
        index.close()


def assert_unswitched(world: World, live: str) -> None:
    """Check that nothing changed: the same release at the same epoch, and nothing staged."""
    deployment = world.deployment()
    assert (deployment.epoch, deployment.release, deployment.staged) == (1, live, None)


def test_without_a_service(world: World, two_encoders: TwoEncoders) -> None:
    """With nobody serving, the index is built, verified and switched to, and everything is written down."""
    first = world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    before = world.answers()
    seen: list[tuple[int, int, str]] = []

    done = world.promoter().promote(candidate.id, principal="ann", progress=lambda *args: seen.append(args))

    assert done.phase is PromotionPhase.DONE
    assert (done.kind, done.release, done.done, done.total) == (
        PromotionKind.PROMOTE,
        candidate.release,
        40,
        40,
    )
    assert world.retrain.promotions.get(done.id) == done
    deployment = world.deployment()
    assert (deployment.epoch, deployment.release, deployment.previous, deployment.staged) == (
        2,
        candidate.release,
        first.digest,
        None,
    )
    assert world.retrain.candidates.get(candidate.id).status is CandidateStatus.PROMOTED
    approval = world.retrain.approvals.newest_for(candidate.id)
    assert approval is not None
    assert approval.used_at is not None
    entry = world.stores.audit.newest(1)[0]
    assert (entry.principal, entry.action, entry.subject) == ("ann", "promote", candidate.release)
    assert entry.detail["approval"] == approval.id
    phases = list(dict.fromkeys(what for _, _, what in seen))
    assert phases == ["backfill", "catch_up", "verify", "preload", "flip", "done"]
    release, epoch, found = world.answers()
    assert (release, epoch) == (candidate.release, 2)
    assert found != before[2]


def test_with_a_service_no_question_fails(world: World, two_encoders: TwoEncoders) -> None:
    """While questions keep coming, each is answered whole by the old or the new release, and none fails."""
    first = world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    expected = {1: first.digest, 2: candidate.release}
    answered: list[tuple[str, int, list[str]]] = []
    stop = threading.Event()
    question = promotion_world.QUESTIONS[0]

    with world.serving("replica") as live:

        def keep_asking() -> None:
            while not stop.is_set():
                answered.append(world.ask(live, question))

        asker = threading.Thread(target=keep_asking)
        asker.start()
        try:
            world.promoter().promote(candidate.id, principal="ann")
            until(lambda: answered[-1][1] == 2)
        finally:
            stop.set()
            asker.join()

    epochs = [epoch for _, epoch, _ in answered]
    assert set(epochs) == {1, 2}
    assert epochs == sorted(epochs)
    assert all(expected[epoch] == release for release, epoch, _ in answered)
    assert len({(epoch, tuple(ids)) for _, epoch, ids in answered}) == 2


def test_with_a_service_in_another_process(world: World, two_encoders: TwoEncoders) -> None:
    """Folders change hands between processes: the builder lets go, the service opens, and answers with it."""
    world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    service = subprocess.Popen(
        [sys.executable, str(promotion_world.__file__), str(world.home), str(two_encoders.root), "replica"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[4],
    )
    assert service.stdin is not None
    assert service.stdout is not None
    try:
        assert service.stdout.readline() == "ready\n"
        world.promoter().promote(candidate.id, principal="ann")
        give_up = time.monotonic() + 60
        answer = ""
        while not answer.startswith(f'["{candidate.release}", 2'):
            assert time.monotonic() < give_up, answer
            service.stdin.write(promotion_world.QUESTIONS[0] + "\n")
            service.stdin.flush()
            answer = service.stdout.readline()
        # Back, with the same service: it holds both folders, and the builder must open neither.
        rolled = world.promoter().rollback(principal="ann", reason="trying")
        assert rolled.phase is PromotionPhase.DONE
    finally:
        service.stdin.close()
        service.wait(timeout=60)
        service.stdout.close()
    assert world.deployment().epoch == 3


@pytest.mark.parametrize("phase", [phase for phase in PromotionPhase if phase is not PromotionPhase.FAILED])
@pytest.mark.parametrize("served", [False, True])
def test_killed_anywhere_the_next_call_ends_right(
    world: World, two_encoders: TwoEncoders, phase: PromotionPhase, served: bool
) -> None:
    """Whichever phase the runner dies in, calling again goes on under the same ticket and switches once."""
    first = world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    promoter = world.promoter()

    def promote_twice() -> None:
        with pytest.raises(Killed):
            promoter.promote(candidate.id, principal="ann", progress=KillAt(phase))
        ticket = world.retrain.promotions.newest(1)[0]
        assert ticket.phase is phase
        if phase is PromotionPhase.DONE:
            with pytest.raises(Conflict, match="live already"):
                promoter.promote(candidate.id, principal="ann")
            return
        done = promoter.promote(candidate.id, principal="ann")
        assert (done.id, done.phase) == (ticket.id, PromotionPhase.DONE)

    if served:
        with world.serving("replica"):
            promote_twice()
    else:
        promote_twice()

    deployment = world.deployment()
    assert (deployment.epoch, deployment.release, deployment.previous) == (2, candidate.release, first.digest)
    assert index_ids(world, candidate.release) == world.stores.documents.passage_ids()
    assert world.retrain.candidates.get(candidate.id).status is CandidateStatus.PROMOTED


def test_killed_between_the_switch_and_its_notes(world: World, two_encoders: TwoEncoders) -> None:
    """Where only the bookkeeping after the switch is missing, the next call does it and does not switch again."""
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
        world.promoter(releases=DiesAfterwards()).promote(candidate.id, principal="ann")
    assert world.retrain.candidates.get(candidate.id).status is CandidateStatus.APPROVED

    done = world.promoter().promote(candidate.id, principal="ann")

    assert done.phase is PromotionPhase.DONE
    assert world.retrain.candidates.get(candidate.id).status is CandidateStatus.PROMOTED
    assert world.deployment().epoch == 2


def test_a_process_that_really_dies(world: World, two_encoders: TwoEncoders) -> None:
    """After a process was ended in the middle of its backfill, lease and folder come free and the work goes on."""
    world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    script = (
        "import os, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); import promotion_world as w\n"
        "from rag.adapters.models.encoders import EncoderFolder\n"
        "world = w.World(home=Path(sys.argv[2]), encoders=EncoderFolder(Path(sys.argv[3])))\n"
        "die = lambda done, total, what: os._exit(9) if what == 'verify' else None\n"
        "world.promoter().promote(sys.argv[4], principal='ann', progress=die)\n"
    )
    folder = str(Path(promotion_world.__file__ or "").parent)
    ended = subprocess.run(
        [sys.executable, "-c", script, folder, str(world.home), str(two_encoders.root), candidate.id],
        cwd=Path(__file__).parents[4],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[4])},
        check=False,
    )
    assert ended.returncode == 9
    assert world.retrain.promotions.newest(1)[0].phase is PromotionPhase.VERIFY

    give_up = time.monotonic() + 60
    while True:
        try:
            world.promoter().promote(candidate.id, principal="ann")
            break
        except LeaseHeld:
            assert time.monotonic() < give_up
            time.sleep(0.2)

    assert world.deployment().release == candidate.release


def test_documents_that_change_meanwhile(world: World, two_encoders: TwoEncoders) -> None:
    """Edits, deletions and additions during the backfill are in the new index when it is switched to."""
    world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    changed: set[str] = set()

    def change(done: int, total: int, what: str) -> None:
        if what in changed:
            return
        changed.add(what)
        step = len(changed)
        world.put(
            promotion_world.document(step, edition=f"second-{what}"), promotion_world.document(100 + step)
        )
        world.delete(promotion_world.document(20 + step))

    world.promoter().promote(candidate.id, principal="ann", progress=change)

    assert {"backfill", "catch_up", "verify"} <= changed
    with world.serving() as live:
        live.poll()
    assert index_ids(world, candidate.release) == world.stores.documents.passage_ids()


def test_a_ticket_made_beforehand_is_worked_on(world: World, two_encoders: TwoEncoders) -> None:
    """A ticket asked for elsewhere is the one that is carried out, in the name of who asked; asking twice gives it."""
    world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    requests = world.requests()
    ticket = requests.promote(candidate.id, principal="bob")
    assert (ticket.phase, ticket.done, ticket.principal) == (PromotionPhase.BACKFILL, 0, "bob")
    assert requests.promote(candidate.id, principal="bob") == ticket

    done = world.promoter().promote(candidate.id, principal="whoever", promotion_id=ticket.id)

    assert (done.id, done.phase) == (ticket.id, PromotionPhase.DONE)
    assert world.stores.audit.newest(1)[0].principal == "bob"
    assert world.promoter().promote(candidate.id, principal="x", promotion_id=ticket.id) == done


def test_what_is_live_is_not_promoted_again(world: World, two_encoders: TwoEncoders) -> None:
    """Promoting the live release is a conflict that says so."""
    world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    world.promoter().promote(candidate.id, principal="ann")

    with pytest.raises(Conflict, match="live already"):
        world.promoter().promote(candidate.id, principal="ann")


def test_what_is_live_is_not_approved_again(world: World, two_encoders: TwoEncoders) -> None:
    """The candidate stays promoted as long as its release is live; after a rollback it may be approved anew."""
    world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    world.promoter().promote(candidate.id, principal="ann")

    with pytest.raises(Conflict, match="live already"):
        world.approver().approve(candidate.id, principal="ann")
    assert world.retrain.candidates.get(candidate.id).status is CandidateStatus.PROMOTED

    world.promoter().rollback(principal="ann")
    world.approver().approve(candidate.id, principal="ann")
    assert world.retrain.candidates.get(candidate.id).status is CandidateStatus.APPROVED


def test_without_a_valid_approval_nothing_is_built(world: World, two_encoders: TwoEncoders) -> None:
    """None, rejected, expired, tampered with, or somebody else's: refused before any work, and nothing changes."""
    first = world.found(two_encoders.first)
    promoter = world.promoter()
    names = world.indexes.names()

    plain = world.candidate(two_encoders.second)
    with pytest.raises(ApprovalInvalid, match="has not been approved"):
        promoter.promote(plain.id, principal="ann")
    world.approver().reject(plain.id, principal="ann")
    with pytest.raises(ApprovalInvalid, match="was rejected"):
        promoter.promote(plain.id, principal="ann")
    world.approver(ttl_h=0.0).approve(plain.id, principal="ann")
    with pytest.raises(ApprovalInvalid, match="expired"):
        promoter.promote(plain.id, principal="ann")
    given = world.approver().approve(plain.id, principal="ann")
    with pytest.raises(ApprovalInvalid, match="signature"):
        world.promoter(key=b"x" * 32).promote(plain.id, principal="ann")
    other = world.candidate(two_encoders.second)
    world.retrain.approvals.add(replace(given, id="copied", candidate=other.id))
    with pytest.raises(ApprovalInvalid, match="signature"):
        promoter.promote(other.id, principal="ann")

    assert world.indexes.names() == names
    assert_unswitched(world, first.digest)


def test_an_approval_withdrawn_during_the_build_stops_the_switch(
    world: World, two_encoders: TwoEncoders
) -> None:
    """The approval is asked for again at the switch; the staging is withdrawn and the ticket says why."""
    first = world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)

    def withdraw(done: int, total: int, what: str) -> None:
        if what == "flip":
            world.approver().reject(candidate.id, principal="bob")

    with pytest.raises(ApprovalInvalid, match="rejected by bob"):
        world.promoter().promote(candidate.id, principal="ann", progress=withdraw)

    assert_unswitched(world, first.digest)
    ticket = world.retrain.promotions.newest(1)[0]
    assert (ticket.phase, "rejected by bob" in ticket.message) == (PromotionPhase.FAILED, True)
    entry = world.stores.audit.newest(1)[0]
    assert (entry.action, entry.detail["promotion"]) == ("promote-failed", ticket.id)


def test_an_open_ticket_is_found_behind_many_that_ended(world: World, two_encoders: TwoEncoders) -> None:
    """A promotion that was asked for is gone on with, and one that was killed is ended, however many came since."""
    world.found(two_encoders.first)
    candidate, other = world.approved(two_encoders.second), world.approved(two_encoders.second)
    waiting = world.requests().promote(candidate.id, principal="bob")
    killed = world.requests().promote(other.id, principal="bob")
    world.retrain.promotions.put(replace(killed, updated_at=killed.started_at + timedelta(seconds=1)))
    back = Promotion(
        id=new_id(),
        kind=PromotionKind.ROLLBACK,
        release=candidate.incumbent,
        candidate=None,
        principal="bob",
        phase=PromotionPhase.PRELOAD,
        updated_at=utcnow(),
    )
    world.retrain.promotions.put(back)
    for minutes in range(1, 26):
        later = back.started_at + timedelta(minutes=minutes)
        world.retrain.promotions.put(
            replace(back, id=new_id(), phase=PromotionPhase.FAILED, started_at=later, updated_at=later)
        )

    requests = world.requests()
    assert requests.open_promotion(candidate) == waiting
    assert requests.open_rollback() == back
    assert requests.promote(candidate.id, principal="ann") == waiting
    requests.fail_abandoned(waiting)
    assert world.retrain.promotions.get(killed.id).phase is PromotionPhase.FAILED


def test_only_one_runner_at_a_time(world: World, two_encoders: TwoEncoders) -> None:
    """A second runner is refused while the first one works, and a ticket nobody began is ended with the reason."""
    world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    other = world.approved(two_encoders.second)
    requests = world.requests()
    waiting = requests.promote(other.id, principal="bob")
    refused: list[str] = []

    def second(done: int, total: int, what: str) -> None:
        if what == "verify" and not refused:
            running = requests.open_promotion(candidate)
            assert running is not None
            for ticket in (waiting, running):
                assert ticket.candidate is not None
                with pytest.raises(LeaseHeld):
                    world.promoter().promote(ticket.candidate, principal="bob", promotion_id=ticket.id)
                refused.append(ticket.id)

    done = world.promoter().promote(candidate.id, principal="ann", progress=second)

    assert refused == [waiting.id, done.id]
    assert world.retrain.promotions.get(waiting.id).phase is PromotionPhase.FAILED
    assert world.retrain.promotions.get(done.id).phase is PromotionPhase.DONE
    assert world.deployment().epoch == 2


def test_a_ticket_counts_as_begun_before_its_models_are_loaded(
    world: World, two_encoders: TwoEncoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second runner of the same ticket, seconds later, is refused and leaves the ticket as it is."""
    world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    ticket = world.requests().promote(candidate.id, principal="bob")
    load = IndexBuilder.need_encoder

    def meanwhile(builder: IndexBuilder, release: Release) -> None:
        with pytest.raises(LeaseHeld):
            world.promoter().promote(candidate.id, principal="bob", promotion_id=ticket.id)
        assert world.retrain.promotions.get(ticket.id).phase is PromotionPhase.BACKFILL
        load(builder, release)

    monkeypatch.setattr(IndexBuilder, "need_encoder", meanwhile)
    done = world.promoter().promote(candidate.id, principal="bob", promotion_id=ticket.id)

    assert (done.id, done.phase) == (ticket.id, PromotionPhase.DONE)


def test_a_tampered_index_is_not_switched_to(world: World, two_encoders: TwoEncoders) -> None:
    """Wrong vectors are found, nothing is switched, the index stays for a look, and the next try makes it anew."""
    first = world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    release = world.stores.releases.get(candidate.release)

    class Tampering:
        """Indexing that is tampered with right before the verification."""

        def __getattr__(self, name: str) -> Any:
            return getattr(world.indexing, name)

        def verify(self, release: Any, encoder: Any, index: Any, **kwargs: Any) -> Any:
            passages = list(world.stores.documents.passages(index.ids()).values())
            wrong = np.random.default_rng(1).normal(size=(len(passages), release.dimension))
            index.upsert(passages, (wrong / np.linalg.norm(wrong, axis=1, keepdims=True)).astype(np.float32))
            return world.indexing.verify(release, encoder, index, **kwargs)

    with pytest.raises(VerificationFailed, match="was not switched to"):
        world.promoter(indexing=Tampering()).promote(candidate.id, principal="ann")

    assert_unswitched(world, first.digest)
    assert release.index_name in world.indexes.names()
    assert world.retrain.promotions.newest(1)[0].phase is PromotionPhase.FAILED
    assert world.retrain.candidates.get(candidate.id).status is CandidateStatus.APPROVED

    world.promoter().promote(candidate.id, principal="ann")
    assert world.deployment().release == candidate.release


def test_a_replica_that_never_gets_ready_stops_the_switch(world: World, two_encoders: TwoEncoders) -> None:
    """Where a live replica does not load the release in time, the staging is withdrawn and it is named."""
    first = world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    stop = threading.Event()

    def stuck() -> None:
        while not stop.is_set():
            beat = Replica(id="stuck-one", heartbeat_at=utcnow(), epoch=1, ready=frozenset({first.digest}))
            world.stores.replicas.beat(beat)
            stop.wait(0.05)

    replica = threading.Thread(target=stuck)
    replica.start()
    try:
        until(lambda: world.stores.replicas.alive(since=utcnow() - timedelta(minutes=1)))
        with pytest.raises(NotReady, match=r"1 of 1 replicas .* stuck-one"):
            world.promoter(preload_timeout_s=0.5).promote(candidate.id, principal="ann")
    finally:
        stop.set()
        replica.join()

    assert_unswitched(world, first.digest)
    assert "stuck-one" in world.retrain.promotions.newest(1)[0].message


def test_a_replica_that_leaves_meanwhile_stops_counting(world: World, two_encoders: TwoEncoders) -> None:
    """A replica that ends while the switch waits for it does not hold it up."""
    world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    world.stores.replicas.beat(Replica(id="going", heartbeat_at=utcnow(), epoch=1, ready=frozenset()))
    leaving = threading.Timer(1.0, world.stores.replicas.leave, ["going"])

    def leave(done: int, total: int, what: str) -> None:
        if what == "preload":
            leaving.start()

    done = world.promoter().promote(candidate.id, principal="ann", progress=leave)

    leaving.join()
    assert done.phase is PromotionPhase.DONE


def test_a_staging_taken_away_stops_this_switch(world: World, two_encoders: TwoEncoders) -> None:
    """Where something else was staged in the last moment, the switch does not happen and leaves that staging be."""
    first = world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    other = world.candidate(two_encoders.second, top_k=3)

    def take(done: int, total: int, what: str) -> None:
        if what == "flip":
            world.stores.releases.stage(other.release, expected_epoch=1)

    with pytest.raises(EpochMoved):
        world.promoter().promote(candidate.id, principal="ann", progress=take)

    deployment = world.deployment()
    assert (deployment.epoch, deployment.release, deployment.staged) == (1, first.digest, other.release)
