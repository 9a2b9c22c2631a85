"""One whole check, on the real static encoder over a small corpus of our own."""

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from monitoring.adapters.evidently import EvidentlyRenderer
from monitoring.adapters.sql import SqlDriftReports
from monitoring.checking import check_drift
from monitoring.domain import DriftFinding, DriftReport, DriftVerdict, Window
from monitoring.gathering import Compared
from monitoring.measuring import Instruments
from monitoring.ports import ReportRenderer, WindowSample
from monitoring.settings import DriftSettings
from monitoring.windows import split_windows
from rag.adapters.embedding_cache import SqliteEmbeddingCache
from rag.adapters.qdrant import QdrantFolders
from rag.adapters.sql.stores import Stores
from rag.domain import (
    Chunking,
    Document,
    Feedback,
    Interaction,
    InteractionStatus,
    LabelledQuestion,
    LoggedHit,
    Passage,
    Purpose,
    Release,
    Retrieval,
)
from rag.errors import SettingInvalid
from rag.ports import Encoder, IndexStore, Vectors
from rag.releases.models import LoadedRelease

START = datetime(2026, 3, 1, tzinfo=UTC)
OFFICE = (
    "passport",
    "driving licence",
    "birth certificate",
    "parking permit",
    "tax return",
    "residence permit",
)
DOING = (
    "renew",
    "apply for",
    "replace a lost",
    "pay for",
    "correct",
    "collect",
    "cancel",
    "track",
    "translate",
)
WAY = (
    "online",
    "by post",
    "for my child",
    "from abroad",
    "this week",
    "without an appointment",
    "for a friend",
)
ILLS = ("migraine", "asthma", "measles", "arthritis", "anaemia", "diabetes", "eczema", "bronchitis")
SIGNS = ("symptoms of", "treatment for", "causes of", "drugs against", "diet with", "tests for")
OFFICE_QUESTIONS = [f"How do I {d} a {o} {w}?" for o, d, w in itertools.product(OFFICE, DOING, WAY)]
ILL_QUESTIONS = [
    f"What are the {s} {i} in {w}?" for i, s, w in itertools.product(ILLS, SIGNS, ("adults", "children"))
]
SETTINGS = DriftSettings(
    current_questions=80, reference_questions=160, min_questions=50, min_labelled=20, permutations=199, seed=1
)


class Figures:
    """A renderer whose snapshot is what it was given, as JSON."""

    def snapshot(
        self,
        findings: Sequence[DriftFinding],
        reference: Window,
        current: Window,
        *,
        reference_sample: WindowSample | None = None,
        current_sample: WindowSample | None = None,
    ) -> str:
        """Write names and shapes."""
        samples = [s and list(s.vectors.shape) for s in (reference_sample, current_sample)]
        return json.dumps({"names": [f.name for f in findings], "samples": samples})

    def html(self, snapshot: str) -> str:
        """Show it."""
        return snapshot


DOCUMENTS = [
    Document.create(uri=f"office/{o}/{d}", title=f"{d} a {o}", text=f"To {d} a {o}, fill in the form for it.")
    for o, d in itertools.product(OFFICE, DOING)
]
PASSAGES = [Passage.create(document, 0, document.text) for document in DOCUMENTS]
BATCHES = [PASSAGES[start : start + 20] for start in range(0, len(PASSAGES), 20)]
GOLDEN = [
    LabelledQuestion.create(
        tenant="default",
        text=f"Where can I {d} a {o}?",
        documents=frozenset({Document.id_for("default", f"office/{o}/{d}")}),
        purpose=Purpose.GOLDEN,
    )
    for o, d in itertools.product(OFFICE, DOING)
]


def log(questions: Iterable[str], *, hits: Sequence[Passage] = PASSAGES[:3]) -> list[Interaction]:
    """Log questions, one a minute."""
    return [
        Interaction(
            id=f"i{minute}",
            tenant="default",
            principal="ann",
            asked_at=START + timedelta(minutes=minute),
            question=question,
            hits=tuple(
                LoggedHit(passage_id=p.id, document_id=p.document_id, rank=rank, score=0.5)
                for rank, p in enumerate(hits, start=1)
            ),
            answer="",
            cited=(),
            release="r",
            epoch=1,
            generator="",
            status=InteractionStatus.RETRIEVED,
        )
        for minute, question in enumerate(questions)
    ]


