"""A calibration is made of the release's own documents, and drawn to what holds for any."""

import re
import zlib
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from rag.adapters.sql.database.records import from_json, to_json
from rag.domain import Calibration, Document, Hit, Passage
from rag.ports import Encoder, Vectors
from rag.questions.support.calibrating import (
    Asked,
    calibrate,
    counted,
    fitted,
    made_questions,
    observe,
    usual_of,
)
from rag.questions.support.judging import PRIOR, probability_of
from rag.questions.support.signs import Signs

THINGS = ("pump", "valve", "motor", "filter", "sensor", "cable", "switch", "boiler", "heater", "fan")
PLACES = ("cellar", "attic", "garage", "kitchen", "workshop", "garden")


class Bags(Encoder):
    """Texts are near that have the same words; `scale` stretches or shrinks how near."""

    digest = passages_digest = "bags"
    dimension = 257

    def __init__(self, scale: float = 1.0) -> None:
        """Shrink cosines by `scale`."""
        self.scale = scale

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return a direction for each word."""
        return np.array([self._vector(text) for text in texts], dtype=np.float32)

    encode_passages = encode_queries

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count words."""
        return [len(text.split()) for text in texts]

    def _vector(self, text: str) -> NDArray[np.float64]:
        vector = np.full(257, 1e-6)
        for word in re.findall(r"\w+", text.casefold()):
            vector[zlib.crc32(word.encode()) % 257] += 1.0
        unit: NDArray[np.float64] = vector / np.linalg.norm(vector)
        return unit


def corpus() -> list[Passage]:
    """Return sixty documents of one passage each."""
    passages = []
    for thing in THINGS:
        for at, place in enumerate(PLACES):
            text = (
                f"The {thing} in the {place} is serviced by company number {at}{zlib.crc32((thing + place).encode())}. "
                f"Its manual lies beside the {thing}, in the {place}'s grey cupboard."
            )
            passages.append(Passage.create(Document.create(uri=f"{thing}-{place}", text=text), 0, text))
    return passages


class Searched:
    """Searches a corpus by vectors, and counts."""

    def __init__(self, passages: Sequence[Passage], encoder: Bags) -> None:
        """Embed the passages."""
        self.passages, self.encoder, self.asked = list(passages), encoder, 0
        self._vectors = encoder.encode_passages([passage.text for passage in passages])

    def __call__(self, question: str, vector: NDArray[np.float32], gone: Collection[str]) -> list[Hit]:
        """Return the three nearest."""
        self.asked += 1
        near = (self._vectors @ vector) * self.encoder.scale
        order = [at for at in np.argsort(-near) if self.passages[at].document_id not in gone][:3]
        return [
            Hit(passage=self.passages[at], rank=rank, score=float(near[at]))
            for rank, at in enumerate(order, 1)
        ]


def made(passages: Sequence[Passage], scale: float = 1.0, **more: object) -> Calibration:
    """Calibrate over passages."""
    encoder = Bags(scale)
    return calibrate(
        passages,
        Searched(passages, encoder),
        encoder=encoder,
        total=len(passages),
        change=7,
        **more,  # type: ignore[arg-type]
    )


def test_a_calibration_says_what_it_rests_on() -> None:
    """Passages, questions and the last change."""
    calibration = made(corpus())

    assert (60, 60, 7) == (calibration.passages, calibration.questions, calibration.change)
    assert PRIOR.signs == calibration.signs


def test_the_same_documents_and_seed_give_the_same_calibration() -> None:
    """It is part of the release's digest."""
    assert made(corpus(), seed=3) == made(corpus(), seed=3)
    assert made(corpus(), seed=3) != made(corpus(), seed=4)


def test_a_calibration_survives_json() -> None:
    """It is stored with the release."""
    calibration = made(corpus())

    assert calibration == from_json(Calibration, to_json(Calibration, calibration))


