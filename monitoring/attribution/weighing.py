"""Figures of some questions beside the reference's: what the causes are read from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.attribution.evidence import Found
from monitoring.domain import Look
from rag.ports import Vectors

Rows = NDArray[np.int64]
Figures = NDArray[np.float64]

_ALIKE = 0.5


def chance_above(figures: Figures, reference: Figures) -> float:
    """Return the chance that a figure is above one of the reference, ties half: 0.5 where nothing tells them apart.

    The Mann-Whitney statistic as a share (area under the curve). What is not known, nan, is left out.
    """
    known, before = figures[~np.isnan(figures)], np.sort(reference[~np.isnan(reference)])
    if not len(known) or not len(before):
        return _ALIKE
    below = np.searchsorted(before, known, side="left") + np.searchsorted(before, known, side="right")
    return float(below.mean() / 2 / len(before))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Fits:
    """What the stronger search found for n questions; every figure is of shape (n,)."""

    words: Figures  # how well the passage fits that fits the question's words best
    near: Figures  # cosine of that passage; nan: none
    agreed: Figures  # by how much one passage stands out for words and encoder alike
    gaps: Figures  # by how much better than the best that the encoder finds
    support: Figures  # of what both find; nan: nobody judged
    gained: Figures  # by how much that is more than what was logged

    @classmethod
    def of(cls, found: Sequence[Found], logged: Figures) -> "Fits":
        """Return the figures of what was found, beside the support that was logged for the same questions."""
        words, encoder = _known(each.words for each in found), _known(each.encoder for each in found)
        support = _known(each.support for each in found)
        return cls(
            words=words,
            near=_known(each.near for each in found),
            agreed=_known(each.agreed for each in found),
            gaps=words - encoder,
            support=support,
            gained=support - logged,
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Searched:
    """What the stronger search found: for r of the recent questions, and for some of the reference."""

    rows: Rows  # (r,), of the recent ones
    now: Fits  # of r
    before: Fits


@dataclass(frozen=True, kw_only=True, slots=True)
class Weighed:
    """Some questions beside the reference. Chances are those of `chance_above`."""

    count: int
    fit: float  # chance that the nearest passage is nearer
    words: float  # chance that the passage that fits their words best fits better
    there: float | None  # chance that this passage is nearer; None: nobody searched
    agreed: float  # chance that one passage stands out more for words and encoder alike
    unknown: float  # share of their words that are in no passage, beyond that of the reference
    refused: float  # share refused, beyond that of the reference
    gain: (
        float | None
    )  # how much nearer the nearest earlier question is than the nearest of the reference; None: no earlier
    earlier: float  # share of them that an earlier question is nearer to
    best: float | None  # median cosine of the nearest passage ...
    best_before: float | None  # ... and in the reference


class Scale:
    """The reference, which questions are held against."""

    def __init__(self, look: Look, searched: Searched | None, before: Vectors | None) -> None:
        """Take the look, what the stronger search found, and vectors of questions from before the reference, if any."""
        self._look, self._searched = look, searched
        self._before = before if before is not None and len(before) else None

    def weigh(self, rows: Rows) -> Weighed:
        """Return the figures of the recent questions at these rows."""
        old, now, searched = self._look.reference, self._look.recent.pick(rows), self._searched
        words, there, agreed = _ALIKE, None, _ALIKE
        if searched is not None:
            at = np.isin(searched.rows, rows)
            words = chance_above(searched.now.words[at], searched.before.words)
            agreed = chance_above(searched.now.agreed[at], searched.before.agreed)
            if not np.isnan(searched.now.near[at]).all() and not np.isnan(searched.before.near).all():
                there = chance_above(searched.now.near[at], searched.before.near)
        gain, earlier = None, 0.0
        if self._before is not None and len(old) and len(now):
            gains = _nearest(now.vectors, self._before) - _nearest(now.vectors, old.vectors)
            gain, earlier = float(gains.mean()), float((gains > 0).mean())
        return Weighed(
            count=len(rows),
            fit=chance_above(now.best, old.best),
            words=words,
            there=there,
            agreed=agreed,
            unknown=_difference(now.share, old.share),
            refused=_difference(now.refused, old.refused),
            gain=gain,
            earlier=earlier,
            best=_median(now.best),
            best_before=_median(old.best),
        )


def _known(figures: Iterable[float | None]) -> Figures:
    """Return figures, shape (n,); nan where one is not known."""
    return np.array([np.nan if each is None else each for each in figures], dtype=np.float64)


def _nearest(vectors: Vectors, others: Vectors) -> Figures:
    """Return each vector's cosine to the nearest of others, shape (n,); there is at least one."""
    nearest: Figures = (vectors @ others.T).max(axis=1).astype(np.float64)
    return nearest


def _difference(figures: Figures, reference: Figures) -> float:
    known, before = figures[~np.isnan(figures)], reference[~np.isnan(reference)]
    return float(known.mean() - before.mean()) if len(known) and len(before) else 0.0


def _median(figures: Figures) -> float | None:
    known = figures[~np.isnan(figures)]
    return float(np.median(known)) if len(known) else None
