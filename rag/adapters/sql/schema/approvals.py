"""People's decisions on candidates."""

from sqlalchemy import Column, Index, Integer, Table, Text

from rag.adapters.sql.schema.metadata import Prose, UtcDateTime, metadata

# `number` tells which decision is the newest: it holds where two machines' clocks differ.
approvals = Table(
    "approvals",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("candidate", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("principal", Prose, nullable=False),
    Column("comment", Prose, nullable=False),
    Column("encoder", Text, nullable=False),
    Column("release", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("scorecard", Text, nullable=False),
    Column("incumbent", Text, nullable=False),
    Column("decided_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("signature", Text, nullable=False),
    Column("used_at", UtcDateTime),
    Index(None, "candidate", "number"),
    sqlite_autoincrement=True,
)
