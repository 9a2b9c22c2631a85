"""What the benchmark of promotions promises, and how it says whether that was kept."""

from typing import Any

import pytest
from answer_promotion import kept, table

from retrain.domain import Received


def _result(verdict: str, *, right: float, refused: float) -> dict[str, Any]:
    def row(share: Received, value: float, low: float) -> dict[str, Any]:
        side = {"value": 0.5, "low": 0.4, "high": 0.6}
        change = {"value": value, "low": low, "high": value + 0.02, "p_value": 0.5}
        return {"metric": str(share), "incumbent": side, "candidate": side, "difference": change}

    rows = [row(Received.RIGHT, right + 0.02, right), row(Received.REFUSED, refused, refused - 0.02)]
    return {
        "data": "feedbackqa",
        "people": 10,
        "gate_questions": 300,
        "verdict": verdict,
        "test": {"questions": 1_282, "rows": rows},
    }


@pytest.mark.parametrize(
    ("verdict", "right", "refused", "expected"),
    [
        ("promote", 0.01, 0.01, True),
        ("promote", 0.0, 0.01, False),
        ("promote", 0.01, 0.011, False),
        ("reject", -0.1, 0.2, True),
        ("inconclusive", -0.1, 0.2, True),
    ],
)
def test_a_promise_is_about_what_is_promoted(
    verdict: str, right: float, refused: float, expected: bool
) -> None:
    """Promoted: more right answers for certain, at most a point more refused; what was not promoted breaks nothing."""
    assert kept(_result(verdict, right=right, refused=refused)) is expected


def test_a_line_has_both_sides_and_the_verdict() -> None:
    """Shares before and after, the difference with its interval; what was not measured is left empty."""
    line = table([_result("promote", right=0.01, refused=0.0)]).splitlines()[-1]

    assert line.startswith("| feedbackqa (1,282) | 10 | 300 | 50.0 → 50.0: +3.0 (+1.0 to +5.0) |  | ")
    assert line.endswith("| promote | kept |")
