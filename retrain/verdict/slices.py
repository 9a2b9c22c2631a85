"""Which questions are measured apart: by origin, topic, age of the document, length.

Every slice is a set of rows of the same figures, so none costs another search.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from rag.ports import Vectors
from rag.text.stop_words import stop_words
from retrain.domain import EvalQuestion

ANCHORS, GUARD, ROBUSTNESS = "anchors", "guard", "robustness"
"""Slices that are no part cut out by a property: what a live release has answered, a general-domain set, and other
wordings of the gate's questions."""

TOPICS = 8
"""Most topic slices."""
PER_TOPIC = 50
"""Questions a topic has on average at least, so that its figures say something."""
SHORT = 6
"""Words up to which a question is short."""

Rows = NDArray[np.int64]


def partitions(
    questions: Sequence[EvalQuestion],
    vectors: Vectors,
    updated: Mapping[str, datetime],
    tenants: Mapping[str, str],
    *,
    seed: int,
) -> dict[str, Rows]:
    """Return slice name -> rows of its questions, in the order of names' kinds.

    `vectors` are the questions' embeddings by the incumbent, shape (questions, dimension). `updated` is document id ->
    when it was last changed, as far as that is known; `tenants` is passage id -> whose it is.
    """
    kinds = {
        "origin": [str(question.origin) for question in questions],
        "topic": _topics(questions, vectors, seed),
        "age": _ages(questions, updated),
        "length": ["short" if len(q.text.split()) <= SHORT else "long" for q in questions],
        "tenant": [min((tenants[p] for p in q.relevant if p in tenants), default="") for q in questions],
    }
    found = {}
    for kind, labels in kinds.items():
        distinct = sorted(set(labels) - {""})
        # A slice that is everything says nothing new; origins are always named.
        if len(distinct) > 1 or (kind == "origin" and distinct):
            for label in distinct:
                found[f"{kind}={label}"] = np.flatnonzero(np.array(labels) == label)
    return found


def _ages(questions: Sequence[EvalQuestion], updated: Mapping[str, datetime]) -> list[str]:
    """Return "new" for questions whose newest document was changed after the median one, else "old"; "": unknown."""
    newest = [max((updated[d] for d in q.documents if d in updated), default=None) for q in questions]
    known = sorted(moment for moment in newest if moment is not None)
    if not known:
        return [""] * len(questions)
    middle = known[(len(known) - 1) // 2]
    return ["" if moment is None else "new" if moment > middle else "old" for moment in newest]


def _topics(questions: Sequence[EvalQuestion], vectors: Vectors, seed: int) -> list[str]:
    """Return the name of each question's k-means cluster: its number and the words it is known by."""
    count = min(TOPICS, len(questions) // PER_TOPIC)
    if count < 2:
        return [""] * len(questions)
    from sklearn.cluster import KMeans  # noqa: PLC0415  # dear to import, and few commands cluster

    numbers = KMeans(count, n_init=4, random_state=seed).fit_predict(np.asarray(vectors, dtype=np.float64))
    overall = Counter(word for question in questions for word in _words(question.text))
    names = {}
    for number in range(count):
        texts = [q.text for q, own in zip(questions, numbers, strict=True) if own == number]
        words = Counter(word for text in texts for word in _words(text))
        # Common here and not common everywhere: count times share of all its uses.
        best = sorted(words, key=lambda word: (-(words[word] ** 2) / overall[word], word))[:3]
        names[number] = f"{number} {' '.join(best)}".strip()
    return [names[int(number)] for number in numbers]


def _words(text: str) -> set[str]:
    words = {word.strip(".,;:!?()[]\"'").casefold() for word in text.split()}
    return {word for word in words if len(word) > 2} - stop_words("english")
