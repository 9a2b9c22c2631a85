"""How much of the fine-tuned weights to take. Pure over dev scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ALPHAS = (0.4, 0.6, 0.8, 1.0)
"""Shares of the fine-tuned weights that are tried; the rest is the incumbent's."""

WITHOUT_DEV = 0.7
"""The share where no dev question can choose it: of mined pairs, more of the new weights found less at 10."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Blend:
    """The share that was chosen, and what it was chosen from."""

    alpha: float
    scores: dict[float, float]  # alpha -> mean dev metric; empty where there was no dev question

    def plain(self) -> dict[str, Any]:
        """Return JSON values, as a training report shows them."""
        return {
            "alpha": self.alpha,
            "dev_by_alpha": {str(alpha): score for alpha, score in sorted(self.scores.items())},
        }


def choose(scores: dict[float, NDArray[np.float64]], groups: Sequence[int]) -> Blend:
    """Return the smallest share that is within one standard error of the best.

    Weights between a model and its fine-tuned self often do as well on the new questions and keep more of what the
    model knew (WiSE-FT, Wortsman et al. 2022). So of shares that cannot be told apart on dev the smallest is taken: the
    one-standard-error rule (Breiman et al., "Classification and Regression Trees", 1984), on paired differences.

    `scores` is share -> the metric of each dev question, (questions,). Dev questions that stand and fall together
    (wordings of one) share a number in `groups`.
    """
    means = {alpha: float(values.mean()) for alpha, values in scores.items()}
    best = max(sorted(means), key=lambda alpha: means[alpha])
    numbers = np.unique(np.asarray(groups), return_inverse=True)[1]
    for alpha in sorted(scores):
        behind = np.bincount(numbers, weights=scores[best] - scores[alpha]) / len(numbers)
        # Of the sum over groups: groups are the draws, the mean is over questions.
        error = float(np.sqrt(len(behind)) * behind.std(ddof=1)) if len(behind) > 1 else 0.0
        if behind.sum() <= error:
            return Blend(alpha=alpha, scores=means)
    return Blend(alpha=best, scores=means)
