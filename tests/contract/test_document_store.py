"""Documents, passages and the change log, on every database."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest
from sqlalchemy import text

from rag.adapters.sql.database.engine import writing
from rag.adapters.sql.stores import Stores
from rag.domain import ChangeKind, Document, Passage, utcnow
from rag.errors import InvalidInput
from rag.ports import DocumentStore

CHUNKING = "chunking-a"


def make(uri: str, *parts: str, tenant: str = "default", source: str = "") -> tuple[Document, list[Passage]]:
    """Make a document and its passages, one for each part."""
    document = Document.create(
        uri=uri, text="\n".join(parts), tenant=tenant, source=source, title=f"On {uri}"
    )
    return document, [Passage.create(document, position, part) for position, part in enumerate(parts)]


def put(store: DocumentStore, uri: str, *parts: str, tenant: str = "default", source: str = "") -> Document:
    """Write a document of these parts."""
    document, passages = make(uri, *parts, tenant=tenant, source=source)
    store.put(document, passages, CHUNKING)
    return document


@pytest.fixture
def store(any_stores: Stores) -> DocumentStore:
    """An empty document store."""
    return any_stores.documents


def test_what_people_did_since_stays_as_they_left_it(store: DocumentStore) -> None:
    """What is older than a change brings back no document deleted by hand, and overwrites none written by hand."""
    kept, gone, pruned = (put(store, uri, "old") for uri in ("kept", "gone", "pruned"))
    since = store.last_change()
    put(store, "kept", "by hand")
    assert store.delete(gone.id, tenant="default", by_hand=True)
    assert store.delete(pruned.id, tenant="default")
    older = [make(uri, "late") for uri in ("kept", "gone", "pruned", "new")]

    assert store.as_of(since).put_all(older, CHUNKING) == [False, False, True, True]
    assert store.overtaken([kept.id, gone.id, pruned.id], after=since) == {
        kept.id: ChangeKind.PUT,
        gone.id: ChangeKind.DELETE,
    }
    texts = {each.uri: each.text for each in store.page(tenant="default")}
    assert texts == {"kept": "by hand", "pruned": "late", "new": "late"}
    # Those that know of it may.
    assert store.overtaken([kept.id, gone.id], after=store.last_change()) == {}
    assert store.as_of(store.last_change()).put_all(older[:2], CHUNKING) == [True, True]


def test_a_document_that_is_wanted_as_it_is(store: DocumentStore) -> None:
    """What is older than the wish does not change it; of one that is not there nothing is logged."""
    document = put(store, "kept", "wanted")
    since = store.last_change()
    store.touch(document.id, tenant="other")
    assert store.last_change() == since
    store.touch(document.id, tenant="default")
    assert store.last_change() == since + 1
    assert store.as_of(since).put_all([make("kept", "late")], CHUNKING) == [False]
    assert store.overtaken([document.id], after=since) == {document.id: ChangeKind.PUT}


def test_files_in_a_folder_are_of_it(store: DocumentStore) -> None:
    """By whatever path they were read; not what is hidden there, what has a like name, or what came another way."""
    made = {
        uri: put(store, uri, "text", source=source)
        for uri, source in (
            ("file:///docs/a.md", "file:///docs"),
            ("file:///docs/b%25.md", "file:///docs/b%25.md"),
            ("file:///docs/sub/c.csv#1", "file:///docs/sub"),
            ("file:///docs/.hidden/d.md", "file:///docs/.hidden/d.md"),
            ("file:///docs2/e.md", "file:///docs2"),
            ("file:///docs/f.md", "api"),
            ("beir:set/1", "file:///docs/set"),
        )
    }
    of = [
        uri for uri, each in made.items() if each.id in store.hashes(tenant="default", source="file:///docs")
    ]
    assert of == ["file:///docs/a.md", "file:///docs/b%25.md", "file:///docs/sub/c.csv#1"]
    assert store.hashes(tenant="default", source="file:///docs/sub").keys() == {
        made["file:///docs/sub/c.csv#1"].id
    }


def test_a_document_that_is_awaited_can_be_deleted(store: DocumentStore) -> None:
    """It is not there yet, and does not come."""
    document, passages = make("awaited", "late")
    assert not store.delete(document.id, tenant="default", by_hand=True)
    assert store.last_change() == 0
    assert store.delete(document.id, tenant="default", by_hand=True, awaited=True)
    assert store.as_of(0).put_all([(document, passages)], CHUNKING) == [False]


def test_a_document_comes_back_as_it_was_written(store: DocumentStore) -> None:
    """Every field survives, times in other zones included."""
    document = replace(
        Document.create(
            uri="file:///a b/ü?.txt",
            text="Zeile 1\n\tZeile 2 \U0001f9ed 'quoted' \"double\" %s :name",
            title="Ünïcode",
            divisible=False,
            source="file:///a b",
            metadata={"author": "Ö", "empty": "", "quote": '"'},
        ),
        updated_at=datetime(2024, 2, 29, 23, 59, 59, 123456, tzinfo=timezone(timedelta(hours=5, minutes=45))),
    )
    assert store.put(document, [Passage.create(document, 0, document.text)], CHUNKING) is True
    found = store.get(document.id, tenant="default")
    assert found == document
    assert found.updated_at.tzinfo is UTC


def test_passages_come_back_as_they_were_written(store: DocumentStore) -> None:
    """A passage is found by its id and by its document, in the order of positions."""
    document, passages = make("a", *(f"part {number}" for number in range(12)))
    store.put(document, list(reversed(passages)), CHUNKING)
    assert store.passages_of([document.id]) == {document.id: passages}
    assert store.passages([passages[3].id, "unknown"]) == {passages[3].id: passages[3]}
    assert store.passage_ids() == frozenset(passage.id for passage in passages)
    assert store.chunkings() == frozenset({CHUNKING})


def test_the_same_content_again_writes_nothing(store: DocumentStore) -> None:
    """A repeated sync neither writes nor logs a change."""
    document, passages = make("a", "one", "two")
    assert store.put(document, passages, CHUNKING) is True
    assert store.put(replace(document, updated_at=utcnow()), passages, CHUNKING) is False
    assert store.last_change() == 1
    assert store.get(document.id, tenant="default") == document


def test_a_document_without_passages_is_unchanged_too(store: DocumentStore) -> None:
    """A document that gave no passage is not written again and again, and is there."""
    document, _ = make("a", " ")
    assert store.put(document, [], CHUNKING) is True
    assert store.put(document, [], CHUNKING) is False
    assert store.passages_of([document.id]) == {document.id: []}


def test_changed_content_replaces_document_and_passages(store: DocumentStore) -> None:
    """After an edit nothing quotes the old text any more, whatever chunking it was cut with."""
    before, before_passages = make("a", "old", "kept")
    store.put(before, before_passages, CHUNKING)
    store.put(before, before_passages[:1], "chunking-b")
    after, passages = make("a", "new", "kept")
    assert store.put(after, passages, CHUNKING) is True
    assert store.get(before.id, tenant="default") == after
    assert store.passages_of([after.id]) == {after.id: passages}
    assert store.passage_ids() == frozenset(passage.id for passage in passages)
    assert store.chunkings() == frozenset({CHUNKING})


def test_the_same_content_under_another_chunking_is_written_beside(store: DocumentStore) -> None:
    """Passages shared by two chunkings are given once."""
    document, passages = make("a", "one", "two")
    store.put(document, passages, CHUNKING)
    assert store.put(document, passages[:1], "chunking-b") is True
    assert store.chunkings() == frozenset({CHUNKING, "chunking-b"})
    assert store.passages_of([document.id]) == {document.id: passages}
    assert sorted(p.id for batch in store.all_passages(batch=1) for p in batch) == sorted(
        p.id for p in passages
    )


def test_deletion_takes_the_passages_and_is_logged(store: DocumentStore) -> None:
    """A deleted document leaves no passage, and a second deletion changes nothing."""
    document = put(store, "a", "one", "two")
    kept = put(store, "b", "three")
    assert store.delete(document.id, tenant="default") is True
    assert store.delete(document.id, tenant="default") is False
    assert store.get(document.id, tenant="default") is None
    assert set(store.passages_of([document.id, kept.id])) == {kept.id}
    assert [(change.seq, change.document_id, change.kind) for change in store.changes(after=0)] == [
        (1, document.id, ChangeKind.PUT),
        (2, kept.id, ChangeKind.PUT),
        (3, document.id, ChangeKind.DELETE),
    ]


def test_tenants_do_not_see_each_other(store: DocumentStore) -> None:
    """No read and no deletion crosses from one tenant to another."""
    ours = put(store, "a", "ours", tenant="ours")
    theirs = put(store, "a", "theirs", tenant="theirs")
    assert ours.id != theirs.id
    assert store.get(theirs.id, tenant="ours") is None
    assert store.delete(theirs.id, tenant="ours") is False
    assert store.page(tenant="ours") == [ours]
    assert store.hashes(tenant="ours") == {ours.id: ours.content_hash}
    assert store.uris([ours.id, theirs.id], tenant="ours") == {ours.id: "a"}
    assert (store.count(), store.count(tenant="ours"), store.count(tenant="nobody")) == (2, 1, 0)
    assert [p.text for batch in store.all_passages(tenant="ours") for p in batch] == ["ours"]


def test_a_document_cannot_take_over_another_tenants_id(store: DocumentStore) -> None:
    """A forged id is refused, and nothing is written."""
    theirs = put(store, "a", "theirs", tenant="theirs")
    forged = replace(Document.create(uri="b", text="forged", tenant="ours"), id=theirs.id)
    with pytest.raises(InvalidInput, match="tenant 'theirs'"):
        store.put(forged, [], CHUNKING)
    assert store.get(theirs.id, tenant="theirs") == theirs
    assert store.last_change() == 1


def test_a_passage_of_another_document_is_refused(store: DocumentStore) -> None:
    """Passages are written with the document they were cut from."""
    document, _ = make("a", "one")
    _, strangers = make("b", "two")
    with pytest.raises(InvalidInput, match=document.id):
        store.put(document, strangers, CHUNKING)
    assert store.count() == 0


def test_hashes_of_one_source(store: DocumentStore) -> None:
    """Pruning sees the documents of one source only."""
    first = put(store, "a", "one", source="/docs")
    put(store, "b", "two", source="/other")
    assert store.hashes(tenant="default", source="/docs") == {first.id: first.content_hash}


def test_pages_follow_the_ids_without_overlap(store: DocumentStore) -> None:
    """Paging through gives every document once, in the order of ids."""
    documents = [put(store, f"doc {number}", "text") for number in range(7)]
    seen: list[Document] = []
    while page := store.page(tenant="default", after=seen[-1].id if seen else "", limit=3):
        seen += page
    assert seen == sorted(documents, key=lambda document: document.id)


def test_all_passages_goes_on_after_a_document(store: DocumentStore) -> None:
    """A backfill that was killed goes on behind its checkpoint, and sees each passage once, by document."""
    documents = sorted(put(store, f"doc {number}", "one", "two", "three").id for number in range(5))
    expected = [(document, position) for document in documents for position in range(3)]

    everything = [(p.document_id, p.position) for batch in store.all_passages(batch=4) for p in batch]
    rest = [
        (p.document_id, p.position)
        for batch in store.all_passages(after=documents[1], batch=4)
        for p in batch
    ]

    assert everything == expected
    assert rest == expected[6:]


def test_a_batch_of_passages_holds_whole_documents(store: DocumentStore) -> None:
    """As many documents as fit into a batch come together; one that is larger comes alone and whole."""
    sizes = {"a": 2, "b": 3, "c": 9, "d": 1, "e": 1}
    by_id = {put(store, uri, *(f"{uri}{at}" for at in range(size))).id: size for uri, size in sizes.items()}

    batches = list(store.all_passages(batch=4))

    for batch in batches:
        held = {p.document_id for p in batch}
        assert len(batch) == sum(by_id[document] for document in held)
        assert len(batch) <= 4 or len(held) == 1
    assert sum(len(batch) for batch in batches) == 16


def test_neighbours_are_the_passages_around(store: DocumentStore) -> None:
    """Those within reach, by position, of the same document, without the passage itself."""
    document, passages = make("a", *(f"part {at}" for at in range(6)))
    other, others = make("b", "another", "document")
    store.put(document, passages, CHUNKING)
    store.put(other, others, CHUNKING)

    found = store.neighbours([passages[0], passages[3], others[1]], reach=2)

    assert found == {
        passages[0].id: passages[1:3],
        passages[3].id: [passages[1], passages[2], passages[4], passages[5]],
        others[1].id: [others[0]],
    }
    assert store.neighbours([passages[3]], reach=0) == {passages[3].id: []}
    assert store.neighbours([], reach=2) == {}


def test_neighbours_are_as_they_are_now_and_of_one_chunking(store: DocumentStore) -> None:
    """A passage that is gone has none, and pieces cut in another way do not mix in."""
    document, passages = make("a", "one", "two", "three")
    gone, stale = make("gone", "four", "five")
    store.put(document, passages, CHUNKING)
    store.put(
        document, [Passage.create(document, 0, "one two"), Passage.create(document, 1, "three!")], "other"
    )
    store.put(gone, stale, CHUNKING)
    store.delete(gone.id, tenant="default")

    assert store.neighbours([passages[1], stale[0]], reach=1) == {
        passages[1].id: [passages[0], passages[2]],
        stale[0].id: [],
    }


def test_documents_can_be_written_while_all_passages_are_read(store: DocumentStore) -> None:
    """Reading everything holds no transaction that would keep a writer out, or a deleted passage in."""
    documents = [put(store, f"doc {number}", "one", "two") for number in range(4)]
    reading = store.all_passages(batch=2)
    first = next(reading)
    for document in documents:
        store.delete(document.id, tenant="default")
    late = put(store, "late", "three")
    rest = [passage for batch in reading for passage in batch]
    assert len(first) == 2
    assert {passage.document_id for passage in rest} <= {late.id}


def test_more_ids_than_one_statement_takes(store: DocumentStore) -> None:
    """Thousands of ids in one call are no problem."""
    document = put(store, "a", "one")
    many = [f"unknown {number}" for number in range(40_000)]
    assert store.uris([*many, document.id], tenant="default") == {document.id: "a"}
    assert store.passages(many) == {}
    assert list(store.passages_of([*many, document.id])) == [document.id]
    assert store.passages([]) == {}


def test_characters_a_database_refuses_are_replaced(store: DocumentStore) -> None:
    """NUL and lone surrogates, which some extracted files hold, do not break the ingestion."""
    document = replace(Document.create(uri="a", text="x"), text="a\x00b\ud800c", title="t\x00")
    store.put(document, [], CHUNKING)
    found = store.get(document.id, tenant="default")
    assert found is not None
    assert (found.text, found.title) == ("a\ufffdb\ufffdc", "t\ufffd")


def test_changes_in_pages(store: DocumentStore) -> None:
    """The change log is read on behind the last one seen."""
    assert (store.last_change(), store.changes(after=0)) == (0, [])
    for number in range(5):
        put(store, f"doc {number}", "one")
    assert [change.seq for change in store.changes(after=1, limit=3)] == [2, 3, 4]
    assert store.changes(after=5) == []
    assert store.last_change() == 5


def test_documents_that_changed_are_counted_once(store: DocumentStore) -> None:
    """However often one changed, came or went; those before are not counted."""
    for edition in ("one", "two", "three"):
        put(store, "doc a", edition)
    put(store, "doc b", "one")
    assert store.changed(after=0) == 2
    assert store.changed(after=1) == 2
    assert store.changed(after=3) == 1
    assert store.changed(after=4) == 0


def test_a_sample_of_the_passages(store: DocumentStore) -> None:
    """Spread over the documents however they were put in, the same each time, and all where there are no more."""
    for number in range(40):
        put(store, f"doc {number:02}", *(f"text {number} {part}" for part in range(3)))
    some = store.sample(30)
    assert len({each.id for each in some}) == 30
    assert len({each.document_id for each in some}) > 15
    assert store.sample(30) == some
    assert {each.id for each in store.sample(1_000)} == store.passage_ids()
    assert store.sample_ids(30) == [each.id for each in some]
    assert len(store.sample_ids(1_000)) == 120


def test_a_sample_of_one_tenants_passages(store: DocumentStore) -> None:
    """Another's are not drawn, however few its own are."""
    for number in range(20):
        put(store, f"doc {number:02}", "text")
    theirs = Document.create(uri="theirs", text="their text", tenant="theirs")
    store.put(theirs, [Passage.create(theirs, 0, "their text")], CHUNKING)
    assert [each.document_id for each in store.sample(9, tenant="theirs")] == [theirs.id]
    assert store.sample_ids(9, tenant="theirs") == [each.id for each in store.sample(9, tenant="theirs")]
    assert len(store.sample_ids(99, tenant="default")) == 20
    assert len(store.sample_ids(99)) == 21
    assert store.sample_ids(9, tenant="nobody") == []


