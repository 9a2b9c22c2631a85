"""Questions and passages about made-up topics, with vectors that say how near they are: what an attribution reads."""

import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from monitoring.domain import DriftFinding, DriftVerdict, Look, Watched
from rag.ports import Vectors
from rag.text.overlap import content
from rag.text.wording import words

DIMENSION = 64
NOUNS = {
    "travel": "flight hotel ticket luggage passport airport",
    "pay": "salary payslip bonus pension overtime wage",
    "desk": "printer monitor keyboard chair headset cable",
    "leave": "holiday absence sickness parental sabbatical vacation",
    "visa": "embassy consulate biometric immigration sponsor permit",
    "garden": "compost tulip greenhouse lawnmower hedge seedling",
}
"""Topic -> its words."""
_ASKING = (
    "How do I change the {0} and the {1}?",
    "Where can I get a {0} for my {1}?",
    "Who is told about {0} or {1}?",
)


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question with its topic."""

    text: str
    topic: str
    vector: Vectors


@dataclass(kw_only=True)
class Asked:
    """Draws questions; the same seed draws the same."""

    generator: np.random.Generator = field(default_factory=lambda: np.random.default_rng(5))

    def about(self, topic: str, count: int, *, put: str = "") -> list[Question]:
        """Draw questions on a topic; `put` is a text with {0} and {1} for two of its words."""
        return [self._question(topic, put) for _ in range(count)]

    def mixed(self, topics: Sequence[str], count: int) -> list[Question]:
        """Draw questions on several topics."""
        return [self._question(str(self.generator.choice(topics)), "") for _ in range(count)]

    def near(self, topic: str) -> NDArray[np.float32]:
        """Draw a vector of unit length near a topic's middle."""
        at = np.random.default_rng(zlib.crc32(topic.encode())).normal(size=DIMENSION)
        drawn = at / np.linalg.norm(at) + self.generator.normal(size=DIMENSION) * 0.09
        vector: NDArray[np.float32] = (drawn / np.linalg.norm(drawn)).astype(np.float32)
        return vector

    def _question(self, topic: str, put: str) -> Question:
        first, second = self.generator.choice(NOUNS[topic].split(), 2, replace=False)
        text = (put or str(self.generator.choice(_ASKING))).format(first, second)
        return Question(text=text, topic=topic, vector=self.near(topic))


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Passages about topics, as a search by words takes them."""

    texts: tuple[str, ...]
    documents: tuple[str, ...]
    vectors: Vectors
    words: NDArray[np.uint32]
    bounds: NDArray[np.int64]


def corpus(asked: Asked, topics: Sequence[str], *, astray: Collection[str] = (), each: int = 30) -> Corpus:
    """Make passages on topics; those `astray` lie as far as can be from the questions on their topic."""
    texts, documents, vectors = [], [], []
    for topic in topics:
        for number in range(each):
            named = " ".join(asked.generator.choice(NOUNS[topic].split(), 4, replace=False))
            texts.append(f"All employees find {named} explained on this page.")
            documents.append(f"{topic}-{number}")
            vectors.append(-asked.near(topic) if topic in astray else asked.near(topic))
    numbers = [numbered(content(text)) for text in texts]
    return Corpus(
        texts=tuple(texts),
        documents=tuple(documents),
        vectors=np.array(vectors, np.float32).reshape(-1, DIMENSION),
        words=np.concatenate([np.empty(0, np.uint32), *numbers]),
        bounds=np.cumsum([0, *map(len, numbers)], dtype=np.int64),
    )


def numbered(some: Collection[str]) -> NDArray[np.uint32]:
    """Return the numbers of words."""
    return np.unique(np.array([zlib.crc32(word.encode()) for word in some], np.uint32))


def watched(questions: Sequence[Question], passages: Corpus, *, name: str, unknown: bool = False) -> Watched:
    """Return questions as a check sees them."""
    count = len(questions)
    vectors = np.array([each.vector for each in questions], np.float32).reshape(-1, DIMENSION)
    known = {word for text in passages.texts for word in content(text)}
    there = len(passages.texts) > 0
    return Watched(
        interactions=tuple(f"{name}-{number}" for number in range(count)),
        positions=np.arange(1, count + 1),
        asked_at=np.arange(count, dtype=np.float64),
        vectors=vectors,
        best=(vectors @ passages.vectors.T).max(axis=1).astype(np.float64)
        if there
        else np.full(count, np.nan),
        support=np.full(count, np.nan),
        refused=np.full(count, np.nan),
        rating=np.full(count, np.nan),
        language_unknown=np.full(count, unknown),
        words=np.array([len(words(each.text)) for each in questions], np.float64),
        share=np.array([_unknown(each.text, known) if there else np.nan for each in questions], np.float64),
    )


def _unknown(text: str, known: Collection[str]) -> float:
    asked = content(text)
    return sum(word not in known for word in asked) / len(asked) if asked else float("nan")


def look(
    reference: Sequence[Question], recent: Sequence[Question], passages: Corpus, *, reset_by: str = "start"
) -> tuple[Look, dict[str, str]]:
    """Return what a check looks at, and the questions' texts."""
    sides = watched(reference, passages, name="before"), watched(recent, passages, name="now")
    texts = {
        interaction: each.text
        for side, questions in zip(sides, (reference, recent), strict=True)
        for interaction, each in zip(side.interactions, questions, strict=True)
    }
    made = Look(
        tenant="a", at=datetime(2026, 5, 1, tzinfo=UTC), reference=sides[0], recent=sides[1], new=len(recent),
        run_length=5_000.0, reference_since=datetime(2026, 4, 1, tzinfo=UTC), reset_by=reset_by,
    )  # fmt: skip
    return made, texts


def says(
    name: str, verdict: DriftVerdict = DriftVerdict.DRIFT, *, carrying: Sequence[str] = ()
) -> DriftFinding:
    """Return a finding."""
    return DriftFinding(
        name=name, statistic=1.0, threshold=0.5, p_value=0.001, reference=None, current=None, reference_count=400,
        current_count=100, verdict=verdict, reason=f"What {name} says.", carrying=tuple(carrying),
    )  # fmt: skip