def test_common_words_are_less_rare() -> None:
    """Words of every passage weigh little, words of one much, unknown ones as much as that or more."""
    common = counted(corpus())
    rarity = dict(zip(common.common, common.rarity, strict=True))

    assert rarity["manual"] < rarity["pump"] < common.rare


def test_no_more_than_so_many_words_are_kept() -> None:
    """A release's record stays small, however many words the documents have; the others count as rare."""
    texts = [" ".join(f"w{at}x{n}" for n in range(40)) + " everywhere" for at in range(100)]
    common = counted([Passage.create(Document.create(uri=text, text=text), 0, text) for text in texts])

    assert 1_500 == len(common.common)
    assert "everywher" == common.common[0]
    assert common.rare >= max(common.rarity)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_with_hardly_a_document_the_prior_stays(count: int) -> None:
    """Neither slope nor bias is learned from two questions."""
    calibration = made(corpus()[:count])

    assert np.allclose(PRIOR.weights, calibration.weights, rtol=0.1)
    assert abs(PRIOR.bias - calibration.bias) < 1


def test_smaller_cosines_all_over_are_made_up_for() -> None:
    """A newly trained encoder's passages are as good as before: half of the shrinking is taken back, or more."""
    signs = Signs(nearest=0.55, first=0.7, together=0.7, weight=2.5)
    shrunk = replace(signs, nearest=0.55 * 0.7)
    before, after = made(corpus()), made(corpus(), scale=0.7)
    lost = probability_of(signs, before) - probability_of(shrunk, before)

    assert after.usual < before.usual
    assert probability_of(signs, before) - probability_of(shrunk, after) < lost / 2


def test_questions_with_and_without_their_documents_are_told_apart() -> None:
    """On the documents that it was made of."""
    passages, encoder = corpus(), Bags()
    observed = observe(passages, Searched(passages, encoder), encoder=encoder)
    calibration = fitted(observed)
    with_it, without = (
        np.mean([probability_of(seen.signs, calibration) for seen in observed.made if seen.answered is told])
        for told in (True, False)
    )

    assert with_it > without + 0.2
    assert calibration.usual == round(usual_of(observed), 3)


def test_questions_of_people_count() -> None:
    """Where they are answered by passages that look unlikely, such passages are more likely to answer."""
    passages = corpus()
    asked = [
        Asked(
            question=f"broken {thing}",
            documents=frozenset(passage.document_id for passage in passages if thing in passage.text),
        )
        for thing in THINGS
    ]
    low = Signs(nearest=0.2, first=0.5, together=0.5, weight=1.5)
    alone, informed = made(passages), made(passages, asked=asked)

    assert alone.questions + 10 == informed.questions
    assert probability_of(low, informed) > probability_of(low, alone)


def test_the_work_is_bounded_and_can_be_stopped() -> None:
    """However many passages there are; progress is told."""
    passages, encoder = corpus() * 10, Bags()
    searched = Searched(passages, encoder)
    told: list[tuple[int, int]] = []
    calibrate(
        passages,
        searched,
        encoder=encoder,
        total=600,
        change=0,
        progress=lambda done, of: told.append((done, of)),
    )

    assert 400 >= searched.asked
    assert (200, 200) == told[-1]

    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        calibrate(passages, searched, encoder=encoder, total=600, change=0, check=stop)


def test_made_questions_are_sentences_with_words_left_out() -> None:
    """They say which document they were made of; what has no sentence is asked for by what it has."""
    passages = [*corpus()[:5], Passage.create(Document.create(uri="x", text="Fax: 17"), 0, "Fax: 17")]
    questions = list(made_questions(passages, seed=5))

    for question in questions:
        (document,) = question.documents
        (passage,) = (each for each in passages if each.document_id == document)
        assert set(question.question.split()) <= set(re.findall(r"\w+(?:['.]\w+)*", passage.text))
    assert len(questions) >= 5
