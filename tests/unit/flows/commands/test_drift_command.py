"""whetstone drift and whetstone alarms, from the outside."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from doubles.drift_report import alarm, drift_report, look

from flows.cli import cli
from flows.commands.options import MOMENT
from monitoring.adapters.evidently import EvidentlyRenderer
from monitoring.adapters.sql import SqlAlarms, SqlDriftReports
from monitoring.domain import Alarm, AlarmEnd, Cause, DriftReport, DriftVerdict
from rag.adapters.sql.stores import open_stores, sqlite_url

OLD = drift_report(id="aaaa0000", verdict=DriftVerdict.CALM, findings=(), diagnoses=(), snapshot="")
NEW = drift_report(id="bbbb0000", created_at=OLD.created_at + timedelta(days=1), snapshot="")
FOREIGN = replace(NEW, id="cccc0000", tenant="north")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with nothing in it."""
    monkeypatch.setenv("WHETSTONE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def keep(home: Path, *kept: DriftReport | Alarm) -> None:
    """Write reports and alarms."""
    stores = open_stores(sqlite_url(home))
    for each in kept:
        if isinstance(each, Alarm):
            SqlAlarms(stores.engine).add(each)
        else:
            SqlDriftReports(stores.engine).add(each)
    stores.close()


def run(*words: str, **more: Any) -> Result:
    """Run a command."""
    return CliRunner().invoke(cli, words, **more)


def test_history_is_the_tenants_own(home: Path) -> None:
    """Newest first; another tenant's where it is named, and all together where that is asked for."""
    keep(home, OLD, NEW, FOREIGN)

    def ids(*words: str) -> list[str]:
        return [
            each["id"] for each in json.loads(run("drift", "history", "--json", *words).output)["reports"]
        ]

    assert ids() == [NEW.id, OLD.id]
    assert ids("--tenant", "north") == [FOREIGN.id]
    assert ids("--all") == []
    assert ids("--since", "2026-03-02") == [NEW.id]
    assert ids("--limit", "1") == [NEW.id]


def test_history_as_tables(home: Path) -> None:
    """Reports and alarms; without a report it says what makes one."""
    assert "whetstone drift" in run("drift", "history").output

    keep(home, NEW, alarm())
    printed = run("drift", "history").output

    assert NEW.id in printed
    assert "documents missing" in printed
    assert "Alarms, newest first" in printed


def test_a_report_is_shown_again_verdict_first(home: Path) -> None:
    """Then why, what to do, the numbers, and what it was held to."""
    keep(home, NEW)
    shown = run("drift", "show", "bbbb")

    assert shown.exit_code == 0
    assert shown.output.startswith("Drift: documents are missing (parental, leave, abroad).\nWhy\n")
    parts = ("Why", "What to do", "Topics", "Drift report bbbb0000", "Held to one false alarm")
    places = [shown.output.index(part) for part in parts]
    assert places == sorted(places)
    assert json.loads(run("drift", "show", "bbbb", "--json").output)["sentence"].startswith("Drift: ")


def test_a_report_is_written_as_a_page(home: Path) -> None:
    """The snapshot that was kept is rendered."""
    drawn = replace(NEW, snapshot=EvidentlyRenderer().snapshot(NEW, look()))
    keep(home, drawn)

    assert run("drift", "show", "bbbb", "--html", "page.html").exit_code == 0
    assert "documents are missing" in (home / "page.html").read_text()


@pytest.mark.parametrize("words", [("drift",), ("drift", "show", "bbbb")])
def test_a_page_that_cannot_be_written(home: Path, words: tuple[str, ...]) -> None:
    """Where there is no such folder it is refused, before a check is made."""
    keep(home, NEW)
    result = run(*words, "--html", "nowhere/page.html")

    assert result.exit_code == 2
    assert f"there is no folder {home / 'nowhere'}" in " ".join(result.output.split())


@pytest.mark.parametrize(
    "words",
    [
        ("drift", "show", "ffff0000"),
        ("drift", "accept", "--comment", "x"),
        ("alarms", "acknowledge", "ffff0000"),
        ("alarms", "end", "ffff0000", "--comment", "x"),
    ],
)
def test_what_is_not_there_is_said(home: Path, words: tuple[str, ...]) -> None:
    """By name, in one line."""
    result = run(*words)

    assert result.exit_code == 1
    assert str(result.exception)


def test_one_tenant_and_all_of_them_is_a_contradiction(home: Path) -> None:
    """Neither is taken for meant."""
    assert run("drift", "history", "--all", "--tenant", "north").exit_code == 2
    assert run("drift", "history", "--all", "--tenant", "*").exit_code == 0


def test_alarms_that_stand(home: Path) -> None:
    """Exit status 3 while one does, 0 where none does; with --all ended ones and other tenants' too."""
    assert (run("alarms").output, run("alarms").exit_code) == ("No alarm stands.\n", 0)

    ended = alarm(
        id="bbbb1111",
        cause=Cause.OLD_TOPIC,
        ended_at=datetime(2026, 3, 5, tzinfo=UTC),
        ended_by=AlarmEnd.REMEDY,
    )
    keep(home, alarm(), ended, alarm(id="cccc1111", tenant="north"))

    listed = run("alarms", "--json")
    assert ([each["id"] for each in json.loads(listed.output)], listed.exit_code) == ([alarm().id], 3)
    assert len(json.loads(run("alarms", "--all", "--json").output)) == 3
    assert [each["id"] for each in json.loads(run("alarms", "--tenant", "north", "--json").output)] == [
        "cccc1111"
    ]
    assert "stands" in run("alarms").output


def test_an_alarm_is_acknowledged_and_ended(home: Path) -> None:
    """By the start of its id; ending takes a comment."""
    keep(home, alarm())

    known = run("alarms", "acknowledge", "aaaa1111")
    assert known.exit_code == 0
    assert known.output.startswith("Acknowledged by terminal")
    assert run("alarms", "end", "aaaa1111").exit_code == 2
    ended = run("alarms", "end", "aaaa1111", "--comment", "As it should be.")
    assert "whetstone drift accept" in ended.output
    assert run("alarms").exit_code == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T08:30", datetime(2026, 3, 1, 8, 30, tzinfo=UTC)),
        ("2026-03-01T08:30+02:00", datetime(2026, 3, 1, 6, 30, tzinfo=UTC)),
    ],
)
def test_moments(text: str, expected: datetime) -> None:
    """UTC unless another zone is named."""
    assert MOMENT.convert(text, None, None) == expected


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("90m", timedelta(minutes=90)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
        (" 2w ", timedelta(weeks=2)),
    ],
)
def test_how_long_ago(text: str, ago: timedelta) -> None:
    """Minutes, hours, days and weeks."""
    moment = MOMENT.convert(text, None, None)

    assert abs(datetime.now(UTC) - ago - moment) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "7", "7 days", "-7d", "2026-13-01", "9999-01-01", "999999d"),
        *("0001-01-01T00:00+14:00", "9999-12-31T23:00-14:00"),
    ],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    """So is one in the future."""
    with pytest.raises(click.BadParameter, match=r"moment|future"):
        MOMENT.convert(text, None, None)
