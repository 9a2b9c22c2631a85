"""The overview: what `whetstone status` prints."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from doubles.drift_report import alarm

from flows.ops.overview import Live, Overview
from rag.domain import Deployment, Replica, utcnow
from rag.releases.standing import Standing


def test_rows_before_and_after_the_first_release() -> None:
    """Standing alarms come first. Before the first release it says how to make one; then what serves is named."""
    empty = Overview(
        home=Path("var"),
        documents=0,
        in_part=0,
        live=None,
        replicas=(),
        questions=0,
        report=None,
        alarms=(),
        waiting=(),
    )
    assert empty.rows() == [
        ("home", "var"),
        ("documents", "0"),
        ("live release", "none yet: `whetstone serve` makes the first"),
        ("services alive", "none"),
        ("questions logged", "0"),
        ("last drift report", "-"),
        ("candidates waiting", "none"),
    ]

    assert replace(empty, documents=3, in_part=1).rows()[1] == ("documents", "3, 1 of them read in part")

    alarmed = replace(empty, alarms=[alarm()]).rows()
    assert alarmed[0] == (
        "alarm aaaa1111",
        "Documents are missing on parental leave abroad. Write or ingest documents on parental leave abroad; "
        "retraining would not help.",
    )
    assert alarmed[1:] == empty.rows()

    serving = replace(
        empty,
        live=Live(
            deployment=Deployment(epoch=2, release="new", previous="old"),
            encoder="abc (static)",
            standing=Standing(
                threshold=0.5,
                passages=120,
                questions=200,
                calibrated_at=datetime(2026, 5, 4, 12, 30, tzinfo=UTC),
                changed=2,
                documents=40,
            ),
        ),
        replicas=[Replica(id="one", heartbeat_at=utcnow(), epoch=2, ready=frozenset())],
    )
    assert serving.rows()[2:10] == [
        ("epoch", "2"),
        ("live release", "new"),
        ("encoder", "abc (static)"),
        ("threshold", "0.5"),
        (
            "calibrated",
            "on 120 passages by 200 questions, 2026-05-04 12:30; 2 of 40 documents changed since",
        ),
        ("previous release", "old"),
        ("staged release", "-"),
        ("services alive", "one"),
    ]
