"""Documents into a real SQLite store: what is written, left alone and removed."""

import pytest

from rag.adapters.llama_index import SentenceSplitterAdapter
from rag.adapters.sql.stores import Stores
from rag.domain import Chunking, Document, Passage
from rag.errors import EmptyCorpus, InvalidInput, UnreadableDocument
from rag.library.chunking import Chunker
from rag.library.documents import MAX_TITLE, ReadFailure
from rag.library.syncing import Library, PutResult, SyncReport, SyncRules


class CountingChunker(Chunker):
    """A chunker that tells how often it was asked."""

    asked = 0

    def split(self, document: Document) -> list[Passage]:
        """Count and split."""
        self.asked += 1
        return super().split(document)


@pytest.fixture
def chunker() -> CountingChunker:
    """The default chunking, counted."""
    return CountingChunker(SentenceSplitterAdapter(Chunking()), Chunking())


@pytest.fixture
def library(stores: Stores, chunker: CountingChunker) -> Library:
    """A library over an empty store."""
    return Library(stores.documents, chunker)


def document(name: str, text: str = "Some text.", *, tenant: str = "acme", title: str = "") -> Document:
    """Make a document below the root file:///docs."""
    return Document.create(uri=f"file:///docs/{name}", text=text, title=title, tenant=tenant)


def sync(
    library: Library, *records: Document | ReadFailure, prune: bool = False, source: str = "file:///docs"
) -> SyncReport:
    """Sync records of the one source."""
    return library.sync(records, tenant="acme", source=source, rules=SyncRules(prune=prune))


def counts(report: SyncReport) -> tuple[int, int, int, int, int]:
    """Return added, changed, unchanged, removed and the number failed."""
    return report.added, report.changed, report.unchanged, report.removed, len(report.failed)


def uris(stores: Stores) -> list[str]:
    """Return the last part of every uri in the store."""
    return sorted(one.uri.removeprefix("file:///docs/") for one in stores.documents.page(tenant="acme"))


def test_put_tells_what_became_of_it(library: Library, stores: Stores, chunker: CountingChunker) -> None:
    """First added, then unchanged without even being split, then changed; passages follow the text."""
    results = [library.put(document("a", text)) for text in ("one", "one", "two")]

    assert results == [PutResult.ADDED, PutResult.UNCHANGED, PutResult.CHANGED]
    assert chunker.asked == 2
    kept = stores.documents.passages_of([document("a").id])
    assert [passage.text for passages in kept.values() for passage in passages] == ["two"]
    assert stores.documents.chunkings() == {Chunking().digest}


def test_delete(library: Library, stores: Stores) -> None:
    """A document goes with its passages; a second time, or for another tenant, there is none."""
    library.put(document("a"))

    assert library.delete(document("a").id, "other") is False
    assert library.delete(document("a").id, "acme") is True
    assert library.delete(document("a").id, "acme") is False
    assert stores.documents.passage_ids() == frozenset()


@pytest.mark.parametrize("text", ["", " \n", "\0"])
def test_text_that_splits_into_nothing(library: Library, stores: Stores, text: str) -> None:
    """A document without text is refused, and in a sync counted as failed."""
    with pytest.raises(UnreadableDocument, match="holds no text"):
        library.put(document("a", text))

    report = sync(library, document("a", text), document("b"))

    assert report.failed == (ReadFailure(uri="file:///docs/a", reason="holds no text"),)
    assert uris(stores) == ["b"]


def test_what_postgresql_refuses_is_taken_out(library: Library, stores: Stores) -> None:
    """NUL characters go, titles get one line of bounded length, and the second put still is unchanged."""
    given = Document.create(
        uri="file:///docs/a",
        title="A\0 title\nof " + "words " * 99,
        text="te\0xt",
        tenant="acme",
        metadata={"k": "v\0"},
    )

    assert [library.put(given), library.put(given)] == [PutResult.ADDED, PutResult.UNCHANGED]
    kept = stores.documents.get(given.id, tenant="acme")
    assert kept is not None
    assert (kept.text, kept.metadata) == ("text", {"k": "v"})
    assert kept.title.startswith("A title of words words")
    assert len(kept.title) == MAX_TITLE


@pytest.mark.parametrize("uri", ["", "file:///a\0b"])
def test_a_uri_that_cannot_be_kept(library: Library, uri: str) -> None:
    """An empty uri or one with NUL is refused by name."""
    with pytest.raises(InvalidInput, match="uri"):
        library.put(Document.create(uri=uri, text="text"))


def test_sync_writes_only_what_changed(library: Library, stores: Stores, chunker: CountingChunker) -> None:
    """A second sync splits and writes only the document that changed, and logs only that change."""
    first = sync(library, document("a"), document("b"), document("c"))
    before = stores.documents.last_change()
    chunker.asked = 0

    second = sync(library, document("a"), document("b", "new"), document("c"), document("d"))

    assert counts(first) == (3, 0, 0, 0, 0)
    assert counts(second) == (1, 1, 2, 0, 0)
    assert (first.passages, second.passages, chunker.asked) == (3, 2, 2)
    assert stores.documents.last_change() == before + 2
    assert second.seconds > 0


