"""What all sources of questions share: how a pair is made, what a source mines, and what was left out.

Positives are passages of the corpus, never text that a user or a model wrote. What is left out is counted
with its reason.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from rag.domain import Passage
from rag.text.wording import normal, words
from retrain.dataset.wording import one_line, without
from retrain.domain import Excerpt, Origin, TrainingPair

PassagesOf = Callable[[Collection[str]], Mapping[str, Sequence[Passage]]]
"""Returns document id -> its passages by position, as `DocumentStore.passages_of` does."""

Find = Callable[[Sequence[str], int], list[list[str]]]
"""Returns for each question the ids of at most so many passages, best first, as a strong retriever finds them."""


EXCERPTS: frozenset[str] = frozenset(Excerpt)
"""Kinds of pairs whose question is a passage's own words: they only train."""

FEWEST_QUESTION_WORDS = 3
FEWEST_PASSAGE_WORDS = 5
"""A passage that is left with fewer once its question is cut out of it teaches nothing."""
MOST_QUESTION_CHARS = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class MinedPairs:
    """Pairs from one source, and what was left out."""

    pairs: tuple[TrainingPair, ...]
    dropped: Mapping[str, int] = field(default_factory=dict)  # reason -> how many
    negatives: Mapping[str, tuple[Passage, ...]] = field(
        default_factory=dict
    )  # question in normal form -> passages that people said do not answer it


def make_pair(
    question: str,
    passage: Passage,
    origin: Origin,
    dropped: Counter[str],
    *,
    kind: str,
    cut: bool = True,
) -> TrainingPair | None:
    """Return the pair, or count in `dropped` why there is none.

    Where the question stands word for word in the passage's text, it is left out of it, unless `cut` is False.
    """
    question = one_line(question)
    if not words(question):
        dropped["blank"] += 1
        return None
    if len(question) > MOST_QUESTION_CHARS:
        dropped["too long"] += 1
        return None
    text = without(passage.embedded_text, question) if cut else passage.embedded_text
    if len(words(text)) < FEWEST_PASSAGE_WORDS:
        dropped["hardly any text beside the question"] += 1
        return None
    return TrainingPair(
        question=question,
        passage_id=passage.id,
        document_id=passage.document_id,
        passage_text=text,
        origin=origin,
        kind=kind,
    )


def take(pair: TrainingPair, found: dict[tuple[str, str], TrainingPair], dropped: Counter[str]) -> None:
    """Add a pair to those found, each question and passage once."""
    key = (normal(pair.question), pair.passage_id)
    dropped["the same question and passage"] += key in found
    found.setdefault(key, pair)


def order(*parts: str) -> str:
    """Return a number, as text, that is arbitrary and always the same."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def counted(dropped: Counter[str]) -> dict[str, int]:
    """Return what was left out, by reason, for a manifest."""
    return {reason: count for reason, count in sorted(dropped.items()) if count}
