"""A folder on disk that is followed, into a real store."""

import os
import threading
from pathlib import Path

import pytest
from doubles.waiting import until

from rag.adapters.llama_index import SentenceSplitterAdapter
from rag.adapters.readers import FORMATS, PICTURES, read, read_content, source_of
from rag.adapters.readers.watched import DiskFolder
from rag.adapters.sql.stores import Stores
from rag.domain import Chunking, Document
from rag.errors import Unavailable
from rag.library.chunking import Chunker
from rag.library.documents import FieldNames, ReadFailure
from rag.library.folders import FolderReader, Manner
from rag.library.syncing import Library, SyncReport, SyncRules
from rag.library.watching import FolderWatch


class Reader:
    """Reads in this process, and remembers what."""

    formats = frozenset(FORMATS)

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.away = False

    def read(
        self, content: bytes, *, filename: str, uri: str, tenant: str, fields: FieldNames | None = None
    ) -> list[Document | ReadFailure]:
        """Read."""
        if self.away:
            raise Unavailable("no process")
        self.asked.append(filename)
        return list(read_content(content, filename=filename, uri=uri, tenant=tenant, max_bytes=1_000_000))


@pytest.fixture
def reader() -> Reader:
    """A reader."""
    return Reader()


@pytest.fixture
def library(stores: Stores) -> Library:
    """A library over an empty store."""
    chunker = Chunker(SentenceSplitterAdapter(Chunking()), Chunking())
    return Library(stores.documents, chunker, stores.readings)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two files, one below another folder."""
    root = tmp_path / "handbook"
    (root / "sub").mkdir(parents=True)
    (root / "a.md").write_text("# A\n\nFirst.")
    (root / "sub" / "b.txt").write_text("Second.")
    (root / "photo.jpg").write_bytes(b"\xff\xd8")
    return root


@pytest.fixture
def watch(stores: Stores, library: Library, reader: Reader, folder: Path) -> FolderWatch:
    """A watch over the folder, not started."""
    return make_watch(stores, library, reader, folder)


def make_watch(
    stores: Stores, library: Library, reader: Reader, *roots: Path, version: str = "1"
) -> FolderWatch:
    """Make a watch over folders, as a service with a reader of that version does."""
    folders = [
        FolderReader(
            DiskFolder(root, reader, tenant="acme", max_bytes=1_000_000, passed_over=PICTURES),
            stores.documents,
            stores.readings,
            Manner(reader=version),
            tenant="acme",
        )
        for root in roots
    ]
    return FolderWatch(folders, library, stores.leases, tenant="acme", interval_s=0.05)


def polls(watch: FolderWatch, times: int = 2) -> tuple[int, int, int, int]:
    """Look so often; give added, changed, removed and failed of all of them."""
    reports: list[SyncReport] = [report for _ in range(times) for report in watch.poll()]
    return (
        sum(report.added for report in reports),
        sum(report.changed for report in reports),
        sum(report.removed for report in reports),
        sum(len(report.failed) for report in reports),
    )


def texts(stores: Stores) -> dict[str, str]:
    """Return file name -> text of what is in the store."""
    page = stores.documents.page(tenant="acme", limit=1_000)
    return {document.uri.rpartition("/")[2]: document.text for document in page}


def test_edits_and_deletions_are_followed(
    watch: FolderWatch, stores: Stores, folder: Path, reader: Reader
) -> None:
    """What is there at first, then what is added, edited and deleted; only that is read."""
    assert polls(watch) == (2, 0, 0, 0)
    assert polls(watch) == (0, 0, 0, 0)
    (folder / "a.md").write_text("# A\n\nFirst, edited.")
    (folder / "sub" / "b.txt").unlink()
    (folder / "c.txt").write_text("Third.")
    reader.asked.clear()
    assert polls(watch, 3) == (1, 1, 1, 0)
    assert texts(stores) == {"a.md": "# A\n\nFirst, edited.", "c.txt": "Third."}
    assert sorted(reader.asked) == ["a.md", "c.txt"]


def test_documents_are_those_of_an_ingest(
    watch: FolderWatch, stores: Stores, library: Library, folder: Path, reader: Reader
) -> None:
    """A folder that was ingested by command is the same folder: nothing is written twice, deletions count."""
    library.sync(
        read(str(folder), tenant="acme", max_bytes=1_000_000), tenant="acme", source=source_of(str(folder))
    )
    (folder / "a.md").unlink()
    assert polls(watch) == (0, 0, 1, 0)
    assert list(texts(stores)) == ["b.txt"]


def test_a_file_that_is_being_written_is_waited_for(watch: FolderWatch, stores: Stores, folder: Path) -> None:
    """It is read once two polls found it the same."""
    polls(watch)
    for size in range(3):
        (folder / "c.txt").write_text("x" * (size + 1))
        assert polls(watch, 1) == (0, 0, 0, 0)
    assert polls(watch, 1) == (1, 0, 0, 0)
    assert texts(stores)["c.txt"] == "xxx"


def test_a_file_that_is_replaced_is_never_missing(watch: FolderWatch, stores: Stores, folder: Path) -> None:
    """A program that takes a file away before it writes the new one does not make the document vanish."""
    polls(watch)
    content = (folder / "a.md").read_text()
    (folder / "a.md").unlink()
    assert polls(watch, 1) == (0, 0, 0, 0)
    (folder / "a.md").write_text(content + " More.")
    assert polls(watch, 2) == (0, 1, 0, 0)


def test_one_bad_file_stops_nothing(
    watch: FolderWatch, stores: Stores, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are read; the bad one is named once, keeps its earlier version, and is read when it is mended."""
    polls(watch)
    (folder / "a.md").write_bytes(bytes(range(256)) * 4)
    (folder / "bad.pdf").write_bytes(b"%PDF-1.4 broken")
    (folder / "c.txt").write_text("Third.")
    assert polls(watch, 4) == (1, 0, 0, 2)
    assert texts(stores) == {"a.md": "# A\n\nFirst.", "b.txt": "Second.", "c.txt": "Third."}
    assert sum("bad.pdf" in message for message in caplog.messages) == 1
    (folder / "a.md").write_text("Mended.")
    polls(watch)
    assert texts(stores)["a.md"] == "Mended."


