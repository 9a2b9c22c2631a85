"""Flow: an approved candidate becomes the live release."""

from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from flows.artifacts import progress_artifact, publish_promotion
from flows.bootstrap import open_pipelines
from rag.errors import Conflict, InvalidInput, NotFound


def worth_repeating(_task: Task[Any, Any], _run: TaskRun, state: State[Any]) -> bool:
    """Tell a passing fault from a "no": a missing approval stays missing however often one asks."""
    error = state.result(raise_on_failure=False)
    return not isinstance(error, Conflict | InvalidInput | NotFound)


@task(retries=2, retry_delay_seconds=10, retry_condition_fn=worth_repeating)
def build_verify_switch(candidate_id: str, principal: str, ticket: str | None) -> int:
    """Build, verify and switch, going on where an earlier run was stopped; give the new epoch."""
    with open_pipelines() as pipelines, progress_artifact("promote") as progress:
        promotion = pipelines.promoter().promote(
            candidate_id, principal=principal, progress=progress, promotion_id=ticket
        )
        deployment = pipelines.stores.releases.deployment()
        publish_promotion(promotion, deployment)
        return deployment.epoch if deployment else 0


@flow(name="promote_release")
def promote_release(candidate_id: str, principal: str = "prefect", ticket: str | None = None) -> int:
    """Promote an approved candidate; give the deployment's new epoch."""
    return build_verify_switch(candidate_id, principal, ticket)
