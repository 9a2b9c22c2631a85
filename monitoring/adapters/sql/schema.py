"""Monitoring's tables. Each has one writer: the store of the same name beside this file."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    false,
    text,
)

from rag.adapters.sql.schema.log import interactions
from rag.adapters.sql.schema.metadata import Prose, UtcDateTime, metadata

_STANDING = text("ended_at IS NULL")

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
    Column("new", Integer, nullable=False, server_default="0"),
    Column("run_length", Float, nullable=False, server_default="0"),
    Column("months", Float, nullable=False, server_default="0"),
    Column("diagnoses", JSON, nullable=False, server_default="[]"),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "created_at"),
    Index(None, "tenant", "created_at"),
)

watches = Table(
    "watches",
    metadata,
    Column("tenant", Text, primary_key=True),  # "*": all tenants together
    Column("release", Text, nullable=False),  # digest, under which the reference is gathered
    Column("since", UtcDateTime, nullable=False),  # when it began
    Column("reset_by", Text, nullable=False),
    Column("frozen_at", UtcDateTime),  # None: it still grows
    Column("read_at", UtcDateTime),  # logged up to this moment, all was read
    Column("position", Integer, nullable=False, server_default="0"),  # of the last distinct question
    Column("looked", Integer, nullable=False, server_default="0"),  # position up to which checks have looked
    Column("decided", Integer, nullable=False, server_default="0"),  # up to which the reference was offered
    Column("days", JSON, nullable=False, server_default="{}"),  # ISO date -> distinct questions asked then
)

watched_questions = Table(
    "watched_questions",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column(
        "interaction_id", ForeignKey(interactions.c.id, ondelete="CASCADE"), nullable=False
    ),  # whose text it is
    Column("asked_at", UtcDateTime, nullable=False),
    Column("text_key", Text, nullable=False),  # the same for the same text, case and blanks aside
    Column("in_reference", Boolean, nullable=False, server_default=false()),
    Column("vector", LargeBinary, nullable=False),  # float16, in the fixed encoder
    Index(None, "interaction_id"),
)

alarms = Table(
    "alarms",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("release", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("signals", JSON, nullable=False),
    Column("report", Text, nullable=False),
    Column("last_report", Text, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("sentence", Prose, nullable=False),
    Column("action", Prose, nullable=False),
    Column("diagnosis", JSON, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("was", JSON, nullable=False, server_default="[]"),
    Column("acknowledged_by", Prose, nullable=False),
    Column("acknowledged_at", UtcDateTime),
    Column("comment", Prose, nullable=False),
    Column("retraining", Text, nullable=False),
    Column("retraining_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("ended_by", Text),
    Column("ended_who", Prose, nullable=False),
    Index(None, "tenant", "opened_at"),
    Index(None, "ended_at"),
    # One alarm for one cause, whoever checks at the same time.
    Index("one_standing", "tenant", "cause", unique=True, sqlite_where=_STANDING, postgresql_where=_STANDING),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("alarm_id", ForeignKey(alarms.c.id, ondelete="CASCADE"), nullable=False),
    Column("event", Text, nullable=False),  # "opened", "acknowledged" or "ended"
    Column("payload", JSON, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", UtcDateTime, nullable=False),
    Column("delivered_at", UtcDateTime),
    Column("dropped_at", UtcDateTime),  # given up
    Column("error", Prose, nullable=False, server_default=""),
    Index(None, "delivered_at", "next_at"),
    Index(None, "alarm_id", "at"),
)

sampled_questions = Table(
    "sampled_questions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("interaction_id", ForeignKey(interactions.c.id, ondelete="CASCADE"), nullable=False, unique=True),
    Column("release", Text, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("share", Float, nullable=False),
    Column("probability", Float, nullable=False),
    Column("least", Float, nullable=False),
    Column("queued", Boolean, nullable=False),
    Column("k", Integer, nullable=False),
    Column("judged", Float),
    Column("judge", Text, nullable=False),
    Column("signs", JSON, nullable=False),
    Column("found", Float),
    Column("answerable", Boolean),
    Column("labelled_by", Prose, nullable=False),
    Column("labelled_at", UtcDateTime),
    Column("drawn_at", UtcDateTime, nullable=False),
    Index(None, "tenant", "drawn_at", "asked_at"),
)

golden_watches = Table(
    "golden_watches",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("release", Text, primary_key=True),  # digest without its calibration
    Column("watch", JSON, nullable=False),
    Column("looked_at", UtcDateTime, nullable=False),
)

canaries = Table(
    "canaries",
    metadata,
    Column("encoder", Text, primary_key=True),  # digest
    Column("texts", Text, primary_key=True),  # digest of the texts
    Column("count", Integer, nullable=False),
    Column("vectors", LargeBinary, nullable=False),  # float32, little-endian, row after row
    Column("kept_at", UtcDateTime, nullable=False),
)
