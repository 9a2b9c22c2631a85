"""Switches that run beside the service, each as a ``whetstone`` command that may outlive it."""

import logging
import subprocess
import sys
import threading
from pathlib import Path

from typing_extensions import override

from flows.ops.ports import Switches
from retrain.domain import Promotion

log = logging.getLogger(__name__)


class StartedSwitches(Switches):
    """Has a ticket written, then starts the command that works on it."""

    def __init__(self, requests: Switches, logs: Path) -> None:
        """Take what writes the tickets, and the folder of the commands' log files."""
        self._requests = requests
        self._logs = logs

    @override
    def promote(self, candidate_id: str, *, principal: str) -> Promotion:
        ticket = self._requests.promote(candidate_id, principal=principal)
        self._start(ticket, principal, ticket.candidate or candidate_id)
        return ticket

    @override
    def rollback(self, *, principal: str, reason: str = "") -> Promotion:
        ticket = self._requests.rollback(principal=principal, reason=reason)
        self._start(ticket, principal)
        return ticket

    def _start(self, ticket: Promotion, principal: str, *arguments: str) -> None:
        name = f"{ticket.kind}-{ticket.id}"
        self._logs.mkdir(parents=True, exist_ok=True)
        # A ticket's kind is the name of the command that works on it.
        command = [str(ticket.kind), *arguments, "--ticket", ticket.id, "--principal", principal]
        with (self._logs / f"{name}.log").open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "flows.cli", *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        # Waited for, so that it does not stay behind as a zombie.
        threading.Thread(target=_wait, args=(name, process), daemon=True).start()


def _wait(name: str, process: "subprocess.Popen[bytes]") -> None:
    code = process.wait()
    log.log(logging.INFO if code == 0 else logging.ERROR, "%s ended with status %d", name, code)
