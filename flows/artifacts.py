"""What the flows leave in Prefect for people to see: tables, Markdown, progress."""

import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import cast
from uuid import NAMESPACE_URL, UUID, uuid5

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.events import emit_event
from prefect.logging import get_run_logger

from flows.ops.ingested import lines, notes
from flows.ops.reported import Texts, alarm_rows, finding_rows, topic_rows
from flows.ops.tables import (
    answer_rows,
    bar_lines,
    dataset_rows,
    foreseen_sentence,
    scorecard_rows,
    slice_rows,
    written_lines,
)
from flows.ops.terminal import console, progress
from monitoring.alarms.delivering import content, of_report
from monitoring.alarms.trigger import Trigger
from monitoring.domain import Alarm, DriftReport
from monitoring.telling import tell, unmeasured
from rag.library.syncing import SyncReport
from retrain.domain import Candidate, Dataset, Detectable, Promotion

SECONDS_BETWEEN_UPDATES = 2.0


def _key(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


@contextmanager
def progress_artifact(what: str) -> Iterator[Callable[[int, int, str], None]]:
    """Show work going on: an artifact and log lines, at most one every two seconds; where nobody logs, the terminal."""
    artifact = cast(UUID, create_progress_artifact(0.0, key=_key(what), description=what))
    logger = get_run_logger()
    last = ("", 0.0)
    # Not where the log shows it.
    on_terminal = nullcontext(lambda *_: None) if logger.isEnabledFor(logging.INFO) else progress()

    def show(done: int, total: int, step: str) -> None:
        nonlocal last
        shown(done, total, step)
        step = step.partition("\n")[0]
        now = time.monotonic()
        if step == last[0] and now - last[1] < SECONDS_BETWEEN_UPDATES:
            return
        last = (step, now)
        logger.info("%s: %s", step, f"{done} of {total}" if total else done)
        if total:
            update_progress_artifact(
                artifact, 100.0 * min(done, total) / total, description=f"{what}: {step}"
            )

    with on_terminal as shown:
        yield show
    update_progress_artifact(artifact, 100.0, description=f"{what}: done")


def _table(key: str, columns: Sequence[str], rows: Sequence[Sequence[object]], description: str) -> None:
    create_table_artifact(
        [dict(zip(columns, (str(cell) for cell in row), strict=True)) for row in rows],
        key=_key(key),
        description=description,
    )


def publish_drift_report(report: DriftReport, standing: Sequence[Alarm], texts: Texts) -> None:
    """Show a drift report: the verdict, why and what to do as Markdown, signals, topics and alarms as tables."""
    told = tell(report, standing)
    parts = [f"# {told.verdict}"]
    for heading, sentences in (
        ("Why", told.why),
        ("What to do", told.to_do),
        ("Not measured", tuple(unmeasured(report))),
    ):
        if sentences:
            parts.append(f"## {heading}\n\n" + "\n".join(f"- {each}" for each in sentences))
    if told.held_to:
        parts.append(told.held_to)
    create_markdown_artifact("\n\n".join(parts) + "\n", key="drift-reasons")
    _table("drift", *finding_rows(report), f"Drift report {report.id}: **{told.verdict}**")
    if any(each.topics for each in report.diagnoses):
        _table("drift-topics", *topic_rows(report, texts), "What new questions are about")
    if standing:
        _table("alarms", *alarm_rows(standing), "Alarms that stand")


def publish_trigger(trigger: Trigger) -> None:
    """Show whether a drift report calls for retraining, and why or why not."""
    create_markdown_artifact(f"# What follows\n\n{trigger.sentence}\n", key="drift-follow-up")


def publish_dataset(dataset: Dataset) -> None:
    """Show what a dataset holds, and what a language model's part of it has cost, there at the terminal too."""
    _table("dataset", *dataset_rows(dataset), f"Dataset {dataset.digest}")
    if told := written_lines(dataset.manifest.get("language_model")):
        console().print("\n".join(told))
        named = "\n".join(f"- {line}" for line in told)
        create_markdown_artifact(f"# Written by the language model\n\n{named}\n", key="written")


def publish_foreseen(foreseen: Detectable | None) -> None:
    """Show which gain the gate questions can show, in Prefect and at the terminal."""
    sentence = foreseen_sentence(foreseen)
    console().print(sentence)
    create_markdown_artifact(f"# Before training\n\n{sentence}\n", key="foreseen")


def publish_candidate(candidate: Candidate) -> None:
    """Show a candidate beside the incumbent, and what the gate says."""
    if answers := candidate.scorecard.answers:
        told = "\n".join(f"- {line}" for line in bar_lines(answers))
        _table("answers", *answer_rows(answers), f"Candidate {candidate.id}, what people get\n\n{told}")
    _table("scorecard", *scorecard_rows(candidate.scorecard), f"Candidate {candidate.id}, what is found")
    _table("slices", *slice_rows(candidate.scorecard), f"Candidate {candidate.id}, slice by slice")
    reasons = "\n".join(f"- {reason}" for reason in candidate.verdict.reasons)
    create_markdown_artifact(
        f"# {candidate.verdict.outcome}\n\n{reasons}\n\nApprove with `whetstone approve {candidate.id[:8]}`.\n",
        key="verdict",
        description=f"Candidate {candidate.id}",
    )


def publish_promotion(promotion: Promotion, epoch: int) -> None:
    """Show what a promotion came to."""
    create_markdown_artifact(
        f"# {promotion.kind}: {promotion.phase}\n\nRelease `{promotion.release}` at epoch {epoch}.\n",
        key="promotion",
    )


def publish_sync(reports: Mapping[str, SyncReport]) -> None:
    """Show what a sync changed."""
    rows = [
        (p, r.added, r.changed, r.unchanged, r.removed, r.spared, len(r.in_part), len(r.failed))
        for p, r in reports.items()
    ]
    columns = ["path", "added", "changed", "unchanged", "removed", "spared", "in part", "failed"]
    _table("sync", columns, rows, "Documents synced; spared: too many vanished at once to be believed")
    told = [line for path, r in reports.items() for line in (*notes(path, r), *lines(r))]
    if told:
        named = "\n".join(f"- {line}" for line in told)
        create_markdown_artifact(f"# Not read, or in part\n\n{named}\n", key="sync-failures")


def publish_garbage(removed: Sequence[str]) -> None:
    """Show what was removed."""
    lines = "\n".join(f"- {line}" for line in removed) or "Nothing."
    create_markdown_artifact(f"# Removed\n\n{lines}\n", key="garbage")


def publish_alarms(report: DriftReport, alarms: Sequence[Alarm]) -> None:
    """Emit ``whetstone.alarm.opened`` and ``.ended`` for what a report did to alarms: people's automations start by it.

    The payload is what the webhook gets; emitted twice, an event keeps its id.
    """
    for alarm, event in of_report(report, alarms):
        resource = f"whetstone.alarm.{alarm.id}"
        emit_event(
            event=f"whetstone.alarm.{event.value}",
            resource={
                "prefect.resource.id": resource,
                "prefect.resource.name": f"Alarm: {alarm.cause.replace('_', ' ')}",
                "whetstone.cause": alarm.cause.value,
                "whetstone.remedy": alarm.remedy.value,
                "whetstone.tenant": alarm.tenant,
            },
            payload=content(alarm, event, report.created_at),
            id=uuid5(NAMESPACE_URL, f"{resource}.{event.value}"),
        )
