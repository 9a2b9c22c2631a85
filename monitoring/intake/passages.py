"""Keeps the sample of passages up to date, at the cost of what changed."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.domain import PassageSample
from monitoring.domain.passages import numbered, sample_of
from monitoring.ports import PassageFiles
from rag.domain import Passage
from rag.ports import DocumentStore, EmbeddingCache, Encoder, Progress
from rag.releases.vectors import Embedder
from rag.text.overlap import content

BATCH = 500
"""Passages that are read and embedded at a time."""

Row = tuple[str, str, NDArray[Any], NDArray[np.uint32]]


def sampled(
    files: PassageFiles,
    documents: DocumentStore,
    *,
    tenant: str | None,
    encoder: Encoder,
    cache: EmbeddingCache,
    wanted: int,
    progress: Progress | None = None,
) -> PassageSample:
    """Return the sample of a tenant's passages as they are now, and keep it.

    It is the first `wanted` by their ids, which are hashes of what the passages say: as good as drawn by chance, and
    always the same ones, so that documents that come and go change no more of it than their share. Where nothing has
    changed, one file is read. Else the ids are read from an index, and only passages that are new in the sample, or of
    documents that changed, are read and embedded; their vectors are in `cache` where the encoder serves.

    Args:
        files: where it is kept.
        documents: what is sampled.
        tenant: whose; None: of all.
        encoder: the fixed one.
        cache: of passages' vectors.
        wanted: most passages.
        progress: told how many of the new ones are embedded.
    """
    # Read before the passages: what changes meanwhile is looked at again next time.
    change = documents.last_change()
    before = files.load(tenant=tenant, encoder=encoder.digest)
    if before is not None and (before.wanted != wanted or before.change > change):
        before = None
    if before is not None and before.change == change:
        return before
    rows = [] if before is None else list(_rows(before))
    if before is not None:
        changed = documents.changed_documents(after=before.change)
        rows = [row for row in rows if row[1] not in changed]
    ids = documents.sample_ids(wanted, tenant=tenant)
    wanted_ids = set(ids)
    rows = [row for row in rows if row[0] in wanted_ids]
    held = {row[0] for row in rows}
    new = [passage_id for passage_id in ids if passage_id not in held]
    rows.extend(_read(new, documents, Embedder(encoder, cache), progress))
    made = sample_of(rows, encoder=encoder.digest, dimension=encoder.dimension, change=change, wanted=wanted)
    files.save(made, tenant=tenant)
    return made


def _rows(sample: PassageSample) -> Iterator[Row]:
    for at, (passage_id, document_id) in enumerate(zip(sample.ids, sample.documents, strict=True)):
        words = sample.words[sample.bounds[at] : sample.bounds[at + 1]]
        yield passage_id, document_id, sample.vectors[at], words


def _read(
    ids: Sequence[str], documents: DocumentStore, embedder: Embedder, progress: Progress | None
) -> Iterator[Row]:
    left = iter(ids)
    done = 0
    while batch := list(islice(left, BATCH)):
        found = list(documents.passages(batch).values())
        vectors = embedder.passages(found)
        for passage, vector in zip(found, vectors, strict=True):
            yield passage.id, passage.document_id, vector.astype(np.float16), _words(passage)
        done += len(batch)
        if progress is not None:
            progress(done, len(ids), "embedding passages")


def _words(passage: Passage) -> NDArray[np.uint32]:
    return numbered(content(passage.embedded_text))
