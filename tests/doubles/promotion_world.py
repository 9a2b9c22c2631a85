"""A small company with real parts: SQLite, Qdrant folders, the real static encoder and a second one.

Run as a script it is a service in a process of its own: it answers each line on standard input, a question, with a
JSON line: the release and epoch it was answered with, and the ids of the passages found.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rag.adapters.embedding_cache import SqliteEmbeddingCache
from rag.adapters.models.encoders import EncoderFolder
from rag.adapters.models.query_side import write_adapter
from rag.adapters.models.rerankers import RerankerFolder
from rag.adapters.qdrant import QdrantFolders
from rag.adapters.sql.stores import Stores, open_stores, sqlite_url
from rag.domain import Chunking, Deployment, Document, Passage, Release, Retrieval, new_id
from rag.ports import Encoder, EncoderStore
from rag.questions.finding.retrieval import Retriever
from rag.releases.indexing import Indexing
from rag.releases.live import LiveRelease
from rag.releases.loading import Loader
from rag.releases.models import Models
from rag.releases.renewing import renew_if_calm
from retrain.adapters.sql.stores import RetrainStores, open_retrain_stores
from retrain.cycle import RetrainCycle
from retrain.dataset.mining import Mining
from retrain.dataset.writing import Writing
from retrain.domain import (
    Candidate,
    Dataset,
    Difference,
    Estimate,
    EvalQuestion,
    MetricRow,
    Origin,
    Outcome,
    Scorecard,
    TrainingReport,
    Verdict,
)
from retrain.present import Present
from retrain.promotion.approval import Approver
from retrain.promotion.building import IndexBuilder
from retrain.promotion.garbage import GarbageCollector
from retrain.promotion.promoting import Promoter
from retrain.promotion.requesting import SwitchRequests
from retrain.promotion.running import Runs
from retrain.promotion.staging import Staging
from retrain.settings import RetrainSettings
from retrain.verdict.judging import Judging

KEY = b"k" * 32
TENANT = "default"
CHUNKING = Chunking()
TOPICS = (
    "holiday leave days per year",
    "parental leave after birth",
    "travel expenses and receipts",
    "laptop and phone replacement",
    "password reset and two factor login",
    "office badge lost or stolen",
    "overtime pay on weekends",
    "pension plan contributions",
    "sick note on the third day",
    "car park permit for visitors",
)
QUESTIONS = tuple(f"What is the rule for {topic}?" for topic in TOPICS)


def document(number: int, *, edition: str = "first") -> Document:
    """Return the company's document of that number; another edition has another text."""
    topic = TOPICS[number % len(TOPICS)]
    return Document.create(
        uri=f"file:///handbook/{number}",
        title=topic.capitalize(),
        text=f"Section {number} of the handbook, {edition} edition, is about {topic}. "
        f"Ask room {number * 7} about {topic}; form {number * 13} is needed.",
        divisible=False,
    )


class LoadedOnce:
    """An encoder store that keeps what it has loaded, so that tests take seconds."""

    def __init__(self, store: EncoderFolder) -> None:
        self._store = store
        self._loaded: dict[str, Encoder] = {}

    def load(self, digest: str) -> Encoder:
        """Load once."""
        if digest not in self._store.digests():
            return self._store.load(digest)
        if digest not in self._loaded:
            self._loaded[digest] = self._store.load(digest)
        return self._loaded[digest]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@dataclass(frozen=True)
class TwoEncoders:
    """The static encoder, another one and a query-side adapter, in a folder of the test session."""

    root: Path
    store: EncoderFolder
    first: str  # digest
    second: str
    adapter: str  # of questions to the first


