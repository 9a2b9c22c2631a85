"""Routes declare who may use them, or no application is made."""

from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from starlette.routing import Mount

from rag.api.guards.errors import install_error_handlers
from rag.api.guards.roles import allow, check_declared, declared, public, public_paths
from rag.domain import Principal, Role


def nothing() -> None:
    """Do nothing."""


def routes(*, on_router: list[Any], on_route: list[Any]) -> APIRouter:
    """Return a router with one route."""
    router = APIRouter(dependencies=on_router)
    router.add_api_route("/thing/{id}", nothing, methods=["GET"], dependencies=on_route)
    return router


@pytest.mark.parametrize(
    ("on_router", "on_route", "expected"),
    [
        ([allow(Role.READER)], [], ({Role.READER},)),
        ([], [allow(Role.READER, Role.EDITOR)], ({Role.READER, Role.EDITOR},)),
        ([allow(Role.READER)], [allow(Role.EDITOR)], ({Role.READER}, {Role.EDITOR})),
        ([public()], [], (set(),)),
    ],
)
def test_a_declaration_is_read_from_router_and_route(
    on_router: list[Any], on_route: list[Any], expected: tuple[set[Role], ...]
) -> None:
    """Each of them counts."""
    router = routes(on_router=on_router, on_route=on_route)
    check_declared([router])
    assert declared(router.routes[0]) == expected  # type: ignore[arg-type]  # it is an APIRoute


def test_nothing_declared_is_an_error() -> None:
    """Also among others that are, and where the route is of a kind that cannot declare."""
    with pytest.raises(TypeError, match=r"GET /thing/\{id\} declares no role"):
        check_declared([routes(on_router=[public()], on_route=[]), routes(on_router=[], on_route=[])])
    nested = APIRouter(dependencies=[allow(Role.READER)])
    nested.routes.append(Mount("/files", app=FastAPI()))
    with pytest.raises(TypeError, match="cannot declare a role"):
        check_declared([nested])
    with pytest.raises(ValueError, match="at least one role"):
        allow()


def test_a_path_is_public_only_where_nothing_else_is_asked_for() -> None:
    """Public on the router and a role on the route is no public route."""
    open_, mixed = (
        routes(on_router=[public()], on_route=[]),
        routes(on_router=[public()], on_route=[allow(Role.ADMIN)]),
    )
    assert [pattern.fullmatch("/thing/1") is not None for pattern in public_paths([open_])] == [True]
    assert public_paths([mixed]) == ()


@pytest.mark.parametrize(
    ("roles", "status"),
    [
        (set(), 403),
        ({Role.READER}, 403),
        ({Role.EDITOR}, 200),
        ({Role.READER, Role.OPERATOR}, 200),
        ({Role.ADMIN}, 403),
    ],
)
def test_one_of_the_roles_is_enough_and_none_implies_another(
    sent_by: Any, roles: set[Role], status: int
) -> None:
    """Whoever has neither is told which it takes."""
    app = FastAPI()
    install_error_handlers(app)
    app.add_middleware(sent_by, principal=Principal(id="k", tenant="t", roles=frozenset(roles)))
    app.include_router(routes(on_router=[], on_route=[allow(Role.OPERATOR, Role.EDITOR)]))
    response = TestClient(app).get("/thing/1")
    assert response.status_code == status
    if status == 403:
        assert "a key with the role editor or operator" in response.json()["error"]["message"]
