"""The adapter lane: a matrix on questions' vectors, while passages, and so the index, stay as they are.

The encoder is only run, never trained: over the questions once, and over passages that are not embedded yet. So it
takes seconds, and the release that comes of it is made live without embedding or writing a passage.
"""

import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from rag.adapters.models.query_side import adapted, query_matrix, write_adapter
from rag.domain import Passage
from rag.ports import EmbeddingCache, Encoder, EncoderStore, Progress
from rag.releases.vectors import Embedder
from retrain.adapters.training.loop import DEV_METRIC
from retrain.domain import EvalQuestion, TrainingPair, TrainingReport
from retrain.ports import Trainer
from retrain.settings import RetrainSettings
from retrain.training.adapting import AdapterRecipe, Fitted, Floats, Matrix, Measure, fit, mixed
from retrain.training.blending import Blend, choose
from retrain.training.material import Material, check, lay_out
from retrain.verdict.evaluation import DEPTH, METRICS, answerable, clusters, evaluate, rank

ALPHAS = (0.2, 0.4, 0.6, 0.8, 1.0)
"""Shares of the fitted matrix that are tried; the rest is that of today."""
MOST_PASSAGES = 20_000
"""Passages that questions are told from at most, besides those that answer any: a step's time grows with them."""


@dataclass(frozen=True)
class AdapterTrainer(Trainer):
    """Fits a matrix after the encoder, on the side of questions alone.

    An incumbent that is adapted itself is not adapted twice: its matrix is where the new one begins. It takes seconds,
    so a run that was killed begins anew; the same arguments make the same artefact. `best_dev` is the metric of the mix
    with today's matrix that was kept; 0 where there are no dev questions.
    """

    encoders: EncoderStore
    cache: EmbeddingCache
    work: Path  # to write in
    settings: RetrainSettings

    @override
    def train(
        self,
        incumbent: str,
        pairs: Sequence[TrainingPair],
        dev: Sequence[EvalQuestion],
        corpus: Sequence[Passage],
        *,
        progress: Progress,
    ) -> tuple[str, TrainingReport]:
        check(pairs)
        began = time.perf_counter()
        folder = self.encoders.path(incumbent)
        today = query_matrix(folder)
        encoder = self.encoders.load(self.encoders.passages_digest(incumbent))
        start = np.eye(encoder.dimension, dtype=np.float32) if today is None else today
        settings = self.settings
        recipe = AdapterRecipe(
            seed=settings.seed,
            epochs=settings.adapter_epochs,
            batch_size=settings.adapter_batch_size,
            learning_rate=settings.adapter_learning_rate,
            scale=settings.adapter_scale,
            decay=settings.adapter_decay,
            patience=settings.patience,
        )
        progress(0, 0, "embed the questions")
        sample = _sample(corpus, pairs, dev, seed=settings.seed)
        vectors = Embedder(encoder, self.cache).passages(sample)  # (sample, dimension)
        material, passages = _over_corpus(lay_out(pairs), pairs, sample, vectors, encoder)
        asked = answerable(dev, sample)
        measure = _measure(encoder, asked, sample, vectors) if asked else None
        fitted = fit(
            start,
            material,
            encoder.encode_queries(material.questions),
            passages,
            recipe,
            measure=measure,
            tell=lambda done, planned: progress(done, planned, "training"),
        )
        matrix, blend = _blended(start, fitted, asked, measure)
        digest = self._written(folder, matrix)
        chosen = {} if blend is None else blend.plain()
        return digest, TrainingReport(
            lane="adapter",
            pairs=len(pairs),
            steps=fitted.steps,
            epochs=recipe.epochs * fitted.steps / fitted.planned,
            seconds=time.perf_counter() - began,
            best_dev=0.0 if blend is None else blend.scores[blend.alpha],
            history=fitted.history,
            settings={"lane": "adapter", **asdict(recipe), **chosen},
        )

    def _written(self, folder: Path, matrix: Matrix) -> str:
        self.work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.work) as made:
            target = Path(made) / "adapter"
            target.mkdir()
            write_adapter(folder, matrix, target)
            return self.encoders.register(target)


def _sample(
    corpus: Sequence[Passage], pairs: Sequence[TrainingPair], dev: Sequence[EvalQuestion], *, seed: int
) -> list[Passage]:
    """Return the passages that answer any question, and others up to `MOST_PASSAGES`, in the corpus's order."""
    needed = {pair.passage_id for pair in pairs}.union(*(question.relevant for question in dev))
    others = [passage.id for passage in corpus if passage.id not in needed]
    drawn = random.Random(seed).sample(others, min(MOST_PASSAGES, len(others)))
    taken = needed.union(drawn)
    return [passage for passage in corpus if passage.id in taken]


def _over_corpus(
    material: Material,
    pairs: Sequence[TrainingPair],
    corpus: Sequence[Passage],
    vectors: NDArray[np.float32],
    encoder: Encoder,
) -> tuple[Material, NDArray[np.float32]]:
    """Return the material with the corpus's other passages as negatives of every question, and all vectors.

    Those of a document that answers a question stay out of its negatives, as the material's own do.
    """
    row = {passage.embedded_text: at for at, passage in enumerate(corpus)}
    own = {text: at for at, text in enumerate(material.passages)}
    group = {pair.document_id: int(material.groups[own[pair.passage_text]]) for pair in pairs}
    rest = [passage for passage in corpus if passage.embedded_text not in own]
    fresh = int(material.groups.max()) + 1
    groups = [group.get(passage.document_id, fresh + at) for at, passage in enumerate(rest)]
    # A text that people called wrong, or that was edited since, need not be in the corpus.
    gone = [text for text in material.passages if text not in row]
    known = dict(zip(gone, encoder.encode_passages(gone), strict=True))
    texts = (*material.passages, *(passage.embedded_text for passage in rest))
    return (
        replace(
            material, passages=texts, groups=np.append(material.groups, np.array(groups, dtype=np.int64))
        ),
        np.stack([vectors[row[text]] if text in row else known[text] for text in texts]),
    )


def _measure(
    encoder: Encoder, asked: Sequence[EvalQuestion], corpus: Sequence[Passage], vectors: NDArray[np.float32]
) -> Measure:
    """Return what measures a matrix on dev questions, by exact search in the corpus."""
    questions = encoder.encode_queries([question.text for question in asked])  # (dev, dimension)

    def measure(matrix: Matrix) -> Floats:
        found = rank(adapted(questions, matrix), vectors, DEPTH)
        measured = evaluate([[corpus[at].id for at in rows] for rows in found], asked)
        scores: Floats = measured[:, list(METRICS).index(DEV_METRIC)]
        return scores

    return measure


def _blended(
    start: Matrix, fitted: Fitted, asked: Sequence[EvalQuestion], measure: Measure | None
) -> tuple[Matrix, Blend | None]:
    if measure is None:
        return fitted.matrix, None
    tried = {alpha: measure(mixed(start, fitted.matrix, alpha)) for alpha in ALPHAS}
    blend = choose(tried, clusters(asked).tolist())
    return mixed(start, fitted.matrix, blend.alpha), blend
