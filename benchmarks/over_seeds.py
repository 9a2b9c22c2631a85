"""What was found in several runs, kept question by question; means over the runs, intervals over runs and questions.

A run with another seed gives other figures, and so do other questions. An interval over questions alone (one run's)
says nothing of the first, a range over seeds nothing of the second; this one has both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from retrain.domain import EvalQuestion, Origin
from retrain.verdict.evaluation import DEPTH, METRICS, RESAMPLES, Floats, clusters, evaluate


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What each side found for the same questions in one run; as JSON, a few bytes a question."""

    part: str  # "target", "guard" or "served"
    name: str  # of the questions' data set
    groups: list[int]  # of each question: its cluster, see `retrain.verdict.evaluation.clusters`
    totals: list[int]  # of each question: how many passages answer it
    ranks: dict[str, list[list[int]]]  # side -> of each question: ranks, from 1, of those that were found

    @classmethod
    def of(
        cls,
        part: str,
        name: str,
        questions: Sequence[EvalQuestion],
        sides: Mapping[str, Sequence[Sequence[str]]],
    ) -> "Asked":
        """Keep what the sides found: for each question passage ids, best first."""
        return cls(
            part=part,
            name=name,
            groups=clusters(questions).tolist(),
            totals=[len(question.relevant) for question in questions],
            ranks={
                side: [
                    [rank for rank, passage in enumerate(found[:DEPTH], 1) if passage in question.relevant]
                    for found, question in zip(ranked, questions, strict=True)
                ]
                for side, ranked in sides.items()
            },
        )

    def figures(self, side: str) -> Floats:
        """Return every metric of every question, shape (questions, len(METRICS)), by the project's own functions."""
        ranked, questions = [], []
        for row, (ranks, total) in enumerate(zip(self.ranks[side], self.totals, strict=True)):
            # Which passages these were makes no difference to a metric, only where they stood.
            found = [""] * DEPTH
            for number, rank in enumerate(ranks):
                found[rank - 1] = str(number + 1)
            ranked.append(found)
            questions.append(_question(row, total))
        return evaluate(ranked, questions)

    @property
    def clusters(self) -> np.ndarray:
        """Each question's cluster, shape (questions,)."""
        return np.array(self.groups, dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class Span:
    """A mean over runs and questions with its 95 % interval, in percent or percentage points."""

    value: float
    low: float
    high: float

    def plain(self) -> str:
        """Write the mean alone."""
        return f"{self.value:.1f}"

    def whole(self) -> str:
        """Write the mean with its interval."""
        return f"{self.value:.1f} ({self.low:.1f} to {self.high:.1f})"

    def gain(self) -> str:
        """Write a difference with its interval."""
        return f"{self.value:+.1f} ({self.low:+.1f} to {self.high:+.1f})"


def over_seeds(runs: Sequence[Asked], side: str, *, minus: str | None = None) -> dict[str, Span]:
    """Return each metric's mean over all runs, or its difference to that of another side, by the metric's name.

    The interval is of the bootstrap that draws runs and clusters of questions independently, every question keeping
    its figures of the runs that were drawn (the pigeonhole bootstrap: McCullagh, "Resampling and exchangeable
    arrays", 2000; Owen, "The pigeonhole bootstrap", 2007). It errs towards width. A difference is paired: within one
    run and one question. With one run it is the interval over questions.

    Args:
        runs: of the same questions, one for each seed.
        side: one of the sides they kept.
        minus: the side that is taken off, question by question.
    """
    values = np.stack([run.figures(side) - (run.figures(minus) if minus else 0.0) for run in runs])
    groups = runs[0].clusters
    sums = np.zeros((int(groups.max()) + 1, len(runs), values.shape[2]))
    np.add.at(sums, groups, values.transpose(1, 0, 2))
    sizes = np.bincount(groups).astype(np.float64)
    rng = np.random.default_rng(17)
    of_clusters = rng.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), size=RESAMPLES)
    of_runs = rng.multinomial(len(runs), np.full(len(runs), 1 / len(runs)), size=RESAMPLES) / len(runs)
    by_run = (of_clusters @ sums.reshape(len(sizes), -1)).reshape(RESAMPLES, len(runs), -1)
    drawn = np.einsum("dr,drm->dm", of_runs, by_run / (of_clusters @ sizes)[:, None, None])
    low, high = 100 * np.percentile(drawn, (2.5, 97.5), axis=0)
    means = 100 * values.mean(axis=(0, 1))
    return {
        metric: Span(value=float(means[at]), low=float(low[at]), high=float(high[at]))
        for at, metric in enumerate(METRICS)
    }


def _question(row: int, total: int) -> EvalQuestion:
    return EvalQuestion(
        id=str(row),
        text="",
        relevant=frozenset(str(number + 1) for number in range(total)),
        documents=frozenset(),
        origin=Origin.LABEL,
    )
