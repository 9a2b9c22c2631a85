"""The door: checks of a whole installation, on the real static encoder."""

import itertools
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitoring.bootstrap import Monitoring, open_monitoring
from monitoring.domain import AlarmEnd, Cause, DriftVerdict
from monitoring.settings import DriftSettings
from rag.adapters.models.encoders import EncoderFolder
from rag.bootstrap.installation import Installation, open_installation
from rag.domain import Document, Interaction, InteractionStatus, Passage
from rag.errors import Conflict, InvalidInput, LeaseHeld, NotFound, NotReady
from rag.releases.deployed import live_release
from rag.releases.first import ensure_first_release
from rag.settings import Settings

pytestmark = pytest.mark.timeout(300)

MATTERS = (
    *(
        "passport",
        "driving licence",
        "birth certificate",
        "parking permit",
        "tax return",
        "residence",
        "garden waste",
    ),
    *("dog tax", "marriage", "school place", "playground", "street light", "library card", "museum ticket"),
    *(
        "water bill",
        "building permit",
        "noise complaint",
        "election",
        "food stall",
        "swimming pool",
        "fishing licence",
    ),
)
DOING = (
    "renew",
    "lose",
    "pay for",
    "cancel",
    "translate",
    "collect",
    "complain about",
    "apply for",
    "inherit",
    "copy",
)
ILLS = (
    *(
        "migraine",
        "asthma",
        "measles",
        "arthritis",
        "anaemia",
        "diabetes",
        "eczema",
        "bronchitis",
        "cataract",
        "gout",
    ),
    *(
        "hernia",
        "malaria",
        "rabies",
        "scurvy",
        "tetanus",
        "vertigo",
        "psoriasis",
        "sciatica",
        "tinnitus",
        "leprosy",
    ),
)
SIGNS = (
    "symptoms of",
    "drugs against",
    "vaccines for",
    "genes behind",
    "diets with",
    "surgery for",
    "deaths from",
)
OFFICE, ILLNESS = (
    # In no order, as people come.
    random.Random(1).sample(questions, len(questions))
    for questions in (
        [f"What if I {does} the {matter}?" for does, matter in itertools.product(DOING, MATTERS)],
        [f"{sign} {ill}".capitalize() for sign, ill in itertools.product(SIGNS, ILLS)],
    )
)
START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """An installation where nothing is live yet."""
    with open_installation(Settings(home=tmp_path)) as opened:
        yield opened


@pytest.fixture
def monitoring(installation: Installation) -> Monitoring:
    """Monitoring of it, with small windows."""
    settings = DriftSettings(
        min_questions=100, reference_questions=100, recent_questions=100, permutations=1_999
    )
    return open_monitoring(installation, settings)


@pytest.fixture
def live(installation: Installation, encoder_store: EncoderFolder) -> None:
    """Make the first release, with documents on what the office does."""
    settings, stores, models = installation.settings, installation.stores, installation.models
    ensure_first_release(
        stores.releases,
        models,
        encoder=models.encoders.register(encoder_store.path(encoder_store.resolve("static"))),
        chunking=settings.chunking,
        retrieval=settings.retrieval,
        principal="test",
    )
    for matter in MATTERS:
        text = f"Whoever wants to renew, pay for or cancel a {matter} comes to the office."
        document = Document.create(uri=matter, text=text)
        stores.documents.put(document, [Passage.create(document, 0, text)], settings.chunking.digest)


def ask(
    installation: Installation, questions: Sequence[str], *, tenant: str = "default", at: datetime = START
) -> None:
    """Log questions, each of another person, ten minutes apart."""
    release = live_release(installation.stores.releases).digest
    installation.stores.interactions.add_all(
        [
            Interaction(
                id=f"{tenant}-{at:%d}-{number}",
                tenant=tenant,
                principal=f"person {number}",
                asked_at=at + timedelta(minutes=10 * number),
                question=question,
                hits=(),
                answer="",
                cited=(),
                release=release,
                epoch=1,
                generator="",
                status=InteractionStatus.ANSWERED,
            )
            for number, question in enumerate(questions)
        ]
    )


def test_a_check_before_anything_is_live_says_what_to_do(monitoring: Monitoring) -> None:
    """There is nothing to compare, and no empty report."""
    with pytest.raises(NotReady, match="whetstone serve"):
        monitoring.check()
    assert monitoring.reports.newest() == []


@pytest.mark.usefixtures("live")
def test_a_first_check_has_a_page_that_says_what_is_missing(monitoring: Monitoring) -> None:
    """Nobody asked, no golden question, no index: a report, and a page, that say so."""
    report = monitoring.check()
    page = monitoring.html(monitoring.reports.get(report.id))

    assert report.verdict is DriftVerdict.NOT_ENOUGH_DATA
    assert "Not enough questions for a verdict" in page
    reasons = {each.name: each.reason for each in report.findings}
    assert "whetstone serve" in reasons["index"]
    assert reasons["golden_recall@10"].startswith("There are 0 golden questions")


