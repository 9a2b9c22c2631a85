"""The life of a calibration: when it is fitted, what it moves, and what it leaves alone."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from doubles.promotion_world import QUESTIONS, TENANT, TwoEncoders, World, document
from doubles.waiting import until

from rag.domain import Calibration, Document, Passage, Release
from rag.errors import LeaseHeld, Unavailable
from rag.questions.support.judging import PRIOR
from rag.releases.calibration import CALIBRATION_LEASE, Calibrator
from rag.releases.deployed import PROMOTION_LEASE, ROLLBACK_LEASE, live_release
from rag.releases.live import LiveRelease
from rag.releases.standing import FEWEST, due

FITTED = replace(PRIOR, bias=-3.0, passages=100, questions=60, change=7)


def calibrator(world: World, live: LiveRelease, **changed: Any) -> Calibrator:
    """Return a calibrator over the world, which waits for nothing."""
    parts: dict[str, Any] = {
        "releases": world.stores.releases,
        "documents": world.stores.documents,
        "leases": world.stores.leases,
        "indexing": world.indexing,
        "interval_s": 0.02,
        "quiet_s": 0.0,
    } | changed
    return Calibrator(live, **parts)


def calibrate(world: World) -> bool:
    """Calibrate as a process does that asks once."""
    with world.serving() as live:
        return calibrator(world, live).calibrate()


def live_now(world: World) -> Release:
    """Return the live release."""
    return live_release(world.stores.releases)


def numbers(first: int, count: int) -> list[Document]:
    """Return so many documents."""
    return [document(number) for number in range(first, first + count)]


@pytest.mark.parametrize(
    ("calibration", "passages", "documents", "changed", "is_due"),
    [
        (None, FEWEST - 1, 5, 0, False),
        (None, FEWEST, 5, 0, True),
        (FITTED, 100, 50, 9, False),
        (FITTED, 100, 50, 10, True),
        (FITTED, 119, 50, 0, False),
        (FITTED, 120, 50, 0, True),
        (FITTED, 80, 50, 0, True),
        (FITTED, FEWEST - 1, 5, 5, False),
        (replace(FITTED, passages=0), FEWEST, 5, 0, True),
        (replace(FITTED, signs=("mood",), weights=(1.0,)), 100, 50, 0, True),
    ],
)
def test_when_it_is_due(
    calibration: Calibration | None, passages: int, documents: int, changed: int, is_due: bool
) -> None:
    """Never fitted, by other signs, or a fifth of passages or documents changed; a handful of passages is nothing."""
    assert is_due is bool(due(calibration, passages=passages, documents=documents, changed=changed))


def test_the_first_fit(world: World, two_encoders: TwoEncoders) -> None:
    """The live release makes place for one over the same index: same answers, no way back, in the audit trail."""
    first = world.found(two_encoders.first)
    before = world.answers()

    assert calibrate(world)

    live, deployment = live_now(world), world.deployment()
    assert live.support is not None
    assert (live.support.passages, live.support.change) == (40, world.stores.documents.last_change())
    assert live.support.questions > 0
    assert (deployment.epoch, deployment.previous, deployment.staged) == (2, None, None)
    assert live.index_name == first.index_name
    assert live.is_as(first)
    assert world.indexes.names() == {first.index_name}
    assert world.answers()[2] == before[2]
    entry = world.stores.audit.newest(1)[0]
    assert (entry.principal, entry.action, entry.subject) == ("system", "calibrate", live.digest)
    assert entry.detail["replaces"] == first.digest
    assert (entry.detail["passages"], entry.detail["reason"]) == (40, "it was never fitted")


def test_a_handful_of_documents_is_left_alone(world: World, two_encoders: TwoEncoders) -> None:
    """Below the bound the release stays what it was."""
    first = world.found(two_encoders.first, documents=FEWEST - 1)

    assert not calibrate(world)
    assert (world.deployment().epoch, world.deployment().release) == (1, first.digest)


def test_once_is_enough(world: World, two_encoders: TwoEncoders) -> None:
    """Without changes, and with a few, nothing is fitted again; one document that changes often is one."""
    world.found(two_encoders.first)
    assert calibrate(world)
    assert not calibrate(world)
    for edition in range(12):
        world.put(document(1, edition=f"edition {edition}"))
    assert not calibrate(world)
    assert world.deployment().epoch == 2


@pytest.mark.parametrize("change", ["added", "edited", "deleted"])
def test_it_is_fitted_anew_where_the_documents_have_changed_much(
    world: World, two_encoders: TwoEncoders, change: str
) -> None:
    """A fifth of them, whatever became of it; each fit is of its own documents."""
    world.found(two_encoders.first)
    calibrate(world)
    fitted = live_now(world)
    if change == "added":
        world.put(*numbers(40, 8))
    elif change == "edited":
        world.put(*(document(number, edition="second") for number in range(8)))
    else:
        world.delete(*numbers(0, 8))

    assert calibrate(world)

    live = live_now(world)
    assert live.support is not None
    assert live.support.passages == {"added": 48, "edited": 40, "deleted": 32}[change]
    assert live.support.change == world.stores.documents.last_change()
    assert (live.index_name, live.is_as(fitted)) == (fitted.index_name, True)
    assert world.deployment().epoch == 3


def test_the_way_back_stays(world: World, two_encoders: TwoEncoders) -> None:
    """A calibration is no switch: the previous release, and for how long it is kept, are as before; it goes back."""
    first = world.found(two_encoders.first)
    calibrate(world)
    calibrated = live_now(world)
    world.promoter().promote(world.approved(two_encoders.second).id, principal="ann")
    switched = world.deployment()

    assert calibrate(world)

    after = world.deployment()
    assert (after.previous, after.changed_at) == (calibrated.digest, switched.changed_at)
    world.promoter().rollback(principal="ann")
    assert live_now(world) == calibrated
    assert calibrated.index_name == first.index_name


def test_a_release_gone_back_to_is_fitted_where_its_calibration_is_old(
    world: World, two_encoders: TwoEncoders
) -> None:
    """And the way forward stays what it was."""
    first = world.found(two_encoders.first)
    world.promoter().promote(world.approved(two_encoders.second).id, principal="ann")
    calibrate(world)
    forward = live_now(world)
    world.promoter().rollback(principal="ann")

    assert calibrate(world)

    live = live_now(world)
    assert live.is_as(first)
    assert live.support is not None
    assert world.deployment().previous == forward.digest


def test_a_staged_release_is_not_disturbed(world: World, two_encoders: TwoEncoders) -> None:
    """While replicas load what will be switched to, the epoch stays."""
    first = world.found(two_encoders.first)
    other = world.release(two_encoders.second)
    world.stores.releases.stage(other.digest, expected_epoch=1)

    assert not calibrate(world)

    deployment = world.deployment()
    assert (deployment.epoch, deployment.release, deployment.staged) == (1, first.digest, other.digest)
    world.stores.releases.stage(None, expected_epoch=1)
    assert calibrate(world)


@pytest.mark.parametrize("lease", [PROMOTION_LEASE, ROLLBACK_LEASE, CALIBRATION_LEASE])
def test_others_at_work_are_not_disturbed(world: World, two_encoders: TwoEncoders, lease: str) -> None:
    """A promotion counts on the epoch it began with, a rollback too; another replica that fits is enough."""
    world.found(two_encoders.first)
    with world.stores.leases.hold(lease):
        assert not calibrate(world)
    assert world.deployment().epoch == 1


def test_a_promotion_that_begins_during_the_fit_goes_first(world: World, two_encoders: TwoEncoders) -> None:
    """The fit is thrown away; nobody is switched under the promotion's hands."""
    world.found(two_encoders.first)
    candidate = world.approved(two_encoders.second)
    promoted: list[bool] = []

    def promote(_done: int, _total: int) -> None:
        if not promoted:
            promoted.append(True)
            world.promoter().promote(candidate.id, principal="ann")

    with world.serving() as live:
        assert not calibrator(world, live).calibrate(progress=promote)

    assert (world.deployment().epoch, world.deployment().release) == (2, candidate.release)


