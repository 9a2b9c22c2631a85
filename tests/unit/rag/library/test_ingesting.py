"""What was handed in, from the intake to the index: a real store, real readers and splitter, no processes."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from doubles.waiting import until

from rag.adapters.llama_index import SentenceSplitterAdapter
from rag.adapters.readers import FORMATS, read_content
from rag.adapters.sql.stores import Stores
from rag.domain import Chunking, Document, Ingestion, IngestionStatus, Principal, Role
from rag.errors import (
    AddressRefused,
    LeaseHeld,
    Unavailable,
    UnreadableDocument,
    WhetstoneError,
)
from rag.library.chunking import Chunker
from rag.library.documents import FieldNames, ReadFailure
from rag.library.ingesting import Ingester
from rag.library.intake import Intake, Room
from rag.library.syncing import Library, PutResult
from rag.ports import WebPage


class Reader:
    """Reads in this process; what it is told to raise for a file name, it raises."""

    formats = frozenset(FORMATS)

    def __init__(self) -> None:
        self.raises: dict[str, Exception] = {}
        self.unread: dict[str, list[str]] = {}  # file name -> what is not read of it
        self.asked: list[tuple[str, str]] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def read(
        self, content: bytes, *, filename: str, uri: str, tenant: str, fields: FieldNames | None = None
    ) -> list[Document | ReadFailure]:
        """Read."""
        self.asked.append((tenant, filename))
        self.meanwhile()
        if filename in self.raises:
            raise self.raises[filename]
        given = read_content(
            content, filename=filename, uri=uri, tenant=tenant, max_bytes=10_000_000, fields=fields
        )
        unread = self.unread.get(filename, [])
        return [
            Document.create(uri=each.uri, text=each.text, title=each.title, tenant=tenant, unread=unread)
            if unread and isinstance(each, Document)
            else each
            for each in given
        ]


class Pages:
    """A web of one page."""

    def check(self, url: str) -> None:
        """Refuse what is not it."""
        if not url.startswith("https://public.example/"):
            raise AddressRefused("That is not public.")

    def fetch(self, url: str) -> WebPage:
        """Return the page, or say that it leads inside."""
        if url.endswith("/inside"):
            raise AddressRefused("It leads inside.")
        return WebPage(filename="page.html", content=b"<title>Hours</title><p>Open till nine.</p>")


class World:
    """An intake and ingesters over one store; `index_at` is the change the live index holds."""

    def __init__(self, stores: Stores) -> None:
        self.stores = stores
        self.reader = Reader()
        self.index_at = 1_000_000
        self.library = Library(stores.documents, Chunker(SentenceSplitterAdapter(Chunking()), Chunking()))
        self.ingester = self.another()
        self.room = Room(files=5, bytes=10_000, largest=5_000)

    def holds(self, seq: int) -> bool:
        """Stand for the live index."""
        return self.index_at >= seq

    def another(self) -> Ingester:
        """Make the ingester of another service."""
        return Ingester(
            self.stores.ingestions,
            self.stores.documents,
            self.library,
            self.reader,
            self,
            self.stores.leases,
            pages=Pages(),
            interval_s=0.02,
        )

    def intake(self, **more: Any) -> Intake:
        """Return an intake."""
        given: dict[str, Any] = {"formats": self.reader.formats, "room": self.room, "pages": Pages()}
        return Intake(self.stores.ingestions, **(given | more))

    def hand_in(self, content: bytes, filename: str, tenant: str = "acme", **named: Any) -> Ingestion:
        """Hand a file in."""
        principal = Principal(id="key-1", tenant=tenant, roles=frozenset(Role))
        return self.intake().file(io.BytesIO(content), filename=filename, principal=principal, **named)

    def now(self, ingestion: Ingestion) -> Ingestion:
        """Return it as it is now."""
        found = self.stores.ingestions.get(ingestion.id, tenant=ingestion.tenant)
        assert found is not None
        return found

    def documents(self, tenant: str = "acme") -> dict[str, Document]:
        """Return uri -> document."""
        return {document.uri: document for document in self.stores.documents.page(tenant=tenant)}


PRINCIPAL = Principal(id="key-1", tenant="acme", roles=frozenset(Role))


@pytest.fixture
def world(stores: Stores) -> Iterator[World]:
    """An empty store with an intake and an ingester."""
    made = World(stores)
    yield made
    made.ingester.stop()


def test_a_file_goes_all_the_way(world: World) -> None:
    """Received with its bytes, read and put, and indexed once the index holds the change."""
    world.index_at = 0
    taken = world.hand_in(b"# Leave\n\nTwelve weeks.", "leave.md", metadata={"team": "hr"}, title="Leaving")
    assert (taken.status, taken.uri, taken.size) == (IngestionStatus.RECEIVED, "upload:leave.md", 22)
    assert world.stores.ingestions.payload(taken.id) == b"# Leave\n\nTwelve weeks."

    assert world.ingester.poll() == 1
    parsed = world.now(taken)
    assert (parsed.status, parsed.indexed_at) == (IngestionStatus.PARSED, None)
    document = world.documents()["upload:leave.md"]
    assert (document.title, dict(document.metadata), parsed.documents) == (
        "Leaving",
        {"team": "hr"},
        (document.id,),
    )
    assert world.stores.ingestions.payload(taken.id) is None

    world.index_at = parsed.change
    assert world.ingester.poll() == 0
    indexed = world.now(taken)
    assert indexed.status is IngestionStatus.INDEXED
    assert taken.received_at <= (indexed.parsed_at or 0) <= (indexed.indexed_at or 0)  # type: ignore[operator]


def test_the_background_does_the_same(world: World) -> None:
    """Started, it reads what arrives without being asked."""
    world.ingester.start()
    taken = world.hand_in(b"Words.", "a.txt")
    until(lambda: world.now(taken).status is IngestionStatus.INDEXED)
    world.ingester.stop()
    world.ingester.stop()


def test_the_same_name_replaces(world: World) -> None:
    """The newer file of a name is the document; rows that a table has no more are gone."""
    world.hand_in(b"id,text\na,one\nb,two\n", "faq.csv")
    world.hand_in(b"old", "a.txt")
    world.hand_in(b"new", "a.txt")
    world.hand_in(b"id,text\nb,two\nc,three\n", "faq.csv")
    world.ingester.poll()
    assert {uri: document.text for uri, document in world.documents().items()} == {
        "upload:a.txt": "new",
        "upload:faq.csv#b": "two",
        "upload:faq.csv#c": "three",
    }


def test_a_uri_reaches_nothing_else(world: World) -> None:
    """Whatever a file is called, it removes no documents that came another way."""
    for source in ("api", "file:///docs", "ingestion:"):
        world.library.sync(
            [Document.create(uri=f"{source}/1", text="kept", tenant="acme")], tenant="acme", source=source
        )
    for source in ("api", "file:///docs", "ingestion:"):
        world.hand_in(b"words", "a.txt", uri=source)
    world.ingester.poll()
    assert len(world.documents()) == 6


def test_a_file_that_cannot_be_read_fails_once_with_its_reason(world: World) -> None:
    """Broken, empty of text, or fatal to its reader: tried once, and the next file is read."""
    world.reader.raises = {
        "bomb.pdf": UnreadableDocument("brought the process that read it down (SIGSEGV)"),
        "fault.txt": ZeroDivisionError(),
    }
    given = [
        (world.hand_in(b"%PDF-1.4 broken", "broken.pdf"), "not a PDF"),
        (world.hand_in(b"x", "bomb.pdf"), "SIGSEGV"),
        (world.hand_in(b" \n", "blank.txt"), "no text"),
        (world.hand_in(b"x", "fault.txt"), "ZeroDivisionError"),
    ]
    good = world.hand_in(b"Fine.", "good.txt")
    assert world.ingester.poll() == 5
    for taken, words in given:
        assert world.now(taken).status is IngestionStatus.FAILED
        assert words in world.now(taken).reason
        assert world.stores.ingestions.payload(taken.id) is None
    assert world.now(good).status is IngestionStatus.INDEXED
    assert world.ingester.poll() == 0
    assert len(world.reader.asked) == 5


def test_a_failed_file_leaves_the_earlier_one(world: World) -> None:
    """A broken new version does not take the old one away."""
    world.hand_in(b"old", "a.txt")
    world.ingester.poll()
    world.hand_in(b"\xff\xfe\xff", "a.txt")
    world.ingester.poll()
    assert world.documents()["upload:a.txt"].text == "old"


def test_rows_that_fail_are_told_beside_those_that_do_not(world: World) -> None:
    """A table with one bad row is read in part, and says why."""
    taken = world.hand_in(b"id,text\na,one\nb,\n", "faq.csv")
    world.ingester.poll()
    assert world.now(taken).status is IngestionStatus.READ_IN_PART
    assert world.now(taken).reason == "1 of 2 records was not read: line 3 holds no text"
    assert len(world.now(taken).documents) == 1


def test_what_is_read_in_part_says_so_once_it_is_indexed(world: World) -> None:
    """The status tells it with the reasons; until questions find it, it is parsed as any other."""
    world.index_at = 0
    world.reader.unread = {"scan.txt": ["3 of 4 pages hold no text", "a picture is not read"]}
    taken = world.hand_in(b"words", "scan.txt")
    world.ingester.poll()
    assert world.now(taken).status is IngestionStatus.PARSED
    world.index_at = 1_000_000
    world.ingester.poll()
    assert world.now(taken).status is IngestionStatus.READ_IN_PART
    assert world.now(taken).reason == "3 of 4 pages hold no text; a picture is not read"
    assert world.now(taken).indexed_at is not None
    assert world.documents()["upload:scan.txt"].unread == tuple(world.reader.unread["scan.txt"])


def test_of_several_documents_those_read_in_part_are_counted(world: World) -> None:
    """Beside the records that failed."""
    world.reader.unread = {"faq.csv": ["a cell was cut"]}
    taken = world.hand_in(b"id,text\na,one\nb,\nc,three\n", "faq.csv")
    world.ingester.poll()
    assert world.now(taken).status is IngestionStatus.READ_IN_PART
    assert world.now(taken).reason == (
        "1 of 3 records was not read: line 3 holds no text; "
        "2 of 3 documents were read in part: a: a cell was cut; c: a cell was cut"
    )


def test_three_of_many_reasons_are_told(world: World) -> None:
    """And how many there are beside them, none of them without end."""
    lines = "".join(f"{number},\n" for number in range(5))
    taken = world.hand_in(f"id,text\na,one\n{lines}".encode(), "faq.csv")
    world.ingester.poll()
    assert world.now(taken).reason == (
        "5 of 6 records were not read: line 3 holds no text; line 4 holds no text; line 5 holds no text; and 2 more"
    )
    world.reader.unread = {"scan.txt": ["x" * 10_000]}
    long = world.hand_in(b"words", "scan.txt")
    world.ingester.poll()
    assert len(world.now(long).reason) == 400


def test_fields_are_called_what_was_said_with_the_file(world: World) -> None:
    """Also where another service reads it."""
    taken = world.hand_in(
        b"key,heading,words\n7,Leave,Twelve weeks.\n",
        "faq.csv",
        fields=FieldNames(id="key", title="heading", text="words"),
    )
    world.another().poll()
    assert world.now(taken).status is IngestionStatus.INDEXED, world.now(taken).reason
    document = world.documents()["upload:faq.csv#7"]
    assert (document.title, document.text) == ("Leave", "Twelve weeks.")


def test_a_deletion_is_not_undone_by_what_came_before_it(world: World) -> None:
    """The older upload ends as failed, also where another service reads it later; a newer one is read."""
    world.hand_in(b"first", "a.txt")
    world.ingester.poll()
    document_id = Document.id_for("acme", "upload:a.txt")
    waiting = world.hand_in(b"second", "a.txt")
    assert world.library.delete(document_id, "acme")
    assert world.another().poll() == 1
    assert world.documents() == {}
    assert (world.now(waiting).status, world.now(waiting).reason) == (
        IngestionStatus.FAILED,
        "was deleted after it was handed in",
    )

    newer = world.hand_in(b"third", "a.txt")
    world.ingester.poll()
    assert world.now(newer).status is IngestionStatus.INDEXED
    assert world.documents()["upload:a.txt"].text == "third"


def test_a_deletion_while_the_file_is_read_holds(world: World) -> None:
    """Between the reading and the writing."""
    world.hand_in(b"first", "a.txt")
    world.ingester.poll()
    taken = world.hand_in(b"second", "a.txt")
    world.reader.meanwhile = lambda: world.library.delete(Document.id_for("acme", "upload:a.txt"), "acme")
    world.ingester.poll()
    assert world.documents() == {}
    assert world.now(taken).status is IngestionStatus.FAILED


def test_a_document_that_only_waits_can_be_deleted(world: World) -> None:
    """It is not there yet, and does not come."""
    taken = world.hand_in(b"first", "a.txt")
    assert world.library.delete(Document.id_for("acme", "upload:a.txt"), "acme", awaited=True)
    world.ingester.poll()
    assert world.documents() == {}
    assert world.now(taken).status is IngestionStatus.FAILED


def test_a_row_that_was_deleted_does_not_come_back(world: World) -> None:
    """The other rows of the table do, and it is told."""
    table = b"id,text\na,one\nb,two\n"
    world.hand_in(table, "faq.csv")
    world.ingester.poll()
    taken = world.hand_in(table, "faq.csv")
    world.library.delete(Document.id_for("acme", "upload:faq.csv#a"), "acme")
    world.ingester.poll()
    assert world.documents().keys() == {"upload:faq.csv#b"}
    assert world.now(taken).reason == "1 of 2 records was not read: a: was deleted after it was handed in"


def test_what_another_upload_removed_is_no_deletion_by_hand(world: World) -> None:
    """A row that the table before had no more is back with the table after it, though all three waited."""
    for rows in ("a,one\nb,two\n", "b,two\n", "a,one\nb,two\n"):
        world.hand_in(f"id,text\n{rows}".encode(), "faq.csv")
    world.ingester.poll()
    assert world.documents().keys() == {"upload:faq.csv#a", "upload:faq.csv#b"}


def test_what_was_written_by_hand_since_stays(world: World) -> None:
    """An upload that waits does not overwrite what somebody wrote after it."""
    taken = world.hand_in(b"older", "a.txt")
    world.library.put(Document.create(uri="upload:a.txt", text="newer", tenant="acme", source="api"))
    world.ingester.poll()
    assert world.documents()["upload:a.txt"].text == "newer"
    assert world.now(taken).reason == "was written anew after it was handed in"


def test_what_was_written_again_as_it_is_stays(world: World) -> None:
    """Also where it is the same text: that is what somebody wants after the upload."""
    wanted = Document.create(uri="upload:a.txt", text="wanted", tenant="acme", source="api")
    world.library.put(wanted)
    world.hand_in(b"older", "a.txt")
    assert world.library.put(wanted, awaited=True) is PutResult.UNCHANGED
    world.ingester.poll()
    assert world.documents()["upload:a.txt"].text == "wanted"


def test_tenants_are_read_in_turns_and_kept_apart(world: World) -> None:
    """One tenant's many files do not make another wait for all of them; each has its own documents."""
    for number in range(3):
        world.hand_in(b"words", f"{number}.txt", tenant="busy")
    world.hand_in(b"words", "0.txt", tenant="calm")
    world.ingester.poll()
    assert [tenant for tenant, _ in world.reader.asked] == ["busy", "calm", "busy", "busy"]
    assert [len(world.documents(tenant)) for tenant in ("busy", "calm")] == [3, 1]


