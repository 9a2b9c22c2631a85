"""Secrets that the service makes for itself."""

import stat
import threading
from pathlib import Path

import pytest

from rag.access.secret_files import load_or_make
from rag.errors import SettingInvalid


def test_the_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    """The file is made with its folder, only its owner may read it, and the next call gives the same key."""
    path = tmp_path / "new" / "a.secret"

    first = load_or_make(path, lost="all is lost")

    assert len(first) == 32
    assert load_or_make(path, lost="all is lost") == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["a.secret"]


def test_starting_together_gives_one_key(tmp_path: Path) -> None:
    """Threads that make the key at the same moment end with the same one."""
    path = tmp_path / "a.secret"
    start = threading.Barrier(8)
    keys: list[bytes] = []

    def make() -> None:
        start.wait()
        keys.append(load_or_make(path, lost="all is lost"))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(keys) == 8
    assert set(keys) == {load_or_make(path, lost="all is lost")}


@pytest.mark.parametrize("text", ["", "abc", "zz" * 32, "ab" * 31])
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, text: str) -> None:
    """A damaged key file is named, never replaced in silence."""
    path = tmp_path / "a.secret"
    path.write_text(text)
    path.chmod(0o600)

    with pytest.raises(SettingInvalid, match=r"does not hold a secret of 32 bytes.*all is lost"):
        load_or_make(path, lost="all is lost")


def test_a_key_everybody_can_read_is_refused(tmp_path: Path) -> None:
    """A key that other users of the machine may read is refused, with the command that puts it right."""
    path = tmp_path / "a.secret"
    load_or_make(path, lost="all is lost")
    path.chmod(0o644)

    with pytest.raises(SettingInvalid, match="chmod 600"):
        load_or_make(path, lost="all is lost")
