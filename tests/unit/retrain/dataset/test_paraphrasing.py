"""Other wordings of questions."""

from dataclasses import replace
from pathlib import Path

from rag.domain import Passage
from rag.errors import UpstreamFailed
from rag.text.wording import normal
from retrain.adapters.writing_cache import SqliteWritingCache
from retrain.dataset.paraphrasing import WORKERS, paraphrase, reword_for_testing
from retrain.dataset.writing import Budget, Writing
from retrain.domain import EvalQuestion, Origin, QuestionStyle, TrainingPair, Written


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

    fingerprint = "by rote"

    def questions(self, passage: Passage, count: int, style: QuestionStyle) -> Written:
        raise NotImplementedError

    def paraphrases(self, question: str, count: int) -> Written:
        self.asked.append(question)
        if "fail" in question:
            raise UpstreamFailed
        return Written(texts=(f"in other words: {question}", "  ", question.upper()), tokens=10)


def _writing(writer: _Writer, folder: Path) -> Writing:
    return Writing(writer, SqliteWritingCache(folder / "written.sqlite"), Budget())


_QUESTIONS = ["How do I renew a passport?", "What is the fee for a visa?", "Elective surgery restrictions"]


def test_wordings_say_what_they_were_made_from() -> None:
    """A wording is a paraphrase of the same passage, with its parent, and is not the question itself."""
    made = paraphrase([_pair(q) for q in _QUESTIONS], writing=None, count=2, seed=1)
    assert len(made) == 6
    assert [pair.parent for pair in made] == [q for q in _QUESTIONS for _ in range(2)]
    assert {pair.origin for pair in made} == {Origin.PARAPHRASE}
    assert {pair.passage_id for pair in made} == {"p"}
    assert all(normal(pair.question) != normal(pair.parent) for pair in made)


def test_the_same_seed_gives_the_same_wordings() -> None:
    """The choice depends on the seed and the question, not on the run or on the other questions."""
    pairs = [_pair(q) for q in _QUESTIONS]
    made = paraphrase(pairs, writing=None, count=1, seed=1)
    assert made == paraphrase(pairs, writing=None, count=1, seed=1)
    assert made[1:] == paraphrase(pairs[1:], writing=None, count=1, seed=1)
    assert any(made != paraphrase(pairs, writing=None, count=1, seed=seed) for seed in range(2, 8))


def test_keywords_are_among_the_wordings() -> None:
    """People type topic words into search boxes."""
    made = paraphrase([_pair("What is the fee for a visa?")], writing=None, count=8, seed=1)
    assert "fee visa" in [pair.question for pair in made]


def test_the_model_writes_where_there_is_one(tmp_path: Path) -> None:
    """Blank wordings and those that are the question are left out; a failing call falls back on rules."""
    pairs = [_pair("When do offices open?"), _pair("How do I fail an exam?")]
    made = paraphrase(pairs, writing=_writing(_Writer(), tmp_path), count=3, seed=1)
    assert [p.question for p in made if p.parent == pairs[0].question] == [
        "in other words: When do offices open?"
    ]
    assert [p for p in made if p.parent == pairs[1].question]


def test_a_model_that_is_down_is_not_asked_for_ever(tmp_path: Path) -> None:
    """After ten failures in a row only rules are used; calls that were under way by then still end."""
    writer = _Writer()
    pairs = [_pair(f"How do I fail exam {n}?") for n in range(40)]
    made = paraphrase(pairs, writing=_writing(writer, tmp_path), count=1, seed=1)
    assert 10 <= len(writer.asked) < 10 + WORKERS
    assert len(made) == 40


def test_a_passages_own_words_are_not_reworded() -> None:
    """A span or a list of key phrases is no question that somebody could ask otherwise."""
    made = paraphrase(
        [replace(_pair("renewal of passports abroad"), kind="span")], writing=None, count=2, seed=1
    )
    assert made == []


def test_wordings_to_test_with_name_their_question_and_are_none_to_train_with() -> None:
    """Each gate question has another wording with the same answers, in a form that training has none of."""
    gate = [
        EvalQuestion(
            id=f"q{n}",
            text=text,
            relevant=frozenset({f"p{n}"}),
            documents=frozenset({f"d{n}"}),
            origin=Origin.LOG,
        )
        for n, text in enumerate(_QUESTIONS)
    ]
    made = reword_for_testing(gate, writing=None, count=1, seed=1)
    assert [(q.parent, q.relevant, q.origin) for q in made] == [
        (question.id, question.relevant, Origin.PARAPHRASE) for question in gate
    ]
    trained = paraphrase([_pair(q) for q in _QUESTIONS], writing=None, count=8, seed=1)
    assert not {normal(q.text) for q in made} & {normal(pair.question) for pair in trained}
    assert not {normal(q.text) for q in made} & {normal(q.text) for q in gate}
    assert reword_for_testing(gate, writing=None, count=0, seed=1) == []


def test_paraphrases_are_not_reworded_again() -> None:
    """Neither is anything made where none is asked for."""
    made = paraphrase([_pair("How do I renew it?", origin=Origin.PARAPHRASE)], writing=None, count=2, seed=1)
    assert made == []
    assert paraphrase([_pair("How do I renew it?")], writing=None, count=0, seed=1) == []


def test_where_people_ask_tersely_keywords_come_first(tmp_path: Path) -> None:
    """Of every question, with a language model and without, whatever the seed says."""
    pairs = [_pair(question) for question in _QUESTIONS[:2]]
    for writing in (None, _writing(_Writer(), tmp_path)):
        for seed in range(4):
            made = paraphrase(pairs, writing=writing, count=1, seed=seed, terse=True)
            assert ["renew passport", "fee visa"] == [pair.question for pair in made]
