"""Signal: people ask about other things than before. A kernel two-sample test on the questions' embeddings."""

import numpy as np
from numpy.typing import NDArray

from monitoring.domain import DriftFinding
from monitoring.ports import WindowSample
from monitoring.settings import DriftSettings
from monitoring.signals.judging import Measured, too_few_questions
from monitoring.significance import Comparison, against_null
from rag.ports import Vectors

NAME = "question_mmd"

# Permutations multiplied at once; bounds memory at n x 1000 numbers.
BATCH = 1_000


def mmd_test(reference: Vectors, current: Vectors, *, permutations: int, seed: int) -> Comparison:
    """Test whether two sets of vectors come from one distribution: unbiased MMD^2, permutation p-value.

    MMD^2 = mean k(x, x') + mean k(y, y') - 2 mean k(x, y), the first two without x = x' (Gretton et al. 2012, A Kernel
    Two-Sample Test, JMLR 13:723-773, lemma 6), with k(a, b) = exp(-|a - b|^2 / (2 s^2)) and s the median distance in
    the pooled sample (ibid., section 8). It sees any change of topics, also one that leaves the mean alone. It is exact
    where questions are exchangeable under "nothing changed", whatever their distribution. The smallest p-value there
    can be is 1 / (1 + permutations).

    The rows' order does not matter. The same rows with the same seed give the same answer. Memory grows with the square
    of the number of rows. Shapes (m, dimension) and (n, dimension), m and n at least 2.
    """
    m, n = len(reference), len(current)
    rows = np.vstack([reference, current]).astype(np.float64)  # (m + n, dimension)
    order = np.lexsort(rows.T)
    kernel = _gaussian_kernel(rows[order])  # (m + n, m + n), zero diagonal
    observed = (order < m).astype(np.float64)[:, np.newaxis]  # (m + n, 1); 1: reference

    generator = np.random.default_rng(seed)
    null = np.empty(permutations)
    for start in range(0, permutations, BATCH):
        count = min(BATCH, permutations - start)
        labels = np.zeros((m + n, count))
        labels[:m] = 1.0
        null[start : start + count] = _mmd(kernel, generator.permuted(labels, axis=0), m, n)
    return against_null(float(_mmd(kernel, observed, m, n)[0]), null, complete=False)


def question_finding(
    reference: WindowSample, current: WindowSample, settings: DriftSettings
) -> Measured | DriftFinding:
    """Return whether the topics changed."""
    counts = len(reference.vectors), len(current.vectors)
    if too_few := too_few_questions(NAME, counts, needed=settings.min_questions):
        return too_few
    return Measured(
        name=NAME,
        comparison=mmd_test(
            reference.vectors, current.vectors, permutations=settings.permutations, seed=settings.seed
        ),
        reference=None,
        current=None,
        counts=counts,
        drifted="People ask about other things than before",
        calm="People ask about the same things as before",
    )


def _gaussian_kernel(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the kernel matrix, shape (r, r), with a zero diagonal, of rows of shape (r, dimension)."""
    squares = np.einsum("ij,ij->i", rows, rows)
    distances = np.maximum(squares[:, np.newaxis] + squares - 2.0 * rows @ rows.T, 0.0)  # squared
    pairs = distances[np.triu_indices(len(rows), k=1)]
    scale = float(np.median(pairs))
    if scale <= 0.0:
        # More than half of the pairs coincide; the mean is positive unless all do.
        scale = float(np.mean(pairs)) or 1.0
    kernel: NDArray[np.float64] = np.exp(distances / (-2.0 * scale))
    np.fill_diagonal(kernel, 0.0)
    return kernel


def _mmd(kernel: NDArray[np.float64], labels: NDArray[np.float64], m: int, n: int) -> NDArray[np.float64]:
    """Return MMD^2 for each column of `labels`, shape (m + n, c), holding m ones each: shape (c,)."""
    within_reference = np.einsum("ij,ij->j", labels, kernel @ labels)
    across = kernel.sum(axis=1) @ labels - within_reference
    within_current = kernel.sum() - 2.0 * across - within_reference
    mmd: NDArray[np.float64] = (
        within_reference / (m * (m - 1)) + within_current / (n * (n - 1)) - 2.0 * across / (m * n)
    )
    return mmd
