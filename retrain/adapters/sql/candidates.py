"""Candidates, with their scorecards and verdicts."""

from functools import partial

from sqlalchemy import insert, select, update
from typing_extensions import override

from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.database.records import from_json, to_row
from rag.adapters.sql.database.statements import by_prefix
from rag.adapters.sql.database.store import SqlStore
from rag.errors import NotFound
from retrain.adapters.sql.schema import candidates
from retrain.domain import Candidate, CandidateStatus
from retrain.ports import CandidateStore

_candidate = partial(from_json, Candidate)
_NEWEST_FIRST = select(candidates).order_by(candidates.c.created_at.desc(), candidates.c.id)


class SqlCandidates(SqlStore, CandidateStore):
    """A `CandidateStore` in SQL."""

    @override
    def add(self, candidate: Candidate) -> None:
        """Write one; Conflict where one of that id is there."""
        with writing(self._engine) as connection:
            connection.execute(insert(candidates).values(to_row(candidate)))

    @override
    def get(self, candidate_id: str) -> Candidate:
        """Return one as the port says; a prefix has 4 characters or more."""
        with reading(self._engine) as connection:
            return _candidate(by_prefix(connection, candidates, candidate_id, "candidate"))

    @override
    def newest(self, limit: int = 50) -> list[Candidate]:
        return self._all(_NEWEST_FIRST.limit(limit), _candidate)

    @override
    def having(self, *statuses: CandidateStatus) -> list[Candidate]:
        return self._all(_NEWEST_FIRST.where(candidates.c.status.in_(statuses)), _candidate)

    @override
    def set_status(self, candidate_id: str, status: CandidateStatus) -> None:
        change = update(candidates).where(candidates.c.id == candidate_id).values(status=status.value)
        with writing(self._engine) as connection:
            if connection.execute(change).rowcount == 0:
                raise NotFound(f"there is no candidate {candidate_id!r}")
