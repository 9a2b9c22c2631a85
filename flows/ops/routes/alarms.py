"""Alarms over HTTP: see what stands, say that it is known, end it."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field

from flows.ops.bounds import Body, Comment, Limit, NeededComment, Tenant
from flows.ops.ports import AlarmDecisions
from flows.ops.reported import alarm_json, examples
from monitoring.domain import Alarm
from monitoring.ports import AlarmStore
from rag.api import principal_of
from rag.api.guards.roles import allow
from rag.domain import Role

Texts = Callable[[Sequence[str]], dict[str, str]]


class AcknowledgeRequest(Body):
    """Somebody knows of it."""

    comment: Comment = ""


class EndRequest(Body):
    """Somebody says that it is as it should be."""

    comment: NeededComment = Field(description="Why; kept with the alarm.")


def router(alarms: AlarmStore, decisions: AlarmDecisions, *, texts: Texts, tenant: str) -> APIRouter:
    """Return the routes below ``/v1/ops/alarms``; a list is an object with ``data``, newest first.

    `texts` gives those of examples that an operator may see; `tenant` is meant where none is named.
    """
    routes = APIRouter(prefix="/v1/ops/alarms", tags=["alarms"], dependencies=[allow(Role.OPERATOR)])

    def told(found: Sequence[Alarm]) -> list[dict[str, Any]]:
        known = texts(examples([], found))
        return [alarm_json(each, known) for each in found]

    @routes.get("")
    def listed(
        ended: Annotated[bool, Query(alias="all", description="Ended ones too.")] = False,
        limit: Limit = 50,
        of: Tenant = tenant,
    ) -> dict[str, Any]:
        """Return the alarms that stand."""
        found = alarms.newest(limit, tenant=of) if ended else alarms.standing(tenant=of)[::-1][:limit]
        return {"data": told(found)}

    @routes.get("/{alarm_id}")
    def get(alarm_id: str, of: Tenant = tenant) -> dict[str, Any]:
        """Return one alarm by its id or the start of it."""
        return told([alarms.get(alarm_id, tenant=of)])[0]

    @routes.post("/{alarm_id}/acknowledge")
    def acknowledge(
        request: Request, alarm_id: str, body: AcknowledgeRequest, of: Tenant = tenant
    ) -> dict[str, Any]:
        """Say that somebody knows of it; it goes on standing."""
        principal = principal_of(request).id
        return told([decisions.acknowledge(alarm_id, tenant=of, principal=principal, comment=body.comment)])[
            0
        ]

    @routes.post("/{alarm_id}/end")
    def end(request: Request, alarm_id: str, body: EndRequest, of: Tenant = tenant) -> dict[str, Any]:
        """End it by a person's word."""
        principal = principal_of(request).id
        return told([decisions.end(alarm_id, tenant=of, principal=principal, comment=body.comment)])[0]

    return routes
