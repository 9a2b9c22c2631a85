"""Claim: documents that come as pages, Word files or PDFs are found within one point of Recall@10 of plain text.

Peer: the same documents as Markdown.

Every record of a data set's corpus (BEIR layout) is written as a file of its own, its title as heading and name, in
each form; each form is ingested as a folder is, into an installation of its own, and asked the questions of a split
with the default retrieval. A question's Recall@10 is the share of its documents among the first ten documents found::

    python benchmarks/read_back.py --data feedbackqa squadshifts-wiki clapnq-dev

The writers are those of `reading.py`, which no reader of ours uses.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from arguments import parser_of
from known_documents import Known, Section
from known_writers import WRITERS

from rag.bootstrap import Installation, open_installation
from rag.domain import DEFAULT_TENANT, Chunking, Document, Release, Retrieval
from rag.releases.models import LoadedRelease
from rag.releases.trials import trial
from rag.settings import Settings

FORMS = ("md", "html", "docx", "pdf")
CUT = 10
DEPTH = 100  # passages, of which the first ten documents are taken
SLACK = 1.0  # points that a form may be behind


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; give the exit status."""
    options = _options(arguments)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    print(f"| data set | form | documents | passages | Recall@{CUT} % | beside plain text |")
    print("|---|---|---|---|---|---|", flush=True)
    kept = True
    for name in options.data:
        plain: float | None = None
        for form in FORMS:
            with tempfile.TemporaryDirectory(prefix="whetstone-read-back-") as folder:
                recall, told = _measured(options.datasets / name, form, Path(folder), options)
            behind = "" if plain is None else f"{recall - plain:+.2f}"
            plain = recall if plain is None else plain
            kept &= recall >= plain - SLACK
            print(f"| {name} | {form} | {told} | {recall:.2f} | {behind} |", flush=True)
    return 0 if kept else 1


def _measured(data: Path, form: str, folder: Path, options: argparse.Namespace) -> tuple[float, str]:
    """Return Recall@10 in percent, and how many documents and passages there are."""
    files = folder / "files"
    files.mkdir()
    records = _records(data / "corpus.jsonl")[: options.limit]
    uris = {record["_id"]: _written(record, form, files, number) for number, record in enumerate(records)}
    settings = Settings(_env_file=None, home=folder / "home", encoder=options.encoder)
    with open_installation(settings) as rag:
        report = rag.ingest(str(files), prune=False, progress=lambda *_: None)
        for failure in report.failed:
            print(f"not read: {failure.uri}: {failure.reason}", file=sys.stderr)
        passages = [each for some in rag.stores.documents.all_passages() for each in some]
        documents = {key: Document.id_for(DEFAULT_TENANT, uri) for key, uri in uris.items()}
        questions, relevant = _questions(data, options.split, documents)
        found = _found(rag, options, questions)
    shares = [
        len(set(documents) & wanted) / len(wanted) for documents, wanted in zip(found, relevant, strict=True)
    ]
    counted = f"{report.added} | {len(passages)}"
    return 100 * float(np.mean(shares)), counted


def _found(rag: Installation, options: argparse.Namespace, questions: Sequence[str]) -> list[list[str]]:
    """Return the first ten documents for each question."""
    with open_installation(Settings(_env_file=None, home=options.home)) as shared:
        digest = shared.models.encoders.resolve(options.encoder)
        encoder = shared.models.encoders.load(digest)
        release = Release.create(
            encoder=digest, dimension=encoder.dimension, chunking=Chunking(), retrieval=Retrieval()
        )
        passages = [each for some in rag.stores.documents.all_passages() for each in some]
        document_of = {passage.id: passage.document_id for passage in passages}
        loaded = LoadedRelease(release=release, encoder=encoder)
        with trial(
            loaded, [passages], tenant=DEFAULT_TENANT, cache=shared.models.cache, scratch=shared.scratch
        ) as tried:
            ranked = tried.rank(questions, limit=DEPTH)
    return [list(dict.fromkeys(document_of[each] for each in some))[:CUT] for some in ranked]


def _written(record: dict[str, str], form: str, folder: Path, number: int) -> str:
    """Write a record as a file; return its uri."""
    paragraphs = tuple(" ".join(part.split()) for part in record["text"].split("\n") if part.strip())
    title = " ".join(record["title"].split()) or "Untitled record"
    section = Section(heading=title, level=1, paragraphs=paragraphs)
    path = folder / f"{number:05}.{form}"
    WRITERS[form](Known(name=path.stem, title=title, sections=(section,)), path)
    return path.as_uri()


def _questions(data: Path, split: str, documents: dict[str, str]) -> tuple[list[str], list[frozenset[str]]]:
    """Return the split's questions that have answers here, and the documents of each."""
    relevant: dict[str, set[str]] = {}
    for line in (data / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        question, record, grade = line.split("\t")
        if int(grade) > 0 and record in documents:
            relevant.setdefault(question, set()).add(documents[record])
    asked = [
        record
        for record in _records(data / "queries.jsonl")
        if record["split"] == split and record["_id"] in relevant
    ]
    return [each["text"] for each in asked], [frozenset(relevant[each["_id"]]) for each in asked]


def _records(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--data", nargs="+", default=["feedbackqa", "squadshifts-wiki", "clapnq-dev"])
    parser.add_argument("--split", default="test", help="whose questions are asked")
    parser.add_argument("--encoder", default="minilm")
    parser.add_argument("--limit", type=int, help="only so many records")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
