"""The operators' routes over a small company."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from flows.ops.routes import audit, candidates, releases
from rag.api.guards.errors import install_error_handlers
from rag.releases.deployed import deployed
from rag.releases.standing import standing
from retrain.domain import Promotion
from retrain.promotion.requesting import SwitchRequests


@dataclass
class NotedSwitches:
    """Writes tickets as the service does, and notes what would be started."""

    requests: SwitchRequests
    started: list[tuple[str, str]] = field(default_factory=list)

    def promote(self, candidate_id: str, *, principal: str) -> Promotion:
        """Write the ticket of a promotion."""
        self.started.append((candidate_id, principal))
        return self.requests.promote(candidate_id, principal=principal)

    def rollback(self, *, principal: str, reason: str = "") -> Promotion:
        """Write the ticket of a rollback."""
        self.started.append((reason, principal))
        return self.requests.rollback(principal=principal, reason=reason)


@dataclass
class Ops:
    """The routes, with the work done when a test does it, not in the background."""

    world: Any
    client: TestClient
    started: list[tuple[str, str]]


@pytest.fixture
def ops(world: Any, sent_by: Any) -> Iterator[Ops]:
    """The routes as the service has them; starting a switch writes its ticket and notes it."""
    kept, stores = world.retrain, world.stores
    switches = NotedSwitches(
        SwitchRequests(stores.releases, kept.candidates, kept.approvals, kept.promotions, key=b"k" * 32)
    )
    app = FastAPI()
    app.add_middleware(sent_by)
    install_error_handlers(app)
    for router in (
        candidates.router(kept.candidates, kept.approvals, world.approver(), switches),
        releases.router(
            partial(deployed, stores.releases),
            partial(standing, stores.releases, stores.documents),
            stores.replicas,
            kept.promotions,
            switches,
        ),
        audit.router(stores.audit),
    ):
        app.include_router(router)
    with TestClient(app) as client:
        yield Ops(world=world, client=client, started=switches.started)
