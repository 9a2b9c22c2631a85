"""Ways of writing the same letters have one form."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.forms import Aligned, plain, readable


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("the oﬃce ﬁles a ﬂood", "the office files a flood"),
        ("Ver\u00adein\u00adbarung", "Vereinbarung"),
        ("Verein\u00ad\n  barung", "Vereinbarung"),
        ("zero\u200bwidth \ufeffmark\u2060s", "zerowidth marks"),
        ("\u202bright\u202c to \u200eleft", "right to left"),
        ("Ｅ－１０４２：ＯＫ", "E-1042:OK"),
        ("ｶﾞｽ", "ガス"),
        ("⼀⽉", "一月"),
        ("cafe\u0301", "café"),
        ("A\u030a \u212b", "Å Å"),
        ("\u1112\u1161\u11ab", "한"),
        ("5\u00a0km\u202fh\u3000x", "5 km h x"),
        ("self\u2011made \u2010 2010–2015 — −5", "self-made - 2010-2015 - -5"),
        ("“don’t” «x» „y‟ ‹z› l´eau", '"don\'t" "x" "y" \'z\' l\'eau'),
        ("CO₂ in m²", "CO2 in m2"),
        ("2½ and ½", "2 1/2 and 1/2"),
        ("10² and 10⁻³, in 2024¹", "10^2 and 10^-3, in 2024^1"),
        ("5 \u03bcg and 5 \u00b5g, \u03bc\u03b5", "5 \u00b5g and 5 \u00b5g, \u03bc\u03b5"),
        ("Whetstone™ №5", "Whetstone No5"),
        ("ﻣﺮﺣﺒـــﺎ", "مرحبا"),
        ("น้ำ", "น้ำ"),
        ("น\u0e49\u0e4d\u0e32", "น้ำ"),
        ("葛\U000e0100", "葛"),
        ("❤\ufe0f", "❤"),
        ("line\u2028line", "line\nline"),
        ("a\u200db\u200cc", "abc"),
    ],
)
def test_ways_of_writing_have_one_form(written: str, form: str) -> None:
    """Ligatures, full-width and composed letters, what is not seen, blanks, hyphens and quotes."""
    assert plain(written) == form
    assert plain(form) == form


@pytest.mark.parametrize(
    "meant",
    [
        "می\u200cروم",
        "क्\u200dष",
        "ශ්\u200dරී",
        "👩\u200d💻",
        "年假每年二十天",
        "Straße",
        "Больничный",
        'ASCII `x` -- "y"\n\tz',
    ],
)
def test_what_means_something_stays(meant: str) -> None:
    """Joiners in Persian, in Indic scripts and within emoji; letters that only look alike; ASCII as it is."""
    assert plain(meant) == meant


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_the_form_of_a_form_is_itself(text: str) -> None:
    """Whatever the text; and composed or decomposed makes no difference to letters."""
    assert plain(plain(text)) == plain(text)
    if unicodedata.normalize("NFC", text) == text and text.isalpha():
        assert plain(unicodedata.normalize("NFD", text)) == plain(text)


@pytest.mark.parametrize(
    ("text", "quote", "found"),
    [
        ("See the (oﬃce) ﬁ\u00adle’s “x” now", "office) file's", "oﬃce) ﬁ\u00adle’s"),
        ("Die Verein\u00ad\nbarung gilt", "Vereinbarung", "Verein\u00ad\nbarung"),
        ("un cafe\u0301 noir", "café", "cafe\u0301"),
        ("2½ km weit", "1/2 km", "½ km"),
        ("plain", "lai", "lai"),
    ],
)
def test_what_is_found_in_the_form_is_shown_in_the_text(text: str, quote: str, found: str) -> None:
    """A stretch of the form stands somewhere in the text, with marks and what is not seen."""
    aligned = Aligned(text)
    start = aligned.plain.index(quote)

    begin, end = aligned.span(start, start + len(quote))

    assert text[begin:end] == found


def test_a_quote_is_readable_and_keeps_its_signs() -> None:
    """Letters become plain; quotes, dashes, fractions and Chinese punctuation stay as they are."""
    assert readable("the oﬃ\u00adce’s “ﬁle” – 2½，Ｅ１") == "the office’s “file” – 2½，E1"
    assert readable("plain 'text'") == "plain 'text'"


@pytest.mark.parametrize(
    "piece", ["ﬁ", "\u00ad", "\u00ad ", "\u200d", "5²", "e\u0301", "“", "\u0e4d\u0e32"], ids=repr
)
def test_time_grows_with_the_text(piece: str) -> None:
    """No text takes more than its share."""
    began = time.process_time()

    plain(piece * 100_000)
    Aligned(piece * 20_000)

    assert time.process_time() - began < 3.0
