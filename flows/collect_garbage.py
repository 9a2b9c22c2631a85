"""Flow: remove what no release, candidate or rollback needs."""

from prefect import flow, task

from flows.artifacts import publish_garbage
from flows.bootstrap import open_doors
from flows.retrying import worth_repeating


@task(retries=1, retry_delay_seconds=10, retry_condition_fn=worth_repeating)
def remove(dry_run: bool) -> list[str]:
    """Remove, or only name, what nothing needs; return a line for each."""
    with open_doors() as doors:
        return doors.promotion.collect_garbage(dry_run=dry_run)


@flow(name="collect_garbage")
def collect_garbage(dry_run: bool = False) -> list[str]:
    """Collect garbage once; return a line for each thing removed."""
    removed = remove(dry_run)
    publish_garbage(removed)
    return removed
