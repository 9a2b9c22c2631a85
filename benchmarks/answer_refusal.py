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
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from arguments import parser_of
from numpy.typing import NDArray
from refusal_signs import UNANSWERED, Asked, Data, Examined, drawn, examine, load

from rag.bootstrap import Installation, open_installation
from rag.domain import Calibration, Retrieval
from rag.questions.support.calibrating import fitted, shift, usual_of
from rag.questions.support.judging import PRIOR
from rag.questions.support.signs import NAMES
from rag.settings import Settings

SETS = ("feedbackqa", "pubmedqa-pqal", "medquad", "clapnq-dev")
UNSEEN = "squadshifts-wiki"  # asked at the end, and fitted on never
ANSWERED = 0.95
FOREIGN_WEIGHT = 0.2  # of foreign questions beside near misses, where the prior is fitted
RESAMPLES = 1_000
BINS = 10

Values = NDArray[np.float64]
Key = tuple[str, str]  # encoder and data set
Calibrate = Callable[[Key], Calibration]


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
    tables = report(fits, seen)
    print(tables)
    if options.out:
        options.out.write_text(tables + "\n", encoding="utf-8")
    return 0


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


def report(fits: dict[Key, Examined], seen: dict[Key, Examined]) -> str:
    """Return all tables, as Markdown."""
    left_out = {
        name: prior({key: each for key, each in fits.items() if group(key[1]) != name})
        for name in {name for _, name in seen}
    }

    def unseen(key: Key) -> Calibration:
        return fitted(seen[key].observed, left_out[key[1]])

    return "\n\n".join(
        (
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
            reliability(seen, lambda key: fitted(seen[key].informed, left_out[key[1]])),
        )
    )


def refusals(seen: dict[Key, Examined], calibrate: Calibrate) -> str:
    """Return what is refused in each corpus: with 95 % of its answerable questions answered, and by default."""
    default = Retrieval().threshold
    lines = [
        f"| corpus | n | near misses refused at 95 % answered: cosine | support | foreign: cosine | support "
        f"| at {default:.2f}: answered | near misses refused | foreign refused |",
        f"|{'---|' * 9}",
    ]
    for key, each in seen.items():
        calibration = calibrate(key)
        cosines = [np.array([row.nearest for row in each.of(*kinds)]) for kinds in _KINDS]
        chances = [each.support(calibration, *kinds) for kinds in _KINDS]
        if not len(cosines[0]):
            continue
        cells = []
        for at in (1, 2):
            cells += [_interval(_refused, sides[0], sides[at]) for sides in (cosines, chances)]
        shares = (
            _interval(lambda of: 100 * (of >= default).mean(), chances[0]),
            *(_interval(lambda of: 100 * (of < default).mean(), of) for of in chances[1:]),
        )
        lines.append(
            f"| {key[1]}, {key[0]} | {len(chances[0])} / {len(chances[1])} | {' | '.join((*cells, *shares))} |"
        )
    return "\n".join(lines)


def one_threshold(seen: dict[Key, Examined], calibrate: Calibrate, title: str) -> str:
    """Return what one number for all corpora refuses that answers 95 % of the answerable questions over them."""
    lines = [
        f"| {title}: one threshold for all | threshold | answered | near misses refused | foreign refused |",
        f"|{'---|' * 5}",
    ]
    for encoder in dict.fromkeys(key[0] for key in seen):
        mine = {key: each for key, each in seen.items() if key[0] == encoder}
        for side in ("cosine", "support"):
            values = [
                [
                    np.array([row.nearest for row in each.of(*kinds)])
                    if side == "cosine"
                    else each.support(calibrate(key), *kinds)
                    for kinds in _KINDS
                ]
                for key, each in mine.items()
            ]
            threshold = _shared([sides[0] for sides in values if len(sides[0])])
            below = [[100 * _share_below(of, threshold) for of in sides] for sides in values]
            answered = _listed([100 - refused for refused, _, _ in below])
            shares = [answered, *(_listed([sides[at] for sides in below]) for at in (1, 2))]
            lines.append(f"| {encoder}, {side} | {threshold:.2f} | {' | '.join(shares)} |")
    names = " / ".join(dict.fromkeys(name for _, name in seen))
    return "\n".join([*lines, "", f"Corpora: {names}."])


