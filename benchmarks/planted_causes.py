"""Plants a known cause of drift in real questions and passages, so that an attribution can be held against it."""

import json
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.attribution.searching import WordSearch
from monitoring.domain import Look, Watched
from rag.ports import Encoder, Vectors
from rag.questions.support.languages import is_language_unknown
from rag.text.overlap import content, words
from rag.text.stop_words import stop_words
from rag.text.wording import words as written

REFERENCE, RECENT = 800, 200
MISSED, BY_WORDS = 20, 3
"""A question is not found where 20 passages are nearer than its right one, which is among the first 3 by words."""
_TOPICS = 12
_LEADS = (
    "Hello, I hope somebody can help me with this, as I have been looking for an answer for quite a while now. ",
    "Good morning, my colleague and I were talking about it yesterday and neither of us was sure what is right. ",
    "Sorry if this was asked before, I am new here and could not find it anywhere, so I would like to know: ",
)
_ENDS = (
    " Thank you very much in advance, any pointer to the right page would be a great help.",
    " I would need to know it by the end of the week if that is possible, thanks.",
)

Rows = NDArray[np.int64]
Question = tuple[str, NDArray[np.float32], bool]
"""Its text, its vector, and whether the encoder does not know its language."""


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A look with a known cause in it."""

    look: Look
    texts: dict[str, str]
    stronger: WordSearch
    before: Vectors | None
    new: int  # questions that were planted


@dataclass(frozen=True, kw_only=True, eq=False)
class Passages:
    """Passages as `WordSearch` takes them."""

    documents: Sequence[str]
    vectors: Vectors
    words: NDArray[np.uint32]
    bounds: NDArray[np.int64]


class World:
    """A data set's questions and passages in one encoder; its test questions are left out unless asked for."""

    def __init__(self, folder: Path, name: str, encoder: Encoder, *, planting: Encoder, test: bool) -> None:
        """Read the set and embed it; `planting` embeds it for telling topics, whatever the encoder that is tried."""
        self.name, self._encoder = name, encoder
        corpus, queries = _rows(folder / name / "corpus.jsonl"), _rows(folder / name / "queries.jsonl")
        right = _right(folder / name / "qrels.tsv", corpus)
        asked = [each for each in queries if (each["split"] == "test") is test and right.get(each["_id"])]
        self.texts = [each["text"] for each in asked]
        self.right = [right[each["_id"]] for each in asked]
        self.foci = [each.get("focus", "") for each in asked]
        passages = [f"{each.get('title', '')}\n{each['text']}".strip() for each in corpus]
        self.bags = [words(text) for text in passages]
        self.numbers = [numbered(content(text)) for text in passages]
        self.documents = [each.get("pmid") or each.get("document") or each["_id"] for each in corpus]
        self.passages = encoder.encode_passages(passages)
        self.questions = encoder.encode_queries(self.texts)
        self._told = planting.encode_queries(self.texts), planting.encode_passages(passages)

    @cached_property
    def topics(self) -> tuple[Rows, Rows]:
        """The topic of each question and of each passage; of diseases, where questions name theirs, as a whole."""
        from sklearn.cluster import KMeans

        names = sorted(set(self.foci))
        if len(names) > _TOPICS:
            of = np.array([names.index(each) for each in self.foci])
            middles = np.zeros((len(names), self._told[0].shape[1]))
            np.add.at(middles, of, self._told[0])
            middles /= np.linalg.norm(middles, axis=1, keepdims=True)
            asked = KMeans(2 * _TOPICS, n_init=3, random_state=0).fit_predict(middles)[of]
            passages = np.full(len(self.passages), -1)
        else:
            means = KMeans(_TOPICS, n_init=3, random_state=0).fit(self._told[0])
            asked, passages = means.labels_, means.predict(self._told[1])
        for topic, right in zip(asked, self.right, strict=True):
            passages[list(right)] = topic
        return asked.astype(np.int64), passages.astype(np.int64)

    @cached_property
    def not_found(self) -> Rows:
        """Questions that words find and the encoder does not, by their right passages."""
        cosines = (self.questions @ self.passages.T, self.by_words[0])
        ranks = []
        for scores in cosines:
            best = np.array([row[list(right)].max() for row, right in zip(scores, self.right, strict=True)])
            ranks.append((scores > best[:, np.newaxis]).sum(axis=1))
        return np.flatnonzero((ranks[0] >= MISSED) & (ranks[1] < BY_WORDS))

    @cached_property
    def by_words(self) -> tuple[NDArray[np.float32], Rows]:
        """BM25 of each question and passage, shape (questions, passages), and the three best passages of each."""
        from scipy.sparse import csr_matrix

        asked = [content(text) for text in self.texts]
        columns = {word: at for at, word in enumerate(sorted(set().union(*asked)))}
        lengths = np.array([bag.total() for bag in self.bags])
        norms = 1.5 * (0.25 + 0.75 * lengths / lengths.mean())
        weighed = [
            (row, columns[word], count * 2.5 / (count + norms[row]))
            for row, bag in enumerate(self.bags)
            for word, count in bag.items()
            if word in columns
        ]
        rows, at, weights = (np.array(part) for part in zip(*weighed, strict=True))
        has = csr_matrix((weights, (rows, at)), (len(self.bags), len(columns)), dtype=np.float32)
        often = np.bincount(at, minlength=len(columns))
        rarity = np.log(1 + (len(lengths) - often + 0.5) / (often + 0.5))
        pairs = np.array([(row, columns[word]) for row, each in enumerate(asked) for word in each])
        wanted = csr_matrix((rarity[pairs[:, 1]], pairs.T), (len(asked), len(columns)), dtype=np.float32)
        scores = (wanted @ has.T).toarray()
        return scores, np.argsort(-scores, axis=1)[:, :BY_WORDS]

    def asked(self, rows: Collection[int] | Rows) -> list[Question]:
        """Return questions as they are."""
        return [(self.texts[row], self.questions[row], False) for row in rows]

    def reworded(self, texts: Sequence[str]) -> list[Question]:
        """Return questions with other texts, embedded."""
        vectors = self._encoder.encode_queries(list(texts))
        unknown = [is_language_unknown(text, self._encoder) for text in texts]
        return list(zip(texts, vectors, unknown, strict=True))

    def search(self, keep: NDArray[np.bool_]) -> WordSearch:
        """Return a search by words over the passages that are kept."""
        rows = np.flatnonzero(keep)
        numbers = [self.numbers[row] for row in rows]
        return WordSearch(
            Passages(
                documents=[self.documents[row] for row in rows],
                vectors=self.passages[rows],
                words=np.concatenate(numbers),
                bounds=np.cumsum([0, *map(len, numbers)], dtype=np.int64),
            ),
            numbered,
        )