def test_what_a_killed_service_left_is_begun_again_but_not_for_ever(world: World) -> None:
    """Another service goes on with it; a file that ends three of them is given up."""

    class Killed(BaseException):
        """Stands for the end of the process: nothing in it may catch this."""

    def die() -> None:
        raise Killed

    taken = world.hand_in(b"words", "a.txt")
    world.reader.meanwhile = die
    with pytest.raises(Killed):
        world.another().poll()
    assert world.now(taken).status is IngestionStatus.RECEIVED
    world.reader.meanwhile = lambda: None
    assert world.another().poll() == 1
    assert world.now(taken).status is IngestionStatus.INDEXED

    deadly = world.hand_in(b"words", "b.txt")
    world.reader.meanwhile = die
    for _ in range(3):
        with pytest.raises(Killed):
            world.another().poll()
    assert world.another().poll() == 1
    assert world.now(deadly).status is IngestionStatus.FAILED
    assert "broken off 3 times" in world.now(deadly).reason


def test_a_missing_part_is_nobodys_fault(world: World) -> None:
    """Where no process can be started the file goes on waiting, however often that is so."""
    taken = world.hand_in(b"words", "a.txt")
    world.reader.raises = {"a.txt": Unavailable("no process")}
    for _ in range(5):
        with pytest.raises(Unavailable):
            world.ingester.poll()
    world.reader.raises = {}
    world.ingester.poll()
    assert (world.now(taken).status, world.now(taken).attempts) == (IngestionStatus.INDEXED, 1)


