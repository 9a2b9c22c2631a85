"""Real parts that fail: a service as a process, and a PostgreSQL server that is stopped, killed and started again."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import psutil
import pytest
from contract.conftest import NO_PROGRAMS, PostgresServer, programs
from doubles.waiting import until

from rag.adapters.models.encoders import EncoderFolder

SERVE = """
import logging, os, sys
from rag.bootstrap import process, serve
from rag.errors import WhetstoneError
from rag.settings import Settings
logging.basicConfig(level="INFO")
process._GRACE_S = float(os.environ.get("TESTED_GRACE_S", process._GRACE_S))
try:
    serve(Settings(_env_file=None))
except WhetstoneError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""

FILL = """
from rag.bootstrap import open_serving
from rag.domain import Document
from rag.settings import Settings
texts = {
    "lunch.md": "The cafeteria serves lunch from noon until two o'clock.",
    "leave.md": "Parents may take sixteen weeks of paid parental leave.",
}
with open_serving(Settings(_env_file=None)) as serving:
    for uri, text in texts.items():
        serving.library.put(Document.create(uri=uri, text=text))
"""

QUESTION = "When is lunch served in the cafeteria?"


class Service:
    """A service in a process of its own."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._environment = environment
        self._log = log
        self.url = ""
        self.process: subprocess.Popen[str] = cast("subprocess.Popen[str]", None)
        self.client: httpx.Client = cast(httpx.Client, None)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with self._log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SERVE],
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("Whetstone answers at"), self.log()
        self.url = line.split()[-1]
        self.client = httpx.Client(base_url=self.url, timeout=60)

    def end(self, number: int = signal.SIGTERM) -> int:
        """End it by a signal; give its status."""
        if number and self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(40)
        finally:
            if self.url:
                self.client.close()
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()

    def log(self) -> str:
        """Return what it logged."""
        return self._log.read_text()

    def ask(self, question: str = QUESTION, **more: Any) -> httpx.Response:
        """Send a chat completion on a connection of its own."""
        body = {"model": "whetstone", "messages": [{"role": "user", "content": question}]} | more
        return httpx.post(f"{self.url}/v1/chat/completions", json=body, timeout=60)

    def ready(self) -> dict[str, Any]:
        """Return what readyz says, with its status."""
        response = self.client.get("/readyz")
        return {"code": response.status_code, **response.json()}


@pytest.fixture(scope="session")
def filled_home(
    tmp_path_factory: pytest.TempPathFactory, encoder_store: EncoderFolder, static_digest: str
) -> Path:
    """A home with two documents over SQLite, to be copied."""
    home = tmp_path_factory.mktemp("filled") / "var"
    environment = {"WHETSTONE_HOME": str(home), "WHETSTONE_ENCODER": str(encoder_store.path(static_digest))}
    subprocess.run([sys.executable, "-c", FILL], env=os.environ | environment, check=True)
    return home


@pytest.fixture
def make_service(
    tmp_path: Path, encoder_store: EncoderFolder, static_digest: str, filled_home: Path
) -> Iterator[Callable[..., Service]]:
    """Starts a service over two documents, with the settings given beside the usual ones.

    `grace_s` is how long answers may go on after it is told to stop, where that is to be shorter than usual.
    """
    made: list[Service] = []

    def once(*, fill: bool = True, grace_s: float | None = None, **settings: Any) -> Service:
        home = tmp_path / "var"
        environment = os.environ | {
            "WHETSTONE_HOME": str(home),
            "WHETSTONE_ENCODER": str(encoder_store.path(static_digest)),
            "WHETSTONE_PORT": "0",
            **{f"WHETSTONE_{name.upper()}": str(value) for name, value in settings.items()},
        }
        if grace_s is not None:
            environment["TESTED_GRACE_S"] = str(grace_s)
        if fill and "database_url" not in settings:
            shutil.copytree(filled_home, home)
        elif fill:
            subprocess.run([sys.executable, "-c", FILL], env=environment, check=True)
        service = Service(environment, tmp_path / "service.log")
        made.append(service)
        service.start()
        return service

    yield once
    for service in made:
        service.end(signal.SIGKILL)


class Load:
    """Asks in several threads until told to stop, and keeps what was acknowledged."""

    def __init__(self, service: Service, threads: int = 3, **more: Any) -> None:
        self.acknowledged: list[str] = []  # ids of interactions whose answer came with 200
        self.statuses: list[int] = []
        self.slowest_s = 0.0
        self._service = service
        self._more = more
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def _ask(self) -> None:
        while not self._enough.is_set():
            began = time.monotonic()
            try:
                response = self._service.ask(**self._more)
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)
            self.statuses.append(response.status_code)
            if response.status_code == 200:
                self.acknowledged.append(response.headers["x-whetstone-interaction"])

    def goes_on(self, answers: int) -> None:
        """Wait until so many more answers came with 200."""
        wanted = len(self.acknowledged) + answers
        until(lambda: len(self.acknowledged) >= wanted)

    def stop(self) -> None:
        """Ask no more."""
        self._enough.set()
        for thread in self._threads:
            thread.join()


@pytest.fixture
def load() -> Iterator[Callable[..., Load]]:
    """Puts a service under load."""
    made: list[Load] = []

    def once(service: Service, **more: Any) -> Load:
        made.append(Load(service, **more))
        return made[-1]

    yield once
    for each in made:
        each.stop()


class MortalServer(PostgresServer):
    """A PostgreSQL server that things happen to."""

    def _processes(self) -> list[psutil.Process]:
        parent = psutil.Process(int((self._folder / "data" / "postmaster.pid").read_text().split()[0]))
        return [parent, *parent.children(recursive=True)]

    def freeze(self) -> None:
        """Have it say nothing, with every connection open."""
        for process in self._processes():
            process.suspend()

    def thaw(self) -> None:
        """Have it go on."""
        for process in self._processes():
            process.resume()

    def kill(self) -> None:
        """Kill all of it on the spot."""
        processes = self._processes()
        for process in processes:
            process.kill()
        psutil.wait_procs(processes, timeout=10)

    def restart(self) -> None:
        """Start it again over what is on disk."""
        (self._folder / "data" / "postmaster.pid").unlink(missing_ok=True)
        options = (
            f"-c port={self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder}"
        )
        self._run("pg_ctl", "-w", "-t", "60", "-l", str(self._folder / "server.out"), "-o", options, "start")


@pytest.fixture
def mortal_postgres() -> Iterator[MortalServer]:
    """A PostgreSQL server of this test alone."""
    found = programs()
    if found is None:
        pytest.skip(NO_PROGRAMS)
    server = MortalServer(found)
    try:
        server.start()
        yield server
    finally:
        server.thaw()
        server.stop()
