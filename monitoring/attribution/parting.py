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
_FITS = 0.25
"""Chance that a longer question's passage is nearer than the reference's, at least, where its topic is no new one."""
_LOST = 0.1
"""Share of the reference for which words find as much more than the encoder as for what counts as not found."""
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
        unknown: of each recent question, whether the encoder does not know its language; likewise `unknown_before`.
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
    """Return those on known topics as key words, at length, or as sentences where key words were usual; None: none are."""
    if not len(new) or np.isnan(now.words[new]).all() or np.isnan(before.words).all():
        return None
    bare, full, most = np.nanquantile(before.small, [_TAIL, 1 - _TAIL, 0.5])
    long = np.nanquantile(before.words, 1 - _TAIL)
    asks = float(np.nanmean(before.asks))

    def keywords(put: Forms) -> NDArray[np.bool_]:
        # Where every question asks, what is as bare and does not ask is a row of key words.
        return (put.small <= bare) & ((put.asks == 0) | (asks < 1 - _EXCESS)) & (most > bare)

    ways = {
        Form.KEYWORDS: keywords,
        Form.LONGER: lambda put: put.words > long,
        Form.SENTENCES: lambda put: (put.small >= full) & (put.small > _EXCESS) & (most < _EXCESS / 3),
    }
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
    """Return those whose passages words find much better than the encoder does; None where there are no more than usual.

    That is, what words find fits better than what the encoder finds by more than it does for 90 % of the reference, and
    fits as well as for most of it; or, where the hits of both are judged, they answer it and those of the encoder do not.
    """
    gain, fit = searched.before_gaps, searched.before_words
    if not len(gain) or not len(searched.rows):
        return None
    most, least = max(float(np.quantile(gain, 1 - _LOST)), _SLIGHT[0]), float(np.quantile(fit, _LOST))
    is_lost = (searched.gaps > most) & (searched.words >= least)
    usual = (gain > most) & (fit >= least)
    judged = searched.before_support[~np.isnan(searched.before_support)]
    if len(judged):
        gained = searched.before_gained[~np.isnan(searched.before_gained)]
        beyond = max(float(np.quantile(gained, 1 - _LOST)) if len(gained) else 0.0, _SLIGHT[1])
        enough = float(np.quantile(judged, 0.25))
        with np.errstate(invalid="ignore"):
            is_lost |= (searched.gained > beyond) & (searched.support >= enough)
            usual |= (searched.before_gained > beyond) & (searched.before_support >= enough)
    asked = ~np.isin(searched.rows, left_out)
    rows, share = searched.rows[is_lost & asked], float(usual.mean())
    count = int(asked.sum())
    by_chance = share * count
    spread = np.sqrt(count * share * (1 - share) * (1 + count / len(usual)) + 1.0)
    if len(rows) < by_chance + _SIGNIFICANT * spread:
        return None
    return Lost(rows=rows, asked=count, usual=share)


def _same_topics(rows: Rows, form: Form, now: Forms, before: Forms, scale: Scale) -> bool:
    """Tell whether questions have as many of the words of the reference's topics as its own have of each other's."""
    known = chance_above(_known(now.pick(rows), before, seen=1), _known(before, before, seen=2))
    if known < _SAME_TOPIC:
        return False
    return form is not Form.LONGER or scale.weigh(rows).fit >= _FITS


def _known(of: Forms, before: Forms, *, seen: int) -> NDArray[np.float64]:
    """Return how many words of each question's topic at least so many of the questions before have, shape (n,)."""
    counts = Counter(word for topic in before.content for word in topic)
    return np.array(
        [sum(counts[word] >= seen for word in topic) if topic else np.nan for topic in of.content],
        dtype=np.float64,
    )
