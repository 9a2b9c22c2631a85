"""Which questions a person reads before approving."""

from retrain.domain import Answer, EvalQuestion, Moved, Origin
from retrain.verdict.moved import MOVED, moved
from retrain.verdict.receiving import Got

RIGHT, REFUSED = (
    Got(answer=Answer.RIGHT, support=0.8),
    Got(answer=Answer.REFUSED_THOUGH_FOUND, support=0.3),
)
WRONG = Got(answer=Answer.WRONG, support=0.7)


def _question(name: str) -> EvalQuestion:
    return EvalQuestion(
        id=name, text=name, relevant=frozenset({name}), documents=frozenset({name}), origin=Origin.LABEL
    )


def _found(name: str, rank: int) -> list[str]:
    return [*("-" * (rank - 1)), name]


def _moved(
    ranks: dict[str, tuple[int, int]], got: dict[str, tuple[Got, Got]]
) -> tuple[list[Moved], list[Moved]]:
    return moved(
        [_question(name) for name in ranks],
        [_found(name, old) for name, (old, _) in ranks.items()],
        [_found(name, new) for name, (_, new) in ranks.items()],
        {},
        got,
    )


def test_answers_that_were_lost_come_first_though_they_are_found() -> None:
    """Answered before and refused or wrong now is worse than any fall in rank; the contrary is better."""
    worst, best = _moved(
        {"fell": (1, 9), "lost": (2, 1), "wrong": (1, 1), "gained": (1, 2), "rose": (9, 1), "same": (1, 1)},
        {
            "fell": (RIGHT, RIGHT),
            "lost": (RIGHT, REFUSED),
            "wrong": (RIGHT, WRONG),
            "gained": (REFUSED, RIGHT),
            "rose": (RIGHT, RIGHT),
            "same": (REFUSED, WRONG),
        },
    )

    assert [each.question for each in worst] == ["wrong", "lost", "fell"]
    assert [each.question for each in best] == ["gained", "rose"]
    lost = worst[1]
    assert (lost.answer_before, lost.answer_after) == (Answer.RIGHT, Answer.REFUSED_THOUGH_FOUND)
    assert (lost.support_before, lost.support_after) == (0.8, 0.3)
    assert (lost.rank_before, lost.rank_after) == (2, 1)


def test_questions_that_were_not_asked_move_by_rank_alone() -> None:
    """Beyond those drawn to be answered the ranks tell, and nothing is said of answers."""
    worst, best = _moved({"fell": (1, 2), "rose": (2, 1)}, {})

    assert [each.question for each in worst] == ["fell"]
    assert [each.question for each in best] == ["rose"]
    assert worst[0].answer_before is None
    assert worst[0].support_after is None


def test_only_so_many_are_kept() -> None:
    """A card stays one that a person can read."""
    names = [f"q{at:03}" for at in range(50)]
    worst, _ = _moved(dict.fromkeys(names, (1, 2)), dict.fromkeys(names, (RIGHT, REFUSED)))

    assert [each.question for each in worst] == names[:MOVED]
