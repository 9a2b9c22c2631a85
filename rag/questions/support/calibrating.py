"""A release's documents -> its calibration: questions made of them, with and without the document that answers.

Three things are taken from the documents: which words are common in them, how near the encoder's vectors of a question
and its passage are, and by what signs questions that have an answer differ from those that have none. The last is drawn
to what holds for any documents (`PRIOR`), as made questions are not people's; few documents stay with it.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rag.domain import Calibration, Hit, Passage
from rag.ports import Encoder
from rag.questions.support.judging import PRIOR
from rag.questions.support.signs import NAMES, Rarity, Signs, read_signs
from rag.text.overlap import content, words
from rag.text.statements import statements

Search = Callable[[str, NDArray[np.float32], Collection[str]], Sequence[Hit]]
"""Question, its vector and the ids of documents that are taken for gone -> its hits, as a live request gets them."""
Numbers = NDArray[np.float64]

MOST = 200
"""Passages that questions are made of."""
MOST_ASKED = 300
"""Questions of people that are looked at: the first ones."""
_MOST_READ = 2_000
"""Passages whose words are counted."""
_MOST_COMMON = 1_500
"""Words whose rarity is kept; the others count as twice as rare as the last of them."""
_FEW = 50
"""Passages that a small corpus is filled up to with passages that hold none of its words."""
_KEPT = 0.6
"""Share of a sentence's words that a question made of it keeps."""
_LONGEST = 14  # words of a made question
_SHORTEST = 4  # words of a sentence that one is made of, common ones aside
_WORD = re.compile(r"\w+(?:[-'’.]\w+)*")
_SHIFTED = 0.5
"""Share of the distance to it that is taken from a release's cosines. Of what a corpus differs in, some is real."""
_USUAL_WEIGHT = 20.0
"""Weight of the usual cosine, in made questions."""
_MOST_WEIGHT = 100.0
"""Weight of the made questions with their documents, and of those without, at most."""
_PRIOR_WEIGHT = 30.0
"""How strongly slope and bias are drawn to those that hold for any documents."""
_PERSON = 1.0
"""Weight of a person's question, with and without its documents; a made one's is half."""
_STEEPEST = 2.0
"""Bounds of the slope: this, and one by it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A person's question, and the documents that answer it."""

    question: str
    documents: frozenset[str]  # ids; empty: none answers


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A question's signs."""

    signs: Signs
    answered: bool  # a document that answers is among the hits


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """What questions look like over a release's documents."""

    words: Calibration  # with the words that are common, and no more
    made: tuple[Seen, ...]
    people: tuple[Seen, ...]
    questions: int


