"""The live release: load it, pin it for each question, switch it."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from rag.domain import Deployment, Replica, utcnow
from rag.errors import IndexLocked, NotReady
from rag.ports import ReleaseStore, ReplicaStore
from rag.questions.finding.retrieval import Pinned
from rag.releases.deployed import deployed
from rag.releases.indexing import Indexing
from rag.releases.loading import Loader, OpenRelease, Stopped
from rag.troubles import Troubles

logger = logging.getLogger(__name__)

_HEARTBEAT_S = 2.0
"""Longest pause between two heartbeats that say the same, seconds."""

_ALIVE = timedelta(seconds=20)
"""A replica whose heartbeat is older is no service any more."""

_PATIENCE_S = 120.0
"""How long a start waits for an index that a command has open, seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One thing the service needs, and whether it is there."""

    name: str  # "model", "index" or "sql"
    ready: bool
    detail: str


class LiveRelease:
    """Holds the live release, and follows the deployment and the documents in a background thread.

    One thread loads, applies changes and closes; another one only says that this process lives, so that it is not
    given up while the first embeds a thousand new documents. Requests only pin. A switch replaces one reference: new
    questions get the new release, those under way keep theirs, and an old one is closed by a later poll,
    once nobody has it pinned and it is neither live, nor kept for a rollback, nor staged.
    """

    def __init__(
        self,
        releases: ReleaseStore,
        replicas: ReplicaStore,
        loader: Loader,
        indexing: Indexing,
        *,
        replica_id: str,  # this process's name among the replicas
        poll_interval_s: float,  # between two polls of the deployment and the change log
        rollback_window_h: float,  # hours for which the previous release stays loaded
    ) -> None:
        self._releases = releases
        self._replicas = replicas
        self._loader = loader
        self._indexing = indexing
        self._replica_id = replica_id
        self._poll_interval_s = poll_interval_s
        self._rollback_window = timedelta(hours=rollback_window_h)

        self._lock = threading.Lock()  # guards _current, _loaded, the pins, and the start of the threads
        self._current: tuple[int, OpenRelease] | None = None  # epoch and release that new questions get
        self._loaded: dict[str, OpenRelease] = {}
        self._applied = threading.Condition()
        self._polls_begun = self._polls_applied = 0
        self._troubles = Troubles()
        self._beaten: tuple[float, int, frozenset[str]] = (float("-inf"), 0, frozenset())
        self._nudge = threading.Event()
        self._stopping = threading.Event()
        self._beating = threading.Lock()  # one heartbeat at a time
        self._threads: tuple[threading.Thread, ...] = ()

    def start(self, *, background: bool = True) -> None:
        """Load the live release and bring its index up to date; then follow in a background thread.

        Without `background` nothing is followed and no heartbeat is written: for a single question asked
        from the command line, which must not count as a replica. Called once more it takes up what is live then.

        Raises:
            NotReady: there is no deployment yet.
            IndexLocked: another process has the index open.
            WhetstoneError: encoder, index or database failed in another way.
        """
        deployment = deployed(self._releases)
        try:
            if background:
                self._load_once_free(deployment.release)
            else:
                self._load(deployment.release, create=True)
        except Stopped:
            return
        self._switch(deployment)
        with self._lock:  # a `stop` meanwhile finds threads that can be joined, or prevents them
            if background and not self._stopping.is_set():
                self._threads = (
                    threading.Thread(target=self._follow, name="live-release", daemon=True),
                    threading.Thread(target=self._pulse, name="heartbeat", daemon=True),
                )
                for thread in self._threads:
                    thread.start()

    def _load_once_free(self, digest: str) -> None:
        """Load a release; an index that is in use, and by no service, is waited for: a drift check lets go of it."""
        give_up, told = time.monotonic() + _PATIENCE_S, False
        while True:
            try:
                self._load(digest, create=True)
                return
            except IndexLocked as error:
                served = self._replicas.alive(since=utcnow() - _ALIVE)
                if self._stopping.is_set():
                    raise Stopped from error
                if served or time.monotonic() > give_up:
                    raise
                if not told:
                    logger.info("%s Waiting for it, as no other service is alive.", error)
                told = True
                self._stopping.wait(self._poll_interval_s)

    def stop(self) -> None:
        """End the thread, close everything and leave the replica table; a second call does nothing."""
        self._stopping.set()
        self._loader.stop()
        self._nudge.set()
        with self._lock:
            threads = self._threads
        if threads:
            for thread in threads:
                thread.join()
            self._threads = ()
            with self._troubles.attempt("leaving the replica table"):
                self._replicas.leave(self._replica_id)
        with self._lock:
            loaded, self._loaded, self._current = self._loaded, {}, None
        # Those that share an index close it twice, which does nothing.
        for each in loaded.values():
            each.index.close()

    @contextmanager
    def pin(self) -> Iterator[Pinned]:
        """Yield what a question is answered with, and keep it open while in the context.

        Raises:
            NotReady: nothing is loaded yet.
        """
        with self._lock:
            if self._current is None:
                raise NotReady("The service is still loading its release; try again in a moment.")
            epoch, loaded = self._current
            loaded.pins += 1
        try:
            yield loaded.pinned(epoch)
        finally:
            with self._lock:
                loaded.pins -= 1

    def status(self) -> tuple[Part, ...]:
        """Tell whether model, index and SQL are there, as of the last poll."""
        with self._lock:
            current = self._current
        if current is None:
            model = Part(name="model", ready=False, detail="not loaded yet")
            index = Part(name="index", ready=False, detail="not opened yet")
        else:
            epoch, loaded = current
            model = Part(name="model", ready=True, detail=f"encoder {loaded.encoder.digest}, epoch {epoch}")
            trouble = self._troubles.why(_applying(loaded.release.digest))
            index = Part(name="index", ready=trouble is None, detail=trouble or loaded.index.name)
        trouble = self._troubles.why("reading the deployment")
        return model, index, Part(name="sql", ready=trouble is None, detail=trouble or "answers")

    def wait_caught_up(self, seq: int, timeout_s: float) -> bool:
        """Wait until the live index holds the documents as of the committed change `seq`; False after `timeout_s`."""
        if not self._threads:
            with self._lock:
                current = self._current
            return current is not None and self._apply(current[1])
        with self._applied:
            # The poll under way may have read the log before the change; the next one has not.
            begun = self._polls_begun
            self._nudge.set()
            caught_up = self._applied.wait_for(lambda: self._polls_applied > begun, timeout_s)
        if not caught_up:
            logger.warning("change %d was not applied to the live index within %.1f s", seq, timeout_s)
        return caught_up

    def holds(self, seq: int) -> bool:
        """Tell whether the live index holds the documents as of change `seq`; where not, have it polled soon."""
        with self._lock:
            current = self._current
        reached = None if current is None else self._indexing.reached(current[1].index.name)
        if reached is not None and reached >= seq:
            return True
        self._nudge.set()
        return False

    def poll(self) -> None:
        """Read the deployment and the change log once, and do what they ask for."""
        with self._applied:
            self._polls_begun += 1
            poll = self._polls_begun
        deployment: Deployment | None = None
        with self._troubles.attempt("reading the deployment"):
            deployment = self._releases.deployment()
        if deployment is None:
            return
        wanted = self._wanted(deployment)
        for digest in wanted:
            live = digest == deployment.release
            with self._troubles.attempt(f"loading release {digest[:16]}"):
                if digest not in self._loaded:
                    self._load(digest, create=live)
            if live:
                self._switch(deployment)
            loaded = self._loaded.get(digest)
            if loaded is not None and self._apply(loaded) and live:
                with self._applied:
                    self._polls_applied = poll
                    self._applied.notify_all()
        self._unload(frozenset(wanted))
        with self._troubles.attempt("writing the heartbeat"):
            self._beat()

    def _follow(self) -> None:
        while not self._stopping.is_set():
            self._nudge.clear()
            self.poll()
            self._nudge.wait(self._poll_interval_s)

    def _pulse(self) -> None:
        while not self._stopping.wait(_HEARTBEAT_S / 2):
            with self._troubles.attempt("writing the heartbeat"):
                self._beat()

    def _wanted(self, deployment: Deployment) -> list[str]:
        """Return the digests of the releases to keep loaded, the live one first."""
        wanted = [deployment.release]
        if deployment.previous and utcnow() - deployment.changed_at < self._rollback_window:
            wanted.append(deployment.previous)
        if deployment.staged:
            wanted.append(deployment.staged)
        return list(dict.fromkeys(wanted))

    def _load(self, digest: str, *, create: bool) -> None:
        with self._lock:
            beside = tuple(self._loaded.values())
        loaded = self._loader.load(digest, create=create, beside=beside)
        with self._lock:
            self._loaded[digest] = loaded
        logger.info("loaded release %s (encoder %s)", digest[:16], loaded.release.encoder[:16])

    def _apply(self, loaded: OpenRelease) -> bool:
        """Apply the change log to a release's index; True where it holds everything now."""
        loaded.current = False
        with self._troubles.attempt(_applying(loaded.release.digest)):
            loaded.current = self._loader.catch_up(loaded)
        return loaded.current

    def _switch(self, deployment: Deployment) -> None:
        with self._lock:
            loaded = self._loaded.get(deployment.release)
            before = self._current
            if loaded is None or (before is not None and before[0] == deployment.epoch):
                return
            self._current = (deployment.epoch, loaded)
        logger.info("serving release %s at epoch %d", deployment.release[:16], deployment.epoch)

    def _unload(self, wanted: frozenset[str]) -> None:
        with self._lock:
            serving = self._current[1].release.digest if self._current else None
            idle = [
                digest
                for digest, loaded in self._loaded.items()
                if digest not in wanted and digest != serving and not loaded.pins
            ]
            closing = [self._loaded.pop(digest) for digest in idle]
            open_still = {loaded.index.name for loaded in self._loaded.values()}
        for loaded in closing:
            if loaded.index.name not in open_still:
                loaded.index.close()
            logger.info("closed release %s", loaded.release.digest[:16])

    def _beat(self) -> None:
        with self._beating:
            with self._lock:
                epoch = self._current[0] if self._current else 0
                ready = frozenset(digest for digest, loaded in self._loaded.items() if loaded.current)
            last, *said = self._beaten
            if time.monotonic() - last < _HEARTBEAT_S and said == [epoch, ready]:
                return
            self._replicas.beat(Replica(id=self._replica_id, heartbeat_at=utcnow(), epoch=epoch, ready=ready))
            self._beaten = (time.monotonic(), epoch, ready)


def _applying(digest: str) -> str:
    return f"applying changes to release {digest[:16]}"
