"""Flow: an approved candidate becomes the live release."""

from prefect import flow, task

from flows.artifacts import progress_artifact, publish_promotion
from flows.bootstrap import open_doors
from flows.retrying import worth_repeating
from rag.releases.deployed import deployed


@task(retries=2, retry_delay_seconds=10, retry_condition_fn=worth_repeating)
def build_verify_switch(candidate_id: str, principal: str, ticket: str | None) -> int:
    """Build, verify and switch, going on where an earlier run was stopped; return the new epoch."""
    with open_doors() as doors, progress_artifact("promote") as progress:
        promotion = doors.promotion.promoter.promote(
            candidate_id, principal=principal, progress=progress, promotion_id=ticket
        )
        epoch = deployed(doors.rag.stores.releases).epoch
        publish_promotion(promotion, epoch)
        return epoch


@flow(name="promote_release")
def promote_release(candidate_id: str, principal: str = "prefect", ticket: str | None = None) -> int:
    """Promote an approved candidate; return the deployment's new epoch."""
    return build_verify_switch(candidate_id, principal, ticket)
