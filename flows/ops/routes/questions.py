"""What people asked, over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from flows.ops.asked import asked_lately, question_json
from flows.ops.bounds import Limit
from rag.api.guards.roles import allow
from rag.domain import InteractionStatus, Role
from rag.errors import NotFound
from rag.ports import InteractionStore


def router(interactions: InteractionStore, *, tenant: str) -> APIRouter:
    """Return the routes below ``/v1/ops/questions``."""
    routes = APIRouter(prefix="/v1/ops", tags=["questions"], dependencies=[allow(Role.OPERATOR)])

    @routes.get("/questions")
    def newest(
        limit: Limit = 50,
        status: Annotated[InteractionStatus | None, Query()] = None,
        language_unknown: bool = False,
    ) -> dict[str, list[dict[str, Any]]]:
        """Return the newest questions, without who asked them."""
        asked = asked_lately(
            interactions, tenant=tenant, limit=limit, status=status, language_unknown=language_unknown
        )
        return {"data": [question_json(each) for each in asked]}

    @routes.get("/questions/{interaction_id}")
    def get(interaction_id: str) -> dict[str, Any]:
        """Return one question, without who asked it."""
        asked = interactions.get(interaction_id, tenant=tenant)
        if asked is None:
            raise NotFound(f"There is no question {interaction_id!r}.")
        return question_json(asked)

    return routes
