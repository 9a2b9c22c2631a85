"""The drift check that runs beside the service: started here, one at a time, in a process of its own."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any

from typing_extensions import override

from flows.ops.ports import Checks
from rag.errors import LeaseHeld, Unavailable, WhetstoneError

log = logging.getLogger(__name__)

DRIFT_FOUND = 3
"""Exit status of ``whetstone drift`` when there is drift: not a failure."""


def drift_check() -> str:
    """Run ``whetstone drift`` to its end, and return the report's id; Unavailable where it failed."""
    done = subprocess.run(
        [sys.executable, "-m", "flows.cli", "drift", "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PREFECT_LOGGING_LEVEL": "ERROR"},
    )
    if done.returncode not in (0, DRIFT_FOUND):
        last = done.stderr.strip().rpartition("\n")[2]
        raise Unavailable(f"the drift check ended with status {done.returncode}: {last[:300]}")
    return str(json.loads(done.stdout)["id"])


class BackgroundChecks(Checks):
    """One check at a time."""

    def __init__(self, check: Callable[[], str]) -> None:
        """Take what runs one whole check, keeps its report and returns the report's id; it is called in a thread."""
        self._check = check
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="drift-check")
        self._lock = Lock()
        self._last: Future[str] | None = None

    @override
    def start(self) -> None:
        with self._lock:
            if self._last is not None and not self._last.done():
                raise LeaseHeld("A drift check is under way; ask again when it has ended.")
            self._last = self._pool.submit(self._check)
            self._last.add_done_callback(_log_failure)

    @override
    def status(self) -> dict[str, Any]:
        last = self._last
        if last is None or not last.done():
            return {"running": last is not None, "error": None}
        error = last.exception()
        # What is not ours may hold anything; its text belongs in the log alone.
        message = None if error is None else "The check failed; see the service's log."
        return {"running": False, "error": str(error) if isinstance(error, WhetstoneError) else message}


def _log_failure(check: Future[str]) -> None:
    error = check.exception()
    if error is not None:
        log.error("The drift check failed: %s", error, exc_info=error)
