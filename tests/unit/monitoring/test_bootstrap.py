"""The door: checks of a whole installation, on the real static encoder."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitoring.bootstrap import Monitoring, open_monitoring
from monitoring.domain import DriftReport, DriftVerdict
from monitoring.settings import DriftSettings
from rag.adapters.models.encoders import EncoderFolder
from rag.bootstrap.installation import Installation, open_installation
from rag.domain import Document, LabelledQuestion, Passage, Purpose
from rag.errors import IntegrityError, NotReady
from rag.releases.first import ensure_first_release
from rag.settings import Settings

PERMITS = [f"permit {letter}{number}" for letter in "abcde" for number in range(1, 7)]
DOCUMENTS = [Document.create(uri=permit, text=f"Apply for {permit} at the counter.") for permit in PERMITS]
SINCE = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """An installation where nothing is live yet."""
    with open_installation(Settings(home=tmp_path)) as opened:
        yield opened


@pytest.fixture
def monitoring(installation: Installation) -> Monitoring:
    """Monitoring of it, with golden questions as the only signal that has enough data."""
    return open_monitoring(installation, DriftSettings(min_labelled=20, permutations=199))


def go_live(installation: Installation, encoders: EncoderFolder) -> None:
    """Make the first release, with documents and a golden question about each."""
    settings, stores, models = installation.settings, installation.stores, installation.models
    ensure_first_release(
        stores.releases,
        models,
        encoder=models.encoders.register(encoders.path(encoders.resolve("static"))),
        chunking=settings.chunking,
        retrieval=settings.retrieval,
        principal="test",
    )
    for document in DOCUMENTS:
        stores.documents.put(document, [Passage.create(document, 0, document.text)], settings.chunking.digest)
    stores.questions.put(
        [
            LabelledQuestion.create(
                tenant="default",
                text=f"Where do I get {document.uri}?",
                documents=frozenset({document.id}),
                purpose=Purpose.GOLDEN,
            )
            for document in DOCUMENTS
        ]
    )


def drifted(report: DriftReport, *, since: datetime | None) -> DriftReport:
    """Return a newer report that says drift, its current window beginning then."""
    current = {**report.current, "since": since.isoformat() if since else None}
    later = report.created_at + timedelta(minutes=1)
    return replace(report, id="drifted", verdict=DriftVerdict.DRIFT, current=current, created_at=later)


def test_a_check_before_anything_is_live_says_what_to_do(monitoring: Monitoring) -> None:
    """There is nothing to compare, and no empty report."""
    with pytest.raises(NotReady, match="whetstone serve"):
        monitoring.check()
    assert monitoring.reports.newest() == []


def test_a_check_compares_with_where_the_release_began(
    monitoring: Monitoring, installation: Installation, encoder_store: EncoderFolder
) -> None:
    """Documents that go one by one add up to an alarm, though the newest fifty reports saw most of them gone."""
    go_live(installation, encoder_store)
    verdicts = []
    for lost in range(6):
        if lost:
            installation.stores.documents.delete(DOCUMENTS[lost].id, tenant="default")
        report = monitoring.check()
        verdicts.append(report.verdict)
        for copy in range(1, 51):
            later = report.created_at + timedelta(microseconds=copy)
            monitoring.reports.add(replace(report, id=f"{lost}-{copy}", created_at=later))

    assert verdicts == [DriftVerdict.NOT_ENOUGH_DATA] * 5 + [DriftVerdict.DRIFT]
    assert monitoring.reports.get(report.id) == report
    assert "golden_recall@10" in monitoring.html(report)


def test_since_when_people_ask_about_other_things(
    monitoring: Monitoring, installation: Installation, encoder_store: EncoderFolder
) -> None:
    """It is where the newest report's current window begins, while that report says drift."""
    go_live(installation, encoder_store)
    assert monitoring.drifted_since() is None
    calm = monitoring.check()
    assert monitoring.drifted_since() is None

    monitoring.reports.add(drifted(calm, since=SINCE))

    assert monitoring.drifted_since() == SINCE


def test_what_follows_from_a_report(
    monitoring: Monitoring, installation: Installation, encoder_store: EncoderFolder
) -> None:
    """Drift calls for retraining by the start of the report's id; one that began just before holds it back."""
    go_live(installation, encoder_store)
    calm = monitoring.check()
    found = drifted(calm, since=None)
    monitoring.reports.add(found)
    day, before = timedelta(hours=24), found.created_at - timedelta(hours=1)

    assert not monitoring.trigger(calm.id, earlier=[], cooldown=day).fire
    assert monitoring.trigger("drif", earlier=[], cooldown=day).fire
    assert not monitoring.trigger("drif", earlier=[before], cooldown=day).fire


def test_a_report_without_data_has_no_page(
    monitoring: Monitoring, installation: Installation, encoder_store: EncoderFolder
) -> None:
    """There is nothing to draw."""
    go_live(installation, encoder_store)

    with pytest.raises(IntegrityError):
        monitoring.html(monitoring.check())
