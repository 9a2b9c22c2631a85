"""Datasets, candidates, approvals and promotions, in the database that serving uses."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, func, insert, select, text, update

from rag.adapters.sql.engine import reading, writing
from rag.adapters.sql.records import from_json, to_json
from rag.adapters.sql.schema import approvals, candidates, datasets, gate_looks, promotions
from rag.adapters.sql.statements import by_prefix, insert_new, upsert
from rag.adapters.sql.stores import Stores
from rag.domain import new_id, utcnow
from rag.errors import IntegrityError, NotFound
from retrain.domain import (
    Approval,
    Candidate,
    CandidateStatus,
    Dataset,
    Decision,
    EvalQuestion,
    Promotion,
    PromotionKind,
    PromotionPhase,
    Scorecard,
    TrainingPair,
    TrainingReport,
    Verdict,
)
from retrain.ports import ApprovalStore, CandidateStore, DatasetStore, GateLookStore, PromotionStore


@dataclass(frozen=True, kw_only=True, slots=True)
class RetrainStores:
    """The stores of retraining, over one database."""

    datasets: DatasetStore
    candidates: CandidateStore
    approvals: ApprovalStore
    promotions: PromotionStore
    gate_looks: GateLookStore


def open_retrain_stores(stores: Stores, home: Path) -> RetrainStores:
    """Give the stores of retraining over serving's database; datasets' content goes below `home`."""
    return RetrainStores(
        datasets=SqlDatasets(stores.engine, home / "datasets"),
        candidates=SqlCandidates(stores.engine),
        approvals=SqlApprovals(stores.engine),
        promotions=SqlPromotions(stores.engine),
        gate_looks=SqlGateLooks(stores.engine),
    )


class SqlDatasets:
    """Datasets: the manifest in SQL, the content in a file named after the digest, a line for each item."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder

    def put(self, dataset: Dataset) -> None:
        """Write one; the same digest again does nothing.

        Raises:
            IntegrityError: the digest is not that of the content.
        """
        digest = Dataset.digest_for(dataset.train, dataset.dev, dataset.gate, dataset.robustness)
        if digest != dataset.digest:
            raise IntegrityError(f"expected a dataset of digest {dataset.digest}, its content has {digest}")
        if not self._path(digest).exists():
            self._write(dataset)
        row = {"digest": digest, "manifest": dict(dataset.manifest), "created_at": dataset.created_at}
        with writing(self._engine) as connection:
            insert_new(connection, datasets, [row])

    def get(self, digest: str) -> Dataset:
        """Give one.

        Raises:
            NotFound: there is none.
            IntegrityError: its content is gone, or no longer matches its digest.
        """
        with reading(self._engine) as connection:
            row = connection.execute(select(datasets).where(datasets.c.digest == digest)).one_or_none()
        if row is None:
            raise NotFound(f"there is no dataset {digest!r}")
        train, held = self._read(digest)
        dev, gate, robustness = held["dev"], held["gate"], held["robustness"]
        if (actual := Dataset.digest_for(train, dev, gate, robustness)) != digest:
            raise IntegrityError(
                f"expected {self._path(digest)} to have digest {digest}, it has {actual}; restore a copy, "
                "or delete it and build the dataset again"
            )
        return Dataset(
            digest=digest,
            train=tuple(train),
            dev=tuple(dev),
            gate=tuple(gate),
            robustness=tuple(robustness),
            manifest=row.manifest,
            created_at=row.created_at,
        )

    def newest(self, *, tenant: str) -> Dataset | None:
        """Give the tenant's newest one; None where there is none, or its content is gone or damaged."""
        query = select(datasets.c.digest, datasets.c.manifest).order_by(datasets.c.created_at.desc())
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        digest = next((row.digest for row in rows if row.manifest.get("tenant") == tenant), None)
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
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _read(self, digest: str) -> tuple[list[TrainingPair], dict[str, list[EvalQuestion]]]:
        pairs: list[TrainingPair] = []
        held_back: dict[str, list[EvalQuestion]] = {"dev": [], "gate": [], "robustness": []}
        path = self._path(digest)
        try:
            with path.open(encoding="utf-8") as file:
                for text in file:
                    line = json.loads(text)
                    if line["split"] == "train":
                        pairs.append(from_json(TrainingPair, line["item"]))
                    else:
                        held_back[line["split"]].append(from_json(EvalQuestion, line["item"]))
        except FileNotFoundError as error:
            raise IntegrityError(f"the content of dataset {digest} is gone: expected it at {path}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise IntegrityError(f"{path} is damaged: {error}; restore a copy or build it again") from error
        return pairs, held_back


def _lines(dataset: Dataset) -> Iterator[dict[str, Any]]:
    for pair in dataset.train:
        yield {"split": "train", "item": to_json(TrainingPair, pair)}
    held_back = (("dev", dataset.dev), ("gate", dataset.gate), ("robustness", dataset.robustness))
    for split, questions in held_back:
        for question in questions:
            yield {"split": split, "item": to_json(EvalQuestion, question)}


class SqlCandidates:
    """Candidates."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, candidate: Candidate) -> None:
        """Write one.

        Raises:
            Conflict: one of that id is there.
        """
        row = {
            "id": candidate.id,
            "tenant": candidate.tenant,
            "encoder": candidate.encoder,
            "release": candidate.release,
            "incumbent": candidate.incumbent,
            "dataset": candidate.dataset,
            "training": to_json(TrainingReport, candidate.training),
            "scorecard": to_json(Scorecard, candidate.scorecard),
            "verdict": to_json(Verdict, candidate.verdict),
            "status": candidate.status.value,
            "created_at": candidate.created_at,
        }
        with writing(self._engine) as connection:
            connection.execute(insert(candidates).values(row))

    def get(self, candidate_id: str) -> Candidate:
        """Give one by its id, or by a prefix of it, of 4 characters or more, that fits one alone.

        Raises:
            NotFound: none fits.
            InvalidInput: several fit.
        """
        with reading(self._engine) as connection:
            return _candidate(by_prefix(connection, candidates, candidate_id, "candidate"))

    def newest(self, limit: int = 50) -> list[Candidate]:
        """Give the newest first."""
        query = select(candidates).order_by(candidates.c.created_at.desc(), candidates.c.id).limit(limit)
        with reading(self._engine) as connection:
            return [_candidate(row) for row in connection.execute(query).mappings()]

    def set_status(self, candidate_id: str, status: CandidateStatus) -> None:
        """Move a candidate on.

        Raises:
            NotFound: there is no candidate of exactly that id.
        """
        change = update(candidates).where(candidates.c.id == candidate_id).values(status=status.value)
        with writing(self._engine) as connection:
            if connection.execute(change).rowcount == 0:
                raise NotFound(f"there is no candidate {candidate_id!r}")


class SqlGateLooks:
    """How often each set of gate questions was looked at; written while the lease of retraining is held."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def count(self, gate: str) -> int:
        """Give the looks at the gate questions of that digest so far."""
        with reading(self._engine) as connection:
            return _looks(connection, gate)

    def look(self, gate: str, *, candidate: str, incumbent: str) -> int:
        """Take down a look and give its number, counted from 1; the same comparison again has the number it had."""
        key = {"gate": gate, "candidate": candidate, "incumbent": incumbent}
        with writing(self._engine) as connection:
            if connection.dialect.name == "postgresql":
                # SQLite has one writer at a time; here two could count the same looks before either has written.
                connection.execute(text("LOCK TABLE gate_looks IN SHARE ROW EXCLUSIVE MODE"))
            row = key | {"number": _looks(connection, gate) + 1, "at": utcnow()}
            insert_new(connection, gate_looks, [row])
            mine = select(gate_looks.c.number).where(
                *(gate_looks.c[name] == value for name, value in key.items())
            )
            return int(connection.execute(mine).scalar_one())


def _looks(connection: Connection, gate: str) -> int:
    query = select(func.count()).select_from(gate_looks).where(gate_looks.c.gate == gate)
    return int(connection.execute(query).scalar_one())


class SqlApprovals:
    """Decisions of people. Never changed; the newest for a candidate counts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, approval: Approval) -> None:
        """Write one.

        Raises:
            Conflict: one of that id is there.
        """
        row = asdict(approval) | {"decision": approval.decision.value}
        with writing(self._engine) as connection:
            connection.execute(insert(approvals).values(row))

    def newest_for(self, candidate_id: str) -> Approval | None:
        """Give the decision on a candidate that was written last."""
        mine = approvals.c.candidate == candidate_id
        query = select(approvals).where(mine).order_by(approvals.c.number.desc()).limit(1)
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            return None
        values = {name: value for name, value in row.items() if name != "number"}
        return Approval(**values | {"decision": Decision(row["decision"])})


class SqlPromotions:
    """Promotions and rollbacks, with their progress."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, promotion: Promotion) -> None:
        """Write or replace one."""
        row = asdict(promotion) | {"kind": promotion.kind.value, "phase": promotion.phase.value}
        with writing(self._engine) as connection:
            upsert(connection, promotions, row)

    def get(self, promotion_id: str) -> Promotion:
        """Give one.

        Raises:
            NotFound: there is none.
        """
        query = select(promotions).where(promotions.c.id == promotion_id)
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise NotFound(f"there is no promotion {promotion_id!r}")
        return _promotion(row)

    def newest(self, limit: int = 20) -> list[Promotion]:
        """Give the newest first."""
        query = select(promotions).order_by(promotions.c.started_at.desc(), promotions.c.id).limit(limit)
        with reading(self._engine) as connection:
            return [_promotion(row) for row in connection.execute(query).mappings()]


def _candidate(row: RowMapping) -> Candidate:
    return Candidate(
        **{
            **row,
            "training": from_json(TrainingReport, row["training"]),
            "scorecard": from_json(Scorecard, row["scorecard"]),
            "verdict": from_json(Verdict, row["verdict"]),
            "status": CandidateStatus(row["status"]),
        }
    )


def _promotion(row: RowMapping) -> Promotion:
    return Promotion(**{**row, "kind": PromotionKind(row["kind"]), "phase": PromotionPhase(row["phase"])})
