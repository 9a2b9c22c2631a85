"""The error budget: what a look may spend, and how it is shared out."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from monitoring.domain import LEAST_RUN_LENGTH, Look, Watched
from monitoring.sequential.budget import MOST, SHARES, levels, spent

NOBODY = Watched(
    interactions=(),
    positions=np.empty(0, np.int64),
    asked_at=np.empty(0),
    vectors=np.empty((0, 4), np.float32),
    best=np.empty(0),
    support=np.empty(0),
    refused=np.empty(0),
    rating=np.empty(0),
    language_unknown=np.empty(0, bool),
    words=np.empty(0),
    share=np.empty(0),
)
LOOK = Look(
    tenant="default",
    at=datetime(2026, 1, 5, tzinfo=UTC),
    reference=NOBODY,
    recent=NOBODY,
    new=25,
    run_length=50_000.0,
    reference_since=None,
    reset_by="start",
)


def test_shares_of_a_look_add_up_to_what_it_may_spend_at_most() -> None:
    """All signals together err no more often than the look may."""
    assert sum(SHARES.values()) <= 1.0
    assert sum(levels(LOOK).values()) <= 25 / 50_000
    assert levels(LOOK)["topics"] == pytest.approx(0.4 * 25 / 50_000)


@pytest.mark.parametrize("new", [1, 7, 25, 500])
def test_a_run_length_of_looks_spends_one_false_alarm_however_often_one_looks(new: int) -> None:
    """The looks at `run_length` questions together spend one, whatever their size."""
    looks = 50_000 / new
    assert looks * spent(replace(LOOK, new=new)) == pytest.approx(1.0)


def test_a_look_without_new_questions_spends_nothing() -> None:
    """Every level is 0 then."""
    assert set(levels(replace(LOOK, new=0)).values()) == {0.0}


def test_a_look_never_spends_more_than_the_most() -> None:
    """Also after a long silence, and where the run length is not known."""
    assert spent(replace(LOOK, new=40_000)) == MOST
    assert spent(replace(LOOK, new=10, run_length=0.0)) == 10 / LEAST_RUN_LENGTH
