"""From files to the store and back: readers, chunker, library and labels together."""

from pathlib import Path

import docx
import pytest
from reportlab.pdfgen.canvas import Canvas

from rag.adapters.labels import read_labels
from rag.adapters.llama_index import SentenceSplitterAdapter
from rag.adapters.readers import read, source_of
from rag.adapters.sql.stores import Stores
from rag.domain import Chunking, Purpose
from rag.library.chunking import Chunker
from rag.library.syncing import Library, SyncReport, SyncRules


@pytest.fixture
def library(stores: Stores) -> Library:
    """A library over an empty store."""
    return Library(stores.documents, Chunker(SentenceSplitterAdapter(Chunking()), Chunking()))


def ingest(library: Library, location: Path | str, *, max_bytes: int = 50_000_000) -> SyncReport:
    """Sync a location with pruning."""
    records = read(str(location), tenant="acme", max_bytes=max_bytes)
    return library.sync(records, tenant="acme", source=source_of(str(location)), rules=SyncRules(prune=True))


def counts(report: SyncReport) -> tuple[int, int, int, int, int]:
    """Return added, changed, unchanged, removed and the number failed."""
    return report.added, report.changed, report.unchanged, report.removed, len(report.failed)


def fill(folder: Path) -> None:
    """Write a file of every kind, and a broken one."""
    (folder / "sub").mkdir(parents=True)
    (folder / "a.md").write_text("# Leave\n\n## Parents\n\nTwelve weeks.\n\n## Study\n\nFive days.\n")
    (folder / "b.txt").write_text("Plain words.")
    (folder / "c.html").write_text("<title>Page</title><main><h2>Part</h2><p>Words.</p></main>")
    canvas = Canvas(str(folder / "sub" / "d.pdf"))
    canvas.drawString(72, 720, "On paper.")
    canvas.save()
    word = docx.Document()
    word.add_paragraph("In Word.")
    word.save(str(folder / "sub" / "e.docx"))
    (folder / "f.csv").write_text("id,title,text\n1,One,First row.\n2,Two,Second row.\n")
    (folder / "g.pdf").write_bytes(b"%PDF-1.4 broken")


def test_a_folder_of_every_kind(library: Library, stores: Stores, tmp_path: Path) -> None:
    """Everything readable is in the store, headings in titles; the broken file is named."""
    fill(tmp_path / "docs")

    report = ingest(library, tmp_path / "docs")

    assert counts(report) == (7, 0, 0, 0, 1)
    assert report.failed[0].uri == (tmp_path / "docs" / "g.pdf").as_uri()
    passages = {
        (passage.title, passage.text) for batch in stores.documents.all_passages() for passage in batch
    }
    assert passages == {
        ("Leave - Parents", "Twelve weeks."),
        ("Leave - Study", "Five days."),
        ("b", "Plain words."),
        ("Page - Part", "Words."),
        ("d", "On paper."),
        ("e", "In Word."),
        ("One", "First row."),
        ("Two", "Second row."),
    }
    assert report.passages == len(passages)


def test_a_folder_over_time(library: Library, stores: Stores, tmp_path: Path) -> None:
    """Edits, deletions and a file that broke in between: each sync does only what is needed."""
    docs = tmp_path / "docs"
    fill(docs)
    ingest(library, docs)

    assert counts(ingest(library, docs)) == (0, 0, 7, 0, 1)

    (docs / "a.md").write_text("# Leave\n\nAsk.\n")
    (docs / "b.txt").unlink()
    (docs / "sub" / "d.pdf").write_bytes(b"cut off")
    (docs / "f.csv").write_text("id,title,text\n2,Two,Second row.\n3,Three,Third row.\n")
    report = ingest(library, docs)

    assert counts(report) == (1, 1, 3, 2, 2)
    texts = {passage.text for batch in stores.documents.all_passages() for passage in batch}
    assert {"Ask.", "On paper.", "Third row."} <= texts
    assert not {"Twelve weeks.", "Plain words.", "First row."} & texts


def test_a_table_that_broke_keeps_its_rows(library: Library, stores: Stores, tmp_path: Path) -> None:
    """A table that is no text any more fails as a whole and loses none of its rows."""
    fill(tmp_path / "docs")
    ingest(library, tmp_path / "docs")
    (tmp_path / "docs" / "f.csv").write_bytes(bytes(range(256)))

    assert counts(ingest(library, tmp_path / "docs")) == (0, 0, 5, 0, 2)
    assert stores.documents.count() == 7


def test_labels_point_at_the_documents_of_their_data_set(
    library: Library, stores: Stores, datasets: Path
) -> None:
    """FeedbackQA: every record is one document with one passage, and every label finds its documents."""
    folder = datasets / "feedbackqa"
    report = ingest(library, folder)

    assert counts(report) == (1523, 0, 0, 0, 0)
    assert report.passages == 1523
    questions = read_labels(folder, tenant="acme", splits={"train": Purpose.TRAIN, "dev": Purpose.DEV})
    assert len(questions) > 3_300
    known = stores.documents.hashes(tenant="acme").keys()
    assert [question.text for question in questions if not question.documents <= known] == []
    seen: dict[Purpose, set[str]] = {Purpose.TRAIN: set(), Purpose.DEV: set()}
    for question in questions:
        seen[question.purpose] |= question.documents
    assert seen[Purpose.TRAIN] & seen[Purpose.DEV] == set()
    assert stores.questions.put(questions) == len(questions)


def test_a_corpus_that_grew_too_large_loses_nothing(library: Library, stores: Stores, tmp_path: Path) -> None:
    """A data set over the limit fails; pruning leaves what was read before."""
    folder = tmp_path / "faq"
    folder.mkdir()
    (folder / "corpus.jsonl").write_text('{"_id": "a", "text": "one"}\n{"_id": "b", "text": "two"}\n')
    ingest(library, folder)

    report = ingest(library, folder, max_bytes=10)

    assert counts(report) == (0, 0, 0, 0, 1)
    assert stores.documents.count() == 2
