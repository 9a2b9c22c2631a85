"""The life of a calibration: fitted once documents are there, fitted anew where they have changed much.

It is part of the release, so that the live release makes place for one that differs by its calibration alone.
"""

import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

from rag.domain import Calibration, Passage
from rag.errors import Conflict, EpochMoved, LeaseHeld, NotReady
from rag.ports import DocumentStore, Leases, ReleaseStore
from rag.questions.finding.retrieval import Pinned
from rag.questions.support.calibrating import MOST, calibrate
from rag.releases.deployed import deployed
from rag.releases.indexing import Indexing
from rag.releases.live import LiveRelease
from rag.releases.loading import Stopped
from rag.releases.renewing import check_calm, renew
from rag.releases.standing import due
from rag.releases.trials import Trial
from rag.troubles import Troubles

logger = logging.getLogger(__name__)

CALIBRATION_LEASE = "calibration"
"""Held by the replica that fits."""

_PATIENCE_S = 120.0
"""Documents that never stop changing are waited for no longer than this, in seconds."""

_AGAIN_S = 30.0
"""After a switch that was under way, or another replica at work, in seconds."""

_FAILED_S = 600.0
"""After a fit that failed, in seconds."""

_DRAWN = 2_000
"""Passages that are looked at; those of one tenant of them."""

_GIVE_WAY_S = 1.0
"""Longest wait for people's questions before each of its own, in seconds."""

_NAME = "calibrating support"


class Calibrator:
    """Keeps the live release calibrated on its documents, in a thread that gives way to people's questions."""

    def __init__(
        self,
        live: LiveRelease,
        releases: ReleaseStore,
        documents: DocumentStore,
        leases: Leases,
        indexing: Indexing,
        *,
        interval_s: float,  # between two looks at the documents
        quiet_s: float,  # for which documents must not have changed, so that an ingestion is through
        busy: Callable[[], bool] = lambda: False,  # people's questions are under way
    ) -> None:
        self._live = live
        self._releases = releases
        self._documents = documents
        self._leases = leases
        self._indexing = indexing
        self._interval_s = interval_s
        self._quiet = _Quiet(quiet_s)
        self._busy = busy
        self._troubles = Troubles()
        self._settled: tuple[str, int] | None = None  # release and change at which there was nothing to do
        self._not_before = 0.0  # monotonic seconds: the thread does not try again until then
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Look after the calibration in a thread until `stop`."""
        if not self._stopping.is_set():
            thread = threading.Thread(target=self._follow, name="calibration", daemon=True)
            thread.start()
            self._thread = thread

    def stop(self) -> None:
        """End the thread, and a fit under way after the question it is at; a second call does nothing."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def calibrate(self, *, progress: Callable[[int, int], None] = lambda *_: None) -> bool:
        """Fit the live release's calibration where that is due, and move to it; True where it did.

        Whatever fails leaves the calibration as it was and is logged. Nothing is fitted while a release is switched,
        while the index lacks changes, or while another replica fits. `progress` gets how many passages of how many were
        asked about.
        """
        moved = False
        with self._troubles.attempt(_NAME, unless=self._stopping.is_set):
            try:
                with self._live.pin() as pinned:
                    moved = self._calibrated(pinned, progress)
            except Stopped:
                pass
            except (LeaseHeld, Conflict, EpochMoved, NotReady) as error:
                logger.info("support is not calibrated now: %s", error)
                self._put_off(_AGAIN_S)
        if self._troubles.why(_NAME) is not None:
            self._put_off(_FAILED_S)
        return moved

    def _follow(self) -> None:
        while not self._stopping.wait(self._interval_s):
            with self._troubles.attempt("looking at the documents", unless=self._stopping.is_set):
                quiet = self._quiet.after(self._documents.last_change())
                if quiet and time.monotonic() >= self._not_before:
                    self.calibrate()

    def _put_off(self, seconds: float) -> None:
        self._settled = None
        self._not_before = time.monotonic() + seconds

    def _calibrated(self, pinned: Pinned, progress: Callable[[int, int], None]) -> bool:
        release, change = pinned.release, self._documents.last_change()
        if self._settled == (release.digest, change):
            return False
        reached = self._indexing.reached(pinned.index.name)
        if reached is None or reached < change:
            return False
        passages = pinned.index.count()
        reason = due(
            release.support,
            passages=passages,
            documents=self._documents.count(),
            changed=self._documents.changed(after=release.support.change) if release.support else 0,
        )
        self._settled = release.digest, change
        if not reason:
            return False
        with self._leases.hold(CALIBRATION_LEASE):
            check_calm(self._releases, self._leases)
            if deployed(self._releases).release != release.digest:
                return False  # Another replica was faster; the next poll of the deployment brings it.
            logger.info("calibrating support on %d passages, because %s", passages, reason)
            began = time.monotonic()
            support = self._fit(pinned, passages, reached, progress)
            if not support.questions:
                logger.info("support is not calibrated: no question could be made of the documents")
                return False
            made = release.calibrated(support)
            fitted = {
                "passages": passages,
                "questions": support.questions,
                "change": reached,
                "reason": reason,
            }
            deployment = renew(
                self._releases,
                self._leases,
                made,
                replaces=release,
                principal="system",
                action="calibrate",
                detail=fitted,
            )
        logger.info(
            "support is calibrated on %d passages by %d questions (%.1f s): release %s at epoch %d",
            passages,
            support.questions,
            time.monotonic() - began,
            made.digest[:16],
            deployment.epoch,
        )
        return True

    def _fit(
        self, pinned: Pinned, passages: int, change: int, progress: Callable[[int, int], None]
    ) -> Calibration:
        drawn, asked = self._drawn(), 0

        def check() -> None:
            nonlocal asked
            self._give_way()
            progress(min(asked, MOST, len(drawn)), min(MOST, len(drawn)))
            asked += 1

        tried = Trial(pinned, tenant=drawn[0].tenant if drawn else "")
        support = calibrate(
            drawn, tried.hits, encoder=pinned.encoder, total=passages, change=change, check=check
        )
        if not all(math.isfinite(each) for each in (*support.weights, support.bias)):
            raise ArithmeticError(f"the fit gave weights that are no numbers: {support}")
        return support

    def _drawn(self) -> Sequence[Passage]:
        """Return passages drawn by chance, of the tenant that has most of them: a search sees one tenant's alone."""
        drawn = self._documents.sample(_DRAWN)
        tenants = Counter(each.tenant for each in drawn)
        most = max(tenants, key=lambda tenant: (tenants[tenant], tenant), default="")
        return [each for each in drawn if each.tenant == most]

    def _give_way(self) -> None:
        """Let people's questions go first; raise Stopped where the service ends."""
        give_up = time.monotonic() + _GIVE_WAY_S
        while self._busy() and time.monotonic() < give_up and not self._stopping.wait(0.02):
            pass
        if self._stopping.is_set():
            raise Stopped


class _Quiet:
    """Tells whether documents have stopped changing for a while, or go on for too long to be waited for."""

    def __init__(self, quiet_s: float) -> None:
        self._quiet_s = quiet_s
        self._change = -1
        self._began = self._changed = 0.0  # monotonic seconds: of the changes in a row, of the last of them

    def after(self, change: int) -> bool:
        """Take in the number of the newest change; True where nothing has to be waited for."""
        now = time.monotonic()
        if change != self._change:
            if now - self._changed >= self._quiet_s:
                self._began = now
            self._change, self._changed = change, now
        return now - self._changed >= self._quiet_s or now - self._began >= _PATIENCE_S