def plant(
    world: World, cause: str, generator: np.random.Generator, *, share: float, languages: dict[str, list[str]]
) -> Planted | None:
    """Return a look with a cause planted in `share` of its recent questions; None where the set has too few for it."""
    everything = np.arange(len(world.texts))
    new = round(share * RECENT)
    keep = np.ones(len(world.passages), dtype=bool)
    before: Vectors | None = None
    pool = everything
    match cause:
        case (
            "documents missing"
            | "a topic with documents"
            | "old topic returns"
            | "half missing, half not found"
        ):
            topical = new // 2 if "half" in cause else new
            chosen, rows = _topics(world, generator, 2 * topical if cause == "old topic returns" else topical)
            pool = np.setdiff1d(everything, rows)
            if "missing" in cause:
                keep &= ~np.isin(world.topics[1], chosen)
                # What else would answer them is gone too: another country's page says the same.
                keep[[passage for row in rows for passage in world.right[row]]] = False
                keep[world.by_words[1][rows]] = False
                pool = np.array([row for row in pool if keep[list(world.right[row])].any()])
            planted = world.asked(rows[:topical])
            if "half" in cause:
                lost = np.intersect1d(world.not_found, pool)
                if len(lost) < new - topical:
                    return None
                planted += world.asked(generator.choice(lost, new - topical, replace=False))
                pool = np.setdiff1d(pool, lost)
            if cause != "documents missing" and "half" not in cause:
                earlier = generator.choice(pool, min(len(pool), REFERENCE), replace=False)
                again = rows[topical:] if cause == "old topic returns" else rows[:0]
                before = world.questions[np.concatenate([earlier, again])]
        case "not found":
            if len(world.not_found) < new:
                return None
            pool = np.setdiff1d(everything, world.not_found)
            planted = world.asked(generator.choice(world.not_found, new, replace=False))
        case "asked as key words" | "asked at length":
            rows = generator.choice(everything, new, replace=False)
            pool = np.setdiff1d(everything, rows)
            put: Callable[[str], str] = (
                _key_words if "key words" in cause else lambda text: _at_length(text, generator)
            )
            planted = world.reworded([put(world.texts[row]) for row in rows])
        case "asked in other languages":
            two = generator.choice(sorted(languages), 2, replace=False)
            planted = world.reworded([text for each in two for text in languages[str(each)]][:new])
        case _:
            raise ValueError(cause)
    pool = generator.permutation(pool)
    old = RECENT - len(planted)
    if len(pool) < REFERENCE // 2 + old:
        return None
    reference, usual = world.asked(pool[old : old + REFERENCE]), world.asked(pool[:old])
    recent = [*usual, *planted]
    recent = [recent[at] for at in generator.permutation(len(recent))]
    sides = [_watched(world, side, keep, name) for side, name in ((reference, "r"), (recent, "n"))]
    texts = {
        interaction: text
        for side, questions in zip(sides, (reference, recent), strict=True)
        for interaction, (text, *_) in zip(side.interactions, questions, strict=True)
    }
    look = Look(
        tenant="a", at=datetime.now(UTC), reference=sides[0], recent=sides[1], new=RECENT, run_length=50_000.0,
        reference_since=None, reset_by="start",
    )  # fmt: skip
    return Planted(look=look, texts=texts, stronger=world.search(keep), before=before, new=len(planted))


