"""API keys, as far as they are kept."""

from datetime import datetime
from functools import partial

from sqlalchemy import insert, select, update
from typing_extensions import override

from rag.adapters.sql.audit import record
from rag.adapters.sql.database.engine import writing
from rag.adapters.sql.database.records import from_json, to_row
from rag.adapters.sql.database.store import SqlStore
from rag.adapters.sql.schema.access import keys
from rag.domain import AuditEntry, Key
from rag.ports import KeyStore

_key = partial(from_json, Key)


class SqlKeys(SqlStore, KeyStore):
    """A `KeyStore` in SQL."""

    @override
    def add(self, key: Key, *, entry: AuditEntry) -> None:
        with writing(self._engine) as connection:
            connection.execute(insert(keys).values(to_row(key)))
            record(connection, entry)

    @override
    def get(self, key_id: str) -> Key | None:
        return self._one(select(keys).where(keys.c.id == key_id), _key)

    @override
    def all(self, *, tenant: str | None = None) -> list[Key]:
        query = select(keys).order_by(keys.c.created_at.desc(), keys.c.id)
        if tenant is not None:
            query = query.where(keys.c.tenant == tenant)
        return self._all(query, _key)

    @override
    def revoke(self, key_id: str, *, at: datetime, entry: AuditEntry) -> bool:
        standing = (keys.c.id == key_id) & keys.c.revoked_at.is_(None)
        revoking = update(keys).where(standing).values(revoked_at=at).returning(keys.c.id)
        with writing(self._engine) as connection:
            if connection.execute(revoking).one_or_none() is None:
                return False
            record(connection, entry)
            return True
