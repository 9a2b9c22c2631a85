"""How likely it is that the passages found answer a question, and what that rests on."""

from dataclasses import dataclass

WEAK = 0.3
"""Support below which an answer is told as weakly supported: of questions that have an answer as often as not, two of
three with less support had none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """What turns the signs of support into a probability, for one release and the documents it was fitted on.

    Of numbers and names alone, so that it can be written as JSON: it is part of the release and of its digest.
    """

    signs: tuple[str, ...]  # names, in the order of the weights
    weights: tuple[float, ...]  # of a logistic regression, one a sign
    bias: float
    passages: int  # in the index when it was fitted
    questions: int  # made of the documents, and people's, that it rests on
    change: int  # last change of the documents it has seen
    common: tuple[str, ...] = ()  # the words that stand in most passages, as stems
    rarity: tuple[float, ...] = ()  # of each of them: logarithm of passages per passage that has it
    rare: float = 4.6  # rarity of every other word
    usual: float = 0.59  # nearest hit's cosine to a question made of a passage that is found


@dataclass(frozen=True, kw_only=True, slots=True)
class Support:
    """How likely it is that the passages found answer the question."""

    probability: float  # 0 to 1, where as many questions have an answer as have none
    reason: str = ""  # what it rests on, in a person's words

    @property
    def is_weak(self) -> bool:
        """Whether an answer from these passages is wrong so often that whoever asked should look at its sources."""
        return self.probability < WEAK
