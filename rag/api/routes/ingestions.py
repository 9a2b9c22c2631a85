"""Files and web pages: taken at once, read in the background, with a status to ask for."""

import json
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from starlette.datastructures import FormData, UploadFile

from rag.api.guards.roles import allow
from rag.api.serving import principal_of, serving_of
from rag.api.wire.texts import Text, Title, Uri
from rag.domain import Ingestion, Role
from rag.errors import InvalidInput, NotFound

# In front of the routes of documents, whose ids would swallow these names.
router = APIRouter(prefix="/v1/documents", tags=["documents"], dependencies=[allow(Role.EDITOR)])

FILES_PATH = "/v1/documents/files"
"""Where files go; requests there may be larger than others."""

FORM_BYTES = 1_000_000
"""What a request with files may have beside them."""

_MOST_FILES = 20
_MOST_FIELD_BYTES = 65_536

_FORM_SCHEMA = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        "uri": {"type": "string", "description": "The document's name; for one file alone."},
                        "title": {"type": "string", "description": "For one file alone."},
                        "metadata": {"type": "string", "description": "A JSON record of strings."},
                    },
                }
            }
        },
    }
}


class _Named(BaseModel):
    """What may be said about a file."""

    uri: Uri = ""
    title: Title = ""
    metadata: dict[Text, Text] = Field(default_factory=dict)


class PageRequest(BaseModel):
    """A web page to fetch."""

    url: Annotated[Uri, Field(min_length=1)]
    title: Title = ""
    metadata: dict[Text, Text] = Field(default_factory=dict)


@router.post("/files", status_code=202, openapi_extra=_FORM_SCHEMA)
async def upload_files(request: Request) -> dict[str, Any]:
    """Take files; each becomes documents soon, as its ingestion tells."""
    serving, principal = serving_of(request), principal_of(request)
    async with request.form(max_files=_MOST_FILES, max_fields=10, max_part_size=_MOST_FIELD_BYTES) as form:
        files = [part for _, part in form.multi_items() if isinstance(part, UploadFile)]
        named = _named(form)
        if not files:
            raise InvalidInput(
                "Send one or several files as multipart/form-data, e.g. curl -F file=@faq.pdf."
            )
        if len(files) > 1 and (named.uri or named.title):
            raise InvalidInput("A uri or a title is for one file; send several files without, or one by one.")
        for file in files:
            serving.documents.intake.check_name(file.filename or "")

        def take() -> list[Ingestion]:
            serving.documents.intake.check_room(
                principal.tenant, files=len(files), size=sum(file.size or 0 for file in files)
            )
            return [
                serving.documents.intake.file(
                    file.file,
                    filename=file.filename or "",
                    principal=principal,
                    uri=named.uri,
                    title=named.title,
                    metadata=named.metadata,
                )
                for file in files
            ]

        taken = await to_thread.run_sync(take)
    return {"object": "list", "data": [_shown(ingestion) for ingestion in taken]}


@router.post("/pages", status_code=202)
async def take_page(request: Request, body: PageRequest) -> dict[str, Any]:
    """Take the address of a public web page; it is fetched soon, as its ingestion tells."""
    serving, principal = serving_of(request), principal_of(request)
    ingestion = await to_thread.run_sync(
        lambda: serving.documents.intake.page(
            body.url, principal=principal, title=body.title, metadata=body.metadata
        )
    )
    return _shown(ingestion)


@router.get("/ingestions")
async def list_ingestions(
    request: Request, before: str = "", limit: Annotated[int, Query(ge=1, le=1_000)] = 100
) -> dict[str, Any]:
    """List what was handed in, newest first; `next` is the `before` of the next page."""
    store, tenant = serving_of(request).documents.ingestions, principal_of(request).tenant
    # One more than asked for tells whether there is a next page.
    page = await to_thread.run_sync(lambda: store.page(tenant=tenant, before=before, limit=limit + 1))
    shown, more = page[:limit], len(page) > limit
    return {
        "object": "list",
        "data": [_shown(ingestion) for ingestion in shown],
        "has_more": more,
        "next": shown[-1].id if more else None,
    }


@router.get("/ingestions/{ingestion_id}")
async def get_ingestion(request: Request, ingestion_id: str) -> dict[str, Any]:
    """Tell how far one is: received, parsed, indexed, read in part and what was not, or failed and why."""
    store, tenant = serving_of(request).documents.ingestions, principal_of(request).tenant
    ingestion = await to_thread.run_sync(lambda: store.get(ingestion_id, tenant=tenant))
    if ingestion is None:
        raise NotFound(f"There is no ingestion {ingestion_id!r}; GET /v1/documents/ingestions lists them.")
    return _shown(ingestion)


def _named(form: FormData) -> _Named:
    given: dict[str, Any] = {name: form[name] for name in ("uri", "title") if isinstance(form.get(name), str)}
    metadata = form.get("metadata")
    if isinstance(metadata, str) and metadata.strip():
        try:
            given["metadata"] = json.loads(metadata)
        except (ValueError, RecursionError):
            raise InvalidInput(
                'metadata: expected a JSON record of strings, e.g. {"team": "sales"}'
            ) from None
    try:
        return TypeAdapter(_Named).validate_python(given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(place) for place in first["loc"][:1])
        raise InvalidInput(f"{where}: {first['msg']}") from error


def _shown(ingestion: Ingestion) -> dict[str, Any]:
    def moment(at: Any) -> str | None:
        return at.isoformat() if at else None

    return {
        "id": ingestion.id,
        "object": "ingestion",
        "status": str(ingestion.status),
        "reason": ingestion.reason or None,
        "uri": ingestion.uri,
        "filename": ingestion.filename or None,
        "size": ingestion.size,
        "documents": list(ingestion.documents),
        "received_at": moment(ingestion.received_at),
        "parsed_at": moment(ingestion.parsed_at),
        "indexed_at": moment(ingestion.indexed_at),
    }
