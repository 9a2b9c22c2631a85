"""Words of texts and their weights."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain import Retrieval
from rag.errors import SettingInvalid
from rag.text.sparse import Words

WORDS = Words(Retrieval())


def same(one: str, other: str, words: Words = WORDS) -> bool:
    """Whether two texts have the same words."""
    return words.question(one) == words.question(other)


def shares(one: str, other: str, words: Words = WORDS) -> bool:
    """Whether two texts have a word in common."""
    return bool(set(words.question(one).indices) & set(words.question(other).indices))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("running", "runs"),
        ("Infections", "INFECTION"),
        ("patient's", "patients"),
        ("patient’s", "patient"),
        ("the treatment of asthma", "asthma treatments"),
        ("naïve café", "naive cafe"),
        ("ﬁles", "files"),
        ("Ａ１２", "a12"),
        ("don't wait", "wait"),
    ],
)
def test_forms_of_a_word_are_one(one: str, other: str) -> None:
    """Case, inflection, accents, width and stop words make no difference."""
    assert WORDS.question(one)
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("asthma", "anaemia"), ("B-12", "B-6"), ("2023", "2024"), ("C++", "C#"), ("1.5", "1.4"), ("os", "path")],
)
def test_different_words_differ(one: str, other: str) -> None:
    """Words, numbers and identifiers that are not the same are not taken for one another."""
    assert WORDS.question(one)
    assert WORDS.question(other)
    assert not same(one, other)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("call os.path.join here", "os.path.join"),
        ("call os.path.join here", "path"),
        ("vitamin B-12", "b-12"),
        ("vitamin D deficiency", "d"),
        ("he set user_id to 7", "user_id"),
        ("he set user_id to 7", "user"),
        ("a 3.5 mg dose", "3.5"),
        ("written in C++.", "c++"),
        ("see rag/domain.py", "domain.py"),
        ("東京都の病院", "病院"),
        ("일본어를 배웁니다", "일본"),
        ("โรงพยาบาล", "พยาบาล"),
        ("हिन्दी में", "हिन्दी"),
        ("сентября", "сентября"),
    ],
)
def test_what_is_asked_for_is_found(text: str, asked: str) -> None:
    """Identifiers are found whole and by their parts, unspaced scripts by what is within."""
    asked_for = set(WORDS.question(asked).indices)

    assert asked_for
    assert asked_for & set(WORDS.passage(text).indices)


def test_a_mark_does_not_break_a_word() -> None:
    """A word with vowel signs is one word, not its consonants."""
    assert 1 == len(WORDS.question("हिन्दी").indices)
    assert not shares("हिन्दी", "ह")


def test_a_question_of_stop_words_has_no_words() -> None:
    """Nothing is left of what everybody says."""
    for nothing in ("", "What is it about?", "?! -- …", "the", "isn't it"):
        assert not WORDS.question(nothing)
        assert ([], []) == (WORDS.passage(nothing).indices, WORDS.passage(nothing).values)


def test_weights_are_those_of_bm25() -> None:
    """A weight is tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / ordinary length)), worked out by hand."""
    words = Words(Retrieval(bm25_k1=1.2, bm25_b=0.5, bm25_length=4))

    weighed = words.passage("asthma asthma asthma fever in the pollen season")  # six words count

    norm = 1.2 * (1 - 0.5 + 0.5 * 6 / 4)
    thrice, once = 3 * 2.2 / (3 + norm), 1 * 2.2 / (1 + norm)
    assert [once, once, once, thrice] == pytest.approx(sorted(weighed.values))
    (asthma,) = words.question("asthma").indices
    assert thrice == pytest.approx(dict(zip(weighed.indices, weighed.values, strict=True))[asthma])


def test_compounds_do_not_lengthen_a_passage() -> None:
    """An identifier counts as long as its parts."""
    words = Words(Retrieval(bm25_k1=1.2, bm25_b=1, bm25_length=1))

    assert max(words.passage("fever os path").values) == pytest.approx(
        dict(zip(*_pairs(words, "fever os.path"), strict=True))[words.question("fever").indices[0]]
    )


def _pairs(words: Words, text: str) -> tuple[list[int], list[float]]:
    weighed = words.passage(text)
    return weighed.indices, weighed.values


def test_a_question_counts_a_word_once() -> None:
    """However often it is said, a word weighs 1."""
    assert [1.0] == WORDS.question("fever fever FEVERS").values


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("german", "die Krankheiten", "Krankheit"),
        ("french", "l'hôpital", "les hôpitaux hopital"),
        ("spanish", "medicamentos", "medicamento"),
        ("russian", "болезни", "болезнь"),
    ],
)
def test_each_language_has_its_stemmer(language: str, one: str, other: str) -> None:
    """Inflected forms meet in the language of the release, where English would keep them apart."""
    assert shares(one, other, Words(Retrieval(language=language)))


def test_without_a_language_words_stay_as_they_are() -> None:
    """Nothing is stemmed and nothing left out."""
    plain = Words(Retrieval(language="none"))

    assert not same("runs", "running", plain)
    assert plain.question("the")


def test_an_unknown_language_is_named() -> None:
    """The error lists what there is."""
    with pytest.raises(SettingInvalid, match=r"'klingon'; known are: .*english.*none"):
        Words(Retrieval(language="klingon"))


def test_indices_are_the_same_in_every_process() -> None:
    """What one process wrote another one finds, whatever its hash seed."""
    text = "Fever, os.path and 東京"
    code = (
        "from rag.domain import Retrieval; from rag.text.sparse import Words; "
        f"print(Words(Retrieval()).question({text!r}).indices)"
    )
    for seed in ("1", "2"):
        printed = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
        )
        assert str(WORDS.question(text).indices) == printed.stdout.strip()


@given(st.text(max_size=300))
def test_any_text_gives_a_sparse_vector(text: str) -> None:
    """Indices ascend, are distinct and fit 32 bits; weights are positive and below k1 + 1."""
    weighed, asked = WORDS.passage(text), WORDS.question(text)

    assert sorted(set(weighed.indices)) == weighed.indices == asked.indices
    assert all(0 <= index < 2**32 for index in weighed.indices)
    assert all(0 < value < 2.5 for value in weighed.values)


def test_huge_texts_are_bounded() -> None:
    """A text of any size costs a bounded time, and a question a bounded number of words."""
    start = time.perf_counter()
    for text in ("a" * 5_000_000, "b c " * 1_000_000, "." * 5_000_000, "-a" * 2_500_000, "中" * 5_000_000):
        WORDS.passage(text)
        WORDS.question(text)
    many = WORDS.question(" ".join(f"word{i}" for i in range(10_000)))

    assert 256 == len(many.indices)
    assert time.perf_counter() - start < 20


def test_threads_share_a_stemmer() -> None:
    """Many threads that meet new words at once get the stems one thread gets."""
    texts = [f"running{i} jumps{i}es hopping{i} national{i}ization" for i in range(2_000)]
    one, many = Words(Retrieval()), Words(Retrieval())
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(many.question, texts))

    assert [one.question(text) for text in texts] == together


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Verein\u00adbarung", "Vereinbarung"),
        ("zero\u200bwidth", "zerowidth"),
        ("oﬃce", "office"),
        ("क्\u200dष", "क्ष"),
        ("self\u2011made", "self-made"),
        ("می\u200cروم", "می روم"),
        ("مرحبـــا", "مرحبا"),
    ],
)
def test_what_is_not_seen_makes_no_other_word(one: str, other: str) -> None:
    """Soft hyphens, zero-width letters, ligatures, joiners; a joiner of Persian parts as a blank does."""
    assert same(one, other)
