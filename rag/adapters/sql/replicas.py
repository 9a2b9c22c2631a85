"""Which serving processes live."""

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import delete, select, update
from typing_extensions import override

from rag.adapters.sql.database.engine import writing
from rag.adapters.sql.database.records import from_json, to_row
from rag.adapters.sql.database.statements import upsert
from rag.adapters.sql.database.store import SqlStore
from rag.adapters.sql.schema.releases import replicas
from rag.domain import Replica
from rag.ports import ReplicaStore

FORGOTTEN_AFTER = timedelta(days=1)
"""How long the row of a replica that died without leaving is kept."""


class SqlReplicas(SqlStore, ReplicaStore):
    """A `ReplicaStore` in SQL."""

    @override
    def beat(self, replica: Replica) -> None:
        row = to_row(replica)
        with writing(self._engine) as connection:
            renewed = connection.execute(update(replicas).where(replicas.c.id == replica.id).values(row))
            if renewed.rowcount == 0:
                upsert(connection, replicas, row)
                dead = replicas.c.heartbeat_at < replica.heartbeat_at - FORGOTTEN_AFTER
                connection.execute(delete(replicas).where(dead))

    @override
    def leave(self, replica_id: str) -> None:
        with writing(self._engine) as connection:
            connection.execute(delete(replicas).where(replicas.c.id == replica_id))

    @override
    def alive(self, *, since: datetime) -> list[Replica]:
        query = select(replicas).where(replicas.c.heartbeat_at >= since).order_by(replicas.c.id)
        return self._all(query, partial(from_json, Replica))
