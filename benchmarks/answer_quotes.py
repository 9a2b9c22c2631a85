"""Claim: an answer without a language model quotes what was asked for, in at most 50 words.

Peer: the nearest sentence by cosine, the best one by BM25, and the choice of sentences as it was before.

Of a data set whose questions have a span of text as their answer: in how many percent of the questions the quoted text
holds the span, and how many words it has on average. All sides quote from the same hits, so that the whole passages
are the ceiling. Letters are compared in plain form, whatever their case. In most rows every question is answered; the
last two leave out those that the service refuses: now by support, calibrated on the corpus, and before by the cosine::

    python benchmarks/answer_quotes.py --questions 300
"""

import json
import math
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from arguments import parser_of
from labelled import as_served
from numpy.typing import NDArray

from rag.bootstrap import open_installation
from rag.domain import DEFAULT_TENANT, Calibration, Chunking, Hit, Release, Retrieval
from rag.ports import Encoder
from rag.questions.support.calibrating import calibrate
from rag.questions.support.evidence import read_evidence
from rag.questions.support.judging import judge
from rag.questions.writing.extracting import extracts
from rag.releases.models import LoadedRelease
from rag.releases.trials import Trial, trial_indexes
from rag.settings import Settings
from rag.text.codes import codes
from rag.text.forms import plain, readable
from rag.text.overlap import content, shares, words
from rag.text.statements import statements

GOAL, MOST_WORDS = 88.0, 50.0
"""Percent of the ceiling, and words on average."""
RESAMPLES = 5_000
BM25_K1, BM25_B = 1.5, 0.75


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question, what answers it, and what was found for it."""

    text: str
    spans: tuple[str, ...]  # any of them answers
    vector: NDArray[np.float32]  # the question's
    hits: tuple[Hit, ...]


@dataclass(frozen=True, kw_only=True)
class Quoted:
    """What one way of quoting gives."""

    holds: NDArray[np.bool_]  # a question each
    words: NDArray[np.int_]


Way = Callable[[Asked, Encoder], list[str]]
"""Question with hits -> the texts that are quoted."""


def main() -> int:
    """Print the table; give the exit status."""
    options = parser_of(__doc__)
    options.add_argument("--data", default="squadshifts-wiki")
    options.add_argument("--split", default="test")
    options.add_argument("--questions", type=int, help="as many, drawn at random; default: all")
    given = options.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with open_installation(Settings(_env_file=None, home=given.home)) as rag:
        encoder = rag.models.encoders.load(rag.models.encoders.resolve("minilm"))
        loaded = LoadedRelease(release=release_of(encoder), encoder=encoder, reranker=None)
        data = as_served(given.datasets / given.data, given.split)
        spans = spans_of(given.datasets / given.data)
        with trial_indexes(
            data.passages, tenant=DEFAULT_TENANT, cache=rag.models.cache, scratch=rag.scratch
        ) as indexes:
            trial = indexes.of(loaded)
            asked = found(trial, [each.text for each in data.test if each.text in spans], spans)
            support = calibrate(
                data.passages, trial.hits, encoder=encoder, total=len(data.passages), change=0
            )
        if given.questions:
            drawn = np.random.default_rng(17).permutation(len(asked))[: given.questions]
            asked = [asked[at] for at in sorted(drawn)]
        results = measure(asked, encoder)
        results |= served(asked, results, encoder, support)
    print(f"{given.data}, {len(asked)} questions, {len(data.passages)} passages\n")
    print(table(results))
    share, length = of_ceiling(results)
    print(f"\n{share:.1f} % of the ceiling (goal {GOAL}) in {length:.1f} words (goal {MOST_WORDS})")
    return 0 if share >= GOAL and length <= MOST_WORDS else 1


def release_of(encoder: Encoder) -> Release:
    """Return a first release with the encoder."""
    return Release.create(
        encoder=encoder.digest, dimension=encoder.dimension, chunking=Chunking(), retrieval=Retrieval()
    )


def spans_of(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return question -> its spans, of those that have any."""
    found: dict[str, tuple[str, ...]] = {}
    for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        answer = row.get("answers") or row.get("answer")
        if answer:
            found[row["text"]] = tuple(answer) if isinstance(answer, list) else (answer,)
    return found


