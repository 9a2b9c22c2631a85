"""What the drift check is compared to: the check of before, and Evidently's own methods.

The check of before held the newest 200 questions against the 500 before them at every look: permutation MMD on the
embeddings and Kolmogorov-Smirnov on the best score, held together to 5 % by Holm. Its code is kept here.
"""

import numpy as np
from numpy.typing import NDArray

from rag.ports import Vectors

REFERENCE, CURRENT, ALPHA, PERMUTATIONS = 500, 200, 0.05, 199


def before(
    vectors: tuple[Vectors, Vectors], best: tuple[NDArray[np.float64], NDArray[np.float64]], seed: int
) -> bool:
    """Return whether the check of before raises an alarm; both are (reference, current)."""
    from scipy import stats

    p_values = {
        "mmd": mmd_p_value(*vectors, permutations=PERMUTATIONS, seed=seed),
        "ks": float(stats.ks_2samp(*best, method="asymp").pvalue),
    }
    # Holm 1979: one of them is significant where the smallest is, at ALPHA shared among all.
    return min(p_values.values()) <= ALPHA / len(p_values)


def mmd_p_value(reference: Vectors, current: Vectors, *, permutations: int, seed: int) -> float:
    """Return the p-value of unbiased MMD^2 with a Gaussian kernel of the median distance, single questions permuted."""
    m, n = len(reference), len(current)
    rows = np.vstack([reference, current]).astype(np.float64)
    squares = np.einsum("ij,ij->i", rows, rows)
    distances = np.maximum(squares[:, np.newaxis] + squares - 2.0 * rows @ rows.T, 0.0)
    scale = float(np.median(distances[np.triu_indices(m + n, k=1)])) or 1.0
    kernel = np.exp(distances / (-2.0 * scale)).astype(np.float32)
    np.fill_diagonal(kernel, 0.0)
    labels = np.zeros((m + n, permutations + 1), np.float32)
    labels[:m] = 1.0
    labels[:, 1:] = np.random.default_rng(seed).permuted(labels[:, 1:], axis=0)
    within = np.einsum("ij,ij->j", labels, kernel @ labels)
    across = kernel.sum(axis=1) @ labels - within
    current_within = kernel.sum() - 2.0 * across - within
    mmd = within / (m * (m - 1)) + current_within / (n * (n - 1)) - 2.0 * across / (m * n)
    mmd = mmd.astype(np.float64).round(12)  # sums taken in another order differ in the last bits
    return float((1 + np.count_nonzero(mmd[1:] >= mmd[0])) / (1 + permutations))


def evidently(vectors: tuple[Vectors, Vectors]) -> dict[str, bool]:
    """Return method of Evidently's EmbeddingsDrift -> whether it says drift, without the t-SNE plot it always adds."""
    import pandas as pd
    from evidently.metrics.embeddings import DistanceDriftMethod, MMDDriftMethod, RatioDriftMethod

    methods = {
        "Evidently: ratio": RatioDriftMethod(),
        "Evidently: MMD": MMDDriftMethod(),
        "Evidently: distance": DistanceDriftMethod(),
        "Evidently: distance, bootstrap": DistanceDriftMethod(bootstrap=True),
    }
    # Frames of its own for each: some methods add columns to what they get.
    return {
        name: bool(method(pd.DataFrame(vectors[1]), pd.DataFrame(vectors[0]))[1])
        for name, method in methods.items()
    }
