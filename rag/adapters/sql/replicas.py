"""Which serving processes live."""

from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, select, update

from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.database.statements import upsert
from rag.adapters.sql.schema.releases import replicas
from rag.domain import Replica

FORGOTTEN_AFTER = timedelta(days=1)
"""How long the row of a replica that died without leaving is kept."""


class SqlReplicas:
    """Which serving processes live, and what each has loaded."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def beat(self, replica: Replica) -> None:
        """Write or renew a replica's row."""
        row = {
            "id": replica.id,
            "heartbeat_at": replica.heartbeat_at,
            "epoch": replica.epoch,
            "ready": sorted(replica.ready),
        }
        with writing(self._engine) as connection:
            renewed = connection.execute(update(replicas).where(replicas.c.id == replica.id).values(row))
            if renewed.rowcount == 0:
                upsert(connection, replicas, row)
                dead = replicas.c.heartbeat_at < replica.heartbeat_at - FORGOTTEN_AFTER
                connection.execute(delete(replicas).where(dead))

    def leave(self, replica_id: str) -> None:
        """Remove a replica that ends."""
        with writing(self._engine) as connection:
            connection.execute(delete(replicas).where(replicas.c.id == replica_id))

    def alive(self, *, since: datetime) -> list[Replica]:
        """Return those whose heartbeat is not older than `since`."""
        query = select(replicas).where(replicas.c.heartbeat_at >= since).order_by(replicas.c.id)
        with reading(self._engine) as connection:
            return [
                Replica(
                    id=row.id,
                    heartbeat_at=row.heartbeat_at,
                    epoch=row.epoch,
                    ready=frozenset(row.ready),
                )
                for row in connection.execute(query)
            ]
