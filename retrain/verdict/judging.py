"""A trained encoder gets its retrieval, is compared with what is live on all that the gate reads, and is judged.

Each release is tried out once for all of it: the dev questions choose, the gate's are compared, in the same indexes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rag.domain import Passage, Release, sha256_text
from rag.ports import Encoder, Progress
from rag.releases.deployed import live_release
from rag.releases.models import LoadedRelease
from rag.releases.trials import TrialIndexes
from retrain.domain import Concentration, Dataset, Detectable, GuardSet, Received, Scorecard, Slice, Verdict
from retrain.ports import AnchorStore, GateLookStore
from retrain.present import Present
from retrain.settings import RetrainSettings
from retrain.verdict.comparing import anchor_metric, anchored, compare, guarded
from retrain.verdict.concentration import concentration
from retrain.verdict.costs import measure_costs
from retrain.verdict.evaluation import DEPTH, answerable, clusters, evaluate, nearest
from retrain.verdict.gate import Policy, decide
from retrain.verdict.power import POWER, foreseen_effect, level
from retrain.verdict.receiving import answered_right
from retrain.verdict.tuning import Note, calibrated, tune

PROBES = 1_000
"""Questions, of the gate and of training together, whose first passages are compared."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What an encoder would be served as, and what the gate says of it."""

    release: Release
    incumbent: Release
    scorecard: Scorecard
    verdict: Verdict
    tuning: Note  # how the release's retrieval was chosen; its calibration is on the scorecard


