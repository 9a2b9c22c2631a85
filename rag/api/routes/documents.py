"""Documents, one at a time, as text; files are taken by `ingestions`."""

from contextlib import suppress
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from rag.api.guards.roles import allow
from rag.api.serving import Serving, principal_of, serving_of
from rag.api.wire.metadata import MetadataBody
from rag.api.wire.texts import Text, Title, Uri
from rag.domain import Document, Role
from rag.errors import NotFound, NotReady
from rag.library.syncing import PutResult

router = APIRouter(prefix="/v1/documents", tags=["documents"], dependencies=[allow(Role.EDITOR)])

APPLY_TIMEOUT_S = 5.0
"""How long a change waits for the live index before it answers all the same, in seconds."""


class DocumentRequest(BaseModel):
    """A document to write; its uri is its name, and the same uri replaces it."""

    uri: Annotated[Uri, Field(min_length=1)]
    title: Title = ""
    text: Text
    metadata: MetadataBody = Field(default_factory=dict)


@router.put("")
async def put_document(request: Request, body: DocumentRequest) -> dict[str, Any]:
    """Write a document; it answers once questions find it, or says that they do not yet."""
    serving = serving_of(request)
    document = Document.create(
        uri=body.uri,
        title=body.title,
        text=body.text,
        tenant=principal_of(request).tenant,
        source="api",
        metadata=body.metadata,
    )

    def put() -> PutResult:
        uris = serving.documents.ingestions.waiting_uris(tenant=document.tenant)
        # A row of a table that waits is called after it.
        awaited = document.uri in uris or document.uri.partition("#")[0] in uris
        return serving.documents.library.put(document, awaited=awaited)

    result = await to_thread.run_sync(put)
    return {
        "id": document.id,
        "uri": document.uri,
        "result": str(result),
        "searchable": await _applied(serving),
    }


@router.get("")
async def list_documents(
    request: Request,
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> dict[str, Any]:
    """List documents in the order of their ids; `next` is the `after` of the next page."""
    serving = serving_of(request)
    tenant = principal_of(request).tenant
    # One more than asked for tells whether there is a next page.
    page = await to_thread.run_sync(
        lambda: serving.documents.store.page(tenant=tenant, after=after, limit=limit + 1)
    )
    shown = page[:limit]
    return {
        "object": "list",
        "data": [_summary(document) for document in shown],
        "has_more": len(page) > limit,
        "next": shown[-1].id if len(page) > limit else None,
    }


@router.get("/{document_id}")
async def get_document(request: Request, document_id: str) -> dict[str, Any]:
    """Return one document with its text; `indexed` tells whether questions find it as it is."""
    serving = serving_of(request)
    tenant = principal_of(request).tenant
    document = await to_thread.run_sync(lambda: serving.documents.store.get(document_id, tenant=tenant))
    if document is None:
        raise _missing(document_id)
    indexed = await to_thread.run_sync(_indexed, serving, document_id)
    return _summary(document) | {"text": document.text, "indexed": indexed}


@router.delete("/{document_id}")
async def delete_document(request: Request, document_id: str) -> dict[str, Any]:
    """Remove a document; from here on no answer cites it, and nothing that was handed in before brings it back."""
    serving, tenant = serving_of(request), principal_of(request).tenant

    def delete() -> bool:
        # One that is not there yet may become of what waits to be read.
        uris = serving.documents.ingestions.waiting_uris(tenant=tenant)
        awaited = document_id in {Document.id_for(tenant, uri) for uri in uris}
        return serving.documents.library.delete(document_id, tenant, awaited=awaited)

    if not await to_thread.run_sync(delete):
        raise _missing(document_id)
    return {"id": document_id, "deleted": True, "applied": await _applied(serving)}


async def _applied(serving: Serving) -> bool:
    def wait() -> bool:
        return serving.answering.live.wait_caught_up(serving.documents.store.last_change(), APPLY_TIMEOUT_S)

    return await to_thread.run_sync(wait)


def _indexed(serving: Serving, document_id: str) -> bool:
    """Tell whether the live index has the document's passages; they are written together, so two stand for all."""
    passages = serving.documents.store.passages_of([document_id]).get(document_id, [])
    ends = {passage.id for passage in (passages[:1] + passages[-1:])}
    with suppress(NotReady), serving.answering.live.pin() as pinned:
        return bool(ends) and pinned.index.vectors(sorted(ends)).keys() == ends
    return False


def _summary(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "uri": document.uri,
        "title": document.title,
        "metadata": dict(document.metadata),
        "source": document.source,
        "status": "read_in_part" if document.unread else "read",
        "unread": list(document.unread),
        "updated_at": document.updated_at.isoformat(),
    }


def _missing(document_id: str) -> NotFound:
    return NotFound(f"There is no document {document_id!r}; GET /v1/documents lists them.")
