"""Which questions are looked at apart."""

from datetime import UTC, datetime, timedelta

import numpy as np

from retrain.domain import EvalQuestion, Origin
from retrain.verdict.slices import partitions


def _questions(texts: list[str]) -> list[EvalQuestion]:
    return [
        EvalQuestion(
            id=f"q{n}",
            text=text,
            relevant=frozenset({f"p{n}"}),
            documents=frozenset({f"d{n}"}),
            origin=Origin.LABEL,
        )
        for n, text in enumerate(texts)
    ]


def test_topics_are_named_by_their_words_and_the_same_each_time() -> None:
    """Two clear clusters become two slices, each known by what is asked in it."""
    asked = _questions(["What does insulin do?"] * 60 + ["How do I get a passport renewed quickly?"] * 60)
    vectors = np.repeat(np.eye(2, dtype=np.float32), 60, axis=0)

    found = partitions(asked, vectors, {}, {}, seed=17)
    topics = {name: rows.tolist() for name, rows in found.items() if name.startswith("topic=")}

    assert sorted(topics.values()) == [list(range(60)), list(range(60, 120))]
    assert any("insulin" in name for name in topics)
    assert any("passport" in name for name in topics)
    assert found["length=short"].tolist() == list(range(60))
    again = partitions(asked, vectors, {}, {}, seed=17)
    assert list(found) == list(again)


def test_ages_part_at_the_median_and_tenants_where_there_are_several() -> None:
    """New is after the median change; a single tenant or length is no slice, an unknown document in none."""
    asked = _questions(["one", "two", "three", "four", "five"])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    updated = {f"d{n}": start + timedelta(days=n) for n in range(4)}

    found = partitions(asked, np.zeros((5, 2), dtype=np.float32), updated, {"p0": "a", "p1": "b"}, seed=17)

    assert {name: rows.tolist() for name, rows in found.items()} == {
        "origin=label": [0, 1, 2, 3, 4],
        "age=new": [2, 3],
        "age=old": [0, 1],
        "tenant=a": [0],
        "tenant=b": [1],
    }
