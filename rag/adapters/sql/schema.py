"""Every table of Whetstone, for serving, retraining and monitoring: one database, one migration history."""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored in UTC. SQLite has no time zones, so there it is written without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn to UTC.

        Raises:
            ValueError: the datetime is not aware.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"expected an aware datetime, got {value!r}; give it a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, _: Dialect) -> datetime | None:
        """Return it back aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Prose(TypeDecorator[str]):
    """Text that people or files gave. What a database cannot hold (NUL, lone surrogates) becomes U+FFFD."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _: Dialect) -> str | None:
        """Replace what PostgreSQL or UTF-8 refuse, on every database alike."""
        if value is None:
            return None
        value = value.replace("\x00", "\ufffd")
        try:
            value.encode()
        except UnicodeEncodeError:
            return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in value)
        return value


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

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
    Index(None, "document_id", "position"),
    Index(None, "tenant", "id"),
    Index(None, "chunking"),
)

changes = Table(
    "changes",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("document_id", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
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

interactions = Table(
    "interactions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("principal", Prose, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("question", Prose, nullable=False),
    Column("hits", JSON, nullable=False),
    Column("answer", Prose, nullable=False),
    Column("cited", JSON, nullable=False),
    Column("release", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("generator", Prose, nullable=False),
    Column("status", Text, nullable=False),
    Column("error", Prose, nullable=False),
    Column("rewritten", Prose, nullable=False, server_default=""),
    Column("auxiliary", Boolean, nullable=False, server_default=false()),
    Column("degraded", Boolean, nullable=False, server_default=false()),
    Column("prompt_tokens", Integer, nullable=False, server_default="0"),
    Column("completion_tokens", Integer, nullable=False, server_default="0"),
    Column("embed_ms", Float, nullable=False, server_default="0"),
    Column("search_ms", Float, nullable=False, server_default="0"),
    Column("first_token_ms", Float, nullable=False, server_default="0"),
    Column("retrieve_ms", Float, nullable=False),
    Column("generate_ms", Float, nullable=False),
    Column("total_ms", Float, nullable=False),
    Index(None, "asked_at", "id"),
    Index(None, "tenant", "asked_at", "id"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", Text, primary_key=True),
    Column("interaction_id", ForeignKey(interactions.c.id, ondelete="CASCADE"), nullable=False),
    Column("tenant", Text, nullable=False),
    Column("principal", Prose, nullable=False),
    Column("given_at", UtcDateTime, nullable=False),
    Column("rating", Integer),
    Column("clicked_passage", Prose),
    Column("corrected_passage", Prose),
    Column("comment", Prose, nullable=False),
    Index(None, "interaction_id", "given_at"),
)

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

questions = Table(
    "questions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("text", Prose, nullable=False),
    Column("documents", JSON, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("source", Prose, nullable=False),
    Index(None, "tenant", "purpose", "id"),
)

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

drift_reports = Table(
    "drift_reports",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("findings", JSON, nullable=False),
    Column("encoder", Text, nullable=False),
    Column("release", Text, nullable=False),
    Column("reference", JSON, nullable=False),
    Column("current", JSON, nullable=False),
    Column("snapshot", Prose, nullable=False),
    Column("golden_recall", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "created_at"),
    Index(None, "tenant", "created_at"),
)
