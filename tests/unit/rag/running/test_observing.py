"""Who hears of a question."""

import asyncio
from collections.abc import Callable

import pytest

from rag.domain import Interaction
from rag.errors import Unavailable
from rag.running.observing import ObservedLog

AnInteraction = Callable[..., Interaction]


class Heard:
    """Remembers what it is told, and fails where it is asked to."""

    def __init__(self, *, failing: bool = False) -> None:
        self.interactions: list[Interaction] = []
        self.failing = failing

    def interaction(self, interaction: Interaction) -> None:
        """Remember a question."""
        self.interactions.append(interaction)
        if self.failing:
            raise ValueError("observer is broken")

    def request(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Never be told of a request."""
        raise AssertionError("no request happened")


class Written:
    """A log in memory; it is full where it is asked to be."""

    def __init__(self, *, full: bool = False) -> None:
        self.interactions: list[Interaction] = []
        self.full = full

    def check(self) -> None:
        """Say whether there is room."""
        if self.full:
            raise Unavailable("no room")

    async def write(self, interaction: Interaction) -> None:
        """Keep it, or refuse."""
        if self.full:
            raise Unavailable("no room")
        self.interactions.append(interaction)


def test_every_observer_hears_of_what_was_written(an_interaction: AnInteraction) -> None:
    """One that breaks keeps neither the log nor the others from it."""
    log, broken, well = Written(), Heard(failing=True), Heard()
    asyncio.run(ObservedLog(log, [broken, well]).write(an_interaction()))
    assert [log.interactions, broken.interactions, well.interactions] == [[an_interaction()]] * 3


def test_a_question_that_could_not_be_logged_is_told_of_and_raised(an_interaction: AnInteraction) -> None:
    """What is not in the log has to show at least in the metrics."""
    heard = Heard()
    with pytest.raises(Unavailable):
        asyncio.run(ObservedLog(Written(full=True), [heard]).write(an_interaction()))
    assert heard.interactions == [an_interaction()]


def test_whether_there_is_room_is_the_logs_to_say() -> None:
    """A question that could not be logged later is refused before it costs anything."""
    ObservedLog(Written(), []).check()
    with pytest.raises(Unavailable):
        ObservedLog(Written(full=True), []).check()
