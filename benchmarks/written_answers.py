"""Claim: of the sentences that their passages bear out at most 5 % are marked, and most of the others are.

Peer: none; no other check was compared.

    python benchmarks/written_answers.py --split dev

The language models at hand are too small to write answers, so sentences are made of real passages (reworded.py): a
passage's own, reworded, two joined; against those of the most similar other passage, and with a number, a name or a
negation changed. People's own words are beside them: PubMedQA's authors' conclusions against their article and the
most similar other one, and ClapNQ's answers (test only) against the passage they were written from and the most
similar other one. The check runs as in serving, sentence by sentence, each as an answer that cites the passage. The
last lines time an answer of ten sentences. The weights were fitted on dev.
"""

import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from arguments import parser_of
from reworded import SUPPORTED, UNSUPPORTED, examples, nearest
from scipy import stats

from rag.bootstrap import open_installation
from rag.domain import Document, Hit, Passage
from rag.ports import Encoder
from rag.questions.checking.checking import check
from rag.questions.support.evidence import read_evidence
from rag.settings import Settings
from rag.text.overlap import content
from rag.text.quotes import quotes

_CHUNK = 1_200
"""Characters of a passage where time is measured: what ingestion cuts."""

Case = tuple[str, str, bool, str, list[Hit]]
"""Data set, kind, whether it is borne out, the sentence, and the passages it cites."""


def made(folder: Path, split: str, limit: int) -> Iterator[Case]:
    """Yield sentences made of the passages that answer a split's questions."""
    corpus = _records(folder / "corpus.jsonl")
    place = {record["_id"]: at for at, record in enumerate(corpus)}
    asked = {record["_id"] for record in _records(folder / "queries.jsonl") if record["split"] == split}
    right = set()
    for line in (folder / "qrels.tsv").read_text().splitlines()[1:]:
        question, passage, grade = line.split("\t")
        if question in asked and int(grade) > 0:
            right.add(place[passage])
    of = sorted(right)
    random.Random(3).shuffle(of)
    texts = [f"{record['title']}\n\n{record['text']}" for record in corpus]
    for each in examples(texts, of[:limit], seed=5):
        yield folder.name, each.kind, each.supported, each.sentence, _hits([texts[each.passage]])


def concluded(folder: Path, split: str, limit: int) -> Iterator[Case]:
    """Yield the first sentence of authors' conclusions, with their own article and with another."""
    articles: dict[str, list[str]] = defaultdict(list)
    for record in _records(folder / "corpus.jsonl"):
        articles[record["_id"].rsplit("-", 1)[0]].append(record["text"])
    asked = [each for each in _records(folder / "queries.jsonl") if each["split"] == split][:limit]
    pairs = [(each["answer"], articles[each["_id"]]) for each in asked]
    yield from _by_people(folder.name, "conclusion", pairs)


def answered(folder: Path, limit: int) -> Iterator[Case]:
    """Yield the sentences of people's answers, with the passage they were written from and with another."""
    texts = {each["_id"]: f"{each['title']}\n\n{each['text']}" for each in _records(folder / "corpus.jsonl")}
    rows = [line.split("\t") for line in (folder / "qrels.tsv").read_text().splitlines()[1:]]
    right = {question: texts[passage] for question, passage, grade in rows if int(grade) > 0}
    asked = [
        each for each in _records(folder / "queries.jsonl") if each.get("answerable") and each["_id"] in right
    ]
    yield from _by_people(
        folder.name, "answer", [(each["answer"], [right[each["_id"]]]) for each in asked[:limit]]
    )


def _by_people(name: str, what: str, pairs: Sequence[tuple[str, list[str]]]) -> Iterator[Case]:
    bags = [content(" ".join(passages)) for _, passages in pairs]
    for at, (answer, passages) in enumerate(pairs):
        said = [each.text for each in quotes(answer) if len(each.text.split()) > 5]
        other = pairs[nearest(at, bags)][1]
        for sentence in said[:3]:
            yield name, f"{what}, its own passages", True, sentence, _hits(passages)
            yield name, f"{what}, another's", False, sentence, _hits(other)


