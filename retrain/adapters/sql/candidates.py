"""Candidates, with their scorecards and verdicts."""

from sqlalchemy import Engine, RowMapping, insert, select, update

from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.database.records import from_json, to_json
from rag.adapters.sql.database.statements import by_prefix
from rag.errors import NotFound
from retrain.adapters.sql.schema import candidates
from retrain.domain import Candidate, CandidateStatus, Scorecard, TrainingReport, Verdict


class SqlCandidates:
    """Candidates."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, candidate: Candidate) -> None:
        """Write one; Conflict where one of that id is there."""
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
        """Return one by its id, or by a prefix of it, of 4 characters or more, that fits one alone."""
        with reading(self._engine) as connection:
            return _candidate(by_prefix(connection, candidates, candidate_id, "candidate"))

    def newest(self, limit: int = 50) -> list[Candidate]:
        """Return the newest first."""
        query = select(candidates).order_by(candidates.c.created_at.desc(), candidates.c.id).limit(limit)
        with reading(self._engine) as connection:
            return [_candidate(row) for row in connection.execute(query).mappings()]

    def set_status(self, candidate_id: str, status: CandidateStatus) -> None:
        """Move the candidate of exactly that id on; NotFound where there is none."""
        change = update(candidates).where(candidates.c.id == candidate_id).values(status=status.value)
        with writing(self._engine) as connection:
            if connection.execute(change).rowcount == 0:
                raise NotFound(f"there is no candidate {candidate_id!r}")


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
