"""Drift reports over HTTP: read them, see one as a page, ask for a new check."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, JSONResponse

from flows.ops.bounds import ReportLimit
from flows.ops.ports import Checks
from monitoring.domain import DriftReport
from monitoring.ports import DriftReportStore
from rag.api.guards.roles import allow
from rag.domain import Role
from rag.errors import NotFound

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


def router(
    reports: DriftReportStore, html: Callable[[DriftReport], str], checks: Checks, *, tenant: str
) -> APIRouter:
    """Return the routes below ``/v1/ops/drift``; `html` returns a report as one self-contained page."""
    routes = APIRouter(prefix="/v1/ops/drift", tags=["drift"], dependencies=[allow(Role.OPERATOR)])

    def one(report_id: str) -> DriftReport:
        report = reports.get(report_id)
        if report.tenant != tenant:
            raise NotFound(f"There is no drift report {report_id!r}.")
        return report

    @routes.get("")
    def newest(limit: ReportLimit = 20) -> dict[str, Any]:
        """Return the newest reports first, and whether a check is under way."""
        return {
            "reports": [_as_json(report) for report in reports.newest(limit, tenant=tenant)],
            "check": checks.status(),
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
        return HTMLResponse(html(report), headers=PAGE_HEADERS)

    return routes


def _as_json(report: DriftReport) -> dict[str, Any]:
    content = asdict(report)
    has_page = bool(content.pop("snapshot"))
    return content | {"report": f"/v1/ops/drift/{report.id}/report" if has_page else None}
