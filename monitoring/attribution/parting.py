"""New questions -> those in another language, those put otherwise, those that are there and not found, and the rest."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from monitoring.attribution.forms import Forms
from monitoring.attribution.weighing import Scale, Searched, chance_above
from rag.text.languages import OTHER

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

_FEW = 5
"""Questions of a kind below which they are no kind."""
_COMMON = 0.05
"""Share of the reference from which on a language is nothing new."""
_EXCESS = 0.3
"""Share of new questions, beyond that of the reference, from which on they are put otherwise."""
_TAIL = 0.05
"""Share of the reference that is as short, as long or as bare as what counts as put otherwise."""
_SAME_TOPIC = 0.3
"""Chance that such questions have more words of the reference's topics than its own have, at least; 0.5: as many."""
_FITS = 0.1
"""Chance that a longer question's passage is nearer than the reference's, at least, where its topic is no new one."""
_LOST, _LARGE = 0.1, 0.15
"""Shares of the reference: whose words fit no better than what counts as there; for which words find as much more
than the encoder as for what counts as not found."""
_SLIGHT = 0.02, 0.2  # gain in fit by words, and in support, that is none
_SIGNIFICANT = 2.33  # standard deviations of a count by chance: 1 %


class Form(StrEnum):
    """What is other about how questions are put."""

    KEYWORDS = "keywords"
    LONGER = "longer"
    SENTENCES = "sentences"


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreign:
    """Questions in languages that were not asked in before."""

    rows: Rows  # of the recent ones
    languages: tuple[str, ...]  # the commonest first; empty: nobody can tell which
    unknown: float  # share of them that the encoder does not know the language of


@dataclass(frozen=True, kw_only=True, slots=True)
class Otherwise:
    """Questions on the topics of the reference that are put otherwise."""

    rows: Rows
    form: Form
    words: float  # median number of them ...
    before: float  # ... and in the reference


@dataclass(frozen=True, kw_only=True, slots=True)
class Lost:
    """Questions whose passages are there, and are not found by the encoder."""

    rows: Rows
    asked: int  # questions that were searched for more strongly
    usual: float  # share of the reference that is as badly found


def foreign_among(
    new: Rows, unknown: NDArray[np.bool_], unknown_before: NDArray[np.bool_], now: Forms, before: Forms
) -> Foreign | None:
    """Return those in a language that is new; None where there are hardly any.

    Args:
        new: rows of the recent questions to look among.
        unknown: of each recent question, whether the encoder does not know its language; of the recent ones.
        unknown_before: the same of the reference.
        now: how the recent ones are put.
        before: how the reference's are.
    """
    usual = Counter(each for each in before.languages.tolist() if each)
    told = max(usual.total(), 1)
    own = {language for language, count in usual.items() if count >= _COMMON * told}
    languages = now.languages[new]
    # Without a language of the reference's to compare with, only the encoder's word counts.
    other = np.array([bool(own and each and each not in own) for each in languages.tolist()], dtype=bool)
    if unknown_before.mean() < _COMMON if len(unknown_before) else True:
        other |= unknown[new]
    rows = new[other]
    if len(rows) < min(_FEW, len(new)) or not len(rows) or len(rows) < _COMMON * len(new):
        return None
    named = Counter(
        each for each in now.languages[rows].tolist() if each and each not in own and each != OTHER
    )
    return Foreign(
        rows=rows,
        languages=tuple(language for language, _ in named.most_common(3)),
        unknown=float(unknown[rows].mean()),
    )


def put_otherwise_among(new: Rows, now: Forms, before: Forms, scale: Scale) -> Otherwise | None:
    """Return those on known topics that are put as key words, at length, or as sentences; None: hardly any are."""
    if not len(new) or np.isnan(now.words[new]).all() or np.isnan(before.words).all():
        return None
    bare, full, most = np.nanquantile(before.small, [_TAIL, 1 - _TAIL, 0.5])
    long = np.nanquantile(before.words, 1 - _TAIL)
    asks = float(np.nanmean(before.asks))

    def keywords(put: Forms) -> Mask:
        # Where nearly every question asks, what is as bare and does not ask is a row of key words.
        told: Mask = (put.small <= bare) & ((put.asks == 0) | (asks < 1 - _EXCESS)) & (most > bare)
        return told

    def longer(put: Forms) -> Mask:
        told: Mask = put.words > long
        return told

    def sentences(put: Forms) -> Mask:
        told: Mask = (put.small >= full) & (put.small > _EXCESS) & (most < _EXCESS / 3)
        return told

    ways = {Form.KEYWORDS: keywords, Form.LONGER: longer, Form.SENTENCES: sentences}
    with np.errstate(invalid="ignore"):
        for form, is_so in ways.items():
            rows = new[is_so(now)[new]]
            excess = len(rows) / len(new) - float(is_so(before).mean())
            if len(rows) < min(_FEW, len(new)) or excess < _EXCESS:
                continue
            if not _same_topics(rows, form, now, before, scale):
                continue
            return Otherwise(
                rows=rows,
                form=form,
                words=float(np.nanmedian(now.words[rows])),
                before=float(np.nanmedian(before.words)),
            )
    return None


