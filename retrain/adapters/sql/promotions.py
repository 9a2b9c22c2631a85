"""What people decided about candidates, and the promotions and rollbacks that came of it."""

from dataclasses import asdict

from sqlalchemy import Engine, RowMapping, insert, select

from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.database.statements import upsert
from rag.adapters.sql.schema.approvals import approvals
from rag.errors import NotFound
from retrain.adapters.sql.schema import promotions
from retrain.domain import Approval, Decision, Promotion, PromotionKind, PromotionPhase


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
        """Return the decision on a candidate that was written last."""
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
        """Return one.

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
        """Return the newest first."""
        query = select(promotions).order_by(promotions.c.started_at.desc(), promotions.c.id).limit(limit)
        with reading(self._engine) as connection:
            return [_promotion(row) for row in connection.execute(query).mappings()]


def _promotion(row: RowMapping) -> Promotion:
    return Promotion(**{**row, "kind": PromotionKind(row["kind"]), "phase": PromotionPhase(row["phase"])})
