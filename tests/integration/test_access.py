"""Who may do what: every route against every kind of caller, and tenants against each other."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import APIRouter
from fastapi.routing import iter_route_contexts
from integration.conftest import RunService

import flows.ops.operations
from flows.bootstrap import open_doors
from rag.api import create_app
from rag.bootstrap import Service, open_keys
from rag.domain import Role, utcnow
from rag.settings import Settings

READER, EDITOR, OPERATOR, APPROVER, ADMIN = (frozenset({role}) for role in Role)
ANYBODY = frozenset(Role)
WATCHING = OPERATOR | APPROVER
ALL = None
"""For routes that are public."""


@dataclass(frozen=True)
class Route:
    """What a route has to do."""

    who: frozenset[Role] | None  # one of these roles is needed; None: it is public
    path: str  # as it is asked for; {passage}, {document}, {interaction} are the home tenant's
    status: int  # for whoever may
    body: dict[str, Any] | None = None
    elsewhere: int | None = None  # status for another tenant's key of the role; None: the same


CHAT = {"messages": [{"role": "user", "content": "When is lunch served?"}]}
EXPECTED: dict[tuple[str, str], Route] = {
    ("GET", "/"): Route(ALL, "/", 200),
    ("HEAD", "/"): Route(ALL, "/", 200),
    ("GET", "/static/{digest}/{name}"): Route(ALL, "/static/x/chat.css", 200),
    ("HEAD", "/static/{digest}/{name}"): Route(ALL, "/static/x/chat.css", 200),
    ("GET", "/healthz"): Route(ALL, "/healthz", 200),
    ("GET", "/readyz"): Route(ALL, "/readyz", 200),
    ("GET", "/openapi.json"): Route(ANYBODY, "/openapi.json", 200),
    ("GET", "/metrics"): Route(OPERATOR, "/metrics", 200),
    ("POST", "/v1/chat/completions"): Route(READER, "/v1/chat/completions", 200, CHAT),
    ("POST", "/v1/retrieve"): Route(READER, "/v1/retrieve", 200, {"query": "lunch"}),
    ("POST", "/v1/embeddings"): Route(
        READER, "/v1/embeddings", 200, {"model": "whetstone-embedding", "input": "lunch"}
    ),
    ("GET", "/v1/models"): Route(READER, "/v1/models", 200),
    ("GET", "/v1/models/{model}"): Route(READER, "/v1/models/whetstone", 200),
    ("GET", "/v1/sources/{passage_id}"): Route(READER, "/v1/sources/{passage}", 200, elsewhere=404),
    ("POST", "/v1/feedback"): Route(
        READER, "/v1/feedback", 201, {"interaction_id": "{interaction}", "rating": 1}, elsewhere=404
    ),
    ("PUT", "/v1/documents"): Route(EDITOR, "/v1/documents", 200, {"uri": "a.md", "text": "Words."}),
    ("GET", "/v1/documents"): Route(EDITOR, "/v1/documents", 200),
    ("GET", "/v1/documents/{document_id}"): Route(EDITOR, "/v1/documents/{document}", 200, elsewhere=404),
    ("DELETE", "/v1/documents/{document_id}"): Route(EDITOR, "/v1/documents/nothing", 404),
    ("POST", "/v1/documents/files"): Route(EDITOR, "/v1/documents/files", 400, {}),
    ("POST", "/v1/documents/pages"): Route(EDITOR, "/v1/documents/pages", 400, {}),
    ("GET", "/v1/documents/ingestions"): Route(EDITOR, "/v1/documents/ingestions", 200),
    ("GET", "/v1/documents/ingestions/{ingestion_id}"): Route(
        EDITOR, "/v1/documents/ingestions/nothing", 404
    ),
    ("GET", "/v1/keys"): Route(ADMIN, "/v1/keys", 200),
    ("POST", "/v1/keys"): Route(ADMIN, "/v1/keys", 201, {"roles": ["reader"]}),
    ("DELETE", "/v1/keys/{key_id}"): Route(ADMIN, "/v1/keys/nothing", 404),
    ("GET", "/v1/ops/candidates"): Route(WATCHING, "/v1/ops/candidates", 200),
    ("GET", "/v1/ops/candidates/{candidate_id}"): Route(WATCHING, "/v1/ops/candidates/nothing", 404),
    ("POST", "/v1/ops/candidates/{candidate_id}/approve"): Route(
        APPROVER, "/v1/ops/candidates/nothing/approve", 404, {}
    ),
    ("POST", "/v1/ops/candidates/{candidate_id}/reject"): Route(
        APPROVER, "/v1/ops/candidates/nothing/reject", 404, {}
    ),
    ("POST", "/v1/ops/candidates/{candidate_id}/promote"): Route(
        APPROVER, "/v1/ops/candidates/nothing/promote", 404
    ),
    ("POST", "/v1/ops/rollback"): Route(APPROVER, "/v1/ops/rollback", 409, {}),
    ("GET", "/v1/ops/promotions"): Route(WATCHING, "/v1/ops/promotions", 200),
    ("GET", "/v1/ops/promotions/{promotion_id}"): Route(WATCHING, "/v1/ops/promotions/nothing", 404),
    ("GET", "/v1/ops/deployment"): Route(WATCHING, "/v1/ops/deployment", 200),
    ("GET", "/v1/ops/audit"): Route(WATCHING, "/v1/ops/audit", 200),
    ("GET", "/v1/ops/questions"): Route(OPERATOR, "/v1/ops/questions", 200),
    ("GET", "/v1/ops/labels"): Route(OPERATOR, "/v1/ops/labels", 200),
    ("POST", "/v1/ops/labels/{sampled_id}"): Route(OPERATOR, "/v1/ops/labels/nothing", 404, {}),
    ("GET", "/v1/ops/questions/{interaction_id}"): Route(OPERATOR, "/v1/ops/questions/{interaction}", 200),
    ("GET", "/v1/ops/drift"): Route(OPERATOR, "/v1/ops/drift", 200),
    ("POST", "/v1/ops/drift"): Route(OPERATOR, "/v1/ops/drift", 202),
    ("GET", "/v1/ops/drift/history"): Route(OPERATOR, "/v1/ops/drift/history", 200),
    ("POST", "/v1/ops/drift/reset"): Route(OPERATOR, "/v1/ops/drift/reset", 404, {"comment": "It is."}),
    ("GET", "/v1/ops/drift/{report_id}"): Route(OPERATOR, "/v1/ops/drift/nothing", 404),
    ("GET", "/v1/ops/drift/{report_id}/report"): Route(OPERATOR, "/v1/ops/drift/nothing/report", 404),
    ("GET", "/v1/ops/alarms"): Route(OPERATOR, "/v1/ops/alarms", 200),
    ("GET", "/v1/ops/alarms/{alarm_id}"): Route(OPERATOR, "/v1/ops/alarms/nothing", 404),
    ("POST", "/v1/ops/alarms/{alarm_id}/acknowledge"): Route(
        OPERATOR, "/v1/ops/alarms/nothing/acknowledge", 404, {}
    ),
    ("POST", "/v1/ops/alarms/{alarm_id}/end"): Route(
        OPERATOR, "/v1/ops/alarms/nothing/end", 404, {"comment": "It is."}
    ),
}
"""(method, path as declared) -> who may, and what they get. A route that is not here fails the test."""


@dataclass(frozen=True)
class Caller:
    """Somebody who sends requests."""

    name: str
    token: str | None
    roles: frozenset[Role] = frozenset()
    home: bool = True
    headers: dict[str, str] = field(default_factory=dict)

    def expected(self, route: Route) -> int:
        """Return the status this caller has to get."""
        if route.who is None:
            return route.status
        if not self.roles:
            return 401
        if not self.roles & route.who:
            return 403
        return route.status if self.home or route.elsewhere is None else route.elsewhere

    @property
    def authorization(self) -> dict[str, str]:
        """Return the header."""
        return {} if self.token is None else {"Authorization": f"Bearer {self.token}"}


def make(serving: Service, *roles: Role, tenant: str | None = None, **values: Any) -> str:
    """Make a key; give the whole of it."""
    new = serving.parts.keys.register.create(roles=roles, tenant=tenant, principal="test", **values)
    return new.token


def callers(serving: Service) -> Iterator[Caller]:
    """Everybody: each role alone, both tenants, all roles, and those whom nobody lets in."""
    for role in Role:
        yield Caller(f"home {role}", make(serving, role), frozenset({role}))
    for role in (Role.READER, Role.EDITOR):
        yield Caller(f"other {role}", make(serving, role, tenant="other"), frozenset({role}), home=False)
    yield Caller("home all", make(serving, *Role), frozenset(Role))
    revoked = make(serving, *Role)
    serving.parts.keys.register.revoke(revoked, principal="test")
    yield Caller("revoked", revoked)
    expired = make(serving, *Role, expires_at=utcnow() + timedelta(milliseconds=1))
    yield Caller("expired", expired)
    yield Caller("changed", f"{make(serving, *Role)[:-4]}AAAA")
    yield Caller("unknown", f"wk_{'a' * 18}.{'A' * 43}")
    yield Caller("no key", None)


@pytest.fixture
def operations(home_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sequence[APIRouter]]:
    """The routes below /v1/ops, over the same home; a drift check that is asked for ends at once."""
    monkeypatch.setenv("WHETSTONE_HOME", str(home_settings.home))
    monkeypatch.setattr(flows.ops.operations, "drift_check", lambda _tenant: "nothing")
    with open_doors() as doors:
        yield flows.ops.operations.operations(doors)


@pytest.fixture
def guarded(
    home_settings: Settings, operations: Sequence[APIRouter], corpus: Any, run_service: RunService
) -> Iterator[Any]:
    """A service with everything, the corpus, and a key, so that all requests need one."""
    corpus(home_settings)
    # The limits are tested apart.
    settings = home_settings.model_copy(update={"requests_per_minute": 100_000})
    with open_keys(settings) as register:
        register.create(roles=[Role.READER], principal="test")
    with run_service(settings, routers=operations) as service:
        yield service


def test_every_route_against_every_caller(guarded: Any, operations: Sequence[APIRouter]) -> None:
    """No route is missing from the table, and each lets in whom the table names and nobody else."""
    serving: Service = guarded.serving
    app = create_app(serving.parts, routers=operations)
    routes = {
        (method, route.path) for route in iter_route_contexts(app.routes) for method in route.methods or ()
    }
    assert routes == set(EXPECTED)

    reader = httpx.Client(
        base_url=guarded.url, headers={"Authorization": f"Bearer {make(serving, Role.READER)}"}
    )
    with reader:
        found = reader.post("/v1/retrieve", json={"query": "When is lunch served?"}).json()
    known = {
        "passage": found["hits"][0]["passage_id"],
        "document": found["hits"][0]["document_id"],
        "interaction": found["interaction_id"],
    }
    wrong = []
    for caller in callers(serving):
        for (method, declared), route in EXPECTED.items():
            body = route.body
            if body is not None:
                body = {k: v.format(**known) if isinstance(v, str) else v for k, v in body.items()}
            response = guarded.client.request(
                method, route.path.format(**known), json=body, headers=caller.authorization
            )
            if response.status_code != caller.expected(route):
                wrong.append((caller.name, method, declared, caller.expected(route), response.status_code))
            if response.status_code in (401, 403):
                assert response.json()["error"]["code"] in ("unauthorised", "forbidden")
    assert wrong == []


def test_a_route_that_declares_nothing_makes_no_application(guarded: Any) -> None:
    """It is named, so that its maker sees what is missing."""
    router = APIRouter()

    @router.get("/v1/forgotten")
    def forgotten() -> None:
        """Do nothing."""

    with pytest.raises(TypeError, match="GET /v1/forgotten declares no role"):
        create_app(guarded.serving, routers=[router])


def test_what_is_nowhere_is_no_ones(guarded: Any) -> None:
    """Without a key an unknown path is not told from a known one; with one it is not found."""
    token = make(guarded.serving, Role.READER)
    for path in ("/nothing", "/v1/models/", "/healthz/", "/v1/ops"):
        assert guarded.client.get(path).status_code == 401, path
    assert guarded.client.get("/nothing", headers={"Authorization": f"Bearer {token}"}).status_code == 404


@pytest.fixture
def two(guarded: Any) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """Clients of two tenants beside the home one, each with a reader's and editor's key."""
    with ExitStack() as open_until_the_end:
        yield tuple(  # type: ignore[misc]  # two they are
            open_until_the_end.enter_context(
                httpx.Client(
                    base_url=guarded.url,
                    timeout=60,
                    headers={
                        "Authorization": f"Bearer {make(guarded.serving, Role.READER, Role.EDITOR, tenant=tenant)}"
                    },
                )
            )
            for tenant in ("north", "south")
        )


SECRET = {"uri": "plans/secret.md", "title": "Plans", "text": "Project Heron launches in March at the quay."}
ABOUT = "When does Project Heron launch?"


def hits(client: httpx.Client, question: str) -> list[dict[str, Any]]:
    """Return what a question finds."""
    found = client.post("/v1/retrieve", json={"query": question, "limit": 50})
    assert found.status_code == 200
    given: list[dict[str, Any]] = found.json()["hits"]
    return given


def test_a_tenant_sees_nothing_of_another(guarded: Any, two: tuple[httpx.Client, httpx.Client]) -> None:
    """Documents, passages, answers, sources, feedback: what is one's is not there for the other."""
    north, south = two
    put = north.put("/v1/documents", json=SECRET).json()
    assert put["searchable"] is True
    mine = hits(north, ABOUT)
    assert [hit["document_id"] for hit in mine] == [put["id"]]

    # An empty scope finds nothing, however near another tenant's passages are.
    assert hits(south, ABOUT) == []
    assert hits(south, "When is lunch served?") == []
    body = {"messages": [{"role": "user", "content": ABOUT}]}
    answer = south.post("/v1/chat/completions", json=body).json()
    assert answer["choices"][0]["message"]["content"] == (
        "The documents do not say. There are no documents here yet."
    )
    assert answer["search_results"] == []

    assert south.get("/v1/documents").json()["data"] == []
    assert [each["uri"] for each in north.get("/v1/documents").json()["data"]] == [SECRET["uri"]]
    assert south.get(f"/v1/documents/{put['id']}").status_code == 404
    assert south.delete(f"/v1/documents/{put['id']}").status_code == 404
    assert south.get(f"/v1/sources/{mine[0]['passage_id']}").status_code == 404
    asked = north.post("/v1/chat/completions", json=body).json()["whetstone"]["interaction_id"]
    assert south.post("/v1/feedback", json={"interaction_id": asked, "rating": -1}).status_code == 404
    own = south.post("/v1/retrieve", json={"query": ABOUT}).json()["interaction_id"]
    clicked = {"interaction_id": own, "clicked_passage": mine[0]["passage_id"]}
    assert south.post("/v1/feedback", json=clicked).status_code == 404
    assert north.post("/v1/feedback", json={"interaction_id": asked, "rating": 1}).status_code == 201
    assert north.get(f"/v1/documents/{put['id']}").json()["text"] == SECRET["text"]


