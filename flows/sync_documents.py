"""Flow: keep the configured folders ingested."""

from prefect import flow, task

from flows.artifacts import progress_artifact, publish_sync
from flows.bootstrap import open_doors
from flows.retrying import worth_repeating
from rag.library.syncing import SyncReport


@task(retries=2, retry_delay_seconds=10, retry_condition_fn=worth_repeating)
def sync_path(path: str) -> SyncReport:
    """Bring the store in line with one file or folder."""
    with open_doors() as doors, progress_artifact(f"sync {path}") as progress:
        return doors.rag.ingest(path, prune=doors.schedule.sync_prune, progress=progress)


@task
def configured_paths() -> tuple[str, ...]:
    """Return what WHETSTONE_FLOWS_SYNC_PATHS names."""
    with open_doors() as doors:
        return doors.schedule.sync_paths


@flow(name="sync_documents")
def sync_documents() -> int:
    """Sync every configured path; return how many documents changed. A path that fails does not stop the others."""
    states = {path: sync_path(path, return_state=True) for path in configured_paths()}
    publish_sync({path: state.result() for path, state in states.items() if state.is_completed()})
    return sum(r.added + r.changed + r.removed for r in (state.result() for state in states.values()))
