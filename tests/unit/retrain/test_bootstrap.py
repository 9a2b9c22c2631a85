"""The doors: what they build of an installation, and what they leave alone until it is asked for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.bootstrap.installation import Installation, open_installation
from rag.errors import LeaseHeld, NotReady
from rag.settings import Settings
from retrain.bootstrap import open_retrain
from retrain.domain import Dataset, Focus
from retrain.settings import RetrainSettings


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """An installation where nothing is live yet."""
    with open_installation(Settings(_env_file=None, home=tmp_path)) as opened:
        yield opened


def settings(**values: object) -> RetrainSettings:
    """Return settings of retraining, by the names of their variables where they have one of their own."""
    return RetrainSettings(_env_file=None, **values)  # type: ignore[arg-type]  # fields are named by the tests


def calm() -> None:
    """Return that nothing in particular is to be cured."""


def test_a_second_retraining_is_kept_out(installation: Installation) -> None:
    """While a cycle is open there is no other; what it is to cure is asked when it begins."""
    asked: list[Focus] = []

    def what_to_cure() -> Focus:
        asked.append(Focus(reason="people ask about leave"))
        return asked[-1]

    retraining, _ = open_retrain(installation, settings(), what_to_cure)
    assert [] == asked

    with retraining.cycle() as cycle:
        assert cycle.forecast() is None
        with pytest.raises(LeaseHeld), retraining.cycle():
            pass

    assert 1 == len(asked)
    with retraining.cycle():
        pass


def test_a_forecast_keeps_no_retraining_out(installation: Installation) -> None:
    """It only reads, so it is made while a retraining is under way."""
    retraining, _ = open_retrain(installation, settings(), calm)
    with retraining.cycle():
        assert retraining.forecast() is None


@pytest.mark.parametrize("lane", ["auto", "adapter"])
def test_every_lane_has_a_trainer(installation: Installation, lane: str) -> None:
    """A cycle is built for it, and says that there is nothing to judge by before anything is live."""
    retraining, _ = open_retrain(installation, settings(lane=lane), calm)
    dataset = Dataset(train=(), dev=(), gate=(), manifest={})
    retraining.datasets.put(dataset)
    with retraining.cycle() as cycle, pytest.raises(NotReady):
        cycle.foresee(dataset.digest, progress=lambda *_: None)


def test_the_key_of_approvals_is_made_when_it_is_needed(installation: Installation, tmp_path: Path) -> None:
    """Reading makes no secret; the first decision or switch does, and a set one is used instead of it."""
    _, promotion = open_retrain(installation, settings(), calm)
    assert [] == promotion.candidates.newest()
    assert [] == promotion.promotions.open()
    assert promotion.collect_garbage(dry_run=True) == []
    assert not (tmp_path / "approval.key").exists()
    assert promotion.promoter is promotion.promoter
    made = (tmp_path / "approval.key").read_text()
    _ = open_retrain(installation, settings(), calm)[1].approver
    assert made == (tmp_path / "approval.key").read_text()


def test_a_set_key_leaves_no_file(installation: Installation, tmp_path: Path) -> None:
    """The secret of the settings signs, and none is made."""
    _ = open_retrain(installation, settings(WHETSTONE_APPROVAL_SECRET="s" * 32), calm)[1].approver
    assert not (tmp_path / "approval.key").exists()


def test_approvals_settings_keep_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are named as when serving had them, and not after the other settings of retraining."""
    monkeypatch.setenv("WHETSTONE_APPROVAL_SECRET", "from the environment")
    monkeypatch.setenv("WHETSTONE_APPROVAL_TTL_H", "5")
    monkeypatch.setenv("WHETSTONE_RETRAIN_APPROVAL_TTL_H", "9")
    read = settings()
    assert read.approval_secret is not None
    assert read.approval_secret.get_secret_value() == "from the environment"
    assert read.approval_ttl_h == 5
