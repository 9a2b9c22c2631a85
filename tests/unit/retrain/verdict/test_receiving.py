"""What people would get of incumbent and candidate, with real parts: index, evidence, support and quotes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from doubles.promotion_world import TwoEncoders, World

from rag.domain import Document, Passage
from rag.questions.support.judging import PRIOR
from rag.releases.models import LoadedRelease
from rag.releases.trials import TrialIndexes
from retrain.domain import Answer, Bar, EvalQuestion, Origin, Received
from retrain.verdict.receiving import Compared, answered_right, drawn, receive_both

TEXTS = {
    "pool": "The swimming pool opens at seven in the morning and closes at nine in the evening.",
    "library": "The library lends every book for three weeks, and reminds readers by mail.",
    "parking": "Visitors park their cars behind the town hall, where a permit costs two euros a day.",
    "waste": "Garden waste is collected on every second Tuesday between March and November.",
    "passport": "A passport is issued within six weeks; bring a photograph and your birth certificate.",
    "theatre": "The theatre sells tickets for its plays from the first Monday of the month.",
}
QUESTIONS = {
    "pool": "When does the swimming pool open?",
    "library": "For how long does the library lend a book?",
    "parking": "Where do visitors park their cars?",
    "waste": "When is garden waste collected?",
    "passport": "How long until a passport is issued?",
    "theatre": "When does the theatre sell tickets?",
}
ALWAYS, NEVER = {"threshold": 0.0}, {"threshold": 1.0}
"""Retrieval that answers whatever is found, and that refuses all of it."""


def _document(name: str, text: str) -> Document:
    return Document.create(uri=name, title=name.capitalize(), text=text, divisible=False)


def _corpus(**more: str) -> list[Passage]:
    documents = [_document(name, text) for name, text in (TEXTS | more).items()]
    return [Passage.create(document, 0, document.text) for document in documents]


def _asked(corpus: list[Passage]) -> list[EvalQuestion]:
    by_name = {passage.uri: passage for passage in corpus}
    return [
        EvalQuestion(
            id=name,
            text=text,
            relevant=frozenset({by_name[name].id}),
            documents=frozenset({by_name[name].document_id}),
            origin=Origin.LABEL,
        )
        for name, text in QUESTIONS.items()
    ]


@contextmanager
def _indexes(world: World, corpus: list[Passage]) -> Iterator[TrialIndexes]:
    with world.present().trial_indexes(corpus) as on:
        yield on


def _loaded(world: World, encoder: str, **retrieval: Any) -> LoadedRelease:
    release = world.release(encoder, context_weight=0.0, **retrieval)
    return LoadedRelease(release=release, encoder=world.encoders.load(encoder))


def _both(
    world: World,
    corpus: list[Passage],
    asked: list[EvalQuestion],
    incumbent: LoadedRelease,
    candidate: LoadedRelease,
) -> Compared:
    with _indexes(world, corpus) as on:
        return receive_both(
            asked, incumbent=incumbent, candidate=candidate, on=on, seed=1, progress=lambda *_: None
        )


def _values(compared: Compared) -> dict[str, tuple[float, float]]:
    return {
        row.metric: (round(row.incumbent.value, 3), round(row.candidate.value, 3))
        for row in compared.answers.rows
    }


def test_a_candidate_that_refuses_what_it_finds_is_seen(world: World, two_encoders: TwoEncoders) -> None:
    """Same encoder, same hits, another threshold: what one side answers the other refuses though it found it."""
    corpus = _corpus()
    asked = _asked(corpus)
    answering, refusing = (_loaded(world, two_encoders.first, **each) for each in (ALWAYS, NEVER))

    compared = _both(world, corpus, asked, answering, refusing)

    seen = _values(compared)
    assert seen[Received.RIGHT][0] > 0.8
    assert seen[Received.RIGHT][1] == 0
    assert seen[Received.REFUSED][1] == 1
    assert seen[Received.REFUSED_THOUGH_FOUND] == (0.0, 1.0)
    assert seen[Received.REFUSED_RIGHTLY][1] == 1
    assert (compared.answers.questions, compared.answers.unanswerable) == (6, 6)
    before, after = compared.got["pool"]
    assert (before.answer, after.answer) == (Answer.RIGHT, Answer.REFUSED_THOUGH_FOUND)
    assert before.support == after.support > 0


def test_each_side_is_judged_as_it_would_serve(world: World, two_encoders: TwoEncoders) -> None:
    """Its own calibration makes its supports, and the card names what it was made of; without one it says so."""
    corpus = _corpus()
    plain = _loaded(world, two_encoders.first, threshold=0.5)
    lower = replace(PRIOR, bias=PRIOR.bias - 3, questions=12, passages=6)
    fitted = replace(plain, release=plain.release.calibrated(lower))

    compared = _both(world, corpus, _asked(corpus), plain, fitted)

    assert compared.answers.incumbent == Bar(threshold=0.5)
    assert compared.answers.candidate == Bar(threshold=0.5, questions=12, passages=6)
    assert all(before.support > after.support for before, after in compared.got.values())


def test_the_four_shares_of_answerable_questions_add_up(world: World, two_encoders: TwoEncoders) -> None:
    """Right, wrong, refused though found and refused: each question is one of them, on both sides."""
    corpus = _corpus()
    asked = [replace(_asked(corpus)[0], id="odd", text="Who won the cup final?"), *_asked(corpus)]
    old = _loaded(world, two_encoders.first, threshold=0.3)
    new = _loaded(world, two_encoders.second, threshold=0.6)

    rows = {row.metric: row for row in _both(world, corpus, asked, old, new).answers.rows}

    four = [rows[share] for share in list(Received)[:4]]
    assert sum(row.incumbent.value for row in four) == pytest.approx(1)
    assert sum(row.candidate.value for row in four) == pytest.approx(1)
    refused = rows[Received.REFUSED].candidate.value
    assert refused == pytest.approx(four[2].candidate.value + four[3].candidate.value)
    assert rows[Received.RIGHT].difference.low <= rows[Received.RIGHT].difference.value


def test_quotes_of_wrong_passages_are_no_right_answer(world: World, two_encoders: TwoEncoders) -> None:
    """A right passage among the hits is not enough: it has to be quoted."""
    corpus = _corpus()
    asked = _asked(corpus)
    mislabelled = [replace(asked[0], relevant=asked[1].relevant)]
    sure = _loaded(world, two_encoders.first, **ALWAYS)

    got = _both(world, corpus, mislabelled, sure, sure).got["pool"]

    assert got[0].answer is Answer.WRONG
    assert got == (got[0], got[0])


def test_a_copy_of_the_right_passage_is_right(world: World, two_encoders: TwoEncoders) -> None:
    """One text is given once, whichever of its copies was labelled; gone, all of its copies are gone."""
    corpus = _corpus(**dict.fromkeys(("bath", "lido", "spa"), TEXTS["pool"]))
    by_name = {passage.uri: passage for passage in corpus}
    sure = _loaded(world, two_encoders.first, **ALWAYS)
    labelled = [
        replace(_asked(corpus)[0], id=name, relevant=frozenset({by_name[name].id}))
        for name in ("pool", "bath", "lido", "spa")
    ]

    compared = _both(world, corpus, labelled, sure, _loaded(world, two_encoders.first, **NEVER))

    assert {before.answer for before, _ in compared.got.values()} == {Answer.RIGHT}
    assert compared.answers.unanswerable == 4
    assert _values(compared)[Received.REFUSED_RIGHTLY][1] == 1


def test_at_most_so_many_are_asked(world: World, two_encoders: TwoEncoders) -> None:
    """A draw by hash: the same each time, in the questions' order, and told how far it is."""
    corpus = _corpus()
    asked = _asked(corpus)
    sure = _loaded(world, two_encoders.first, **ALWAYS)
    told: list[tuple[int, int]] = []

    with _indexes(world, corpus) as on:
        compared = receive_both(
            asked,
            incumbent=sure,
            candidate=sure,
            on=on,
            seed=1,
            most=4,
            progress=lambda done, total, _: told.append((done, total)),
        )

    assert compared.answers.questions == 4
    assert list(compared.got) == [each.id for each in drawn(asked, seed=1, most=4)]
    assert [each.id for each in drawn(asked[::-1], seed=1, most=4)] == list(compared.got)[::-1]
    assert (told[0], told[-1]) == ((0, 4), (4, 4))


def test_before_training_right_answers_are_those_of_the_comparison(
    world: World, two_encoders: TwoEncoders
) -> None:
    """What is foreseen rests on the figure that decides."""
    corpus = _corpus()
    asked = _asked(corpus)
    plain = _loaded(world, two_encoders.first, threshold=0.4)

    with _indexes(world, corpus) as on:
        questions, right = answered_right(asked, plain, on, seed=1)
    compared = _both(world, corpus, asked, plain, plain)

    assert questions == asked
    assert right.mean() == pytest.approx(compared.answers.row(Received.RIGHT).incumbent.value)
