"""From the log to what a check looks at, over a real database and the real static encoder."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from doubles.asked import NOON, asked
from doubles.plain_questions import plain_questions
from numpy.typing import NDArray
from sqlalchemy import delete, null, update

from monitoring.adapters.sql import SqlAskedLog, SqlWatches
from monitoring.domain import LEAST_RUN_LENGTH, Look, PassageSample
from monitoring.domain.passages import numbered, sample_of
from monitoring.intake.gathering import BATCH, Sources, completed, gather, reset
from monitoring.settings import DriftSettings
from rag.adapters.sql.database.engine import writing
from rag.adapters.sql.schema.log import interactions
from rag.adapters.sql.stores import Stores
from rag.domain import (
    AuditEntry,
    Chunking,
    Feedback,
    Interaction,
    InteractionStatus,
    Release,
    Retrieval,
    new_id,
    utcnow,
)
from rag.domain.support import Calibration
from rag.errors import Conflict, NotFound, NotReady
from rag.ports import Encoder, Vectors
from rag.text.overlap import content

SETTINGS = DriftSettings(min_questions=100, reference_questions=200, reference_days=0, recent_questions=60)
TEXTS = plain_questions(900)


class Interrupted(Exception):
    """The process was killed."""


class Counting:
    """An encoder that counts what it embeds, and is killed before its n-th batch."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.digest, self.dimension = encoder.digest, encoder.dimension
        self.passages_digest = encoder.passages_digest
        self.embedded, self.batches_left = 0, 1_000

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions."""
        if not self.batches_left:
            raise Interrupted
        self.batches_left -= 1
        self.embedded += len(texts)
        return self._encoder.encode_queries(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages."""
        return self._encoder.encode_passages(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count tokens."""
        return self._encoder.count_tokens(texts)


@dataclass
class World:
    """A log that is watched."""

    stores: Stores
    encoder: Counting
    sample: PassageSample
    settings: DriftSettings = SETTINGS

    @property
    def sources(self) -> Sources:
        """Where it is read."""
        engine = self.stores.engine
        return Sources(
            log=SqlAskedLog(engine),
            watches=SqlWatches(engine),
            feedback=self.stores.feedback,
            releases=self.stores.releases,
        )

    def log(self, *given: Interaction) -> list[str]:
        """Log them; return their ids."""
        self.stores.interactions.add_all(given)
        return [each.id for each in given]

    def ask(self, first: int, last: int, *, hours: float = 1.0, **values: object) -> list[str]:
        """Ask the questions of these numbers, one after the other; return the interactions' ids."""
        return self.log(*(asked(TEXTS[at], 60 * hours * at, **values) for at in range(first, last)))

    def look(self, **values: object) -> Look:
        """Gather."""
        given: dict[str, object] = {"tenant": "default", **values}
        return gather(
            self.sources,
            encoder=self.encoder,
            sample=self.sample,
            settings=self.settings,
            **given,  # type: ignore[arg-type] # some of the parameters above
        )

    def check(self, **values: object) -> Look:
        """Gather, and store the report."""
        look = self.look(**values)
        completed(self.sources, look)
        return look

    def promote(self, release: Release) -> None:
        """Make another release live."""
        releases = self.stores.releases
        deployment = releases.deployment()
        assert deployment is not None
        releases.add(release)
        releases.stage(release.digest, expected_epoch=deployment.epoch)
        entry = AuditEntry(at=utcnow(), principal="anna", action="promote", subject=release.digest)
        releases.flip(release.digest, expected_epoch=deployment.epoch, entry=entry)


OLD = Release.create(encoder="e" * 64, dimension=4, chunking=Chunking(), retrieval=Retrieval())
NEW = Release.create(encoder="f" * 64, dimension=4, chunking=Chunking(), retrieval=Retrieval())
FITTED = OLD.calibrated(
    Calibration(signs=("best",), weights=(1.0,), bias=0.0, passages=1, questions=1, change=1)
)


@pytest.fixture
def world(stores: Stores, static_encoder: Encoder) -> World:
    """Two passages and no question, under the first release."""
    stores.releases.add(OLD)
    stores.releases.deploy_first(OLD.digest, principal="anna")
    texts = ["Renew the passport at the town hall.", "The bicycle is repaired in the garden."]
    rows = [
        (f"p{at}", "d1", vector, numbered(content(text)))
        for at, (text, vector) in enumerate(zip(texts, static_encoder.encode_passages(texts), strict=True))
    ]
    sample = sample_of(
        rows, encoder=static_encoder.digest, dimension=static_encoder.dimension, change=1, wanted=9
    )
    return World(stores=stores, encoder=Counting(static_encoder), sample=sample)


def test_nothing_is_live_yet(stores: Stores, static_encoder: Encoder) -> None:
    """There is nothing to watch."""
    empty = sample_of([], encoder="e", dimension=static_encoder.dimension, change=0, wanted=9)
    with pytest.raises(NotReady):
        World(stores=stores, encoder=Counting(static_encoder), sample=empty).look()


def test_nothing_was_asked_yet(world: World) -> None:
    """A look at nothing: no division by it, and shapes as everywhere."""
    look = world.check()
    assert (0, 0, 0) == (len(look.reference), len(look.recent), look.new)
    assert (LEAST_RUN_LENGTH, None, "start") == (look.run_length, look.reference_since, look.reset_by)
    assert (0, world.encoder.dimension) == look.recent.vectors.shape


def test_the_oldest_begin_the_reference_and_the_newest_are_compared(world: World) -> None:
    """In the order of asking, each question once."""
    ids = world.ask(0, 150)
    look = world.look()
    assert ids[:100] == list(look.reference.interactions)
    assert ids[100:] == list(look.recent.interactions)
    assert list(range(1, 151)) == [*look.reference.positions, *look.recent.positions]
    assert NOON == look.reference_since
    assert NOON.timestamp() == look.reference.asked_at[0]
    assert np.allclose(1, np.linalg.norm(look.recent.vectors, axis=1), atol=1e-6)


def test_what_is_new_is_new_until_a_check_is_completed(world: World) -> None:
    """A check that was killed spends nothing and loses nothing."""
    world.ask(0, 130)
    assert 30 == world.look().new
    assert 30 == world.look().new
    assert 30 == world.check().new
    assert 0 == world.look().new
    world.ask(130, 137)
    assert 7 == world.check().new
    assert 0 == world.check().new


def test_what_begins_the_reference_is_nothing_new(world: World) -> None:
    """There is nothing to compare it with."""
    world.ask(0, 70)
    assert 0 == world.check().new
    world.ask(70, 110)
    assert 10 == world.check().new


def test_only_new_texts_are_embedded(world: World) -> None:
    """Each once."""
    world.ask(0, 120)
    world.check()
    assert 120 == world.encoder.embedded
    world.check()
    world.ask(120, 125)
    world.check()
    assert 125 == world.encoder.embedded


def test_a_check_that_was_killed_goes_on_where_it_was(world: World) -> None:
    """What was embedded is kept batch by batch, and no question is counted twice or lost."""
    count = int(1.5 * BATCH)
    world.settings = SETTINGS.model_copy(update={"recent_questions": 300})
    ids = world.ask(0, count)
    world.encoder.batches_left = 1
    with pytest.raises(Interrupted):
        world.look()
    world.encoder.batches_left = 9
    look = world.look()
    assert count == world.encoder.embedded
    assert ids == [*look.reference.interactions, *look.recent.interactions]
    assert count - 100 == look.new


def test_progress_is_told(world: World) -> None:
    """How many of the new questions are embedded."""
    world.ask(0, 300)
    told: list[tuple[int, int, str]] = []
    world.look(progress=lambda *said: told.append(said))
    assert [(256, 300, "embedding questions"), (300, 300, "embedding questions")] == told


def test_repeats_bursts_and_near_duplicates_count_once(world: World) -> None:
    """From check to check as within one; by whoever where the text is the same."""
    world.ask(0, 120)
    world.check()
    world.log(*(asked(TEXTS[118], 60 * 120 + at, principal=f"p{at}") for at in range(20)))
    world.log(*(asked(f"{TEXTS[119][:-1]} ?", 60 * 120 + at, principal=f"q{at}") for at in range(5)))
    assert 0 == world.check().new
    crawl = [asked(TEXTS[at], 60 * 121 + at / 100, principal="crawler") for at in range(200, 220)]
    world.log(*crawl[:10])
    assert SETTINGS.burst_questions == world.check().new
    world.log(*crawl[10:])
    assert 0 == world.check().new


def test_questions_in_a_language_that_the_encoder_does_not_know_are_no_near_duplicates(world: World) -> None:
    """It gives them nearly the same vector. The same text counts once all the same."""
    world.ask(0, 150)
    world.check()
    texts = ["疫苗接种费报销？", "签证延期申请？", "驾照换领？", "护照挂失？"]
    world.log(
        *(
            asked(text, 60 * 151 + at, principal=f"k{at}", language_unknown=True)
            for at, text in enumerate([*texts, *texts])
        )
    )
    look = world.check()
    assert len(texts) == look.new
    assert len(texts) == look.recent.language_unknown.sum()


def test_a_probe_does_not_hide_what_people_ask(world: World) -> None:
    """It asks every half minute, for days."""
    world.log(*(asked("Are you there?", at / 2, principal="probe") for at in range(2_000)))
    people = world.ask(0, 160, hours=0.1)
    look = world.check()
    assert len(set(people) & {*look.reference.interactions, *look.recent.interactions}) >= 158
    assert 60 == len(look.recent) <= look.new <= 65


def test_what_is_logged_late_is_looked_at(world: World) -> None:
    """It waited beside the database for hours, while others were logged and looked at."""
    world.ask(0, 120)
    world.check()
    late = asked(TEXTS[500], 60 * 50.5)
    world.log(late)
    look = world.check()
    assert 1 == look.new
    assert late.id == look.recent.interactions[-1]
    assert 0 == world.check().new


@pytest.mark.parametrize("status", InteractionStatus)
def test_how_a_question_ended_does_not_matter(world: World, status: InteractionStatus) -> None:
    """Somebody asked it."""
    world.ask(0, 110, status=status)
    assert 10 == world.check().new


def test_what_is_known_is_joined(world: World) -> None:
    """From the log, from feedback, and from the passages."""
    world.ask(0, 100)
    near = asked("Renew the passport at the town hall", 60 * 100, support=0.9, release=OLD.digest)
    far = asked(
        "Quantum entanglement of photons?",
        60 * 101,
        support=0.2,  # by another calibration, which is no measure for this one's
        status=InteractionStatus.ABSTAINED,
        language_unknown=True,
    )
    failed = asked("And Jupiter?", 60 * 102, rewritten="Moons of Jupiter", status=InteractionStatus.FAILED)
    world.log(near, far, failed)
    for minute, (of, rating) in enumerate([(near, -1), (near, 1), (far, -1), (far, None)]):
        given = Feedback(
            id=new_id(),
            interaction_id=of.id,
            tenant="default",
            principal="ben",
            given_at=NOON + timedelta(minutes=minute),
            rating=rating,
        )
        world.stores.feedback.add(given)
    recent = world.look().recent
    assert (near.id, far.id, failed.id) == recent.interactions
    assert recent.best[0] > 0.9 > recent.best[1]
    assert same([0.9, np.nan, np.nan], recent.support)
    assert same([0, 1, np.nan], recent.refused)
    assert same([1, -1, np.nan], recent.rating)
    assert [False, True, False] == recent.language_unknown.tolist()
    assert [7, 4, 3] == recent.words.tolist()
    assert same([0, 1, 1], recent.share)


def test_without_passages_nothing_is_near(world: World) -> None:
    """And no word is said to be missing."""
    world.sample = sample_of([], encoder="e", dimension=world.encoder.dimension, change=0, wanted=9)
    world.ask(0, 110)
    recent = world.look().recent
    assert np.isnan(recent.best).all()
    assert np.isnan(recent.share).all()


def test_a_promotion_begins_the_reference_anew(world: World) -> None:
    """With what is asked after it; what was asked before is on neither side."""
    world.ask(0, 150)
    world.check()
    world.promote(NEW)
    empty = world.check()
    assert (0, 0, 0) == (len(empty.reference), len(empty.recent), empty.new)
    later = utcnow()
    ids = world.log(
        *(asked(TEXTS[at], asked_at=later + timedelta(microseconds=at)) for at in range(300, 420))
    )
    world.log(asked(TEXTS[700], 60 * 151))
    look = world.check()
    assert ids[:100] == list(look.reference.interactions)
    assert ids[100:] == list(look.recent.interactions)
    assert (20, "promotion") == (look.new, look.reset_by)
    deployment = world.stores.releases.deployment()
    assert deployment is not None
    assert deployment.changed_at == look.reference_since
    # Rolled back, it begins once more.
    world.promote(OLD)
    assert 0 == len(world.check().reference)


def test_another_calibration_begins_nothing(world: World) -> None:
    """It is fitted anew as documents change, and finds the same."""
    world.ask(0, 150)
    before = world.check()
    world.promote(FITTED)
    look = world.check()
    assert before.reference.interactions == look.reference.interactions
    assert "start" == look.reset_by


def test_a_watch_that_begins_after_a_promotion(world: World) -> None:
    """Knows what was asked since, and nothing of before."""
    world.ask(0, 150)
    world.promote(NEW)
    look = world.check()
    assert (0, 0, "promotion") == (len(look.reference), len(look.recent), look.reset_by)


def test_a_persons_word_begins_with_the_newest(world: World) -> None:
    """This is how it is now: what was compared with the reference is the reference."""
    ids = world.ask(0, 260)
    world.check()
    reset(world.sources, "default", settings=world.settings)
    look = world.check()
    assert ids[200:] == list(look.reference.interactions)
    assert (0, 0, "person") == (len(look.recent), look.new, look.reset_by)
    assert NOON + timedelta(hours=200) == look.reference_since
    more = world.ask(260, 310)
    look = world.check()
    assert ids[200:] + more[:40] == list(look.reference.interactions)
    assert more[40:] == list(look.recent.interactions)
    with pytest.raises(NotFound):
        reset(world.sources, "nobody", settings=world.settings)


def test_a_question_logged_late_brings_no_old_reference_back(world: World) -> None:
    """Of the newest one was asked before most of the reference; a person's word begins with the newest all the same."""
    world.ask(0, 150)
    world.check()
    late = world.log(asked(TEXTS[300], 60 * 20.5))
    ids = world.ask(150, 199)
    before = world.check()
    assert late[0] in before.recent.interactions
    reset(world.sources, "default", settings=world.settings)
    look = world.check()
    assert before.recent.interactions == look.reference.interactions
    assert ids[-1] in look.reference.interactions
    assert 0 == len(look.recent)


def test_nothing_joins_while_an_alarm_stands(world: World) -> None:
    """The change would become normal."""
    world.ask(0, 160)
    world.check()
    world.ask(160, 240)
    assert 100 == len(world.check(alarm=True).reference)
    world.ask(240, 300)
    assert 100 < len(world.check().reference)


def test_a_frozen_reference_stays(world: World) -> None:
    """Whatever is asked."""
    world.ask(0, 325)
    frozen = world.check().reference
    assert 200 == len(frozen)
    for first in range(325, 805, 60):
        world.ask(first, first + 60)
        look = world.check()
        assert frozen.interactions == look.reference.interactions
        assert 60 == look.new
        assert world.check().new == 0
    assert len(world.sources.watches.questions("default")) <= 200 + 500


def test_what_is_erased_is_on_neither_side(world: World) -> None:
    """The reference shrinks, and nothing fails."""
    ids = world.ask(0, 150)
    world.check()
    with writing(world.stores.engine) as connection:
        connection.execute(delete(interactions).where(interactions.c.id.in_([ids[3], ids[120]])))
    look = world.check()
    seen = [*look.reference.interactions, *look.recent.interactions]
    assert not {ids[3], ids[120]} & set(seen)
    assert 0 == look.new


def test_what_is_erased_before_it_was_looked_at_is_nothing_new(world: World) -> None:
    """Else each look would spend something on it."""
    world.ask(0, 110)
    world.check()
    ids = world.ask(110, 113)
    assert 3 == world.look().new
    with writing(world.stores.engine) as connection:
        connection.execute(delete(interactions).where(interactions.c.id.in_(ids[1:])))
    assert 1 == world.check().new
    assert 0 == world.check().new


def test_what_was_asked_before_a_promotion_is_nothing_new_after_it(world: World) -> None:
    """Also where no check has looked at it."""
    world.ask(0, 150)
    world.look()
    world.promote(NEW)
    assert 0 == world.look().new


def test_tenants_are_apart_and_all_are_one_more(world: World) -> None:
    """The same question in two tenants is one of all of them."""
    world.ask(0, 110)
    world.ask(100, 220, tenant="theirs")
    assert (100, 10) == tuple(map(len, parts(world.check())))
    assert (100, 20) == tuple(map(len, parts(world.check(tenant="theirs"))))
    everyone = world.check(tenant="*")
    assert 60 == len(everyone.recent)
    assert 220 == len(world.sources.watches.questions("*"))
    assert 0 == world.check().new


def test_a_look_at_what_was_asked_since(world: World) -> None:
    """By a person who wonders: all of it is compared, and it is not on the other side."""
    ids = world.ask(0, 150)
    world.check()
    look = world.look(since=NOON + timedelta(hours=90))
    assert ids[:90] == list(look.reference.interactions)
    assert ids[90:] == list(look.recent.interactions)
    assert 60 == look.new
    assert 0 == len(world.look(since=datetime(2100, 1, 1, tzinfo=UTC)).recent)


def test_a_long_log_at_the_first_check(world: World) -> None:
    """Not all of it is embedded; the newest are there, and the reference is drawn from before them."""
    ids = world.ask(0, 900)
    look = world.check()
    assert world.encoder.embedded <= 1.25 * 260
    assert ids[-60:] == list(look.recent.interactions)
    assert 100 <= len(look.reference) <= 200
    at = np.array([ids.index(each) for each in look.reference.interactions])
    assert (np.diff(at) > 0).all()
    assert 150 < np.median(at) < 750
    assert 60 <= look.new < 60 + 25


def test_a_log_of_before_there_were_keys_is_looked_at_once(world: World) -> None:
    """After an update; also where nobody has asked anything since."""
    ids = world.ask(0, 900)
    with writing(world.stores.engine) as connection:
        connection.execute(update(interactions).values(logged_at=null(), text_key=null()))
    assert ids[-60:] == list(world.check().recent.interactions)
    assert 0 == world.check().new
    more = world.log(*(asked(f"{text} Tomorrow?", 60 * 900 + at) for at, text in enumerate(TEXTS[:5])))
    look = world.check()
    assert 5 == look.new
    assert [*ids[-55:], *more] == list(look.recent.interactions)


def test_the_run_length_is_of_the_traffic(world: World) -> None:
    """So many months' worth of questions, as they come in a day."""
    world.ask(0, 720, hours=0.5)
    assert world.look().run_length == pytest.approx(12 * 30.44 * 48, rel=0.05)


@pytest.mark.parametrize("asked_by_it", [100, 500])
def test_a_crawl_is_no_traffic(world: World, asked_by_it: int) -> None:
    """What is thinned out of many questions of one key does not lengthen the run, taken or left out."""
    world.ask(0, 240, hours=0.5)
    world.check()
    before = world.sources.watches.get("default")
    assert before is not None
    world.log(*(asked(TEXTS[240 + at], 7_300 + at / 60, principal="crawl") for at in range(asked_by_it)))
    world.check()
    after = world.sources.watches.get("default")
    assert after is not None
    assert 5 == after.position - before.position
    assert sum(after.days.values()) - sum(before.days.values()) < 12


def test_two_checks_at_once(world: World) -> None:
    """The second is refused, and the first one's questions are counted once."""
    world.ask(0, 120)
    other = replace(world, encoder=Counting(world.encoder))

    def interrupt(texts: Sequence[str]) -> NDArray[np.float32]:
        world.check()
        return world.encoder.encode_queries(texts)

    other.encoder.encode_queries = interrupt  # type: ignore[method-assign] # the other process comes in between
    with pytest.raises(Conflict, match="another check"):
        other.look()
    assert 120 == len(world.sources.watches.questions("default"))


def parts(look: Look) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return both sides."""
    return look.reference.interactions, look.recent.interactions


def same(expected: Sequence[float], actual: NDArray[np.float64]) -> bool:
    """Compare numbers, where what is not known equals itself."""
    return bool(np.allclose(expected, actual, equal_nan=True))
