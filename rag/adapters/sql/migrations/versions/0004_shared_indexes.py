"""Releases whose encoder adapts another one's questions, and whose index is another release's."""

import sqlalchemy as sa
from alembic import op

revision = "0004_shared_indexes"
down_revision = "0003_gate_looks"


def upgrade() -> None:
    """Add the columns; releases of before have an encoder and an index of their own."""
    op.add_column("releases", sa.Column("adapts", sa.Text(), nullable=True))
    op.add_column("releases", sa.Column("shares", sa.Text(), nullable=True))
