"""How a question is put, whatever it is about: its length, its small words, whether it asks, its language."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.text.expected import expected
from rag.text.forms import plain
from rag.text.languages import language_of
from rag.text.overlap import content
from rag.text.overlap import words as stems
from rag.text.stop_words import stop_words

Figures = NDArray[np.float64]

_LISTS = ("english", "german", "french", "spanish", "italian", "dutch", "portuguese", "russian")
_SMALL = frozenset().union(*map(stop_words, _LISTS))
_SIGNS = ("?", "？", "؟", ";")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Forms:
    """n questions as they are put; nan, an empty language and no words where the text is not known."""

    words: Figures  # (n,), number of words; of a script without blanks, of pairs of characters
    small: Figures  # (n,), share of small words
    asks: Figures  # (n,), 1: it has a question mark or a question word
    languages: NDArray[np.str_]  # (n,), e.g. "german"; empty: nothing tells
    content: tuple[frozenset[str], ...]  # the stems that carry its topic

    def pick(self, at: NDArray[np.int64]) -> "Forms":
        """Return those at these places."""
        return Forms(
            words=self.words[at],
            small=self.small[at],
            asks=self.asks[at],
            languages=self.languages[at],
            content=tuple(self.content[each] for each in at),
        )


def forms(texts: Sequence[str | None]) -> Forms:
    """Return how questions are put; None: the text is not known."""
    count = len(texts)
    words, small, asks = (np.full(count, np.nan) for _ in range(3))
    languages, topics = [""] * count, [frozenset[str]()] * count
    for row, text in enumerate(texts):
        if not text or not text.strip():
            continue
        counts = stems(text)
        spoken = plain(text).casefold().replace("'", " ").split()
        bare = [word.strip('.,;:!?¿¡()[]"') for word in spoken]
        words[row] = max(counts.total(), 1)
        small[row] = sum(word in _SMALL for word in bare) / max(len(bare), 1)
        asks[row] = float(any(sign in text for sign in _SIGNS) or expected(text) is not None)
        languages[row] = language_of(text)
        topics[row] = frozenset(content(text))
    return Forms(
        words=words,
        small=small,
        asks=asks,
        languages=np.array(languages, dtype=np.str_),
        content=tuple(topics),
    )
