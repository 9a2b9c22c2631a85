"""Golden recall, asked of a real index: what is lost is told, with which documents, and what is gone is said apart."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from doubles.promotion_world import QUESTIONS, TENANT, TOPICS, TwoEncoders, World, document

from monitoring.adapters.live_index import SqlLiveIndex, live_here
from monitoring.adapters.sql import SqlGolden
from monitoring.domain import DriftVerdict
from monitoring.settings import DriftSettings
from monitoring.signals.recall import GoldenLook, question_recall, watch_golden
from rag.domain import AuditEntry, Document, LabelledQuestion, Purpose, Release, utcnow

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
FEW = DriftSettings(_env_file=None, min_labelled=5, recall_k=3)


class Checks:
    """Checks of a company's golden questions, one an hour."""

    def __init__(self, world: World, release: Release) -> None:
        self.world = world
        self.release = release
        self.golden = [golden(number) for number in range(len(TOPICS))]
        self.settings = FEW
        self._hours = 0

    def look(self, accepted: datetime | None = None) -> GoldenLook:
        """Check, and keep what the next check needs."""
        stores, kept = self.world.stores, SqlGolden(self.world.stores.engine)
        with SqlLiveIndex(
            stores.probes,
            stores.replicas,
            lambda: live_here(
                stores.releases,
                stores.documents,
                stores.census,
                self.world.models(),
                self.world.indexes,
                self.world.indexing,
            ),
        ) as live:
            seen = watch_golden(
                live,
                stores.documents,
                stores.census,
                kept,
                self.golden,
                tenant=TENANT,
                release=self.release.uncalibrated,
                at=self.now,
                settings=self.settings,
                accepted=accepted,
            )
        if seen.watch is not None:
            kept.put(seen.watch)
        self._hours += 1
        return seen

    @property
    def now(self) -> datetime:
        """When the next check is."""
        return NOON + timedelta(hours=self._hours)

    def break_index(self, numbers: Sequence[int]) -> None:
        """Take passages out of the index behind everybody's back."""
        with self.world.serving() as live, live.pin() as pinned:
            pinned.index.delete_documents([document(number).id for number in numbers])

    def heal_index(self) -> None:
        """Build the index anew."""
        self.world.indexes.drop(self.release.index_name)
        self.world.stores.cursors.forget(self.release.index_name)
        with self.world.serving():
            pass


def golden(number: int, *others: Document) -> LabelledQuestion:
    """Return the golden question for a document, or for several."""
    return LabelledQuestion.create(
        tenant=TENANT,
        text=QUESTIONS[number],
        documents=frozenset({document(number).id, *(each.id for each in others)}),
        purpose=Purpose.GOLDEN,
    )


@pytest.fixture
def checks(world: World, two_encoders: TwoEncoders) -> Iterator[Checks]:
    """A handbook of ten documents, a golden question to each."""
    yield Checks(world, world.found(two_encoders.first, documents=len(TOPICS)))


def test_the_first_check_is_what_later_ones_are_held_against(checks: Checks) -> None:
    """Calm, with the recall; the report's part is question by question; again it is the same and nothing is spent."""
    first, second = checks.look(), checks.look()
    assert (first.finding.name, first.finding.verdict) == ("golden_recall@3", DriftVerdict.CALM)
    assert first.finding.reason == "Recall on 10 golden questions is 100.0%; later checks compare with it."
    assert first.asked.recall == {each.id: 1.0 for each in checks.golden}
    assert second.watch == first.watch
    assert second.finding.current == 1.0
    assert "Recall did not fall" in second.finding.reason


def test_a_loss_is_told_until_it_is_found_again(checks: Checks) -> None:
    """With what it was, what it is, and documents; then calm again."""
    checks.look()
    checks.break_index(range(6))
    lost, still = checks.look(), checks.look()
    assert lost.finding.verdict is still.finding.verdict is DriftVerdict.DRIFT
    assert lost.finding.statistic is not None
    assert lost.finding.statistic >= 1
    assert (lost.finding.reference, lost.finding.current) == (1.0, 0.4)
    assert "on 10 golden questions it was 100.0% on 2026-05-01 and is 40.0%" in lost.finding.reason
    assert "Found worse than then: 6 (they ask for file:///handbook/" in lost.finding.reason
    assert (lost.loss.asked, len(lost.loss.lost), lost.loss.changed, lost.loss.at_switch) == (
        10,
        6,
        (),
        False,
    )
    assert lost.loss.documents == {golden(at).id: (document(at).id,) for at in range(6)}
    checks.heal_index()
    assert checks.look().finding.verdict is DriftVerdict.CALM


def test_a_single_lost_question_is_said_without_an_alarm(checks: Checks) -> None:
    """Which document it asks for, and that this one changed."""
    checks.look()
    checks.world.put(Document.create(uri=document(4).uri, title="Soup", text="Lentils, carrots and salt."))
    with checks.world.serving():
        pass
    seen = checks.look()
    assert seen.finding.verdict is DriftVerdict.CALM
    assert seen.loss.lost == seen.loss.changed == (golden(4).id,)
    assert "Found worse than then: 1, 1 of them with a document that changed since" in seen.finding.reason
    assert "(they ask for file:///handbook/4)." in seen.finding.reason


