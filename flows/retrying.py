"""Which failures of a task are worth a second try."""

from typing import Any

from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from rag.errors import Conflict, IntegrityError, InvalidInput, NotFound, NotReady

FINAL = (Conflict, IntegrityError, InvalidInput, NotFound, NotReady)
"""Errors that say no: a missing approval stays missing however often one asks."""


def worth_repeating(_task: Task[Any, Any], _run: TaskRun, state: State[Any]) -> bool:
    """Return whether the task failed for a passing fault, not for a refusal; Prefect's ``retry_condition_fn``."""
    return not isinstance(state.result(raise_on_failure=False), FINAL)
