"""Claim: what a language model writes besides questions trains nothing, and what it wrote of questions is not lost.

Peer: the same model without vices.

A scripted language model (a real HTTP server with OpenAI's wire format) is asked for questions about FeedbackQA's
passages and for other wordings of its `train` questions, as mining asks. Honestly it answers with the questions that
people asked about the passage. A share of its replies has the vices of real models: refusals, another language, lists,
fences, thoughts, the prompt repeated, nothing, half of it, statements. Counted are the honest questions that are kept
and that are dropped though they stand whole in a reply, and what is kept that nobody asked::

    PYTHONPATH=tests python benchmarks/vices.py --data feedbackqa --shares 0 0.2 0.5

No weights are trained, and no `dev` or `test` question is seen.
"""

import json
import math
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from arguments import parser_of
from doubles.replies import Reply, Vice
from doubles.scripted_llm import ScriptedLLM
from doubles.vices import OF_FORM, Vices
from labelled import Benchmark, load

from flows.ops.tables import written_lines
from rag.bootstrap import open_installation
from rag.domain import Passage
from rag.settings import Settings
from rag.text.wording import normal
from retrain.bootstrap import writer
from retrain.domain import QuestionStyle
from retrain.settings import RetrainSettings

COUNT = 3
"""Questions of a reply."""
WORKERS = 4
_HOLD_SOME = OF_FORM | {None, Vice.CUT, Vice.PROMPT}
"""Replies in which honest questions may stand."""

Account = dict[str, Any]


@dataclass(kw_only=True)
class Seen:
    """What came of replies."""

    replies: int = 0
    there: int = 0  # honest questions that stand whole in them
    kept: int = 0  # of these
    got_through: list[str] = field(default_factory=list)  # what was kept besides
    lost: list[str] = field(default_factory=list)  # of what was there

    def add(self, honest: Sequence[str], said: Reply, kept: Sequence[str]) -> None:
        """Count one reply."""
        text = normal((said.text or "").replace("\\n", "\n"))
        wanted = dict.fromkeys(map(normal, honest))
        there = [each for each in wanted if each in text and said.vice in _HOLD_SOME]
        right = {normal(each) for each in kept}
        self.replies += 1
        self.there += len(there)
        self.kept += sum(each in right for each in there)
        self.lost += [each for each in there if each not in right]
        self.got_through += [each for each in kept if normal(each) not in wanted]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked about one passage, and what an honest model answers."""

    passage: Passage
    questions: tuple[str, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; give the exit status."""
    parser = parser_of(__doc__)
    parser.add_argument("--data", default="feedbackqa", help="data set whose passages are asked about")
    parser.add_argument(
        "--shares", type=float, nargs="+", default=[0.0, 0.2, 0.5], help="of replies with a vice"
    )
    parser.add_argument("--seed", type=int, default=17, help="which replies have which vice")
    parser.add_argument("--limit", type=int, help="passages, to try the script out")
    parser.add_argument("--by-vice", action="store_true", help="print a table by vice, and examples")
    options = parser.parse_args(arguments)
    asked = passages_asked_about(load(options.datasets / options.data), options.limit)
    print(
        "| vicious | asked for | replies | questions in them | wrongly dropped | kept | of these got through |"
    )
    print("|---|---|---|---|---|---|---|")
    told: list[str] = []
    for share in options.shares:
        spent, seen = run(asked, Vices(share=share, seed=options.seed))
        for what, by_vice in seen.items():
            print(f"| {share:.0%} | {what} | {row(by_vice.values())}", flush=True)
        told += [f"{share:.0%}: {line}" for line in written_lines(spent)]
        if options.by_vice:
            for what, by_vice in seen.items():
                for vice, one in sorted(by_vice.items(), key=lambda item: str(item[0])):
                    told.append(f"| {share:.0%} | {what}, {vice or 'honest'} | {row([one])}")
                    told += [f"    got through: {each!r}" for each in one.got_through[:4]]
                    told += [f"    dropped: {each!r}" for each in one.lost[:4]]
    print("\n".join(["", *told]))
    return 0


