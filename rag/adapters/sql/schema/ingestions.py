"""What was handed in and waits to be read."""

from sqlalchemy import JSON, Column, Index, Integer, LargeBinary, Table, Text

from rag.adapters.sql.schema.metadata import Prose, UtcDateTime, metadata

ingestions = Table(
    "ingestions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("principal", Prose, nullable=False),
    Column("uri", Prose, nullable=False),
    Column("filename", Prose, nullable=False),
    Column("size", Integer, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("title", Prose, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("fields", JSON, nullable=False, server_default="{}"),
    Column("since", Integer, nullable=False, server_default="0"),
    Column("status", Text, nullable=False),
    Column("reason", Prose, nullable=False),
    Column("documents", JSON, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("change", Integer, nullable=False),
    Column("parsed_at", UtcDateTime),
    Column("indexed_at", UtcDateTime),
    Column("payload", LargeBinary),
    Index(None, "tenant", "received_at", "id"),
    Index(None, "status", "received_at"),
)
