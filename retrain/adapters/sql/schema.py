"""The tables of retraining."""

from sqlalchemy import JSON, Column, Index, Integer, Table, Text

from rag.adapters.sql.schema.metadata import Prose, UtcDateTime, metadata

# The pairs and questions themselves lie beside the database, in a file of each dataset's digest.
datasets = Table(
    "datasets",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("manifest", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

candidates = Table(
    "candidates",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("encoder", Text, nullable=False),
    Column("release", Text, nullable=False),
    Column("incumbent", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("training", JSON, nullable=False),
    Column("scorecard", JSON, nullable=False),
    Column("verdict", JSON, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "created_at"),
)

# A comparison that is repeated is no new look, so candidate and incumbent (encoder and release) are part of the key.
gate_looks = Table(
    "gate_looks",
    metadata,
    Column("gate", Text, primary_key=True),
    Column("candidate", Text, primary_key=True),
    Column("incumbent", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

# A question with its answers is named by a digest, so that nothing that people asked is kept here.
anchors = Table(
    "anchors",
    metadata,
    Column("question", Text, primary_key=True),
    Column("release", Text, nullable=False),
    Column("frozen_at", UtcDateTime, nullable=False),
)

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

promotions = Table(
    "promotions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("release", Text, nullable=False),
    Column("candidate", Text),
    Column("principal", Prose, nullable=False),
    Column("phase", Text, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("message", Prose, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index(None, "started_at"),
)
