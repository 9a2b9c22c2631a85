"""Which questions are compared with which."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.windows import questions_of, split_windows
from rag.domain import Interaction, InteractionStatus
from rag.errors import InvalidInput

START = datetime(2026, 3, 1, tzinfo=UTC)


def ask(
    minute: float,
    question: str | None = None,
    *,
    principal: str = "ann",
    status: InteractionStatus = InteractionStatus.ANSWERED,
) -> Interaction:
    """Log a question so many minutes after the start."""
    return Interaction(
        id=f"{principal}-{minute}",
        tenant="default",
        principal=principal,
        asked_at=START + timedelta(minutes=minute),
        question=f"question {minute}" if question is None else question,
        hits=(),
        answer="",
        cited=(),
        release="r",
        epoch=1,
        generator="",
        status=status,
    )


def minutes(interactions: tuple[Interaction, ...]) -> list[float]:
    """Return when they were asked, in minutes after the start."""
    return [(i.asked_at - START) / timedelta(minutes=1) for i in interactions]


def test_current_is_the_newest_and_reference_comes_right_before() -> None:
    """The newest questions are current, those right before them reference; older ones are left out."""
    log = [ask(minute) for minute in range(10)]

    reference, current = split_windows(log[::-1], current=3, reference=4)

    assert minutes(reference.interactions) == [3, 4, 5, 6]
    assert minutes(current.interactions) == [7, 8, 9]
    assert (reference.name, current.name) == ("reference", "current")


def test_windows_say_when_they_are() -> None:
    """A window's span holds its questions and, being half-open, none of the next window's."""
    reference, current = split_windows([ask(m) for m in range(6)], current=2, reference=4)

    assert reference.since == START
    assert reference.until is not None and current.since is not None
    assert reference.until <= current.since
    assert reference.interactions[-1].asked_at < reference.until


def test_too_short_a_log_leaves_the_reference_empty() -> None:
    """The current window is filled first; an empty window has no span."""
    reference, current = split_windows([ask(m) for m in range(3)], current=5, reference=5)

    assert reference.interactions == ()
    assert (reference.since, reference.until) == (None, None)
    assert len(current.interactions) == 3


@pytest.mark.parametrize("status", list(InteractionStatus))
def test_every_way_a_question_ended_counts(status: InteractionStatus) -> None:
    """Somebody asked it, however it ended: failed and cancelled ones too."""
    assert len(questions_of([ask(0, status=status)])) == 1


def test_blank_questions_do_not_count() -> None:
    """There is nothing to compare in a blank text."""
    assert questions_of([ask(0, " \n")]) == []


def test_a_chat_clients_own_prompts_do_not_count() -> None:
    """What Open WebUI asks by itself, such as a title for the chat, is nobody's question."""
    marked = replace(ask(0, "Suggest three follow-up questions."), auxiliary=True)
    before_marks = ask(1, "### Task:\nGenerate a concise title.")

    assert questions_of([marked, before_marks]) == []
    assert questions_of([replace(marked, auxiliary=False)]) != []


def test_a_follow_up_counts_as_it_was_searched_for() -> None:
    """The same few words after other turns are another question, and other words for one question are not."""
    log = [
        replace(ask(0, "And by post?"), rewritten="Can I renew a passport by post?"),
        replace(ask(1, "And by post?"), rewritten="Can I pay taxes by post?"),
        replace(ask(2, "By post too?"), rewritten="Can I pay taxes by post?"),
    ]

    assert questions_of(log) == log[:2]


def test_a_repeat_within_the_hour_is_a_retry() -> None:
    """Of one principal's identical questions within an hour the first counts; case and blanks do not matter."""
    log = [ask(0, "How do I log in?"), ask(10, "how do I  log in? "), ask(59, "How do I log in?")]

    assert questions_of(log) == log[:1]


def test_a_repeat_later_or_by_somebody_else_counts() -> None:
    """How often a thing is asked is part of what people ask."""
    log = [ask(0, "How?"), ask(1, "How?", principal="bob"), ask(60, "How?")]

    assert questions_of(log) == log


def test_a_window_of_nothing_is_refused() -> None:
    """A window holds one question or more."""
    with pytest.raises(InvalidInput, match="one question or more"):
        split_windows([], current=0, reference=5)


@given(
    asked=st.lists(st.tuples(st.integers(0, 500), st.sampled_from("abc"), st.sampled_from(["x", "y"]))),
    current=st.integers(1, 20),
    reference=st.integers(1, 20),
    seed=st.randoms(use_true_random=False),
)
def test_windows_do_not_depend_on_the_logs_order(asked, current, reference, seed) -> None:  # type: ignore[no-untyped-def]  # hypothesis fills them
    """Any order of the log gives the same windows; they are disjoint, ordered in time, and never too long."""
    log = [
        ask(m, text, principal=who)
        for m, text, who in {(m, who): (m, t, who) for m, t, who in asked}.values()
    ]
    shuffled = log[:]
    seed.shuffle(shuffled)

    before, now = split_windows(log, current=current, reference=reference)

    assert (before, now) == split_windows(shuffled, current=current, reference=reference)
    times = minutes(before.interactions) + minutes(now.interactions)
    assert times == sorted(times)
    assert len(now.interactions) <= current and len(before.interactions) <= reference
    assert not set(before.interactions) & set(now.interactions)
