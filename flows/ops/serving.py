"""The service with everything: the questions' routes of rag, and the operations of retrain and monitoring.

What takes a processor for minutes (drift checks, promotions) runs in processes of its own, so that questions are
answered undisturbed.
"""

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from flows.bootstrap import Pipelines, open_pipelines
from flows.environment import serving_settings
from rag import bootstrap as serving
from rag.errors import Unavailable
from rag.running.listening import check_access
from rag.running.log_lines import write_log_lines

if TYPE_CHECKING:
    from fastapi import APIRouter

log = logging.getLogger(__name__)

DRIFT_FOUND = 3
"""Exit status of ``whetstone drift`` when there is drift: not a failure."""


class Commands:
    """Runs ``whetstone`` commands beside the service, each with a log file of its own."""

    def __init__(self, folder: Path) -> None:
        """Keep the logs in `folder`."""
        self._folder = folder

    def start(self, name: str, *arguments: str) -> None:
        """Start one and let it run, also beyond the service's own end."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / f"{name}.log").open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "flows.cli", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        # Waited for, so that it does not stay behind as a zombie.
        threading.Thread(target=self._wait, args=(name, process), daemon=True).start()

    @staticmethod
    def _wait(name: str, process: "subprocess.Popen[bytes]") -> None:
        code = process.wait()
        log.log(logging.INFO if code == 0 else logging.ERROR, "%s ended with status %d", name, code)

    def drift_check(self) -> str:
        """Run a drift check to its end; give the report's id.

        Raises:
            Unavailable: it failed.
        """
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


def operations(pipelines: Pipelines) -> "Sequence[APIRouter]":
    """Make the routes below ``/v1/ops``."""
    from flows.ops.routes import candidates as retraining_routes
    from flows.ops.routes import drift as drift_routes

    commands = Commands(pipelines.settings.home / "logs")
    stores, promotion = pipelines.stores, pipelines.promotion
    requests = promotion.requests

    def start_promotion(candidate_id: str, principal: str) -> str:
        ticket = requests.promote(candidate_id, principal=principal)
        arguments = (
            "promote",
            ticket.candidate or candidate_id,
            "--ticket",
            ticket.id,
            "--principal",
            principal,
        )
        commands.start(f"promote-{ticket.id}", *arguments)
        return ticket.id

    def start_rollback(reason: str, principal: str) -> str:
        ticket = requests.rollback(principal=principal, reason=reason)
        commands.start(f"rollback-{ticket.id}", "rollback", "--ticket", ticket.id, "--principal", principal)
        return ticket.id

    return (
        retraining_routes.router(
            candidates=promotion.candidates,
            approvals=promotion.approvals,
            approver=promotion.approver,
            promotions=promotion.promotions,
            releases=stores.releases,
            replicas=stores.replicas,
            audit=stores.audit,
            start_promotion=start_promotion,
            start_rollback=start_rollback,
        ),
        drift_routes.router(
            pipelines.reports, pipelines.renderer, commands.drift_check, tenant=pipelines.settings.tenant
        ),
    )


def serve_api(*, host: str | None, port: int | None) -> None:
    """Run the service until it is told to stop.

    Raises:
        SettingInvalid: an address or key that is not safe.
        PortInUse: something listens there already.
    """
    settings = serving_settings()
    given = {"host": host, "port": port}
    settings = settings.model_copy(update={name: value for name, value in given.items() if value is not None})
    write_log_lines(level=settings.log_level, form=settings.log_format)
    with ExitStack() as open_until_the_end:
        check_access(settings, any_key=lambda: serving.any_usable_key(settings))
        pipelines = open_until_the_end.enter_context(open_pipelines())
        serving.serve(settings, routers=lambda _: operations(pipelines))
