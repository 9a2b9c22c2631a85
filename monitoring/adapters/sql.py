"""Drift reports, in the database that serving uses."""

from sqlalchemy import JSON, Column, Engine, Index, RowMapping, Table, Text, insert, select

from monitoring.domain import DriftFinding, DriftReport, DriftVerdict
from rag.adapters.sql.database.engine import reading, writing
from rag.adapters.sql.database.records import from_json, to_json
from rag.adapters.sql.database.statements import by_prefix
from rag.adapters.sql.schema.metadata import Prose, UtcDateTime, metadata

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
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "created_at"),
    Index(None, "tenant", "created_at"),
)


class SqlDriftReports:
    """Drift reports."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, report: DriftReport) -> None:
        """Write one.

        Raises:
            Conflict: one of that id is there.
        """
        with writing(self._engine) as connection:
            connection.execute(
                insert(drift_reports).values(
                    id=report.id,
                    tenant=report.tenant,
                    verdict=report.verdict.value,
                    findings=[to_json(DriftFinding, finding) for finding in report.findings],
                    encoder=report.encoder,
                    release=report.release,
                    reference=dict(report.reference),
                    current=dict(report.current),
                    snapshot=report.snapshot,
                    golden_recall=dict(report.golden_recall),
                    created_at=report.created_at,
                )
            )

    def get(self, report_id: str) -> DriftReport:
        """Return one by its id, or by a prefix of it, of 4 characters or more, that fits one alone.

        Raises:
            NotFound: none fits.
            InvalidInput: several fit.
        """
        with reading(self._engine) as connection:
            return _report(by_prefix(connection, drift_reports, report_id, "drift report"))

    def newest(self, limit: int = 50, *, tenant: str | None = None) -> list[DriftReport]:
        """Return the newest first."""
        query = select(drift_reports).order_by(drift_reports.c.created_at.desc(), drift_reports.c.id)
        if tenant is not None:
            query = query.where(drift_reports.c.tenant == tenant)
        with reading(self._engine) as connection:
            return [_report(row) for row in connection.execute(query.limit(limit)).mappings()]


def _report(row: RowMapping) -> DriftReport:
    return DriftReport(
        **{
            **row,
            "verdict": DriftVerdict(row["verdict"]),
            "findings": tuple(from_json(DriftFinding, finding) for finding in row["findings"]),
        }
    )
