"""Evidence -> how likely it is that the hits answer the question: by cosines, and by what is asked for as typed."""

import math
import re
from collections.abc import Sequence
from functools import lru_cache

from rag.domain import Calibration, Evidence, Support
from rag.ports import Encoder
from rag.questions.support.signs import NAMES, Rarity, Signs, read_signs
from rag.text.codes import codes
from rag.text.forms import plain
from rag.text.overlap import content, words

PRIOR = Calibration(signs=NAMES, weights=(5.8, 2.9, 0.9, 1.2), bias=-9.4, passages=0, questions=0, change=0)
"""Used for releases that were not fitted to documents yet. `benchmarks/answer_refusal.py --fit` makes it."""
_CERTAIN, _LIKELY, _HARDLY = 0.95, 0.6, 0.03
"""Probabilities that what is typed exactly stands for."""

_TYPED = re.compile(r"[^\W_]+(?:[-_./:+][^\W_]+)*")
_AROUND = " \t\n?!.:"
"""What may stand around a code that is all of a question."""
_RARE = 4
"""Tokens of a word that the encoder has hardly seen: it knows common words whole."""
_LONG_NUMBER = 4  # digits
_COVERED = 0.8
"""Share of the question's content, in tokens, that one passage must hold beside its rare word."""
_NEAR = 0.4
"""Cosine below which a passage as a whole is far; a statement has to reach it to be support."""
_NEARER = 0.2
"""How much nearer than that it has to be where it has few of the question's words."""
_MOSTLY = 0.6
"""Share of the question's words that are not few."""
_MOST_WORDS = 30  # of a question; a longer one says enough for a vector
_OTHER_WORDS = 0.2
"""Share of the question's words that the hits have together, below which it is asked in other words than theirs."""
_AS_NEAR = 0.1
"""How much nearer than a question made of a passage's own words such a question has to be."""
_TOLD = 3  # missing words that a reason names


def judge(
    evidence: Evidence,
    calibration: Calibration | None = None,
    *,
    encoder: Encoder,
    names: Sequence[str] = (),
) -> Support:
    """Return how likely it is that the hits answer the question, by the signs and their weights.

    What is typed exactly weighs more, as vectors hardly tell E-1042 from E-1043:

    - a code that is asked for and stands in a hit is support;
    - a code that stands in none of them, where others of its sort do or a text on the matter would have it, is evidence
      against: what was found is about something else. Of several codes one is enough.

    A passage that is nearer than usual even for questions in its own words is support where hardly a word is shared:
    the question may be asked in another language. Where all passages are far, two things are support nevertheless:

    - a word that the encoder hardly knows (a name), where a passage has it as typed and nearly all else that the
      question is about;
    - a statement that is nearer by far, or near and has most words of the question: a passage of many small matters, as
      a list of questions and answers, is near to none of them.

    Args:
        evidence: what was found and read for the question.
        calibration: the release's; None: the one for any documents.
        encoder: the release's.
        names: those that the question has from the ones before it; they count as rare words.
    """
    if not evidence.hits:
        return Support(probability=0.0, reason="nothing was found")
    fitted = calibration or PRIOR
    question = evidence.question
    signs = read_signs(question, evidence.hits, _rarity(fitted), names=names)
    probability = probability_of(signs, fitted)
    if asked := codes(question):
        texts = [plain(hit.passage.embedded_text) for hit in evidence.hits]
        whole = plain(question).strip(_AROUND)
        telling = [code for code in asked if code.telling or code.typed == whole]
        if any(code.stands_in(text) for code in telling for text in texts):
            return Support(probability=max(probability, _CERTAIN), reason="a passage has the code asked for")
        if all(code.is_missed_in(texts) for code in asked):
            return Support(probability=min(probability, _HARDLY), reason="no passage has the code asked for")
    if signs.together < _OTHER_WORDS and signs.nearest >= fitted.usual + _AS_NEAR:
        return Support(probability=max(probability, _LIKELY), reason="a passage is near, in other words")
    if probability < _LIKELY and signs.nearest < _NEAR:
        if _is_named(question, [plain(hit.passage.embedded_text) for hit in evidence.hits], encoder, names):
            return Support(probability=_LIKELY, reason="a passage has the rare name asked for")
        if _is_said(evidence):
            return Support(probability=_LIKELY, reason="a sentence is near to the question")
    return Support(probability=probability, reason=_told(signs))


def probability_of(signs: Signs, calibration: Calibration) -> float:
    """Return what a calibration makes of the signs."""
    known = dict(zip(NAMES, signs.values, strict=True))
    total = calibration.bias + sum(
        weight * known[name] for name, weight in zip(calibration.signs, calibration.weights, strict=True)
    )
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


@lru_cache(maxsize=8)
def _rarity(calibration: Calibration) -> Rarity:
    return Rarity(calibration)


def _told(signs: Signs) -> str:
    """Return the signs as a person reads them."""
    missing = ", ".join(f"“{word}”" for word in signs.missing[:_TOLD])
    return (
        f"the nearest passage has cosine {signs.nearest:.2f}, the first one {signs.first:.0%} of the question's words"
        + (f"; none has {missing}" if missing else "")
    )


def _is_said(evidence: Evidence) -> bool:
    """Tell whether one of the statements that stand beside others says what the question is about."""
    about = content(evidence.question)
    near = evidence.vectors @ evidence.vector  # (n,)
    return any(
        each.beside
        and shared
        and cosine
        >= _NEAR + _NEARER * (sum(word in words(each.seen) for word in about) < _MOSTLY * len(about))
        for each, cosine, shared in zip(evidence.said, near.tolist(), evidence.shared.tolist(), strict=True)
    )


def _is_named(question: str, texts: Sequence[str], encoder: Encoder, names: Sequence[str]) -> bool:
    """Tell whether a text has a rare word of the question as typed, and nearly all of what else it is about."""
    typed = [each.casefold() for each in _TYPED.findall(plain(question))[:_MOST_WORDS]]
    about = sorted(content(question))[:_MOST_WORDS]
    given = {plain(name).casefold() for name in names}
    costs = encoder.count_tokens([*typed, *about])
    rare = [
        each
        for each, cost in zip(typed, costs, strict=False)
        if cost >= _RARE or each in given or (each.isdecimal() and len(each) >= _LONG_NUMBER)
    ]
    if not rare:
        return False
    weight = dict(zip(about, costs[len(typed) :], strict=True))
    for text in texts:
        low = text.casefold()
        if not any(re.search(rf"(?<![^\W_]){re.escape(each)}(?![^\W_])", low) for each in rare):
            continue
        there = words(text)
        if sum(cost for word, cost in weight.items() if word in there) >= _COVERED * sum(weight.values()):
            return True
    return False
