"""Where in its document a passage stands, and what of a document was not read."""

import sqlalchemy as sa
from alembic import op

revision = "0006_reading"
down_revision = "0005_anchors"


def upgrade() -> None:
    """Add the columns; of what is there, nothing of the kind is known."""
    op.add_column("documents", sa.Column("locators", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("documents", sa.Column("unread", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("passages", sa.Column("locator", sa.Text(), nullable=False, server_default=""))
