"""Whether right passages are found less often than before."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from monitoring.adapters.sql import SqlDriftReports
from monitoring.domain import DriftFinding, DriftReport, DriftVerdict, Window
from monitoring.settings import DriftSettings
from monitoring.signals import judging
from monitoring.signals.recall import (
    baseline,
    golden_finding,
    hit_rate_drop_test,
    labelled_hits,
    paired_drop_test,
    question_recall,
    right_passage,
)
from rag.adapters.sql.stores import Stores
from rag.domain import Feedback, Interaction, InteractionStatus, LoggedHit

START = datetime(2026, 3, 1, tzinfo=UTC)
METRIC = "golden_recall@10"


def judge(
    minute: int,
    *,
    corrected: str | None = None,
    clicked: str | None = None,
    rating: int | None = None,
) -> Feedback:
    """Return feedback so many minutes after the start."""
    return Feedback(
        id=f"f{minute}",
        interaction_id="i",
        tenant="default",
        principal="ann",
        given_at=START + timedelta(minutes=minute),
        rating=rating,
        clicked_passage=clicked,
        corrected_passage=corrected,
    )


def interaction(name: str, passages: list[str]) -> Interaction:
    """Log a question that found those passages, best first."""
    return Interaction(
        id=name,
        tenant="default",
        principal="ann",
        asked_at=START,
        question="?",
        hits=tuple(
            LoggedHit(passage_id=p, document_id=f"d-{p}", rank=rank, score=0.5)
            for rank, p in enumerate(passages, start=1)
        ),
        answer="",
        cited=(),
        release="r",
        epoch=1,
        generator="",
        status=InteractionStatus.RETRIEVED,
    )


def report(day: int, release: str, questions: int, verdict: DriftVerdict = DriftVerdict.CALM) -> DriftReport:
    """Make a report of that day which knows so many golden questions."""
    finding = DriftFinding(
        name=METRIC,
        statistic=None,
        threshold=None,
        p_value=None,
        reference=None,
        current=1.0,
        reference_count=0,
        current_count=questions,
        verdict=verdict,
        reason="",
    )
    return DriftReport(
        id=f"{release}-{day}",
        tenant="default",
        verdict=verdict,
        findings=(finding,),
        encoder="e",
        release=release,
        reference={},
        current={},
        snapshot="",
        golden_recall={f"q{i}": 1.0 for i in range(questions)},
        created_at=START + timedelta(days=day),
    )


Chosen = Callable[..., str | None]


@pytest.fixture
def reports(stores: Stores) -> SqlDriftReports:
    """An empty store."""
    return SqlDriftReports(stores.engine)


@pytest.fixture
def chosen(reports: SqlDriftReports) -> Chosen:
    """Return the id of the baseline chosen among reports for 40 golden questions under the release "live"."""

    def choose(
        *stored: DriftReport, metric: str = METRIC, releases: frozenset[str] = frozenset({"live"})
    ) -> str | None:
        for each in stored:
            reports.add(each)
        asked = [f"q{i}" for i in range(40)]
        found = baseline(
            reports, tenant="default", metric=metric, releases=releases, asked=asked, at_least=30
        )
        return found.report if found else None

    return choose


def test_the_first_report_of_the_live_release_is_the_baseline(chosen: Chosen) -> None:
    """A slow decline adds up, because the comparison stays with where the release began."""
    assert chosen(report(3, "live", 40), report(2, "live", 40), report(1, "old", 40)) == "live-2"


def test_a_calibration_is_no_new_release(chosen: Chosen) -> None:
    """What is found is the same, so a slow decline adds up over all calibrations of a release."""
    stored = report(1, "old", 40), report(2, "live-before", 40), report(3, "live", 40)
    assert chosen(*stored, releases=frozenset({"live", "live-before"})) == "live-before-2"


def test_a_new_release_is_compared_with_the_one_before(chosen: Chosen) -> None:
    """The first check after a switch looks at the newest report there is, whatever release it is of."""
    assert chosen(report(1, "old", 40), report(2, "old", 40)) == "old-2"


def test_a_drop_does_not_become_the_baseline(chosen: Chosen) -> None:
    """A report that found golden recall drifted is no measure for later ones."""
    assert chosen(report(1, "old", 40), report(2, "live", 40, DriftVerdict.DRIFT)) == "old-1"


def test_too_few_common_questions_are_no_baseline(chosen: Chosen) -> None:
    """A report with too few of the present golden questions is passed over."""
    assert chosen(report(1, "live", 29)) is None


def test_another_depth_is_no_baseline(chosen: Chosen) -> None:
    """Recall at another k cannot be compared."""
    assert chosen(report(1, "live", 40), metric="golden_recall@5") is None


def test_a_fitting_report_is_found_behind_many_that_do_not_fit(chosen: Chosen) -> None:
    """However many checks fell short or found drift before it, or came after it, none of them hides it."""
    short = [report(day, "live", 29) for day in range(120)]
    drifted = [report(day, "live", 40, DriftVerdict.DRIFT) for day in range(120, 240)]
    later = [report(day, "live", 40) for day in range(240, 360)]

    assert chosen(*short, *drifted, *later) == "live-240"


def test_a_slow_decline_raises_an_alarm(reports: SqlDriftReports) -> None:
    """One golden question lost a day is noticed within days, and stays noticed, with a check every hour for 60 days."""
    settings = DriftSettings(min_labelled=30, permutations=199, alpha=0.05)
    alarms = []
    for hour in range(60 * 24):
        found = 75 - hour // 24
        recall = {f"q{i}": float(i < found) for i in range(100)}
        tested = golden_finding(
            recall, gone=0, reports=reports, tenant="default", releases={"live"}, settings=settings
        )
        (finding,) = judging.judge([tested], settings.alpha)
        alarms.append(finding.verdict is DriftVerdict.DRIFT)
        reports.add(
            replace(
                report(0, "live", 0),
                id=f"hour {hour}",
                verdict=finding.verdict,
                findings=(finding,),
                golden_recall=recall,
                created_at=START + timedelta(hours=hour),
            )
        )

    assert finding.current == 0.16
    assert finding.reference == 0.75
    # Five lost of 100 have p = 1 / 32.
    assert alarms == [False] * (5 * 24) + [True] * (55 * 24)


def test_question_recall_is_the_share_of_right_documents_found() -> None:
    """Two of four right documents found are a half, whatever else was found."""
    assert question_recall({"a", "b", "x"}, {"a", "b", "c", "d"}) == 0.5


def test_paired_drop_by_enumeration() -> None:
    """With few questions moved, the p-value is the share of all choices of signs with as big a drop."""
    before, now = np.array([1, 1, 1, 1, 0, 1.0]), np.array([0, 0, 0.5, 1, 1, 1])
    drops = [1, 1, 0.5, -1]
    sums = [sum(s * d for s, d in zip(signs, drops, strict=True)) for signs in product((-1, 1), repeat=4)]

    actual = paired_drop_test(before, now, permutations=99, seed=0)

    assert actual.p_value == sum(s >= 1.5 for s in sums) / 16
    assert actual.statistic == 1.5 / 6


def test_a_sampled_paired_drop_is_near_the_sign_test() -> None:
    """With 0 and 1 the randomisation is McNemar's exact test; a sample of signs comes near it."""
    before, now = np.repeat([1.0, 0.0], [14, 6]), np.repeat([0.0, 1.0], [14, 6])

    actual = paired_drop_test(before, now, permutations=9_999, seed=0).p_value

    assert actual == pytest.approx(stats.binomtest(14, 20, alternative="greater").pvalue, abs=0.01)


