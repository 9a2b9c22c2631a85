"""Everything that people asked and documents say, mined, checked against the live release, and made one dataset."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from rag.domain import Interaction, Passage, utcnow
from rag.errors import EmptyCorpus
from rag.ports import FeedbackStore, InteractionStore, Progress, QuestionStore
from rag.releases.deployed import live_release
from retrain.dataset.ledger import Splitting, build_dataset
from retrain.dataset.pairs import Find, MinedPairs
from retrain.dataset.paraphrasing import paraphrase, reword_for_testing
from retrain.dataset.round_trip import round_trip
from retrain.dataset.sources.documents import mine_documents
from retrain.dataset.sources.excerpts import mine_excerpts
from retrain.dataset.sources.labels import MinedLabels, mine_labels
from retrain.dataset.sources.language_model import mine_llm, most_wanted, topics_drifted_to
from retrain.dataset.sources.log import Trust, mine_log
from retrain.dataset.writing import Forecast, Writing
from retrain.domain import Dataset, Focus, QuestionStyle, TrainingPair
from retrain.ports import DatasetStore
from retrain.present import Present
from retrain.settings import RetrainSettings


@dataclass(frozen=True)
class Mining:
    """Asks every source for pairs and makes datasets of them."""

    present: Present
    interactions: InteractionStore
    feedback: FeedbackStore
    questions: QuestionStore
    datasets: DatasetStore
    writer: Writing | None  # the language model, where there is one
    settings: RetrainSettings
    focus: Focus | None  # what is to be cured: mining begins there; None: nothing in particular

    def build(self, *, progress: Progress) -> Dataset:
        """Return a dataset of what is mined, reworded and split; errors as for `RetrainCycle.build_dataset`."""
        corpus = self.present.corpus()
        if not corpus:
            raise EmptyCorpus()
        settings = self.settings
        previous = self.datasets.newest(tenant=self.present.tenant)
        labels = mine_labels(
            self.questions.all(tenant=self.present.tenant), self.present.documents.passages_of
        )
        with self._incumbent(corpus) as find:
            mined = self._mine(corpus, labels, find, previous, progress)
        progress(0, 0, "reword")
        pairs = [pair for source in mined.values() for pair in source.pairs]
        terse = self.focus is not None and self.focus.terse
        pairs += paraphrase(
            pairs, writing=self.writer, count=settings.paraphrases, seed=settings.seed, terse=terse
        )
        progress(0, 0, "split by document")
        dataset = build_dataset(
            pairs,
            labels.dev,
            texts=_texts(corpus),
            golden=[*(question.text for question in labels.golden), *labels.apart],
            negatives=mined["log"].negatives,
            previous=previous,
            reword=lambda gate: reword_for_testing(
                gate, writing=self.writer, count=settings.test_paraphrases, seed=settings.seed
            ),
            splitting=Splitting(
                seed=settings.seed,
                dev_share=settings.dev_share,
                gate_share=settings.gate_share,
                gate_min=settings.gate_min_questions,
                gate_log_questions=settings.gate_log_questions,
            ),
        )
        about: dict[str, Any] = {
            "tenant": self.present.tenant,
            "mined_left_out": {source: dict(some.dropped) for source, some in mined.items()},
        }
        if self.focus is not None:
            about["focus"] = {
                "reason": self.focus.reason,
                "questions": len(self.focus.interactions),
                "documents": len(self.focus.documents),
            }
        if self.writer is not None:
            about["language_model"] = asdict(self.writer.spent)
        return replace(dataset, manifest={**dataset.manifest, **about})

    def forecast(self) -> Forecast | None:
        """Return what asking the language model would cost; None where there is none. Asks nothing."""
        if self.writer is None:
            return None
        settings = self.settings
        previous = self.datasets.newest(tenant=self.present.tenant)
        wanted = self._most_wanted(self.present.corpus(), (), previous)
        return self.writer.forecast(
            wanted[: settings.mine_passages], settings.questions_per_passage, self._styles()
        )

    def _mine(
        self,
        corpus: Sequence[Passage],
        labels: MinedLabels,
        find: Find | None,
        previous: Dataset | None,
        progress: Progress,
    ) -> dict[str, MinedPairs]:
        """Return source -> what was mined from it."""
        settings = self.settings

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
                self.present.all_documents(),
                self.present.documents.passages_of,
                limit=settings.mine_passages,
                seed=settings.seed,
                first=self._first(),
            )
        )
        if self.writer is not None:
            mined["llm"] = checked(
                mine_llm(
                    self._most_wanted(corpus, mined["log"].pairs, previous),
                    self.writer,
                    styles=self._styles(),
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
                mine_excerpts(
                    corpus,
                    limit=settings.mine_passages,
                    kinds=settings.excerpts,
                    spans=settings.spans,
                    seed=settings.seed,
                    first=self._first(),
                )
            )
        return mined

    @contextmanager
    def _incumbent(self, corpus: Sequence[Passage]) -> Iterator[Find | None]:
        """Yield the live release's whole retrieval over the corpus; None where nothing is live, or nothing asks it."""
        settings, present = self.settings, self.present
        if present.releases.deployment() is None or not (settings.round_trip or settings.agrees_within):
            yield None
            return
        with present.trial_indexes(corpus) as on:
            live = on.of(present.models.load(live_release(present.releases)))
            yield lambda questions, limit: live.rank(questions, limit=limit)

    def _most_wanted(
        self, corpus: Sequence[Passage], asked: Sequence[TrainingPair], previous: Dataset | None
    ) -> list[Passage]:
        """Return the passages by how much the language model's questions about them would teach."""
        changed = {
            document.id
            for document in self.present.all_documents()
            if previous is not None and document.updated_at > previous.created_at
        }
        drifted: dict[str, float] = {}
        if self.focus is not None:
            log = self._log()
            meant = self.focus.interactions
            drifted = topics_drifted_to(
                [each for each in log if each.id not in meant], [each for each in log if each.id in meant]
            )
            changed |= self.focus.documents
        return most_wanted(
            corpus, changed=changed, drifted=drifted, asked={pair.passage_id for pair in asked}
        )

    def _first(self) -> frozenset[str]:
        """Return ids of the documents that are mined before others."""
        return frozenset() if self.focus is None else self.focus.documents

    def _styles(self) -> tuple[QuestionStyle, ...]:
        """Return how a language model is to ask."""
        styles = tuple(self.settings.llm_styles)
        if self.focus is None or not self.focus.terse or QuestionStyle.KEYWORD in styles:
            return styles
        return (*styles, QuestionStyle.KEYWORD)

    def _log(self) -> list[Interaction]:
        since = utcnow() - timedelta(days=self.settings.log_days)
        return self.interactions.between(since=since, tenant=self.present.tenant)

    def _mine_log(self, find: Find | None) -> MinedPairs:
        settings = self.settings
        interactions = self._log()
        feedback = self.feedback.of([interaction.id for interaction in interactions])
        said = [each for some in feedback.values() for each in some]
        named = {passage for each in said for passage in (each.corrected_passage, each.clicked_passage)}
        cited = {passage for interaction in interactions for passage in interaction.cited}
        return mine_log(
            interactions,
            feedback,
            self.present.documents.passages(cited.union(filter(None, named))),
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
    """Return document id -> all of its text."""
    texts: dict[str, list[str]] = defaultdict(list)
    for passage in sorted(corpus, key=lambda p: (p.document_id, p.position)):
        texts[passage.document_id].append(passage.embedded_text)
    return {document: "\n".join(parts) for document, parts in texts.items()}
