"""What people decided about candidates, and the promotions and rollbacks that came of it."""

from dataclasses import asdict, dataclass, replace

from sqlalchemy import Connection, Engine, RowMapping, Select, insert, select, update

from rag.adapters.sql.database.engine import now, reading, writing
from rag.adapters.sql.database.statements import upsert
from rag.errors import ApprovalInvalid, NotFound
from retrain.adapters.sql.schema import approvals, promotions
from retrain.domain import ENDED, Approval, Candidate, Decision, Promotion, PromotionKind, PromotionPhase
from retrain.promotion.approval import check


class SqlApprovals:
    """Decisions of people. Never changed; the newest for a candidate counts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, approval: Approval) -> None:
        """Write one; Conflict where one of that id is there."""
        row = asdict(approval) | {"decision": approval.decision.value}
        with writing(self._engine) as connection:
            connection.execute(insert(approvals).values(row))

    def newest_for(self, candidate_id: str) -> Approval | None:
        """Return the decision on a candidate that was written last."""
        with reading(self._engine) as connection:
            return _newest(connection, _decisions(candidate_id))

    def permit(self, approval: str, candidate: Candidate, *, key: bytes) -> "ApprovalPermit":
        """Return what lets the candidate's release go live once; see `retrain.ports.ApprovalStore.permit`."""
        return ApprovalPermit(approval, candidate, key)


@dataclass(frozen=True)
class ApprovalPermit:
    """Fulfils `rag.ports.Permit` with an approval."""

    approval: str
    candidate: Candidate
    key: bytes

    def use(self, connection: Connection, *, release: str, replaces: str | None) -> None:
        """Mark the approval as used.

        Raises:
            ApprovalInvalid: a newer decision was made, or the approval does not allow this switch.
        """
        newest = _newest(connection, _decisions(self.candidate.id).with_for_update())
        if newest is not None and newest.id != self.approval:
            raise ApprovalInvalid(
                f"Approval {self.approval} does not hold: a newer decision, {newest.id}, was made on candidate "
                f"{self.candidate.id}; look again and repeat."
            )
        moment = now(connection)
        promoted = replace(self.candidate, release=release)
        approval = check(newest, promoted, live=replaces, key=self.key, now=moment)
        connection.execute(update(approvals).where(approvals.c.id == approval.id).values(used_at=moment))


def _decisions(candidate_id: str) -> Select[tuple[object, ...]]:
    """Return the query for the decisions on a candidate, the newest first."""
    return select(approvals).where(approvals.c.candidate == candidate_id).order_by(approvals.c.number.desc())


def _newest(connection: Connection, decisions: Select[tuple[object, ...]]) -> Approval | None:
    row = connection.execute(decisions.limit(1)).mappings().one_or_none()
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
        """Return one; NotFound where there is none."""
        query = select(promotions).where(promotions.c.id == promotion_id)
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise NotFound(f"there is no promotion {promotion_id!r}")
        return _promotion(row)

    def newest(self, limit: int = 20) -> list[Promotion]:
        """Return the newest first."""
        return self._all(_NEWEST_FIRST.limit(limit))

    def open(self) -> list[Promotion]:
        """Return all that have not ended, the newest first."""
        return self._all(_NEWEST_FIRST.where(promotions.c.phase.not_in(ENDED)))

    def _all(self, query: Select[tuple[object, ...]]) -> list[Promotion]:
        with reading(self._engine) as connection:
            return [_promotion(row) for row in connection.execute(query).mappings()]


_NEWEST_FIRST = select(promotions).order_by(promotions.c.started_at.desc(), promotions.c.id)


def _promotion(row: RowMapping) -> Promotion:
    return Promotion(**{**row, "kind": PromotionKind(row["kind"]), "phase": PromotionPhase(row["phase"])})