def test_a_passage_under_two_chunkings_is_drawn_once(store: DocumentStore) -> None:
    """Cut alike, it is one."""
    document = Document.create(uri="doc", text="text")
    cut = [Passage.create(document, 0, "text")]
    store.put(document, cut, "chunking one")
    store.put(document, cut, "chunking two")
    assert store.sample_ids(9) == [cut[0].id]


def test_which_documents_changed_since(store: DocumentStore) -> None:
    """Those that are gone too, and none from before."""
    for name in ("a", "b", "c"):
        put(store, name, "one")
    seen = store.last_change()
    assert store.changed_documents(after=seen) == frozenset()
    put(store, "b", "two")
    put(store, "b", "three")
    gone = Document.create(uri="c", text="one").id
    store.delete(gone, tenant="default")
    expected = {Document.create(uri="b", text="").id, gone}
    assert store.changed_documents(after=seen) == expected


def test_a_failure_midway_leaves_no_trace(any_stores: Stores) -> None:
    """Document, passages and change are one transaction: where the last one fails, none is there."""
    store = any_stores.documents
    with writing(any_stores.engine) as connection:
        connection.execute(text("UPDATE change_counter SET seq = 6"))
        connection.execute(
            text("INSERT INTO changes (seq, document_id, tenant, kind, at) VALUES (7, 'x', 't', 'put', :at)"),
            {"at": "2024-01-01 00:00:00"},
        )
    document, passages = make("a", "one")
    with pytest.raises(Exception, match="refused a row"):
        store.put(document, passages, CHUNKING)
    assert (store.count(), store.passage_ids(), store.last_change()) == (0, frozenset(), 6)