def passages_asked_about(data: Benchmark, limit: int | None) -> list[Asked]:
    """Return the passages that people asked about, with what they asked."""
    passages = {passage.id: passage for passage in data.passages}
    asked: dict[str, list[str]] = defaultdict(list)
    for pair in data.train:
        asked[pair.passage_id].append(" ".join(pair.question.split()))
    return [
        Asked(passage=passages[key], questions=tuple(dict.fromkeys(questions))[:COUNT])
        for key, questions in list(asked.items())[:limit]
    ]


def run(asked: Sequence[Asked], vices: Vices) -> tuple[Account, dict[str, dict[Vice | None, Seen]]]:
    """Ask for everything once; return what the run says it has cost, and what came of it by kind and vice."""
    about = {beginning(each.passage.embedded_text): each.questions for each in asked}
    others = {
        question: tuple(other for other in each.questions if other != question)
        for each in asked
        for question in each.questions
    }
    reworded = [(each, question) for each in asked for question in each.questions if others[question]]

    def honest(body: dict[str, Any]) -> tuple[str, ...]:
        given = json.loads(body["messages"][-1]["content"])
        return others[given["question"]] if "question" in given else about[beginning(given["passage"])]

    model = ScriptedLLM(
        default=lambda body: json.dumps({"questions": honest(body)}, ensure_ascii=False), vices=vices
    )
    kept: dict[str, tuple[str, ...]] = {}
    with (
        tempfile.TemporaryDirectory() as home,
        open_installation(Settings(_env_file=None, home=Path(home), llm_base_url=model.url)) as rag,
        ThreadPoolExecutor(WORKERS) as pool,
    ):
        asking = writer(rag, RetrainSettings(_env_file=None))
        assert asking is not None

        def mine(each: Asked) -> None:
            kept[beginning(each.passage.embedded_text)] = asking.questions(
                each.passage, COUNT, QuestionStyle.NATURAL
            )

        def reword(one: tuple[Asked, str]) -> None:
            kept[beginning(one[1])] = asking.paraphrases(one[1], COUNT, about=one[0].passage.embedded_text)

        list(pool.map(mine, asked))
        list(pool.map(reword, reworded))
        spent = asdict(asking.spent)
    model.close()
    seen: dict[str, dict[Vice | None, Seen]] = {"questions": {}, "paraphrases": {}}
    for body, said in model.said:
        given = json.loads(body["messages"][-1]["content"])
        what, key = ("paraphrases", "question") if "question" in given else ("questions", "passage")
        seen[what].setdefault(said.vice, Seen()).add(honest(body), said, kept[beginning(given[key])])
    return spent, seen


def beginning(text: str) -> str:
    """Return what a text is known by: long passages are not sent whole."""
    return text[:2_000]


def row(some: Iterable[Seen]) -> str:
    """Return the cells of a table's row."""
    every = list(some)
    replies, there = sum(each.replies for each in every), sum(each.there for each in every)
    right, through = sum(each.kept for each in every), sum(len(each.got_through) for each in every)
    dropped, got = share_of(there - right, there), share_of(through, right + through)
    dropped, got = share_of(there - right, there), share_of(through, right + through)
    return f"{replies} | {there} | {dropped} | {right + through} | {got} |"


def share_of(part: int, whole: int) -> str:
    """Return a share in percent with its 95 % interval (Wilson 1927)."""
    if not whole:
        return "-"
    z, p = 1.96, part / whole
    middle = (p + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z / (1 + z * z / whole) * math.sqrt(p * (1 - p) / whole + z * z / (4 * whole * whole))
    return f"{part} ({100 * p:.1f} %, {100 * max(0.0, middle - half):.1f} to {100 * (middle + half):.1f})"


if __name__ == "__main__":
    sys.exit(main())
