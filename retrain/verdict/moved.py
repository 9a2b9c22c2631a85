"""The questions that a candidate finds better and worse than the incumbent, for a person to read."""

from collections.abc import Mapping, Sequence

from retrain.domain import EvalQuestion, Hit, Moved

MOVED, SHOWN = 20, 5
"""Questions that are kept as those that got worst, and best; passages of each of their lists."""


def moved(
    questions: Sequence[EvalQuestion],
    before: Sequence[Sequence[str]],
    after: Sequence[Sequence[str]],
    titles: Mapping[str, str],
) -> tuple[list[Moved], list[Moved]]:
    """Return the questions that got worst and best by the change of 1 / rank, at most `MOVED` of each.

    `before` and `after` are passage ids for each question, best first, by incumbent and candidate; `titles` is passage
    id -> what it is called.
    """

    def rank_in(found: Sequence[str], question: EvalQuestion) -> int | None:
        return next((at for at, each in enumerate(found, start=1) if each in question.relevant), None)

    def hits(found: Sequence[str]) -> tuple[Hit, ...]:
        return tuple(Hit(passage=each, title=titles.get(each, "")) for each in found[:SHOWN])

    changes = []
    for question, old, new in zip(questions, before, after, strict=True):
        ranks = rank_in(old, question), rank_in(new, question)
        was, now = (1 / rank if rank else 0.0 for rank in ranks)
        if was != now:
            changes.append((now - was, question, ranks, old, new))

    def pick(sign: int) -> list[Moved]:
        ordered = sorted(
            (each for each in changes if each[0] * sign > 0), key=lambda each: (-sign * each[0], each[1].id)
        )
        return [
            Moved(
                question=question.text,
                relevant=tuple(sorted(question.relevant)),
                rank_before=was,
                rank_after=now,
                before=hits(old),
                after=hits(new),
            )
            for _, question, (was, now), old, new in ordered[:MOVED]
        ]

    return pick(-1), pick(1)
