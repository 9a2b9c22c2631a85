"""Documents, their passages, the change log, and how far each index has come."""

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from rag.adapters.sql.schema.metadata import Prose, UtcDateTime, metadata

documents = Table(
    "documents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("uri", Prose, nullable=False),
    Column("title", Prose, nullable=False),
    Column("text", Prose, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("divisible", Boolean, nullable=False),
    Column("source", Prose, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("locators", JSON, nullable=False, server_default="[]"),
    Column("unread", JSON, nullable=False, server_default="[]"),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("tenant", "uri"),
    Index(None, "tenant", "id"),
)

passages = Table(
    "passages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("chunking", Text, primary_key=True),
    Column("document_id", ForeignKey(documents.c.id, ondelete="CASCADE"), nullable=False),
    Column("tenant", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("uri", Prose, nullable=False),
    Column("title", Prose, nullable=False),
    Column("text", Prose, nullable=False),
    Column("text_hash", Text, nullable=False),
    Column("metadata", JSON, nullable=False, server_default="{}"),
    Column("locator", Prose, nullable=False, server_default=""),
    Index(None, "document_id", "position"),
    Index(None, "tenant", "id"),
    Index(None, "chunking"),
)

readings = Table(
    "readings",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("uri", Prose, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("reader", Text, nullable=False),
    Column("options", Prose, nullable=False),
    Column("documents", Text, nullable=False),
    Column("read_at", UtcDateTime, nullable=False),
)

changes = Table(
    "changes",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("document_id", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by_hand", Boolean, nullable=False, server_default=false()),
)

# One row. A sequence would number changes before they are committed, so that a reader could see 8 before 7
# and miss 7 for good; this row is locked until the commit, which puts writers of documents in a line.
change_counter = Table(
    "change_counter",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
)

index_cursors = Table(
    "index_cursors",
    metadata,
    Column("index_name", Text, primary_key=True),
    Column("seq", Integer),
    Column("backfill", Text),
)
