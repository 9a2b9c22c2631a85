"""The drift check that runs beside the service: started here, one at a time, in a process of its own."""

import atexit
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Thread
from typing import Any

from typing_extensions import override

from flows.ops.ports import Checks
from rag.errors import LeaseHeld, Unavailable, WhetstoneError

log = logging.getLogger(__name__)

ALARM_STANDS = 3
"""Exit status of ``whetstone drift`` and ``whetstone alarms`` while an alarm stands: not a failure."""


def drift_check(tenant: str) -> str:
    """Run ``whetstone drift`` to its end, and return the report's id; Unavailable where it failed.

    Where this process ends first, it ends the check too.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "drift", "--json", "--tenant", tenant],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PREFECT_LOGGING_LEVEL": "ERROR"},
        start_new_session=True,
    ) as check:

        def end() -> None:
            # Its group: Prefect may have started a server.
            with suppress(ProcessLookupError):
                os.killpg(check.pid, signal.SIGTERM)

        atexit.register(end)
        try:
            out, err = check.communicate()
        finally:
            atexit.unregister(end)
    if check.returncode not in (0, ALARM_STANDS):
        last = err.strip().rpartition("\n")[2]
        raise Unavailable(f"the drift check ended with status {check.returncode}: {last[:300]}")
    return str(json.loads(out)["id"])


class BackgroundChecks(Checks):
    """One check at a time."""

    def __init__(self, check: Callable[[str], str]) -> None:
        """Take what runs a tenant's whole check, keeps its report and returns its id; it is called in a thread."""
        self._check = check
        self._lock = Lock()
        self._thread: Thread | None = None
        self._error: Exception | None = None  # of the last one

    @override
    def start(self, tenant: str) -> None:
        with self._lock:
            if self._running():
                raise LeaseHeld("A drift check is under way; ask again when it has ended.")
            self._error = None
            # A daemon, because Python waits for all others before it ends.
            self._thread = Thread(target=self._run, args=(tenant,), name="drift-check", daemon=True)
            self._thread.start()

    @override
    def status(self) -> dict[str, Any]:
        with self._lock:
            running, error = self._running(), self._error
        if running or error is None:
            return {"running": running, "error": None}
        # What is not ours may hold anything; its text belongs in the log alone.
        ours = isinstance(error, WhetstoneError)
        return {"running": False, "error": str(error) if ours else "The check failed; see the service's log."}

    def _running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _run(self, tenant: str) -> None:
        try:
            self._check(tenant)
        except Exception as error:
            self._error = error
            log.exception("The drift check failed: %s", error)
