"""Words at a line's end: joined, or left with their own hyphen."""

import pytest

from rag.adapters.readers.pdf.hyphens import Words, ends_parted, joined


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("receives a reimburse-", "ment for it", "receives a reimbursement for it"),
        ("the transporta-", "tion ticket", "the transportation ticket"),
        ("for exam-", "ple, an ex-", "for example, an ex-"),
        ("an ex-", "ample of it", "an example of it"),
        ("co-", "operate", "co-operate"),
        ("a co-", "incidence", "a coincidence"),
        ("die Mitarbei-", "terinnen", "die Mitarbeiterinnen"),
        ("la réser-", "vation", "la réservation"),
        ("the COMMUNI-", "CATION", "the COMMUNICATION"),
        ("twenty-first-cen-", "tury art", "twenty-first-century art"),
        ("well-", "ness", "wellness"),
        ("non-", "sense", "nonsense"),
        ("self-", "ish", "selfish"),
        ("soft\u00ad", "ware", "software"),
        ("Soft\u00ad", "Ware", "SoftWare"),
    ],
)
def test_a_printers_hyphen_goes(before: str, after: str, expected: str) -> None:
    """A word that is parted at a syllable is whole again; a soft hyphen always parts one."""
    assert expected == joined(before, after, Words([]))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("https://example.org/a-", "long/path of it", "https://example.org/a-long/path of it"),
        ("info@very-long-", "domain.org", "info@very-long-domain.org"),
        ("L’après-", "midi", "L’après-midi"),
        ("the self-", "service portal", "the self-service portal"),
        ("our non-", "native speakers", "our non-native speakers"),
        ("well-", "known people", "well-known people"),
        ("her ex-", "husband", "her ex-husband"),
        ("a co-", "worker", "a co-worker"),
        ("Covid-", "19 rules", "Covid-19 rules"),
        ("2020-", "2021", "2020-2021"),
        ("Jean-", "Pierre", "Jean-Pierre"),
        ("die E-", "Mail-Abteilung", "die E-Mail-Abteilung"),
        ("an e-", "mail", "an e-mail"),
        ("state-of-", "the-art", "state-of-the-art"),
        ("a long-", "term plan", "a long-term plan"),
        ("plant\u2010", "based", "plant\u2010based"),
        ("peut-", "être", "peut-être"),
        ("mother-in-", "law", "mother-in-law"),
    ],
)
def test_a_words_own_hyphen_stays(before: str, after: str, expected: str) -> None:
    """Prefixes that print joins with a hyphen keep it, and so does what goes on with a capital or a number."""
    assert expected == joined(before, after, Words([]))


def test_a_second_half_that_comes_later() -> None:
    """A hyphen before and, und, or keeps its space: the word's second half comes later."""
    assert "Haupt- und Nebenkosten" == joined("Haupt-", "und Nebenkosten", Words([]))


@pytest.mark.parametrize(
    ("elsewhere", "expected"),
    [
        (["The preorder is open; a preorder is cheap."], "preorder"),
        (["The pre-order is open."], "pre-order"),
        (["A pre-order, a pre-order, and a preorder."], "pre-order"),
        (["self-service and selfservice, and selfservice again"], "preorder"),
    ],
)
def test_the_documents_own_words_decide(elsewhere: list[str], expected: str) -> None:
    """Where the word comes again unparted, the document itself says how it is written."""
    assert f"a {expected} form" == joined("a pre-", "order form", Words(elsewhere))


def test_evidence_beats_the_rule() -> None:
    """A document that writes selfservice has it so at a line's end too."""
    assert "selfservice" == joined("self-", "service", Words(["the Selfservice desk"]))


def test_parted_words_are_no_evidence() -> None:
    """The halves at line ends are not counted as words."""
    words = Words(["a reimburse-", "ment comes", "the end"])

    assert (0, 0, 1) == (words.count("reimburse"), words.count("ment"), words.count("comes"))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("an end –", "and more", "an end – and more"),
        ("an end -", "and more", "an end - and more"),
        ("plain", "words", "plain words"),
        ("see page 3-", "", "see page 3- "),
        ("list (a-", "(b)", "list (a- (b)"),
    ],
)
def test_what_parts_no_word(before: str, after: str, expected: str) -> None:
    """Dashes and hyphens that stand alone stay, with a space behind them."""
    assert expected == joined(before, after, Words([]))


def test_ends_parted() -> None:
    """A hyphen behind a letter parts a word; one behind a space, or alone, does not."""
    assert [True, True, False, False, False] == [
        ends_parted(each) for each in ("reimburse-", "soft\u00ad ", "an end -", "-", "range 10–")
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("https://example.org/a/", "b?x=1 is it", "https://example.org/a/b?x=1 is it"),
        ("https://example.org/a/", "page.html", "https://example.org/a/page.html"),
        ("https://example.org/a/", "and more", "https://example.org/a/ and more"),
        ("自收到商品之日起计", "算。", "自收到商品之日起计算。"),
        ("返品は三十日以", "内に", "返品は三十日以内に"),
        ("반품 기간은", "삼십 일", "반품 기간은 삼십 일"),
        ("the year", "2024", "the year 2024"),
    ],
)
def test_lines_without_hyphens(before: str, after: str, expected: str) -> None:
    """A blank parts lines, but not an address, nor a script that has no blanks."""
    assert expected == joined(before, after, Words([]))