@dataclass
class World:
    """Everything below one home folder."""

    home: Path
    encoders: EncoderStore
    stores: Stores = field(init=False)
    retrain: RetrainStores = field(init=False)
    cache: SqliteEmbeddingCache = field(init=False)
    indexes: QdrantFolders = field(init=False)
    indexing: Indexing = field(init=False)

    def __post_init__(self) -> None:
        self.stores = open_stores(sqlite_url(self.home))
        self.retrain = open_retrain_stores(self.stores, self.home)
        self.cache = SqliteEmbeddingCache(self.home / "embeddings.sqlite")
        self.indexes = QdrantFolders(self.home / "qdrant")
        self.indexing = Indexing(self.stores.documents, self.stores.cursors, self.cache)

    def close(self) -> None:
        """Let go of the database."""
        self.stores.close()

    def put(self, *documents: Document) -> None:
        """Write documents of one passage each."""
        for each in documents:
            passages = [Passage.create(each, 0, each.text)]
            self.stores.documents.put(each, passages, CHUNKING.digest)

    def delete(self, *documents: Document) -> None:
        """Remove documents."""
        for each in documents:
            self.stores.documents.delete(each.id, tenant=TENANT)

    def deployment(self) -> Deployment:
        """Return what is live."""
        found = self.stores.releases.deployment()
        assert found is not None
        return found

    def release(self, encoder: str, *, top_k: int = 5, **retrieval: Any) -> Release:
        """Make a release; `top_k`, or anything else of its retrieval, tells those of one encoder apart."""
        deployment = self.stores.releases.deployment()
        made = Release.create(
            encoder=encoder,
            dimension=self.encoders.load(encoder).dimension,
            chunking=CHUNKING,
            retrieval=Retrieval(top_k=top_k, **retrieval),
            passages=self.encoders.passages_digest(encoder),
            beside=self.stores.releases.get(deployment.release) if deployment else None,
        )
        self.stores.releases.add(made)
        return made

    def found(self, encoder: str, documents: int = 40, **retrieval: Any) -> Release:
        """Ingest the handbook and make the first release live, its index built."""
        self.put(*(document(number) for number in range(documents)))
        first = self.release(encoder, **retrieval)
        self.stores.releases.deploy_first(first.digest, principal="test")
        with self.serving():
            pass
        return first

    def candidate(self, encoder: str, outcome: Outcome = Outcome.PROMOTE, *, top_k: int = 5) -> Candidate:
        """Evaluate an encoder against what is live, without doing the sums."""
        deployment = self.stores.releases.deployment()
        assert deployment is not None
        dataset = Dataset(
            train=(),
            dev=(),
            gate=tuple(
                EvalQuestion(
                    id=f"q{at}",
                    text=text,
                    relevant=frozenset({Passage.create(document(at), 0, document(at).text).id}),
                    documents=frozenset({document(at).id}),
                    origin=Origin.LABEL,
                )
                for at, text in enumerate(QUESTIONS)
            ),
            manifest={},
        )
        self.retrain.datasets.put(dataset)
        half = Estimate(value=0.5, low=0.4, high=0.6)
        gain = Difference(value=0.05, low=0.03, high=0.07, p_value=0.001)
        made = Candidate(
            id=new_id(),
            tenant=TENANT,
            encoder=encoder,
            release=self.release(encoder, top_k=top_k).digest,
            incumbent=deployment.release,
            dataset=dataset.digest,
            training=TrainingReport(
                lane="static",
                pairs=1,
                steps=1,
                epochs=1.0,
                seconds=1.0,
                best_dev=0.5,
                history=({"step": 1.0, "loss": 0.1},),
                settings={},
            ),
            scorecard=Scorecard(
                dataset=dataset.digest,
                incumbent=self.stores.releases.get(deployment.release).encoder,
                candidate=encoder,
                questions=len(QUESTIONS),
                passages=40,
                overall=(MetricRow(metric="recall@10", incumbent=half, candidate=half, difference=gain),),
            ),
            verdict=Verdict(outcome=outcome, reasons=("Because.",)),
        )
        self.retrain.candidates.add(made)
        return made

    def approved(self, encoder: str, *, top_k: int = 5) -> Candidate:
        """Return a candidate that was approved."""
        made = self.candidate(encoder, top_k=top_k)
        self.approver().approve(made.id, principal="ann")
        return self.retrain.candidates.get(made.id)

    def approver(self, *, ttl_h: float = 24.0) -> Approver:
        """Return who takes decisions down."""
        return Approver(
            self.retrain.candidates,
            self.retrain.approvals,
            self.stores.releases,
            self.stores.audit,
            key=KEY,
            ttl_h=ttl_h,
        )

    def requests(self, *, key: bytes = KEY, releases: Any = None) -> SwitchRequests:
        """Return who takes in what is asked to be switched."""
        return SwitchRequests(
            releases or self.stores.releases,
            self.retrain.candidates,
            self.retrain.approvals,
            self.retrain.promotions,
            key=key,
        )

    def models(self, encoders: Any = None) -> Models:
        """Return the models, of other encoders where some are given."""
        return Models(
            encoders=encoders or self.encoders,
            rerankers=RerankerFolder(self.home / "rerankers", runtime="torch"),
            cache=self.cache,
        )

    def present(self) -> Present:
        """Return what is there."""
        return Present(
            tenant=TENANT,
            documents=self.stores.documents,
            releases=self.stores.releases,
            models=self.models(),
            scratch=self.scratch,
        )

    def cycle(self, *, settings: RetrainSettings, writer: Writing | None = None) -> RetrainCycle:
        """Return the cycle over this world, which trains nothing and has no language model unless told."""
        present = self.present()
        mining = Mining(
            present,
            interactions=self.stores.interactions,
            feedback=self.stores.feedback,
            questions=self.stores.questions,
            datasets=self.retrain.datasets,
            writer=writer,
            settings=settings,
            focus=None,
        )
        judging = Judging(
            present,
            gate_looks=self.retrain.gate_looks,
            anchors=self.retrain.anchors,
            guard=None,
            settings=settings,
            renew=partial(
                renew_if_calm,
                self.stores.releases,
                self.stores.leases,
                principal="system",
                action="calibrate",
                detail={},
            ),
        )
        trainer: Any = None
        return RetrainCycle(
            present,
            mining=mining,
            trainer=trainer,
            judging=judging,
            datasets=self.retrain.datasets,
            candidates=self.retrain.candidates,
        )

    def promoter(
        self,
        *,
        releases: Any = None,
        encoders: Any = None,
        indexing: Any = None,
        key: bytes = KEY,
        preload_timeout_s: float = 20.0,
    ) -> Promoter:
        """Return a promoter over this company's parts, but for what is said."""
        releases = releases or self.stores.releases
        leases = self.stores.leases
        return Promoter(
            requests=self.requests(key=key, releases=releases),
            builder=IndexBuilder(
                documents=self.stores.documents,
                cursors=self.stores.cursors,
                models=self.models(encoders),
                indexes=self.indexes,
                indexing=indexing or self.indexing,
                scratch=self.scratch,
                verify_sample=16,
                seed=17,
            ),
            staging=Staging(releases, self.stores.replicas, leases, timeout_s=preload_timeout_s, poll_s=0.02),
            runs=Runs(self.retrain.promotions, leases, self.stores.audit, lease_ttl_s=2.0),
            releases=releases,
            datasets=self.retrain.datasets,
            candidates=self.retrain.candidates,
        )

    def collector(self, **limits: float) -> GarbageCollector:
        """Return who deletes what nothing needs."""
        return GarbageCollector(
            releases=self.stores.releases,
            candidates=self.retrain.candidates,
            promotions=self.retrain.promotions,
            indexes=self.indexes,
            cursors=self.stores.cursors,
            models=self.models(),
            leases=self.stores.leases,
            **limits,
        )

    @contextmanager
    def scratch(self) -> Iterator[QdrantFolders]:
        """Yield a place for trials; gone afterwards."""
        with TemporaryDirectory(dir=self.home) as folder:
            yield QdrantFolders(Path(folder))

    @contextmanager
    def serving(self, replica_id: str | None = None) -> Iterator[LiveRelease]:
        """Run a service; without an id it is no replica, only somebody who asks once."""
        loader = Loader(
            self.stores.releases, self.models(), self.indexes, self.indexing, poll_interval_s=0.05
        )
        live = LiveRelease(
            self.stores.releases,
            self.stores.replicas,
            loader,
            self.indexing,
            replica_id=replica_id or "once",
            poll_interval_s=0.05,
            rollback_window_h=72.0,
        )
        try:
            live.start(background=replica_id is not None)
            yield live
        finally:
            live.stop()

    def ask(self, live: LiveRelease, question: str) -> tuple[str, int, list[str]]:
        """Return release, epoch and the ids of the passages found."""
        with live.pin() as pinned:
            found = Retriever(self.stores.documents).retrieve(pinned, question, tenant=TENANT, limit=5)
            return pinned.release.digest, pinned.epoch, [hit.passage.id for hit in found.hits]

    def answers(self) -> tuple[str, int, list[list[str]]]:
        """Ask everything of what is live, no service running."""
        with self.serving() as live:
            asked = [self.ask(live, question) for question in QUESTIONS]
        return asked[0][0], asked[0][1], [ids for _, _, ids in asked]


