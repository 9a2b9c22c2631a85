"""Claim: support refuses near misses three times as often as one cosine, and its probability means what it says.

Peer: the nearest hit's cosine with one threshold for all documents, as releases had it before.

What is refused with 95 % of the answerable questions answered, and at the default threshold; what a probability means
(expected calibration error, with as many questions that have an answer as have none). `refusal_signs.py` says how the
questions come about. Leave-one-corpus-out: what holds for any documents was fitted on the other data sets; what is made
of the documents themselves is as in a release. Intervals are bootstrapped over questions (95 %)::

    python benchmarks/answer_refusal.py --home /tmp/refusal             # chosen on dev
    python benchmarks/answer_refusal.py --split test                    # reported once
    python benchmarks/answer_refusal.py --fit                           # the prior that the code ships, from train
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from arguments import parser_of
from refusal_signs import UNANSWERED, Asked, Data, Examined, drawn, examine, load
from refusal_tables import Key, Values, errors, goals, one_threshold, refusals, reliability

from rag.bootstrap import Installation, open_installation
from rag.domain import Calibration
from rag.questions.support.calibrating import fitted, shift, usual_of
from rag.questions.support.judging import PRIOR
from rag.questions.support.signs import NAMES
from rag.settings import Settings

SETS = ("feedbackqa", "pubmedqa-pqal", "medquad", "clapnq-dev")
UNSEEN = "squadshifts-wiki"  # asked at the end, and fitted on never
FOREIGN_WEIGHT = 0.2  # of foreign questions beside near misses, where the prior is fitted


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; give the exit status."""
    options = _options().parse_args(arguments)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with open_installation(Settings(_env_file=None, home=options.home)) as rag:
        fits = collected(options, rag, fitting=True)
        if options.fit:
            made = prior(fits)
            print(f"weights={made.weights}, bias={made.bias}")
            return 0
        seen = collected(options, rag, fitting=False)
    tables, met = report(fits, seen)
    print(tables)
    if options.out:
        options.out.write_text(tables + "\n", encoding="utf-8")
    return 0 if met else 1


def collected(options: argparse.Namespace, rag: Installation, *, fitting: bool) -> dict[Key, Examined]:
    """Return what came of all questions: those to fit on, with thinned out corpora too, or those to judge by."""
    names = [*SETS, *([UNSEEN] if options.split == "test" and not fitting else [])]
    sets = {name: load(options.datasets / name) for name in names}
    found: dict[Key, Examined] = {}
    for kind in options.encoders:
        encoder = rag.models.encoders.load(rag.models.encoders.resolve(kind))
        for name, data in sets.items():
            others = [each for other in sets if other != name for each in sets[other].of("dev")]
            foreign = drawn(others, 60 if fitting else 200)
            for corpus in (data, data.third()) if fitting else (data,):
                print(f"{kind}: {corpus.name}", file=sys.stderr, flush=True)
                found[kind, corpus.name] = examine(
                    corpus,
                    _fitting(corpus, options.limit) if fitting else _judging(corpus, options),
                    foreign,
                    encoder=encoder,
                    rag=rag,
                    people=() if fitting else drawn([each for each in data.of("train") if each.right], 100),
                )
    return found


def _fitting(data: Data, limit: int) -> list[Asked]:
    return [*drawn([each for each in data.of("train") if each.right], limit), *data.of("unanswerable")[::2]]


def _judging(data: Data, options: argparse.Namespace) -> list[Asked]:
    asked = drawn([each for each in data.of(options.split) if each.right], options.limit)
    return [*asked, *(data.of("unanswerable")[1::2] if options.split == "test" else [])]


def group(name: str) -> str:
    """Return the data set that a corpus is, or is a third of."""
    return name.partition(",")[0]


def prior(fits: dict[Key, Examined]) -> Calibration:
    """Fit what holds for any documents: a logistic regression in which every data set counts the same."""
    signs, right, weights = [], [], []
    corpora = [group(name) for _, name in fits]
    for (_, name), each in fits.items():
        moved = shift(usual_of(each.observed))
        classes = ((("answered",), 1.0, 1.0), (UNANSWERED, 0.0, 1.0), (("foreign",), 0.0, FOREIGN_WEIGHT))
        for kinds, label, weight in classes:
            rows = each.of(*kinds)
            for row in rows:
                nearest, *others = row.signs.values
                signs.append([nearest - moved, *others, 1.0])
                right.append(label)
                weights.append(500 * weight / len(rows) / corpora.count(group(name)))
    at = _logistic(np.array(signs), np.array(right), np.array(weights))
    return replace(
        PRIOR,
        signs=NAMES,
        weights=tuple(round(float(each), 2) for each in at[:-1]),
        bias=round(float(at[-1]), 2),
    )


def _logistic(rows: Values, right: Values, weights: Values) -> Values:
    """Return the weights, the last one the bias, by Newton's steps with a little ridge."""
    at = np.zeros(rows.shape[1])
    ridge = 0.1 * np.eye(len(at))
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(rows @ at, -30, 30)))
        slope = rows.T @ (weights * (right - chance)) - ridge @ at
        bend = (rows * (weights * chance * (1 - chance))[:, None]).T @ rows + ridge
        at = at + np.linalg.solve(bend, slope)
    return at


def report(fits: dict[Key, Examined], seen: dict[Key, Examined]) -> tuple[str, bool]:
    """Return all tables, as Markdown, and whether every goal was met."""
    left_out = {
        name: prior({key: each for key, each in fits.items() if group(key[1]) != name})
        for name in {name for _, name in seen}
    }

    def unseen(key: Key) -> Calibration:
        return fitted(seen[key].observed, left_out[key[1]])

    reached, met = goals(seen, unseen)
    tables = "\n\n".join(
        (
            reached,
            refusals(seen, unseen),
            one_threshold(seen, unseen, "leave-one-corpus-out"),
            one_threshold(seen, lambda key: fitted(seen[key].observed), "as shipped"),
            errors(
                seen,
                {
                    "no documents": lambda key: replace(
                        left_out[key[1]],
                        common=seen[key].observed.words.common,
                        rarity=seen[key].observed.words.rarity,
                        rare=seen[key].observed.words.rare,
                    ),
                    "its documents": unseen,
                    "and 100 questions": lambda key: fitted(seen[key].informed, left_out[key[1]]),
                    "as shipped": lambda key: fitted(seen[key].observed),
                    "as shipped, and 100 questions": lambda key: fitted(seen[key].informed),
                },
            ),
            reliability(seen, unseen),
        )
    )
    return tables, met


def _options() -> argparse.ArgumentParser:
    parser = parser_of(__doc__)
    add = parser.add_argument
    add("--encoders", nargs="+", default=["minilm", "static"], help="minilm, static, a folder or a digest")
    add("--split", choices=["dev", "test"], default="dev", help="questions that are judged by")
    add("--limit", type=int, default=300, help="questions of a data set")
    add("--fit", action="store_true", help="print the prior's weights and bias, and end")
    add("--out", type=Path, help="write the tables there as well")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
