"""Findings and a look -> diagnoses, the surest first."""

from collections.abc import Mapping, Sequence

from monitoring.attribution.evidence import GoldenLoss, Stronger
from monitoring.domain import Diagnosis, DriftFinding, Look
from monitoring.signals.documents import DocumentChanges
from rag.ports import Vectors


def attribute(
    findings: Sequence[DriftFinding],
    look: Look,
    *,
    texts: Mapping[str, str],
    stronger: Stronger | None = None,
    before: Vectors | None = None,
    hits: Mapping[str, Sequence[str]] | None = None,
    said: Mapping[str, bool] | None = None,
    changes: DocumentChanges | None = None,
    golden: GoldenLoss | None = None,
    seed: int = 17,
) -> tuple[Diagnosis, ...]:
    """Return what is wrong and what would help, what has to be cured first coming first.

    Empty where no finding says drift. Several causes may hold at once: there is one diagnosis for each, with its
    topics. It never fails for want of evidence: whatever is missing is left out of the weighing.

    Args:
        findings: of the check, one for each signal.
        look: the questions that they were read from.
        texts: interaction's id -> the question as it was searched for, of reference and recent questions. The more are
            there, the better topics are named and forms told apart; it may be empty.
        stronger: a search beyond the encoder's, asked for at most 400 questions of the look; None: there is none.
        before: vectors of questions from before the reference, shape (m, dimension), in the fixed encoder; None or
            m = 0: there are none.
        hits: interaction's id -> ids of the documents that it was answered from, best first, as they were logged.
        said: interaction's id -> what people say: True, a document answers it that it was not given; False, none does.
        changes: what happened to the documents since the reference began.
        golden: what golden questions lost.
        seed: of what is drawn.
    """
    return ()