def perturbed(store: EncoderFolder, digest: str, folder: Path, *, seed: int = 5, noise: float = 1.0) -> str:
    """Register another static encoder: the same one with noise on its weights, so that its rankings differ.

    `noise` is a multiple of the weights' own spread.
    """
    import shutil

    import numpy as np
    from safetensors.numpy import load_file, save_file

    shutil.copytree(store.path(digest), folder)
    random = np.random.default_rng(seed)
    weights = load_file(folder / "model.safetensors")
    noisy = {
        name: (value + random.normal(0, noise * float(value.std()), value.shape)).astype(value.dtype)
        for name, value in weights.items()
    }
    save_file(noisy, folder / "model.safetensors")
    (folder / "manifest.json").unlink()
    return store.register(folder)


def adapting(store: EncoderFolder, digest: str, folder: Path, *, seed: int = 5) -> str:
    """Register a query-side adapter of an encoder: noise on questions' vectors, so that its rankings differ."""
    import numpy as np

    dimension = store.load(digest).dimension
    noise = np.random.default_rng(seed).normal(0, 0.1, (dimension, dimension))
    folder.mkdir()
    write_adapter(store.path(digest), np.asarray(np.eye(dimension) + noise, dtype=np.float32), folder)
    return store.register(folder)


def serve(arguments: Sequence[str]) -> None:
    """Be a service until standard input ends: HOME ENCODERS REPLICA-ID."""
    home, encoders, replica_id = arguments
    world = World(home=Path(home), encoders=EncoderFolder(Path(encoders)))
    with world.serving(replica_id) as live:
        print("ready", flush=True)  # noqa: T201 this is its interface
        for line in sys.stdin:
            print(json.dumps(world.ask(live, line.strip())), flush=True)  # noqa: T201 as above
    world.close()


if __name__ == "__main__":
    serve(sys.argv[1:])
