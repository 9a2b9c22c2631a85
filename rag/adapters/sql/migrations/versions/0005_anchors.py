"""Which gate questions a live release has answered."""

import sqlalchemy as sa
from alembic import op

revision = "0005_anchors"
down_revision = "0004_shared_indexes"


def upgrade() -> None:
    """Add the table; what was answered before is frozen when the questions are next looked at."""
    op.create_table(
        "anchors",
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("question", name=op.f("pk_anchors")),
    )
