"""One whole check: what it reads, what it says, and what it leaves where it is killed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from doubles.drift_report import DIAGNOSIS, FINDING, look

from monitoring.adapters.sql import SqlDriftReports
from monitoring.checking import Check, Reading, Seen, Signal, read_all, verdict, window
from monitoring.domain import Cause, Diagnosis, DriftFinding, DriftReport, DriftVerdict, Look, Remedy
from monitoring.settings import DriftSettings
from rag.adapters.sql.stores import Stores
from rag.errors import IndexLocked

SETTINGS = DriftSettings(min_questions=100)
CALM = replace(FINDING, verdict=DriftVerdict.CALM, p_value=0.4, carrying=())
ENOUGH = look(120, 60)
SINCE = datetime(2026, 2, 1, tzinfo=UTC)


class Killed(BaseException):
    """Somebody ended the process."""


@dataclass
class Around:
    """What a check does beside reading signals, in the order in which it did."""

    reports: SqlDriftReports
    seen: Look = ENOUGH
    diagnoses: tuple[Diagnosis, ...] | Exception = (DIAGNOSIS,)
    drawn: str | Exception = "drawn"
    killed_at: str = ""
    did: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    since: datetime | None = None

    def do(self, what: str) -> None:
        """Note a step; be killed at it where that is wanted."""
        if what == self.killed_at:
            raise Killed
        self.did.append(what)

    def gather(self, since: datetime | None, _progress: Callable[[int, int, str], None]) -> Look:
        """Return the look."""
        self.since = since
        return self.seen

    def attribute(self, _reading: Reading, _look: Look) -> tuple[Diagnosis, ...]:
        """Return the diagnoses."""
        if isinstance(self.diagnoses, Exception):
            raise self.diagnoses
        return self.diagnoses

    def snapshot(self, _report: DriftReport, _look: Look | None, *, past: Sequence[DriftReport] = ()) -> str:
        """Return what is drawn, and of how many earlier reports."""
        if isinstance(self.drawn, Exception):
            raise self.drawn
        return f"{self.drawn}, {len(past)} before"

    def html(self, snapshot: str) -> str:
        """Show it."""
        return snapshot

    def progress(self, _done: int, _total: int, what: str) -> None:
        """Note the step."""
        self.steps.append(what.partition("\n")[0])

    def check(self, *signals: Signal) -> Check:
        """Return a check of these signals."""
        return Check(
            gather=self.gather,
            signals=signals,
            attribute=self.attribute,
            reports=self.reports,
            renderer=self,
            follow=lambda report, began: self.do(
                f"alarms of {report.verdict} since {began and began:%Y-%m-%d}"
            ),
            completed=lambda _look: self.do("completed"),
            settings=SETTINGS,
        )

    def run(self, *signals: Signal) -> DriftReport:
        """Check once."""
        return self.check(*signals).run(encoder="e", release="r", progress=self.progress)


@pytest.fixture
def around(stores: Stores) -> Around:
    """Everything around a check, over an empty database."""
    return Around(reports=SqlDriftReports(stores.engine))


def says(*findings: DriftFinding, name: str = "topics", of_questions: bool = True, **more: object) -> Signal:
    """Return a signal that always says this."""
    return Signal(
        name=name,
        read=lambda _seen: Reading(findings=findings, **more),  # type: ignore[arg-type]  # its fields
        of_questions=of_questions,
    )


def fails(error: Exception, name: str = "index") -> Signal:
    """Return a signal that cannot be read."""

    def read(_seen: Seen) -> Reading:
        raise error

    return Signal(name=name, read=read)


def test_a_calm_check_is_kept_and_followed(around: Around) -> None:
    """The report has what was compared and what it was held to; then alarms follow, and it is completed."""
    report = around.run(says(CALM))

    assert around.reports.get(report.id) == report
    assert (report.verdict, report.findings, report.diagnoses) == (DriftVerdict.CALM, (CALM,), ())
    assert (report.reference, report.current) == (
        window("reference", ENOUGH.reference, needed=100),
        window("recent", ENOUGH.recent, needed=50),
    )
    assert (report.new, report.run_length, report.months) == (25, 50_000.0, 12.0)
    assert (report.encoder, report.release, report.snapshot) == ("e", "r", "drawn, 0 before")
    assert around.did == ["alarms of calm since 2026-01-01", "completed"]


def test_drift_is_told_with_its_causes(around: Around) -> None:
    """Causes are looked for where a signal says drift, and nowhere else."""
    report = around.run(says(FINDING))

    assert (report.verdict, report.diagnoses) == (DriftVerdict.DRIFT, (DIAGNOSIS,))
    assert "looking for causes" in around.steps
    assert around.run(says(CALM)).snapshot == "drawn, 1 before"


def test_the_steps_are_named(around: Around) -> None:
    """In their order, so that whoever waits knows what for."""
    around.run(says(FINDING))

    assert list(dict.fromkeys(around.steps)) == [
        "reading signals",
        "looking for causes",
        "drawing the report",
    ]


def test_a_check_with_nothing_new_reads_no_questions_and_spends_nothing(around: Around) -> None:
    """Index, documents and golden questions are looked at all the same."""
    around.seen = replace(ENOUGH, new=0)
    spent: list[float] = []

    def read(seen: Seen) -> Reading:
        spent.extend(seen.levels.values())
        return Reading(findings=(replace(CALM, name="index"),))

    report = around.run(says(FINDING), Signal(name="index", read=read))

    assert report.verdict is DriftVerdict.NOTHING_NEW
    assert [each.name for each in report.findings] == ["index"]
    assert spent
    assert set(spent) == {0.0}


def test_an_index_that_breaks_while_nobody_asks_is_drift(around: Around) -> None:
    """Nothing new is said of questions alone."""
    around.seen = replace(ENOUGH, new=0)

    assert around.run(says(FINDING, name="index", of_questions=False)).verdict is DriftVerdict.DRIFT


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            IndexLocked("the index is held by process 7."),
            "It could not be read: the index is held by process 7.",
        ),
        (RuntimeError("password=x"), "It could not be read: RuntimeError; see the log."),
    ],
)
def test_a_signal_that_cannot_be_read_says_so_and_the_others_count(
    around: Around, error: Exception, said: str
) -> None:
    """What is ours is told; of anything else the text may hold anything."""
    report = around.run(fails(error), says(FINDING))

    unread, found = report.findings
    assert (unread.name, unread.verdict, unread.reason) == ("index", DriftVerdict.NOT_ENOUGH_DATA, said)
    assert found == FINDING
    assert report.verdict is DriftVerdict.DRIFT


def test_a_cause_that_cannot_be_looked_for_is_unknown(around: Around) -> None:
    """The drift is told all the same, and so is that nothing was attributed."""
    for nothing in (ValueError("x"), ()):
        around.diagnoses = nothing
        (unknown,) = around.run(says(FINDING)).diagnoses
        assert (unknown.cause, unknown.remedy, unknown.topics) == (Cause.UNKNOWN, Remedy.LOOK, ())


def test_a_report_that_cannot_be_drawn_is_kept_without_a_page(around: Around) -> None:
    """A verdict without its page is worth more than none."""
    around.drawn = RuntimeError("no fonts")

    assert around.reports.get(around.run(says(CALM)).id).snapshot == ""


@pytest.mark.parametrize("killed_at", ["kept", "alarms of calm since 2026-01-01", "completed"])
def test_killed_after_its_report_it_is_repeated(around: Around, killed_at: str) -> None:
    """What it was to look at stays new until all is done; a second run does what is left."""
    around.killed_at = killed_at
    kept = says(CALM, keep=(lambda: around.do("kept"),))
    with pytest.raises(Killed):
        around.run(kept)
    assert "completed" not in around.did

    around.killed_at = ""
    around.did.clear()
    around.run(kept)

    assert around.did == ["kept", "alarms of calm since 2026-01-01", "completed"]


def test_a_look_of_ones_own_leaves_nothing(around: Around) -> None:
    """It compares what was asked since then; what knows no other moment than now is not read."""
    golden = says(FINDING, name="golden_recall", of_questions=False, keep=(lambda: around.do("kept"),))
    check = around.check(says(FINDING), golden)

    report = check.look(SINCE, encoder="e", release="r", progress=around.progress)

    assert around.since == SINCE
    assert (report.verdict, len(report.findings)) == (DriftVerdict.DRIFT, 1)
    assert around.reports.newest() == []
    assert around.did == []


def test_readings_add_up(around: Around) -> None:
    """Golden recall of the one that has any is the report's."""
    golden = says(replace(CALM, name="golden_recall@10"), golden_recall={"q": 0.5})

    assert around.run(says(CALM), golden, says(replace(CALM, name="fit"))).golden_recall == {"q": 0.5}


