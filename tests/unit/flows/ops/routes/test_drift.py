"""Drift reports over HTTP."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from doubles.drift_report import alarm, drift_report
from doubles.waiting import until
from fastapi import FastAPI
from fastapi.testclient import TestClient

from flows.ops.checks import BackgroundChecks
from flows.ops.routes.drift import router
from monitoring.adapters.sql import SqlAlarms, SqlDriftReports
from monitoring.domain import Alarm, DriftReport, DriftVerdict
from rag.adapters.sql.stores import Stores
from rag.api.guards.errors import install_error_handlers
from rag.errors import EmptyCorpus, NotFound

REPORT = drift_report()
QUIET = replace(
    REPORT,
    id="22222222-bbbb-4bbb-8bbb-bbbbbbbbbbbb",
    verdict=DriftVerdict.NOT_ENOUGH_DATA,
    snapshot="",
    diagnoses=(),
    created_at=REPORT.created_at + timedelta(days=1),
)
FOREIGN = replace(REPORT, id="33333333-cccc-4ccc-8ccc-cccccccccccc", tenant="other")
TOGETHER = replace(REPORT, id="44444444-dddd-4ddd-8ddd-dddddddddddd", tenant="*")


def page(report: DriftReport) -> str:
    """Return the snapshot with a script, as Evidently's page has one."""
    return f"<p>{report.snapshot}</p><script>1</script>"


def texts(ids: Sequence[str]) -> dict[str, str]:
    """Return the text of the one question that may be seen."""
    return {one: "Leave in Lisbon?" for one in ids if one == "i10"}


@dataclass
class Accepted:
    """Takes words, and ends one alarm by each."""

    words: list[tuple[str, str, str]] = field(default_factory=list)

    def accept(self, *, tenant: str, principal: str, comment: str) -> Sequence[Alarm]:
        """Note it; a tenant that was never checked is not known."""
        if tenant == "never":
            raise NotFound("tenant 'never' was never checked")
        self.words.append((tenant, principal, comment))
        return [alarm()]


Serve = Callable[[Callable[[str], str]], TestClient]


@pytest.fixture
def accepted() -> Accepted:
    """What people said."""
    return Accepted()


@pytest.fixture
def serve(stores: Stores, sent_by: Any, accepted: Accepted) -> Serve:
    """Serve the reports and an alarm, with a given check."""
    reports, alarms = SqlDriftReports(stores.engine), SqlAlarms(stores.engine)
    for report in (REPORT, QUIET, FOREIGN, TOGETHER):
        reports.add(report)
    alarms.add(alarm())

    def served(run_check: Callable[[str], str]) -> TestClient:
        app = FastAPI()
        app.add_middleware(sent_by)
        install_error_handlers(app)
        app.include_router(
            router(
                reports,
                alarms,
                html=page,
                checks=BackgroundChecks(run_check),
                accepts=accepted,
                texts=texts,
                tenant="default",
            )
        )
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
    answer = serve(lambda _: "").get("/v1/ops/drift").json()

    assert [r["id"] for r in answer["reports"]] == [QUIET.id, REPORT.id]
    assert answer["check"] == {"running": False, "error": None}
    drifted = answer["reports"][1]
    assert "snapshot" not in drifted
    assert drifted["report"] == f"/v1/ops/drift/{REPORT.id}/report"
    assert drifted["verdict"] == "drift"
    assert drifted["sentence"] == "Drift: documents are missing (parental, leave, abroad)."
    assert drifted["findings"][0]["reason"] == "People ask about other things than before."
    assert drifted["created_at"] == "2026-03-01T00:00:00Z"


def test_the_list_can_be_cut(serve: Serve) -> None:
    """A limit is kept to, and one that makes no sense is refused."""
    client = serve(lambda _: "")

    assert len(client.get("/v1/ops/drift", params={"limit": 1}).json()["reports"]) == 1
    assert client.get("/v1/ops/drift", params={"limit": 0}).status_code == 400


def test_one_report_by_the_start_of_its_id(serve: Serve) -> None:
    """A prefix that fits one report alone will do."""
    assert serve(lambda _: "").get("/v1/ops/drift/11111111").json()["id"] == REPORT.id


@pytest.mark.parametrize("path", [FOREIGN.id, f"{FOREIGN.id}/report", "ffffffff", "ffffffff/report"])
def test_what_is_not_there_or_not_yours_is_not_found(serve: Serve, path: str) -> None:
    """Another tenant's report looks like none."""
    answer = serve(lambda _: "").get(f"/v1/ops/drift/{path}")

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


def test_the_page_is_sandboxed(serve: Serve) -> None:
    """The page's inline scripts run, in an origin of their own that may load and send nothing."""
    answer = serve(lambda _: "").get(f"/v1/ops/drift/{REPORT.id}/report")

    assert answer.text == "<p>what was found</p><script>1</script>"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"].split("; ")
    assert "sandbox allow-scripts" in policy
    assert "default-src 'none'" in policy
    assert "script-src 'unsafe-inline'" in policy
    assert not any("allow-same-origin" in part or "http" in part for part in policy)


def test_no_page_where_none_was_drawn(serve: Serve) -> None:
    """A report without a snapshot has no page, and says where its findings are."""
    answer = serve(lambda _: "").get(f"/v1/ops/drift/{QUIET.id}/report")

    assert answer.status_code == 404
    assert f"/v1/ops/drift/{QUIET.id}" in answer.json()["error"]["message"]


