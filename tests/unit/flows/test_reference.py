"""The documentation says what the code does: settings, commands, routes."""

import re
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute

from flows.reference import cli_page, settings_page

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"


def test_settings_page_is_up_to_date() -> None:
    """docs/settings.md is what `make docs` writes."""
    assert (DOCS / "settings.md").read_text() == settings_page()


def test_command_page_is_up_to_date() -> None:
    """docs/cli.md is what `make docs` writes."""
    assert (DOCS / "cli.md").read_text() == cli_page()


def test_every_route_is_documented_and_every_documented_route_exists() -> None:
    """The table of docs/http-api.md names exactly the routes there are, each with the roles it asks for."""
    lines = re.findall(
        r"^\| `(GET|POST|PUT|DELETE) (/\S*)` \| ([a-z, ]+) \|", (DOCS / "http-api.md").read_text(), re.M
    )
    documented = {(method, path): frozenset(roles.split(", ")) for method, path, roles in lines}

    assert documented == _routes()


def test_settings_named_in_the_prose_exist() -> None:
    """No page and no command names a setting that is not there."""
    known = set(re.findall(r"WHETSTONE_\w+", settings_page())) | {
        "WHETSTONE_DATASETS",
        "WHETSTONE_TEST_QDRANT_URL",
    }
    for page in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        named = set(re.findall(r"WHETSTONE_[A-Z_]*[A-Z]\b(?!_)", page.read_text()))
        assert named <= known, f"{page.name}: {named - known}"


def _routes() -> dict[tuple[str, str], frozenset[str]]:
    """Return (method, path) -> roles of everything the service answers to, but for the pages' static files."""
    from flows.ops.routes import alarms, audit, candidates, drift, labels, questions, releases
    from rag.api import application
    from rag.api.guards.roles import declared

    nothing: Any = None  # only the paths are read
    routers: list[APIRouter] = [
        *application.ROUTERS,
        candidates.router(nothing, nothing, nothing, nothing),
        releases.router(nothing, nothing, nothing, nothing, nothing),
        drift.router(
            nothing, nothing, html=nothing, checks=nothing, accepts=nothing, texts=nothing, tenant=""
        ),
        alarms.router(nothing, nothing, texts=nothing, tenant=""),
        labels.router(nothing),
        questions.router(nothing, tenant=""),
        audit.router(nothing),
    ]
    return {
        (method, route.path): frozenset(*declared(route)) or frozenset({"public"})
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute) and not route.path.startswith("/static/")
        for method in (route.methods or set()) - {"HEAD"}
    }