def test_nothing_moved_is_calm() -> None:
    """The same recall on every question has a p-value of one, and so has a gain on all."""
    same = np.ones(40)

    assert paired_drop_test(same, same, permutations=99, seed=0).p_value == 1.0
    assert paired_drop_test(0 * same, same, permutations=99, seed=0).p_value == 1.0


@given(st.integers(1, 60), st.integers(1, 60), st.data(), st.floats(0.001, 0.4))
def test_hit_rate_drop_is_fishers(m: int, n: int, data: st.DataObject, level: float) -> None:
    """P-values are those of Fisher's exact test, one-sided, and agree with the threshold at every level."""
    a, b = data.draw(st.integers(0, m)), data.draw(st.integers(0, n))
    before, now = np.repeat([1.0, 0.0], [a, m - a]), np.repeat([1.0, 0.0], [b, n - b])

    actual = hit_rate_drop_test(before, now)
    threshold = actual.critical(level)

    expected = stats.fisher_exact([[b, n - b], [a, m - a]], alternative="less").pvalue
    assert actual.p_value == pytest.approx(expected, abs=1e-9)
    assert actual.statistic == pytest.approx(a / m - b / n, abs=1e-12)
    assert threshold is not None
    assert (actual.statistic > threshold) == (actual.p_value <= level)


@pytest.mark.parametrize(
    ("feedback", "right"),
    [
        ([], None),
        ([judge(0, rating=1)], None),
        ([judge(0, clicked="a")], "a"),
        ([judge(0, clicked="a"), judge(1, clicked="b")], "b"),
        ([judge(0, corrected="c"), judge(1, clicked="a")], "c"),
        ([judge(0, corrected="c"), judge(1, corrected="d")], "d"),
        ([judge(0, clicked="a"), judge(1, rating=-1)], None),
        ([judge(0, clicked="a", rating=-1), judge(1, corrected="c")], "c"),
    ],
)
def test_which_passage_people_said_is_right(feedback: list[Feedback], right: str | None) -> None:
    """The newest correction, else the newest click unless the answer was rated bad; else nobody said."""
    assert right_passage(feedback) == right


def test_hits_are_read_equally_deep_in_both_windows() -> None:
    """A release that logs fewer hits sets the depth, so that a deeper one does not look better."""
    windows = [
        Window(name=name, since=None, until=None, interactions=logged)
        for name, logged in (
            ("reference", (interaction("i1", ["a", "b", "c", "d"]), interaction("i2", ["a"]))),
            ("current", (interaction("i3", ["a", "b"]), interaction("i4", []), interaction("i5", ["a"]))),
        )
    ]
    feedback = {
        "i1": [judge(0, corrected="c")],
        "i2": [judge(0, clicked="a")],
        "i3": [judge(0, clicked="b")],
        "i4": [judge(0, corrected="z")],
    }

    depth, (reference, current) = labelled_hits((windows[0], windows[1]), feedback, k=10)

    assert depth == 2
    np.testing.assert_array_equal(reference, [0, 1])
    np.testing.assert_array_equal(current, [1, 0, np.nan])
