"""Files that are as they were are not read again; whatever makes that doubtful has them read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rag.adapters.llama_index import SentenceSplitterAdapter
from rag.adapters.readers import FORMATS, PICTURES, read_content
from rag.adapters.readers.watched import DiskFolder
from rag.adapters.sql.stores import Stores
from rag.domain import Chunking, Document
from rag.library.chunking import Chunker
from rag.library.documents import FieldNames, PartRead, ReadFailure
from rag.library.folders import FolderReader, Manner
from rag.library.syncing import Library, SyncReport, SyncRules


class Reader:
    """Reads in this process, remembers what, and says of files named "scan" that pages of them hold no text."""

    formats = frozenset(FORMATS)

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.shout = False  # as another version of it would

    def read(
        self, content: bytes, *, filename: str, uri: str, tenant: str, fields: FieldNames | None = None
    ) -> list[Document | ReadFailure]:
        """Read."""
        self.asked.append(filename)
        records = list(
            read_content(content, filename=filename, uri=uri, tenant=tenant, max_bytes=100_000, fields=fields)
        )
        return [self._seen(record) for record in records]

    def _seen(self, record: Document | ReadFailure) -> Document | ReadFailure:
        if isinstance(record, ReadFailure):
            return record
        unread = ["3 of 4 pages hold no text"] if "scan" in record.uri else []
        text = record.text.upper() if self.shout else record.text
        return Document.create(
            uri=record.uri, text=text, title=record.title, tenant=record.tenant, unread=unread
        )


class World:
    """A folder, and a store that it is ingested into."""

    def __init__(self, stores: Stores, root: Path) -> None:
        self.stores = stores
        self.root = root
        self.reader = Reader()
        chunker = Chunker(SentenceSplitterAdapter(Chunking()), Chunking())
        self.library = Library(stores.documents, chunker, stores.readings, workers=2)

    def ingest(
        self,
        rules: SyncRules | None = None,
        *,
        again: bool = False,
        version: str = "1",
        options: str = "",
        **more: Any,
    ) -> SyncReport:
        """Ingest the folder as a reader of that version does; forget what was asked before."""
        self.reader.asked.clear()
        folder = DiskFolder(self.root, self.reader, tenant="acme", max_bytes=100_000, **more)
        files = FolderReader(
            folder,
            self.stores.documents,
            self.stores.readings,
            Manner(reader=version, options=options),
            tenant="acme",
            workers=2,
        )
        listing = folder.list()
        return self.library.sync(
            [*files.read(listing.files, again=again), *listing.failed],
            tenant="acme",
            source=folder.source,
            rules=rules or SyncRules(),
            kept=[each.uri for each in listing.unknown],
        )

    def texts(self) -> dict[str, str]:
        """Return file name -> text of what is stored."""
        page = self.stores.documents.page(tenant="acme")
        return {document.uri.rpartition("/")[2]: document.text for document in page}


@pytest.fixture
def world(stores: Stores, tmp_path: Path) -> World:
    """A folder of three files: a note, a table with two rows, a scan."""
    root = tmp_path / "docs"
    root.mkdir()
    (root / "a.md").write_text("# A\n\nFirst.")
    (root / "faq.csv").write_text("id,text\n1,One.\n2,Two.\n")
    (root / "scan.txt").write_text("Page four.")
    return World(stores, root)


def numbers(report: SyncReport) -> tuple[int, int, int, int, int]:
    """Return added, changed, unchanged, removed and the number failed."""
    return report.added, report.changed, report.unchanged, report.removed, len(report.failed)


def test_unchanged_files_are_not_read_again(world: World) -> None:
    """The second run reads nothing, counts everything as unchanged, and still tells what was read in part."""
    first = world.ingest()
    assert (numbers(first), sorted(world.reader.asked)) == ((4, 0, 0, 0, 0), ["a.md", "faq.csv", "scan.txt"])

    second = world.ingest(SyncRules(prune=True))
    assert (numbers(second), world.reader.asked) == ((0, 0, 4, 0, 0), [])
    in_part = (PartRead(uri=(world.root / "scan.txt").as_uri(), reasons=("3 of 4 pages hold no text",)),)
    assert first.in_part == second.in_part == in_part


def test_bytes_tell_and_not_times(world: World) -> None:
    """A file that was touched is not read; one that changed with its time and size kept is."""
    world.ingest()
    before = (world.root / "a.md").stat()
    (world.root / "a.md").write_text("# A\n\nOther.")
    import os

    os.utime(world.root / "a.md", ns=(before.st_atime_ns, before.st_mtime_ns))
    os.utime(world.root / "scan.txt", ns=(1, 1))

    assert numbers(world.ingest()) == (0, 1, 3, 0, 0)
    assert world.reader.asked == ["a.md"]
    assert world.texts()["a.md"] == "# A\n\nOther."


def deleted(world: World) -> None:
    """Delete a row by hand."""
    uri = f"{(world.root / 'faq.csv').as_uri()}#1"
    world.library.delete(Document.id_for("acme", uri), "acme")


def edited(world: World) -> None:
    """Write other text under a row's uri."""
    uri = f"{(world.root / 'faq.csv').as_uri()}#1"
    world.library.put(Document.create(uri=uri, text="Edited.", tenant="acme"))


