"""Drift reports over HTTP: read them, look at one as a page, ask for a new check."""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from threading import Lock
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, JSONResponse

from monitoring.domain import DriftReport
from monitoring.ports import DriftReportStore, ReportRenderer
from rag.api.guards.roles import allow
from rag.domain import Role
from rag.errors import LeaseHeld, NotFound, WhetstoneError

log = logging.getLogger(__name__)

PAGE_HEADERS = {
    # The page is Evidently's, with its scripts inline. Sandboxed without allow-same-origin it is nobody's
    # page: it reaches no cookie, no storage and, by default-src, no address.
    "Content-Security-Policy": (
        "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
        "font-src data:; img-src data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, max-age=3600",
}


class _Checks:
    """One check at a time, in the background."""

    def __init__(self, run_check: Callable[[], str]) -> None:
        self._run_check = run_check
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="drift-check")
        self._lock = Lock()
        self._last: Future[str] | None = None

    def start(self) -> None:
        """Start a check.

        Raises:
            LeaseHeld: one is under way.
        """
        with self._lock:
            if self._last is not None and not self._last.done():
                raise LeaseHeld("A drift check is under way; ask again when it has ended.")
            self._last = self._pool.submit(self._run_check)
            self._last.add_done_callback(_log_failure)

    def state(self) -> dict[str, Any]:
        """Say whether a check is under way, and why the last one failed where it did."""
        last = self._last
        if last is None or not last.done():
            return {"running": last is not None, "error": None}
        error = last.exception()
        # What is not ours may hold anything; its text belongs in the log alone.
        message = None if error is None else "The check failed; see the service's log."
        return {"running": False, "error": str(error) if isinstance(error, WhetstoneError) else message}


def router(
    reports: DriftReportStore,
    renderer: ReportRenderer,
    run_check: Callable[[], str],
    *,
    tenant: str | None = None,
) -> APIRouter:
    """Make the routes below ``/v1/ops/drift``.

    Args:
        reports: what is shown.
        renderer: makes the pages.
        run_check: runs one whole check, keeps its report and gives the report's id; called in a thread.
        tenant: whose reports are shown; None shows everybody's.
    """
    routes = APIRouter(prefix="/v1/ops/drift", tags=["drift"], dependencies=[allow(Role.OPERATOR)])
    checks = _Checks(run_check)

    def one(report_id: str) -> DriftReport:
        report = reports.get(report_id)
        if tenant is not None and report.tenant != tenant:
            raise NotFound(f"There is no drift report {report_id!r}.")
        return report

    @routes.get("")
    def newest(limit: Annotated[int, Query(ge=1, le=200)] = 20) -> dict[str, Any]:
        """Return the newest reports first, and whether a check is under way."""
        return {
            "reports": [_as_json(report) for report in reports.newest(limit, tenant=tenant)],
            "check": checks.state(),
        }

    @routes.post("", status_code=202)
    def start() -> JSONResponse:
        """Start a check; it shows up among the reports when it is done."""
        checks.start()
        return JSONResponse({"status": "started", "reports": routes.prefix}, status_code=202)

    @routes.get("/{report_id}")
    def get(report_id: str) -> Mapping[str, Any]:
        """Return one report by its id or the start of it."""
        return _as_json(one(report_id))

    @routes.get("/{report_id}/report", response_class=HTMLResponse)
    def page(report_id: str) -> HTMLResponse:
        """Show one report as a page."""
        report = one(report_id)
        if not report.snapshot:
            raise NotFound(
                f"Drift report {report.id} has no page, because there was not enough data; "
                f"its findings are at {routes.prefix}/{report.id}."
            )
        return HTMLResponse(renderer.html(report.snapshot), headers=PAGE_HEADERS)

    return routes


def _as_json(report: DriftReport) -> dict[str, Any]:
    content = asdict(report)
    has_page = bool(content.pop("snapshot"))
    return content | {"report": f"/v1/ops/drift/{report.id}/report" if has_page else None}


def _log_failure(check: Future[str]) -> None:
    error = check.exception()
    if error is not None:
        log.error("The drift check failed: %s", error, exc_info=error)
