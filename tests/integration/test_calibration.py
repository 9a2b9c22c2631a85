"""Support is calibrated by whoever serves: the service as a process, and a question asked without one."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from doubles.waiting import until
from integration.test_serve_process import SERVE

from flows.commands.asking import ask_anywhere
from rag.adapters.models.encoders import EncoderFolder
from rag.adapters.sql.stores import Stores, open_stores, sqlite_url
from rag.bootstrap import open_installation, open_serving
from rag.domain import Document
from rag.releases.deployed import live_release
from rag.releases.standing import FEWEST
from rag.settings import Settings

TOPICS = (
    "lunch", "parental leave", "laptops", "train tickets", "badges", "parking", "overtime", "pensions",
    "sick notes", "visitors", "keys", "printers", "meeting rooms", "bicycles", "lockers", "showers",
    "plants", "mail", "recycling", "fire drills", "first aid", "gifts", "side jobs", "training",
)  # fmt: skip
QUESTION = "How are meeting rooms booked?"


def documents() -> list[Document]:
    """Return a document for each topic."""
    return [
        Document.create(
            uri=f"handbook/{number}.md",
            title=f"About {topic}",
            text=f"The office {number + 100} looks after {topic}. Write to it, and name {topic} in the subject.",
        )
        for number, topic in enumerate(TOPICS)
    ]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that nobody has used."""
    return tmp_path / "var"


def test_the_service_calibrates_what_is_put_into_it(
    home: Path, encoder_store: EncoderFolder, static_digest: str
) -> None:
    """Support in answer and log is that of the documents once they are there; the epoch grows by one, and stays."""
    environment = os.environ | {
        "WHETSTONE_HOME": str(home),
        "WHETSTONE_ENCODER": str(encoder_store.path(static_digest)),
        "WHETSTONE_PORT": "0",
        "WHETSTONE_POLL_INTERVAL_S": "0.1",
    }
    with subprocess.Popen(
        [sys.executable, "-c", SERVE], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().rsplit(" ", 1)[-1].strip()
        try:
            with httpx.Client(base_url=url, timeout=60) as client:
                for each in documents():
                    body = {"uri": each.uri, "title": each.title, "text": each.text}
                    assert client.put("/v1/documents", json=body).status_code == 200

                def ask() -> dict[str, Any]:
                    body = {"model": "whetstone", "messages": [{"role": "user", "content": QUESTION}]}
                    answer: dict[str, Any] = client.post("/v1/chat/completions", json=body).json()[
                        "whetstone"
                    ]
                    return answer

                before = ask()
                assert before["epoch"] == 1
                after = until(lambda: (answer := ask())["epoch"] > 1 and answer)
                metrics = client.get("/metrics").text
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0

    stores = open_stores(sqlite_url(home))
    try:
        live, deployment = live_release(stores.releases), stores.releases.deployment()
        assert deployment is not None
        assert (deployment.epoch, deployment.previous) == (2, None)
        assert live.support is not None
        assert live.support.passages == len(TOPICS)
        assert f"whetstone_calibrated_passages {len(TOPICS)}.0" in metrics
        assert f"whetstone_index_passages {len(TOPICS)}.0" in metrics
        logged = [_support(stores, each["interaction_id"]) for each in (before, after)]
        assert None not in logged
        assert logged[0] != logged[1]
        assert before["release"] != after["release"] == live.digest
    finally:
        stores.close()


def _support(stores: Stores, interaction: str) -> float | None:
    found = stores.interactions.get(interaction, tenant="default")
    assert found is not None
    return found.support


def test_a_question_without_a_service_calibrates_first(home_settings: Settings) -> None:
    """After an ingestion the first question is answered by a calibrated release; the second one changes nothing."""
    with open_installation(home_settings) as installation:
        for each in documents():
            installation.library.put(each)
    told: list[str] = []

    first = ask_anywhere(home_settings, QUESTION, progress=lambda _, __, what: told.append(what))
    calibrated_in = len(told)
    second = ask_anywhere(home_settings, QUESTION, progress=lambda _, __, what: told.append(what))

    assert calibrated_in > 0
    assert len(told) == calibrated_in
    assert first["release"] == second["release"]
    with open_installation(home_settings) as installation:
        live = live_release(installation.stores.releases)
        deployment = installation.stores.releases.deployment()
        assert deployment is not None
        assert (live.digest, live.support is None) == (first["release"], False)
        assert deployment.epoch == 2
        assert installation.stores.replicas.alive(since=live.created_at.replace(year=2000)) == []


def test_a_few_documents_are_not_enough(home_settings: Settings) -> None:
    """The prior calibration stays, and so does the epoch."""
    with open_installation(home_settings) as installation:
        for each in documents()[: FEWEST - 1]:
            installation.library.put(each)

    ask_anywhere(home_settings, QUESTION)

    with open_installation(home_settings) as installation:
        deployment = installation.stores.releases.deployment()
        assert deployment is not None
        assert deployment.epoch == 1
        assert live_release(installation.stores.releases).support is None


def test_a_threshold_that_was_set_too_late_is_told(
    home_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """It is the first release's; the log says what changes that of the live one."""
    with open_serving(home_settings):
        pass
    caplog.set_level("INFO")
    with open_serving(home_settings.model_copy(update={"threshold": 0.75})):
        pass

    assert "change that with: whetstone threshold 0.75" in caplog.text