@pytest.mark.parametrize("spoil", [deleted, edited])
def test_a_file_whose_documents_are_not_as_it_left_them_is_read(
    world: World, spoil: Callable[[World], None]
) -> None:
    """Documents that were deleted or written by other ways: the file is read again, the others are not."""
    world.ingest()
    spoil(world)

    assert sum(numbers(world.ingest())[:2]) == 1
    assert world.reader.asked == ["faq.csv"]
    assert sorted(world.texts()) == ["a.md", "faq.csv#1", "faq.csv#2", "scan.txt"]
    assert world.texts()["faq.csv#1"] == "One."


def test_a_file_that_failed_is_tried_again(world: World) -> None:
    """As a whole or in one row; and not any more once it is mended."""
    (world.root / "faq.csv").write_text("id,text\n1,One.\n2,\n")
    (world.root / "bad.pdf").write_bytes(b"%PDF-1.4 broken")
    assert numbers(world.ingest()) == (3, 0, 0, 0, 2)
    assert numbers(world.ingest()) == (0, 0, 3, 0, 2)
    assert sorted(world.reader.asked) == ["bad.pdf", "faq.csv"]

    (world.root / "faq.csv").write_text("id,text\n1,One.\n2,Two.\n")
    (world.root / "bad.pdf").unlink()
    world.ingest()
    assert (numbers(world.ingest()), world.reader.asked) == ((0, 0, 4, 0, 0), [])


def test_rows_that_are_gone_do_not_have_a_table_read_for_ever(world: World) -> None:
    """Whether they were pruned or left in place, the next run does not read the table."""
    for rules, left in ((SyncRules(), 4), (SyncRules(prune=True), 3)):
        world.ingest()
        (world.root / "faq.csv").write_text("id,text\n1,One.\n" if rules.prune else "id,text\n2,Two.\n")
        world.ingest(rules)
        assert world.stores.documents.count() == left
        again = world.ingest(rules)
        assert (again.failed, world.reader.asked) == ((), [])


def test_a_file_that_was_pruned_is_forgotten(world: World) -> None:
    """What is remembered goes with its documents; the same file is read when it comes back."""
    world.ingest()
    content = (world.root / "a.md").read_text()
    (world.root / "a.md").unlink()
    assert world.ingest(SyncRules(prune=True)).removed == 1
    uri = (world.root / "a.md").as_uri()
    assert uri not in world.stores.readings.below(uri, tenant="acme")

    (world.root / "a.md").write_text(content)
    assert (world.ingest().added, world.reader.asked) == (1, ["a.md"])


def test_a_file_alone_is_the_same_as_in_its_folder(world: World) -> None:
    """It is not read again, and its documents stay the folder's."""
    world.ingest()
    world.root = world.root / "faq.csv"
    assert (numbers(world.ingest(SyncRules(prune=True))), world.reader.asked) == ((0, 0, 2, 0, 0), [])


