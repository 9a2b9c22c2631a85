"""Codes are found in questions, and told from each other in texts."""

import time

import pytest

from rag.text.codes import codes
from rag.text.forms import plain


@pytest.mark.parametrize(
    ("question", "typed"),
    [
        ("What does E-1042 mean?", ["E-1042"]),
        ("e1042", ["e1042"]),
        ("Ｅ－１０４２ 是什么？", ["E-1042"]),
        ("error E 1042 on the pump", ["E 1042"]),
        ("What does § 12a say, and §13?", ["§ 12a", "§13"]),
        ("Is 3.11.7 newer than v3.9.0?", ["3.11.7", "v3.9.0"]),
        ("Who is anna.smith@example.org?", ["anna.smith@example.org"]),
        ("What happened on 2024-05-01?", ["2024-05-01"]),
        ("Where is 10.0.0.12?", ["10.0.0.12"]),
        ("part 77-B-301 or INV-00042", ["77-B-301", "INV-00042"]),
        ("ISO 27001", ["ISO 27001"]),
        ("Was bedeutet PQ-7/33?", ["PQ-7/33"]),
    ],
)
def test_codes_of_a_question(question: str, typed: list[str]) -> None:
    """Part numbers, error codes, versions, paragraphs, addresses and dates."""
    assert [code.typed for code in codes(question)] == typed


@pytest.mark.parametrize(
    "question",
    [
        "Who repairs the printer?",
        "How many of the 15000 people came in 2024?",
        "a 5-year plan, 24h a day, on the 2nd, in the 90s, 12:30, 1/2, 3.5 km, 20mg",
        "Whatever state-of-the-art means",
        "年假有多少天？",
    ],
)
def test_numbers_and_words_are_no_codes(question: str) -> None:
    """Quantities, ordinals, times and compound words say nothing by their spelling."""
    assert codes(question) == ()


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("E-1042", "See E 1042."),
        ("E-1042", "E1042: the filter"),
        ("e1042", "(E-01042)"),
        ("Е-1042", "E-1042"),  # a Cyrillic letter and a Latin one
        ("INV-00042", "inv 42"),
        ("3.11.7", "v3.11.7 is out"),
        ("v3.11.7", "Python 3.11.7."),
        ("10.0.0.1", "10.0.0.1/24"),
        ("§ 12a", "Nach §12a gilt"),
        ("2024-05-01", "on 2024/5/1"),
        ("anna@example.org", "Mail Anna@example.org."),
        ("E-1042", "Ｅ－１０４２：堵塞"),
        ("E-1042", "E\u20111042"),
    ],
)
def test_a_code_is_found_however_it_is_written(asked: str, text: str) -> None:
    """Hyphens, blanks, leading zeros, either keyboard's letters, full width."""
    (code,) = codes(asked)

    assert code.stands_in(plain(text))
    assert not code.is_missed_in([plain(text)])


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("E-1042", "E-1043"),
        ("E-1042", "E-10421"),
        ("F-1042", "E-1042"),
        ("3.11.7", "13.11.7"),
        ("3.11.7", "3.11.8"),
        ("10.0.0.1", "110.0.0.1"),
        ("10.0.0.1", "10.0.0.12"),
        ("§ 12a", "§ 12"),
        ("§ 12a", "§ 12b"),
        ("room 12a", "room 12b"),
        ("2024-05-01", "2024-05-02"),
        ("B12", "vitamin B6"),
        ("anna@example.org", "joanna@example.org"),
        ("77-B-301", "77-B-302"),
    ],
)
def test_another_code_is_not_the_one_asked_for(asked: str, text: str) -> None:
    """A neighbour in the list is another thing, and evidence that this one is not there."""
    (code,) = codes(asked)

    assert not code.stands_in(text)
    assert code.is_missed_in([text])


