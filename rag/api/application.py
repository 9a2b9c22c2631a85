"""The application: routes, guards in front of them, and errors in one shape."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI
from starlette.responses import JSONResponse

from rag.access.limits import KeyLimits
from rag.api.guards.access import Access, BodyLimit
from rag.api.guards.errors import install_error_handlers
from rag.api.guards.limiting import InTurn, PerKey
from rag.api.guards.requests import Requests
from rag.api.guards.roles import allow, check_declared, public_paths
from rag.api.routes import (
    chat,
    documents,
    embeddings,
    feedback,
    health,
    ingestions,
    keys,
    metrics,
    models,
    pages,
    retrieve,
    sources,
)
from rag.api.serving import Serving
from rag.domain import Role

ROUTERS = tuple(
    noun.router
    for noun in (
        pages,
        chat,
        retrieve,
        embeddings,
        models,
        sources,
        feedback,
        ingestions,
        documents,
        keys,
        metrics,
        health,
    )
)
"""The routes of serving."""


Routers = Sequence[APIRouter]
"""Routes that others add to the service's own."""


def create_app(serving: Serving, *, routers: Routers = ()) -> FastAPI:
    """Make the application; starting and stopping what `serving` holds is its maker's business.

    Further `routers` stand behind the same guards, with errors in the same shape.

    Raises:
        TypeError: a route does not say who may use it.
    """
    settings = serving.settings
    app = FastAPI(
        title="Whetstone",
        description="Answers from your documents, with sources.",
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
        openapi_url=None,  # FastAPI's own route could not declare a role
    )
    app.state.serving = serving
    install_error_handlers(app)
    served = (schema_routes(app), *ROUTERS, *routers)
    check_declared(served)
    for router in served:
        app.include_router(router)
    per_key = KeyLimits(
        requests_per_minute=settings.requests_per_minute, concurrent=settings.concurrent_per_key
    )
    named = (settings.host, urlsplit(settings.public_url or "").hostname)
    # The last one added stands in front: nobody without a key makes the service read a body.
    app.add_middleware(InTurn, turns=serving.answering.turns)
    app.add_middleware(
        BodyLimit,
        max_bytes=settings.max_body_bytes,
        streamed={ingestions.FILES_PATH: settings.max_file_bytes + ingestions.FORM_BYTES},
    )
    app.add_middleware(PerKey, limits=per_key)
    app.add_middleware(
        Access,
        keyring=serving.keys.keyring,
        links=serving.keys.links,
        tenant=settings.tenant,
        hosts=frozenset(name for name in named if name),
        public=public_paths(served),
    )
    app.add_middleware(Requests, observers=serving.observers)
    return app


def schema_routes(app: FastAPI) -> APIRouter:
    """Make the route of the schema."""
    router = APIRouter(include_in_schema=False, dependencies=[allow(*Role)])

    @router.get("/openapi.json")
    async def schema() -> JSONResponse:
        """Return the schema of every route and body."""
        return JSONResponse(app.openapi())

    return router