@dataclass(frozen=True)
class Judging:
    """Compares encoders with the live one."""

    present: Present
    gate_looks: GateLookStore
    anchors: AnchorStore
    guard: Callable[[], GuardSet] | None  # reads the general-domain set, where there is one
    settings: RetrainSettings
    renew: Callable[[Release, Release], Release]
    """Puts a release that differs by its calibration alone in the place of the live one; returns what is live then."""

    def foresee(self, dataset: Dataset, *, progress: Progress) -> Detectable | None:
        """Return which gain of right answers the gate questions can show; None where none of them can be answered.

        Before that the live release is calibrated with what people asked, as the candidate will be: the same support
        has to mean the same on both sides. Questions that it answers then are frozen as anchors, before there is a
        candidate.
        """
        present, settings = self.present, self.settings
        corpus, live = present.corpus(), live_release(present.releases)
        asked = answerable(dataset.gate, corpus)
        if not asked:
            return None
        progress(0, 0, "see what the gate questions can show")
        with present.trial_indexes(corpus) as on:
            loaded = self._calibrated(present.models.load(live), dataset, on, progress)
            live = loaded.release
            ranked = on.of(loaded).rank([question.text for question in asked], limit=DEPTH)
            drawn, right = answered_right(asked, loaded, on, seed=settings.seed)
        look = self.gate_looks.count(dataset.gate_digest) + 1
        alpha = level(settings.gate_alpha, look)
        answered = anchored(evaluate(ranked, asked), live.retrieval.top_k)
        self.anchors.freeze([asked[row].fingerprint for row in answered], release=live.digest)
        groups = clusters(drawn)
        return Detectable(
            metric=str(Received.RIGHT),
            effect=foreseen_effect(right, groups, alpha),
            questions=len(drawn),
            clusters=len(set(groups.tolist())),
            alpha=alpha,
            power=POWER,
            look=look,
        )

    def judge(
        self, dataset: Dataset, encoder: str, *, foreseen: Detectable | None, progress: Progress
    ) -> Judged:
        """Choose the retrieval of an encoder's release on the dev questions, calibrate it, and judge it by the gate's.

        What was `foreseen` before training goes onto the scorecard. Errors are as for `RetrainCycle.evaluate`.
        """
        present, settings = self.present, self.settings
        live = live_release(present.releases)
        incumbent = present.models.load(live)
        loaded = present.models.encoders.load(encoder)
        untuned = Release.create(
            encoder=encoder,
            dimension=loaded.dimension,
            chunking=live.chunking,
            retrieval=live.retrieval,
            passages=loaded.passages_digest,
            beside=live,
        )
        change = present.documents.last_change()
        with present.trial_indexes(present.corpus()) as on:
            progress(0, 0, "choose retrieval on the dev questions")
            tuned = tune(
                present.models.load(untuned, encoder=loaded),
                incumbent,
                dataset.dev,
                on=on,
                metric=settings.gate_metric,
                alpha=settings.gate_alpha,
                min_questions=settings.gate_min_questions,
                seed=settings.seed,
            )
            candidate = calibrated(
                tuned.candidate,
                on=on,
                learned={pair.document_id for pair in dataset.train},
                dev=dataset.dev,
                change=change,
                seed=settings.seed,
                progress=progress,
            )
            progress(0, 0, "compare candidate and incumbent")
            scorecard = self._compare(dataset, on, incumbent, candidate, foreseen, progress)
        return Judged(
            release=candidate.release,
            incumbent=live,
            scorecard=scorecard,
            verdict=decide(scorecard, self._policy(live)),
            tuning=tuned.notes,
        )

    def _calibrated(
        self, live: LoadedRelease, dataset: Dataset, on: TrialIndexes, progress: Progress
    ) -> LoadedRelease:
        """Return the live release, calibrated with the dev questions that people asked, where there are any."""
        people = [question for question in dataset.dev if question.origin.human]
        if not answerable(people, on.corpus):
            return live
        made = calibrated(
            live,
            on=on,
            learned={pair.document_id for pair in dataset.train},
            dev=people,
            change=self.present.documents.last_change(),
            seed=self.settings.seed,
            progress=progress,
        )
        if made.release.support in (None, live.release.support):
            return live
        return replace(live, release=self.renew(made.release, live.release))

    def _compare(
        self,
        dataset: Dataset,
        on: TrialIndexes,
        incumbent: LoadedRelease,
        candidate: LoadedRelease,
        foreseen: Detectable | None,
        progress: Progress,
    ) -> Scorecard:
        """Return the scorecard: both sides on all that the gate reads."""
        encoders = self.present.models.encoders
        asked = answerable(dataset.gate, on.corpus)
        costs = None
        if asked:
            costs = measure_costs(
                [question.text for question in asked],
                incumbent=incumbent.encoder,
                candidate=candidate.encoder,
                incumbent_folder=encoders.path(incumbent.release.encoder),
                candidate_folder=encoders.path(candidate.release.encoder),
            )
        # Taken down before the result is known: who looks and is then killed has looked.
        look = self.gate_looks.look(
            dataset.gate_digest, candidate=candidate.release.digest, incumbent=incumbent.release.digest
        )
        card = compare(
            dataset,
            incumbent=incumbent,
            candidate=candidate,
            on=on,
            seed=self.settings.seed,
            updated={document.id: document.updated_at for document in self.present.all_documents()},
            frozen=self.anchors.among([question.fingerprint for question in asked]),
            progress=progress,
        )
        guard = self._guarded(incumbent.encoder, candidate.encoder)
        return replace(
            card,
            digest="",  # derived of all that is on the card now
            slices=(*card.slices, guard) if guard else card.slices,
            look=look,
            detectable=foreseen,
            costs=costs,
            concentration=self._concentration(dataset, on.corpus, incumbent.encoder, candidate.encoder),
        )

    def _guarded(self, incumbent: Encoder, candidate: Encoder) -> Slice | None:
        if self.guard is None:
            return None
        there = self.guard()
        return guarded(
            there.questions,
            there.passages,
            incumbent=incumbent,
            candidate=candidate,
            cache=self.present.models.cache,
            seed=self.settings.seed,
        )

    def _concentration(
        self, dataset: Dataset, corpus: Sequence[Passage], incumbent: Encoder, candidate: Encoder
    ) -> Concentration | None:
        """Return how first places moved over the gate's questions and training's: an attack is on what was taught."""
        texts = {question.text for question in dataset.gate} | {pair.question for pair in dataset.train}
        # By hash, so that the draw has nothing to do with where a question came from.
        probes = sorted(texts, key=lambda text: sha256_text(f"{self.settings.seed}:{text}"))[:PROBES]
        before, after = (
            [ids[0] for ids in nearest(encoder, probes, corpus, self.present.models.cache, k=1) if ids]
            for encoder in (incumbent, candidate)
        )
        return concentration(before, after)

    def _policy(self, live: Release) -> Policy:
        settings = self.settings
        return Policy(
            metric=settings.gate_metric,
            alpha=settings.gate_alpha,
            min_questions=settings.gate_min_questions,
            margin=settings.gate_margin,
            refused_margin=settings.gate_refused_margin,
            unanswerable_margin=settings.gate_unanswerable_margin,
            slice_margin=settings.gate_slice_margin,
            anchor_metric=anchor_metric(live.retrieval.top_k),
            anchor_margin=settings.gate_anchor_margin,
            guard_margin=settings.gate_guard_margin,
            latency_ratio=settings.gate_latency_ratio,
            size_ratio=settings.gate_size_ratio,
            most_looks=settings.gate_most_looks,
            concentration=settings.gate_concentration,
        )