def calibrate(
    passages: Sequence[Passage],
    search: Search,
    *,
    encoder: Encoder,
    total: int,
    change: int,
    asked: Sequence[Asked] = (),
    seed: int = 17,
    check: Callable[[], None] = lambda: None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Calibration:
    """Return how support is estimated over these documents; the same for the same documents and seed.

    Made questions are sentences with words left out. Some seconds on two cores: `MOST` made questions and `MOST_ASKED`
    of people at most, each searched for twice.

    Args:
        passages: a sample of the index's, in any order; some thousand are enough.
        search: asks the release's index.
        encoder: the release's.
        total: passages in the index.
        change: last change of the documents that the index has seen.
        asked: questions of people whose answers are known, where there are any. They count for more.
        seed: of the draw.
        check: called before each question; what it raises ends the work.
        progress: told how many questions are done, and of how many.
    """
    observed = observe(
        passages, search, encoder=encoder, asked=asked, seed=seed, check=check, progress=progress
    )
    return replace(fitted(observed), passages=total, change=change)


def observe(
    passages: Sequence[Passage],
    search: Search,
    *,
    encoder: Encoder,
    asked: Sequence[Asked] = (),
    seed: int = 17,
    check: Callable[[], None] = lambda: None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Observed:
    """Return what questions look like with and without the documents that answer them; see `calibrate`."""
    drawn = [passages[at] for at in np.random.default_rng(seed).permutation(len(passages))]
    common = counted(drawn[:_MOST_READ])
    known = Rarity(common)
    made, people = list(made_questions(drawn[:MOST], seed=seed)), asked[:MOST_ASKED]
    seen: dict[bool, list[Seen]] = {True: [], False: []}
    for at, each in enumerate([*made, *people]):
        check()
        vector = encoder.encode_queries([each.question])[0]
        for gone in ((), each.documents) if each.documents else ((),):
            hits = search(each.question, vector, gone)
            found = not gone and any(hit.passage.document_id in each.documents for hit in hits)
            # What was not found although it is there teaches nothing about questions without an answer.
            if hits and (found or gone or not each.documents):
                signs = read_signs(each.question, hits, known)
                seen[at < len(made)].append(Seen(signs=signs, answered=found))
        progress(at + 1, len(made) + len(people))
    return Observed(
        words=common, made=tuple(seen[True]), people=tuple(seen[False]), questions=len(made) + len(people)
    )


def fitted(observed: Observed, prior: Calibration = PRIOR) -> Calibration:
    """Return the calibration that what was observed makes of one for any documents."""
    known = observed.words
    start = replace(prior, common=known.common, rarity=known.rarity, rare=known.rare)
    usual = usual_of(observed)
    moved = replace(start, usual=round(usual, 3), bias=start.bias - _nearness(start) * shift(usual))
    made = _adjusted(moved, observed.made, most=_MOST_WEIGHT)
    people = _adjusted(made, observed.people, each=_PERSON)
    return replace(people, questions=observed.questions)


def counted(passages: Sequence[Passage]) -> Calibration:
    """Return the calibration for any documents, with the words that are common in these passages."""
    bags = Counter(word for passage in passages for word in words(passage.embedded_text))
    common = sorted(bags.items(), key=lambda each: (-each[1], each[0]))[:_MOST_COMMON]
    last = common[-1][1] / 2 if len(bags) > _MOST_COMMON else 0.0

    def rarity(holding: float) -> float:
        return round(math.log((len(passages) + _FEW) / (holding + 0.5)), 2)

    return replace(
        PRIOR,
        common=tuple(word for word, _ in common),
        rarity=tuple(rarity(holding) for _, holding in common),
        rare=rarity(last),
    )


def made_questions(passages: Sequence[Passage], *, seed: int) -> Iterator[Asked]:
    """Yield for each passage one of its sentences with two fifths of the words left out."""
    draws = np.random.default_rng(seed)
    for passage in passages:
        told = [each.text for each in statements(passage.text) if len(content(each.text)) >= _SHORTEST]
        told = told or [passage.embedded_text]
        sentence = _WORD.findall(told[draws.integers(len(told))])
        kept = [word for word in sentence if draws.random() < _KEPT][:_LONGEST]
        if kept:
            yield Asked(question=" ".join(kept), documents=frozenset({passage.document_id}))


def usual_of(observed: Observed) -> float:
    """Return the mean cosine of made questions and their nearest hit, where their passages were found."""
    nearest = [seen.signs.nearest for seen in observed.made if seen.answered]
    return (sum(nearest) + _USUAL_WEIGHT * PRIOR.usual) / (len(nearest) + _USUAL_WEIGHT)


def shift(usual: float) -> float:
    """Return by how much a release's cosines count as larger than those that the prior was fitted with.

    A newly trained encoder's are smaller all over; the same passage is then as good an answer as before.
    """
    return _SHIFTED * (usual - PRIOR.usual)


def _nearness(calibration: Calibration) -> float:
    return dict(zip(calibration.signs, calibration.weights, strict=True)).get(NAMES[0], 0.0)


def _adjusted(
    calibration: Calibration, seen: Sequence[Seen], *, each: float = 0.5, most: float = math.inf
) -> Calibration:
    """Return the calibration with slope and bias as the questions ask for, drawn to what they were.

    Platt's scaling (1999), with answered and unanswered questions of the same weight, by Newton's steps.
    """
    answered = np.array([one.answered for one in seen], dtype=bool)
    right, wrong = int(answered.sum()), int((~answered).sum())
    if not right or not wrong:
        return calibration
    weights = np.array(calibration.weights)
    logits = np.array([_of(one.signs, calibration) for one in seen]) @ weights + calibration.bias
    share = min(each * (right + wrong), most)
    balance = np.where(answered, share / right, share / wrong)  # (n,)
    start = np.array([1.0, 0.0])
    at = start.copy()
    rows = np.column_stack([logits, np.ones(len(logits))])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-np.clip(rows @ at, -30, 30)))
        slope = rows.T @ (balance * (answered - chance)) - _PRIOR_WEIGHT * (at - start)
        bend = (rows * (balance * chance * (1 - chance))[:, None]).T @ rows + _PRIOR_WEIGHT * np.eye(2)
        at = at + np.clip(np.linalg.solve(bend, slope), -1, 1)
    steep, bias = min(max(float(at[0]), 1 / _STEEPEST), _STEEPEST), float(at[1])
    return replace(
        calibration,
        weights=tuple(round(steep * each, 4) for each in calibration.weights),
        bias=round(steep * calibration.bias + bias, 4),
    )


def _of(signs: Signs, calibration: Calibration) -> list[float]:
    known = dict(zip(NAMES, signs.values, strict=True))
    return [known[name] for name in calibration.signs]
