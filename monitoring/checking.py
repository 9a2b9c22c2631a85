"""One whole check: two windows of the log, the golden questions, four tests, one verdict."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from monitoring.domain import DriftFinding, DriftReport, DriftVerdict, Window
from monitoring.exact_search import Nearest
from monitoring.findings import Measured, golden_finding, judge, labelled_finding, question_findings
from monitoring.ports import ReportRenderer, WindowSample
from monitoring.recall_drift import labelled_hits, question_recall
from monitoring.settings import DriftSettings
from monitoring.windows import split_windows
from rag.domain import Feedback, Interaction, LabelledQuestion, Passage, new_id
from rag.errors import SettingInvalid
from rag.ports import EmbeddingCache, Encoder, Vectors
from rag.releases.indexing import Embedder
from rag.releases.models import LoadedRelease
from rag.releases.trials import Scratch, trial

MOST_TESTS = 4
"""Tests a check makes at most; the permutations have to reach the level that is left for one of them."""


def check_drift(
    *,
    tenant: str,
    interactions: Sequence[Interaction],
    feedback: Mapping[str, Sequence[Feedback]],
    golden: Sequence[LabelledQuestion],
    passages: Iterable[Sequence[Passage]],
    encoder: Encoder,
    live: LoadedRelease,
    cache: EmbeddingCache,
    scratch: Scratch,
    settings: DriftSettings,
    renderer: ReportRenderer,
    previous: Sequence[DriftReport] = (),
    windows: tuple[Window, Window] | None = None,
) -> DriftReport:
    """Compare what is asked and found now with what was before.

    Up to four findings, held together to the level alpha by Holm's correction: ``question_mmd`` (topics),
    ``top_score_ks`` (how near the best passage is), ``golden_recall@k`` (golden questions, live release)
    and ``labelled_recall@k`` (questions whose right passage people named). The first two are measured in
    one fixed encoder against the corpus as it is now, so that neither a promotion nor an ingestion looks
    like other questions. The golden questions are asked of the live release's whole retrieval, in a trial over
    that corpus, so that what is watched is what people are given.

    Drift where any finding is; else not enough data where a window is too small; else calm.

    Args:
        tenant: whose questions and passages these are.
        interactions: the log, enough of it to fill both windows, in any order.
        feedback: interaction id -> its feedback.
        golden: the tenant's golden questions.
        passages: the tenant's whole corpus, in batches; read once.
        encoder: the fixed encoder.
        live: the live release, with its models.
        cache: of passage embeddings, for both encoders.
        scratch: where the live release is tried out.
        settings: sizes and levels.
        renderer: makes the snapshot.
        previous: earlier reports of the tenant; the golden questions' baseline is one of them.
        windows: (reference, current), where the settings' sizes are not to say what is compared.

    Raises:
        SettingInvalid: so few permutations that no difference could be significant.
    """
    if (settings.permutations + 1) * settings.alpha < MOST_TESTS:
        raise SettingInvalid(
            f"{settings.permutations} permutations cannot show drift at alpha {settings.alpha}; "
            f"set WHETSTONE_DRIFT_PERMUTATIONS to {math.ceil(MOST_TESTS / settings.alpha)} or more."
        )
    reference, current = windows or split_windows(
        interactions, current=settings.current_questions, reference=settings.reference_questions
    )
    asked = [*reference.interactions, *current.interactions]
    enough = min(len(reference.interactions), len(current.interactions)) >= settings.min_questions
    golden = sorted((question for question in golden if question.documents), key=lambda question: question.id)

    # A follow-up as it was searched for: on its own it would be about nothing.
    vectors = _embed(encoder, [each.rewritten or each.question for each in asked])
    nearest = Nearest(vectors, 1)
    corpus = _offered(passages, nearest, Embedder(encoder, cache))
    golden_recall = _golden_recall(
        golden, live, corpus, k=settings.recall_k, tenant=tenant, cache=cache, scratch=scratch
    )
    gone = sum(not (question.documents & nearest.seen()) for question in golden)
    depth, hits = labelled_hits((reference, current), feedback, k=settings.recall_k)
    samples = _samples(vectors, nearest, hits)

    tests: list[Measured | DriftFinding] = [
        *question_findings(*samples, settings),
        golden_finding(
            golden_recall, gone=gone, previous=previous, release=live.release.digest, settings=settings
        ),
        labelled_finding(*hits, depth=depth, settings=settings),
    ]
    findings = judge(tests, settings.alpha)
    verdict = _verdict(findings, enough=enough)
    snapshot = ""
    if verdict is not DriftVerdict.NOT_ENOUGH_DATA:
        plotted = samples if enough else (None, None)
        snapshot = renderer.snapshot(
            findings, reference, current, reference_sample=plotted[0], current_sample=plotted[1]
        )
    return DriftReport(
        id=new_id(),
        tenant=tenant,
        verdict=verdict,
        findings=findings,
        encoder=encoder.digest,
        release=live.release.digest,
        reference=_describe(reference),
        current=_describe(current),
        snapshot=snapshot,
        golden_recall=golden_recall,
    )


def _embed(encoder: Encoder, questions: list[str]) -> Vectors:
    """Return the questions' vectors, shape (n, dimension); n may be 0."""
    if not questions:
        return np.empty((0, encoder.dimension), np.float32)
    return encoder.encode_queries(questions)


def _offered(
    passages: Iterable[Sequence[Passage]], nearest: Nearest, embedder: Embedder
) -> Iterator[Sequence[Passage]]:
    """Hand the corpus on, showing it to `nearest` as it goes by."""
    for batch in passages:
        if batch:
            nearest.offer(batch, embedder.passages(list(batch)))
            yield batch


def _golden_recall(
    golden: Sequence[LabelledQuestion],
    live: LoadedRelease,
    corpus: Iterable[Sequence[Passage]],
    *,
    k: int,
    tenant: str,
    cache: EmbeddingCache,
    scratch: Scratch,
) -> dict[str, float]:
    """Return question id -> share of its documents that are found among `k` passages; reads the corpus to its end."""
    if not golden:
        for _ in corpus:
            pass
        return {}
    with trial(live, corpus, tenant=tenant, cache=cache, scratch=scratch) as tried:
        found = tried.find([question.text for question in golden], limit=k)
    return {
        question.id: question_recall({each.passage.document_id for each in hits}, question.documents)
        for question, hits in zip(golden, found, strict=True)
    }


def _samples(
    vectors: Vectors, nearest: Nearest, hits: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> tuple[WindowSample, WindowSample]:
    scores = nearest.scores[:, 0].astype(np.float64) if nearest.seen() else None
    first = len(hits[0])  # questions in the reference window
    reference, current = (
        WindowSample(vectors=vectors[part], top_scores=None if scores is None else scores[part], hit_at_k=row)
        for part, row in zip((slice(first), slice(first, None)), hits, strict=True)
    )
    return reference, current


def _verdict(findings: Sequence[DriftFinding], *, enough: bool) -> DriftVerdict:
    if any(finding.verdict is DriftVerdict.DRIFT for finding in findings):
        return DriftVerdict.DRIFT
    return DriftVerdict.CALM if enough else DriftVerdict.NOT_ENOUGH_DATA


def _describe(window: Window) -> dict[str, str | int | None]:
    return {
        "name": window.name,
        "since": window.since.isoformat() if window.since else None,
        "until": window.until.isoformat() if window.until else None,
        "count": len(window.interactions),
    }
