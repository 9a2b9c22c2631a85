"""Does a new index answer as it was evaluated? Compared with exact search over the corpus.

Whether the index holds the right passages and vectors is asked elsewhere (`rag.indexing.Indexing.verify`).
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.indexing import Embedder
from rag.ports import DocumentStore, Encoder, PassageIndex

TIE = 1e-4
"""Two cosines this close are a tie: whichever of the passages is found is right."""

AGREEMENT = 0.99
"""Share of the passages found that must be right; an approximate index may miss a few."""


def verify_answers(
    questions: Sequence[str],
    *,
    encoder: Encoder,
    embedder: Embedder,
    index: PassageIndex,
    documents: DocumentStore,
    tenant: str,
    limit: int = 10,
    check: Callable[[], None] = lambda: None,
) -> list[str]:
    """Search each question in the index and exactly; give what differs, in sentences. None means: all is well.

    Args:
        questions: the sample; their count times `limit` passages are compared.
        encoder: the release's.
        embedder: embeds passages with the same encoder; the corpus passes through it once.
        index: what is verified.
        documents: the corpus.
        tenant: whose passages are searched.
        limit: passages asked for with each question.
        check: called between batches; may raise to stop.
    """
    if not questions:
        return []
    queries = encoder.encode_queries(questions)  # (questions, dimension)
    found = [
        [each.passage.id for each in index.search(query, tenant=tenant, limit=limit)] for query in queries
    ]
    scores: list[dict[str, float]] = [{} for _ in questions]
    best = np.empty((len(questions), 0), dtype=np.float32)  # (questions, at most limit), in no order
    for passages in documents.all_passages(tenant=tenant):
        check()
        exact = queries @ embedder.passages(passages).T  # (questions, passages)
        best = _largest(np.concatenate([best, exact], axis=1), limit)
        column = {passage.id: at for at, passage in enumerate(passages)}
        for row, ids in enumerate(found):
            scores[row] |= {id_: float(exact[row, column[id_]]) for id_ in ids if id_ in column}
    return _differences(questions, found, scores, best)


def _largest(values: NDArray[np.float32], limit: int) -> NDArray[np.float32]:
    """Keep the `limit` largest of each row: (rows, n) to (rows, min(n, limit))."""
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
