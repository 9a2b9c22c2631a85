"""Datasets: the manifest in SQL, the content in files."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select
from typing_extensions import override

from rag.adapters.models.artefacts.disk import sync_folder
from rag.adapters.sql.database.engine import writing
from rag.adapters.sql.database.records import from_json, to_json
from rag.adapters.sql.database.statements import insert_new
from rag.adapters.sql.database.store import SqlStore
from rag.domain import new_id
from rag.errors import IntegrityError, NotFound
from retrain.adapters.sql.schema import datasets
from retrain.domain import Dataset, EvalQuestion, TrainingPair
from retrain.ports import DatasetStore

_SPLITS: dict[str, Any] = {
    "train": TrainingPair,
    "dev": EvalQuestion,
    "gate": EvalQuestion,
    "robustness": EvalQuestion,
}
"""What a dataset's items are."""


class SqlDatasets(SqlStore, DatasetStore):
    """A `DatasetStore`: the manifest in SQL, the content in a file named after the digest, a line for each item."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        super().__init__(engine)
        self._folder = folder

    @override
    def put(self, dataset: Dataset) -> None:
        """Write one; the same digest again does nothing. IntegrityError where it is not that of the content."""
        digest = replace(dataset, digest="").digest
        if digest != dataset.digest:
            raise IntegrityError(f"expected a dataset of digest {dataset.digest}, its content has {digest}")
        if not self._path(digest).exists():
            self._write(dataset)
        row = {"digest": digest, "manifest": dict(dataset.manifest), "created_at": dataset.created_at}
        with writing(self._engine) as connection:
            insert_new(connection, datasets, [row])

    @override
    def get(self, digest: str) -> Dataset:
        """Return one as the port says; IntegrityError also where its content is gone."""
        row = self._one(select(datasets).where(datasets.c.digest == digest), dict)
        if row is None:
            raise NotFound(f"there is no dataset {digest!r}")
        dataset = Dataset(**self._read(digest), **row | {"digest": ""})
        if (actual := dataset.digest) != digest:
            raise IntegrityError(
                f"expected {self._path(digest)} to have digest {digest}, it has {actual}; restore a copy, "
                "or delete it and build the dataset again"
            )
        return dataset

    @override
    def newest(self, *, tenant: str) -> Dataset | None:
        query = select(datasets.c.digest, datasets.c.manifest).order_by(datasets.c.created_at.desc())
        rows = self._all(query, dict)
        digest = next((row["digest"] for row in rows if row["manifest"].get("tenant") == tenant), None)
        if digest is None:
            return None
        try:
            return self.get(digest)
        except IntegrityError:
            # What is built does not depend on it; what came before only says what is new.
            return None

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest}.jsonl"

    def _write(self, dataset: Dataset) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = self._folder / f".{dataset.digest}.{new_id()}"
        try:
            with unfinished.open("w", encoding="utf-8") as file:
                for line in _lines(dataset):
                    file.write(json.dumps(line) + "\n")
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self._path(dataset.digest))
        finally:
            unfinished.unlink(missing_ok=True)
        sync_folder(self._folder)

    def _read(self, digest: str) -> dict[str, Any]:
        """Return split -> its items."""
        items: dict[str, list[Any]] = {split: [] for split in _SPLITS}
        path = self._path(digest)
        try:
            with path.open(encoding="utf-8") as file:
                for line in map(json.loads, file):
                    items[line["split"]].append(from_json(_SPLITS[line["split"]], line["item"]))
        except FileNotFoundError as error:
            raise IntegrityError(f"the content of dataset {digest} is gone: expected it at {path}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise IntegrityError(f"{path} is damaged: {error}; restore a copy or build it again") from error
        return {split: tuple(some) for split, some in items.items()}


def _lines(dataset: Dataset) -> Iterator[dict[str, Any]]:
    for split, kind in _SPLITS.items():
        for item in getattr(dataset, split):
            yield {"split": split, "item": to_json(kind, item)}
