"""A mined question has to find its own passage."""

from collections.abc import Sequence

from retrain.dataset.pairs import MinedPairs
from retrain.dataset.round_trip import round_trip
from retrain.domain import Origin, TrainingPair


def _pair(question: str, passage: str, kind: str) -> TrainingPair:
    return TrainingPair(
        question=question,
        passage_id=passage,
        document_id=passage,
        passage_text="text",
        origin=Origin.LLM,
        kind=kind,
    )


def test_a_question_that_finds_other_passages_is_left_out_and_counted() -> None:
    """Only the first n hits count; each question is asked once; what was dropped before stays counted."""
    asked: list[str] = []

    def find(questions: Sequence[str], limit: int) -> list[list[str]]:
        asked.extend(questions)
        return [["a", "b", "c"][:limit] for _ in questions]

    mined = MinedPairs(
        pairs=(_pair("one", "a", "natural"), _pair("one", "b", "natural"), _pair("two", "c", "keyword")),
        dropped={"too short": 1},
        negatives={"one": ()},
    )
    checked = round_trip(mined, find, n=2)
    assert [(pair.question, pair.passage_id) for pair in checked.pairs] == [("one", "a"), ("one", "b")]
    assert checked.dropped == {"too short": 1, "does not find its passage: keyword": 1}
    assert checked.negatives == {"one": ()}
    assert asked == ["one", "two"]
