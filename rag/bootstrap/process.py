"""The service as a process: it listens, loads its release, and ends in order."""

import logging
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rag.bootstrap.access import any_usable_key
from rag.bootstrap.installation import Installation
from rag.bootstrap.serving import Service, open_serving
from rag.errors import Unavailable, WhetstoneError
from rag.running.draining import Draining
from rag.running.gauges import Gauges
from rag.running.listening import check_access, listen, signals_ending, url_of
from rag.settings import Settings

if TYPE_CHECKING:
    from rag.api import Routers

logger = logging.getLogger(__name__)

_GRACE_S = 20.0
"""How long answers under way may go on after the service is told to stop, in seconds."""


class Background(Protocol):
    """Something that goes on in a thread of its own."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End it, and wait for that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """What another floor runs in the service's process."""

    routers: "Routers" = ()
    gauges: Gauges = dict
    background: Sequence[Background] = ()


def serve(
    settings: Settings,
    *,
    beside: "Callable[[Installation], Beside]" = lambda _: Beside(),
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Run the service until it is told to stop (SIGINT or SIGTERM); answers under way are finished.

    It listens at once and says "not ready" until the live release is loaded. `beside` makes what else runs here, over
    the installation that serves. `on_ready` is called with the service's URL once it can answer, by default to print
    it.

    Raises:
        SettingInvalid: an address or key that is not safe or not possible.
        PortInUse: something listens there already.
        WhetstoneError: the release could not be loaded.
    """
    from rag.adapters.uvicorn import DrainingServer
    from rag.api import create_app
    from rag.api.guards.draining import Drained

    check_access(settings, any_key=lambda: any_usable_key(settings))
    draining = Draining()
    listening = threading.Event()

    def end() -> None:
        if not listening.is_set():
            # There is nothing to finish yet, only files to be closed on the way out.
            raise SystemExit(0)
        draining.begin()

    with signals_ending(end), listen(settings.host, settings.port) as sock, open_serving(settings) as service:
        further = beside(service.installation)
        service.parts.metrics.add(further.gauges)
        routed = create_app(service.parts, routers=further.routers)
        traced = routed if service.tracing is None else service.tracing.around(routed)
        app = Drained(traced, draining)
        server = DrainingServer(app, draining, grace_s=_GRACE_S)
        service.parts.logs.questions.start()
        service.parts.logs.feedback.start()
        loading = _Loading(service, draining, lambda: (on_ready or _say)(url_of(settings, sock)))
        listening.set()
        loading.start()
        for each in further.background:
            each.start()
        try:
            server.run(sockets=[sock])
        finally:
            for each in further.background:
                each.stop()
            service.calibrator.stop()
            service.prober.stop()
            service.live.stop()
            loading.join()
        if loading.error is not None:
            raise loading.error


class _Loading(threading.Thread):
    """Loads the live release while the service listens already; ends the service where it cannot."""

    def __init__(self, service: Service, draining: Draining, ready: Callable[[], None]) -> None:
        super().__init__(name="loading", daemon=True)
        self._service = service
        self._draining = draining
        self._ready = ready
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self._service.live.start()
            if not self._draining.stopping:
                self._service.arrivals.start()
                self._service.calibrator.start()
                self._service.prober.start()
            if not self._draining.stopping:
                self._ready()
        except WhetstoneError as error:
            self.error = error
        except Exception as error:
            logger.exception("loading the release failed")
            self.error = Unavailable(f"The release could not be loaded: {error}")
        finally:
            if self.error is not None:
                self._draining.begin()


def _say(url: str) -> None:
    sys.stdout.write(f"Whetstone answers at {url}\n")
    sys.stdout.flush()
