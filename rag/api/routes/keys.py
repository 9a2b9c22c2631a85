"""API keys, for administrators: look at them, make one, revoke one."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from rag.access.keys import FIRST_KEY_NOTE, MAX_NAME, describe
from rag.api.guards.roles import allow
from rag.api.serving import principal_of, serving_of
from rag.domain import Role, utcnow
from rag.domain.access import MAX_CONCURRENT, MAX_REQUESTS_PER_MINUTE

router = APIRouter(prefix="/v1/keys", tags=["keys"], dependencies=[allow(Role.ADMIN)])

_NO_STORE = {"Cache-Control": "no-store"}


class KeyRequest(BaseModel):
    """A key to make."""

    # A misspelt "expires_at" must not pass for a key without an end.
    model_config = ConfigDict(extra="forbid")

    roles: Annotated[list[Role], Field(min_length=1)]
    tenant: str | None = None  # unset: the installation's own
    name: Annotated[str, Field(max_length=MAX_NAME)] = ""
    expires_at: AwareDatetime | None = None
    requests_per_minute: Annotated[int, Field(ge=1, le=MAX_REQUESTS_PER_MINUTE)] | None = None
    concurrent: Annotated[int, Field(ge=1, le=MAX_CONCURRENT)] | None = None


@router.get("")
def list_keys(request: Request) -> dict[str, Any]:
    """List every tenant's keys, newest first, without their secrets."""
    now = utcnow()
    return {"object": "list", "data": [describe(key, now) for key in serving_of(request).keys.register.all()]}


@router.post("", status_code=201)
def create_key(request: Request, body: KeyRequest) -> JSONResponse:
    """Make a key; `key` in the answer is the only time that the whole of it is seen."""
    new = serving_of(request).keys.register.create(principal=principal_of(request).id, **dict(body))
    content = describe(new.key, utcnow()) | {"key": new.token}
    if new.first:
        content["note"] = FIRST_KEY_NOTE
    return JSONResponse(content, status_code=201, headers=_NO_STORE)


@router.delete("/{key_id}")
def revoke_key(request: Request, key_id: str) -> dict[str, Any]:
    """Revoke a key for good; within two seconds it lets nobody in."""
    key = serving_of(request).keys.register.revoke(key_id, principal=principal_of(request).id)
    return describe(key, utcnow())