def test_a_newer_reader_changes_nothing_unasked(world: World) -> None:
    """Files that an older reader read stay and are counted, until they are read again by command."""
    world.ingest()
    world.reader.shout = True
    kept = world.ingest(version="2")
    assert (numbers(kept), kept.older, world.reader.asked) == ((0, 0, 4, 0, 0), 3, [])
    assert world.texts()["a.md"] == "# A\n\nFirst."

    (world.root / "a.md").write_text("# A\n\nEdited.")
    assert (world.ingest(version="2").older, world.texts()["a.md"]) == (2, "# A\n\nEDITED.")

    assert numbers(world.ingest(version="2", again=True)) == (0, 3, 1, 0, 0)
    assert world.ingest(version="2").older == 0
    assert world.texts()["scan.txt"] == "PAGE FOUR."


def test_a_dry_run_tells_and_writes_nothing(world: World) -> None:
    """What would be added, changed and removed, with how much text; the run that follows does just that."""
    world.ingest()
    (world.root / "a.md").write_text("# A\n\nFirst, and more.")
    (world.root / "b.md").write_text("New.")
    (world.root / "faq.csv").write_text("id,text\n1,Six.\n")
    state, change = world.texts(), world.stores.documents.last_change()

    dry = world.ingest(SyncRules(prune=True, dry_run=True))

    assert (world.texts(), world.stores.documents.last_change()) == (state, change)
    told = {
        each.uri.rpartition("/")[2]: (each.kind, each.before, each.after, each.also)
        for each in dry.differences
    }
    assert told == {
        "a.md": ("change", 11, 21, ()),
        "b.md": ("add", 0, 4, ()),
        "faq.csv#1": ("change", 4, 4, ("other words of the same length",)),
        "faq.csv#2": ("remove", 4, 0, ()),
    }
    assert [each.uri.rpartition("/")[2] for each in dry.in_part] == ["scan.txt"]
    real = world.ingest(SyncRules(prune=True))
    assert numbers(real) == numbers(dry) == (1, 2, 1, 1, 0)


def test_strict_writes_nothing_that_is_read_in_part(world: World) -> None:
    """Such a document fails; its earlier version stays, also one that was read in part before."""
    strict = SyncRules(strict=True)
    report = world.ingest(strict)
    assert (numbers(report), report.in_part) == ((3, 0, 0, 0, 1), ())
    assert report.failed[0].reason == "could be read in part only: 3 of 4 pages hold no text"
    assert "scan.txt" not in world.texts()

    world.ingest()
    kept = world.ingest(SyncRules(strict=True, prune=True))
    assert (numbers(kept), world.reader.asked) == ((0, 0, 3, 0, 1), [])
    assert world.texts()["scan.txt"] == "Page four."


def test_other_options_read_again(world: World) -> None:
    """A table that is to be read by other names of fields is not as it was."""
    (world.root / "faq.csv").write_text("id,text,answer\n1,One.,Yes.\n")
    world.ingest()
    fields = FieldNames(text="answer")
    world.ingest(options="answer", fields=fields)
    assert world.texts()["faq.csv#1"] == "Yes."
    assert (world.ingest(options="answer", fields=fields).unchanged, world.reader.asked) == (3, [])


def test_a_table_without_records_is_told(world: World) -> None:
    """A file that gives nothing is a failure, not nothing."""
    (world.root / "empty.jsonl").write_text("\n\n")
    assert [each.reason for each in world.ingest().failed] == ["holds no records"]


def test_unknown_kinds_are_counted_by_their_ending(world: World) -> None:
    """A folder's images and lock files are passed over and counted, the most first."""
    for name in ("b.PNG", "c.png", "d.bin", "README"):
        (world.root / name).write_text("x")
    folder = DiskFolder(world.root, world.reader, tenant="acme", max_bytes=1_000, passed_over=PICTURES)
    assert folder.list().passed_over() == {".png": 2, "": 1, ".bin": 1}
    assert list(folder.list().passed_over()) == [".png", "", ".bin"]
