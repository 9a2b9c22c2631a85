"""Drift reports, in the database that serving uses."""

from sqlalchemy import Engine, RowMapping, insert, select

from monitoring.domain import DriftFinding, DriftReport, DriftVerdict
from rag.adapters.sql.engine import reading, writing
from rag.adapters.sql.records import from_json, to_json
from rag.adapters.sql.schema import drift_reports
from rag.adapters.sql.statements import by_prefix


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
