"""What people asked, what they thought of the answers, and the questions they labelled."""

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, Integer, Table, Text, false

from rag.adapters.sql.schema.metadata import Prose, UtcDateTime, metadata

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
    Column("support", Float),
    Column("statements", Integer, nullable=False, server_default="0"),
    Column("unsupported", Integer, nullable=False, server_default="0"),
    Column("language_unknown", Boolean, nullable=False, server_default=false()),
    Column("degraded", Boolean, nullable=False, server_default=false()),
    Column("prompt_tokens", Integer, nullable=False, server_default="0"),
    Column("completion_tokens", Integer, nullable=False, server_default="0"),
    Column("embed_ms", Float, nullable=False, server_default="0"),
    Column("search_ms", Float, nullable=False, server_default="0"),
    Column("first_token_ms", Float, nullable=False, server_default="0"),
    Column("retrieve_ms", Float, nullable=False),
    Column("generate_ms", Float, nullable=False),
    Column("total_ms", Float, nullable=False),
    Column("text_key", Text),  # `Interaction.text_key`; null in rows from before there was one
    Column("logged_at", UtcDateTime),  # when it was written here; null as well in those
    Index(None, "asked_at", "id"),
    Index(None, "tenant", "asked_at", "id"),
)

# Everything that thins the log by its repeats, in the order in which it is written: a question may wait beside the
# database for hours, so what is new is not told by when it was asked. Rows are thick, so none is to be read for it.
_told_by = interactions.c.logged_at, interactions.c.tenant, interactions.c.text_key
logged = interactions.c.logged_at.is_not(None)
Index(
    "ix_interactions_logged",
    *_told_by,
    interactions.c.asked_at,
    interactions.c.id,
    sqlite_where=logged,
    postgresql_where=logged,
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