@pytest.mark.usefixtures("live")
def test_from_calm_to_an_alarm_to_a_persons_word(monitoring: Monitoring, installation: Installation) -> None:
    """Calm; nothing new; other questions raise one alarm with its cause; accepted, it ends and stays silent."""
    ask(installation, OFFICE)
    calm = monitoring.check()
    still = monitoring.check()
    ask(installation, ILLNESS[:100], at=START + timedelta(days=3))
    drifted = monitoring.check()
    again = monitoring.check()

    verdicts = [each.verdict for each in (calm, still, drifted, again)]
    assert verdicts == [
        DriftVerdict.CALM,
        DriftVerdict.NOTHING_NEW,
        DriftVerdict.DRIFT,
        DriftVerdict.NOTHING_NEW,
    ]
    assert (still.new, drifted.new > 50) == (0, True)
    (alarm,) = monitoring.alarms.standing(tenant="default")
    assert alarm.cause is Cause.DOCUMENTS_MISSING
    assert alarm.report == drifted.id
    examples = monitoring.texts([one for topic in alarm.diagnosis.topics for one in topic.examples])
    assert set(examples.values()) <= set(ILLNESS)
    assert examples

    with pytest.raises(InvalidInput, match="comment"):
        monitoring.accept(tenant="default", principal="ann", comment=" ")
    (ended,) = monitoring.accept(tenant="default", principal="ann", comment="We treat people now.")

    assert (ended.ended_by, ended.ended_who) == (AlarmEnd.PERSON, "ann")
    assert monitoring.check().verdict is not DriftVerdict.DRIFT
    assert monitoring.alarms.standing(tenant="default") == []
    assert "accept drift" in {entry.action for entry in installation.stores.audit.newest(5)}


@pytest.mark.usefixtures("live")
def test_a_look_of_ones_own_leaves_what_is_new_new(
    monitoring: Monitoring, installation: Installation
) -> None:
    """It says drift, keeps no report and raises no alarm; the next check finds the same."""
    ask(installation, OFFICE)
    monitoring.check()
    since = START + timedelta(days=3)
    ask(installation, ILLNESS[:100], at=since)

    look = monitoring.look(since=since)

    assert (look.verdict, look.current.count > 50) == (DriftVerdict.DRIFT, True)
    assert look.current.since is not None
    assert look.current.since >= since
    assert len(monitoring.reports.newest()) == 1
    assert monitoring.alarms.standing() == []
    assert monitoring.html(look)
    assert monitoring.check().verdict is DriftVerdict.DRIFT


@pytest.mark.usefixtures("live")
def test_tenants_are_watched_apart_and_together(monitoring: Monitoring, installation: Installation) -> None:
    """Each has a reference of its own; all together have one; golden questions and labels are a tenant's."""
    ask(installation, OFFICE)
    ask(installation, ILLNESS, tenant="north")

    home, north, together = (monitoring.check(tenant=name) for name in ("default", "north", "*"))

    assert [each.tenant for each in (home, north, together)] == ["default", "north", "*"]
    assert together.reference.count + together.current.count > home.reference.count
    names = [{f.name for f in each.findings} for each in (home, north, together)]
    assert "index" in names[0]
    assert "index" not in names[1]
    assert "golden_recall@10" not in names[2]
    assert monitoring.texts(["north-01-0"], tenant="default") == {}
    assert list(monitoring.texts(["north-01-0"])) == ["north-01-0"]


@pytest.mark.usefixtures("live")
def test_one_check_of_a_tenant_at_a_time(monitoring: Monitoring, installation: Installation) -> None:
    """A second one is refused, and so is a person's word meanwhile; another tenant is not kept waiting."""
    with installation.stores.leases.hold("drift check of default"):
        with pytest.raises(LeaseHeld):
            monitoring.check()
        with pytest.raises(LeaseHeld):
            monitoring.accept(tenant="default", principal="ann", comment="x")
        assert monitoring.check(tenant="north").tenant == "north"


def test_what_was_never_checked_cannot_be_accepted(monitoring: Monitoring) -> None:
    """There is no reference to begin anew."""
    with pytest.raises(NotFound, match="never checked"):
        monitoring.accept(tenant="default", principal="ann", comment="x")


@pytest.mark.usefixtures("live")
def test_an_alarm_is_acknowledged_and_ended_once(monitoring: Monitoring, installation: Installation) -> None:
    """By whom, and with what comment."""
    ask(installation, OFFICE)
    monitoring.check()
    ask(installation, ILLNESS[:100], at=START + timedelta(days=3))
    monitoring.check()
    (alarm,) = monitoring.alarms.standing()

    known = monitoring.acknowledge(alarm.id[:8], tenant="default", principal="ann", comment="On it.")
    ended = monitoring.end(alarm.id, tenant="default", principal="bo", comment="As it should be.")

    assert (known.acknowledged_by, known.standing) == ("ann", True)
    assert (ended.ended_who, ended.comment, ended.standing) == ("bo", "As it should be.", False)
    with pytest.raises(Conflict):
        monitoring.acknowledge(alarm.id, tenant="default", principal="ann")
    with pytest.raises(NotFound):
        monitoring.end(alarm.id, tenant="north", principal="bo", comment="x")
