"""The questions that a candidate answers or finds better and worse than the incumbent, for a person to read."""

from collections.abc import Mapping, Sequence
from typing import Any

from retrain.domain import Answer, EvalQuestion, Hit, Moved
from retrain.verdict.receiving import Got

MOVED, SHOWN = 20, 5
"""Questions that are kept as those that got worst, and best; passages of each of their lists."""


def moved(
    questions: Sequence[EvalQuestion],
    before: Sequence[Sequence[str]],
    after: Sequence[Sequence[str]],
    titles: Mapping[str, str],
    got: Mapping[str, tuple[Got, Got]],
) -> tuple[list[Moved], list[Moved]]:
    """Return the questions that got worst and best, at most `MOVED` of each.

    Worst are those that were answered from a right passage and are not any more, then those found later; best the
    contrary. Within each, the larger change of 1 / rank comes first.

    `before` and `after` are passage ids for each question, best first, by incumbent and candidate; `titles` is passage
    id -> what it is called; `got` is question id -> what it got of both, as far as that was measured.
    """

    def rank_in(found: Sequence[str], question: EvalQuestion) -> int | None:
        return next((at for at, each in enumerate(found, start=1) if each in question.relevant), None)

    def hits(found: Sequence[str]) -> tuple[Hit, ...]:
        return tuple(Hit(passage=each, title=titles.get(each, "")) for each in found[:SHOWN])

    changes = []
    for question, old, new in zip(questions, before, after, strict=True):
        ranks = rank_in(old, question), rank_in(new, question)
        was, now = (1 / rank if rank else 0.0 for rank in ranks)
        both = got.get(question.id)
        # 1: answered rightly now and not before, -1: the contrary.
        turned = (both[1].answer is Answer.RIGHT) - (both[0].answer is Answer.RIGHT) if both else 0
        if turned or was != now:
            changes.append(((turned, now - was), question, ranks, old, new))

    def pick(sign: int) -> list[Moved]:
        # Found better and answered no more is worse.
        ours = [each for each in changes if (each[0][0] or each[0][1]) * sign > 0]
        ordered = sorted(ours, key=lambda each: (-sign * each[0][0], -sign * each[0][1], each[1].id))
        return [
            Moved(
                question=question.text,
                relevant=tuple(sorted(question.relevant)),
                rank_before=was,
                rank_after=now,
                before=hits(old),
                after=hits(new),
                **_told(got.get(question.id)),
            )
            for _, question, (was, now), old, new in ordered[:MOVED]
        ]

    return pick(-1), pick(1)


def _told(both: tuple[Got, Got] | None) -> dict[str, Any]:
    if both is None:
        return {}
    old, new = both
    return {
        "answer_before": old.answer,
        "answer_after": new.answer,
        "support_before": old.support,
        "support_after": new.support,
    }
