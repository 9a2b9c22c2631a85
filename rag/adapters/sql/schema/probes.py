"""What is asked of whoever serves, and the answers."""

from sqlalchemy import JSON, Column, Index, Integer, Table, Text

from rag.adapters.sql.schema.metadata import Prose, UtcDateTime, metadata

probes = Table(
    "probes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("texts", JSON, nullable=False),
    Column("k", Integer, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("taken_by", Text),
    Column("taken_at", UtcDateTime),
    Column("answered_at", UtcDateTime),
    Column("release", Text, nullable=False, server_default=""),
    Column("replica", Text, nullable=False, server_default=""),
    Column("result", JSON, nullable=False, server_default="{}"),
    Column("error", Prose, nullable=False, server_default=""),
    Index(None, "answered_at", "asked_at"),
)