def numbered(some: Collection[str]) -> NDArray[np.uint32]:
    """Return the numbers that stand for words."""
    return np.unique(np.array([zlib.crc32(word.encode(errors="replace")) for word in some], np.uint32))


def _topics(world: World, generator: np.random.Generator, wanted: int) -> tuple[list[int], Rows]:
    """Return topics that have so many questions together, and these in random order."""
    counts = Counter(world.topics[0].tolist())
    chosen: list[int] = []
    for topic in generator.permutation([topic for topic, count in counts.items() if count >= wanted / 4]):
        chosen.append(int(topic))
        if sum(counts[each] for each in chosen) >= wanted:
            break
    return chosen, generator.permutation(np.flatnonzero(np.isin(world.topics[0], chosen)))


def _watched(world: World, questions: Sequence[Question], keep: NDArray[np.bool_], name: str) -> Watched:
    """Return questions as a check sees them, with nothing known of how they fared."""
    count = len(questions)
    vectors = np.stack([vector for _, vector, _ in questions])
    known = {word for row in np.flatnonzero(keep) for word in world.bags[row]}
    asked = [content(text) for text, *_ in questions]
    nothing = np.full(count, np.nan)
    return Watched(
        interactions=tuple(f"{name}{number}" for number in range(count)),
        positions=np.arange(1, count + 1),
        asked_at=np.arange(count, dtype=np.float64),
        vectors=vectors,
        best=(vectors @ world.passages[keep].T).max(axis=1).astype(np.float64),
        support=nothing,
        refused=nothing,
        rating=nothing,
        language_unknown=np.array([unknown for *_, unknown in questions]),
        words=np.array([len(written(text)) for text, *_ in questions], dtype=np.float64),
        share=np.array([np.mean([word not in known for word in each]) if each else np.nan for each in asked]),
    )


def _key_words(text: str) -> str:
    small = stop_words("english")
    return " ".join(word for word in written(text) if word not in small) or text


def _at_length(text: str, generator: np.random.Generator) -> str:
    return str(generator.choice(_LEADS)) + text + str(generator.choice(_ENDS))


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _right(path: Path, corpus: Sequence[dict[str, Any]]) -> dict[str, set[int]]:
    """Return question's id -> the rows of the passages that answer it."""
    at = {each["_id"]: row for row, each in enumerate(corpus)}
    right: dict[str, set[int]] = {}
    with path.open(encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            question, passage, score = line.split("\t")[:3]
            if float(score) > 0:
                right.setdefault(question, set()).add(at[passage])
    return right