def test_parallel_writers_get_distinct_ordered_numbers(open_any: Callable[[], Stores]) -> None:
    """Writers in several threads and engines neither fail nor share or skip a number."""
    opened = [open_any().documents for _ in range(4)]

    def write(number: int) -> None:
        put(opened[number % 4], f"doc {number}", f"text {number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(80)))
    assert [change.seq for change in opened[0].changes(after=0)] == list(range(1, 81))


def test_parallel_writers_of_one_document_write_it_once(open_any: Callable[[], Stores]) -> None:
    """Two ingestions of the same files at the same time log one change each."""
    opened = [open_any().documents for _ in range(4)]
    together = threading.Barrier(4)
    document, passages = make("a", "one", "two")

    def write(store: DocumentStore) -> bool:
        together.wait()
        return store.put(document, passages, CHUNKING)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(write, opened)) == [False, False, False, True]
    assert opened[0].last_change() == 1


def test_a_reader_never_skips_a_change(open_any: Callable[[], Stores]) -> None:
    """Whoever polls the log behind the last number seen gets every change, also of slow transactions."""
    reader = open_any().documents
    writers = [open_any().documents for _ in range(4)]
    ended = threading.Event()
    seen: list[int] = []

    def poll() -> None:
        while True:
            last_round = ended.is_set()
            changes = reader.changes(after=seen[-1] if seen else 0, limit=7)
            seen.extend(change.seq for change in changes)
            if last_round and not changes:
                return

    polling = threading.Thread(target=poll)
    polling.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            # Passages by the dozen make some transactions slow and others quick.
            sizes = [(number % 4, number, 1 + 60 * (number % 3)) for number in range(60)]
            list(pool.map(lambda job: put(writers[job[0]], f"doc {job[1]}", *map(str, range(job[2]))), sizes))
    finally:
        ended.set()
        polling.join(timeout=60)
    assert seen == list(range(1, 61))


