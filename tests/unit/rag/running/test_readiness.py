"""What works, from what the parts say."""

import pytest

from rag.breaker import Breaker
from rag.log.logbook import LogState
from rag.releases.live import Part
from rag.running.readiness import readiness

LIVE = (
    Part(name="model", ready=True, detail="encoder e"),
    Part(name="index", ready=True, detail="i"),
    Part(name="sql", ready=True, detail="answers"),
)
HERE = LogState(away="", spooled=0, used=0, room=1_000, full=False)
AWAY = LogState(away="gone", spooled=3, used=400, room=600, full=False)
FULL = LogState(away="gone", spooled=9, used=1_000, room=0, full=True)


def told(live: tuple[Part, ...] = LIVE, **more: object) -> dict[str, tuple[bool, str]]:
    """Return name -> ready and detail."""
    values: dict[str, object] = {"sql_trouble": "", "log": HERE, "breaker": None} | more
    return {part.name: (part.ready, part.detail) for part in readiness(live, **values)}  # type: ignore[arg-type]


def test_all_there() -> None:
    """Everything is ready, in the order the live release gives."""
    assert {"model": (True, "encoder e"), "index": (True, "i"), "sql": (True, "answers")} == told()


def test_a_database_that_is_away_is_no_reason_to_refuse_while_there_is_room() -> None:
    """Questions are answered for as long as they can be logged; then they are not."""
    detail = "database away, 3 questions spooled, room for 600 bytes: no route"
    assert (True, detail) == told(sql_trouble="no route", log=AWAY)["sql"]
    ready, detail = told(sql_trouble="no route", log=FULL)["sql"]
    assert not ready
    assert "no room for more" in detail


def test_back_again_with_questions_on_their_way() -> None:
    """What is spooled still shows until it has arrived."""
    assert (True, "answers, 3 questions on their way to it") == told(log=AWAY)["sql"]


@pytest.mark.parametrize("loaded", [True, False])
def test_an_index_that_cannot_hear_of_changes_answers_all_the_same(loaded: bool) -> None:
    """Its trouble is the database's; but what was never loaded is not there."""
    live = (
        Part(name="model", ready=loaded, detail=""),
        Part(name="index", ready=False, detail="no route"),
        LIVE[2],
    )

    assert loaded == told(live, sql_trouble="no route", log=AWAY)["index"][0]
    assert not told(live)["index"][0]


def test_a_model_that_is_left_alone_is_told_and_no_reason_to_refuse() -> None:
    """Extractive answers stand in; the detail says since and until when."""
    breaker = Breaker(failures=1, pause_s=30, clock=lambda: 0.0)
    assert (True, "the language model is asked") == told(breaker=breaker)["generator"]
    call = breaker.call()
    assert call is not None
    call.failed()
    ready, detail = told(breaker=breaker)["generator"]
    assert ready
    assert "extractive answers stand in; tried in 30 s" in detail