def test_two_at_once_fit_once(world: World, two_encoders: TwoEncoders) -> None:
    """Of two that find it due, one moves the release, and the other one takes it up."""
    world.found(two_encoders.first)
    together = threading.Barrier(2)

    with world.serving() as live:

        def run(_: int) -> bool:
            mine = calibrator(world, live)
            together.wait()
            return mine.calibrate()

        with ThreadPoolExecutor(2) as pool:
            moved = list(pool.map(run, range(2)))

    assert sorted(moved) == [False, True]
    assert world.deployment().epoch == 2


def test_killed_before_the_move_it_is_done_again(world: World, two_encoders: TwoEncoders) -> None:
    """Nothing has happened until all of it has."""
    first = world.found(two_encoders.first)

    class Killed(BaseException):
        pass

    class Dies:
        def __getattr__(self, name: str) -> Any:
            return getattr(world.stores.releases, name)

        def renew(self, *_: Any, **__: Any) -> None:
            raise Killed

    with world.serving() as live, pytest.raises(Killed):
        calibrator(world, live, releases=Dies()).calibrate()

    assert (world.deployment().epoch, world.deployment().release) == (1, first.digest)
    assert calibrate(world)


@pytest.mark.parametrize("trouble", ["index", "encoder", "numbers"])
def test_a_fit_that_fails_changes_nothing_and_says_why(
    world: World,
    two_encoders: TwoEncoders,
    trouble: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Questions are answered as before; the reason is logged."""
    world.found(two_encoders.first)
    with world.serving() as live:
        mine = calibrator(world, live)
        if trouble == "numbers":
            broken = replace(FITTED, bias=float("nan"))
            monkeypatch.setattr("rag.releases.calibration.calibrate", lambda *_, **__: broken)
        else:
            with live.pin() as pinned:
                part, name = (
                    (pinned.index, "search") if trouble == "index" else (pinned.encoder, "encode_queries")
                )

            def away(*_: Any, **__: Any) -> None:
                raise Unavailable("it is away")

            monkeypatch.setattr(part, name, away)
        assert not mine.calibrate()
        monkeypatch.undo()
        assert world.ask(live, QUESTIONS[0])[1] == 1
        said = {"numbers": "no numbers"}.get(trouble, "it is away")
        assert [record.levelname for record in caplog.records if said in record.message] == ["WARNING"]
        assert mine.calibrate()


def test_documents_without_anything_to_ask(world: World, two_encoders: TwoEncoders) -> None:
    """Texts of which no question can be made leave the prior calibration in place."""
    first = world.found(two_encoders.first, documents=0)
    for number in range(FEWEST):
        blank = Document.create(uri=f"file:///scan/{number}", title="", text=f" {number}")
        world.stores.documents.put(blank, [Passage.create(blank, 0, " ")], "c")

    assert not calibrate(world)

    assert (world.deployment().epoch, world.deployment().release) == (1, first.digest)


def test_the_thread_waits_until_an_ingestion_is_through(world: World, two_encoders: TwoEncoders) -> None:
    """While documents keep coming nothing is fitted; then once, on all of them, and the service takes it up."""
    world.found(two_encoders.first)
    with world.serving("replica") as live:
        mine = calibrator(world, live, quiet_s=0.5)
        mine.start()
        try:
            for number in range(40, 60):
                world.put(document(number))
                time.sleep(0.05)
                assert world.deployment().epoch == 1
            until(lambda: world.deployment().epoch == 2)
            until(lambda: world.ask(live, QUESTIONS[0])[1] == 2)
        finally:
            mine.stop()
    support = live_now(world).support
    assert support is not None
    assert support.passages == 60


def test_it_ends_at_once_when_the_service_does(world: World, two_encoders: TwoEncoders) -> None:
    """A fit under way stops at its next question, and moves nothing."""
    world.found(two_encoders.first)
    begun = threading.Event()

    def busy() -> bool:
        begun.set()
        return True

    with world.serving("replica") as live:
        mine = calibrator(world, live, busy=busy)
        mine.start()
        assert begun.wait(20)
        mine.stop()
    assert world.deployment().epoch == 1


def test_passages_of_one_tenant_are_asked_about(world: World, two_encoders: TwoEncoders) -> None:
    """A search sees one tenant's passages: those of the tenant with most are drawn, wherever the service is at home."""
    world.found(two_encoders.first, documents=5)
    for number in range(30):
        other = Document.create(
            uri=f"file:///b/{number}",
            title=f"Rule {number}",
            text=f"Rule {number} is kept in room {number}.",
            tenant="b",
        )
        world.stores.documents.put(other, [Passage.create(other, 0, other.text)], "c")
    asked: list[str] = []

    with world.serving() as live:
        with live.pin() as pinned:
            search: Callable[..., Any] = pinned.index.search

            def noting(*args: Any, tenant: str, **more: Any) -> Any:
                asked.append(tenant)
                return search(*args, tenant=tenant, **more)

            pinned.index.search = noting  # type: ignore[method-assign]
        assert calibrator(world, live).calibrate()

    assert set(asked) == {"b"}
    assert TENANT != "b"


def test_the_lease_is_free_afterwards(world: World, two_encoders: TwoEncoders) -> None:
    """Whatever came of it, the next one can work."""
    world.found(two_encoders.first)
    calibrate(world)
    for lease in (PROMOTION_LEASE, ROLLBACK_LEASE, CALIBRATION_LEASE):
        try:
            with world.stores.leases.hold(lease):
                pass
        except LeaseHeld:
            pytest.fail(f"{lease} is held")
