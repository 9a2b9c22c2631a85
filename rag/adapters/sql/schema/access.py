"""Keys, and who did what."""

from sqlalchemy import JSON, Column, Index, Integer, Table, Text

from rag.adapters.sql.schema.metadata import Prose, UtcDateTime, metadata

keys = Table(
    "keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("name", Prose, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("secret_hmac", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Prose, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Column("requests_per_minute", Integer),
    Column("concurrent", Integer),
    Index(None, "tenant", "created_at"),
)

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("principal", Prose, nullable=False),
    Column("action", Prose, nullable=False),
    Column("subject", Prose, nullable=False),
    Column("detail", JSON, nullable=False),
    sqlite_autoincrement=True,
)