def test_all_signals_together_spend_the_looks_share() -> None:
    """New questions over the run length, whichever signals there are."""
    seen: list[Seen] = []

    def read(each: Seen) -> Reading:
        seen.append(each)
        return Reading(findings=())

    read_all([Signal(name="x", read=read)], ENOUGH, SETTINGS, lambda *_: None)

    assert 0 < sum(seen[0].levels.values()) <= 25 / 50_000
    assert seen[0].design is not None


@pytest.mark.parametrize(
    ("seen", "said", "expected"),
    [
        (ENOUGH, (CALM,), DriftVerdict.CALM),
        (ENOUGH, (CALM, FINDING), DriftVerdict.DRIFT),
        (look(99, 60), (CALM,), DriftVerdict.NOT_ENOUGH_DATA),
        (look(99, 60, new=0), (), DriftVerdict.NOT_ENOUGH_DATA),
        (look(99, 60), (replace(FINDING, name="index"),), DriftVerdict.DRIFT),
        (look(120, 60, new=0), (CALM,), DriftVerdict.NOTHING_NEW),
        (look(120, 3), (replace(CALM, verdict=DriftVerdict.NOT_ENOUGH_DATA),), DriftVerdict.NOT_ENOUGH_DATA),
        (
            ENOUGH,
            (CALM, replace(CALM, name="ratings", verdict=DriftVerdict.NOT_ENOUGH_DATA)),
            DriftVerdict.CALM,
        ),
    ],
)
def test_the_verdict_of_all(seen: Look, said: tuple[DriftFinding, ...], expected: DriftVerdict) -> None:
    """Drift wins; without a reference there is no verdict; a signal that has no data is no reason for none."""
    assert verdict(said, seen, SETTINGS) is expected


def test_traffic_too_thin_for_months_is_told_in_questions(around: Around) -> None:
    """Where the least run length holds, it is more than so many months' questions."""
    around.seen = replace(ENOUGH, run_length=1_000.0)

    assert around.run(says(CALM)).months == 0.0


def test_a_window_says_when_and_how_many() -> None:
    """One without questions has no moment."""
    some = window("recent", ENOUGH.recent)
    none = window("reference", look(0, 0).reference)

    assert (some.count, some.since) == (60, datetime.fromtimestamp(ENOUGH.recent.asked_at[0], UTC))
    assert (none.count, none.since, none.until) == (0, None, None)
