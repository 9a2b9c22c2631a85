"""Drift reports over HTTP."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from doubles.drift_report import drift_report
from doubles.waiting import until
from fastapi import FastAPI
from fastapi.testclient import TestClient

from flows.ops.checks import BackgroundChecks
from flows.ops.routes.drift import router
from monitoring.adapters.sql import SqlDriftReports
from monitoring.domain import DriftReport, DriftVerdict
from rag.adapters.sql.stores import Stores
from rag.api.guards.errors import install_error_handlers
from rag.errors import EmptyCorpus

REPORT = drift_report()
QUIET = replace(
    REPORT,
    id="22222222-bbbb-4bbb-8bbb-bbbbbbbbbbbb",
    verdict=DriftVerdict.NOT_ENOUGH_DATA,
    snapshot="",
    created_at=REPORT.created_at + timedelta(days=1),
)
FOREIGN = replace(REPORT, id="33333333-cccc-4ccc-8ccc-cccccccccccc", tenant="other")


def page(report: DriftReport) -> str:
    """Return the snapshot with a script, as Evidently's page has one."""
    return f"<p>{report.snapshot}</p><script>1</script>"


Serve = Callable[[Callable[[], str]], TestClient]


@pytest.fixture
def serve(stores: Stores, sent_by: Any) -> Serve:
    """Serve the three reports, with a given check."""
    reports = SqlDriftReports(stores.engine)
    for report in (REPORT, QUIET, FOREIGN):
        reports.add(report)

    def served(run_check: Callable[[], str]) -> TestClient:
        app = FastAPI()
        app.add_middleware(sent_by)
        install_error_handlers(app)
        app.include_router(router(reports, page, BackgroundChecks(run_check), tenant="default"))
        return TestClient(app)

    return served


def wait_for_the_end(client: TestClient) -> dict[str, object]:
    """Wait until no check is under way; return how it ended."""
    status: dict[str, object] = {}

    def ended() -> bool:
        status.update(client.get("/v1/ops/drift").json()["check"])
        return not status["running"]

    until(ended, "the check to end")
    return status


def test_newest_first_with_findings_and_without_snapshots(serve: Serve) -> None:
    """The list holds the tenant's reports, newest first, as JSON; snapshots stay out, the page is linked."""
    answer = serve(lambda: "").get("/v1/ops/drift").json()

    assert [r["id"] for r in answer["reports"]] == [QUIET.id, REPORT.id]
    assert answer["check"] == {"running": False, "error": None}
    drifted = answer["reports"][1]
    assert "snapshot" not in drifted
    assert drifted["report"] == f"/v1/ops/drift/{REPORT.id}/report"
    assert drifted["verdict"] == "drift"
    assert drifted["findings"][0]["reason"] == "People ask about other things than before."
    assert drifted["created_at"] == "2026-03-01T00:00:00Z"


def test_the_list_can_be_cut(serve: Serve) -> None:
    """A limit is kept to, and one that makes no sense is refused."""
    client = serve(lambda: "")

    assert len(client.get("/v1/ops/drift", params={"limit": 1}).json()["reports"]) == 1
    assert client.get("/v1/ops/drift", params={"limit": 0}).status_code == 400


def test_one_report_by_the_start_of_its_id(serve: Serve) -> None:
    """A prefix that fits one report alone will do."""
    assert serve(lambda: "").get("/v1/ops/drift/11111111").json()["id"] == REPORT.id


@pytest.mark.parametrize("path", [FOREIGN.id, f"{FOREIGN.id}/report", "ffffffff", "ffffffff/report"])
def test_what_is_not_there_or_not_yours_is_not_found(serve: Serve, path: str) -> None:
    """Another tenant's report looks like none."""
    answer = serve(lambda: "").get(f"/v1/ops/drift/{path}")

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


def test_the_page_is_sandboxed(serve: Serve) -> None:
    """The page's inline scripts run, in an origin of their own that may load and send nothing."""
    answer = serve(lambda: "").get(f"/v1/ops/drift/{REPORT.id}/report")

    assert answer.text == "<p>what was found</p><script>1</script>"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"].split("; ")
    assert "sandbox allow-scripts" in policy
    assert "default-src 'none'" in policy
    assert "script-src 'unsafe-inline'" in policy
    assert not any("allow-same-origin" in part or "http" in part for part in policy)


def test_no_page_where_there_was_not_enough_data(serve: Serve) -> None:
    """A report without a snapshot has no page, and says why."""
    answer = serve(lambda: "").get(f"/v1/ops/drift/{QUIET.id}/report")

    assert answer.status_code == 404
    assert "not enough data" in answer.json()["error"]["message"]


def test_a_check_runs_in_the_background_and_alone(serve: Serve) -> None:
    """A check is accepted before it is done; a second one is refused until then."""
    go, runs = threading.Event(), []

    def check() -> str:
        go.wait(10)
        runs.append(1)
        return REPORT.id

    client = serve(check)

    assert client.post("/v1/ops/drift").status_code == 202
    assert client.get("/v1/ops/drift").json()["check"] == {"running": True, "error": None}
    refused = client.post("/v1/ops/drift")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "lease_held")
    go.set()
    assert wait_for_the_end(client) == {"running": False, "error": None}
    assert client.post("/v1/ops/drift").status_code == 202
    wait_for_the_end(client)
    assert runs == [1, 1]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (EmptyCorpus("There are no documents; ingest some."), "There are no documents; ingest some."),
        (RuntimeError("password=x"), "The check failed; see the service's log."),
    ],
)
def test_a_failed_check_says_so(
    serve: Serve, caplog: pytest.LogCaptureFixture, error: Exception, told: str
) -> None:
    """The reason is shown where it is ours; anything else stays in the log, and both are logged."""

    def check() -> str:
        raise error

    client = serve(check)
    client.post("/v1/ops/drift")

    assert wait_for_the_end(client) == {"running": False, "error": told}
    assert str(error) in caplog.text