def test_writers_in_several_processes_wait_for_each_other(any_url: str, any_stores: Stores) -> None:
    """Service, builder and CLI write at the same time without an error."""
    script = """
import json, sys
from rag.adapters.sql.stores import open_stores
from rag.domain import Document, Passage
stores = open_stores(sys.argv[1])
for number in range(25):
    document = Document.create(uri=f"{sys.argv[2]}/{number}", text="text")
    stores.documents.put(document, [Passage.create(document, 0, "text")], "c")
    stores.cursors.set_cursor(sys.argv[2], number)
print(json.dumps(stores.cursors.cursor(sys.argv[2])))
stores.close()
"""
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", script, any_url, str(number)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for number in range(3)
    ]
    said = [writer.communicate(timeout=120) for writer in writers]
    assert [errors.decode() for _, errors in said] == ["", "", ""]
    assert [json.loads(output) for output, _ in said] == [24, 24, 24]
    assert [change.seq for change in any_stores.documents.changes(after=0)] == list(range(1, 76))


def test_several_documents_in_one_transaction(any_stores: Stores) -> None:
    """Each gets its own result and its own change; a bad one among them leaves nothing behind."""
    documents = [Document.create(uri=f"test:{name}", text=name) for name in "abc"]
    given = [(document, [Passage.create(document, 0, document.text)]) for document in documents]
    store = any_stores.documents
    store.put(*given[1], "c")

    assert store.put_all(given, "c") == [True, False, True]
    changed = [change.document_id for change in store.changes(after=1)]
    assert changed == [documents[0].id, documents[2].id]

    new = Document.create(uri="test:new", text="new")
    with pytest.raises(InvalidInput):
        store.put_all([(new, [Passage.create(new, 0, "new")]), (documents[0], given[1][1])], "c")
    assert store.get(new.id, tenant=new.tenant) is None
    assert store.last_change() == 3


