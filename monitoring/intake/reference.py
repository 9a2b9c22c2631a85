"""What questions are compared with: the frozen reference. Pure.

A reference that slides along swallows whatever changes slowly, and takes a shift for normal as soon as it is old. This
one is gathered after a promotion, or after a person's word, and then stays as it is until the next: whatever adds up
since is seen. It is drawn in blocks of consecutive questions, so that the questions of an hour or of a conversation
stay together, as they do among the newest; a test that shuffles blocks needs that.

A question is among the newest first and joins the reference only on leaving them, so that none is on both sides. At the
start, when there is nothing to compare with, the oldest join at once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import groupby

from monitoring.domain import BLOCK, Asked, Kept, Watch
from monitoring.intake.thinning import REPEAT_WITHIN
from monitoring.settings import DriftSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """What the reference is made of from now on."""

    positions: frozenset[int]
    decided: int  # position up to which it was decided who joins
    frozen: bool


def chosen(
    questions: Sequence[Kept], watch: Watch, *, settings: DriftSettings, alarm: bool = False
) -> Reference:
    """Return the reference after new questions came.

    While it has fewer than `min_questions`, the oldest join. After that, of the blocks of questions that left the
    newest `recent_questions`, as many are drawn as `reference_questions` has room for, each block as likely as any
    other (a reservoir: those of the smallest random numbers, Vitter 1985). It is frozen when it is full and
    spans `reference_days`.

    Args:
        questions: what is kept, asked since the watch's `since`, by position.
        watch: as it was before.
        settings: sizes, days and seed.
        alarm: while one stands that other things are asked, nothing joins: it would make the change normal.
    """
    inside = [each for each in questions if each.in_reference]
    least = min(settings.min_questions, settings.reference_questions)
    # So many were erased that too few are left to compare with: it is gathered on.
    frozen = watch.frozen_at is not None and len(inside) >= least
    decided = watch.decided
    if not frozen:
        waiting = [each for each in questions if not each.in_reference and each.position > decided]
        if not alarm:
            first = waiting[: max(least - len(inside), 0)]
            inside += first
            decided = max([decided, *(each.position for each in first)])
            waiting = waiting[len(first) :]
        leaving = waiting[: max(len(waiting) - settings.recent_questions, 0)]
        for block, members in groupby(leaving, key=_block):
            held = list(members)
            if block == _block(waiting[len(leaving)]):
                break  # its other questions are still among the newest
            decided = held[-1].position
            inside += [] if alarm else held
        inside = _drawn(inside, watch, settings)
        frozen = (
            len(inside) > settings.reference_questions - BLOCK
            and span(inside) >= timedelta(days=settings.reference_days)
            and not alarm
        )
    return Reference(positions=frozenset(e.position for e in inside), decided=decided, frozen=frozen)


def recent(questions: Sequence[Kept], settings: DriftSettings) -> list[Kept]:
    """Return the newest that are not in the reference, oldest first."""
    return [each for each in questions if not each.in_reference][-settings.recent_questions :]


def unneeded(questions: Iterable[Kept], *, before: int, position: int, settings: DriftSettings) -> list[int]:
    """Return the positions of what is neither reference nor recent, and too old to tell repeats by.

    Args:
        questions: what is kept.
        before: position up to which the check before this one had read. What came since stays until the next one,
            which may be given it once more.
        position: of the last one now.
        settings: how many are recent.
    """
    horizon = min(position - max(REPEAT_WITHIN, settings.recent_questions), before)
    return [each.position for each in questions if not each.in_reference and each.position <= horizon]


def span(questions: Sequence[Kept]) -> timedelta:
    """Return the time between the first and the last asked of them; zero for none."""
    times = [each.asked_at for each in questions]
    return max(times) - min(times) if times else timedelta()


def begun_anew(watch: Watch, *, release: str, since: datetime, by: str) -> Watch:
    """Return the watch with an empty reference, to be gathered from what was asked since then."""
    return replace(watch, release=release, since=since, reset_by=by, frozen_at=None, decided=0)


def picked(asked: Sequence[Asked], *, wanted: int, newest: int, seed: int) -> list[Asked]:
    """Return of a long log the newest, and blocks of the others drawn by chance; oldest first.

    For the first check of an installation that was asked for months, and for one after a long pause: not all of it has
    to be embedded for a reference that is a draw of it.

    Args:
        asked: distinct questions, oldest first.
        wanted: most that are drawn beside the newest.
        newest: how many of the end are taken whole.
        seed: of the draw; the same log gives the same, so that a check that was killed goes on.
    """
    older, last = asked[: max(len(asked) - newest, 0)], asked[max(len(asked) - newest, 0) :]
    blocks = [older[at : at + BLOCK] for at in range(0, len(older), BLOCK)]
    drawn = sorted(
        sorted(range(len(blocks)), key=lambda at: _priority(seed, blocks[at][0].id))[: wanted // BLOCK]
    )
    return [*(each for at in drawn for each in blocks[at]), *last]


def _drawn(questions: list[Kept], watch: Watch, settings: DriftSettings) -> list[Kept]:
    blocks = [
        list(members) for _, members in groupby(sorted(questions, key=lambda each: each.position), key=_block)
    ]
    began = f"{watch.tenant}:{watch.since.isoformat()}"
    blocks.sort(key=lambda members: _priority(settings.seed, began, _block(members[0])))
    drawn: list[Kept] = []
    for members in blocks:
        if len(drawn) + len(members) > settings.reference_questions:
            break
        drawn += members
    return drawn


def _block(question: Kept) -> int:
    return (question.position - 1) // BLOCK


def _priority(*of: object) -> bytes:
    return blake2b(repr(of).encode(), digest_size=8).digest()
