"""Metrics, for Prometheus."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from rag.api.guards.roles import allow
from rag.api.serving import serving_of
from rag.domain import Role

router = APIRouter(tags=["metrics"], dependencies=[allow(Role.OPERATOR)])


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Return counts, times and gauges in Prometheus's text format."""
    return Response(serving_of(request).metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
