"""Other wordings of questions."""

from rag.domain import Passage
from rag.errors import UpstreamFailed
from retrain.dataset.paraphrasing import paraphrase
from retrain.dataset.wording import normal
from retrain.domain import Origin, TrainingPair


def _pair(question: str, passage: str = "p", origin: Origin = Origin.LOG) -> TrainingPair:
    return TrainingPair(
        question=question,
        passage_id=passage,
        document_id="d",
        passage_text="text",
        origin=origin,
        principal="ann",
    )


class _Writer:
    """Rewords by rote; fails on questions that say so."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def questions(self, passage: Passage, count: int) -> list[str]:
        raise NotImplementedError

    def paraphrases(self, question: str, count: int) -> list[str]:
        self.asked.append(question)
        if "fail" in question:
            raise UpstreamFailed
        return [f"in other words: {question}", "  ", question.upper()]


_QUESTIONS = ["How do I renew a passport?", "What is the fee for a visa?", "Elective surgery restrictions"]


def test_wordings_say_what_they_were_made_from() -> None:
    """A wording is a paraphrase of the same passage, with its parent, and is not the question itself."""
    made = paraphrase([_pair(q) for q in _QUESTIONS], writer=None, count=2, seed=1)
    assert len(made) == 6
    assert [pair.parent for pair in made] == [q for q in _QUESTIONS for _ in range(2)]
    assert {pair.origin for pair in made} == {Origin.PARAPHRASE}
    assert {pair.passage_id for pair in made} == {"p"}
    assert all(normal(pair.question) != normal(pair.parent) for pair in made)


def test_the_same_seed_gives_the_same_wordings() -> None:
    """The choice depends on the seed and the question, not on the run or on the other questions."""
    pairs = [_pair(q) for q in _QUESTIONS]
    made = paraphrase(pairs, writer=None, count=1, seed=1)
    assert made == paraphrase(pairs, writer=None, count=1, seed=1)
    assert made[1:] == paraphrase(pairs[1:], writer=None, count=1, seed=1)
    assert any(made != paraphrase(pairs, writer=None, count=1, seed=seed) for seed in range(2, 8))


def test_keywords_are_among_the_wordings() -> None:
    """People type topic words into search boxes."""
    made = paraphrase([_pair("What is the fee for a visa?")], writer=None, count=8, seed=1)
    assert "fee visa" in [pair.question for pair in made]


def test_the_model_writes_where_there_is_one() -> None:
    """Blank wordings and those that are the question are left out; a failing call falls back on rules."""
    pairs = [_pair("When do offices open?"), _pair("How do I fail an exam?")]
    made = paraphrase(pairs, writer=_Writer(), count=3, seed=1)
    assert [p.question for p in made if p.parent == pairs[0].question] == [
        "in other words: When do offices open?"
    ]
    assert [p for p in made if p.parent == pairs[1].question]


def test_a_model_that_is_down_is_not_asked_for_ever() -> None:
    """After ten failures in a row only rules are used."""
    writer = _Writer()
    made = paraphrase([_pair(f"How do I fail exam {n}?") for n in range(30)], writer=writer, count=1, seed=1)
    assert (len(writer.asked), len(made)) == (10, 30)


def test_paraphrases_are_not_reworded_again() -> None:
    """Neither is anything made where none is asked for."""
    made = paraphrase([_pair("How do I renew it?", origin=Origin.PARAPHRASE)], writer=None, count=2, seed=1)
    assert made == []
    assert paraphrase([_pair("How do I renew it?")], writer=None, count=0, seed=1) == []
