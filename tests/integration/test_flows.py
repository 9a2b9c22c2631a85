"""The flows run under Prefect, leave artifacts, and repeat only what is worth repeating."""

import asyncio
import logging
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from doubles.drift_report import alarm
from doubles.promotion_world import perturbed

from flows.bootstrap import open_doors
from flows.cli import cli
from flows.environment import load_flow
from flows.ops.trigger import retraining_trigger
from flows.settings import FlowSettings
from monitoring.domain import Cause, DriftVerdict, Remedy
from rag.adapters.models.encoders import EncoderFolder
from rag.bootstrap import open_installation
from rag.domain import Release
from rag.errors import ApprovalInvalid, EmptyCorpus, NotReady, Unavailable, WhetstoneError
from rag.releases.deployed import live_release
from rag.releases.first import ensure_first_release
from rag.settings import Settings
from retrain.dataset.writing import Account, Spent
from retrain.domain import Dataset

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(300)]


@pytest.fixture
def home(prefect_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh home for each test."""
    monkeypatch.setenv("WHETSTONE_HOME", str(tmp_path))
    return tmp_path


def artifacts(key: str) -> list[Any]:
    """Return the artifacts of a key that Prefect keeps."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

    async def read() -> list[Any]:
        async with get_client() as client:
            return await client.read_artifacts(
                artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
            )

    return asyncio.run(read())


def test_sync_ingests_what_is_configured(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every configured path is brought in line, what vanished is pruned, and a table says so."""
    folder = home / "handbook"
    folder.mkdir()
    (folder / "a.md").write_text("# Badges\n\nAsk the front desk.\n")
    (folder / "b.md").write_text("# Leave\n\nTell your team lead.\n")
    monkeypatch.setenv("WHETSTONE_FLOWS_SYNC_PATHS", f'["{folder}"]')
    sync_documents = load_flow("sync_documents")

    assert sync_documents() == 2
    (folder / "b.md").unlink()
    assert sync_documents() == 1
    with open_doors() as doors:
        assert doors.rag.stores.documents.count() == 1
    assert artifacts("sync")


def test_trouble_with_one_path_keeps_none_from_the_others(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is empty or gone fails the run, after the others were synced; nothing of it is removed."""
    handbook, share = home / "handbook", home / "share"
    for folder in (handbook, share):
        folder.mkdir()
        (folder / "a.md").write_text("# Badges\n\nAsk the front desk.\n")
    monkeypatch.setenv("WHETSTONE_FLOWS_SYNC_PATHS", f'["{share}", "{handbook}"]')
    sync_documents = load_flow("sync_documents")
    assert sync_documents() == 2
    (share / "a.md").unlink()
    (handbook / "a.md").write_text("# Badges\n\nAsk the porter.\n")

    with pytest.raises(EmptyCorpus):
        sync_documents()
    with open_doors() as doors:
        texts = [document.text for document in doors.rag.stores.documents.page(tenant="default")]
    assert sorted("porter" in text for text in texts) == [False, True]


def test_a_drift_check_on_too_few_questions_gives_no_verdict(
    home: Path, encoder_store: EncoderFolder
) -> None:
    """The flow stores a report that says so, shows it, and asks for no retraining."""
    prepare_release(encoder_store)

    report_id = load_flow("check_drift")()

    with open_doors() as doors:
        assert doors.monitoring.reports.get(report_id).verdict is DriftVerdict.NOT_ENOUGH_DATA
        assert not retraining_trigger(doors, report_id).fire
    assert artifacts("drift")


def test_why_no_retraining_is_asked_for_is_said(
    home: Path, encoder_store: EncoderFolder, caplog: pytest.LogCaptureFixture
) -> None:
    """The reason is in the run's log, among the artifacts, and in what the command prints."""
    prepare_release(encoder_store)
    said = "No retraining is asked for: no alarm stands, and there is not enough data for a verdict."

    with caplog.at_level(logging.INFO):
        load_flow("check_drift")()
    printed = CliRunner().invoke(cli, ["drift"], catch_exceptions=False)

    assert said in caplog.messages
    assert said in artifacts("drift-follow-up")[-1].data
    assert printed.exit_code == 0
    assert said in " ".join(printed.output.split())


def test_what_a_language_model_wrote_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What its questions cost, and what of them was dropped, is an artifact of the run and printed."""
    from prefect import flow

    from flows.artifacts import publish_dataset

    dropped = {"refused": 5, "in another language": 4, "repeated the prompt": 3}
    spent = asdict(Spent(calls=110, tokens=9_000, questions=Account(kept=288, dropped=dropped)))
    dataset = Dataset(train=(), dev=(), gate=(), manifest={"language_model": spent})
    said = (
        "12 of 300 written questions were dropped: 5 refused, 4 in another language, 3 repeated the prompt."
    )

    flow(publish_dataset)(dataset)

    assert said in artifacts("written")[-1].data
    assert said in " ".join(capsys.readouterr().out.split())


def test_an_alarm_asks_for_one_retraining_and_says_why(
    home: Path, encoder_store: EncoderFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event names the alarm and holds its sentence, and the artifact the same; a second check starts none."""
    prepare_release(encoder_store)
    load_flow("check_drift")
    from prefect import flow

    import flows.check_drift as module

    with open_doors() as doors:
        report = doors.monitoring.check()
        standing = alarm(release=report.release, cause=Cause.NOT_FOUND, remedy=Remedy.RETRAIN)
        doors.monitoring.alarms.add(standing)
    events: list[dict[str, Any]] = []
    monkeypatch.setattr(module, "emit_event", lambda **event: events.append(event))
    monkeypatch.setattr(module, "prefect_server_named", lambda: True)

    @flow
    def ask() -> bool:
        return module.ask_for_retraining(report.id)

    assert [ask(), ask()] == [True, False]
    (event,) = events
    assert event["payload"] == {
        "report": report.id,
        "reason": standing.sentence,
        "alarms": [standing.id],
    }
    told = [each.data for each in artifacts("drift-follow-up")]
    assert any(f"Retraining is asked for: {standing.sentence}" in each for each in told)
    assert any("One was started" in each for each in told)


def test_a_check_shows_its_verdict_and_what_stands(home: Path, encoder_store: EncoderFolder) -> None:
    """Among the artifacts are the verdict with why and what to do, the signals, and the alarms."""
    prepare_release(encoder_store)
    with open_doors() as doors:
        release = live_release(doors.rag.stores.releases).digest
        doors.monitoring.alarms.add(alarm(release=release, cause=Cause.NOT_FOUND))

    load_flow("check_drift")()

    said = "# An alarm stands since 2026-03-01: Documents are missing on parental leave abroad."
    (told,) = (each.data for each in artifacts("drift-reasons") if each.data.startswith(said))
    assert "## What to do" in told
    assert "## Not measured" in told
    assert artifacts("alarms")


def test_a_drift_check_before_anything_is_live_says_what_to_do(home: Path) -> None:
    """The flow fails with the reason instead of making an empty report."""
    with pytest.raises(NotReady, match="whetstone serve"):
        load_flow("check_drift")()


def test_collecting_garbage_keeps_what_lives(home: Path, encoder_store: EncoderFolder) -> None:
    """What is live stays; an encoder and an index that nothing needs are named by a dry run and removed by a run."""
    prepare_release(encoder_store)
    collect = load_flow("collect_garbage")
    with open_installation(Settings(home=home)) as installation:
        encoders, indexes = EncoderFolder(home / "encoders"), installation.indexes
        live = live_release(installation.stores.releases)
        indexes.open(live, create=True).close()

        assert [collect(dry_run=dry) for dry in (True, False)] == [[], []]

        unneeded = perturbed(encoders, live.encoder, home / "noisy")
        long_ago = time.time() - 48 * 3_600  # a young encoder may be one that is being trained
        os.utime(encoders.path(unneeded), (long_ago, long_ago))
        retired = Release.create(
            encoder=unneeded, dimension=live.dimension, chunking=live.chunking, retrieval=live.retrieval
        )
        indexes.open(retired, create=True).close()
        lines = [f"index {retired.index_name}", f"encoder {unneeded}"]
        for dry_run, left in (
            (True, ({live.encoder, unneeded}, {live.index_name, retired.index_name})),
            (False, ({live.encoder}, {live.index_name})),
        ):
            assert collect(dry_run=dry_run) == lines
            assert (set(encoders.digests()), set(indexes.names())) == left
        assert collect(dry_run=False) == []
    assert any(unneeded in artifact.data for artifact in artifacts("garbage"))


def test_a_refusal_is_not_repeated(home: Path) -> None:
    """A missing approval stays missing, so asking again only takes time; a passing fault is tried again."""
    load_flow("promote_release")
    from prefect.states import Failed

    from flows.retrying import worth_repeating

    def ended_with(error: WhetstoneError) -> Any:
        return Failed(data=error)

    assert not worth_repeating(None, None, ended_with(ApprovalInvalid()))  # type: ignore[arg-type]  # only the state is read
    assert worth_repeating(None, None, ended_with(Unavailable()))  # type: ignore[arg-type]  # likewise


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (FlowSettings(), {"check_drift", "collect_garbage"}),
        (
            FlowSettings(sync_paths=("docs",), retrain_every_h=24),
            {"check_drift", "collect_garbage"} | {"sync_documents"} | {"retrain_encoder"},
        ),
        (FlowSettings(drift_every_min=0, garbage_every_h=0), set()),
    ],
)
def test_schedules_follow_the_settings(
    prefect_home: Path, settings: FlowSettings, expected: set[str]
) -> None:
    """A flow has a schedule where its setting is above 0, and the sync flow only where there is something to sync."""
    from flows.running.runner import schedules

    assert {name for name, interval in schedules(settings).items() if interval} == expected


def prepare_release(encoders: EncoderFolder) -> None:
    """Make the first release with the static encoder that the tests share."""
    with open_doors() as doors:
        digest = doors.rag.models.encoders.register(encoders.path(encoders.resolve("static")))
        ensure_first_release(
            doors.rag.stores.releases,
            doors.rag.models,
            encoder=digest,
            chunking=doors.rag.settings.chunking,
            retrieval=doors.rag.settings.retrieval,
            principal="test",
        )