def lost_among(searched: Searched, left_out: Rows) -> Lost | None:
    """Return those whose passages words find much better than the encoder does; None: no more than usual.

    That is, what words find fits better than what the encoder finds by more than it does for 85 % of the reference,
    fits as well as for most of it, and is as near as for most or has the words as is usual; or, where the hits of both
    are judged, they answer it and those that were given do not.
    """
    if not len(searched.before.gaps) or not len(searched.rows):
        return None
    asked = ~np.isin(searched.rows, left_out)
    least, enough = np.quantile(searched.before.words, [_LOST, 0.25])
    # Where no passage fits, or the one that has some of the words is about something else, it is no loss that words
    # find it.
    now, before = (
        np.where((words >= least) & ((words >= enough) | ~_is_far(near, searched.before.near)), gaps, 0.0)
        for words, near, gaps in (
            (searched.now.words, searched.now.near, searched.now.gaps),
            (searched.before.words, searched.before.near, searched.before.gaps),
        )
    )
    lost = _among(now, before, asked, slight=_SLIGHT[0])
    judged = ~np.isnan(searched.before.support)
    if judged.any():
        enough = float(np.quantile(searched.before.support[judged], 0.25))
        gained, usual = (
            np.where(support >= enough, gain, 0.0)
            for support, gain in (
                (searched.now.support, searched.now.gained),
                (searched.before.support, searched.before.gained),
            )
        )
        by_support = _among(np.nan_to_num(gained), np.nan_to_num(usual), asked, slight=_SLIGHT[1])
        lost = by_support if lost is None or (by_support and by_support[0].sum() > lost[0].sum()) else lost
    if lost is None:
        return None
    return Lost(rows=searched.rows[lost[0]], asked=int(asked.sum()), usual=lost[1])


def _is_far(near: NDArray[np.float64], usual: NDArray[np.float64]) -> Mask:
    """Return which cosines are below what they are for most of the reference; what is not known is not."""
    known = usual[~np.isnan(usual)]
    far: Mask = near < (np.quantile(known, _LOST) if len(known) else -1.0)
    return far


def _among(
    now: NDArray[np.float64], before: NDArray[np.float64], asked: NDArray[np.bool_], *, slight: float
) -> tuple[NDArray[np.bool_], float] | None:
    """Return which gains are large, and the share of those before that are; None where they are as before.

    Whether they are is told by the Mann-Whitney test, one-sided, with the spread that ties leave.
    """
    if not asked.any():
        return None
    both = np.concatenate([now[asked], before])
    _, counts = np.unique(both, return_counts=True)
    total, own, other = len(both), int(asked.sum()), len(before)
    tied = 1.0 - float((counts.astype(np.float64) ** 3 - counts).sum()) / max(total**3 - total, 1)
    spread = np.sqrt(tied * (total + 1) / (12.0 * own * other)) if tied > 0 else 0.0
    if spread <= 0.0 or chance_above(now[asked], before) - 0.5 < _SIGNIFICANT * spread:
        return None
    most = max(float(np.quantile(before, 1 - _LARGE)), slight)
    large, usual = (now > most) & asked, float((before > most).mean())
    return (large, usual) if large.sum() > usual * own else None


def _same_topics(rows: Rows, form: Form, now: Forms, before: Forms, scale: Scale) -> bool:
    """Tell whether questions have the words of the reference's topics as its own have each other's.

    Of longer ones as many, since what they say besides is new; of others as large a share of what they say.
    """
    put = now.pick(rows)
    shares = form is not Form.LONGER
    known = chance_above(
        _known(put, before, seen=1, shares=shares), _known(before, before, seen=2, shares=shares)
    )
    if known < _SAME_TOPIC:
        return False
    return form is not Form.LONGER or scale.weigh(rows).fit >= _FITS


def _known(of: Forms, before: Forms, *, seen: int, shares: bool) -> NDArray[np.float64]:
    """Return of each question's topic the words, or their share, that so many questions before have, shape (n,)."""
    counts = Counter(word for topic in before.content for word in topic)
    return np.array(
        [
            sum(counts[word] >= seen for word in topic) / (len(topic) if shares else 1) if topic else np.nan
            for topic in of.content
        ],
        dtype=np.float64,
    )
