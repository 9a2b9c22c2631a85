"""What people decided about candidates, and the promotions and rollbacks that came of it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update
from typing_extensions import override

from rag.adapters.sql.database.engine import now, writing
from rag.adapters.sql.database.records import from_json, to_row
from rag.adapters.sql.database.statements import upsert
from rag.adapters.sql.database.store import SqlStore
from rag.errors import ApprovalInvalid, NotFound
from rag.ports import Permit
from retrain.adapters.sql.schema import approvals, promotions
from retrain.domain import ENDED, Approval, Candidate, Promotion
from retrain.ports import ApprovalStore, PromotionStore
from retrain.promotion.approval import check

_NEWEST_FIRST = select(promotions).order_by(promotions.c.started_at.desc(), promotions.c.id)
_approval = partial(from_json, Approval)
_promotion = partial(from_json, Promotion)


class SqlApprovals(SqlStore, ApprovalStore):
    """An `ApprovalStore` in SQL."""

    @override
    def add(self, approval: Approval) -> None:
        with writing(self._engine) as connection:
            connection.execute(insert(approvals).values(to_row(approval)))

    @override
    def newest_for(self, candidate_id: str) -> Approval | None:
        return self._one(_newest(candidate_id), _approval)

    @override
    def permit(
        self, approval: str, candidate: Candidate, *, key: bytes, incumbents: Collection[str] = ()
    ) -> "ApprovalPermit":
        return ApprovalPermit(approval, candidate, key, frozenset(incumbents))


@dataclass(frozen=True)
class ApprovalPermit(Permit):
    """Fulfils `rag.ports.Permit` with an approval."""

    approval: str
    candidate: Candidate
    key: bytes
    incumbents: frozenset[str] = (
        frozenset()
    )  # digests of what it may replace beside the candidate's incumbent

    @override
    def use(self, connection: Connection, *, release: str, replaces: str | None) -> None:
        """Mark the approval as used; ApprovalInvalid where a newer decision was made, or it allows another switch."""
        row = connection.execute(_newest(self.candidate.id).with_for_update()).mappings().one_or_none()
        newest = None if row is None else _approval(row)
        if newest is not None and newest.id != self.approval:
            raise ApprovalInvalid(
                f"Approval {self.approval} does not hold: a newer decision, {newest.id}, was made on candidate "
                f"{self.candidate.id}; look again and repeat."
            )
        moment = now(connection)
        promoted = replace(self.candidate, release=release)
        live = promoted.incumbent if replaces in self.incumbents else replaces
        approval = check(newest, promoted, live=live, key=self.key, now=moment)
        connection.execute(update(approvals).where(approvals.c.id == approval.id).values(used_at=moment))


def _newest(candidate_id: str) -> Select[Any]:
    """Return the query for the decision on a candidate that was written last."""
    mine = select(approvals).where(approvals.c.candidate == candidate_id)
    return mine.order_by(approvals.c.number.desc()).limit(1)


class SqlPromotions(SqlStore, PromotionStore):
    """A `PromotionStore` in SQL."""

    @override
    def put(self, promotion: Promotion) -> None:
        with writing(self._engine) as connection:
            upsert(connection, promotions, to_row(promotion))

    @override
    def get(self, promotion_id: str) -> Promotion:
        promotion = self._one(select(promotions).where(promotions.c.id == promotion_id), _promotion)
        if promotion is None:
            raise NotFound(f"there is no promotion {promotion_id!r}")
        return promotion

    @override
    def newest(self, limit: int = 20) -> list[Promotion]:
        return self._all(_NEWEST_FIRST.limit(limit), _promotion)

    @override
    def open(self) -> list[Promotion]:
        return self._all(_NEWEST_FIRST.where(promotions.c.phase.not_in(ENDED)), _promotion)