def is_marked(case: Case, encoder: Encoder) -> bool:
    """Tell whether the check marks a case's sentence."""
    _, _, _, sentence, hits = case
    marks = "".join(f"[{hit.rank}]" for hit in hits)
    return bool(check(f"{sentence.rstrip('.')} {marks}.", hits, encoder=encoder).unsupported)


def cost(texts: Sequence[str], encoder: Encoder, runs: int, *, astray: int) -> list[float]:
    """Return the milliseconds of checking answers of ten sentences; each cites the passage `astray` places on."""
    taken = []
    chance = random.Random(9)
    for _ in range(runs):
        chosen = chance.sample(list(texts), 10)
        said = [chance.choice(quotes(text)).text.rstrip(".") for text in chosen]
        answer = " ".join(f"{each} [{(at + astray) % 10 + 1}]." for at, each in enumerate(said))
        hits = _hits(chosen)
        evidence = read_evidence(said[0], hits, encoder=encoder)
        began = time.perf_counter()
        check(answer, hits, encoder=encoder, evidence=evidence)
        taken.append((time.perf_counter() - began) * 1_000)
    return sorted(taken)


def _hits(texts: Sequence[str]) -> list[Hit]:
    return [_hit(rank, text) for rank, text in enumerate(texts, 1)]


def _hit(rank: int, text: str) -> Hit:
    document = Document.create(uri=f"{rank}-{hash(text)}", text=text)
    return Hit(passage=Passage.create(document, 0, text), rank=rank, score=0.5)


def _records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.open(encoding="utf-8")]


def _share(marked: Sequence[bool]) -> str:
    if not marked:
        return ""
    interval = stats.binomtest(sum(marked), len(marked)).proportion_ci(method="wilson")
    return f"{sum(marked) / len(marked):.1%} [{interval.low:.1%}, {interval.high:.1%}] of {len(marked)}"


def main() -> None:
    """Print a table of what is marked, precision and recall, and the cost."""
    parser = parser_of(__doc__)
    parser.add_argument("--split", choices=["dev", "test"], default="dev")
    parser.add_argument("--limit", type=int, default=250, help="passages, or answers, of each set")
    parser.add_argument("--runs", type=int, default=40, help="answers that are timed")
    arguments = parser.parse_args()
    with open_installation(Settings(_env_file=None, home=arguments.home)) as rag:
        encoder = rag.models.encoders.load(rag.models.encoders.resolve("minilm"))
    folder, limit = arguments.datasets, arguments.limit
    cases = [
        case for name in ("feedbackqa", "medquad") for case in made(folder / name, arguments.split, limit)
    ]
    machine = list(cases)
    cases += concluded(folder / "pubmedqa-pqal", arguments.split, limit)
    if arguments.split == "test":
        cases += answered(folder / "clapnq-dev", limit)
    found: dict[tuple[str, str, bool], list[bool]] = defaultdict(list)
    for case in cases:
        found[case[:3]].append(is_marked(case, encoder))
    print("| set | sentence | borne out | marked |\n|---|---|---|---|")
    for (name, kind, supported), marked in sorted(
        found.items(), key=lambda each: (each[0][0], not each[0][2])
    ):
        print(f"| {name} | {kind} | {'yes' if supported else 'no'} | {_share(marked)} |")
    in_error = [mark for (_, kind, _), marks in found.items() if kind in SUPPORTED for mark in marks]
    rightly = [mark for (_, kind, _), marks in found.items() if kind in UNSUPPORTED for mark in marks]
    precision = sum(rightly) / max(sum(rightly) + sum(in_error), 1)
    print(
        f"\nMade of passages: marked in error {_share(in_error)}, recall {_share(rightly)}, precision {precision:.1%}"
    )
    texts = [
        text[:_CHUNK] for _, _, _, _, (hit, *_) in machine if len(text := hit.passage.text) > _CHUNK // 2
    ]
    for what, astray in (("borne out", 0), ("of other passages", 3)):
        taken = cost(texts, encoder, arguments.runs, astray=astray)
        middle, high = taken[len(taken) // 2], taken[int(len(taken) * 0.95)]
        print(f"Ten sentences {what}, ten passages: p50 {middle:.0f} ms, p95 {high:.0f} ms")


if __name__ == "__main__":
    main()
