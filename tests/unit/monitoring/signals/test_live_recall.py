"""Recall of live questions: what it is, and whether it fell."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from doubles.live_questions import NOON, asked, sampled

from monitoring.adapters.sql import SqlSamples
from monitoring.domain import DriftVerdict, Sampled
from monitoring.sequential.drops import FEWEST
from monitoring.settings import DriftSettings
from monitoring.signals import live_recall
from monitoring.signals.live_recall import EPOCH, estimate, finding, read_samples
from rag.adapters.sql.stores import Stores

SETTINGS = DriftSettings(_env_file=None)
AFTER = NOON + timedelta(days=1)


def labelled(recalls: Sequence[float], *, seed: int = 1, chance: float = 0.5) -> list[Sampled]:
    """Return questions of these recalls, some drawn for people and labelled at once, judged by a fair machine."""
    generator = np.random.default_rng(seed)
    row = []
    for number, recall in enumerate(recalls):
        predicted = float(generator.beta(3 * recall, 3 * (1 - recall)))
        queued = bool(generator.random() < chance)
        found = float(generator.random() < predicted) if queued else None
        row.append(
            sampled(
                f"i{number}",
                probability=chance,
                least=chance,
                queued=queued,
                judged=predicted,
                judge="the machine",
                found=found,
                labelled_by="bo" if queued else "",
                labelled_at=NOON if queued else None,
            )
        )
    return row


def test_recall_has_an_interval_and_says_what_it_rests_on() -> None:
    """The value within its ends, questions, labels, and who judged the rest."""
    row = labelled([0.8] * 300)
    made = estimate(row, k=5, settings=SETTINGS, at=AFTER)

    assert made is not None
    assert made.low < made.value < made.high
    assert made.low < 0.8 < made.high
    assert made.labelled == sum(each.queued for each in row)
    assert made.sampled <= 300
    assert (made.judge, made.confidence) == ("the machine", 0.95)


def test_there_is_no_estimate_without_labels() -> None:
    """And a finding that says how many are missing, and what to do."""
    row = [replace(each, labelled_at=None, found=None) for each in labelled([0.8] * 40)]
    said = finding(row, k=5, level=0.01, settings=SETTINGS, at=NOON)

    assert estimate(row, k=5, settings=SETTINGS, at=NOON) is None
    assert (said.name, said.verdict, said.current) == ("live_recall@5", DriftVerdict.NOT_ENOUGH_DATA, None)
    assert f"looked at 0 of the live questions drawn for them; {FEWEST} are needed" in said.reason
    assert "whetstone questions --label" in said.reason


def test_a_few_labels_tell_recall_but_no_drop() -> None:
    """The estimate is there before anything can be compared."""
    said = finding(labelled([0.8] * 40), k=5, level=0.01, settings=SETTINGS, at=AFTER)

    assert said.verdict is DriftVerdict.NOT_ENOUGH_DATA
    assert said.low is not None
    assert said.current is not None
    assert said.high is not None
    assert said.low < said.current < said.high


def test_calm_stays_calm() -> None:
    """A finding with its figures, and a sentence."""
    said = finding(labelled([0.8] * 600), k=5, level=0.01, settings=SETTINGS, at=AFTER)

    assert said.verdict is DriftVerdict.CALM
    assert said.p_value is not None
    assert said.p_value > 0.01
    assert (said.level, said.carrying) == (0.01, ())
    assert said.reason.startswith("A right passage is among the first 5 for ")
    assert "did not fall beyond chance" in said.reason


def test_a_drop_is_drift_and_names_what_carries_it() -> None:
    """Questions that people found nothing right for, asked since recall fell."""
    row = labelled([0.85] * 400 + [0.5] * 300)
    said = finding(row, k=5, level=1e-3, settings=SETTINGS, at=AFTER)
    by_id = {each.interaction_id: each for each in row}

    assert said.verdict is DriftVerdict.DRIFT
    assert said.statistic is not None
    assert said.statistic > 0.2
    assert said.reference_count + said.current_count == sum(each.queued for each in row)
    assert said.carrying
    assert {by_id[name].found for name in said.carrying} == {0.0}
    assert all(int(name[1:]) > 300 for name in said.carrying)
    assert "It fell" in said.reason


def test_only_questions_of_the_same_k_are_compared() -> None:
    """Fewer hits that count are another recall."""
    other = [replace(each, k=3) for each in labelled([0.8] * 300)]

    assert estimate(other, k=5, settings=SETTINGS, at=AFTER) is None


def test_the_estimate_is_of_now() -> None:
    """It rests on the newest 200 to 400 labels; what was long ago is forgotten."""
    row = labelled([0.9] * 800 + [0.4] * 1_000)
    made = estimate(row, k=5, settings=SETTINGS, at=AFTER)

    assert made is not None
    assert EPOCH <= made.labelled < 2 * EPOCH
    assert made.high < 0.6


def test_skipped_questions_widen_the_interval() -> None:
    """Whoever looked could not say; they are no labels."""
    row = labelled([0.8] * 400)
    skipping = [
        replace(each, found=None) if each.queued and number % 7 == 0 else each
        for number, each in enumerate(row)
    ]
    plain, wide = (estimate(some, k=5, settings=SETTINGS, at=AFTER) for some in (row, skipping))

    assert plain is not None
    assert wide is not None
    assert wide.labelled < plain.labelled
    assert wide.high - wide.low > plain.high - plain.low


def test_of_very_many_the_oldest_and_the_newest_are_read(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each once, in their order."""
    monkeypatch.setattr(live_recall, "OLDEST", 4)
    monkeypatch.setattr(live_recall, "NEWEST", 3)
    stores.interactions.add_all([asked(f"i{number}") for number in range(12)])
    samples = SqlSamples(stores.engine)

    def read() -> list[int]:
        found = read_samples(samples, tenant="default", since=NOON)
        return [int(each.interaction_id[1:]) for each in found]

    for upto, expected in ((3, [0, 1, 2]), (6, list(range(6))), (12, [0, 1, 2, 3, 9, 10, 11])):
        samples.add([sampled(f"i{number}", number) for number in range(upto)])
        assert read() == expected