def found(trial: Trial, questions: Sequence[str], spans: Mapping[str, tuple[str, ...]]) -> list[Asked]:
    """Ask the release; questions whose hits are none are left out."""
    depth = Retrieval().top_k
    return [
        Asked(
            text=text,
            spans=spans[text],
            vector=vector,
            hits=tuple(
                Hit(passage=each.passage, rank=at, score=each.score) for at, each in enumerate(hits, 1)
            ),
        )
        for text, vector, hits in zip(
            questions, trial.vectors(questions), trial.find(questions, limit=depth), strict=True
        )
        if hits
    ]


def measure(asked: Sequence[Asked], encoder: Encoder) -> dict[str, Quoted]:
    """Quote in every way, one question after the other."""
    given: dict[str, list[tuple[bool, int]]] = {name: [] for name in WAYS}
    for each in asked:
        for name, way in WAYS.items():
            texts = way(each, encoder)
            given[name].append((holds(each.spans, texts), sum(len(text.split()) for text in texts)))
    return {
        name: Quoted(holds=np.array([row[0] for row in rows]), words=np.array([row[1] for row in rows]))
        for name, rows in given.items()
    }


def served(
    asked: Sequence[Asked], results: Mapping[str, Quoted], encoder: Encoder, support: Calibration
) -> dict[str, Quoted]:
    """Return the answers of now and before with nothing quoted where the service refuses."""
    bar = Retrieval().threshold
    now = [
        judge(
            read_evidence(each.text, each.hits, encoder=encoder, vector=each.vector), support, encoder=encoder
        ).probability
        >= bar
        for each in asked
    ]
    before = [max(hit.score for hit in each.hits) >= COSINE for each in asked]
    return {
        f"{name}, where it is not refused": Quoted(
            holds=results[name].holds & np.array(answered), words=results[name].words * np.array(answered)
        )
        for name, answered in ((OURS, now), (BEFORE, before))
    }


def holds(spans: Sequence[str], texts: Sequence[str]) -> bool:
    """Tell whether one of the texts holds one of the spans."""
    return any(_flat(span) in flat for flat in map(_flat, texts) for span in spans)


def table(results: Mapping[str, Quoted]) -> str:
    """Return the table, as Markdown: shares in percent and words, with 95 % bootstrap intervals over the questions."""
    ceiling = results[CEILING].holds
    rows = ["| quoted | holds the answer, % | of the ceiling, % | words |", "|---|---|---|---|"]
    for name, result in results.items():
        share = _interval(100 * result.holds.astype(np.float64))
        length = _interval(result.words.astype(np.float64))
        ratio = _ratio(result.holds, ceiling)
        rows.append(f"| {name} | {share} | {ratio} | {length} |")
    return "\n".join(rows)


def of_ceiling(results: Mapping[str, Quoted]) -> tuple[float, float]:
    """Return our share of the ceiling in percent, and our words on average."""
    ours = results[OURS]
    return 100 * ours.holds.mean() / results[CEILING].holds.mean(), float(ours.words.mean())


def _ours(asked: Asked, encoder: Encoder) -> list[str]:
    evidence = read_evidence(asked.text, asked.hits, encoder=encoder, vector=asked.vector)
    return [each.text for each in extracts(evidence)]


def _by_cosine(asked: Asked, encoder: Encoder) -> list[str]:
    texts = _sentences(asked)
    return [texts[int(np.argmax(encoder.encode_passages(texts) @ asked.vector))]] if texts else []


