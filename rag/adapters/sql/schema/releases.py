"""Releases, which of them is live, and who serves it."""

from sqlalchemy import JSON, CheckConstraint, Column, ForeignKey, Integer, Table, Text

from rag.adapters.sql.schema.metadata import UtcDateTime, metadata

releases = Table(
    "releases",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("encoder", Text, nullable=False),
    Column("chunking", JSON, nullable=False),
    Column("retrieval", JSON, nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("distance", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("adapts", Text),
    Column("shares", Text),
    Column("support", JSON(none_as_null=True)),
)

deployment = Table(
    "deployment",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True, autoincrement=False),
    Column("epoch", Integer, nullable=False),
    Column("release", ForeignKey(releases.c.digest), nullable=False),
    Column("previous", ForeignKey(releases.c.digest)),
    Column("staged", ForeignKey(releases.c.digest)),
    Column("changed_at", UtcDateTime, nullable=False),
)

replicas = Table(
    "replicas",
    metadata,
    Column("id", Text, primary_key=True),
    Column("heartbeat_at", UtcDateTime, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("ready", JSON, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("token", Integer, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
