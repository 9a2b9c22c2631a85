"""One retraining: what people asked and documents say become a dataset, an encoder, and a candidate with a verdict.

Each step takes and gives what can be written down (digests, ids), so that a flow may run them apart and repeat them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from rag.domain import Document, Passage, Release, new_id, sha256_text, utcnow
from rag.errors import EmptyCorpus, NotReady
from rag.ports import (
    DocumentStore,
    EmbeddingCache,
    Encoder,
    EncoderStore,
    FeedbackStore,
    InteractionStore,
    QuestionStore,
    ReleaseStore,
    RerankerStore,
)
from rag.releases.rehearsal import Cast, Scratch, load_cast, rehearsal
from retrain.dataset.documents import mine_documents
from retrain.dataset.excerpts import mine_excerpts
from retrain.dataset.labels import MinedLabels, mine_labels
from retrain.dataset.language_model import mine_llm, most_wanted, topics_drifted_to
from retrain.dataset.ledger import build_dataset
from retrain.dataset.log import Trust, mine_log
from retrain.dataset.pairs import Find, MinedPairs
from retrain.dataset.paraphrasing import paraphrase, reword_for_testing
from retrain.dataset.round_trip import round_trip
from retrain.dataset.writing import Forecast, Writing
from retrain.domain import (
    Candidate,
    Concentration,
    Dataset,
    Detectable,
    GuardSet,
    Scorecard,
    Slice,
    TrainingPair,
    TrainingReport,
)
from retrain.ports import CandidateStore, DatasetStore, GateLookStore, Progress, Trainer
from retrain.settings import RetrainSettings
from retrain.verdict.card import model_card
from retrain.verdict.concentration import concentration
from retrain.verdict.costs import measure_costs
from retrain.verdict.evaluation import (
    METRICS,
    anchor_metric,
    answerable,
    clusters,
    compare,
    evaluate,
    guarded,
    nearest,
    rehearsed,
)
from retrain.verdict.gate import Policy, decide
from retrain.verdict.power import POWER, foreseen_effect, level
from retrain.verdict.tuning import tune

PROBES = 1_000
"""Questions, of the gate and of training together, whose first passages are compared."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trained:
    """What training gave."""

    encoder: str  # digest
    report: TrainingReport


