"""The log of feedback over a real SQLite file that is locked, and over spools that others have not delivered yet."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from doubles.waiting import until

from rag.adapters.sql.stores import Stores
from rag.domain import Feedback, Interaction, InteractionStatus, new_id, utcnow
from rag.errors import NotFound, Unavailable
from rag.log.feedback import FeedbackLog
from rag.log.logbook import Logbook
from rag.log.records import packed
from rag.log.spool import Spool
from rag.ports import FeedbackStore


def asked() -> Interaction:
    """Return a question."""
    return Interaction(
        id=new_id(),
        tenant="default",
        principal="local",
        asked_at=utcnow(),
        question="When is lunch?",
        hits=(),
        answer="",
        cited=(),
        release="r",
        epoch=1,
        generator="extractive",
        status=InteractionStatus.ABSTAINED,
    )


Make = Callable[..., tuple[Logbook, FeedbackLog]]


def judged(interaction: Interaction | str, **more: Any) -> Feedback:
    """Return feedback on a question."""
    about = interaction if isinstance(interaction, str) else interaction.id
    values: dict[str, Any] = {"rating": -1, "comment": "No.\nÜber 1 €\u2028.", "tenant": "default"}
    values |= {"id": new_id(), "interaction_id": about, "principal": "ann", "given_at": utcnow()} | more
    return Feedback(**values)


@pytest.fixture
def make(stores: Stores, tmp_path: Path) -> Iterator[Make]:
    """Makes both logs, which lose patience and try again soon."""
    made: list[tuple[Logbook, FeedbackLog]] = []

    def once(
        *,
        limit: int = 1_000_000,
        elsewhere: bool = False,
        store: FeedbackStore = stores.feedback,
        **more: Any,
    ) -> tuple[Logbook, FeedbackLog]:
        log = Logbook(
            stores.interactions, Spool(tmp_path / "spool", 1_000_000), patience_s=0.15, retry_s=0.05
        )
        feedback = FeedbackLog(
            store,
            stores.documents,
            Spool(tmp_path / "spool" / "feedback", limit),
            log,
            elsewhere=lambda: elsewhere,
            **{"patience_s": 0.15, "retry_s": 0.05} | more,
        )
        made.append((log, feedback))
        return made[-1]

    yield once
    for log, feedback in made:
        log.close()
        feedback.close()


@contextmanager
def locked(stores: Stores) -> Iterator[None]:
    """Hold SQLite's write lock, as another process may."""
    with closing(sqlite3.connect(stores.engine.url.database or "", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


class Counting:
    """The store, counting."""

    def __init__(self, store: FeedbackStore) -> None:
        self.begun = self.ended = 0
        self._store = store

    def of(self, interaction_ids: Collection[str]) -> dict[str, list[Feedback]]:
        """Read."""
        return self._store.of(interaction_ids)

    def add(self, feedback: Feedback) -> None:
        """Write one."""
        self.begun += 1
        try:
            self._store.add(feedback)
        finally:
            self.ended += 1


def left(tmp_path: Path) -> list[Path]:
    """Return what is spooled of feedback."""
    return sorted((tmp_path / "spool" / "feedback").glob("*"))


def test_it_is_in_the_database_at_once(make: Make, stores: Stores, tmp_path: Path) -> None:
    """With a database that answers, the row is there on return, and nothing is spooled."""
    interaction = asked()
    stores.interactions.add_all([interaction])
    _, log = make()
    given = judged(interaction)

    assert asyncio.run(log.write(given)) is True
    assert {interaction.id: [given]} == stores.feedback.of([interaction.id])
    assert [] == left(tmp_path)


@pytest.mark.parametrize(
    "unknown", [{}, {"tenant": "another"}, {"clicked_passage": "none"}, {"corrected_passage": "none"}]
)
def test_what_is_nowhere_is_not_found(make: Make, stores: Stores, unknown: dict[str, str]) -> None:
    """With nothing under way, a question or passage that SQL does not have does not exist for the tenant."""
    interaction = asked()
    stores.interactions.add_all([interaction])
    _, log = make()

    with pytest.raises(NotFound):
        asyncio.run(log.write(judged(interaction if unknown else new_id(), **unknown)))
    assert {} == stores.feedback.of([interaction.id])


def test_a_question_and_its_feedback_while_the_database_is_locked(
    make: Make, stores: Stores, tmp_path: Path
) -> None:
    """Both are taken without long waits, several times over, and are in SQL once each when it is back."""
    questions, log = make()
    interaction, known = asked(), asked()
    stores.interactions.add_all([known])
    given = [judged(interaction, rating=1), judged(interaction), judged(known, clicked_passage="p")]

    async def ask_and_judge() -> list[bool]:
        await questions.write(interaction)
        return [await log.write(each) for each in given]

    with locked(stores):
        began = time.perf_counter()
        assert [False] * 3 == asyncio.run(ask_and_judge())
        assert time.perf_counter() - began < 2
        assert 3 == log.waiting
    until(lambda: log.waiting == 0)
    assert {interaction.id: given[:2], known.id: given[2:]} == stores.feedback.of([interaction.id, known.id])


def test_a_lock_that_only_feedback_meets(make: Make, stores: Stores) -> None:
    """Where nobody knows yet that the database is away, it is found out, and the row that comes twice is one."""
    interaction = asked()
    stores.interactions.add_all([interaction])
    counting = Counting(stores.feedback)
    _, log = make(store=counting)
    given = judged(interaction)
    with locked(stores):
        assert asyncio.run(log.write(given)) is False
    # The try that was given up gets the lock as well.
    until(lambda: log.waiting == 0 and counting.begun == counting.ended > 1)
    assert {interaction.id: [given]} == stores.feedback.of([interaction.id])


def test_a_question_in_another_process_s_spool(make: Make, stores: Stores, tmp_path: Path) -> None:
    """Feedback on it is kept, outlives a restart of this process, and comes after the question, whenever that is."""
    interaction = asked()
    other = Spool(tmp_path / "spool", 1_000_000)
    other.append([packed(interaction)])
    counting = Counting(stores.feedback)
    questions, log = make(store=counting)
    given = judged(interaction)

    assert asyncio.run(log.write(given)) is False
    until(lambda: counting.ended > 2)
    questions.close()
    log.close()
    assert {} == stores.feedback.of([interaction.id])

    _, heir = make()
    heir.start()
    until(lambda: heir.waiting == 1)
    stores.interactions.add_all([interaction])
    until(lambda: heir.waiting == 0)
    assert {interaction.id: [given]} == stores.feedback.of([interaction.id])
    other.close()


def test_one_that_waits_holds_up_no_other(make: Make, stores: Stores, tmp_path: Path) -> None:
    """Beside feedback whose question is missing, other feedback arrives; the missing one's is put aside in the end."""
    known = asked()
    stores.interactions.add_all([known])
    lost, fine = judged(new_id()), judged(known)
    dead = Spool(tmp_path / "spool" / "feedback", 1_000_000)
    dead.append([packed(lost), b"{}", packed(fine)])
    dead.close()

    _, log = make(keep_s=0.5)
    log.start()
    until(lambda: bool(stores.feedback.of([known.id])))
    until(lambda: log.waiting == 0)
    assert {known.id: [fine]} == stores.feedback.of([known.id])
    (file,) = left(tmp_path)
    assert "refused.jsonl" == file.name
    assert [{}, json.loads(packed(lost))] == [json.loads(line) for line in file.read_text().splitlines()]


def test_a_question_of_another_machine(make: Make) -> None:
    """Where another replica may have it, the sender is told to come back; what is no id of a question is none there."""
    _, log = make(elsewhere=True)

    with pytest.raises(Unavailable, match="send this again") as raised:
        asyncio.run(log.write(judged(new_id())))
    assert 5.0 == raised.value.retry_after_s
    with pytest.raises(NotFound):
        asyncio.run(log.write(judged("none")))


def test_a_spool_without_room(make: Make, stores: Stores) -> None:
    """Nothing is acknowledged that is not on disk."""
    interaction = asked()
    stores.interactions.add_all([interaction])
    _, log = make(limit=0)
    with locked(stores), pytest.raises(Unavailable, match="WHETSTONE_SPOOL_BYTES"):
        asyncio.run(log.write(judged(interaction)))
    until(lambda: asyncio.run(log.write(judged(interaction))) is True)


def test_a_closed_log_takes_nothing(make: Make, stores: Stores) -> None:
    """What comes after the end is refused, not lost."""
    questions, log = make()
    questions.close()
    log.close()
    log.close()
    with locked(stores), pytest.raises(Unavailable, match="about to stop"):
        asyncio.run(log.write(judged(asked())))
