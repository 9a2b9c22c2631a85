"""Drift reports, in the database that serving uses."""

from collections.abc import Iterator

from sqlalchemy import JSON, Column, Engine, Index, RowMapping, Table, Text, cast, insert, or_, select

from monitoring.domain import DriftFinding, DriftReport, DriftVerdict, PastRecall
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

RECALLS_AT_ONCE = 50
"""Reports of which one statement reads the golden recall; most often the first one is the only one wanted."""


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

    def recalls(
        self, *, tenant: str, release: str | None = None, newest_first: bool = False
    ) -> Iterator[PastRecall]:
        """Yield the golden recall of every report that has any, oldest first unless said otherwise.

        Nothing else of a report is read, and no more reports than are taken.
        """
        at, key = drift_reports.c.created_at, drift_reports.c.id
        some = (drift_reports.c.tenant == tenant) & (cast(drift_reports.c.golden_recall, Text) != "{}")
        if release is not None:
            some &= drift_reports.c.release == release
        query = (
            select(key, at, drift_reports.c.golden_recall, drift_reports.c.findings)
            .where(some)
            .order_by(*((at.desc(), key.desc()) if newest_first else (at, key)))
            .limit(RECALLS_AT_ONCE)
        )
        page = query
        while True:
            with reading(self._engine) as connection:
                rows = connection.execute(page).mappings().all()
            yield from (_past(row) for row in rows)
            if len(rows) < RECALLS_AT_ONCE:
                return
            last, last_key = rows[-1]["created_at"], rows[-1]["id"]
            # Said of the moment alone first, because that is what the index is over.
            beyond = (at <= last, or_(at < last, key < last_key))
            if not newest_first:
                beyond = (at >= last, or_(at > last, key > last_key))
            page = query.where(*beyond)


def _past(row: RowMapping) -> PastRecall:
    return PastRecall(
        report=row["id"],
        created_at=row["created_at"],
        recall=row["golden_recall"],
        verdicts={finding["name"]: DriftVerdict(finding["verdict"]) for finding in row["findings"]},
    )


def _report(row: RowMapping) -> DriftReport:
    return DriftReport(
        **{
            **row,
            "verdict": DriftVerdict(row["verdict"]),
            "findings": tuple(from_json(DriftFinding, finding) for finding in row["findings"]),
        }
    )