def test_questions_whose_documents_are_gone_are_said_apart(checks: Checks) -> None:
    """They are no loss of recall; of one with several documents those that are there count."""
    checks.golden[0] = golden(0, document(1))
    checks.look()
    checks.world.delete(*(document(number) for number in range(1, 5)))
    with checks.world.serving():
        pass
    seen = checks.look()
    assert seen.finding.verdict is DriftVerdict.CALM
    assert (
        seen.asked.gone
        == frozenset(seen.loss.gone)
        == {golden(number).id for number in range(2, 5)} | {golden(1).id}
    )
    assert seen.asked.recall[checks.golden[0].id] == 1.0
    assert "Not counted, because their documents are gone: 4." in seen.finding.reason
    assert seen.finding.current_count == 6


def test_too_few_questions_give_no_verdict(checks: Checks) -> None:
    """None at all neither; what there is is kept nevertheless."""
    checks.settings = FEW.model_copy(update={"min_labelled": 11})
    seen = checks.look()
    assert (seen.finding.verdict, seen.finding.current) == (DriftVerdict.NOT_ENOUGH_DATA, 1.0)
    checks.golden = []
    none = checks.look()
    assert (none.finding.verdict, none.finding.current, none.watch) == (
        DriftVerdict.NOT_ENOUGH_DATA,
        None,
        None,
    )


def test_a_loss_that_came_with_the_release(checks: Checks, two_encoders: TwoEncoders) -> None:
    """Is held against what the one before found, and says so; going back to that one ends it."""
    checks.look()
    before = checks.release
    other = checks.world.release(two_encoders.second)
    checks.world.stores.releases.stage(other.digest, expected_epoch=1)
    _flip(checks.world, other, epoch=1)
    checks.release = other
    with checks.world.serving():
        pass
    checks.break_index(range(8))
    worse = checks.look()
    assert worse.finding.verdict is DriftVerdict.DRIFT
    assert worse.loss.at_switch
    assert worse.finding.reason.startswith("Recall fell with the release that serves now: on 10 golden")
    checks.world.stores.releases.stage(before.digest, expected_epoch=2)
    _flip(checks.world, before, epoch=2)
    checks.release = before
    assert checks.look().finding.verdict is DriftVerdict.CALM


def _flip(world: World, release: Release, *, epoch: int) -> None:
    entry = AuditEntry(at=utcnow(), principal="ann", action="test", subject=release.digest)
    world.stores.releases.flip(release.digest, expected_epoch=epoch, entry=entry)


def test_an_accepted_loss_is_what_later_checks_are_held_against(checks: Checks) -> None:
    """A person's word after it was found; one from before says nothing of it."""
    checks.look()
    early = checks.now - timedelta(minutes=30)
    checks.break_index(range(6))
    checks.look()
    assert checks.look(accepted=early).finding.verdict is DriftVerdict.DRIFT
    word = checks.now
    accepted = checks.look(accepted=word)
    assert (accepted.finding.verdict, accepted.finding.reference) == (DriftVerdict.CALM, 0.4)
    assert checks.look(accepted=word).finding.verdict is DriftVerdict.CALM
    checks.break_index(range(6, 10))
    assert checks.look(accepted=word).finding.verdict is DriftVerdict.DRIFT


def test_a_copy_of_the_right_document_is_right(checks: Checks) -> None:
    """An asker reads the same text, whichever document it stands in."""
    copy = Document.create(
        uri="file:///copy", title=document(2).title, text=document(2).text, divisible=False
    )
    checks.world.put(copy)
    with checks.world.serving():
        pass
    checks.golden = [
        LabelledQuestion.create(
            tenant=TENANT, text=QUESTIONS[2], documents=frozenset({each}), purpose=Purpose.GOLDEN, source=each
        )
        for each in (copy.id, document(2).id)
    ]
    # Both questions have one text, and so one id; each alone is found.
    for one in list(checks.golden):
        checks.golden = [one]
        assert set(checks.look().asked.recall.values()) == {1.0}


@pytest.mark.parametrize(
    ("given", "right", "expected"),
    [("", "a", 0.0), ("ab", "a", 1.0), ("b", "ab", 0.5), ("xyz", "ab", 0.0), ("ba", "ab", 1.0)],
)
def test_recall_of_one_question(given: str, right: str, expected: float) -> None:
    """The share of the right documents that were found."""
    assert question_recall(set(given), set(right)) == expected


def test_golden_questions_are_bounded(checks: Checks, tmp_path: Path) -> None:
    """Of thousands the same 500 are asked, check after check."""
    from monitoring.signals import recall

    more = [
        LabelledQuestion.create(
            tenant=TENANT,
            text=f"{QUESTIONS[number % 10]} {number}",
            documents=frozenset({document(number % 10).id}),
            purpose=Purpose.GOLDEN,
        )
        for number in range(recall.MOST_ASKED + 20)
    ]
    checks.golden = more
    first = checks.look()
    checks.golden = more[::-1]
    assert checks.look().asked.recall.keys() == first.asked.recall.keys()
    assert len(first.asked.recall) == recall.MOST_ASKED
