"""What people compare, as sentences."""

from dataclasses import asdict

from flows.ops.tables import written_lines
from retrain.dataset.writing import Account, Spent


def test_what_was_dropped_is_said_in_plain_words() -> None:
    """How many of how many, by reason, the most first; repairs and the end of the asking beside it."""
    spent = Spent(
        calls=110,
        remembered=5,
        failures=2,
        tokens=23_000,
        seconds=312.4,
        stopped="110 calls were made",
        questions=Account(
            kept=288,
            dropped={"in another language": 4, "refused": 5, "repeated the prompt": 3},
            repaired={"thoughts": 20, "fences": 31},
        ),
        paraphrases=Account(kept=40),
    )
    assert written_lines(asdict(spent)) == [
        "The language model was asked 110 times (2 of them failed, 5 replies were known already): "
        "23000 tokens, 312 s.",
        "It was asked no more, as 110 calls were made.",
        "12 of 300 written questions were dropped: 5 refused, 4 in another language, 3 repeated the prompt.",
        "To get at the questions, taken away: fences in 31, thoughts in 20 replies.",
        "None of 40 written paraphrases was dropped.",
    ]


def test_nothing_is_said_where_nothing_was_asked() -> None:
    """Without a language model, and of datasets of before, which have no accounts."""
    assert written_lines(None) == written_lines(asdict(Spent())) == []
    before = {"calls": 3, "remembered": 0, "failures": 0, "tokens": 900, "seconds": 2.0, "stopped": ""}
    assert written_lines(before) == ["The language model was asked 3 times: 900 tokens, 2 s."]