def test_what_may_be_written_otherwise_is_not_missed() -> None:
    """A short code, a date in words, a standard's longer name: the text may mean it all the same."""
    assert not codes("IL-6")[0].is_missed_in(["interleukin-6"])
    assert not codes("2024-05-01")[0].is_missed_in(["on the first of May"])
    assert not codes("ISO 27001")[0].is_missed_in(["ISO/IEC 27001"])
    assert not codes("room 12a")[0].is_missed_in(["open 24h for 5 people"])


def test_a_text_about_others_of_the_sort_is_told() -> None:
    """Also where it has the one asked for beside them."""
    (code,) = codes("E-1042")

    assert code.is_rivalled_in("E-1043: the lid")
    assert code.is_rivalled_in("E-1042 and E-1043")
    assert not code.is_rivalled_in("E-1042 and e 1042")
    assert not code.is_rivalled_in("1043 of them")


@pytest.mark.parametrize("piece", ["E-1", "1.", "§ 1a ", "a@b.", "E-1042 ", "0", "1-", "A 12 "], ids=repr)
def test_time_grows_with_the_text(piece: str) -> None:
    """No question and no passage takes more than its share."""
    began = time.process_time()

    for code in codes(piece * 2_000)[:2] + codes("E-1042 10.0.0.1 § 12a"):
        code.is_missed_in([piece * 2_000])
        code.is_rivalled_in(piece * 2_000)

    assert time.process_time() - began < 2.0


@pytest.mark.parametrize(
    "question", ["What happens on 2026-03-05?", "What happens on 5.3.2026?", "05.03.2026"]
)
def test_a_date_is_found_in_either_order(question: str) -> None:
    """ISO 8601's and that of day, month and year; another day is another date."""
    (date,) = codes(question)

    assert (
        date.stands_in("due 2026-03-05") and date.stands_in("am 5.3.2026") and date.stands_in("05.03.2026.")
    )
    assert not date.stands_in("due 2026-03-15") and not date.stands_in("2026-05-03") and not date.telling
    assert date.is_rivalled_in("due 2026-03-15") and date.is_rivalled_in("15.03.2026")


@pytest.mark.parametrize(
    "question",
    ["the price of part 4001", "Part no. 4001", "error number: 4001", "Artikel-Nr. 4001", "article #4001"],
)
def test_a_number_behind_what_it_names_is_a_code(question: str) -> None:
    """Part 1001 is no answer where part 4001 is asked for; a price of as many digits is no part."""
    (code,) = codes(question)

    assert (
        code.stands_in("| 4001 | Hinge |") and not code.stands_in("14001") and not code.stands_in("4001.50")
    )
    assert code.is_missed_in(["| 1001 | Bracket | 22.50 |"])


@pytest.mark.parametrize(
    "question", ["Does it cost 4001 euros?", "the year 2024", "part 12", "an order of 4,001 euros"]
)
def test_other_numbers_are_no_codes(question: str) -> None:
    """Amounts and years are not looked for as they are typed."""
    assert codes(question) == ()


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How much memory does firmware 1.4 need?", "Firmware 1.2 needs 64 MB."),
        ("What changed in Python 3.13?", "In Python 3.12 the parser changed."),
        ("What does section 4.2 say?", "Section 4.1 says much."),
    ],
)
def test_a_version_of_two_numbers_is_told_from_others(question: str, text: str) -> None:
    """A version or section has the name of its thing before it; other fractions in the text are not of its sort."""
    (code,) = codes(question)
    assert code.is_missed_in([text])
    assert code.is_rivalled_in(text)
    assert not code.is_missed_in(["All of them cost 3.50 or 1.2 of it."])
    assert not code.is_missed_in([text, f"It is new in v{code.typed}."])


@pytest.mark.parametrize("question", ["Who has 3.5 million users?", "Is it Over 3.5% or 3.5 km?", "at 12.30"])
def test_a_fraction_is_no_version(question: str) -> None:
    """Without a name before it a number of two parts is a quantity."""
    assert not codes(question)