def calm_questions(seed: int = 0) -> list[str]:
    """Draw 240 questions on administration, without repeats."""
    generator = np.random.default_rng(seed)
    return [OFFICE_QUESTIONS[i] for i in generator.choice(len(OFFICE_QUESTIONS), 240, replace=False)]


def drifted_questions(seed: int = 0) -> list[str]:
    """The same, but the newest 80 hold 16 on illnesses: a fifth."""
    generator = np.random.default_rng(seed)
    new = [ILL_QUESTIONS[i] for i in generator.choice(len(ILL_QUESTIONS), 16, replace=False)]
    calm = calm_questions(seed)
    return calm[:160] + [str(q) for q in generator.permutation([*calm[160:224], *new])]


def loaded(encoder: Encoder, **retrieval: Any) -> LoadedRelease:
    """Return a release of the encoder."""
    release = Release.create(
        encoder=encoder.digest,
        dimension=encoder.dimension,
        chunking=Chunking(),
        retrieval=Retrieval(**retrieval),
    )
    return LoadedRelease(release=release, encoder=encoder)


@contextmanager
def scratch() -> Iterator[IndexStore]:
    """Yield a place for indexes, gone afterwards."""
    with TemporaryDirectory() as folder:
        yield QdrantFolders(Path(folder))


@pytest.fixture
def check(static_encoder: Encoder, tmp_path: Path, stores: Stores) -> Any:
    """Run a check over the corpus, with anything replaced."""
    reports = SqlDriftReports(stores.engine)

    def run(
        questions: Iterable[str],
        *,
        interactions: Sequence[Interaction] | None = None,
        feedback: Mapping[str, Sequence[Feedback]] | None = None,
        golden: Sequence[LabelledQuestion] = (),
        passages: Iterable[Sequence[Passage]] = BATCHES,
        live: LoadedRelease | None = None,
        previous: Sequence[DriftReport] = (),
        settings: DriftSettings = SETTINGS,
        renderer: ReportRenderer | None = None,
    ) -> DriftReport:
        for report in previous:
            reports.add(report)
        reference, current = split_windows(
            log(questions) if interactions is None else interactions,
            current=settings.current_questions,
            reference=settings.reference_questions,
        )
        return check_drift(
            Compared(
                reference=reference,
                current=current,
                feedback=feedback or {},
                golden=golden,
                passages=passages,
            ),
            Instruments(
                encoder=static_encoder,
                live=live or loaded(static_encoder),
                cache=SqliteEmbeddingCache(tmp_path / "cache.sqlite"),
                scratch=scratch,
            ),
            tenant="default",
            reports=reports,
            renderer=renderer or Figures(),
            settings=settings,
        )

    return run


def found(report: DriftReport, name: str) -> DriftFinding:
    """Return one finding."""
    return next(finding for finding in report.findings if finding.name == name)


def test_calm_questions_are_calm(check: Any, static_encoder: Encoder) -> None:
    """Questions of one kind give a calm report that says what was compared."""
    report = check(calm_questions())
    dimension = static_encoder.dimension

    assert report.verdict is DriftVerdict.CALM
    assert (report.reference["count"], report.current["count"]) == (160, 80)
    assert report.reference["since"] == START.isoformat()
    assert found(report, "question_mmd").reason.startswith("People ask about the same things as before (p = ")
    assert json.loads(report.snapshot)["samples"] == [[160, dimension], [80, dimension]]


def test_questions_in_unknown_languages_are_counted(check: Any) -> None:
    """In each window, so that a share that grows is seen beside the findings."""
    asked = [replace(each, language_unknown=at >= 200) for at, each in enumerate(log(calm_questions()))]

    report = check((), interactions=asked)

    counts = report.reference["language_unknown"], report.current["language_unknown"]
    assert counts == (0, 40)


def test_calm_windows_keep_the_level_of_the_whole_check(check: Any) -> None:
    """Forty calm checks raise no more alarms than 5 % allows, all findings together."""
    alarms = sum(check(calm_questions(seed)).verdict is DriftVerdict.DRIFT for seed in range(40))

    assert alarms <= 7  # a 5 % test exceeds it once in a thousand times


