"""The audit trail over HTTP."""

from fastapi import APIRouter

from flows.ops.bounds import Limit
from rag.api.guards.roles import allow
from rag.domain import AuditEntry, Role
from rag.ports import AuditLog


def router(audit: AuditLog) -> APIRouter:
    """Return the route ``/v1/ops/audit``."""
    routes = APIRouter(prefix="/v1/ops", tags=["operations"])

    @routes.get("/audit", dependencies=[allow(Role.OPERATOR, Role.APPROVER)])
    def list_audit(limit: Limit = 100) -> dict[str, list[AuditEntry]]:
        """Return the newest entries of the audit trail."""
        return {"data": audit.newest(limit)}

    return routes
