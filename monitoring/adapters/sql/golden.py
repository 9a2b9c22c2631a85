"""What golden questions are held against, in the database that serving uses."""

from sqlalchemy import RowMapping, delete, select
from typing_extensions import override

from monitoring.adapters.sql.schema import golden_watches as table
from monitoring.domain import GoldenWatch
from monitoring.ports import GoldenStore
from rag.adapters.sql.database.engine import writing
from rag.adapters.sql.database.records import from_json, to_json
from rag.adapters.sql.database.statements import upsert
from rag.adapters.sql.database.store import SqlStore

KEPT = 10
"""Releases of a tenant whose golden recall is kept: who goes back to an earlier one finds its own again."""


class SqlGolden(SqlStore, GoldenStore):
    """A `GoldenStore` in SQL."""

    @override
    def get(self, tenant: str, release: str) -> GoldenWatch | None:
        return self._one(
            select(table).where((table.c.tenant == tenant) & (table.c.release == release)), _watch
        )

    @override
    def newest(self, tenant: str) -> GoldenWatch | None:
        query = select(table).where(table.c.tenant == tenant)
        return self._one(query.order_by(table.c.looked_at.desc(), table.c.release).limit(1), _watch)

    @override
    def put(self, watch: GoldenWatch) -> None:
        of_the_tenant = table.c.tenant == watch.tenant
        kept = (
            select(table.c.release)
            .where(of_the_tenant)
            .order_by(table.c.looked_at.desc(), table.c.release)
            .limit(KEPT)
        )
        with writing(self._engine) as connection:
            upsert(
                connection,
                table,
                {
                    "tenant": watch.tenant,
                    "release": watch.release,
                    "watch": to_json(GoldenWatch, watch),
                    "looked_at": watch.last.at,
                },
            )
            newest = connection.scalars(kept).all()
            connection.execute(delete(table).where(of_the_tenant & table.c.release.not_in(newest)))


def _watch(row: RowMapping) -> GoldenWatch:
    return from_json(GoldenWatch, row["watch"])
