"""How often each set of gate questions was looked at."""

import sqlalchemy as sa
from alembic import op

revision = "0003_gate_looks"
down_revision = "0002"


def upgrade() -> None:
    """Add the table; evaluations made before are not counted."""
    op.create_table(
        "gate_looks",
        sa.Column("gate", sa.Text(), nullable=False),
        sa.Column("candidate", sa.Text(), nullable=False),
        sa.Column("incumbent", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("gate", "candidate", "incumbent", name=op.f("pk_gate_looks")),
    )
