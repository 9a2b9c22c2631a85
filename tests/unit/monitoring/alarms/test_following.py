"""What opens an alarm, what confirms it, and what ends it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from doubles.watched import AT, TOPIC, alarm, diagnosis, finding, report

from monitoring.alarms.following import REMINDER, Changes, follow
from monitoring.domain import (
    Alarm,
    AlarmEnd,
    Cause,
    Diagnosis,
    DriftReport,
    DriftVerdict,
    Remedy,
    Topic,
)

HOUR = timedelta(hours=1)
BEGAN = AT - timedelta(days=30)
OTHER_TOPIC = replace(TOPIC, words=("car", "park"), interactions=("x1", "x2"))


def followed(said: DriftReport, *alarms: Alarm, alike: str = "live") -> Changes:
    """Follow a report under a release."""
    return follow(said, alarms, alike=lambda digest: digest == alike, began=BEGAN)


def ended(by: AlarmEnd, cause: Cause = Cause.NOT_FOUND, **values: Any) -> Alarm:
    """Return an alarm that ended an hour before the report."""
    return alarm(cause, ended_at=AT - HOUR, ended_by=by, ended_who="ann", **values)


def test_the_first_diagnosis_opens_an_alarm() -> None:
    """It says since when, by which signals, what is wrong and what to do."""
    said = report(diagnosis(Cause.NOT_FOUND), says=("topics", "fit"))
    (opened,) = followed(said).opened

    assert (opened.cause, opened.remedy) == (Cause.NOT_FOUND, Remedy.RETRAIN)
    assert ("topics", "fit") == opened.signals
    assert ("r2", "r2", "live", AT) == (opened.report, opened.last_report, opened.release, opened.opened_at)
    assert said.current.since == opened.since
    assert "Questions about parental leave are not found." == opened.sentence


def test_the_same_cause_is_the_same_alarm() -> None:
    """It is confirmed, and no second one opens, however many checks say so."""
    standing = alarm(retraining="c1", acknowledged_by="ann")
    changes = followed(report(diagnosis(Cause.NOT_FOUND), says=("fit",)), standing)

    assert () == changes.opened
    (confirmed,) = changes.confirmed
    assert ("r1", "r2") == (confirmed.report, confirmed.last_report)
    assert ("topics", "fit") == confirmed.signals
    assert ("c1", "ann") == (confirmed.retraining, confirmed.acknowledged_by)


def test_two_causes_are_two_alarms_where_both_are_sure() -> None:
    """The first of a report is always one; a second one that is a mere guess is none."""
    first = diagnosis(Cause.DOCUMENTS_MISSING, Remedy.WRITE_DOCUMENTS)
    second = diagnosis(Cause.NOT_FOUND, topics=(OTHER_TOPIC,))

    assert 2 == len(followed(report(first, second)).opened)
    assert 1 == len(followed(report(first, replace(second, sureness=0.2))).opened)
    assert 1 == len(followed(report(replace(first, sureness=0.1))).opened)


def test_the_same_trouble_keeps_its_alarm_when_its_cause_becomes_clear() -> None:
    """What nothing told yet becomes what it is; the alarm and who knows of it stay."""
    standing = alarm(Cause.UNKNOWN, Remedy.LOOK, acknowledged_by="ann")
    changes = followed(report(diagnosis(Cause.NOT_FOUND)), standing)

    assert () == changes.opened
    (confirmed,) = changes.confirmed
    assert (standing.id, Cause.NOT_FOUND, Remedy.RETRAIN, "ann") == (
        confirmed.id,
        confirmed.cause,
        confirmed.remedy,
        confirmed.acknowledged_by,
    )


@pytest.mark.parametrize(("sureness", "cause"), [(0.95, Cause.ASKED_OTHERWISE), (0.5, Cause.NOT_FOUND)])
def test_a_diagnosis_that_wavers_opens_no_second_alarm(sureness: float, cause: Cause) -> None:
    """The surer one of the two is what the alarm says."""
    changes = followed(report(diagnosis(Cause.ASKED_OTHERWISE, sureness=sureness)), alarm())

    assert () == changes.opened
    assert [cause] == [each.cause for each in changes.confirmed]


def test_another_topic_is_another_alarm() -> None:
    """Neither its questions nor its words are those of the alarm that stands."""
    other = diagnosis(Cause.ASKED_OTHERWISE, topics=(OTHER_TOPIC,))
    changes = followed(report(other), alarm())

    assert [Cause.ASKED_OTHERWISE] == [each.cause for each in changes.opened]
    assert () == changes.ended


def test_other_questions_about_the_same_are_the_same_topic() -> None:
    """A topic goes on with new questions; its words tell that it is the same."""
    later = replace(TOPIC, interactions=("y1", "y2", "y3"))
    changes = followed(report(diagnosis(Cause.ASKED_OTHERWISE, topics=(later,))), alarm())
    assert () == changes.opened


def test_a_promotion_ends_every_alarm() -> None:
    """Also one that the same report would confirm: under the new release it is another one."""
    standing = [alarm(), alarm(Cause.INDEX_BROKEN, Remedy.REBUILD_INDEX)]
    changes = followed(report(release="next"), *standing, alike="next")

    assert {(AlarmEnd.PROMOTION, "next", AT)} == {
        (each.ended_by, each.ended_who, each.ended_at) for each in changes.ended
    }
    assert 2 == len(changes.ended)


@pytest.mark.parametrize(
    ("verdict", "ends"),
    [
        (DriftVerdict.CALM, True),
        (DriftVerdict.DRIFT, False),
        (DriftVerdict.NOT_ENOUGH_DATA, False),  # it could not be read
    ],
)
def test_a_fact_ends_when_it_is_right_again(verdict: DriftVerdict, ends: bool) -> None:
    """A broken index that is whole again needs nobody to say so; one that could not be read stays."""
    standing = alarm(Cause.INDEX_BROKEN, Remedy.REBUILD_INDEX, signals=("index",))
    changes = followed(report(says=(), findings=(finding("index", verdict),)), standing)
    assert [AlarmEnd.REMEDY] * ends == [each.ended_by for each in changes.ended]


def test_a_shift_of_questions_does_not_end_by_itself() -> None:
    """A calm check in between is no cure: evidence comes and goes, and one shift is one alarm."""
    calm = report(says=(), findings=(finding("topics", DriftVerdict.CALM),))
    assert Changes() == followed(calm, alarm())


@pytest.mark.parametrize(("fit", "ends"), [(DriftVerdict.CALM, True), (DriftVerdict.DRIFT, False)])
def test_missing_documents_end_when_they_are_there(fit: DriftVerdict, ends: bool) -> None:
    """What people ask stays new, but it is answered."""
    standing = alarm(Cause.DOCUMENTS_MISSING, Remedy.WRITE_DOCUMENTS, signals=("topics", "fit"))
    said = report(
        diagnosis(Cause.UNKNOWN, Remedy.LOOK, topics=(OTHER_TOPIC,)),
        findings=(finding("topics"), finding("fit", fit)),
    )
    changes = followed(said, standing)
    assert [AlarmEnd.REMEDY] * ends == [each.ended_by for each in changes.ended]


@pytest.mark.parametrize(
    ("fit", "ends"), [(DriftVerdict.CALM, True), (DriftVerdict.DRIFT, False), (None, False)]
)
def test_missing_documents_end_though_support_was_calibrated_anew(
    fit: DriftVerdict | None, ends: bool
) -> None:
    """Documents that come have it calibrated anew, after which it is compared with nothing; others tell, if any."""
    standing = alarm(Cause.DOCUMENTS_MISSING, Remedy.WRITE_DOCUMENTS, signals=("topics", "fit", "support"))
    unread = finding("support", DriftVerdict.NOT_ENOUGH_DATA)
    said = report(
        diagnosis(Cause.UNKNOWN, Remedy.LOOK, topics=(OTHER_TOPIC,)),
        findings=(finding("topics"), unread, *((finding("fit", fit),) if fit else ())),
    )
    changes = followed(said, standing)
    assert [AlarmEnd.REMEDY] * ends == [each.ended_by for each in changes.ended]


@pytest.mark.parametrize(("cause", "opens"), [(Cause.UNKNOWN, 0), (Cause.OLD_TOPIC, 0), (Cause.NOT_FOUND, 0)])
def test_missing_documents_that_came_are_no_other_trouble(cause: Cause, opens: int) -> None:
    """Their questions are still new to the reference, and the same report says so under another name."""
    standing = alarm(Cause.DOCUMENTS_MISSING, Remedy.WRITE_DOCUMENTS, signals=("topics", "fit"))
    said = report(
        diagnosis(cause, Remedy.LOOK, sureness=0.95),
        findings=(finding("topics"), finding("fit", DriftVerdict.CALM)),
    )
    changes = followed(said, standing)

    assert opens == len(changes.opened)
    found = cause is Cause.NOT_FOUND  # they are there, and are not found: the trouble goes on
    expected: tuple[list[AlarmEnd], list[Cause]] = ([], [cause]) if found else ([AlarmEnd.REMEDY], [])
    assert expected == (
        [each.ended_by for each in changes.ended],
        [each.cause for each in changes.confirmed],
    )


@pytest.mark.parametrize(("p_value", "ends"), [(0.02, False), (0.4, True)])
def test_weaker_evidence_is_no_cure(p_value: float, ends: bool) -> None:
    """A check after few new questions has a low level, so that what was drift is calm; that ends nothing."""
    fit = replace(finding("fit", DriftVerdict.CALM), p_value=p_value)
    live = replace(finding("live_recall@10", DriftVerdict.CALM), p_value=p_value)
    missing = alarm(Cause.DOCUMENTS_MISSING, Remedy.WRITE_DOCUMENTS, signals=("topics", "fit"))
    worse = alarm(Cause.RELEASE_WORSE, Remedy.ROLL_BACK, signals=("live_recall@10",))
    changes = followed(report(says=(), findings=(fit, live)), missing, worse)
    assert (2 if ends else 0) == len(changes.ended)


def test_a_settled_topic_does_not_settle_others() -> None:
    """After documents came on one topic, something unknown about another one is heard."""
    settled = ended(AlarmEnd.REMEDY, Cause.DOCUMENTS_MISSING, signals=("topics", "fit"))
    other = report(diagnosis(Cause.UNKNOWN, Remedy.LOOK, topics=(OTHER_TOPIC,)))
    assert 1 == len(followed(other, settled).opened)


def test_golden_questions_that_are_found_again_end_their_alarm() -> None:
    """Also where nothing told why they were lost; what people ask has no part in it."""
    standing = alarm(Cause.UNKNOWN, Remedy.LOOK, signals=("golden_recall@10",))
    again = report(says=("topics",), findings=(finding("golden_recall@10", DriftVerdict.CALM),))
    assert [AlarmEnd.REMEDY] == [each.ended_by for each in followed(again, standing).ended]


@pytest.mark.parametrize(("signal", "opens"), [("golden_recall@10", 1), ("live_recall@10", 0)])
def test_a_loss_beyond_what_was_accepted_is_heard(signal: str, opens: int) -> None:
    """Golden questions are held against the accepted level at once; live ones when the reference is taken anew."""
    word = ended(AlarmEnd.PERSON, Cause.RELEASE_WORSE, signals=(signal,))
    said = report(diagnosis(Cause.RELEASE_WORSE, Remedy.ROLL_BACK, topics=()), says=(signal,))
    assert opens == len(followed(said, word).opened)


def test_two_diagnoses_of_one_cause_are_one_alarm_with_both_signals() -> None:
    """Golden questions were lost and other things are asked; of neither is known why."""
    said = report(
        diagnosis(Cause.UNKNOWN, Remedy.LOOK, topics=()),
        diagnosis(Cause.UNKNOWN, Remedy.LOOK),
        says=("topics", "golden_recall@10"),
    )
    (opened,) = followed(said).opened
    assert ("golden_recall@10", "topics") == opened.signals


def test_an_alarm_says_what_it_was_taken_for() -> None:
    """Whoever was told of it under another name finds it again; names do not pile up."""
    standing = alarm(Cause.UNKNOWN, Remedy.LOOK)
    (first,) = followed(report(diagnosis(Cause.NOT_FOUND)), standing).confirmed
    (second,) = followed(report(diagnosis(Cause.ASKED_OTHERWISE, sureness=0.95)), first).confirmed
    (third,) = followed(report(diagnosis(Cause.NOT_FOUND, sureness=0.97)), second).confirmed
    (same,) = followed(report(diagnosis(Cause.NOT_FOUND)), third).confirmed

    assert (Cause.UNKNOWN,) == first.was
    assert first.sentence.endswith('This alarm was taken for "unknown" before.')
    assert (Cause.UNKNOWN, Cause.NOT_FOUND) == second.was
    assert (Cause.UNKNOWN, Cause.ASKED_OTHERWISE) == third.was == same.was
    assert third.sentence == same.sentence


@pytest.mark.parametrize("cause", [Cause.UNKNOWN, Cause.OLD_TOPIC])
def test_what_a_remedy_settled_is_not_raised_anew_as_something_unknown(cause: Cause) -> None:
    """The questions stay new to the reference after documents came; that alone is no trouble."""
    settled = ended(AlarmEnd.REMEDY, Cause.DOCUMENTS_MISSING, signals=("topics", "fit"))
    assert () == followed(report(diagnosis(cause, Remedy.LOOK)), settled).opened
    assert 1 == len(followed(report(diagnosis(Cause.NOT_FOUND)), settled).opened)


def test_a_persons_word_silences_a_cause() -> None:
    """Until a promotion, or until the reference is taken anew."""
    word = ended(AlarmEnd.PERSON)
    again = report(diagnosis(Cause.NOT_FOUND))

    assert () == followed(again, word).opened
    assert () == followed(report(diagnosis(Cause.NOT_FOUND, topics=(OTHER_TOPIC,))), word).opened
    assert 1 == len(followed(again, replace(word, release="before")).opened)
    assert 1 == len(followed(again, replace(word, ended_at=BEGAN - HOUR)).opened)


@pytest.mark.parametrize(
    ("cause", "topics", "says", "opens"),
    [
        (Cause.ASKED_OTHERWISE, (TOPIC,), ("topics",), 0),  # the same questions under another name
        (Cause.UNKNOWN, (TOPIC,), ("topics",), 0),
        (Cause.UNKNOWN, (), ("topics",), 0),
        (Cause.ASKED_OTHERWISE, (OTHER_TOPIC,), ("topics",), 1),
        (Cause.ASKED_OTHERWISE, (TOPIC, replace(OTHER_TOPIC, count=90)), ("topics",), 1),  # most are others
        (Cause.ASKED_OTHERWISE, (), ("topics",), 1),  # nothing says that these are the same
        (Cause.ASKED_OTHERWISE, (TOPIC,), ("refusals",), 1),  # another signal has something to say
        (Cause.INDEX_BROKEN, (), ("index",), 1),
    ],
)
def test_a_word_on_questions_holds_when_their_cause_wavers(
    cause: Cause, topics: tuple[Topic, ...], says: tuple[str, ...], opens: int
) -> None:
    """What somebody said is as it should be does not come back as something else, and start a second retraining."""
    said = report(diagnosis(cause, topics=topics), says=says)
    assert opens == len(followed(said, ended(AlarmEnd.PERSON)).opened)


@pytest.mark.parametrize(("ago", "opens"), [(HOUR, 0), (REMINDER + HOUR, 1)])
def test_a_fact_that_stays_wrong_comes_back_after_a_day(ago: timedelta, opens: int) -> None:
    """Nobody can say that a broken index is as it should be for good."""
    word = replace(ended(AlarmEnd.PERSON, Cause.INDEX_BROKEN), ended_at=AT - ago)
    said: Diagnosis = diagnosis(Cause.INDEX_BROKEN, Remedy.REBUILD_INDEX)
    assert opens == len(followed(report(said, says=("index",)), word).opened)


def test_each_cause_has_the_signals_that_say_so() -> None:
    """A broken index is no matter of what people ask, though both show in one report."""
    said = report(
        diagnosis(Cause.INDEX_BROKEN, Remedy.REBUILD_INDEX),
        diagnosis(Cause.NOT_FOUND),
        says=("topics", "index", "golden_recall@10"),
    )
    assert [("index",), ("topics",)] == [each.signals for each in followed(said).opened]
