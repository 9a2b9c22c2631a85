"""What the contract tests run over: databases, and places where indexes live.

SQLite files, and a PostgreSQL server that lives as long as the session. Qdrant folders; the server's adapter over the
client's own Python engine, which is a second implementation of the same queries; and a Qdrant server where
WHETSTONE_TEST_QDRANT_URL names one.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from qdrant_client import QdrantClient

from rag.adapters.qdrant import QdrantFolders, QdrantServer
from rag.adapters.sql.stores import Stores, open_stores, sqlite_url
from rag.ports import IndexStore

DATABASES = ("sqlite", "postgresql")
NO_PROGRAMS = "PostgreSQL's programs are not installed (Debian: apt install postgresql)"


class PostgresServer:
    """A PostgreSQL server in a folder of its own, reached over loopback, not safe against power cuts."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        # Not below pytest's folder: only its owner may enter that, and the server refuses to run as root.
        self._folder = Path(tempfile.mkdtemp(prefix="whetstone-postgres-"))
        self._user = self._other_user() if os.geteuid() == 0 else None
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._made = 0

    @staticmethod
    def _other_user() -> str:
        names = {entry.pw_name for entry in pwd.getpwall()}
        return "postgres" if "postgres" in names else "nobody"

    def _run(self, program: str, *arguments: str) -> None:
        # Not a pipe: the server would inherit it and it would never end.
        with (self._folder / f"{program}.out").open("w") as output:
            result = subprocess.run(
                [self._programs / program, "-D", self._folder / "data", *arguments],
                user=self._user,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if result.returncode != 0:
            said = "".join(path.read_text() for path in sorted(self._folder.glob("*.out")))
            raise RuntimeError(f"{program} ended with {result.returncode}:\n{said}")

    def start(self) -> None:
        """Make the cluster and start it."""
        self._run("initdb", "-U", "whetstone", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self._folder,
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": 200,
            "timezone": "Asia/Kathmandu",  # a server's own zone must not matter
        }
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self._run("pg_ctl", "-w", "-t", "60", "-l", str(self._folder / "server.out"), "-o", options, "start")

    def stop(self) -> None:
        """Stop it and remove its folder."""
        try:
            self._run("pg_ctl", "-w", "-m", "immediate", "stop")
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """Return a database's URL."""
        return f"postgresql+psycopg://whetstone:no-secret@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str) -> None:
        """Execute a statement as the server's owner, outside any transaction."""
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user="whetstone", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement.encode())

    def create(self, template: str = "template0") -> str:
        """Make a database; give its name."""
        self._made += 1
        name = f"test_{self._made}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, where they are installed."""
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running PostgreSQL server."""
    found = programs()
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(NO_PROGRAMS)
        pytest.skip(NO_PROGRAMS)
    server = PostgresServer(found)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """Name of a database with all tables, to be copied."""
    name = postgres_server.create()
    open_stores(postgres_server.url(name)).close()
    return name


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """URL of a PostgreSQL database without tables."""
    name = postgres_server.create()
    yield postgres_server.url(name)
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=DATABASES)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a database without tables, of each kind."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "home")
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(params=DATABASES)
def any_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a database with empty tables, of each kind."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "home")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create(template=request.getfixturevalue("postgres_template"))
    yield server.url(name)
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def open_any(any_url: str) -> Iterator[Callable[[], Stores]]:
    """Opens the same database once more, as another process would."""
    opened: list[Stores] = []

    def once_more() -> Stores:
        opened.append(open_stores(any_url))
        return opened[-1]

    yield once_more
    for stores in opened:
        stores.close()


@pytest.fixture
def any_stores(open_any: Callable[[], Stores]) -> Stores:
    """The stores over a fresh database of each kind."""
    return open_any()


@pytest.fixture(params=["folders", "python", "server"])
def passage_indexes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[IndexStore]:
    """Every place an index can live."""
    if request.param == "folders":
        yield QdrantFolders(tmp_path / "indexes")
    elif request.param == "python":
        client = QdrantClient(":memory:", force_disable_check_same_thread=True)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Payload indexes have no effect")
            yield QdrantServer("http://python", client=client)
        client.close()
    else:
        url = os.environ.get("WHETSTONE_TEST_QDRANT_URL")
        if not url:
            pytest.skip("WHETSTONE_TEST_QDRANT_URL is not set")
        server = QdrantServer(url, None, 30)
        before = server.names()
        yield server
        for name in server.names() - before:
            server.drop(name)
