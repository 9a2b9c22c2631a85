"""Citation marks are read in every form that models write, and written in one; what is no mark stays as it is."""

import time

import pytest

from rag.domain import Document, Hit, Passage
from rag.questions.writing.marking import Marking
from rag.questions.writing.marks import Given, marks

TEXTS = (
    "Lunch is served from noon. See Smith et al. [3] for details, and args[1] in the code of chapter (2).",
    "Dinner is at six.",
    "Tea is at four.",
)


def hit(rank: int, text: str) -> Hit:
    """Return a hit with that text."""
    document = Document.create(uri=f"doc-{rank}", text=text)
    return Hit(passage=Passage.create(document, 0, text), rank=rank, score=0.9)


HITS = [hit(rank, text) for rank, text in enumerate(TEXTS, 1)]


def written(answer: str, size: int) -> str:
    """Return an answer as it is shown that came in pieces of so many characters."""
    marking = Marking(Given(HITS))
    pieces = (answer[at : at + size] for at in range(0, len(answer), size))
    return "".join(map(marking.feed, pieces)) + marking.rest()


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        # One form, whatever is written.
        ("At noon [1].", "At noon [1]."),
        ("At noon [1][2].", "At noon [1][2]."),
        ("At noon [1, 2].", "At noon [1][2]."),
        ("At noon [1,2,3].", "At noon [1][2][3]."),
        ("At noon [1; 2].", "At noon [1][2]."),
        ("At noon [1 and 2].", "At noon [1][2]."),
        ("Um zwölf [1 und 3].", "Um zwölf [1][3]."),
        ("At noon [1-3].", "At noon [1][2][3]."),
        ("At noon [1–2].", "At noon [1][2]."),
        ("At noon [1]-[3].", "At noon [1][2][3]."),
        ("At noon [1 to 3].", "At noon [1][2][3]."),
        ("At noon (1).", "At noon [1]."),
        ("At noon (1)", "At noon [1]"),
        ("At noon (1, 2) and at six (2).", "At noon [1][2] and at six [2]."),
        ("At noon[^1].", "At noon[1]."),
        ("At noon【1】.", "At noon [1]."),
        ("At noon【1†source】.", "At noon [1]."),
        ("At noon【1†L1-L4】【2†source】.", "At noon [1][2]."),
        ("At noon [Passage 2].", "At noon [2]."),
        ("At noon [passage number 2].", "At noon [2]."),
        ('At noon [passage number="2"].', "At noon [2]."),
        ("At noon (passage 2).", "At noon [2]."),
        ("At noon (see passages 1 and 3).", "At noon [1][3]."),
        ("At noon [Source 1; Source 3].", "At noon [1][3]."),
        ("Um zwölf [Quelle 2].", "Um zwölf [2]."),
        ("At noon [#1].", "At noon [1]."),
        ("At noon [[1]].", "At noon [1]."),
        ("At noon [1](https://made.up/page).", "At noon [1]."),
        ("At noon.¹", "At noon. [1]"),
        ("At noon¹² it is.", "At noon [1][2] it is."),
        ("At noon <sup>1</sup>.", "At noon [1]."),
        ("中午[1]。晚上【2】。", "中午[1]。晚上 [2]。"),
        # What names no passage is not shown.
        ("At noon [9].", "At noon."),
        ("At noon [9] and more [42].", "At noon and more."),
        ("At noon [29] [1].", "At noon [1]."),
        ("At noon [1, 9].", "At noon [1]."),
        ("At noon [2-7].", "At noon [2][3]."),
        ("At noon【9†source】.", "At noon."),
        ("At noon [Passage 7], at six (passage 8).", "At noon, at six."),
        ("At noon[^9].", "At noon."),
        ("[1] At noon\n[6] At six", "[1] At noon\n6. At six"),
        # What is no citation stays.
        ("In [2023] and [1984].", "In [2023] and [1984]."),
        ("Take a[1] and x_y[2] and rowCount[9].", "Take a[1] and x_y[2] and rowCount[9]."),
        ("From [0] to [0, 5].", "From [0] to [0, 5]."),
        ("Use `a [9]` or ``b [8]`` [1].", "Use `a [9]` or ``b [8]`` [1]."),
        ("```py\nx = y [9]\n```\nSo [1].", "```py\nx = y [9]\n```\nSo [1]."),
        ("~~~\n[9]\n~~~\n[9] no", "~~~\n[9]\n~~~\n9. no"),
        ("“See Smith et al. [3] for details” [1].", "“See Smith et al. [3] for details” [1]."),
        ("It uses args[1] there [1].", "It uses args[1] there [1]."),
        ("In the code of chapter (2).", "In the code of chapter (2)."),
        ("There are: (1) tea and (2) cake.", "There are: (1) tea and (2) cake."),
        ("(1) Tea\n(2) Cake", "(1) Tea\n(2) Cake"),
        ("Two (2) cups, Section 3(1), f(1), (1.5).", "Two (2) cups, Section 3(1), f(1), (1.5)."),
        ("At noon [1]. See step (2).", "At noon [1]. See step (2)."),
        ("At noon (9).", "At noon (9)."),
        ("10² m² and km³.", "10² m² and km³."),
        ("[citation needed] - [ ] to do - [x] done [sic]", "[citation needed] - [ ] to do - [x] done [sic]"),
        ("x < 5 and [unfinished", "x < 5 and [unfinished"),
        ("Left (open, and [", "Left (open, and ["),
    ],
)
def test_marks_are_written_in_one_form(answer: str, shown: str) -> None:
    """Whatever pieces the answer comes in, it is shown alike."""
    assert {shown} == {written(answer, size) for size in (1, 2, 3, 7, len(answer))}


def test_what_is_no_mark_is_not_held_back() -> None:
    """Only what may become a mark waits, and not for long."""
    marking = Marking(Given(HITS))

    assert marking.feed("At noon (in the canteen") == "At noon (in the canteen"
    assert marking.feed(" or [the other") == " or [the other"
    assert marking.feed(" [1") == ""
    assert marking.feed("].") == " [1]."
    assert len(marking.feed(" [" + "1, " * 100)) > 100


def test_citations_are_counted_by_what_they_name() -> None:
    """A mark of an unknown passage is no citation."""
    marking = Marking(Given(HITS, {1}))
    marking.feed("At noon [2]. ")
    assert not marking.cited
    marking.feed("At six [1]. ")
    assert marking.cited


def test_marks_of_the_whole_answer_are_those_that_were_read() -> None:
    """Places are those of the answer; quotations, code and indices hold none."""
    answer = "“See Smith et al. [3] for details” [1]. Take a[2], `b [2]` [2, 3]."

    found = [(answer[start:end], numbers) for start, end, numbers in marks(answer, Given(HITS))]

    assert found == [("[1]", (1,)), ("[2, 3]", (2, 3))]


def test_long_answers_are_read_in_time() -> None:
    """Neither many brackets nor none make it slow."""
    for answer in ("[" * 5_000, "(" * 5_000, "[1, " * 2_000, "`" * 5_000, "word " * 4_000, "¹" * 3_000):
        began = time.perf_counter()
        written(answer, 5)
        assert time.perf_counter() - began < 2