class RetrainCycle:
    """Retrains one tenant's encoder."""

    def __init__(
        self,
        *,
        tenant: str,
        documents: DocumentStore,
        interactions: InteractionStore,
        feedback: FeedbackStore,
        questions: QuestionStore,
        releases: ReleaseStore,
        encoders: EncoderStore,
        cache: EmbeddingCache,
        datasets: DatasetStore,
        candidates: CandidateStore,
        trainer: Trainer,
        writer: Writing | None,
        scratch: Scratch,
        settings: RetrainSettings,
        gate_looks: GateLookStore,
        guard: Callable[[], GuardSet] | None = None,
        rerankers: RerankerStore | None = None,
        drifted_since: datetime | None = None,
    ) -> None:
        """Take the stores, the trainer, and a language model where there is one to write questions.

        Releases are rehearsed in `scratch`; `rerankers` has the cross-encoders they may name. Where people have asked
        about other things since `drifted_since`, the language model writes about those first.
        `guard` reads the general-domain set, where there is one.
        """
        self._tenant = tenant
        self._documents = documents
        self._interactions = interactions
        self._feedback = feedback
        self._questions = questions
        self._releases = releases
        self._encoders = encoders
        self._cache = cache
        self._datasets = datasets
        self._candidates = candidates
        self._gate_looks = gate_looks
        self._guard = guard
        self._trainer = trainer
        self._writer = writer
        self._scratch = scratch
        self._rerankers = rerankers
        self._settings = settings
        self._drifted_since = drifted_since

    def build_dataset(self, *, progress: Progress) -> Dataset:
        """Mine, reword, split, and store.

        Raises:
            EmptyCorpus: nothing is ingested.
            InvalidInput: too little was mined to train and to judge on.
        """
        corpus = self._corpus()
        if not corpus:
            raise EmptyCorpus()
        settings = self._settings
        previous = self._datasets.newest(tenant=self._tenant)
        labels = mine_labels(self._questions.all(tenant=self._tenant), self._documents.passages_of)
        with self._incumbent(corpus) as find:
            mined = self._mine(corpus, labels, find, previous, progress)
        progress(0, 0, "reword")
        pairs = [pair for source in mined.values() for pair in source.pairs]
        pairs += paraphrase(pairs, writing=self._writer, count=settings.paraphrases, seed=settings.seed)
        progress(0, 0, "split by document")
        dataset = build_dataset(
            pairs,
            labels.dev,
            texts=_texts(corpus),
            golden=[question.text for question in labels.golden],
            negatives=mined["log"].negatives,
            previous=previous,
            reword=lambda gate: reword_for_testing(
                gate, writing=self._writer, count=settings.test_paraphrases, seed=settings.seed
            ),
            dev_share=settings.dev_share,
            gate_share=settings.gate_share,
            gate_min=settings.gate_min_questions,
            gate_log_questions=settings.gate_log_questions,
            seed=settings.seed,
        )
        about: dict[str, Any] = {
            "tenant": self._tenant,
            "mined_left_out": {source: dict(some.dropped) for source, some in mined.items()},
        }
        if self._writer is not None:
            about["language_model"] = asdict(self._writer.spent)
        dataset = replace(dataset, manifest={**dataset.manifest, **about})
        self._datasets.put(dataset)
        return dataset

    def forecast(self) -> Forecast | None:
        """Tell what asking the language model would cost; None where there is none. Asks nothing."""
        if self._writer is None:
            return None
        settings = self._settings
        wanted = self._most_wanted(self._corpus(), (), self._datasets.newest(tenant=self._tenant))
        return self._writer.forecast(
            wanted[: settings.mine_passages], settings.questions_per_passage, settings.llm_styles
        )

    def _mine(
        self,
        corpus: Sequence[Passage],
        labels: MinedLabels,
        find: Find | None,
        previous: Dataset | None,
        progress: Progress,
    ) -> dict[str, MinedPairs]:
        """Ask every source; give its name -> what it gave."""
        settings = self._settings

        def checked(source: MinedPairs) -> MinedPairs:
            return round_trip(source, find, n=settings.round_trip) if find and settings.round_trip else source

        progress(0, 0, "mine the log")
        mined = {
            "log": self._mine_log(find),
            "label": MinedPairs(pairs=labels.pairs, dropped=labels.dropped),
        }
        progress(0, 0, "mine the documents")
        mined["document"] = checked(
            mine_documents(
                self._all_documents(),
                self._documents.passages_of,
                limit=settings.mine_passages,
                seed=settings.seed,
            )
        )
        if self._writer is not None:
            mined["llm"] = checked(
                mine_llm(
                    self._most_wanted(corpus, mined["log"].pairs, previous),
                    self._writer,
                    styles=settings.llm_styles,
                    count=settings.questions_per_passage,
                    limit=settings.mine_passages,
                    progress=progress,
                    workers=settings.llm_workers,
                )
            )
        asked = sum(len(mined[source].pairs) for source in ("log", "label", "llm") if source in mined)
        if asked < settings.excerpts_below:
            progress(0, 0, "mine the passages' own words")
            mined["excerpt"] = checked(
                mine_excerpts(corpus, limit=settings.mine_passages, spans=settings.spans, seed=settings.seed)
            )
        return mined

    @contextmanager
    def _incumbent(self, corpus: Sequence[Passage]) -> Iterator[Find | None]:
        """Give the live release's whole retrieval over the corpus; None where nothing is live, or nothing asks it."""
        settings = self._settings
        if self._releases.deployment() is None or not (settings.round_trip or settings.agrees_within):
            yield None
            return
        with rehearsal(
            self._cast(self._live()),
            [corpus],
            tenant=self._tenant,
            cache=self._cache,
            scratch=self._scratch,
        ) as tried:
            yield lambda questions, limit: tried.rank(questions, limit=limit)

    def _most_wanted(
        self, corpus: Sequence[Passage], asked: Sequence[TrainingPair], previous: Dataset | None
    ) -> list[Passage]:
        """Order passages by how much the language model's questions about them would teach."""
        changed = {
            document.id
            for document in self._all_documents()
            if previous is not None and document.updated_at > previous.created_at
        }
        drifted: dict[str, float] = {}
        if self._drifted_since is not None:
            log = self._interactions.between(since=self._log_start(), tenant=self._tenant)
            before = [interaction for interaction in log if interaction.asked_at < self._drifted_since]
            drifted = topics_drifted_to(before, log[len(before) :])
        return most_wanted(
            corpus, changed=changed, drifted=drifted, asked={pair.passage_id for pair in asked}
        )

    def foresee(self, dataset: str, *, progress: Progress) -> Detectable | None:
        """Tell before training which gain the gate questions can show; None where none of them can be answered.

        Raises:
            NotReady: nothing is live yet.
        """
        stored, corpus, live = self._datasets.get(dataset), self._corpus(), self._live()
        asked = answerable(stored.gate, corpus)
        if not asked:
            return None
        progress(0, 0, "see what the gate questions can show")
        settings = self._settings
        ranked = rehearsed(
            self._cast(live), asked, corpus, tenant=self._tenant, cache=self._cache, scratch=self._scratch
        )
        groups = clusters(asked)
        look = self._gate_looks.count(stored.gate_digest) + 1
        alpha = level(settings.gate_alpha, look)
        values = evaluate(ranked, asked)[:, list(METRICS).index(settings.gate_metric)]
        return Detectable(
            metric=settings.gate_metric,
            effect=foreseen_effect(values, groups, alpha),
            questions=len(asked),
            clusters=len(set(groups.tolist())),
            alpha=alpha,
            power=POWER,
            look=look,
        )

    def train(self, dataset: str, *, progress: Progress) -> Trained:
        """Fine-tune the live encoder on a dataset.

        Raises:
            NotReady: nothing is live yet.
            InvalidInput: too few pairs.
        """
        stored = self._datasets.get(dataset)
        encoder, report = self._trainer.train(
            self._live().encoder, stored.train, stored.dev, self._corpus(), progress=progress
        )
        return Trained(encoder=encoder, report=report)

    def evaluate(
        self, dataset: str, trained: Trained, *, foreseen: Detectable | None = None, progress: Progress
    ) -> Candidate:
        """Compare with the live release on the gate questions, let the gate decide, and store the candidate.

        `foreseen` is what was said before training, and goes onto the scorecard.

        Before, the candidate's weight of words and its threshold are chosen on the dev questions; the training
        report says how.

        Raises:
            NotReady: nothing is live yet.
            InvalidInput: no gate question has an answer in the corpus any more.
        """
        live, settings, corpus = self._live(), self._settings, self._corpus()
        stored = self._datasets.get(dataset)
        incumbent = self._cast(live)
        encoder = self._encoders.load(trained.encoder)
        progress(0, 0, "choose retrieval on the dev questions")
        tuned = tune(
            self._cast(
                Release.create(
                    encoder=trained.encoder,
                    dimension=encoder.dimension,
                    chunking=live.chunking,
                    retrieval=live.retrieval,
                    passages=encoder.passages_digest,
                    beside=live,
                ),
                encoder,
            ),
            incumbent,
            stored.dev,
            corpus,
            tenant=self._tenant,
            cache=self._cache,
            scratch=self._scratch,
            metric=settings.gate_metric,
            alpha=settings.gate_alpha,
            min_questions=settings.gate_min_questions,
            seed=settings.seed,
        )
        release = tuned.cast.release
        progress(0, 0, "compare candidate and incumbent")
        scorecard = self._compare(stored, corpus, incumbent, tuned.cast, foreseen)
        self._releases.add(release)
        report = trained.report
        candidate = Candidate(
            id=new_id(),
            tenant=self._tenant,
            encoder=trained.encoder,
            release=release.digest,
            incumbent=live.digest,
            dataset=dataset,
            training=replace(report, settings={**report.settings, "tuning": tuned.notes}),
            scorecard=scorecard,
            verdict=decide(scorecard, self._policy(live)),
        )
        if trained.encoder != live.encoder:
            self._encoders.describe(trained.encoder, model_card(candidate, stored, base=live.encoder))
        self._candidates.add(candidate)
        return candidate

    def _compare(
        self,
        dataset: Dataset,
        corpus: list[Passage],
        incumbent: Cast,
        candidate: Cast,
        foreseen: Detectable | None,
    ) -> Scorecard:
        """Measure both sides on all that the gate looks at."""
        asked = answerable(dataset.gate, corpus)
        costs = None
        if asked:
            costs = measure_costs(
                [question.text for question in asked],
                incumbent=incumbent.encoder,
                candidate=candidate.encoder,
                incumbent_folder=self._encoders.path(incumbent.release.encoder),
                candidate_folder=self._encoders.path(candidate.release.encoder),
            )
        # Taken down before the result is known: who looks and is then killed has looked.
        look = self._gate_looks.look(
            dataset.gate_digest, candidate=candidate.release.digest, incumbent=incumbent.release.digest
        )
        return compare(
            dataset.gate,
            corpus,
            incumbent=incumbent,
            candidate=candidate,
            tenant=self._tenant,
            cache=self._cache,
            scratch=self._scratch,
            dataset=dataset.digest,
            seed=self._settings.seed,
            updated={document.id: document.updated_at for document in self._all_documents()},
            guard=self._guarded(incumbent.encoder, candidate.encoder),
            concentration=self._concentration(dataset, corpus, incumbent.encoder, candidate.encoder),
            detectable=foreseen,
            costs=costs,
            look=look,
        )

    def _guarded(self, incumbent: Encoder, candidate: Encoder) -> Slice | None:
        if self._guard is None:
            return None
        there = self._guard()
        return guarded(
            there.questions,
            there.passages,
            incumbent=incumbent,
            candidate=candidate,
            cache=self._cache,
            seed=self._settings.seed,
        )

    def _concentration(
        self, dataset: Dataset, corpus: list[Passage], incumbent: Encoder, candidate: Encoder
    ) -> Concentration | None:
        """Compare first places over questions of the gate and of training: an attack is on what it was taught."""
        texts = {question.text for question in dataset.gate} | {pair.question for pair in dataset.train}
        # By hash, so that the draw has nothing to do with where a question came from.
        probes = sorted(texts, key=lambda text: sha256_text(f"{self._settings.seed}:{text}"))[:PROBES]
        before, after = (
            [ids[0] for ids in nearest(encoder, probes, corpus, self._cache, k=1) if ids]
            for encoder in (incumbent, candidate)
        )
        return concentration(before, after)

    def _cast(self, release: Release, encoder: Encoder | None = None) -> Cast:
        """Load what a release names, but for an encoder that is given."""
        return load_cast(release, self._encoders, self._rerankers, encoder=encoder)

    def _policy(self, live: Release) -> Policy:
        settings = self._settings
        return Policy(
            metric=settings.gate_metric,
            alpha=settings.gate_alpha,
            min_questions=settings.gate_min_questions,
            margin=settings.gate_margin,
            slice_margin=settings.gate_slice_margin,
            anchor_metric=anchor_metric(live.retrieval.top_k),
            anchor_margin=settings.gate_anchor_margin,
            guard_margin=settings.gate_guard_margin,
            latency_ratio=settings.gate_latency_ratio,
            size_ratio=settings.gate_size_ratio,
            most_looks=settings.gate_most_looks,
            concentration=settings.gate_concentration,
        )

    def _live(self) -> Release:
        deployment = self._releases.deployment()
        if deployment is None:
            raise NotReady(
                "Nothing is live yet, so there is nothing to improve: start `whetstone serve` once."
            )
        return self._releases.get(deployment.release)

    def _corpus(self) -> list[Passage]:
        return [passage for batch in self._documents.all_passages(tenant=self._tenant) for passage in batch]

    def _all_documents(self) -> Iterator[Document]:
        after = ""
        while page := self._documents.page(tenant=self._tenant, after=after, limit=500):
            yield from page
            after = page[-1].id

    def _log_start(self) -> datetime:
        return utcnow() - timedelta(days=self._settings.log_days)

    def _mine_log(self, find: Find | None) -> MinedPairs:
        settings = self._settings
        interactions = self._interactions.between(since=self._log_start(), tenant=self._tenant)
        feedback = self._feedback.of([interaction.id for interaction in interactions])
        named = {
            p
            for said in feedback.values()
            for f in said
            for p in (f.corrected_passage, f.clicked_passage)
            if p
        }
        cited = {passage for interaction in interactions for passage in interaction.cited}
        return mine_log(
            interactions,
            feedback,
            self._documents.passages(named | cited),
            trust=Trust(
                principal_share=settings.principal_share,
                passage_share=settings.passage_share,
                find=find if settings.agrees_within else None,
                agrees_within=settings.agrees_within,
                people=settings.confirmations,
                age=timedelta(days=settings.confirmation_age_days),
            ),
        )


def _texts(corpus: Sequence[Passage]) -> dict[str, str]:
    """Give document id -> all of its text."""
    texts: dict[str, list[str]] = defaultdict(list)
    for passage in sorted(corpus, key=lambda p: (p.document_id, p.position)):
        texts[passage.document_id].append(passage.embedded_text)
    return {document: "\n".join(parts) for document, parts in texts.items()}