def test_without_prune_nothing_is_removed(library: Library, stores: Stores) -> None:
    """A document that vanished stays unless pruning was asked for."""
    sync(library, document("a"), document("b"))

    assert counts(sync(library, document("a"))) == (0, 0, 1, 0, 0)
    assert uris(stores) == ["a", "b"]


def test_prune_removes_what_vanished_from_this_source_alone(library: Library, stores: Stores) -> None:
    """Other sources, other tenants and documents put one by one stay."""
    sync(library, document("a"), document("b"))
    sync(library, document("other"), source="file:///elsewhere")
    library.put(document("single"))
    library.sync([document("b", tenant="umbrella")], tenant="umbrella", source="file:///docs")

    report = sync(library, document("a"), prune=True)

    assert counts(report) == (0, 0, 1, 1, 0)
    assert uris(stores) == ["a", "other", "single"]
    assert stores.documents.count(tenant="umbrella") == 1


def test_a_failed_file_keeps_its_earlier_version(library: Library, stores: Stores) -> None:
    """What could not be read this time is not taken as gone; nor is what lies in a folder or table that failed."""
    names = ("a", "table.csv#1", "folder/b", "folder-2/c", "gone")
    sync(library, *map(document, names))

    report = sync(
        library,
        *(ReadFailure(uri=f"file:///docs/{name}", reason="broken") for name in ("a", "table.csv", "folder")),
        prune=True,
    )

    assert counts(report) == (0, 0, 0, 2, 3)
    assert uris(stores) == ["a", "folder/b", "table.csv#1"]


def test_a_document_that_lost_its_text_keeps_its_earlier_version(library: Library, stores: Stores) -> None:
    """Text that now splits into nothing is a failure, so pruning leaves what was there."""
    sync(library, document("a", "text"))

    report = sync(library, document("a", "\0"), prune=True)

    assert counts(report) == (0, 0, 0, 0, 1)
    kept = stores.documents.get(document("a").id, tenant="acme")
    assert kept is not None
    assert kept.text == "text"


def test_nothing_at_all_is_an_error(library: Library, stores: Stores) -> None:
    """An empty folder, perhaps one that was not mounted, removes nothing."""
    sync(library, document("a"))

    with pytest.raises(EmptyCorpus, match="file:///docs"):
        sync(library, prune=True)

    assert uris(stores) == ["a"]


def test_only_failures_is_a_report(library: Library) -> None:
    """Where everything failed the reasons are reported, not an empty corpus."""
    assert counts(sync(library, ReadFailure(uri="file:///docs/a", reason="broken"))) == (0, 0, 0, 0, 1)


def test_the_same_document_twice(library: Library, stores: Stores) -> None:
    """The first of two records with one uri is kept and the second is reported."""
    report = sync(library, document("a", "one"), document("a", "two"))

    assert counts(report) == (1, 0, 0, 0, 1)
    assert [one.text for one in stores.documents.page(tenant="acme")] == ["one"]


def test_a_record_of_another_tenant(library: Library) -> None:
    """A reader that was given another tenant is a mistake, not a document."""
    with pytest.raises(InvalidInput, match="umbrella"):
        sync(library, document("a", tenant="umbrella"))


def test_progress_counts_every_record(library: Library) -> None:
    """Progress is told after each record, failed ones too."""
    told: list[int] = []
    records: list[Document | ReadFailure] = [
        document("a"),
        ReadFailure(uri="file:///docs/b", reason="broken"),
        document("c"),
    ]

    library.sync(records, tenant="acme", source="file:///docs", after_each=told.append)

    assert told == [1, 2, 3]


def test_most_of_a_source_is_not_pruned_unless_forced(library: Library, stores: Stores) -> None:
    """More than half and more than ten are spared and counted; half, or ten, are believed."""
    documents = [document(str(number)) for number in range(24)]
    sync(library, *documents)

    def pruned(*left: Document, force: bool = False) -> tuple[int, int]:
        report = library.sync(
            left, tenant="acme", source="file:///docs", rules=SyncRules(prune=True, force=force)
        )
        return report.removed, report.spared

    assert pruned(*documents[:11]) == (0, 13)
    assert pruned(*documents[:12]) == (12, 0)
    assert pruned(*documents[:2]) == (10, 0)
    assert pruned(force=True) == (2, 0)
    assert uris(stores) == []


def test_what_is_kept_is_not_pruned(library: Library, stores: Stores) -> None:
    """Files that were not read again stay with all their records, without a record of theirs in the sync."""
    sync(library, document("a.md"), document("b.csv#1"), document("b.csv#2"), document("c.md"))
    report = library.sync(
        [],
        tenant="acme",
        source="file:///docs",
        rules=SyncRules(prune=True),
        kept=["file:///docs/a.md", "file:///docs/b.csv"],
    )
    assert report.removed == 1
    assert uris(stores) == ["a.md", "b.csv#1", "b.csv#2"]
