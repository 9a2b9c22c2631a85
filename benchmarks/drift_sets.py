"""Data sets as pools that streams of questions are drawn from: embedded, with each question's best passage."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitoring.domain.passages import PassageSample
from rag.bootstrap import open_installation
from rag.ports import Vectors
from rag.settings import Settings

TOPIC = {"medquad": "folder", "feedbackqa": "domain"}
"""Data set -> the field that says which source a question comes from."""


Nearest = tuple[NDArray[np.float64], Vectors]
"""The cosine of each of n questions to its nearest passage, (n,), and the mean vector of its nearest ones, (n, d)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool:
    """Questions to draw from."""

    name: str
    vectors: Vectors  # (n, dimension)
    source: NDArray[np.str_]  # (n,)
    passages: Vectors  # (p, dimension)
    passage_source: NDArray[np.str_]  # (p,), how the ids of a source's passages begin

    def pick(self, at: NDArray[np.bool_]) -> "Pool":
        """Return the pool with these questions alone."""
        return Pool(
            name=self.name,
            vectors=self.vectors[at],
            source=self.source[at],
            passages=self.passages,
            passage_source=self.passage_source,
        )


def load(folder: Path, home: Path, name: str, encoder: str, split: str) -> Pool:
    """Return a data set's questions: those of train and dev, or, for "test", all of them."""
    queries, corpus = (_rows(folder / name / f"{each}.jsonl") for each in ("queries", "corpus"))
    vectors, passages = _embedded(home, name, encoder, queries, corpus)
    kept = np.array([split == "test" or query["split"] != "test" for query in queries])
    source = np.array([str(query.get(TOPIC.get(name, ""), "")) for query in queries])
    return Pool(
        name=name,
        vectors=vectors[kept],
        source=source[kept],
        passages=passages,
        passage_source=np.array([str(passage["_id"]).split("-")[0] for passage in corpus]),
    )


def nearest(questions: Vectors, passages: Vectors) -> Nearest:
    """Return what is nearest to each question, as the product finds it in its sample of passages."""
    names = tuple(f"{at:06}" for at in range(len(passages)))
    sample = PassageSample(
        encoder="",
        change=0,
        wanted=len(names),
        ids=names,
        documents=names,
        vectors=passages.astype(np.float16),
        words=np.empty(0, np.uint32),
        bounds=np.zeros(len(names) + 1, np.int64),
    )
    parts = [sample.nearest(questions[start : start + 500]) for start in range(0, len(questions), 500)]
    found = [part for _, part in parts if part is not None]
    return np.concatenate([best for best, _ in parts]), np.vstack(found)


def halves(vectors: Vectors) -> NDArray[np.int64]:
    """Return which of two topics each question belongs to, (n,): k-means."""
    from sklearn.cluster import KMeans

    labels: NDArray[np.int64] = KMeans(2, n_init=2, random_state=0).fit(vectors).labels_.astype(np.int64)
    return labels


def _rows(path: Path) -> list[dict[str, object]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _embedded(
    home: Path, name: str, encoder: str, queries: list[dict[str, object]], corpus: list[dict[str, object]]
) -> tuple[Vectors, Vectors]:
    """Return the vectors of questions and passages, kept in the home folder."""
    kept = home / "drift" / f"{name}-{encoder}.npz"
    if not kept.exists():
        with open_installation(Settings(_env_file=None, home=home)) as rag:
            model = rag.models.encoders.load(rag.models.encoders.resolve(encoder))
            questions = model.encode_queries([str(query["text"]) for query in queries])
            texts = [f"{passage.get('title', '')}\n{passage['text']}".strip() for passage in corpus]
            passages = model.encode_passages(texts)
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, questions=questions, passages=passages)
    with np.load(kept) as stored:
        return stored["questions"], stored["passages"]
