"""How support is estimated by a release, and what is logged of it; thresholds become probabilities."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0007_support"
down_revision = "0006_reading"

_BAR = 0.1


def upgrade() -> None:
    """Add the columns, and turn thresholds, which were cosines, into probabilities.

    A cosine of -1 refused nothing, and neither does a probability of 0. Every other one becomes the default: what
    a cosine is worth depends on the encoder and the documents, and is fitted anew.
    """
    op.add_column("releases", sa.Column("support", sa.JSON()))
    op.add_column("interactions", sa.Column("support", sa.Float()))
    for name in ("statements", "unsupported"):
        op.add_column("interactions", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    unknown: sa.Column[bool] = sa.Column(
        "language_unknown", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("interactions", unknown)
    releases = sa.table("releases", sa.column("digest", sa.Text()), sa.column("retrieval", sa.JSON()))
    connection = op.get_bind()
    for digest, retrieval in connection.execute(sa.select(releases.c.digest, releases.c.retrieval)).all():
        kept = json.loads(retrieval) if isinstance(retrieval, str) else dict(retrieval)
        kept["threshold"] = 0.0 if kept.get("threshold", 0.0) <= -1 else _BAR
        connection.execute(sa.update(releases).where(releases.c.digest == digest).values(retrieval=kept))