def test_a_fifth_on_a_new_topic_is_found(check: Any) -> None:
    """New topics make a drift report, with the figures in the reasons."""
    report = check(drifted_questions())

    assert report.verdict is DriftVerdict.DRIFT
    mmd = found(report, "question_mmd")
    assert mmd.verdict is DriftVerdict.DRIFT
    assert mmd.statistic is not None and mmd.threshold is not None and mmd.statistic > mmd.threshold
    assert mmd.reason.startswith(
        "People ask about other things than before (p = 0.005, drift at 0.025 or less;"
    )
    assert (mmd.reference_count, mmd.current_count) == (160, 80)


def test_all_new_topics_fit_the_documents_worse(check: Any) -> None:
    """Questions the corpus has nothing about bring the best passage's similarity down."""
    finding = found(check(calm_questions()[:160] + ILL_QUESTIONS[:80]), "top_score_ks")

    assert finding.verdict is DriftVerdict.DRIFT
    assert finding.current is not None and finding.reference is not None
    assert finding.current < finding.reference
    assert finding.reason.startswith("The documents fit the questions worse than before: ")


def test_the_release_that_served_is_of_no_consequence(check: Any) -> None:
    """Scores are measured anew in the fixed encoder, so a promotion in between changes no question finding."""
    interactions = log(calm_questions())
    promoted = [
        replace(i, release="other", hits=tuple(replace(h, score=0.99) for h in i.hits))
        for i in interactions[160:]
    ]

    before, after = (
        check([], interactions=interactions),
        check([], interactions=interactions[:160] + promoted),
    )

    assert before.findings == after.findings


@pytest.mark.parametrize("count", [0, 1, 60, 129])
def test_too_few_questions_give_no_verdict(check: Any, count: int) -> None:
    """With either window below the minimum there is no verdict, no statistic and no page, whatever was asked."""
    report = check(drifted_questions()[-count:] if count else [])

    assert report.verdict is DriftVerdict.NOT_ENOUGH_DATA
    assert report.snapshot == ""
    assert {(f.statistic, f.p_value, f.verdict) for f in report.findings} == {
        (None, None, DriftVerdict.NOT_ENOUGH_DATA)
    }
    assert f"and {min(count, 80)} now; 50 in each are needed." in found(report, "question_mmd").reason


def test_without_passages_questions_are_still_compared(check: Any) -> None:
    """An empty corpus leaves the topics to compare."""
    report = check(drifted_questions(), passages=[])

    assert report.verdict is DriftVerdict.DRIFT
    assert found(report, "top_score_ks").verdict is DriftVerdict.NOT_ENOUGH_DATA


def test_the_first_golden_recall_is_the_baseline(check: Any) -> None:
    """The first check says so, is calm about it, and keeps every question's recall."""
    report = check(calm_questions(), golden=GOLDEN)
    finding = found(report, "golden_recall@10")

    assert finding.verdict is DriftVerdict.CALM
    assert (finding.statistic, finding.reference) == (None, None)
    assert finding.current == np.mean(list(report.golden_recall.values()))
    assert finding.reason.endswith("later checks compare with it.")
    assert report.golden_recall.keys() == {question.id for question in GOLDEN}
    assert finding.current is not None and finding.current > 0.8


def test_golden_recall_that_falls_is_drift(check: Any) -> None:
    """Documents that vanish, or are crowded out, show even where nobody asks anything."""
    first = check([], golden=GOLDEN)
    report = check([], golden=GOLDEN, previous=[first], passages=[PASSAGES[20:]])
    finding = found(report, "golden_recall@10")

    assert (first.verdict, report.verdict) == (DriftVerdict.NOT_ENOUGH_DATA, DriftVerdict.DRIFT)
    assert finding.verdict is DriftVerdict.DRIFT
    assert finding.reference is not None and finding.current is not None
    assert finding.statistic == pytest.approx(finding.reference - finding.current)
    assert "(20 ask for documents that are gone)" in finding.reason
    assert json.loads(report.snapshot)["samples"] == [None, None]


def test_golden_recall_that_stays_is_calm(check: Any) -> None:
    """The same corpus and encoder give the same recall, so no chance of an alarm."""
    finding = found(check([], golden=GOLDEN, previous=[check([], golden=GOLDEN)]), "golden_recall@10")

    assert (finding.verdict, finding.p_value, finding.statistic) == (DriftVerdict.CALM, 1.0, 0.0)


class Blind:
    """The static encoder, blind to numbers."""

    def __init__(self, inner: Encoder) -> None:
        self._inner = inner
        self.digest = self.passages_digest = f"{inner.digest}, blind"
        self.dimension = inner.dimension

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed without digits."""
        return self._inner.encode_queries([re.sub(r"\d", "", text) for text in texts])

    encode_passages = encode_queries

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count."""
        return self._inner.count_tokens(texts)