def test_which_passages_exist_is_told_without_reading_them(any_stores: Stores) -> None:
    """Those that were deleted, and those that never were, are left out; the rest is what `passages` gives."""
    document = Document.create(uri="a", text="one")
    kept = Passage.create(document, 0, "one")
    gone_document = Document.create(uri="b", text="two")
    gone = Passage.create(gone_document, 0, "two")
    any_stores.documents.put(document, [kept], "c")
    any_stores.documents.put(gone_document, [gone], "c")
    any_stores.documents.delete(gone_document.id, tenant=gone_document.tenant)
    asked = [kept.id, gone.id, str(uuid4())]
    assert any_stores.documents.existing(asked) == {kept.id} == set(any_stores.documents.passages(asked))
    assert any_stores.documents.existing([]) == frozenset()


def test_an_id_that_no_database_holds(any_stores: Stores) -> None:
    """PostgreSQL knows no text with NUL: whoever asks for it is told so; SQLite has none of that id."""
    sqlite = any_stores.engine.dialect.name == "sqlite"
    with nullcontext() if sqlite else pytest.raises(InvalidInput, match="takes no such value"):
        assert any_stores.documents.get("\0", tenant="default") is None


def test_documents_are_found_below_a_root(store: DocumentStore) -> None:
    """The file itself, its records and what is below it, whatever its source; of one tenant, without texts."""
    uris = ("f:///t.csv", "f:///t.csv#1", "f:///t.csv/x", "f:///t.csv2", "f:///T.csv#1")
    for uri in uris:
        put(store, uri, "words")
    put(store, "f:///t.csv#2", "words", tenant="other")
    scan = Document.create(uri="f:///t.csv#3", text="words", unread=["2 of 3 pages hold no text"])
    store.put(scan, [], CHUNKING)

    found = {each.uri: each for each in store.below("f:///t.csv", tenant="default")}

    assert found.keys() == {*uris[:3], scan.uri}
    assert (found[scan.uri].id, found[scan.uri].content_hash) == (scan.id, scan.content_hash)
    assert [found[uri].unread for uri in (scan.uri, uris[0])] == [("2 of 3 pages hold no text",), ()]


def test_documents_read_in_part_are_counted(store: DocumentStore) -> None:
    """Those of which something was not read, until they are read whole."""
    put(store, "a", "words")
    for tenant in ("default", "other"):
        store.put(Document.create(uri="b", text="some", unread=["a picture"], tenant=tenant), [], CHUNKING)
    assert (store.count(), store.count(in_part=True), store.count(in_part=True, tenant="default")) == (
        3,
        2,
        1,
    )
    put(store, "b", "all")
    assert store.count(in_part=True) == 1
