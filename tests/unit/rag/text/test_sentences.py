"""Sentences are found where they stand."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.sentences import sentences, spans


def test_sentences_keep_abbreviations_together() -> None:
    """Abbreviations, initials and numbers end no sentence; blank lines and list items do."""
    text = "Use it, e.g. Like this. See Fig. 3 by J. Smith.\nIt costs 3.5 euros! Done?\n\nNext\n- one\n- two"

    assert sentences(text) == [
        "Use it, e.g. Like this.",
        "See Fig. 3 by J. Smith.",
        "It costs 3.5 euros!",
        "Done?",
        "Next",
        "- one",
        "- two",
    ]


def test_sentences_lose_no_words() -> None:
    """Whatever the text, every word comes out once and in order."""
    text = 'He said: "Stop." (She did not.) Then A. B. Cee spoke... "Why?" 42 times.\n\n\n* End'

    assert " ".join(sentences(text)).split() == text.split()


def test_unspaced_scripts_have_sentences_too() -> None:
    """An ideographic full stop ends a sentence without a blank after it."""
    assert sentences("猫は寝る。犬は走る。") == ["猫は寝る。", "犬は走る。"]


@given(st.text('aB .!\n-"”1e.g', max_size=60))
def test_spans_hold_everything_but_whitespace(text: str) -> None:
    """Spans are in order, do not overlap, have no blank at their ends, and leave only whitespace out."""
    found = spans(text)

    assert [bound for span in found for bound in span] == sorted(bound for span in found for bound in span)
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in found)
    assert "".join("".join(text[start:end] for start, end in found).split()) == "".join(text.split())


@pytest.mark.parametrize(
    "expected",
    [
        [
            "Das gilt z.B. Für alle.",
            "Am 3. Mai kommt Dr. Müller.",
            "Siehe S. 12 usw.",
            "Dann kostet es 3,5 Mio. Euro.",
        ],
        ["« Bonjour ! » dit-il.", "« Oui. »", "M. Dupont part.", "L'art. 5 le dit.", "Vraiment ?", "Oui."],
        ["¿Dónde está?", "¡Aquí!", "La Sra. López vive aquí."],
        [
            "Срок 20 дней, т.е. три недели.",
            "Приказ от 5 мая 2024 г.",
            "Подписал А. С. Пушкин и т.д.",
            "Ул. Ленина, д. 5.",
        ],
        ["— Привет.", "— Здравствуй."],
        ["Πού είναι;", "Εδώ είναι.", "Τέλος."],
        ["هل هذا صحيح؟", "نعم.", "الغرفة مغلقة، والمكتب مفتوح."],
        ["کیا یہ ٹھیک ہے؟", "ہاں۔", "کمرہ نمبر 12۔"],
        ["छुट्टी बीस दिन की है।", "क्या यह सही है?", "हाँ।"],
        ["ይህ ጥሩ ነው።", "ሌላ ነገር።"],
        ["Սա լավ է։", "Ուրիշ բան։"],
        ["วันหยุดยี่สิบวัน", "ห้องประชุมอยู่ชั้นสอง"],
        ["No.", "Dogs are not allowed, see No. 5.", "Room 12."],
        ["1. Open the lid.", "2. Close it."],
        [
            "Wait... what?",
            "It costs $3.50 in v. 2.0, see https://x.org/a.b?c=1.",
            "At 5 p.m.",
            "The bus leaves.",
        ],
        ["**Bold.**", "*It.*", "(She did not.)", "Then J. R. R. Tolkien spoke."],
    ],
    ids=lambda expected: expected[0][:12],
)
def test_sentences_of_any_language(expected: list[str]) -> None:
    """Their own marks end sentences, their own abbreviations, ordinals and initials do not."""
    assert sentences(" ".join(expected)) == expected


@pytest.mark.parametrize(
    "expected",
    [
        ["年假每年二十天，需要提前两周申请。", "会议室在二楼。", "价格3.5元！"],
        ["本当？！", "「行く。」と言った。", "はい！"],
        ["នេះល្អ។", "បាទ។"],
        ["है।", "क्या?"],
    ],
    ids=lambda expected: expected[0][:4],
)
def test_marks_that_need_no_blank(expected: list[str]) -> None:
    """Two marks together end one sentence, and quoted ones go on."""
    assert sentences("".join(expected)) == expected


def test_the_line_of_a_heading_is_apart() -> None:
    """Whether or not a blank line follows."""
    assert sentences("# Pump errors\nE-1042: the filter.\n## More ##\n\nText") == [
        "# Pump errors",
        "E-1042: the filter.",
        "## More ##",
        "Text",
    ]


@pytest.mark.parametrize(
    "piece", ["a. ", "...", " ", '("', "- a\n", "\n", "! ", "ก ", "# a\n", "。", ".\u00a0»", "1. "], ids=repr
)
def test_time_grows_with_the_text(piece: str) -> None:
    """No text takes more than its share."""
    began = time.process_time()

    spans((piece * 100_000)[:100_000])

    assert time.process_time() - began < 2.0
