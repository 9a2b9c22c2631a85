"""Does a new index answer as it was evaluated? Compared with exact search, and with the release's trial.

Whether the index holds the right passages and vectors is asked elsewhere (`rag.releases.indexing.Indexing.verify`).
"""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.ports import DocumentStore, EmbeddingCache, Found, PassageIndex
from rag.questions.finding.retrieval import Pinned
from rag.releases.models import LoadedRelease
from rag.releases.trials import Scratch, Trial, trial
from rag.releases.vectors import ReleaseVectors

TIE = 1e-4
"""Two cosines this close are a tie: whichever of the passages is found is right."""

AGREEMENT = 0.99
"""Share of the passages found that must be right; an approximate index may miss a few."""

AS_TRIED = 0.95
"""Share of the passages that index and trial must have in common; equal scores at the end of a list may differ."""


def verify_answers(
    questions: Sequence[str],
    *,
    loaded: LoadedRelease,
    index: PassageIndex,
    documents: DocumentStore,
    cache: EmbeddingCache,
    scratch: Scratch,
    tenant: str,
    limit: int = 10,
    check: Callable[[], None] = lambda: None,
) -> list[str]:
    """Return what the index does not find as it should, in sentences; an empty list: all is well.

    By vectors alone the index has to find what exact search over the release's vectors finds. Where the release does
    more (words, a cross-encoder), its whole retrieval has to find what it finds in a trial over the corpus.

    The sample's questions times `limit` passages are compared. The corpus is read once, twice where the release does
    more. `check` is called between batches, and may raise to stop.
    """
    if not questions:
        return []
    problems = _by_vectors(
        questions, loaded, index, documents, cache=cache, tenant=tenant, limit=limit, check=check
    )
    retrieval = loaded.release.retrieval
    if problems or (retrieval.dense_weight >= 1 and loaded.reranker is None):
        return problems
    pinned = Pinned(
        epoch=0, release=loaded.release, encoder=loaded.encoder, index=index, reranker=loaded.reranker
    )
    found = Trial(pinned, tenant=tenant).find(questions, limit=limit)
    corpus = documents.all_passages(tenant=tenant)
    with trial(loaded, corpus, tenant=tenant, cache=cache, scratch=scratch, check=check) as tried:
        expected = tried.find(questions, limit=limit)
    return _unlike_trial(questions, found, expected)


def _by_vectors(
    questions: Sequence[str],
    loaded: LoadedRelease,
    index: PassageIndex,
    documents: DocumentStore,
    *,
    cache: EmbeddingCache,
    tenant: str,
    limit: int,
    check: Callable[[], None],
) -> list[str]:
    vectors = ReleaseVectors(loaded.release, loaded.encoder, cache)
    queries = loaded.encoder.encode_queries(questions)  # (questions, dimension)
    found = [
        [each.passage.id for each in index.search(query, tenant=tenant, limit=limit)] for query in queries
    ]
    scores: list[dict[str, float]] = [{} for _ in questions]
    best = np.empty((len(questions), 0), dtype=np.float32)  # (questions, at most limit), in no order
    for passages in documents.all_passages(tenant=tenant):
        check()
        exact = queries @ vectors.of(passages).T  # (questions, passages)
        best = _largest(np.concatenate([best, exact], axis=1), limit)
        column = {passage.id: at for at, passage in enumerate(passages)}
        for row, ids in enumerate(found):
            scores[row] |= {id_: float(exact[row, column[id_]]) for id_ in ids if id_ in column}
    return _differences(questions, found, scores, best)


def _unlike_trial(
    questions: Sequence[str], found: Sequence[Sequence[Found]], expected: Sequence[Sequence[Found]]
) -> list[str]:
    """Return what differs, whatever its order; copies of a text, with equal scores, stand for each other."""
    total = sum(len(wanted) for wanted in expected)
    shared = [(_texts(got) & _texts(wanted)).total() for got, wanted in zip(found, expected, strict=True)]
    if sum(shared) >= AS_TRIED * total:
        return []
    unlike = [
        f"{question[:80]!r}: {same} of the {len(wanted)} passages that the trial finds were found."
        for question, same, wanted in zip(questions, shared, expected, strict=True)
        if same < len(wanted)
    ]
    return [
        f"Only {sum(shared)} of {total} passages are found as in the trial ({AS_TRIED:.0%} are needed).",
        *unlike[:5],
    ]


def _texts(found: Sequence[Found]) -> Counter[str]:
    return Counter(each.passage.text_hash for each in found)


def _largest(values: NDArray[np.float32], limit: int) -> NDArray[np.float32]:
    """Return the `limit` largest of each row: (rows, n) to (rows, min(n, limit))."""
    if values.shape[1] <= limit:
        return values
    return np.partition(values, -limit, axis=1)[:, -limit:]


def _differences(
    questions: Sequence[str],
    found: Sequence[Sequence[str]],
    scores: Sequence[dict[str, float]],
    best: NDArray[np.float32],
) -> list[str]:
    expected = len(questions) * best.shape[1]
    problems = []
    agreed = 0
    for question, ids, known, row in zip(questions, found, scores, best, strict=True):
        floor = float(row.min(initial=1.0)) - TIE
        right = sum(1 for id_ in set(ids) if known.get(id_, -2.0) >= floor)
        agreed += right
        if right < len(row):
            problems.append(
                f"{question[:80]!r}: {right} of the {len(row)} passages that exact search finds were found."
            )
    if agreed >= AGREEMENT * expected:
        return []
    return [
        f"Only {agreed} of {expected} passages are found as in exact search ({AGREEMENT:.0%} are needed).",
        *problems[:5],
    ]
