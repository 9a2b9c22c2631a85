"""A look's numbers as the columns that Evidently compares: a row a question, no text."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monitoring.domain import DriftReport, Look

X, Y, BEST, TOPIC = "x", "y", "best", "topic"

CARRYING = -1
"""`TOPIC` of a question that carries evidence and is in no topic; 0: it carries none; from 1 the topic's number."""


def topics_of(report: DriftReport) -> list[str]:
    """Return the names of a report's topics, in the order of their numbers."""
    return [
        ", ".join(topic.words[:3]) or "no words"
        for diagnosis in report.diagnoses
        for topic in diagnosis.topics
    ]


def frames(report: DriftReport, look: Look | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return (reference, recent) with places on a plane, best scores and topics; one row of zeros without questions."""
    if look is None or not len(look.reference) or not len(look.recent):
        nothing = pd.DataFrame({X: [0.0]})
        return nothing, nothing
    sides = look.reference, look.recent
    points = _plane(np.vstack([side.vectors for side in sides]))
    places = points[: len(look.reference)], points[len(look.reference) :]
    numbers = _numbers(report)
    made = [
        pd.DataFrame(
            {
                X: place[:, 0],
                Y: place[:, 1],
                TOPIC: [float(numbers.get(one, 0)) for one in side.interactions],
            }
        )
        for side, place in zip(sides, places, strict=True)
    ]
    # Evidently divides by the number of values in a column, so one that may be empty stays out.
    if all(np.isfinite(side.best).any() for side in sides):
        for side, frame in zip(sides, made, strict=True):
            frame[BEST] = side.best
    return made[0], made[1]


def _numbers(report: DriftReport) -> Mapping[str, int]:
    numbers = {one: CARRYING for finding in report.findings for one in finding.carrying}
    topics = [topic for diagnosis in report.diagnoses for topic in diagnosis.topics]
    for number, topic in reversed(list(enumerate(topics, 1))):
        numbers.update(dict.fromkeys(topic.interactions, number))
    return numbers


def _plane(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Project vectors, shape (n, dimension), on their two principal components: shape (n, 2)."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    plane: NDArray[np.float64] = centred @ axes[:2].T
    return np.pad(plane, ((0, 0), (0, 2 - plane.shape[1])))
