"""Questions as the default retrieval answers them, with what judges say: what the benchmark of live recall draws from.

Each question is asked twice: as the corpus is, and with the documents of its right passages taken out, which is what a
loss of recall is made of.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from refusal_signs import Asked, Data, drawn

from monitoring.labels.agreement import RIVALS, signs_of
from rag.bootstrap import Installation
from rag.domain import DEFAULT_TENANT, Calibration, Chunking, Evidence, Hit, Passage, Release, Retrieval
from rag.ports import Encoder
from rag.questions.support.calibrating import calibrate
from rag.questions.support.judging import judge
from rag.releases.models import LoadedRelease
from rag.releases.trials import Trial, trial_indexes

K = Retrieval().top_k
_DEEPER = 40  # passages by words that are asked for where some of them are taken out

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool:
    """n questions; shapes are (n,) where nothing else is said."""

    name: str
    found: Floats  # 1: a right passage is among the k hits
    signs: Floats  # (n, signs), of agreement
    nearest: Floats  # the retrieval score: cosine of the nearest hit
    support: Floats

    def __len__(self) -> int:
        return len(self.found)

    def pick(self, at: NDArray[np.int64]) -> "Pool":
        """Return the questions at these places."""
        return replace(
            self,
            found=self.found[at],
            signs=self.signs[at],
            nearest=self.nearest[at],
            support=self.support[at],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Pools:
    """A data set's questions with one encoder."""

    name: str
    learn: Pool  # train and dev
    report: Pool  # test
    lost: Pool  # the same as `report`, with the documents of their right passages taken out


def pools(data: Data, name: str, encoder: Encoder, rag: Installation, *, most: int) -> Pools:
    """Ask `most` questions of each kind at most; of a set that has only test questions, no other."""
    release = Release.create(
        encoder=encoder.digest, dimension=encoder.dimension, chunking=Chunking(), retrieval=Retrieval()
    )
    words = release.retrieving(replace(Retrieval(), dense_weight=0.0))
    documents = {passage.id: passage.document_id for passage in data.passages}
    by_id = {passage.id: passage for passage in data.passages}
    with trial_indexes(
        data.passages, tenant=DEFAULT_TENANT, cache=rag.models.cache, scratch=rag.scratch
    ) as indexes:
        tried = indexes.of(LoadedRelease(release=release, encoder=encoder))
        exact = indexes.of(LoadedRelease(release=words, encoder=encoder))
        calibration = calibrate(
            data.passages,
            tried.hits,
            encoder=encoder,
            total=len(data.passages),
            change=0,
        )

        def rows(asked: Iterable[Asked], *, lost: bool) -> Pool:
            made = []
            for each in asked:
                gone = {documents[right] for right in each.right} if lost else set()
                made.append(_row(each, gone, tried, exact, by_id, encoder, calibration))
            found, signs, nearest, support = zip(*made, strict=True) if made else ((), (), (), ())
            return Pool(
                name=name,
                found=np.array(found, float),
                signs=np.array(signs, float),
                nearest=np.array(nearest, float),
                support=np.array(support, float),
            )

        known = [each for each in data.questions if each.right]
        learn = drawn([each for each in known if each.split in ("train", "dev")], most)
        report = drawn([each for each in known if each.split == "test"], most)
        return Pools(
            name=name,
            learn=rows(learn, lost=False),
            report=rows(report, lost=False),
            lost=rows(report, lost=True),
        )


def _row(
    asked: Asked,
    gone: Collection[str],
    tried: Trial,
    exact: Trial,
    by_id: dict[str, Passage],
    encoder: Encoder,
    calibration: Calibration,
) -> tuple[float, tuple[float, ...], float, float]:
    vector = tried.vectors([asked.text])[0]
    hits: list[Hit] = tried.hits(asked.text, vector, gone)[:K]
    ids = exact.rank([asked.text], limit=RIVALS if not gone else _DEEPER)[0]
    rivals = [by_id[each] for each in ids if by_id[each].document_id not in gone][:RIVALS]
    evidence = Evidence(
        question=asked.text,
        vector=vector,
        hits=tuple(hits),
        said=(),
        vectors=np.empty((0, len(vector)), dtype=np.float32),
        shared=np.empty(0),
        worth=np.empty(0),
        foreign=False,
    )
    return (
        float(any(hit.passage.id in asked.right for hit in hits)),
        signs_of(asked.text, hits, rivals, calibration),
        max((hit.score for hit in hits), default=-1.0),
        judge(evidence, calibration, encoder=encoder).probability,
    )


def saved(folder: Path, file: str, made: Pools) -> None:
    """Write a data set's questions as numbers, so that a second run need not ask them again."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {
        f"{kind}_{field}": getattr(getattr(made, kind), field)
        for kind in ("learn", "report", "lost")
        for field in ("found", "signs", "nearest", "support")
    }
    np.savez(folder / f"{file}.npz", **arrays)


def read(folder: Path, file: str, name: str) -> Pools | None:
    """Return what was written of a data set; None where nothing was."""
    if not (folder / f"{file}.npz").exists():
        return None
    with np.load(folder / f"{file}.npz") as arrays:

        def pool(kind: str) -> Pool:
            fields = {field: arrays[f"{kind}_{field}"] for field in ("found", "signs", "nearest", "support")}
            return Pool(name=name, **fields)

        return Pools(name=name, learn=pool("learn"), report=pool("report"), lost=pool("lost"))
