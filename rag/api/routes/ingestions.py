"""Files and web pages: taken at once, read in the background, with a status to ask for."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field, ValidationError

from rag.api.guards.roles import allow
from rag.api.serving import principal_of, serving_of
from rag.api.wire.forms import form_of
from rag.api.wire.metadata import TAKEN, MetadataBody
from rag.api.wire.texts import TextWithoutNul, Title, Uri
from rag.domain import Ingestion, Role
from rag.domain.metadata import MAX_NAME
from rag.errors import InvalidInput, NotFound
from rag.library.documents import FieldNames

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
                        "metadata": {
                            "type": "string",
                            "description": f"A JSON record; each value is {TAKEN}.",
                        },
                        "id_field": {
                            "type": "string",
                            "description": "The field of a table that names a row.",
                        },
                        "title_field": {
                            "type": "string",
                            "description": "The field of a table with the title.",
                        },
                        "text_field": {
                            "type": "string",
                            "description": "The field of a table with the text.",
                        },
                    },
                }
            }
        },
    }
}


FieldName = Annotated[TextWithoutNul | None, Field(max_length=MAX_NAME)]


class _Named(BaseModel):
    """What may be said about files, beside them."""

    uri: Uri = ""
    title: Title = ""
    metadata: MetadataBody = Field(default_factory=dict)
    id_field: FieldName = None
    title_field: FieldName = None
    text_field: FieldName = None

    @property
    def fields(self) -> FieldNames:
        """What the fields of tables are called."""
        return FieldNames(
            id=self.id_field or None, title=self.title_field or None, text=self.text_field or None
        )


class PageRequest(BaseModel):
    """A web page to fetch."""

    url: Annotated[Uri, Field(min_length=1)]
    title: Title = ""
    metadata: MetadataBody = Field(default_factory=dict)


@router.post("/files", status_code=202, openapi_extra=_FORM_SCHEMA)
async def upload_files(request: Request) -> dict[str, Any]:
    """Take files; each becomes documents soon, as its ingestion tells."""
    serving, principal = serving_of(request), principal_of(request)
    form_read = form_of(
        request, texts=_Named.model_fields, most_files=_MOST_FILES, most_bytes=_MOST_FIELD_BYTES
    )
    async with form_read as form:
        files, named = form.files, _named(form.texts)
        if not files:
            raise InvalidInput(
                "Send one or several files as multipart/form-data, e.g. curl -F file=@faq.pdf."
            )
        if len(files) > 1 and (named.uri or named.title):
            raise InvalidInput("A uri or a title is for one file; send several files without, or one by one.")
        # All of them before the first is taken: a request that is refused leaves nothing behind.
        serving.documents.intake.check_names([file.filename or "" for file in files])
        for file in files:
            serving.documents.intake.check_size(file.filename or "", file.size or 0)

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
                    fields=named.fields,
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


def _named(texts: Mapping[str, str]) -> _Named:
    given: dict[str, Any] = {name: texts[name] for name in _Named.model_fields if name in texts}
    metadata = given.pop("metadata", "")
    if metadata.strip():
        try:
            given["metadata"] = json.loads(metadata)
        except (ValueError, RecursionError):
            given["metadata"] = None
        if not isinstance(given["metadata"], dict):
            raise InvalidInput('metadata: expected a JSON record, e.g. {"team": "sales"}')
    try:
        return _Named.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"][:2]))
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
