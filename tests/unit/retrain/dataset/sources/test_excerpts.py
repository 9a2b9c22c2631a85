"""A passage's own words as questions."""

from rag.domain import Document, Passage
from rag.text.wording import normal
from retrain.dataset.sources.excerpts import key_phrases, mine_excerpts
from retrain.domain import Excerpt, Origin

_TEXT = (
    "Elective surgery is postponed until further notice. Hospitals will call every patient on the list. "
    "Dialysis continues at all sites without any change. Visitors have to wear a mask at the entrance."
)


def _passages(n: int) -> list[Passage]:
    texts = [f"{_TEXT} This is site number {i} of the region." for i in range(n)]
    return [Passage.create(Document.create(uri=f"d{i}", text=text), 0, text) for i, text in enumerate(texts)]


def test_every_passage_gives_phrases_a_first_sentence_and_spans() -> None:
    """Each kind is named on its pair, and the pair's passage is the one it stands in."""
    (passage,) = _passages(1)
    pairs = mine_excerpts([passage], limit=10, kinds=tuple(Excerpt), spans=2, seed=1).pairs
    kinds = [pair.kind for pair in pairs]
    assert set(kinds) <= set(Excerpt)
    assert (kinds.count("first sentence"), kinds.count("span")) == (1, 2)
    assert {pair.origin for pair in pairs} == {Origin.DOCUMENT}
    first = next(pair for pair in pairs if pair.kind == "first sentence")
    assert first.question == "Elective surgery is postponed until further notice."
    assert all(normal(pair.question) in normal(passage.text) for pair in pairs if pair.kind == "span")


def test_most_spans_are_cut_out_of_their_passage() -> None:
    """A pair teaches what belongs together rather than to match strings; now and then the words do stand there."""
    pairs = [
        pair
        for pair in mine_excerpts(_passages(100), limit=100, kinds=[Excerpt.SPAN], spans=2, seed=1).pairs
        if pair.kind == "span"
    ]
    left = sum(normal(pair.question) in normal(pair.passage_text) for pair in pairs)
    assert len(pairs) == 200
    assert 5 <= left <= 40


def test_only_the_kinds_asked_for_are_given_and_each_is_as_it_is_among_all() -> None:
    """Leaving a kind out changes nothing about the others."""
    passages = _passages(20)
    every = mine_excerpts(passages, limit=20, kinds=tuple(Excerpt), spans=2, seed=1).pairs
    for kind in Excerpt:
        alone = mine_excerpts(passages, limit=20, kinds=[kind], spans=2, seed=1).pairs
        assert alone == tuple(pair for pair in every if pair.kind == kind) != ()


def test_phrases_are_the_words_that_tell_a_text_from_others() -> None:
    """Rare topic words come first, stop words and what is everywhere do not, and none stands within another."""
    rarity = {"elective": 3.0, "surgery": 3.0, "patient": 1.0, "list": 0.5, "hospitals": 0.0}
    phrases = key_phrases("The elective surgery, and surgery. Hospitals have a patient list, for us.", rarity)
    assert phrases == ["elective surgery", "patient list", "hospitals"]


def test_the_limit_and_the_seed_choose_the_passages() -> None:
    """The same seed takes the same ones; a passage of one sentence has no span, for nothing would be left."""
    passages = _passages(20)
    one, same, other = (
        {
            pair.passage_id
            for pair in mine_excerpts(passages, limit=5, kinds=tuple(Excerpt), spans=1, seed=seed).pairs
        }
        for seed in (1, 1, 2)
    )
    assert len(one) == 5
    assert one == same
    assert one != other
    short = Passage.create(
        Document.create(uri="s", text="x"), 0, "Only one sentence about elective surgery here."
    )
    assert {
        pair.kind
        for pair in mine_excerpts([short, *passages], limit=99, kinds=tuple(Excerpt), spans=1, seed=1).pairs
        if pair.passage_id == short.id
    } == {"key phrases"}


def test_passages_that_are_to_be_cured_come_first() -> None:
    """The limit then leaves out others, whatever the seed says."""
    passages = _passages(20)
    wanted = {passages[3].document_id, passages[17].document_id}
    for seed in range(5):
        mined = mine_excerpts(passages, limit=2, kinds=tuple(Excerpt), spans=1, seed=seed, first=wanted)
        assert wanted == {pair.document_id for pair in mined.pairs}