def test_rows_that_are_gone_from_a_table_are_removed(
    watch: FolderWatch, stores: Stores, folder: Path
) -> None:
    """A table is several documents; those of the other files stay."""
    (folder / "faq.csv").write_text("id,text\na,one\nb,two\n")
    polls(watch)
    (folder / "faq.csv").write_text("id,text\nb,two\nc,three\n")
    assert polls(watch) == (1, 0, 1, 0)
    assert sorted(texts(stores)) == ["a.md", "b.txt", "faq.csv#b", "faq.csv#c"]


@pytest.mark.parametrize("how", ["emptied", "away"])
def test_a_disk_that_is_not_mounted_wipes_nothing(
    watch: FolderWatch, stores: Stores, folder: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An empty folder or none at all: everything stays, it is told once, and it goes on when the disk is back."""
    polls(watch)
    aside = folder.rename(folder.with_name("aside"))
    if how == "emptied":
        folder.mkdir()
    polls(watch, 4)
    assert len(texts(stores)) == 2
    if how == "emptied":
        assert sum("not mounted" in message for message in caplog.messages) == 1
        folder.rmdir()
    aside.rename(folder)
    (folder / "a.md").write_text("After.")
    polls(watch, 3)
    assert texts(stores) == {"a.md": "After.", "b.txt": "Second."}


def test_most_of_a_folder_does_not_vanish_at_once(
    stores: Stores, library: Library, reader: Reader, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """More than half, and more than ten, are kept until somebody says that it is meant."""
    for number in range(20):
        (folder / f"{number}.txt").write_text(f"Number {number}.")
    watch = make_watch(stores, library, reader, folder)
    polls(watch)
    for number in range(15):
        (folder / f"{number}.txt").unlink()
    assert polls(watch, 4) == (0, 0, 0, 0)
    assert len(texts(stores)) == 22
    assert sum("vanished at once" in message for message in caplog.messages) == 1

    records = read(str(folder), tenant="acme", max_bytes=1_000_000)
    report = library.sync(
        records, tenant="acme", source=source_of(str(folder)), rules=SyncRules(prune=True, force=True)
    )
    assert (report.removed, report.spared) == (15, 0)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_a_part_that_cannot_be_listed_keeps_its_documents(
    watch: FolderWatch, stores: Stores, folder: Path
) -> None:
    """A folder below whose rights are gone is not an empty one."""
    polls(watch)
    (folder / "sub").chmod(0)
    try:
        polls(watch, 3)
        assert len(texts(stores)) == 2
    finally:
        (folder / "sub").chmod(0o700)


def test_trouble_with_one_folder_is_its_own(
    stores: Stores, library: Library, reader: Reader, folder: Path, tmp_path: Path
) -> None:
    """A folder that is not there keeps nobody from the others, and is read once it is there."""
    late = tmp_path / "late"
    watch = make_watch(stores, library, reader, late, folder)
    polls(watch, 3)
    assert sorted(texts(stores)) == ["a.md", "b.txt"]
    late.mkdir()
    (late / "c.txt").write_text("Third.")
    polls(watch)
    assert sorted(texts(stores)) == ["a.md", "b.txt", "c.txt"]


def test_what_could_not_be_read_now_is_read_later(
    watch: FolderWatch, stores: Stores, reader: Reader, folder: Path
) -> None:
    """A reader that is not there for a while is no bad file."""
    reader.away = True
    polls(watch, 3)
    assert texts(stores) == {}
    reader.away = False
    assert polls(watch, 1) == (2, 0, 0, 0)


def test_a_restart_reads_nothing_again(
    stores: Stores, library: Library, reader: Reader, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The next service reads what changed meanwhile, and what failed; of the rest it compares the bytes alone."""
    (folder / "bad.pdf").write_bytes(b"%PDF-1.4 broken")
    polls(make_watch(stores, library, reader, folder))
    (folder / "sub" / "b.txt").write_text("Edited meanwhile.")
    reader.asked.clear()

    assert polls(make_watch(stores, library, reader, folder), 4) == (0, 1, 0, 1)
    assert sorted(reader.asked) == ["b.txt", "bad.pdf"]
    assert texts(stores) == {"a.md": "# A\n\nFirst.", "b.txt": "Edited meanwhile."}
    assert "earlier version" not in caplog.text


def test_an_upgraded_service_changes_nothing_unasked(
    stores: Stores, library: Library, reader: Reader, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Files that an earlier version of the reader read stay; it is told once, with what to do."""
    polls(make_watch(stores, library, reader, folder))
    reader.asked.clear()
    assert polls(make_watch(stores, library, reader, folder, version="2"), 4) == (0, 0, 0, 0)
    assert reader.asked == []
    told = [message for message in caplog.messages if "2 files were read by an earlier version" in message]
    assert len(told) == 1
    assert "--reread" in told[0]


def test_in_the_background(
    watch: FolderWatch, stores: Stores, folder: Path, library: Library, reader: Reader
) -> None:
    """Started, it follows; stopped, it does not."""
    watch.start()
    until(lambda: len(texts(stores)) == 2)
    (folder / "c.txt").write_text("Third.")
    until(lambda: "c.txt" in texts(stores))
    watch.stop()
    watch.stop()
    (folder / "d.txt").write_text("Fourth.")
    assert "watching" not in {thread.name for thread in threading.enumerate()}
    assert "d.txt" not in texts(stores)
