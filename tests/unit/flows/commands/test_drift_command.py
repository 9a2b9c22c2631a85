"""whetstone drift, from the outside."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from monitoring.adapters.sql import SqlDriftReports
from monitoring.domain import DriftReport, DriftVerdict
from rag.adapters.sql.stores import open_stores, sqlite_url


def test_the_list_holds_the_tenant_s_own_reports(tmp_path: Path) -> None:
    """As over HTTP: another tenant's reports are not shown."""
    stores = open_stores(sqlite_url(tmp_path))
    for tenant in ("default", "other"):
        report = DriftReport(
            id=f"of-{tenant}",
            tenant=tenant,
            verdict=DriftVerdict.CALM,
            findings=(),
            encoder="e",
            release="r",
            reference={"count": 0},
            current={"count": 0},
            snapshot="",
            golden_recall={},
            created_at=datetime(2026, 3, 1, tzinfo=UTC),
        )
        SqlDriftReports(stores.engine).add(report)
    stores.close()

    listed = subprocess.run(
        [sys.executable, "-m", "flows.cli", "drift", "--list", "--json"],
        env={"PATH": "/usr/bin:/bin", "WHETSTONE_HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert ["of-default"] == [report["id"] for report in json.loads(listed.stdout)]
