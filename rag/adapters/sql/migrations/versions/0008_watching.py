"""What monitoring keeps between its checks: the reference, alarms, their deliveries, and sampled questions."""

import sqlalchemy as sa
from alembic import op

revision = "0008_watching"
down_revision = "0007_support"


def upgrade() -> None:
    """Add the tables, and to drift reports what was new, what the check was held to, and what is wrong."""
    op.add_column("drift_reports", sa.Column("new", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("drift_reports", sa.Column("run_length", sa.Float(), nullable=False, server_default="0"))
    op.add_column("drift_reports", sa.Column("months", sa.Float(), nullable=False, server_default="0"))
    op.add_column("drift_reports", sa.Column("diagnoses", sa.JSON(), nullable=False, server_default="[]"))
    _logging()
    _watching()
    _alarms()
    _sampling()
    _probing()


def _logging() -> None:
    # Null in what is there: a table of a million thick rows is not to be written anew, and a check can do without.
    op.add_column("interactions", sa.Column("text_key", sa.Text()))
    op.add_column("interactions", sa.Column("logged_at", sa.DateTime(timezone=True)))
    logged = sa.text("logged_at IS NOT NULL")
    op.create_index(
        "ix_interactions_logged",
        "interactions",
        ["logged_at", "tenant", "text_key", "asked_at", "id"],
        sqlite_where=logged,
        postgresql_where=logged,
    )


def _watching() -> None:
    op.create_table(
        "watches",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reset_by", sa.Text(), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True)),
        sa.Column("read_at", sa.DateTime(timezone=True)),
        sa.Column("position", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("looked", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("decided", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("days", sa.JSON(), nullable=False, server_default="{}"),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_watches")),
    )
    op.create_table(
        "watched_questions",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("interaction_id", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text_key", sa.Text(), nullable=False),
        sa.Column("in_reference", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"],
            ["interactions.id"],
            name=op.f("fk_watched_questions_interaction_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant", "position", name=op.f("pk_watched_questions")),
    )
    op.create_index(op.f("ix_watched_questions_interaction_id"), "watched_questions", ["interaction_id"])


def _alarms() -> None:
    op.create_table(
        "alarms",
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("id", "tenant", "release", "cause", "remedy")
        ),
        sa.Column("signals", sa.JSON(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("report", "last_report")),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("sentence", "action")),
        sa.Column("diagnosis", sa.JSON(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("was", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("acknowledged_by", sa.Text(), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True)),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("comment", "retraining")),
        sa.Column("retraining_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("ended_by", sa.Text()),
        sa.Column("ended_who", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
    )
    op.create_index(op.f("ix_alarms_tenant_opened_at"), "alarms", ["tenant", "opened_at"])
    op.create_index(op.f("ix_alarms_ended_at"), "alarms", ["ended_at"])
    standing = sa.text("ended_at IS NULL")
    op.create_index(
        "one_standing",
        "alarms",
        ["tenant", "cause"],
        unique=True,
        sqlite_where=standing,
        postgresql_where=standing,
    )
    op.create_table(
        "deliveries",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("id", "alarm_id", "event")),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True)),
        sa.Column("dropped_at", sa.DateTime(timezone=True)),
        sa.Column("error", sa.Text(), nullable=False, server_default=""),
        sa.ForeignKeyConstraint(
            ["alarm_id"], ["alarms.id"], name=op.f("fk_deliveries_alarm_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    op.create_index(op.f("ix_deliveries_delivered_at_next_at"), "deliveries", ["delivered_at", "next_at"])
    op.create_index(op.f("ix_deliveries_alarm_id_at"), "deliveries", ["alarm_id", "at"])


def _sampling() -> None:
    op.create_table(
        "sampled_questions",
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("id", "tenant", "interaction_id", "release")
        ),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("least", sa.Float(), nullable=False),
        sa.Column("queued", sa.Boolean(), nullable=False),
        sa.Column("k", sa.Integer(), nullable=False),
        sa.Column("judged", sa.Float()),
        sa.Column("judge", sa.Text(), nullable=False),
        sa.Column("signs", sa.JSON(), nullable=False),
        sa.Column("found", sa.Float()),
        sa.Column("answerable", sa.Boolean()),
        sa.Column("labelled_by", sa.Text(), nullable=False),
        sa.Column("labelled_at", sa.DateTime(timezone=True)),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"],
            ["interactions.id"],
            name=op.f("fk_sampled_questions_interaction_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sampled_questions")),
        sa.UniqueConstraint("interaction_id", name=op.f("uq_sampled_questions_interaction_id")),
    )
    op.create_index(
        op.f("ix_sampled_questions_tenant_drawn_at_asked_at"),
        "sampled_questions",
        ["tenant", "drawn_at", "asked_at"],
    )


def _probing() -> None:
    op.create_table(
        "probes",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("id", "tenant", "kind")),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("k", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.Text()),
        sa.Column("taken_at", sa.DateTime(timezone=True)),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        *(
            sa.Column(name, sa.Text(), nullable=False, server_default="")
            for name in ("release", "replica", "error")
        ),
        sa.Column("result", sa.JSON(), nullable=False, server_default="{}"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_probes")),
    )
    op.create_index(op.f("ix_probes_answered_at_asked_at"), "probes", ["answered_at", "asked_at"])
    op.create_table(
        "golden_watches",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("watch", sa.JSON(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "release", name=op.f("pk_golden_watches")),
    )
    op.create_table(
        "canaries",
        sa.Column("encoder", sa.Text(), nullable=False),
        sa.Column("texts", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("vectors", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("encoder", "texts", name=op.f("pk_canaries")),
    )