def test_the_newest_report_names_the_alarms_that_stand(serve: Serve) -> None:
    """They are the first line of a report that is calm; an older report says nothing of today's alarms."""
    newest, older = serve(lambda _: "").get("/v1/ops/drift").json()["reports"]

    assert newest["alarms"] == [alarm().id]
    assert newest["sentence"].startswith("An alarm stands since 2026-03-01")
    assert older["alarms"] == []


def test_texts_of_examples_are_given_where_they_may_be_seen(serve: Serve) -> None:
    """Others have a link only."""
    topic = serve(lambda _: "").get(f"/v1/ops/drift/{REPORT.id}").json()["diagnoses"][0]["topics"][0]

    assert [each["question"] for each in topic["examples"]] == ["Leave in Lisbon?", None]


@pytest.mark.parametrize(("tenant", "report"), [("other", FOREIGN), ("*", TOGETHER)])
def test_an_operator_may_name_another_tenant_or_all_together(
    serve: Serve, tenant: str, report: DriftReport
) -> None:
    """The role holds for the whole installation."""
    client = serve(lambda _: "")

    assert [r["id"] for r in client.get("/v1/ops/drift", params={"tenant": tenant}).json()["reports"]] == [
        report.id
    ]
    assert client.get(f"/v1/ops/drift/{report.id}", params={"tenant": tenant}).status_code == 200
    assert client.get(f"/v1/ops/drift/{report.id}/report", params={"tenant": tenant}).status_code == 200


@pytest.mark.parametrize("tenant", ["", "**", "a b", "-x", "x" * 101])
def test_what_is_no_name_of_a_tenant_is_refused(serve: Serve, tenant: str) -> None:
    """Else a check of it would begin to watch nobody."""
    assert serve(lambda _: "").post("/v1/ops/drift", params={"tenant": tenant}).status_code == 400


def test_history_has_figures_over_time_and_alarms(serve: Serve) -> None:
    """Newest first, from a moment on where one is named."""
    client = serve(lambda _: "")
    whole = client.get("/v1/ops/drift/history").json()
    late = client.get("/v1/ops/drift/history", params={"since": QUIET.created_at.isoformat()}).json()

    assert [each["id"] for each in whole["reports"]] == [QUIET.id, REPORT.id]
    assert whole["reports"][1]["signals"]["topics"]["p_value"] == 0.00001
    assert [each["id"] for each in whole["alarms"]] == [alarm().id]
    assert [each["id"] for each in late["reports"]] == [QUIET.id]


def test_history_since_a_day_or_a_time_without_a_zone(serve: Serve) -> None:
    """Both are UTC's, as in the terminal; a moment that UTC does not have is refused."""
    client = serve(lambda _: "")

    def since(text: str) -> Any:
        return client.get("/v1/ops/drift/history", params={"since": text})

    day = QUIET.created_at.date().isoformat()
    for text in (day, f"{day}T00:00:00", f"{day}T02:00:00+02:00"):
        answer = since(text)
        assert answer.status_code == 200
        assert [each["id"] for each in answer.json()["reports"]] == [QUIET.id]
        assert [each["id"] for each in answer.json()["alarms"]] == [alarm().id]
    for text in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "yesterday", ""):
        assert since(text).status_code == 400


def test_a_person_may_say_that_this_is_how_it_is_now(serve: Serve, accepted: Accepted) -> None:
    """With a comment; the alarms that it ends are named."""
    client = serve(lambda _: "")
    answer = client.post("/v1/ops/drift/reset", json={"comment": " The new leave policy. "})

    assert answer.json() == {"status": "accepted", "ended": [alarm().id]}
    (word,) = accepted.words
    assert (word[0], word[2]) == ("default", "The new leave policy.")
    assert (
        client.post("/v1/ops/drift/reset", params={"tenant": "never"}, json={"comment": "x"}).status_code
        == 404
    )


@pytest.mark.parametrize("body", [{}, {"comment": ""}, {"comment": "  "}, {"comment": "x", "why": "y"}])
def test_a_word_without_a_comment_is_refused(serve: Serve, accepted: Accepted, body: dict[str, str]) -> None:
    """Nothing begins anew."""
    assert serve(lambda _: "").post("/v1/ops/drift/reset", json=body).status_code == 400
    assert accepted.words == []


def test_a_check_is_of_the_tenant_named(serve: Serve) -> None:
    """The installation's own where none is."""
    checked: list[str] = []

    def check(tenant: str) -> str:
        checked.append(tenant)
        return REPORT.id

    client = serve(check)
    for params in ({}, {"tenant": "*"}):
        assert client.post("/v1/ops/drift", params=params).status_code == 202
        wait_for_the_end(client)

    assert checked == ["default", "*"]


def test_a_check_runs_in_the_background_and_alone(serve: Serve) -> None:
    """A check is accepted before it is done; a second one is refused until then."""
    go, runs = threading.Event(), []

    def check(_tenant: str) -> str:
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

    def check(_tenant: str) -> str:
        raise error

    client = serve(check)
    client.post("/v1/ops/drift")

    assert wait_for_the_end(client) == {"running": False, "error": told}
    assert str(error) in caplog.text
