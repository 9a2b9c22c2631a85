"""Keys, what was handed in, passages' metadata, and more about each question."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add tables and columns; what is there keeps its meaning."""
    op.add_column("passages", sa.Column("metadata", sa.JSON(), nullable=False, server_default="{}"))
    op.execute(
        "UPDATE passages SET metadata = "
        "(SELECT documents.metadata FROM documents WHERE documents.id = passages.document_id)"
    )
    # A backfill under way is counted by documents now, not by passages: it starts again.
    op.execute("DELETE FROM index_cursors WHERE backfill IS NOT NULL")
    for column in (
        sa.Column("rewritten", sa.Text(), nullable=False, server_default=""),
        sa.Column("auxiliary", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("degraded", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("prompt_tokens", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("completion_tokens", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("embed_ms", sa.Float(), nullable=False, server_default="0"),
        sa.Column("search_ms", sa.Float(), nullable=False, server_default="0"),
        sa.Column("first_token_ms", sa.Float(), nullable=False, server_default="0"),
    ):
        op.add_column("interactions", column)
    op.create_table(
        "keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("secret_hmac", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("requests_per_minute", sa.Integer(), nullable=True),
        sa.Column("concurrent", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keys")),
    )
    op.create_index(op.f("ix_keys_tenant_created_at"), "keys", ["tenant", "created_at"], unique=False)
    op.create_table(
        "ingestions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("documents", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("parsed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("indexed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ingestions")),
    )
    op.create_index(
        op.f("ix_ingestions_tenant_received_at_id"),
        "ingestions",
        ["tenant", "received_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_ingestions_status_received_at"), "ingestions", ["status", "received_at"], unique=False
    )
