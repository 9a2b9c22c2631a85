"""What a run ended with, in a file: killed before its encoder was evaluated, it need not train a second time."""

import json
from collections.abc import Collection
from pathlib import Path

from rag.adapters.models.artefacts.disk import write_json
from rag.adapters.sql.database.records import from_json, to_json
from retrain.domain import TrainingReport


def recall(file: Path, there: Collection[str]) -> tuple[str, TrainingReport] | None:
    """Return the artefact's digest and the report; None where there is no such file or no longer such an artefact.

    The file is named after all that decides on the outcome; `there` are the digests of the encoders that are here.
    """
    if not file.is_file():
        return None
    content = json.loads(file.read_text(encoding="utf-8"))
    if content["digest"] not in there:
        file.unlink()
        return None
    return content["digest"], from_json(TrainingReport, content["report"])


def remember(file: Path, digest: str, report: TrainingReport) -> None:
    """Write the file, whole or not at all."""
    unfinished = file.with_suffix(".part")
    write_json(unfinished, {"digest": digest, "report": to_json(TrainingReport, report)})
    unfinished.replace(file)
