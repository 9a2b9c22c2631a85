"""The demonstration's documents, and the questions that are held back.

A question belongs to documents, to one of two topics, and to one use. A document's questions all have the same use.
A question that was taken from a document is removed from it before the document is ingested.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rag.domain import Document, LabelledQuestion, Purpose, text_of
from rag.errors import EmptyCorpus, InvalidInput

_MODULES = (
    "asyncio concurrent contextvars email ftplib html http imaplib ipaddress logging mailbox multiprocessing "
    "nntplib poplib queue sched select selectors smtplib socket socketserver ssl subprocess telnetlib "
    "threading urllib wsgiref xml xmlrpc"
)
NETWORK_AND_CONCURRENCY = frozenset(_MODULES.split())
"""The modules that the demonstration's users turn to in the second half."""

MIN_WORDS = 4
"""A shorter summary line is no question."""


class Use(StrEnum):
    """What a question serves."""

    LOG = "log"  # asked by simulated people, most of whom correct the answer; those not asked are imported to train on
    DEV = "dev"  # imported with their answers, to choose the checkpoint and to help the gate decide
    GOLDEN = "golden"  # imported with their answers, and watched for recall drift
    TEST = "test"  # only reported on: not logged before the comparison, not trained on
    NONE = "none"  # stays in its document, where mining may find it


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldQuestion:
    """A question that somebody will ask, and where its answer is."""

    text: str
    documents: frozenset[str]  # ids
    topic: str  # "before" or "after" the shift
    use: Use


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoCorpus:
    """Documents and the questions held back for them."""

    name: str
    source: str  # what `whetstone ingest` would call it
    documents: tuple[Document, ...]
    questions: tuple[HeldQuestion, ...]

    def labels(self, tenant: str, asked: Collection[HeldQuestion]) -> list[LabelledQuestion]:
        """Return the questions that are imported with their answers; of those to train on, the ones nobody `asked`."""
        purposes = {Use.DEV: Purpose.DEV, Use.GOLDEN: Purpose.GOLDEN, Use.LOG: Purpose.TRAIN}
        return [
            LabelledQuestion.create(
                tenant=tenant, text=q.text, documents=q.documents, purpose=purposes[q.use], source=self.source
            )
            for q in self.questions
            if q.use in purposes and q not in asked
        ]

    def pick(self, topic: str, use: Use) -> list[HeldQuestion]:
        """Return the questions of one topic and use."""
        return [q for q in self.questions if q.topic == topic and q.use is use]


def _share(key: str) -> float:
    """Return a stable number in [0, 1) for a text."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64


def python_documentation(documents: Iterable[Document]) -> DemoCorpus:
    """Return ``python-docs`` without the summary lines of most documents; these are the questions.

    A hash of the document decides: 15 % are reported on, 4 % are watched, 20 % are labelled, 52 % are asked, and the
    rest stays in its document. A summary line that several documents share is never held back, because it asks for
    none of them in particular.
    """
    kept, questions = [], []
    documents = list(documents)
    summaries = Counter(text_of(d.metadata, "summary").lower() for d in documents)
    for document in documents:
        summary = text_of(document.metadata, "summary")
        use = _python_use(document, summary, summaries)
        if use is not Use.NONE:
            topic = "after" if document.metadata.get("topic") in NETWORK_AND_CONCURRENCY else "before"
            held = HeldQuestion(text=summary, documents=frozenset({document.id}), topic=topic, use=use)
            questions.append(held)
            document = _without(document, "summary")
        kept.append(document)
    return DemoCorpus(
        name="the documentation of this Python",
        source="python-docs",
        documents=tuple(kept),
        questions=tuple(sorted(questions, key=lambda q: _share(f"order {q.text}"))),
    )


def _python_use(document: Document, summary: str, summaries: Counter[str]) -> Use:
    if len(summary.split()) < MIN_WORDS or summaries[summary.lower()] > 1:
        return Use.NONE
    share = _share(document.uri)
    for use, until in ((Use.TEST, 0.15), (Use.GOLDEN, 0.19), (Use.DEV, 0.39), (Use.LOG, 0.91)):
        if share < until:
            return use
    return Use.NONE


def _without(document: Document, field: str) -> Document:
    return Document.create(
        uri=document.uri,
        text=document.text,
        title=document.title,
        tenant=document.tenant,
        divisible=document.divisible,
        source=document.source,
        metadata={k: v for k, v in document.metadata.items() if k != field},
    )


def beir_folder(
    folder: Path,
    documents: Iterable[Document],
    labels: Sequence[LabelledQuestion],
    tests: Sequence[LabelledQuestion],
) -> DemoCorpus:
    """Return a BEIR folder with its own questions: `labels` to ask (train) or to import (dev), `tests` to report on.

    A quarter of the dev questions is watched instead. A folder without splits has the same `labels` and `tests`; half
    of its dev questions is reported on. The topic comes from the documents' metadata field with the fewest values (two
    at least); the largest value comes first. Where no field divides the questions well, two clusters of their TF-IDF
    vectors do.

    Raises:
        EmptyCorpus: no question has an answer among the documents.
    """
    by_id = {document.id: document for document in documents}
    unsplit = {label.id for label in tests} == {label.id for label in labels}
    uses = [(label, _label_use(label, unsplit=unsplit)) for label in labels]
    uses += [] if unsplit else [(label, Use.TEST) for label in tests]
    rows = [(label, use, found) for label, use in uses if (found := label.documents & by_id.keys())]
    if not rows:
        raise EmptyCorpus(
            f"{folder}: no question of queries.jsonl has an answer in corpus.jsonl by qrels.tsv"
        )
    topics = _topics([label.text for label, _, _ in rows], [by_id[min(found)] for _, _, found in rows])
    questions = [
        HeldQuestion(text=label.text, documents=frozenset(found), topic=topic, use=use)
        for (label, use, found), topic in zip(rows, topics, strict=True)
    ]
    return DemoCorpus(
        name=folder.name,
        source=str(folder),
        documents=tuple(by_id.values()),
        questions=tuple(sorted(questions, key=lambda q: _share(f"order {q.text}"))),
    )


def _label_use(label: LabelledQuestion, *, unsplit: bool) -> Use:
    if label.purpose is Purpose.TRAIN:
        return Use.LOG
    share = _share(min(label.documents))
    if unsplit and share >= 0.5:
        return Use.TEST
    return Use.GOLDEN if share < 0.25 else Use.DEV


def _topics(texts: Sequence[str], documents: Sequence[Document]) -> list[str]:
    """Return "before" or "after" for each question."""
    candidates = []
    for field in sorted({name for d in documents for name in d.metadata}):
        values = Counter(text_of(d.metadata, field) for d in documents)
        largest = values.most_common(1)[0][1] / len(documents)
        if 2 <= len(values) <= 20 and 0.3 <= largest <= 0.8:
            candidates.append((len(values), field, values.most_common(1)[0][0]))
    if candidates:
        _, field, first = min(candidates)
        return ["before" if text_of(d.metadata, field) == first else "after" for d in documents]
    return _clusters(texts)


def _clusters(texts: Sequence[str]) -> list[str]:
    from sklearn.cluster import KMeans
    from sklearn.feature_extraction.text import TfidfVectorizer

    if len(texts) < 2:
        raise InvalidInput("a demonstration needs at least two questions")
    vectors = TfidfVectorizer(stop_words="english", min_df=2).fit_transform(texts)
    labels = KMeans(n_clusters=2, n_init=4, random_state=17).fit_predict(vectors)
    larger = Counter(labels.tolist()).most_common(1)[0][0]
    return ["before" if label == larger else "after" for label in labels]