def test_one_uri_in_two_tenants_is_two_documents(two: tuple[httpx.Client, httpx.Client]) -> None:
    """Each finds its own, and deleting one leaves the other."""
    north, south = two
    theirs = SECRET | {"text": "Project Heron was given up in May."}
    first, second = (
        client.put("/v1/documents", json=SECRET if client is north else theirs).json() for client in two
    )
    assert first["id"] != second["id"]
    assert [hit["text"] for hit in hits(north, ABOUT)] == [SECRET["text"]]
    assert [hit["text"] for hit in hits(south, ABOUT)] == [theirs["text"]]
    assert south.delete(f"/v1/documents/{second['id']}").status_code == 200
    assert hits(south, ABOUT) == []
    assert [hit["text"] for hit in hits(north, ABOUT)] == [SECRET["text"]]


def test_the_log_says_whose_question_it_was(guarded: Any, two: tuple[httpx.Client, httpx.Client]) -> None:
    """The key's id and tenant, so that training and drift see their tenant's alone."""
    hits(two[0], ABOUT)
    (logged,) = guarded.serving.stores.interactions.between(tenant="north")
    key = next(key for key in guarded.serving.parts.keys.register.all() if key.tenant == "north")
    assert (logged.principal, logged.tenant) == (key.id, "north")
