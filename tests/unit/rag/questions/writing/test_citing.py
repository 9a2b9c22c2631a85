"""A citation's quote is the sentence its statement rests on."""

import time

import pytest

from rag.domain import Document, Hit, Passage
from rag.questions.writing.citing import citations, mentions, span_of

LEAVE = (
    "Parents may take sixteen weeks of paid parental leave.\nIt must be requested\n two months ahead. "
    "Adoption counts as birth. The form is on the intranet."
)
LAPTOP = "A broken laptop is replaced by the help desk within one working day. Bring it to room 114."


def hits(*texts: str) -> tuple[Hit, ...]:
    """Return a hit for each text, best first."""
    documents = [Document.create(uri=f"doc-{i}", text=text) for i, text in enumerate(texts)]
    passages = [Passage.create(document, 0, document.text) for document in documents]
    return tuple(Hit(passage=passage, rank=i, score=0.5) for i, passage in enumerate(passages, start=1))


def quotes(answer: str) -> list[tuple[int, str]]:
    """Return (number, quote) of each mention, over the two texts."""
    return [(each.number, " ".join(each.quote.split())) for each in mentions(answer, hits(LEAVE, LAPTOP))]


def test_each_statement_has_its_own_sentence() -> None:
    """Two marks of one passage, in one sentence or two, point at what stands before each of them."""
    assert quotes(
        "You may take 16 or sixteen weeks of parental leave [1]. Request it two months ahead [1], and a broken "
        "laptop is replaced within a day [2]."
    ) == [
        (1, "Parents may take sixteen weeks of paid parental leave."),
        (1, "It must be requested two months ahead."),
        (2, "A broken laptop is replaced by the help desk within one working day."),
    ]


def test_marks_side_by_side_share_the_statement() -> None:
    """[1][2], [1, 2] and a mark after the full stop all belong to the sentence before them."""
    expected = [(2, "Bring it to room 114."), (2, "Bring it to room 114.")]

    assert quotes("Bring the laptop to room 114 [2][2].") == expected
    assert quotes("Bring the laptop to room 114. [2, 2]") == expected


def test_words_in_quotation_marks_are_found_as_they_stand() -> None:
    """A quoted sentence is found over other whitespace, and a cut one by what is left of it."""
    assert quotes("“It must be requested two months ahead.” [1]") == [
        (1, "It must be requested two months ahead.")
    ]
    assert quotes("“A broken laptop is replaced by the help …” [2]") == [
        (2, "A broken laptop is replaced by the help")
    ]


def test_no_quote_where_nothing_is_shared() -> None:
    """Another language, another matter or a bare mark: the source is known, the sentence is not."""
    assert quotes("Eltern haben Anspruch auf bezahlte Zeit [1].") == [(1, "")]
    assert quotes("[2]") == [(2, "")]
    assert span_of("Anything at all", "") is None


def test_unknown_numbers_are_left_out() -> None:
    """A number that no hit has is no mention."""
    assert quotes("Sixteen weeks of parental leave [7].") == []


def test_citations_are_one_a_number_with_a_quote_where_there_is_one() -> None:
    """In the order of first mention; a later mention's quote stands in for a missing one."""
    found = citations(
        mentions("[2] Take sixteen weeks of paid leave [1]. Bring it to room 114 [2].", hits(LEAVE, LAPTOP))
    )

    assert [(each.number, each.quote) for each in found] == [
        (2, "Bring it to room 114."),
        (1, "Parents may take sixteen weeks of paid parental leave."),
    ]


def test_span_is_where_the_text_has_it() -> None:
    """The offsets are of the passage's text."""
    start, end = span_of("The form is on the intranet", LEAVE) or (0, 0)

    assert LEAVE[start:end] == "The form is on the intranet."


@pytest.mark.parametrize("piece", ["“a ", "[1]", "a [1]. ", '" ', "a\n \n"], ids=repr)
def test_no_answer_keeps_the_service_busy(piece: str) -> None:
    """Quotes of a long answer over long passages are found in a moment, whatever a model wrote."""
    answer = (piece * 6_000)[:6_000] + " [1]"
    began = time.process_time()

    mentions(answer, hits("word " * 2_000 + ". " + LEAVE))

    assert time.process_time() - began < 2.0


@pytest.mark.parametrize(
    ("said", "text", "expected"),
    [
        (
            '"We don\'t file it there" [1]',
            "Now: we do. We don’t ﬁle it there, ever.",
            "We don’t ﬁle it there",
        ),
        (
            "“The chief officer files it.” [1]",
            "See. The chief oﬃcer ﬁ\u00adles it. Then.",
            "The chief oﬃcer ﬁ\u00adles it.",
        ),
        ("“Open 9-5, really” [1]", "It is\u00a0open. Open\u00a09–5, really.", "Open\u00a09–5, really"),
        ('“He said "Stop." to us.” [1]', "Then. He said “Stop.” to us. End.", "He said “Stop.” to us."),
        (
            "„Er sagte: ‚Halt.‘ Dann ging er.“ [1]",
            "Vor. Er sagte: ‚Halt.‘ Dann ging er.",
            "Er sagte: ‚Halt.‘ Dann ging er.",
        ),
        ("“No.” [1]", "No. Dogs are not allowed.", "No."),
        ("“年假每年二十天。” [1]", "会议室在二楼。年假每年二十天。", "年假每年二十天。"),
        ("“un café noir” [1]", "Prends un cafe\u0301 noir ici.", "un cafe\u0301 noir"),
    ],
)
def test_a_quote_is_found_however_its_letters_are_written(said: str, text: str, expected: str) -> None:
    """Quotes and apostrophes, ligatures, hyphens, blanks; shown is what the document has."""
    (mention,) = mentions(said, hits(text))

    assert mention.quote == expected


def test_a_word_in_quotation_marks_is_not_a_quote_of_its_own() -> None:
    """Where more is said, the sentence is looked for."""
    assert span_of('The form is called "form"', "A form. The form is on the intranet, called so.") == (8, 47)


TABLE = (
    "Prices:\n\n| part | note | price |\n|---|---|---|\n| N-1 | Old. Sold out. | 4 |\n| N-2 | a \\| b | 5 |\n"
)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("“part: N-2; note: a | b; price: 5” [1]", "| N-2 | a \\| b | 5 |"),
        ("“part: N-1; note: Old. Sold out.; price: 4” [1]", "| N-1 | Old. Sold out. | 4 |"),
        ("“part: N-1; note: Old. …” [1]", "| N-1 | Old. Sold out. | 4 |"),
        ("The price of part N-2 is 5 [1].", "| N-2 | a \\| b | 5 |"),
    ],
)
def test_a_quoted_row_is_found_in_its_table(answer: str, expected: str) -> None:
    """It is quoted with the names of its columns, and marked where it stands between its pipes."""
    (mention,) = mentions(answer, hits(TABLE))

    assert expected == mention.quote
