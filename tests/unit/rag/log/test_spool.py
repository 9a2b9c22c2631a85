"""The spool: in order, bounded, durable; what is torn is left out, what the dead leave is taken over."""

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.errors import Unavailable
from rag.log.spool import Spool

ENDLESS = """
import sys
from pathlib import Path
from rag.log.spool import Spool
spool = Spool(Path(sys.argv[1]), 50_000_000)
number = 0
while True:
    spool.append([b"%d" % number, b"%d" % (number + 1)])
    number += 2
    print(number, flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where spools live; not there yet."""
    return tmp_path / "home" / "spool"


@pytest.fixture
def spool(folder: Path) -> Iterator[Spool]:
    """A spool with room for a thousand bytes."""
    opened = Spool(folder, 1_000)
    yield opened
    opened.close()


def emptied(spool: Spool, most: int = 2) -> list[bytes]:
    """Take everything out, a few at a time."""
    records: list[bytes] = []
    while spool.count:
        batch = spool.oldest(most)
        records.extend(batch.records)
        spool.discard(batch)
    return records


def test_first_in_first_out(spool: Spool) -> None:
    """What was appended comes out in that order, once, whatever the batches; reading alone takes nothing out."""
    assert 2 == spool.append([b"one", b"two"])
    assert 1 == spool.append([b"three"])

    assert (b"one", b"two") == spool.oldest(2).records == spool.oldest(2).records
    assert 3 == spool.count
    assert [b"one", b"two", b"three"] == emptied(spool)
    assert (0, 0) == (spool.count, spool.used)


def test_nothing_is_on_disk_until_there_is_something_to_keep(spool: Spool, folder: Path) -> None:
    """A service whose database never goes away leaves no trace; nor does one that brought back all."""
    assert spool.adopt() == 0
    assert 1_000 >= spool.room() > 0
    assert not folder.exists()
    spool.append([b"one"])
    emptied(spool)
    spool.close()

    assert [] == list(folder.iterdir())


def test_the_limit_holds_for_what_is_on_disk(spool: Spool) -> None:
    """What does not fit is not taken, what does is; room comes back with what is taken out."""
    record = b"x" * 281  # 300 bytes with its head

    assert 3 == spool.append([record] * 5)
    assert (900, 100, 3) == (spool.used, spool.room(), spool.count)
    assert 0 == spool.append([record])
    emptied(spool)
    assert 3 == spool.append([record] * 3)


def test_without_room_nothing_is_kept(folder: Path) -> None:
    """A limit of 0 turns the spool off."""
    off = Spool(folder, 0)
    assert (0, 0) == (off.room(), off.append([b"one"]))
    assert not folder.exists()


def test_files_are_for_their_owner_only(spool: Spool, folder: Path) -> None:
    """People's questions are nobody else's business."""
    spool.append([b"one"])
    spool.refuse(b"two")

    assert {0o600} == {path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert 0o700 == folder.stat().st_mode & 0o777


def test_a_file_that_cannot_be_read_holds_up_no_other(spool: Spool, folder: Path) -> None:
    """It is left where it is, and what else the dead left is taken over."""
    dead = Spool(folder, 1_000)
    dead.append([b"one"])
    dead.close()
    os.mkfifo(folder / "0.spool")

    assert 1 == spool.adopt()
    assert [b"one"] == emptied(spool)
    assert ["0.spool"] == [path.name for path in folder.iterdir()]


def test_a_file_that_cannot_be_removed_is_emptied(
    spool: Spool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was brought where it belongs does not come again, and nothing fails."""
    dead = Spool(folder, 1_000)
    dead.append([b"one"])
    dead.close()

    def read_only(path: Path, missing_ok: bool = False) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "unlink", read_only)
    assert 1 == spool.adopt()
    assert [b"one"] == emptied(spool)
    assert 0 == spool.adopt()


def test_a_living_process_keeps_its_file(spool: Spool, folder: Path) -> None:
    """Another spool of the same folder leaves it alone, and takes it over once it is let go of."""
    other = Spool(folder, 1_000)
    spool.append([b"mine"])
    other.append([b"yours"])

    assert 0 == other.adopt()
    spool.close()
    assert 1 == other.adopt()
    # What was left is older than what was written since.
    assert [b"mine", b"yours"] == emptied(other)
    other.close()
    assert [] == list(folder.iterdir())


def test_everything_at_once(spool: Spool, folder: Path) -> None:
    """A batch for each file, oldest first; each is discarded by itself, and what came meanwhile stays."""
    dead = Spool(folder, 1_000)
    dead.append([b"one", b"two"])
    dead.close()
    spool.append([b"three"])
    spool.adopt()

    old, own = spool.batches()
    assert ((b"one", b"two"), (b"three",)) == (old.records, own.records)
    spool.append([b"four"])
    spool.discard(own)
    assert [(b"one", b"two"), (b"four",)] == [batch.records for batch in spool.batches()]
    spool.discard(old)
    assert [b"four"] == emptied(spool)


def test_whether_anything_waits_in_the_folder(spool: Spool, folder: Path) -> None:
    """Another process's records count as long as they are there."""
    assert not spool.holds_any()
    other = Spool(folder, 1_000)
    other.append([b"yours"])
    assert spool.holds_any()
    emptied(other)
    assert not spool.holds_any()
    spool.append([b"mine"])
    assert spool.holds_any()
    other.close()


@pytest.mark.parametrize("tail", [b"0000", b"00000003 12345678 abc", b"00000003 12345678 abc\n", b"\xff\xfe"])
def test_a_torn_end_is_left_out(spool: Spool, folder: Path, tail: bytes) -> None:
    """A power cut in the middle of a line costs that line and no other."""
    spool.append([b"one", b"two"])
    spool.close()
    (left,) = folder.iterdir()
    with left.open("ab") as file:
        file.write(tail)

    heir = Spool(folder, 1_000)
    assert 2 == heir.adopt()
    assert [b"one", b"two"] == emptied(heir)
    heir.close()
    assert [] == list(folder.iterdir())


def test_a_spoiled_line_costs_no_other(spool: Spool, folder: Path) -> None:
    """A line whose checksum is wrong is skipped; those around it are there."""
    spool.append([b"one", b"two", b"three"])
    spool.close()
    (left,) = folder.iterdir()
    left.write_bytes(left.read_bytes().replace(b"two", b"tow"))

    heir = Spool(folder, 1_000)
    assert 2 == heir.adopt()
    assert [b"one", b"three"] == emptied(heir)
    heir.close()


def test_a_disk_that_takes_no_more(folder: Path) -> None:
    """A write that fails half way keeps nothing of it, says so, and does not spoil what comes later."""
    spool = Spool(folder, 1_000_000)
    spool.append([b"one"])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        # The kernel takes the part that fits and refuses the rest, as it does on a full disk.
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
        with pytest.raises(Unavailable, match="see that its disk works and has room"):
            spool.append([b"x" * 200])
        assert (1, 22) == (spool.count, spool.used)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)

    spool.append([b"two"])
    assert [b"one", b"two"] == emptied(spool)
    spool.close()


def test_what_was_acknowledged_survives_kill_9(folder: Path) -> None:
    """Every record whose append returned is there after the process was killed in the middle of one."""
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS, str(folder)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(50)]
        process.send_signal(signal.SIGKILL)
        acknowledged = int([*lines, *process.stdout][-1])

    heir = Spool(folder, 50_000_000)
    found = heir.adopt()
    assert found >= acknowledged
    assert [b"%d" % number for number in range(found)] == emptied(heir, most=30)
    heir.close()
