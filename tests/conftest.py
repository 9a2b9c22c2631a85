"""Fixtures that tests of several packages share."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from doubles.scripted_llm import ScriptedLLM
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.adapters.models.encoders import EncoderFolder
from rag.adapters.sql.stores import Stores, open_stores, sqlite_url
from rag.domain import DEFAULT_TENANT, Principal, Role
from rag.ports import Encoder

# Tests never ask the network; the library reads this when it is first imported, which happens later.
os.environ.setdefault("HF_HUB_OFFLINE", "1")


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    """The stores over a fresh SQLite file."""
    opened = open_stores(sqlite_url(tmp_path / "home"))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def encoder_store(pytestconfig: pytest.Config) -> EncoderFolder:
    """Real encoders, minilm and static, made once and kept in pytest's cache."""
    cache = pytestconfig.cache
    assert cache is not None
    return EncoderFolder(cache.mkdir("encoders"))


@pytest.fixture(scope="session")
def static_digest(encoder_store: EncoderFolder) -> str:
    """Digest of the static encoder."""
    return encoder_store.resolve("static")


@pytest.fixture(scope="session")
def minilm_digest(encoder_store: EncoderFolder) -> str:
    """Digest of MiniLM."""
    return encoder_store.resolve("minilm")


@pytest.fixture(scope="session")
def copy_encoders(encoder_store: EncoderFolder, static_digest: str) -> Callable[[Path], None]:
    """Copies what ``minilm`` and ``static`` stand for to a home, without what tests have trained meanwhile."""

    def copy(home: Path) -> None:
        made, folder = encoder_store.path(static_digest).parent, home / "encoders"
        for digest in encoder_store.aliases():
            shutil.copytree(made / digest, folder / digest)
        shutil.copy2(made / "aliases.json", folder)

    return copy


@pytest.fixture(scope="session")
def static_encoder(encoder_store: EncoderFolder, static_digest: str) -> Encoder:
    """The static encoder, loaded: thousands of passages a second."""
    return encoder_store.load(static_digest)


@pytest.fixture(scope="session")
def minilm_encoder(encoder_store: EncoderFolder, minilm_digest: str) -> Encoder:
    """MiniLM, loaded: some 40 passages a second."""
    return encoder_store.load(minilm_digest)


@pytest.fixture(scope="session")
def datasets() -> Path:
    """Folder of the real data sets, from WHETSTONE_DATASETS or beside the checkout."""
    beside = Path(__file__).parents[2] / "shared" / "datasets"
    folder = Path(os.environ.get("WHETSTONE_DATASETS") or beside)
    if not (folder / "medquad" / "corpus.jsonl").is_file():
        message = f"no data sets in {folder}; set WHETSTONE_DATASETS to their folder"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return folder


class SentBy:
    """Stands where the service's guard stands: every request is sent by one principal, "local" with all roles."""

    def __init__(self, app: ASGIApp, principal: Principal | None = None) -> None:
        self._app = app
        self._principal = principal or Principal(id="local", tenant=DEFAULT_TENANT, roles=frozenset(Role))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on as the principal's."""
        scope.setdefault("state", {})["principal"] = self._principal
        await self._app(scope, receive, send)


@pytest.fixture(scope="session")
def sent_by() -> type[SentBy]:
    """Middleware for routes that are tested without the guard in front of them."""
    return SentBy


@pytest.fixture
def scripted_llm() -> Iterator[ScriptedLLM]:
    """A language model on loopback that answers as scripted; see doubles/scripted_llm.py."""
    server = ScriptedLLM()
    yield server
    server.close()