def errors(seen: dict[Key, Examined], ways: dict[str, Calibrate]) -> str:
    """Return the expected calibration errors of several ways to calibrate."""
    lines = [f"| expected calibration error | {' | '.join(ways)} |", f"|{'---|' * (len(ways) + 1)}"]
    for key, each in seen.items():
        cells = []
        for calibrate in ways.values():
            right, wrong = (each.support(calibrate(key), *kinds) for kinds in _KINDS[:2])
            cells.append(_interval(expected_error, right, wrong, digits=3) if len(right) else "–")
        if each.of("answered"):
            lines.append(f"| {key[1]}, {key[0]} | {' | '.join(cells)} |")
    cells = []
    for calibrate in ways.values():
        pairs = [
            tuple(each.support(calibrate(key), *kinds) for kinds in _KINDS[:2])
            for key, each in seen.items()
            if each.of("answered")
        ]
        most = max(len(side) for pair in pairs for side in pair)
        right, wrong = (np.concatenate([_filled(pair[at], most) for pair in pairs]) for at in (0, 1))
        cells.append(f"{expected_error(right, wrong):.3f}")
    lines.append(f"| all, each corpus the same | {' | '.join(cells)} |")
    return "\n".join(lines)


def reliability(seen: dict[Key, Examined], calibrate: Calibrate) -> str:
    """Return how many questions of each probability have an answer, over all corpora."""
    chances: list[tuple[float, float, float]] = []  # probability, answered, weight
    for key, each in seen.items():
        if not each.of("answered"):
            continue
        for kinds, answered in ((_KINDS[0], 1.0), (_KINDS[1], 0.0)):
            found = each.support(calibrate(key), *kinds)
            chances += [(float(chance), answered, 1 / len(found)) for chance in found]
    table = np.array(chances)
    bins = np.minimum((table[:, 0] * BINS).astype(int), BINS - 1)
    lines = ["| probability | questions | mean | answered |", "|---|---|---|---|"]
    for at in range(BINS):
        rows = table[bins == at]
        if len(rows):
            mean, share = (np.average(rows[:, column], weights=rows[:, 2]) for column in (0, 1))
            lines.append(
                f"| {at / BINS:.1f} to {(at + 1) / BINS:.1f} | {len(rows)} | {mean:.2f} | {share:.2f} |"
            )
    return "\n".join(lines)


def expected_error(right: Values, wrong: Values) -> float:
    """Return the expected calibration error (Naeini et al., 2015) in ten bins, both classes weighing the same."""
    chance = np.concatenate([right, wrong])
    answered = np.concatenate([np.ones(len(right)), np.zeros(len(wrong))])
    weight = np.concatenate([np.full(len(side), 0.5 / len(side)) for side in (right, wrong)])
    bins = np.minimum((chance * BINS).astype(int), BINS - 1)
    return float(sum(abs((weight * (chance - answered))[bins == at].sum()) for at in range(BINS)))


_KINDS = (("answered",), UNANSWERED, ("foreign",))


def _refused(right: Values, wrong: Values) -> float:
    """Return the percent refused at the threshold that answers 95 % of the answerable."""
    return float(100 * (wrong < np.quantile(right, 1 - ANSWERED)).mean())


def _shared(answerable: Sequence[Values]) -> float:
    for threshold in sorted(np.concatenate(answerable), reverse=True):
        if np.mean([(each >= threshold).mean() for each in answerable]) >= ANSWERED:
            return float(threshold)
    return 0.0


def _share_below(values: Values, threshold: float) -> float:
    return float((values < threshold).mean()) if len(values) else float("nan")


def _listed(percents: Sequence[float]) -> str:
    each = " / ".join("–" if np.isnan(percent) else f"{percent:.0f}" for percent in percents)
    return f"{each} (mean {np.nanmean(percents):.0f})"


def _filled(values: Values, count: int) -> Values:
    return values[np.arange(count) % len(values)]


def _interval(figure: Callable[..., float], *samples: Values, digits: int = 0) -> str:
    draws = np.random.default_rng(17)
    again = [
        figure(*(sample[draws.integers(0, len(sample), len(sample))] for sample in samples))
        for _ in range(RESAMPLES)
    ]
    low, high = np.percentile(again, [2.5, 97.5])
    return f"{figure(*samples):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


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
