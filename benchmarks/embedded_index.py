"""Claim: the embedded index writes and searches many times faster than qdrant-client's local mode.

Peer: qdrant-client's local mode.

Both keep the same passages (random vectors, words of random texts) of two tenants in a folder that survives the
process, in batches of 256, and answer the same questions by vector and words, confined to one tenant::

    python benchmarks/embedded_index.py --passages 3000
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from measuring import HEAD, in_turn, two_cores
from qdrant_client import QdrantClient, models

from rag.bootstrap import index_store
from rag.domain import Chunking, Document, Passage, Release, Retrieval
from rag.ports import PassageIndex, Vectors
from rag.settings import Settings
from rag.text.sparse import Weighted, Words

DIMENSION = 384
BATCH = 256
WORDS = 80  # in a passage
DENSE_WEIGHT = 0.8
RELEASE = Release.create(
    encoder="e" * 64, dimension=DIMENSION, chunking=Chunking(), retrieval=Retrieval(dense_weight=DENSE_WEIGHT)
)


class LocalMode:
    """The peer: the same points in qdrant-client's local mode, asked as a Qdrant server would be."""

    def __init__(self, folder: Path) -> None:
        self._client = QdrantClient(path=str(folder))
        self._words = Words(RELEASE.retrieval)
        self._client.create_collection(
            "passages",
            vectors_config={
                "dense": models.VectorParams(size=DIMENSION, distance=models.Distance.COSINE),
            },
            sparse_vectors_config={"words": models.SparseVectorParams(modifier=models.Modifier.IDF)},
        )

    def upsert(self, passages: Sequence[Passage], vectors: Vectors) -> None:
        """Write passages with their vectors."""
        points = [
            models.PointStruct(
                id=passage.id,
                vector={
                    "dense": vector.tolist(),
                    "words": _sparse(self._words.passage(passage.embedded_text)),
                },
                payload={
                    "tenant": passage.tenant,
                    "document_id": passage.document_id,
                    "uri": passage.uri,
                    "text": passage.text,
                },
            )
            for passage, vector in zip(passages, vectors, strict=True)
        ]
        self._client.upsert("passages", points)

    def search(self, vector: Vectors, *, tenant: str, limit: int, text: str) -> list[str]:
        """Return the ids of the best passages: the best 100 by vector and by words, all judged by both."""
        own = models.Filter(must=[models.FieldCondition(key="tenant", match=models.MatchValue(value=tenant))])
        by_vector = models.Prefetch(query=vector.tolist(), using="dense", filter=own, limit=100)
        by_words = models.Prefetch(
            query=_sparse(self._words.question(text)),
            using="words",
            filter=own,
            limit=100,
            params=models.SearchParams(idf=models.IdfCorpusParams(corpus=own)),
        )
        both = {"prefetch": [by_vector, by_words], "filter": None, "limit": 200}
        score = models.SumExpression(
            sum=[
                models.MultExpression(mult=[DENSE_WEIGHT, "$score[0]"]),
                # A BM25 score of 20 counts as much as a cosine of 1.
                models.MultExpression(mult=[(1 - DENSE_WEIGHT) / 20, "$score[1]"]),
            ]
        )
        found = self._client.query_points(
            "passages",
            prefetch=[by_vector.model_copy(update=both), by_words.model_copy(update=both)],
            query=models.FormulaQuery(formula=score, defaults={"$score[0]": 0.0, "$score[1]": 0.0}),
            limit=limit,
            with_vectors=["dense"],
        )
        return [str(point.id) for point in found.points]

    def close(self) -> None:
        """Let go of the folder."""
        self._client.close()


def main() -> int:
    """Run the benchmark; give the exit status."""
    options = _options()
    two_cores()
    passages, vectors, questions = made_up(options.passages)
    with tempfile.TemporaryDirectory() as folder:
        ours: list[PassageIndex] = []
        theirs: list[LocalMode] = []

        def write(index: PassageIndex | LocalMode) -> float:
            began = time.perf_counter()
            for start in range(0, len(passages), BATCH):
                index.upsert(passages[start : start + BATCH], vectors[start : start + BATCH])
            return len(passages) / (time.perf_counter() - began)

        def embedded() -> float:
            home = Path(folder) / f"edge-{len(ours)}"
            # An index server that the environment names is not what is measured.
            indexes = index_store(Settings(_env_file=None, home=home, qdrant_url=None))
            ours.append(indexes.open(RELEASE, create=True))
            return write(ours[-1])

        def local_mode() -> float:
            theirs.append(LocalMode(Path(folder) / f"local-{len(theirs)}"))
            return write(theirs[-1])

        written = in_turn(embedded, local_mode, rounds=options.rounds)
        asked = in_turn(_asking(ours[0], questions), _asking(theirs[0], questions), rounds=options.rounds)
        for index in ours:
            index.close()
        for peer in theirs:
            peer.close()
    print(HEAD)
    print(written.row(f"writing {len(passages):,} passages", "passages/s", ""))
    print(asked.row("questions by vector and words, one tenant of two", "questions/s", ""))
    return 0


def made_up(count: int) -> tuple[list[Passage], Vectors, list[tuple[str, Vectors]]]:
    """Make passages of two tenants with words as uneven as those of a language, and twenty questions."""
    draws = np.random.default_rng(17)

    def text(words: int) -> str:
        return " ".join(f"w{number}" for number in draws.zipf(1.3, words) % 30_000)

    def unit(rows: int) -> Vectors:
        values: Vectors = draws.normal(size=(rows, DIMENSION)).astype(np.float32)
        values /= np.linalg.norm(values, axis=1, keepdims=True)
        return values

    passages = []
    for number in range(count):
        document = Document.create(uri=f"{number}.txt", text="", tenant="one" if number % 2 else "other")
        passages.append(Passage.create(document, 0, text(WORDS)))
    questions = [(text(8), vector) for vector in unit(20)]
    return passages, unit(count), questions


def _sparse(words: Weighted) -> models.SparseVector:
    return models.SparseVector(indices=words.indices, values=words.values)


def _asking(index: PassageIndex | LocalMode, questions: list[tuple[str, Vectors]]) -> Callable[[], float]:
    def ask() -> float:
        began = time.perf_counter()
        for text, vector in questions:
            index.search(vector, tenant="one", limit=15, text=text)
        return len(questions) / (time.perf_counter() - began)

    return ask


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--passages", type=int, default=3_000)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
