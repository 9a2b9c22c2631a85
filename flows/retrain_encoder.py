"""Flow: from what people asked to a candidate that waits for a person."""

from prefect import flow, task
from prefect.logging import get_run_logger

from flows.artifacts import progress_artifact, publish_candidate, publish_dataset, publish_foreseen
from flows.bootstrap import open_doors
from flows.retrying import worth_repeating
from monitoring.alarms.alarming import ASKED_FOR
from retrain.cycle import Trained
from retrain.domain import Detectable


@task(retries=2, retry_delay_seconds=10, retry_condition_fn=worth_repeating)
def build_dataset() -> str:
    """Mine questions from the log, the labels and the documents; return the dataset's digest."""
    with open_doors() as doors, progress_artifact("mine questions") as progress:
        with doors.retraining.cycle() as cycle:
            dataset = cycle.build_dataset(progress=progress)
        publish_dataset(dataset)
        return dataset.digest


@task(retries=1, retry_delay_seconds=10, retry_condition_fn=worth_repeating)
def train(dataset: str) -> Trained:
    """Fine-tune the live encoder, from the last checkpoint where there is one."""
    with (
        open_doors() as doors,
        progress_artifact("train") as progress,
        doors.retraining.cycle() as cycle,
    ):
        return cycle.train(dataset, progress=progress)


@task(retries=1, retry_delay_seconds=10, retry_condition_fn=worth_repeating)
def foresee(dataset: str) -> Detectable | None:
    """Return which gain the gate questions can show, before time goes into training."""
    with (
        open_doors() as doors,
        progress_artifact("foresee") as progress,
        doors.retraining.cycle() as cycle,
    ):
        foreseen = cycle.foresee(dataset, progress=progress)
    publish_foreseen(foreseen)
    return foreseen


@task(retries=1, retry_delay_seconds=10, retry_condition_fn=worth_repeating)
def evaluate(dataset: str, trained: Trained, foreseen: Detectable | None) -> str:
    """Compare the new encoder with the live one and let the gate decide; return the candidate's id."""
    with open_doors() as doors, progress_artifact("evaluate") as progress:
        with doors.retraining.cycle() as cycle:
            candidate = cycle.evaluate(dataset, trained, foreseen=foreseen, progress=progress)
        publish_candidate(candidate)
        return candidate.id


@task(retries=2, retry_delay_seconds=5, retry_condition_fn=worth_repeating)
def alarms_to_cure() -> list[str]:
    """Write onto the standing alarms that retraining cures that this is theirs; return their ids."""
    with open_doors() as doors:
        alarms = [
            each.id
            for each in doors.monitoring.to_cure()
            if not each.retraining or each.retraining == ASKED_FOR
        ]
        doors.monitoring.retraining(alarms)
        return alarms


@task(retries=2, retry_delay_seconds=5, retry_condition_fn=worth_repeating)
def tell_alarms(alarms: list[str], candidate: str) -> None:
    """Write onto alarms which candidate was made for them."""
    with open_doors() as doors:
        doors.monitoring.retraining(alarms, candidate)


@flow(name="retrain_encoder")
def retrain_encoder(reason: str = "asked for by hand") -> str:
    """Retrain once, beginning where alarms say; return the candidate's id. `reason` is kept in the run's log."""
    get_run_logger().info("retraining: %s", reason)
    alarms = alarms_to_cure()
    dataset = build_dataset()
    foreseen = foresee(dataset)
    trained = train(dataset)
    candidate = evaluate(dataset, trained, foreseen)
    tell_alarms(alarms, candidate)
    return candidate
