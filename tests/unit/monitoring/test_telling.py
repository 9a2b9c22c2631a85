"""A report for people: the verdict, why, what to do, what it was held to."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from doubles.drift_report import DIAGNOSIS, FINDING, TOPIC, alarm, drift_report

from monitoring.domain import Cause, DriftVerdict, Remedy
from monitoring.telling import Told, held_to, name_of, tell, unmeasured

OTHER = replace(
    DIAGNOSIS,
    cause=Cause.NOT_FOUND,
    remedy=Remedy.RETRAIN,
    reason="22 questions have documents that are not found.",
    action="Retrain.",
    topics=(replace(TOPIC, words=("vpn", "phones")),),
)


def test_drift_is_told_by_its_first_cause() -> None:
    """The verdict names cause and topic; then come the causes' reasons, the signals', and what to do."""
    told = tell(drift_report())

    assert told == Told(
        verdict="Drift: documents are missing (parental, leave, abroad).",
        why=(DIAGNOSIS.reason, FINDING.reason),
        to_do=(DIAGNOSIS.action,),
        held_to=(
            "Held to one false alarm in 50,000 distinct questions on average, however often one looks. A fifth of the "
            "questions on something foreign is then seen after about 100."
        ),
    )


def test_further_causes_are_counted_and_each_says_what_to_do() -> None:
    """An action that several causes share is told once."""
    told = tell(drift_report(diagnoses=(DIAGNOSIS, OTHER, replace(OTHER, cause=Cause.OLD_TOPIC))))

    assert told.verdict.endswith("(parental, leave, abroad), and 2 more causes.")
    assert told.to_do == (DIAGNOSIS.action, OTHER.action)


def test_drift_without_a_cause_says_what_to_look_at() -> None:
    """Reports from before causes were looked for have none."""
    told = tell(drift_report(diagnoses=()))

    assert told.verdict == "Drift: something changed, and nothing tells what."
    assert told.why == (FINDING.reason,)
    assert "whetstone questions" in told.to_do[0]


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_a_name(cause: Cause) -> None:
    """In words, not by its constant."""
    name = name_of(replace(DIAGNOSIS, cause=cause, topics=()))

    assert name
    assert "_" not in name


def test_topics_without_words_name_nothing() -> None:
    """Of many topics the first two are named."""
    silent, third = replace(TOPIC, words=()), replace(TOPIC, words=("c",))

    assert name_of(replace(DIAGNOSIS, topics=(silent,))) == "documents are missing"
    assert name_of(replace(DIAGNOSIS, topics=(TOPIC, *OTHER.topics, third))) == (
        "documents are missing (parental, leave, abroad; vpn, phones; ...)"
    )


@pytest.mark.parametrize(
    ("verdict", "new", "said"),
    [
        (DriftVerdict.CALM, 1, "Calm: nothing changed beyond chance, 1 new question included."),
        (DriftVerdict.CALM, 1_250, "Calm: nothing changed beyond chance, 1,250 new questions included."),
        (
            DriftVerdict.NOT_ENOUGH_DATA,
            0,
            "Not enough questions for a verdict: 700 distinct questions so far.",
        ),
        (
            DriftVerdict.NOTHING_NEW,
            0,
            "Nothing new: nobody asked since the last check, so what it said of questions stands.",
        ),
    ],
)
def test_what_is_no_drift_is_said_in_a_sentence(verdict: DriftVerdict, new: int, said: str) -> None:
    """Every verdict has a first line and something to do, if it is nothing."""
    told = tell(drift_report(verdict=verdict, findings=(), diagnoses=(), new=new))

    assert told.verdict == said
    assert told.to_do


@pytest.mark.parametrize(
    ("reference", "recent", "months", "said", "to_do"),
    [
        (
            120,
            0,
            12.0,
            "120 of 500 distinct questions to compare with",
            "; 430 more distinct questions are asked in about 4 days at the traffic seen",
        ),
        (500, 12, 12.0, "12 of 50 new distinct questions so far", "; 38 more"),
        (0, 0, 0.0, "0 of 500 distinct questions to compare with", ""),
    ],
)
def test_what_a_verdict_lacks_is_said(
    reference: int, recent: int, months: float, said: str, to_do: str
) -> None:
    """How many questions there are of how many, and in what time the others come, where the traffic is known."""
    report = drift_report(verdict=DriftVerdict.NOT_ENOUGH_DATA, findings=(), diagnoses=())
    told = tell(
        replace(
            report,
            reference=replace(report.reference, count=reference, needed=500),
            current=replace(report.current, count=recent, needed=50),
            months=months,
            run_length=12 * 30.44 * 120 if months else 1_000.0,
        )
    )

    assert f"Not enough questions for a verdict: {said}." == told.verdict
    assert f"Let people ask, and look again{to_do}" in told.to_do[0]


def test_an_alarm_that_stands_comes_first() -> None:
    """While a check is calm the alarm's sentence is the first line, and the check's verdict a reason."""
    calm = drift_report(verdict=DriftVerdict.CALM, findings=(), diagnoses=())
    late = alarm(
        id="b",
        sentence="The index lacks passages.",
        action="Rebuild.",
        opened_at=datetime(2026, 3, 2, tzinfo=UTC),
    )

    told = tell(calm, [late, alarm()])

    assert told.verdict == (
        "An alarm stands since 2026-03-01, and 1 more: Documents are missing on parental leave abroad."
    )
    assert told.why[:2] == ("The index lacks passages.", tell(calm).verdict)
    assert told.to_do == ("Rebuild.", DIAGNOSIS.action)


def test_a_report_of_drift_speaks_for_itself() -> None:
    """Its causes are newer than what stands."""
    assert tell(drift_report(), [alarm()]) == tell(drift_report())


def test_what_it_was_held_to_is_said_in_months_where_these_are_known() -> None:
    """Months and the traffic that they were reckoned by; nothing where nothing was tested."""
    assert ": 12 months at 137 a day. " in held_to(drift_report(run_length=50_000.0, months=12.0))
    assert held_to(drift_report(run_length=0.0)) == ""
    assert held_to(drift_report(verdict=DriftVerdict.NOT_ENOUGH_DATA)) == ""


@pytest.mark.parametrize(
    ("length", "after"), [(1_000.0, "about 90."), (50_001.0, "about 125."), (2_000_000.0, "one looks.")]
)
def test_what_it_costs_is_said_as_far_as_it_was_measured(length: float, after: str) -> None:
    """The rarer false alarms, the later a change is seen; nothing is said beyond what was measured."""
    assert held_to(drift_report(run_length=length)).endswith(after)


def test_what_was_not_measured_is_named() -> None:
    """With the reason of each signal."""
    silent = replace(FINDING, name="ratings", verdict=DriftVerdict.NOT_ENOUGH_DATA, reason="Nobody rated.")

    assert unmeasured(drift_report(findings=(FINDING, silent))) == ["ratings: Nobody rated."]
