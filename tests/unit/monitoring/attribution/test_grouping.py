"""New questions are told from bystanders, clustered, and named by their words."""

import numpy as np
import pytest
from doubles.asked_about import NOUNS, Asked, corpus, look, numbered

from monitoring.attribution.forms import forms
from monitoring.attribution.grouping import clusters, topic_of
from monitoring.attribution.naming import telling_words
from monitoring.attribution.searching import WordSearch
from monitoring.attribution.selecting import new_rows
from monitoring.attribution.weighing import chance_above
from rag.text.overlap import content

USUAL = ("travel", "pay", "desk")


@pytest.mark.parametrize("new", [10, 60, 200])
def test_new_questions_are_told_from_bystanders(new: int) -> None:
    """Nearly all new questions are among those called new, and one in ten of these is a bystander at most."""
    asked = Asked()
    passages = corpus(asked, USUAL)
    made, texts = look(
        asked.mixed(USUAL, 400), [*asked.mixed(USUAL, 100), *asked.about("visa", new)], passages
    )
    sides = [forms([texts[each] for each in side.interactions]) for side in (made.reference, made.recent)]
    rows = new_rows(np.arange(100 + new), made, sides[0], sides[1])

    assert np.count_nonzero(rows >= 100) >= 0.9 * new
    assert np.count_nonzero(rows < 100) <= 15


def test_nothing_is_new_where_nothing_is() -> None:
    """Questions as before are not called new, but for one draw in many."""
    asked = Asked()
    drawn = []
    for _ in range(10):
        made, texts = look(asked.mixed(USUAL, 300), asked.mixed(USUAL, 100), corpus(asked, USUAL))
        sides = [forms([texts[each] for each in side.interactions]) for side in (made.reference, made.recent)]
        drawn.append(len(new_rows(np.arange(100), made, sides[0], sides[1])))

    assert sum(count > 0 for count in drawn) <= 2


@pytest.mark.parametrize(
    ("topics", "expected"), [(("visa",), 1), (("visa", "garden"), 2), (("visa", "garden", "pay"), 3)]
)
def test_questions_on_so_many_topics_are_so_many_groups(topics: tuple[str, ...], expected: int) -> None:
    """Each topic is one group, the largest first; one topic is not divided."""
    asked = Asked()
    vectors = np.array(
        [each.vector for number, topic in enumerate(topics) for each in asked.about(topic, 30 - number)]
    )
    found = clusters(vectors, seed=3)

    assert [len(rows) for rows in found] == [30 - number for number in range(expected)]


@pytest.mark.parametrize("count", [0, 1, 9, 20])
def test_questions_that_are_all_the_same_are_one_group(count: int) -> None:
    """Few vectors, or one vector many times, make one group, or none where there is nothing."""
    found = clusters(np.tile(np.eye(1, 8, dtype=np.float32), (count, 1)), seed=3)

    assert [len(rows) for rows in found] == ([count] if count else [])


def test_a_topic_has_examples_outcomes_and_nearest_documents() -> None:
    """Shares are of what is known; the document that most questions found first comes first."""
    asked = Asked()
    made, texts = look(asked.mixed(USUAL, 50), asked.about("visa", 4), corpus(asked, USUAL))
    recent = made.recent
    recent.refused[:] = [1, 1, 0, np.nan]
    recent.rating[:] = [-1, np.nan, np.nan, 1]
    hits = {"now-0": ["a", "b"], "now-1": ["a"], "now-2": ["b", "c", "c"]}
    before = forms([texts[each] for each in made.reference.interactions])
    topic = topic_of(recent, np.arange(4), of=8, texts=texts, before=before, hits=hits)

    assert (topic.count, topic.share, topic.bad) == (4, 0.5, 0.5)
    assert topic.refused == pytest.approx(2 / 3)
    assert topic.nearest == ("a", "b", "c")
    assert set(topic.examples) < set(topic.interactions) == {f"now-{number}" for number in range(4)}
    assert set(topic.words) & set(NOUNS["visa"].split())


@pytest.mark.parametrize(
    ("texts", "first"),
    [
        (["How do I renew my visa?", "Is the visa free?", "Who pays for a visa?", "visa"], "visa"),
        (["Wie beantrage ich ein Visum?", "Was kostet das Visum?", "Wann gilt ein Visum?", "Visum"], "visum"),
        (["Как получить визу?", "Сколько стоит визу получить?", "Где визу продлить?", "визу"], "визу"),
        (["签证怎么申请", "签证多少钱", "签证在哪里", "签证"], "签证"),
        (["What does E-1042 mean?"], "e"),
    ],
)
def test_words_tell_a_topic_in_any_script(texts: list[str], first: str) -> None:
    """The word that the questions have and those before have not comes first, as it is written, without small words."""
    before = [
        content(text) for text in ("How do I change my salary?", "Is parking free?", "Who pays for lunch?")
    ]

    assert telling_words(texts, before)[0].startswith(first)


@pytest.mark.parametrize("texts", [[], [""], ["?!"]])
def test_nothing_is_named_where_there_are_no_words(texts: list[str]) -> None:
    """Questions without a word have no name, and do not fail."""
    assert telling_words(texts, []) == ()


def test_words_find_what_vectors_do_not() -> None:
    """The passage with the question's words is found though it is the farthest; a word that is nowhere weighs most."""
    asked = Asked()
    passages = corpus(asked, ("pay", "visa"), astray=("visa",))
    near, far = asked.about("pay", 1)[0], asked.about("visa", 1)[0]
    search = WordSearch(passages, numbered)
    found = search([near.text, far.text, "zebra"], np.array([near.vector, far.vector, far.vector]))

    assert found[0].words == pytest.approx(found[0].encoder, abs=0.05)
    assert found[1].words > found[1].encoder + 0.1
    assert found[0].near > 0.5 > found[1].near > found[2].near == -1.0  # type: ignore[operator]
    assert found[0].agreed > found[1].agreed  # type: ignore[operator]
    assert found[1].documents[0].startswith("visa")
    assert (found[2].words, found[2].documents) == (0.0, ())
    assert [
        each.words for each in WordSearch(corpus(asked, ()), numbered)(["pay"], near.vector[np.newaxis])
    ] == [0.0]


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ([3.0], 1.0),
        ([-1.0], 0.0),
        ([1.0], 0.5),
        ([3.0, -1.0], 0.5),
        ([np.nan, 3.0], 1.0),
        ([np.nan], 0.5),
        ([], 0.5),
    ],
)
def test_chance_above(figures: list[float], expected: float) -> None:
    """The share of pairs in which the figure is above the reference's, ties half; nothing known tells nothing."""
    assert chance_above(np.array(figures), np.array([0.0, 1.0, 2.0, np.nan])) == pytest.approx(expected)
