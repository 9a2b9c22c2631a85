"""Rows that people compare: what a candidate's people get, beside what they get today."""

from dataclasses import asdict, replace

import pytest

from flows.ops.tables import (
    answer_lines,
    answer_rows,
    bar_lines,
    candidate_rows,
    foreseen_sentence,
    moved_rows,
    written_lines,
)
from flows.ops.terminal import show_candidate
from rag.domain import utcnow
from retrain.dataset.writing import Account, Spent
from retrain.domain import (
    Answer,
    Answers,
    Bar,
    Candidate,
    Detectable,
    Difference,
    Estimate,
    Hit,
    MetricRow,
    Moved,
    Outcome,
    Received,
    Scorecard,
    TrainingReport,
    Verdict,
)


def _row(metric: str) -> MetricRow:
    return MetricRow(
        metric=metric,
        incumbent=Estimate(value=0.5875, low=0.5, high=0.6),
        candidate=Estimate(value=0.5575, low=0.5, high=0.6),
        difference=Difference(value=-0.03, low=-0.051, high=-0.009, p_value=0.012),
    )


ANSWERS = Answers(
    questions=400,
    unanswerable=390,
    rows=tuple(_row(str(share)) for share in Received),
    incumbent=Bar(threshold=0.45),
    candidate=Bar(threshold=0.5, questions=380, passages=1_115),
)
LOST = Moved(
    question="When?",
    relevant=("p" * 12,),
    rank_before=1,
    rank_after=1,
    before=(Hit(passage="p" * 12, title="Hours"),),
    after=(Hit(passage="p" * 12, title="Hours"),),
    answer_before=Answer.RIGHT,
    answer_after=Answer.REFUSED_THOUGH_FOUND,
    support_before=0.81,
    support_after=0.42,
)
CANDIDATE = Candidate(
    id="c" * 32,
    tenant="default",
    encoder="e" * 64,
    release="r" * 64,
    incumbent="i" * 64,
    dataset="d" * 64,
    training=TrainingReport(
        lane="static", pairs=1, steps=1, epochs=1.0, seconds=1.0, best_dev=0.5, history=(), settings={}
    ),
    scorecard=Scorecard(
        dataset="d",
        incumbent="a",
        candidate="b",
        questions=400,
        passages=1_115,
        overall=(_row("recall@10"),),
        worst=(LOST,),
        answers=ANSWERS,
    ),
    verdict=Verdict(outcome=Outcome.REJECT, reasons=("Because.",)),
    created_at=utcnow(),
)


def test_the_shares_stand_beside_the_incumbents() -> None:
    """Each share in words, both sides in percent, the difference with its interval in points."""
    columns, rows = answer_rows(ANSWERS)

    assert columns[:3] == ["what people get", "incumbent %", "candidate %"]
    assert list(rows[0]) == [
        "questions answered from a right passage",
        "58.8",
        "55.8",
        "-3.0",
        "-5.1 to -0.9",
        "0.0120",
    ]
    assert len(rows) == len(Received)


def test_whoever_approves_reads_what_people_will_get() -> None:
    """A sentence for each share, from what to what; of an older candidate nothing is known."""
    assert answer_lines(ANSWERS)[0] == (
        "Questions answered from a right passage fell from 58.8% to 55.8% "
        "(-3.0 percent points, 95 % interval -5.1 to -0.9)."
    )
    assert len(answer_lines(ANSWERS)) == len(Received)
    assert answer_lines(None) == []


def test_both_bars_are_named() -> None:
    """From which support on each side answers, and what that support was calibrated with."""
    asked, incumbent, candidate = bar_lines(ANSWERS)

    assert asked.startswith("400 questions, 390 of them also with the documents that answer them taken out")
    assert incumbent == "incumbent: answers from a support of 0.45 on; never calibrated on its documents"
    assert candidate == (
        "candidate: answers from a support of 0.50 on; calibrated with 380 questions over 1115 passages"
    )


def test_a_question_that_moved_says_what_it_got() -> None:
    """Answered before and refused now, with both supports; of older candidates nothing is known."""
    _, (row,) = moved_rows([LOST])
    unknown = replace(LOST, answer_before=None, answer_after=None, support_before=None, support_after=None)

    assert row[1] == "right (0.81) -> refused though found (0.42)"
    assert moved_rows([unknown])[1][0][1] == "- -> -"


def test_a_list_of_candidates_tells_right_answers_first() -> None:
    """An older candidate has a dash there."""
    older = replace(CANDIDATE, scorecard=replace(CANDIDATE.scorecard, digest="", answers=None))
    columns, rows = candidate_rows([CANDIDATE, older])

    at = list(columns).index("answered right")
    assert [row[at] for row in rows] == ["-3.0 (-5.1 to -0.9)", "-"]


def test_what_can_be_shown_is_said_in_words() -> None:
    """The gain that was foreseen is one of right answers; an older one is of a metric."""
    foreseen = Detectable(
        metric=str(Received.RIGHT), effect=0.05, questions=9, clusters=9, alpha=0.05, power=0.8, look=1
    )

    assert "a gain of +5.0 points in questions answered from a right passage" in foreseen_sentence(foreseen)
    assert "points of recall@10" in foreseen_sentence(replace(foreseen, metric="recall@10"))


def test_a_candidate_is_shown_with_what_people_get(capsys: pytest.CaptureFixture[str]) -> None:
    """The command shows shares, bars and the question that lost its answer, before the metrics of ranking."""
    show_candidate(CANDIDATE)

    shown = capsys.readouterr().out
    assert "What people get" in shown
    assert "questions answered from a right passage" in shown
    assert "never calibrated on its documents" in shown
    assert "refused though" in shown
    assert shown.index("What people get") < shown.index("What is found")


def test_what_was_dropped_is_said_in_plain_words() -> None:
    """How many of how many, by reason, the most first; repairs and the end of the asking beside it."""
    spent = Spent(
        calls=110,
        remembered=5,
        failures=2,
        tokens=23_000,
        seconds=312.4,
        stopped="110 calls were made",
        questions=Account(
            kept=288,
            dropped={"in another language": 4, "refused": 5, "repeated the prompt": 3},
            repaired={"thoughts": 20, "fences": 31},
        ),
        paraphrases=Account(kept=40),
    )
    assert written_lines(asdict(spent)) == [
        "The language model was asked 110 times (2 of them failed, 5 known already): 23000 tokens, 312 s.",
        "It was asked no more, as 110 calls were made.",
        "12 of 300 written questions were dropped: 5 refused, 4 in another language, 3 repeated the prompt.",
        "To get at the questions, taken away: fences from 31, thoughts from 20 of the replies.",
        "None of 40 written paraphrases was dropped.",
    ]


def test_nothing_is_said_where_nothing_was_asked() -> None:
    """Without a language model, and of datasets of before, which have no accounts."""
    assert written_lines(None) == written_lines(asdict(Spent())) == []
    before = {"calls": 3, "remembered": 0, "failures": 0, "tokens": 900, "seconds": 2.0, "stopped": ""}
    assert written_lines(before) == ["The language model was asked 3 times: 900 tokens, 2 s."]