def _by_bm25(asked: Asked, _encoder: Encoder) -> list[str]:
    """Robertson and Zaragoza, 2009, over the sentences of the hits."""
    texts = _sentences(asked)
    if not texts:
        return []
    bags = [words(text) for text in texts]
    seen = Counter(word for bag in bags for word in bag)
    mean = sum(bag.total() for bag in bags) / len(bags)

    def score(bag: Counter[str]) -> float:
        return sum(
            math.log(1 + (len(bags) - seen[word] + 0.5) / (seen[word] + 0.5))
            * bag[word]
            * (BM25_K1 + 1)
            / (bag[word] + BM25_K1 * (1 - BM25_B + BM25_B * bag.total() / mean))
            for word in content(asked.text)
        )

    return [max(zip(map(score, bags), texts, strict=True), key=lambda pair: pair[0])[1]]


def _sentences(asked: Asked) -> list[str]:
    return [each.text for hit in asked.hits for each in statements(hit.passage.text)]


def _passages(asked: Asked, _encoder: Encoder) -> list[str]:
    return [hit.passage.text for hit in asked.hits]


def _before(asked: Asked, encoder: Encoder) -> list[str]:
    """Choose as it was done before: by cosine and shared words, and maximal marginal relevance."""
    asks = codes(asked.text)
    kept: dict[str, tuple[str, str, float]] = {}
    for hit in asked.hits:
        for each in statements(hit.passage.text):
            text = readable(each.text)
            if len(text) > 400:
                text = text[:400].rsplit(" ", 1)[0] + " …"
            context = "\n".join(filter(None, (hit.passage.title if each.short else "", each.context)))
            seen = f"{context}\n{text}" if context else text
            typed = 0.5 * any(code.stands_in(plain(seen)) for code in asks)
            if typed or not any(code.is_rivalled_in(plain(seen)) for code in asks):
                kept.setdefault(plain(text).casefold(), (text, seen, hit.score + typed))
    found = list(kept.values())[:120]
    if not found:
        return []
    shared = np.array(shares(content(asked.text), [words(seen) for _, seen, _ in found]))
    read = np.sort(np.argsort(-(shared + [rest for _, _, rest in found]), kind="stable")[:20])
    vectors = encoder.encode_passages([found[at][1] for at in read])
    nearness = vectors @ asked.vector
    worth = np.where(nearness >= 0.25, nearness + 0.2 * shared[read], -np.inf)
    if not np.isfinite(worth).any():
        return []
    chosen = [int(np.argmax(worth))]
    while len(chosen) < 3:
        likeness = (vectors @ vectors[chosen].T).max(axis=1)
        following = 0.7 * worth - 0.3 * likeness
        following[(worth < 0.75 * worth[chosen[0]]) | (likeness >= 0.9)] = -np.inf
        if not np.isfinite(following).any():
            break
        chosen.append(int(np.argmax(following)))
    return [found[read[at]][0] for at in chosen]


def _flat(text: str) -> str:
    return " ".join(plain(text).casefold().split())


def _interval(values: NDArray[np.float64]) -> str:
    drawn = values[_drawn(len(values))].mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return f"{values.mean():.1f} ({low:.1f} to {high:.1f})"


def _ratio(ours: NDArray[np.bool_], ceiling: NDArray[np.bool_]) -> str:
    drawn = _drawn(len(ours))
    low, high = np.percentile(100 * ours[drawn].mean(axis=1) / ceiling[drawn].mean(axis=1), [2.5, 97.5])
    return f"{100 * ours.mean() / ceiling.mean():.1f} ({low:.1f} to {high:.1f})"


def _drawn(number: int) -> NDArray[np.int_]:
    return np.random.default_rng(17).integers(0, number, size=(RESAMPLES, number))


OURS, BEFORE, CEILING = "the answer", "the answer before", "the whole passages"
COSINE = 0.4  # of the nearest passage, below which the answer before was refused
WAYS: dict[str, Way] = {
    OURS: _ours,
    BEFORE: _before,
    "nearest sentence by cosine": _by_cosine,
    "best sentence by BM25": _by_bm25,
    CEILING: _passages,
}


if __name__ == "__main__":
    sys.exit(main())
