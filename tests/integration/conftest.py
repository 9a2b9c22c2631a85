"""A real service on a loopback port, for tests from the outside."""

import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter

from flows.environment import prefect_environment
from rag import bootstrap
from rag.adapters.models.encoders import EncoderFolder
from rag.bootstrap import open_serving
from rag.domain import Document
from rag.running.listening import listen
from rag.settings import Settings

CORPUS = {
    "handbook/lunch.md": (
        "Cafeteria",
        "The cafeteria serves lunch from noon until two o'clock. Vegetarian meals are on the second counter.",
    ),
    "handbook/leave.md": (
        "Parental leave",
        "Parents may take sixteen weeks of paid parental leave. It must be requested two months ahead.",
    ),
    "handbook/laptop.md": (
        "Laptops",
        "A broken laptop is replaced by the help desk within one working day. Bring it to room 114.",
    ),
    "handbook/travel.md": (
        "Travel",
        "Train tickets are booked through the travel office. Flights need approval by a director.",
    ),
}
"""uri -> title and text."""


@dataclass
class Service:
    """A service that listens."""

    url: str
    serving: bootstrap.Service
    client: httpx.Client  # of the tests; no time limit shorter than theirs

    def ask(self, question: str, **more: Any) -> httpx.Response:
        """Send a chat completion."""
        body = {"model": "whetstone", "messages": [{"role": "user", "content": question}]} | more
        return self.client.post("/v1/chat/completions", json=body)

    def document_id(self, uri: str) -> str:
        """Return a document's id."""
        return Document.id_for(self.serving.settings.tenant, uri)


@contextmanager
def running(
    settings: Settings, *, started: bool = True, routers: Sequence[APIRouter] = ()
) -> Iterator[Service]:
    """Run a service in a thread; not `started` leaves the release unloaded, `routers` are further routes."""
    import uvicorn

    from rag.api import create_app

    with listen(settings.host, settings.port) as sock, open_serving(settings) as serving:
        if started:
            serving.live.start()
            serving.arrivals.start()
        app = create_app(serving.parts, routers=routers)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        try:
            with httpx.Client(base_url=url, timeout=60) as client:
                yield Service(url=url, serving=serving, client=client)
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One Prefect server for all tests of a module that ask for it, and a home."""
    home = tmp_path_factory.mktemp("prefect")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHETSTONE_HOME", str(home))
        for name, value in prefect_environment(home).items():
            patch.setenv(name, value)
        from prefect.testing.utilities import prefect_test_harness

        with prefect_test_harness(server_startup_timeout=120):
            yield home


@pytest.fixture
def home_settings(tmp_path: Path, encoder_store: EncoderFolder, static_digest: str) -> Settings:
    """Settings of a fresh home with the static encoder, on any free port."""
    values: dict[str, Any] = {
        "home": tmp_path / "var",
        "encoder": str(encoder_store.path(static_digest)),
        "port": 0,
        "poll_interval_s": 0.1,
    }
    return Settings(_env_file=None, **values)


RunService = Callable[..., AbstractContextManager[Service]]


def fill(settings: Settings) -> None:
    """Put the corpus into the settings' home."""
    with open_serving(settings) as serving:
        for uri, (title, text) in CORPUS.items():
            serving.library.put(Document.create(uri=uri, title=title, text=text))


@pytest.fixture(scope="session")
def filled_home(
    tmp_path_factory: pytest.TempPathFactory, encoder_store: EncoderFolder, static_digest: str
) -> Path:
    """A home with the corpus and the static encoder, to be copied."""
    home = tmp_path_factory.mktemp("filled") / "var"
    fill(Settings(_env_file=None, home=home, encoder=str(encoder_store.path(static_digest)), port=0))
    return home


@pytest.fixture
def corpus(filled_home: Path) -> Callable[[Settings], None]:
    """Put the corpus into a home."""

    def put(settings: Settings) -> None:
        if settings.home.exists():  # and its database may be open
            fill(settings)
        else:
            shutil.copytree(filled_home, settings.home)

    return put


@pytest.fixture
def service(home_settings: Settings, corpus: Callable[[Settings], None]) -> Iterator[Service]:
    """A service with the corpus."""
    corpus(home_settings)
    with running(home_settings) as service:
        yield service


@pytest.fixture
def run_service() -> RunService:
    """Run a service with the settings given, in a context."""
    return running
