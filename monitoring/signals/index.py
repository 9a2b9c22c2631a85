"""Signal: the live index does not hold what the documents say, or does not find what it holds. Facts, not tests."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitoring.domain import DriftFinding, DriftVerdict
from monitoring.ports import IndexState, LiveIndex, Nearest, Stored
from rag.ports import Census

NAME = "index"

SAMPLED = 192
"""Passages of which the stored vector is compared with their text's."""

ASKED = 32
"""Questions whose nearest passages are compared with those of an exact search."""

DEPTH = 10
"""Passages for each of these."""

TOLERATED = 0.001
"""Share of passages that may be missing, left over or wrong. Nobody is woken for less; the reason tells it."""

ALIKE = 0.995
"""Cosine of a stored vector and its text's, down to which a change of runtime explains it."""

AGREEING = 0.9
"""Share of the exact top 10 that an approximate search has to find, on average; 0.97 and more is usual."""

BEHIND = timedelta(minutes=30)
"""Within which a service takes up a change of documents; a large ingestion is applied in parts, and moves on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Examined:
    """What the live index was found to be like."""

    at: datetime
    state: IndexState
    stored: Stored  # of passages drawn by chance
    nearest: tuple[Nearest, ...]  # of a sample of questions


def examine(
    live: LiveIndex, census: Census, questions: Sequence[str], *, tenant: str, at: datetime
) -> Examined:
    """Look at the live index: a bounded number of passages and questions, whatever the size of the corpus.

    Which passages are drawn goes with `at`, so that every check looks at others. `questions` are recent or golden
    ones of the tenant; the first are taken. Errors as for `LiveIndex`.
    """
    start = f"{random.Random(at.timestamp()).getrandbits(32):08x}"
    return Examined(
        at=at,
        state=live.state(),
        stored=live.stored(census.drawn(SAMPLED, start=start)),
        nearest=tuple(live.nearest(list(questions[:ASKED]), tenant=tenant, k=DEPTH)),
    )


def finding(seen: Examined) -> DriftFinding:
    """Return whether the index is as it should be.

    Changes that are not applied yet explain a difference; a service that does not apply them for `BEHIND` does not.
    Of a sample it is drift where more than `TOLERATED` of all passages are wrong beyond reasonable doubt (lower limit
    of the 95 % interval, Clopper and Pearson 1934), or where the sample is the whole. The statistic is the largest
    share that was found wrong.
    """
    wrong = [*_counts(seen.state), *_held(seen.stored, seen.state), *_found(seen.nearest, seen.state)]
    if (late := _late(seen)) is not None:
        wrong.append(late)
    alarming = [each for each in wrong if each.alarming]
    state = seen.state
    if wrong:
        sentences = " ".join(each.sentence for each in sorted(wrong, key=lambda each: not each.alarming))
    else:
        behind = f"; {state.pending} changes are being applied" if state.pending else ""
        sentences = (
            f"The index holds the {state.expected} passages that the documents have{behind}."
            if not state.pending
            else f"The index holds {state.passages} passages{behind}."
        )
    return DriftFinding(
        name=NAME,
        statistic=max((each.share for each in wrong), default=0.0),
        threshold=TOLERATED,
        p_value=None,
        reference=float(state.expected),
        current=float(state.passages),
        reference_count=state.expected,
        current_count=state.passages,
        verdict=DriftVerdict.DRIFT if alarming else DriftVerdict.CALM,
        reason=sentences,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wrong:
    sentence: str
    share: float
    alarming: bool


def _counts(state: IndexState) -> list[_Wrong]:
    # What is being applied is in one of the two and not yet in the other.
    if state.pending or state.passages == state.expected:
        return []
    missing = state.expected - state.passages
    share = abs(missing) / max(state.expected, 1)
    what = (
        f"The index lacks {missing} of {state.expected} passages that the documents have."
        if missing > 0
        else f"The index holds {-missing} passages more than the {state.expected} that the documents have."
    )
    return [_Wrong(sentence=what, share=share, alarming=share > TOLERATED)]


def _held(stored: Stored, state: IndexState) -> list[_Wrong]:
    drawn = len(stored.missing) + len(stored.cosines)
    whole = drawn >= state.expected
    other = {key: cosine for key, cosine in stored.cosines.items() if not cosine >= ALIKE}
    wrong = []
    if stored.missing:
        wrong.append(
            _of_sample(
                len(stored.missing), drawn, whole, f"Of {drawn} passages drawn, {{}} are not in the index."
            )
        )
    if other:
        wrong.append(
            _of_sample(
                len(other),
                len(stored.cosines),
                whole,
                f"Of {len(stored.cosines)} passages drawn, {{}} have another vector than their text gives (lowest "
                f"cosine {min(other.values()):.3f}).",
            )
        )
    return wrong


def _of_sample(count: int, drawn: int, whole: bool, sentence: str) -> _Wrong:
    share = count / drawn
    least = share if whole else _lower_limit(count, drawn)
    return _Wrong(sentence=sentence.format(count), share=share, alarming=least > TOLERATED)


def _found(nearest: Sequence[Nearest], state: IndexState) -> list[_Wrong]:
    asked = [each for each in nearest if each.exact]
    if not asked:
        return []
    found = sum(len(set(each.served) & set(each.exact)) for each in asked)
    wanted = sum(len(each.exact) for each in asked)
    wrong = []
    if found < AGREEING * wanted:
        sentence = (
            f"For {len(asked)} questions the index finds {found / wanted:.0%} of the nearest passages that it holds; "
            f"{AGREEING:.0%} or more is a working one."
        )
        wrong.append(_Wrong(sentence=sentence, share=1 - found / wanted, alarming=True))
    gone = {passage for each in asked for passage in each.gone}
    if gone and not state.pending:
        served = {passage for each in asked for passage in each.served}
        share = len(gone) / len(served)
        sentence = (
            f"Of {len(served)} passages found for {len(asked)} questions, "
            f"{len(gone)} are in no document any more."
        )
        alarming = _lower_limit(len(gone), len(served)) > TOLERATED
        wrong.append(_Wrong(sentence=sentence, share=share, alarming=alarming))
    return wrong


def _late(seen: Examined) -> _Wrong | None:
    state = seen.state
    since = state.pending_since
    # Where nobody serves, nobody has to be up to date; the next service begins with that.
    if since is None or not state.replica or seen.at - since <= BEHIND:
        return None
    sentence = (
        f"{state.pending} changes of documents wait to be applied to the index, "
        f"since {since:%Y-%m-%d %H:%M} UTC."
    )
    return _Wrong(sentence=sentence, share=1.0, alarming=True)


def _lower_limit(count: int, drawn: int) -> float:
    """Return the lower end of the two-sided 95 % interval of a share (Clopper and Pearson 1934, Biometrika 26:404)."""
    from scipy import stats  # noqa: PLC0415  heavy, and not needed to import a step

    return float(stats.beta.ppf(0.025, count, drawn - count + 1)) if count else 0.0
