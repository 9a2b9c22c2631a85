"""Signal topics: what is drift, what is not, and which questions carry it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from monitoring.domain import DriftVerdict, Look
from monitoring.settings import DriftSettings
from monitoring.signals import topics
from rag.ports import Vectors

MakeLook = Callable[..., Look]
MakeQuestions = Callable[..., Vectors]
LEVEL = 2e-4


@pytest.fixture
def settings() -> DriftSettings:
    """Return settings with fewer permutations."""
    return DriftSettings(_env_file=None, permutations=9_999)


def test_the_same_topics_are_calm(
    make_look: MakeLook, make_questions: MakeQuestions, settings: DriftSettings
) -> None:
    """And nothing carries them."""
    drawn = np.random.default_rng(1).integers(6, size=1_100)
    found = topics.finding(make_look(make_questions(drawn, 1), 600), LEVEL, settings)
    assert found.verdict is DriftVerdict.CALM
    assert found.carrying == ()
    assert found.level == LEVEL
    assert found.reason.startswith("People ask about the same things as before")


@pytest.mark.parametrize(("share", "since"), [(0.5, 60), (0.2, 200)])
def test_a_new_topic_is_drift_and_its_questions_carry_it(
    make_look: MakeLook, make_questions: MakeQuestions, settings: DriftSettings, share: float, since: int
) -> None:
    """Most of those that carry it are about the new topic, and hardly any came before it."""
    generator = np.random.default_rng(2)
    drawn = generator.integers(6, size=1_200)
    new = np.flatnonzero((np.arange(1_200) >= 1_200 - since) & (generator.random(1_200) < share))
    drawn[new] = 40
    look = make_look(make_questions(drawn, 2, noise=0.5), 600)
    found = topics.finding(look, LEVEL, settings)
    assert found.verdict is DriftVerdict.DRIFT
    carrying = {int(each.removeprefix("i")) - 1 for each in found.carrying}
    assert len(carrying & set(new.tolist())) >= 0.8 * len(new)
    assert len(carrying & set(new.tolist())) >= 0.7 * len(carrying)
    assert found.statistic is not None
    assert found.threshold is not None
    assert found.statistic > found.threshold


def test_no_topic_that_went_is_needed(
    make_look: MakeLook, make_questions: MakeQuestions, settings: DriftSettings
) -> None:
    """Where an old topic is asked far more than before, that is drift too."""
    drawn = np.random.default_rng(3).integers(6, size=1_000)
    drawn[-150:] = np.where(np.arange(150) % 2 == 0, 0, drawn[-150:])
    found = topics.finding(make_look(make_questions(drawn, 3), 600), LEVEL, settings)
    assert found.verdict is DriftVerdict.DRIFT


@pytest.mark.parametrize(("reference", "recent"), [(499, 300), (600, 49)])
def test_too_few_questions_give_no_verdict(
    make_look: MakeLook, make_questions: MakeQuestions, settings: DriftSettings, reference: int, recent: int
) -> None:
    """The finding says how many are needed."""
    drawn = np.zeros(reference + recent, np.int64)
    found = topics.finding(make_look(make_questions(drawn, 1), reference), LEVEL, settings)
    assert found.verdict is DriftVerdict.NOT_ENOUGH_DATA
    assert "needed" in found.reason
    assert found.p_value is None


def test_day_and_night_are_calm(
    make_look: MakeLook, make_questions: MakeQuestions, settings: DriftSettings
) -> None:
    """Where the reference has seen both, the newest 100 questions may all come from the night."""
    generator = np.random.default_rng(4)
    asked_at = 1_767_571_200.0 + np.arange(1_140) * 600.0  # until 22:00 of the eighth day
    by_day = (asked_at % 86_400 >= 8 * 3_600) & (asked_at % 86_400 < 20 * 3_600)
    vectors = make_questions(generator.integers(4, size=1_140) + 10 * by_day, 4)
    found = topics.finding(make_look(vectors, 864, asked_at=asked_at), LEVEL, settings)
    assert found.verdict is DriftVerdict.CALM


def test_the_first_night_is_no_drift(
    make_look: MakeLook, make_questions: MakeQuestions, settings: DriftSettings
) -> None:
    """A reference of one day's hours does not know what is asked by night."""
    generator = np.random.default_rng(5)
    asked_at = 1_767_571_200.0 + 8 * 3_600 + np.arange(900) * 72.0  # until 02:00
    by_day = (asked_at % 86_400 >= 8 * 3_600) & (asked_at % 86_400 < 20 * 3_600)
    vectors = make_questions(generator.integers(4, size=900) + 10 * by_day, 5)
    found = topics.finding(make_look(vectors, 600, asked_at=asked_at), LEVEL, settings)
    assert found.verdict is not DriftVerdict.DRIFT


