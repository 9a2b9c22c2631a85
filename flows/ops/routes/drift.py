"""Drift reports over HTTP: read them, see one as a page, ask for a new check, say that this is how it is now."""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import Field

from flows.ops.bounds import Body, Limit, NeededComment, ReportLimit, Since, Tenant
from flows.ops.ports import Accepts, Checks
from flows.ops.reported import examples, history_json, report_json
from monitoring.domain import DriftReport
from monitoring.ports import AlarmStore, DriftReportStore
from rag.api import principal_of
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

Texts = Callable[[Sequence[str]], dict[str, str]]
"""Ids of interactions -> the texts of those that an operator may see."""


class AcceptRequest(Body):
    """A person's word that what people ask and find now is as it should be."""

    comment: NeededComment = Field(
        description="Why; kept with the alarms that it ends and in the audit trail."
    )


def router(
    reports: DriftReportStore,
    alarms: AlarmStore,
    *,
    html: Callable[[DriftReport], str],
    checks: Checks,
    accepts: Accepts,
    texts: Texts,
    tenant: str,
) -> APIRouter:
    """Return the routes below ``/v1/ops/drift``.

    Args:
        reports: what checks found.
        alarms: what stands.
        html: returns a report as one self-contained page.
        checks: runs them.
        accepts: takes a person's word.
        texts: of examples.
        tenant: the one that is meant where none is named, the installation's own.
    """
    routes = APIRouter(prefix="/v1/ops/drift", tags=["drift"], dependencies=[allow(Role.OPERATOR)])

    def one(report_id: str, of: str) -> DriftReport:
        report = reports.get(report_id)
        if report.tenant != of:
            raise NotFound(f"There is no drift report {report_id!r} of tenant {of!r}.")
        return report

    @routes.get("")
    def newest(limit: ReportLimit = 20, of: Tenant = tenant) -> dict[str, Any]:
        """Return the newest reports first, and whether a check is under way."""
        found = reports.newest(limit, tenant=of)
        known, standing = texts(examples(found)), alarms.standing(tenant=of)
        # An alarm that stands now says nothing of an older report.
        told = [report_json(each, known, standing if at == 0 else ()) for at, each in enumerate(found)]
        return {"reports": told, "check": checks.status()}

    @routes.post("", status_code=202)
    def start(of: Tenant = tenant) -> JSONResponse:
        """Start a check; it shows up among the reports when it is done."""
        checks.start(of)
        return JSONResponse({"status": "started", "reports": routes.prefix}, status_code=202)

    @routes.get("/history")
    def history(limit: Limit = 200, since: Since = None, of: Tenant = tenant) -> dict[str, Any]:
        """Return figures over time, the newest first: of every report its signals, and the alarms there were."""
        return history_json(
            reports.newest(limit, tenant=of, since=since), alarms.newest(limit, tenant=of), since=since
        )

    @routes.post("/reset")
    def reset(request: Request, body: AcceptRequest, of: Tenant = tenant) -> dict[str, Any]:
        """Say that this is how it is now: the reference begins anew, and alarms on questions end."""
        ended = accepts.accept(tenant=of, principal=principal_of(request).id, comment=body.comment)
        return {"status": "accepted", "ended": [each.id for each in ended]}

    @routes.get("/{report_id}")
    def get(report_id: str, of: Tenant = tenant) -> dict[str, Any]:
        """Return one report by its id or the start of it."""
        report = one(report_id, of)
        return report_json(report, texts(examples([report])))

    @routes.get("/{report_id}/report", response_class=HTMLResponse)
    def page(report_id: str, of: Tenant = tenant) -> HTMLResponse:
        """Show one report as a page."""
        report = one(report_id, of)
        if not report.snapshot:
            raise NotFound(
                f"Drift report {report.id} has no page; what it found is at {routes.prefix}/{report.id}."
            )
        return HTMLResponse(html(report), headers=PAGE_HEADERS)

    return routes
