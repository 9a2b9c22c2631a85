"""Where in its document a passage stands, what of a document was not read, and what files were when they were read."""

import sqlalchemy as sa
from alembic import op

revision = "0006_reading"
down_revision = "0005_anchors"


def upgrade() -> None:
    """Add the columns and the table; of what is there, nothing of the kind is known."""
    op.add_column("documents", sa.Column("locators", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("documents", sa.Column("unread", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("passages", sa.Column("locator", sa.Text(), nullable=False, server_default=""))
    op.add_column("changes", sa.Column("by_hand", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("ingestions", sa.Column("fields", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("ingestions", sa.Column("since", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "readings",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("documents", sa.Text(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "uri", name="pk_readings"),
    )