@pytest.mark.parametrize("size", [5, 30])
def test_bursts_as_there_always_were_are_calm(
    make_look: MakeLook, make_questions: MakeQuestions, settings: DriftSettings, size: int
) -> None:
    """The newest questions end with a burst, as others did in the reference."""
    generator = np.random.default_rng(6)
    drawn = generator.integers(40, size=1_600)
    for start in range(40, 1_580, 5 * size):
        drawn[start : start + size] = generator.integers(40)
    drawn[-size:] = 7
    found = topics.finding(make_look(make_questions(drawn, 6, noise=0.5), 1_000), LEVEL, settings)
    assert found.verdict is DriftVerdict.CALM


def test_a_change_is_seen_among_bursts(
    make_look: MakeLook, make_questions: MakeQuestions, settings: DriftSettings
) -> None:
    """It takes longer, as only what lasts over many blocks counts."""
    generator = np.random.default_rng(7)
    drawn = generator.integers(40, size=1_600)
    for start in range(40, 1_580, 25):
        drawn[start : start + 5] = generator.integers(40)
    drawn[np.flatnonzero((np.arange(1_600) >= 1_200) & (generator.random(1_600) < 0.5))] = 50
    found = topics.finding(make_look(make_questions(drawn, 7, noise=0.5), 1_000), LEVEL, settings)
    assert found.verdict is DriftVerdict.DRIFT


def test_the_same_look_gives_the_same_finding(
    make_look: MakeLook, make_questions: MakeQuestions, settings: DriftSettings
) -> None:
    """What is drawn is drawn from the settings' seed."""
    look = make_look(make_questions(np.random.default_rng(8).integers(6, size=800), 8), 600)
    assert topics.finding(look, LEVEL, settings) == topics.finding(look, LEVEL, settings)


@pytest.mark.parametrize(("share", "verdict"), [(0.0, DriftVerdict.CALM), (0.3, DriftVerdict.DRIFT)])
def test_questions_that_lead_elsewhere_are_drift_though_they_ask_alike(
    make_look: MakeLook,
    make_questions: MakeQuestions,
    settings: DriftSettings,
    share: float,
    verdict: DriftVerdict,
) -> None:
    """And those that lead there carry it; where they lead to the same documents, nothing changed."""
    generator = np.random.default_rng(9)
    drawn = generator.integers(6, size=1_200)
    look = make_look(make_questions(drawn, 9), 1_000)
    new = np.flatnonzero((np.arange(1_200) >= 1_000) & (generator.random(1_200) < share))
    drawn[new] = 40
    led = make_questions(drawn, 10, noise=0.5)
    look = replace(
        look,
        reference=replace(look.reference, found=led[:1_000]),
        recent=replace(look.recent, found=led[1_000:]),
    )
    found = topics.finding(look, LEVEL, settings)
    assert found.verdict is verdict
    carrying = {int(each.removeprefix("i")) - 1 for each in found.carrying}
    assert len(carrying & set(new.tolist())) >= 0.8 * len(new)


def test_questions_asked_again_do_not_make_the_newest_look_isolated() -> None:
    """A small pool: the reference holds copies of most questions, the newest hold each only once."""
    generator = np.random.default_rng(3)
    pool = generator.normal(size=(700, 32)).astype(np.float32)
    pool /= np.linalg.norm(pool, axis=1, keepdims=True)
    drawn = [*generator.integers(700, size=1_000), *generator.permutation(700)[:600]]
    isolated = topics.isolation(pool[drawn])
    assert isolated[1_000:].mean() < isolated[:1_000].mean() + 0.02
