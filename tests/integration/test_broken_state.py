"""Stored state that is not what it should be: one clear line, and nothing is lost."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rag.adapters.sql.stores import open_stores, sqlite_url


@pytest.fixture(scope="module")
def whole_home(tmp_path_factory: pytest.TempPathFactory, copy_encoders: Callable[[Path], None]) -> Path:
    """A home with the static encoder and one document, to be copied."""
    folder = tmp_path_factory.mktemp("whole")
    home = folder / "home"
    copy_encoders(home)
    (folder / "badges.md").write_text("# Badges\n\nAsk the front desk for a new badge.\n")
    assert run(home, "ingest", str(folder / "badges.md")).returncode == 0
    assert "front desk" in run(home, "ask", "Where do I get a new badge?").stdout
    return home


@pytest.fixture
def home(whole_home: Path, tmp_path: Path) -> Path:
    """A home with the static encoder and one document."""
    return Path(shutil.copytree(whole_home, tmp_path / "home"))


def run(home: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command on that home."""
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", *arguments],
        env={
            "PATH": "/usr/bin:/bin",
            "WHETSTONE_HOME": str(home),
            "WHETSTONE_ENCODER": "static",
            "WHETSTONE_PORT": "1",
            "HF_HUB_OFFLINE": "1",
            **settings,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def failed_with_one_line(done: subprocess.CompletedProcess[str]) -> str:
    """Hold a command to a failure without a traceback; give its line."""
    assert done.returncode in (1, 2), done.stdout
    lines = [line for line in done.stderr.splitlines() if line.startswith("whetstone: ")]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


def test_a_tampered_encoder_is_not_loaded(home: Path, static_digest: str) -> None:
    """One changed byte of the weights is noticed and named; put back, everything works as before."""
    weights = next((home / "encoders" / static_digest).glob("**/model.safetensors"))
    before = weights.read_bytes()
    weights.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))

    said = failed_with_one_line(run(home, "ask", "Where do I get a new badge?"))
    weights.write_bytes(before)

    assert "model.safetensors" in said
    assert "front desk" in run(home, "ask", "Where do I get a new badge?").stdout


def test_a_lost_index_is_built_again(home: Path) -> None:
    """The index is a projection of SQL: deleted, it comes back by itself."""
    shutil.rmtree(home / "indexes")

    assert "front desk" in run(home, "ask", "Where do I get a new badge?").stdout


def test_an_index_of_another_dimension_is_refused(home: Path) -> None:
    """A folder whose vectors do not fit the release is named, and left as it is."""
    meta = next((home / "indexes").glob("*/whetstone.json"))
    content = json.loads(meta.read_text())
    content["vectors"] = dict.fromkeys(content["vectors"], 3)
    meta.write_text(json.dumps(content))

    said = failed_with_one_line(run(home, "ask", "Where do I get a new badge?"))

    assert meta.parent.name in said
    assert "384" in said
    assert json.loads(meta.read_text()) == content


def test_other_chunking_than_the_documents_is_refused(home: Path) -> None:
    """Passages of two sizes in one store would be searched as one: the setting is named instead."""
    said = failed_with_one_line(run(home, "ask", "Where?", WHETSTONE_CHUNK_TOKENS="100"))

    assert "WHETSTONE_CHUNK_TOKENS" in said


def test_a_database_that_is_none_is_named(home: Path) -> None:
    """A file that is no database is refused by name and not written over."""
    file = home / "whetstone.sqlite"
    for leftover in home.glob("whetstone.sqlite-*"):
        leftover.unlink()
    file.write_bytes(b"this is no database" * 100)

    said = failed_with_one_line(run(home, "status"))

    assert "whetstone.sqlite" in said
    assert file.read_bytes().startswith(b"this is no database")


def test_the_document_is_still_there_after_all_that(home: Path) -> None:
    """A failed start changes nothing in the store."""
    run(home, "ask", "Where?", WHETSTONE_CHUNK_TOKENS="100")
    stores = open_stores(sqlite_url(home))

    assert stores.documents.count() == 1
    stores.close()


def lose_database(home: Path) -> None:
    """Delete the database file, as a volume that is not mounted does."""
    for file in home.glob("whetstone.sqlite*"):
        file.unlink()


@pytest.mark.parametrize(
    "command", [("ask", "Where?"), ("ingest", "badges.md"), ("keys", "list"), ("serve",)]
)
def test_a_home_that_lost_its_database_is_refused(home: Path, command: tuple[str, ...]) -> None:
    """What is found and what is missing is said, each time, and nothing new is made in its place."""
    lose_database(home)
    for _ in range(2):
        said = failed_with_one_line(run(home, *command))
        assert "whetstone.sqlite holds no documents" in said
        assert "indexes/" in said
        assert "WHETSTONE_HOME" in said
    assert not (home / "whetstone.sqlite").exists()


def test_a_lost_database_of_keys_alone_is_refused(tmp_path: Path) -> None:
    """Whoever made keys and nothing else must not find the service open; another database says nothing of it."""
    assert run(tmp_path, "keys", "create", "--role", "reader").returncode == 0
    lose_database(tmp_path)
    assert "keys.required" in failed_with_one_line(run(tmp_path, "keys", "list"))
    other = f"sqlite:///{tmp_path}/other.sqlite"
    open_stores(other).close()
    assert "keys.required" in failed_with_one_line(
        run(tmp_path, "keys", "list", WHETSTONE_DATABASE_URL=other)
    )
    (tmp_path / "keys.required").unlink()  # a home of version 0.2 has none
    assert "keys.secret" in failed_with_one_line(run(tmp_path, "keys", "list"))


def test_a_fresh_home_is_not_taken_for_a_broken_one(tmp_path: Path) -> None:
    """Looking, before there is anything, and being killed before there is a release leave a home that starts."""
    assert run(tmp_path, "keys", "list").returncode == 0
    assert (tmp_path / "keys.secret").exists()
    (tmp_path / "encoders").mkdir()
    (tmp_path / "badges.md").write_text("# Badges\n\nAsk the front desk for a new badge.\n")
    assert run(tmp_path, "ingest", str(tmp_path / "badges.md")).returncode == 0