def test_golden_recall_is_of_what_people_are_given(check: Any, static_encoder: Encoder) -> None:
    """What only words find is found by a release that weighs words; the windows' figures are of vectors as ever."""
    forms = [
        Document.create(uri=f"form/{n}", text=f"The form Q{n} is in the cupboard.") for n in range(100, 130)
    ]
    passages = [Passage.create(form, 0, form.text) for form in forms]
    golden = [
        LabelledQuestion.create(
            tenant="default", text=f"Where is Q{n}?", documents=frozenset({form.id}), purpose=Purpose.GOLDEN
        )
        for n, form in enumerate(forms, start=100)
    ]
    recalls, figures = {}, {}
    for weight in (1.0, 0.5):
        live = loaded(Blind(static_encoder), dense_weight=weight)
        report = check(calm_questions(), golden=golden, passages=[passages], live=live)
        recalls[weight] = found(report, "golden_recall@10").current
        figures[weight] = found(report, "top_score_ks")
        assert report.release == live.release.digest

    assert recalls[0.5] == 1.0
    assert recalls[1.0] is not None and recalls[1.0] < 0.5
    assert figures[0.5] == figures[1.0]


def test_follow_ups_are_compared_as_they_were_searched_for(check: Any) -> None:
    """Words that mean nothing alone are not taken for a topic."""
    questions = drifted_questions()
    follow_ups = [
        replace(logged, question="And what about that?", rewritten=logged.question)
        for logged in log(questions)
    ]

    report = check([], interactions=follow_ups)

    assert found(report, "question_mmd") == found(check(questions), "question_mmd")


def test_few_golden_questions_are_not_enough(check: Any) -> None:
    """Below the minimum nothing is said about golden recall."""
    finding = found(check(calm_questions(), golden=GOLDEN[:19]), "golden_recall@10")

    assert finding.verdict is DriftVerdict.NOT_ENOUGH_DATA
    assert finding.reason == "There are 19 golden questions; 20 are needed."


def judged(right: dict[int, Passage]) -> dict[str, list[Feedback]]:
    """Correct interactions by number."""
    return {
        f"i{number}": [
            Feedback(
                id=f"f{number}",
                interaction_id=f"i{number}",
                tenant="default",
                principal="ann",
                given_at=START,
                corrected_passage=passage.id,
            )
        ]
        for number, passage in right.items()
    }


def test_labelled_recall_that_falls_is_drift(check: Any) -> None:
    """Where people correct the hits more often than before, that is drift, read as deep as was logged."""
    right = dict.fromkeys(range(0, 160, 4), PASSAGES[0]) | dict.fromkeys(range(160, 240, 2), PASSAGES[9])
    report = check(calm_questions(), feedback=judged(right))
    finding = found(report, "labelled_recall@3")

    assert finding.verdict is DriftVerdict.DRIFT
    assert (finding.reference, finding.current) == (1.0, 0.0)
    assert (finding.reference_count, finding.current_count) == (40, 40)
    assert finding.reason.startswith("Right passages are found less often: of the questions")


def test_labelled_recall_that_stays_is_calm(check: Any) -> None:
    """The same share of corrections before and now is calm."""
    right = {n: PASSAGES[0] if n % 8 else PASSAGES[9] for n in range(0, 240, 4)}
    finding = found(check(calm_questions(), feedback=judged(right)), "labelled_recall@3")

    assert finding.verdict is DriftVerdict.CALM
    assert (finding.reference, finding.current) == (0.5, 0.5)


def test_permutations_that_cannot_show_anything_are_refused(check: Any) -> None:
    """A check that could never raise an alarm says which setting to change."""
    settings = SETTINGS.model_copy(update={"alpha": 0.01})

    with pytest.raises(SettingInvalid, match="WHETSTONE_DRIFT_PERMUTATIONS to 400 or more"):
        check([], settings=settings)


def test_the_real_page_holds_the_findings(check: Any) -> None:
    """Through Evidently the report's page shows what was found, and no question."""
    questions = drifted_questions()
    report = check(questions, renderer=EvidentlyRenderer(), golden=GOLDEN)
    html = EvidentlyRenderer().html(report.snapshot)

    assert all(finding.name in html and finding.reason in html for finding in report.findings)
    assert not any(question in html for question in questions)