def test_an_orderly_stop_does_not_count(world: World) -> None:
    """A file that is under way at every stop of the service is read all the same in the end."""
    taken = world.hand_in(b"words", "a.txt")
    for _ in range(5):
        ingester = world.another()
        world.reader.meanwhile = ingester.end
        world.reader.raises = {"a.txt": Unavailable("The service is stopping.")}
        with pytest.raises(Unavailable):
            ingester.poll()
    assert (world.now(taken).status, world.now(taken).attempts) == (IngestionStatus.RECEIVED, 0)


def test_one_service_reads_at_a_time(world: World) -> None:
    """While another holds the lease nothing is read, and nothing is lost."""
    taken = world.hand_in(b"words", "a.txt")
    refused: list[WhetstoneError] = []

    def poll_too() -> None:
        try:
            world.another().poll()
        except LeaseHeld as error:
            refused.append(error)

    world.reader.meanwhile = poll_too
    world.ingester.poll()
    assert len(refused) == 1
    assert len(world.reader.asked) == 1
    assert world.now(taken).status is IngestionStatus.INDEXED


def test_pages_are_fetched_and_refused(world: World) -> None:
    """A page's uri is its address; a bad address is refused at once, one that leads inside later."""
    intake = world.intake()
    page = intake.page("https://public.example/hours", principal=PRINCIPAL, metadata={"kind": "web"})
    inside = intake.page("https://public.example/inside", principal=PRINCIPAL)
    with pytest.raises(AddressRefused):
        intake.page("http://10.0.0.1/", principal=PRINCIPAL)
    with pytest.raises(AddressRefused, match="WHETSTONE_WEB_PAGES"):
        world.intake(pages=None).page("https://public.example/", principal=PRINCIPAL)
    world.ingester.poll()
    document = world.documents()["https://public.example/hours"]
    assert (document.title, document.text, dict(document.metadata)) == (
        "Hours",
        "Open till nine.",
        {"kind": "web"},
    )
    assert world.now(page).status is IngestionStatus.INDEXED
    assert (world.now(inside).status, world.now(inside).reason) == (
        IngestionStatus.FAILED,
        "It leads inside.",
    )


def test_metadata_that_is_too_much_together_fails_its_record(world: World) -> None:
    """What was given with the file and what a row carries add up; the other rows are read."""
    given = {f"given-{number}": "x" for number in range(60)}
    wide = {f"own-{number}": "x" for number in range(60)}
    rows = json.dumps([{"id": "1", "text": "Wide."} | wide, {"id": "2", "text": "Narrow."}]).encode()
    taken = world.hand_in(rows, "a.json", metadata=given)
    world.ingester.poll()

    assert [document.text for document in world.documents().values()] == ["Narrow."]
    assert "1 of 2 records" in world.now(taken).reason
    assert "120 names of metadata" in world.now(taken).reason


def test_too_much_metadata_is_not_taken(world: World) -> None:
    """A file or a page is refused at once, and nothing of it is kept."""
    wide = {f"n{number}": "x" for number in range(101)}
    with pytest.raises(UnreadableDocument, match="101 names of metadata"):
        world.hand_in(b"text", "a.txt", metadata=wide)
    with pytest.raises(UnreadableDocument, match="101 names of metadata"):
        world.intake().page("https://public.example/a", principal=PRINCIPAL, metadata=wide)
    assert world.stores.ingestions.page(tenant="acme") == []
