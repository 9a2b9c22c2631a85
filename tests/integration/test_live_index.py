"""A service in a process of its own answers a check's probes while people ask."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import numpy as np
import pytest
from integration.test_serve_process import SERVE

from monitoring.adapters.live_index import SqlLiveIndex, live_here
from monitoring.adapters.sql import SqlCanaries
from monitoring.domain import DriftVerdict
from monitoring.signals.canaries import watch_canaries
from monitoring.signals.index import examine
from monitoring.signals.index import finding as index_finding
from rag.adapters.models.encoders import EncoderFolder
from rag.bootstrap import Installation, open_installation
from rag.domain import DEFAULT_TENANT, Document, utcnow
from rag.errors import IndexLocked
from rag.settings import Settings

TOPICS = ("lunch", "parental leave", "laptops", "train tickets", "badges", "parking", "overtime", "pensions")
QUESTIONS = tuple(f"Who looks after {topic}?" for topic in TOPICS)


def live_index(installation: Installation) -> SqlLiveIndex:
    """Return a check's view of the live index."""
    stores = installation.stores
    return SqlLiveIndex(
        stores.probes,
        stores.replicas,
        lambda: live_here(
            stores.releases,
            stores.documents,
            stores.census,
            installation.models,
            installation.indexes,
            installation.indexing,
        ),
    )


@pytest.fixture
def settings(tmp_path: Path, encoder_store: EncoderFolder, static_digest: str) -> Settings:
    """Those of a home with a few documents."""
    made = Settings(_env_file=None, home=tmp_path / "var", encoder=str(encoder_store.path(static_digest)))
    with open_installation(made) as installation:
        for topic in TOPICS:
            text = f"The office on the second floor looks after {topic}. Write to it about {topic}."
            installation.library.put(Document.create(uri=f"{topic}.md", title=topic, text=text))
    return made


def test_probes_are_answered_while_people_ask(settings: Settings) -> None:
    """The same passages and vectors as in this process; people's questions are all answered; nothing is left over."""
    environment = os.environ | {
        "WHETSTONE_HOME": str(settings.home),
        "WHETSTONE_ENCODER": settings.encoder,
        "WHETSTONE_PORT": "0",
        "WHETSTONE_POLL_INTERVAL_S": "0.1",
    }
    statuses: list[int] = []
    stopping = threading.Event()
    with (
        subprocess.Popen(
            [sys.executable, "-c", SERVE], env=environment, stdout=subprocess.PIPE, text=True
        ) as process,
        open_installation(settings) as installation,
    ):
        assert process.stdout is not None
        url = process.stdout.readline().rsplit(" ", 1)[-1].strip()

        def ask() -> None:
            with httpx.Client(base_url=url, timeout=60) as client:
                while not stopping.is_set():
                    body = {"query": QUESTIONS[len(statuses) % len(QUESTIONS)]}
                    statuses.append(client.post("/v1/retrieve", json=body).status_code)

        people = [threading.Thread(target=ask) for _ in range(2)]
        try:
            with pytest.raises(IndexLocked, match="is in use"):
                installation.indexes.open(installation.stores.releases.all()[0])
            for each in people:
                each.start()
            with live_index(installation) as live:
                there = live.find(QUESTIONS, tenant=DEFAULT_TENANT, k=3), live.embed(QUESTIONS)
                state = live.state()
                seen = examine(
                    live, installation.stores.census, QUESTIONS, tenant=DEFAULT_TENANT, at=utcnow()
                )
                canaries = [
                    watch_canaries(live, SqlCanaries(installation.stores.engine), encoder="e")
                    for _ in range(2)
                ]
        finally:
            stopping.set()
            for each in people:
                each.join()
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        assert installation.stores.probes.take(replica="r", stale=utcnow()) is None
        with live_index(installation) as live:
            here = live.find(QUESTIONS, tenant=DEFAULT_TENANT, k=3), live.embed(QUESTIONS)
            alone = live.state()

    assert (state.replica != "", state.passages, state.expected, state.pending) == (True, 8, 8, 0)
    assert (alone.replica, alone.passages) == ("", 8)
    assert [row[0] for row in there[0]] == [row[0] for row in here[0]]
    np.testing.assert_allclose(there[1], here[1], atol=1e-6)
    assert index_finding(seen).verdict is DriftVerdict.CALM
    assert [each.verdict for each in canaries] == [DriftVerdict.CALM] * 2
    assert set(statuses) == {200}
    assert len(statuses) > len(QUESTIONS)
