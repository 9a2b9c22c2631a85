"""Questions -> topics: those about one thing together, named by their words."""

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from monitoring.attribution.forms import Forms
from monitoring.attribution.naming import telling_words
from monitoring.domain import Topic, Watched
from rag.ports import Vectors

Rows = NDArray[np.int64]

_MOST_TOPICS = 8
_SMALLEST = 5  # questions of a topic, on average, at the most topics that are tried
_APART = 0.06
"""Silhouette below which questions are taken for one topic: that of vectors without groups is at most 0.04."""
_EXAMPLES = 3
_NEAREST = 5  # documents


def clusters(vectors: Vectors, *, seed: int) -> list[Rows]:
    """Return the rows of vectors of unit length, shape (n, dimension), in groups, the largest first.

    k-means, k from 2 to 8 by the mean silhouette (Rousseeuw 1987), one group where none separates them.
    """
    count = len(vectors)
    together = [np.arange(count, dtype=np.int64)]
    most = min(_MOST_TOPICS, count // _SMALLEST)
    if most < 2:
        return together if count else []
    from sklearn.cluster import KMeans  # noqa: PLC0415  heavy, and not needed to import a step
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415
    from sklearn.metrics import silhouette_score  # noqa: PLC0415

    best, score = together, _APART
    for k in range(2, most + 1):
        with warnings.catch_warnings():
            # Questions that are the same give fewer groups than are asked for.
            warnings.simplefilter("ignore", ConvergenceWarning)
            labels = KMeans(k, n_init=3, random_state=seed).fit_predict(vectors)
        if 2 <= len(set(labels)) < count and (apart := float(silhouette_score(vectors, labels))) > score:
            best, score = [np.flatnonzero(labels == label) for label in np.unique(labels)], apart
    return sorted(best, key=lambda rows: (-len(rows), int(rows[0])))


def topic_of(
    questions: Watched,
    rows: Rows,
    *,
    of: int,
    texts: Mapping[str, str],
    before: Forms,
    hits: Mapping[str, Sequence[str]],
) -> Topic:
    """Return what questions at these rows are about; `of` is how many questions carry the evidence in all."""
    members = questions.pick(rows)
    middle = members.vectors.mean(axis=0)
    ids = members.interactions
    nearest = np.argsort(-(members.vectors @ middle), kind="stable")
    found: Counter[str] = Counter()
    for each in ids:
        for rank, document in enumerate(dict.fromkeys(hits.get(each, ())), start=1):
            found[document] += 60 // rank  # the first counts most
    return Topic(
        words=telling_words([texts[each] for each in ids if texts.get(each)], before.content),
        share=min(len(ids) / max(of, 1), 1.0),
        count=len(ids),
        examples=tuple(ids[row] for row in nearest[:_EXAMPLES]),
        interactions=ids,
        refused=mean_of(members.refused),
        bad=mean_of(np.where(np.isnan(members.rating), np.nan, members.rating < 0)),
        nearest=tuple(document for document, _ in found.most_common(_NEAREST)),
    )


def mean_of(figures: NDArray[np.float64]) -> float | None:
    """Return the mean of those that are known; None where none is."""
    known = figures[~np.isnan(figures)]
    return float(known.mean()) if len(known) else None
