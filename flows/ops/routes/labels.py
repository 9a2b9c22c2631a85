"""Questions that wait for a person's word, over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field

from flows.ops.asked import waiting_json
from flows.ops.bounds import Body
from monitoring.labels.labelling import Label, Labelling
from rag.api import principal_of
from rag.api.guards.roles import allow
from rag.domain import Role, utcnow

_Id = Annotated[str, Field(min_length=1, max_length=200)]


class LabelRequest(Body):
    """What a person says of a question."""

    found: Annotated[list[_Id], Field(max_length=100)] = Field(
        [], description="Ids of the passages shown that answer it; empty: none does."
    )
    right: _Id | None = Field(None, description="Id of a passage that answers it and was not among them.")
    answerable: bool | None = Field(None, description="False: no document answers it.")
    skip: bool = Field(False, description="You cannot say.")


def router(labelling: Labelling) -> APIRouter:
    """Return the routes below ``/v1/ops/labels``, each for the tenant of whoever asks."""
    routes = APIRouter(prefix="/v1/ops/labels", tags=["labels"], dependencies=[allow(Role.OPERATOR)])

    @routes.get("")
    def queue(request: Request, limit: Annotated[int, Query(ge=1, le=50)] = 10) -> dict[str, Any]:
        """Return the questions that wait, in the order in which they are to be looked at.

        What a machine says of them is not told: it would change what people say.
        """
        waiting = labelling.queue(tenant=principal_of(request).tenant, limit=limit, at=utcnow())
        return {"data": [waiting_json(each) for each in waiting]}

    @routes.post("/{sampled_id}", status_code=201)
    def label(request: Request, sampled_id: str, body: LabelRequest) -> dict[str, Any]:
        """Write what you say of one; said anew it replaces what was said before."""
        principal = principal_of(request)
        said = labelling.label(
            sampled_id,
            Label(found=tuple(body.found), right=body.right, answerable=body.answerable, skip=body.skip),
            tenant=principal.tenant,
            principal=principal.id,
            at=utcnow(),
        )
        return {"id": said.id, "found": said.found, "answerable": said.answerable, "skipped": said.skipped}

    return routes
