"""What a fine-tuned encoder needs besides its weights: context, its share beside words, and what its support means.

Context and share are chosen on the dev questions that people asked, never on the gate's: questions made from documents
would favour the words they were made of. Support is calibrated on the documents. All are part of the candidate's
release.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
from numpy.typing import NDArray

from rag.domain import Retrieval
from rag.ports import Found, Progress
from rag.questions.support.calibrating import MOST, calibrate
from rag.releases.models import LoadedRelease
from rag.releases.trials import TrialIndexes
from rag.releases.vectors import in_context
from retrain.domain import EvalQuestion
from retrain.verdict.evaluation import DEPTH, METRICS, Floats, answerable, clusters, contrast, evaluate, rank
from retrain.verdict.remembered import LastVectors, Remembering

WEIGHTS = (1.0, 0.9, 0.8, 0.7, 0.5)
"""Shares of the vectors in the order that are tried beside the incumbent's."""

CONTEXTS = (0.0, 0.3, 0.5, 0.7, 0.85)
"""Shares of a document's vector in its passages' that are tried beside the incumbent's."""

FEWEST = 20
"""Questions below which everything stays."""

Note = dict[str, float | int | str]
"""Something to read for the one who approves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tuned:
    """A candidate with its retrieval chosen, and how."""

    candidate: LoadedRelease
    notes: Note


def tune(
    candidate: LoadedRelease,
    incumbent: LoadedRelease,
    dev: Sequence[EvalQuestion],
    *,
    on: TrialIndexes,
    metric: str,
    alpha: float,
    min_questions: int,
    seed: int,
) -> Tuned:
    """Return the candidate with `context_weight` and `dense_weight` of its release chosen on dev.

    Context and weight stay the incumbent's unless another one is better for certain; see `better_context` and
    `better_weight`, also for `metric` and `alpha`. An index that is shared with the live release stays as it is, and
    its context with it. With fewer than `min_questions` dev questions that people asked, neither is tried.
    """
    top_k = incumbent.release.retrieval.top_k
    # No deeper than is measured: every hit beyond it takes time and changes nothing.
    depth = max(top_k, METRICS[metric][1])
    asked = answerable([question for question in dev if question.origin.human], on.corpus)
    notes: Note = {"dev_questions": len(asked)}

    def found(loaded: LoadedRelease) -> list[list[Found]]:
        return on.of(loaded).find([question.text for question in asked], limit=depth)

    if len(asked) < FEWEST:
        return Tuned(candidate=candidate, notes=notes | {"kept": "too few dev questions that people asked"})
    if len(asked) >= min_questions and candidate.release.shares is None:
        context = better_context(candidate, asked, on=on, metric=metric, alpha=alpha, seed=seed)
        candidate = _retrieving(candidate, replace(candidate.release.retrieval, context_weight=context))
        notes["context_weight"] = context
    retrieval = candidate.release.retrieval
    kept = retrieval.dense_weight
    weights = {kept, *WEIGHTS} if len(asked) >= min_questions else {kept}
    # From the words' side, so that the first index has words in it, and serves every weight.
    tried = {
        weight: found(_retrieving(candidate, replace(retrieval, dense_weight=weight)))
        for weight in sorted(weights)
    }
    measured = {
        weight: evaluate([[each.passage.id for each in hits] for hits in results], asked)
        for weight, results in tried.items()
    }
    weight = better_weight(measured, clusters(asked), kept=kept, metric=metric, alpha=alpha, seed=seed)
    notes["dense_weight"] = weight
    retrieval = replace(retrieval, dense_weight=weight)
    return Tuned(candidate=_retrieving(candidate, retrieval), notes=notes)


def calibrated(
    candidate: LoadedRelease,
    *,
    on: TrialIndexes,
    learned: Collection[str],
    change: int,
    seed: int,
    progress: Progress = lambda *_: None,
) -> LoadedRelease:
    """Return the candidate with its support calibrated on the corpus, over its trial index, where that can be done.

    Of `learned`, the ids of the documents it was trained on, none is asked about where enough others are there: what
    an encoder was taught is nearer to its questions than anything that people will ask. `change` is the last change of
    the documents that the corpus has seen.
    """
    encoder = Remembering(candidate.encoder, LastVectors())
    tried = on.of(replace(candidate, encoder=encoder))
    others = [passage for passage in on.corpus if passage.document_id not in learned]
    done = count()
    support = calibrate(
        others if len(others) >= MOST else on.corpus,
        tried.hits,
        encoder=encoder,
        total=len(on.corpus),
        change=change,
        seed=seed,
        check=lambda: progress(next(done), 0, "calibrate support on the documents"),
    )
    # Documents of which nothing can be asked calibrate nothing.
    return replace(candidate, release=candidate.release.calibrated(support if support.questions else None))


def better_context(
    candidate: LoadedRelease,
    asked: Sequence[EvalQuestion],
    *,
    on: TrialIndexes,
    metric: str,
    alpha: float,
    seed: int,
) -> float:
    """Return the context weight that finds more for certain and puts a right passage first no less often.

    How much of its document a passage's vector should have depends on the documents: where a question asks for a
    document, all of its passages answer; where passages of one document answer different questions, only one does. By
    exact search of vectors alone, since words are the same under every context and each context is another index. The
    release's own context is kept where no other is better.
    """
    kept = candidate.release.retrieval.context_weight
    if len({passage.document_id for passage in on.corpus}) == len(on.corpus):
        return kept
    plain = on.plain(candidate)
    vectors = candidate.encoder.encode_queries([question.text for question in asked])
    measured = {}
    for weight in sorted({kept, *CONTEXTS}):
        rows = rank(vectors, in_context(on.corpus, plain, weight), DEPTH)
        measured[weight] = evaluate([[on.corpus[row].id for row in some] for some in rows], asked)
    first = list(METRICS).index("accuracy@1")
    least = measured[kept][:, first].mean()
    fit = {weight: values for weight, values in measured.items() if values[:, first].mean() >= least}
    return better_weight(
        fit,
        clusters(asked),
        kept=kept,
        metric=metric,
        alpha=alpha,
        # All that were tried count, also those that were not fit.
        tried=len(measured) - 1,
        seed=seed,
    )


def better_weight(
    measured: Mapping[float, Floats],
    groups: NDArray[np.int64],
    *,
    kept: float,
    metric: str,
    alpha: float,
    tried: int | None = None,
    seed: int,
) -> float:
    """Return the weight whose metric is highest among those better than the kept one for certain, else the kept one.

    Certain: the 95 % interval of the paired difference lies above 0, and its p-value is below alpha divided by the
    number of weights tried (Bonferroni), so that trying several does not find a gain by luck.

    `measured` is weight -> metrics, shape (questions, len(METRICS)), the kept weight among them; `tried`: how many were
    tried besides the kept one, where that is more than were measured.
    """
    column = list(METRICS).index(metric)
    gains = {}
    for weight, values in measured.items():
        if weight == kept:
            continue
        rows = contrast(measured[kept], values, groups, seed=seed)
        difference = rows[column].difference
        if difference.low > 0 and difference.p_value < alpha / (tried or len(measured) - 1):
            gains[weight] = difference.value
    # Of equal gains the one nearest to what is known is taken, of two as near the one with more of the vectors.
    return max(gains, key=lambda weight: (gains[weight], -abs(weight - kept), weight), default=kept)


def _retrieving(loaded: LoadedRelease, retrieval: Retrieval) -> LoadedRelease:
    return replace(loaded, release=loaded.release.retrieving(retrieval))
