"""Sentences are found where they stand."""

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
