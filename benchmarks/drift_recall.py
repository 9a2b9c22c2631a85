"""Claim: recall of live questions is known from few labels, with intervals that hold however often one looks.

Peer: Wald's and Clopper and Pearson's intervals, made for one look; and prediction-powered inference with the
retrieval score in place of a judge.

Real questions asked of the default retrieval, drawn with replacement into streams. Each is put to people with the
probability that `monitoring/labels/sampling.py` gives it; people's word is the data set's label. Prints three Markdown
tables:

- judges: how well each tells found from not found;
- coverage and width of the 95 % intervals at 40, 100 and 200 labels, looked at after each question;
- delay until a drop of 5, 10 and 20 points is found, and false alarms in a year without one, one look a day.

    WHETSTONE_DATASETS=... .venv/bin/python benchmarks/drift_recall.py
    ... --encoder minilm --choose          # on train and dev questions
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from arguments import parser_of
from live_streams import Floats, Pool, Pools, pools, read, saved
from numpy.typing import NDArray
from refusal_signs import load

from monitoring.labels.agreement import START, Weights, learned
from monitoring.labels.sampling import Rates, probability
from monitoring.sequential.drops import FEWEST, drop
from monitoring.sequential.intervals import Labelled, holds, interval
from rag.bootstrap import open_installation
from rag.settings import Settings

SETS = ("medquad", "feedbackqa", "pubmedqa-pqal", "squadshifts-wiki")
MARKS = (40, 100, 200)
A_DAY = 200
"""Questions a day."""
LEVEL = 0.10 / 365
"""What a daily look may spend on this signal at one false alarm in a year: its share of the budget."""
RIGHT = 0.85
"""How often the made-up language model is right."""

ALONE, SCORE, AGREEMENT, MODEL = (
    "labels alone",
    "retrieval score",
    "**agreement**",
    "a model that is right 85 % of the time (made up)",
)
SCORED = Weights(centre=(0.6,), scale=(0.1,), weights=(0.0,), bias=1.0)

Predict = Callable[[Pool, Floats, np.random.Generator], Floats]


@dataclass(frozen=True, kw_only=True, eq=False)
class Stream:
    """Questions in a row, and which of them people label with what probability."""

    pool: Pool  # in their order
    chance: Floats  # (n,)
    least: float  # that any question has
    drawn: NDArray[np.bool_]  # (n,)

    def labelled(self, predicted: Floats) -> Labelled:
        """Return it with what a judge says."""
        said = np.where(self.drawn, self.pool.found, 0.0)
        return Labelled(
            drawn=self.drawn,
            probability=self.chance,
            least=np.full(len(said), self.least),
            predicted=predicted,
            low=said,
            high=said,
        )


def stream(pool: Pool, rate: float, generator: np.random.Generator) -> Stream:
    """Draw which questions people label: on average about `rate` of them."""
    rates = Rates(share=1.0, people=rate, seed=0)
    chance = np.array([probability(float(support), rates) for support in pool.support])
    return Stream(
        pool=pool,
        chance=chance,
        least=probability(1.0, rates),
        drawn=generator.random(len(pool)) < chance,
    )


def sampled(pool: Pool, count: int, generator: np.random.Generator) -> Pool:
    """Draw questions with replacement."""
    return pool.pick(generator.integers(0, len(pool), count))


def taught(start: Weights, signs: Floats, given: Stream) -> Floats:
    """Return what a judge says that learns at the end of each day from the labels so far."""
    said = np.empty(len(given.pool))
    for day in range(0, len(said), A_DAY):
        known = np.flatnonzero(given.drawn[:day])[-2_000:]
        weights = learned(start, signs[known], given.pool.found[known]) if len(known) else start
        said[day : day + A_DAY] = chances(weights, signs[day : day + A_DAY])
    return said


def chances(weights: Weights, signs: Floats) -> Floats:
    """Return `Weights.probability` of many at once, shape (n,)."""
    at = (signs - np.array(weights.centre)) / np.array(weights.scale)
    made: Floats = 1.0 / (1.0 + np.exp(-(weights.bias + at @ np.array(weights.weights))))
    return made


def judged(given: Stream, generator: np.random.Generator) -> dict[str, Floats]:
    """Return what each judge says of a stream's questions."""
    pool = given.pool
    right = generator.random(len(pool)) < RIGHT
    return {
        ALONE: np.full(len(pool), np.nan),
        SCORE: taught(SCORED, pool.nearest[:, np.newaxis], given),
        AGREEMENT: taught(START, pool.signs, given),
        MODEL: np.where(right == (pool.found == 1.0), 0.9, 0.1),
    }


def once(labels: Floats, kind: str) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Return 95 % intervals that are made for one look, after 10 labels and each further one: counts, lows, highs."""
    from scipy import stats

    counts = np.arange(10, len(labels) + 1)
    hits = np.cumsum(labels)[counts - 1]
    if kind == "Clopper-Pearson":
        low = np.nan_to_num(stats.beta.ppf(0.025, hits, counts - hits + 1), nan=0.0)
        high = np.nan_to_num(stats.beta.ppf(0.975, hits + 1, counts - hits), nan=1.0)
        return counts, low, high
    mean = hits / counts
    half = 1.96 * np.sqrt(mean * (1 - mean) / counts)
    return counts, mean - half, mean + half


def percent(hits: int, count: int) -> str:
    """Write a share with its interval."""
    from scipy import stats

    between = stats.binomtest(hits, count).proportion_ci()
    return f"{hits / count:.1%} [{between.low:.1%}, {between.high:.1%}]"


def coverage(of: Sequence[tuple[str, Pool]], *, runs: int, wide: int, seed: int, rate: float) -> None:
    """Print coverage and width of each method on each data set."""
    print(f"| set | method | {' | '.join(f'coverage to {n} | width at {n}' for n in MARKS)} |")
    print("|---" * (2 + 2 * len(MARKS)) + "|")
    for name, pool in of:
        truth = float(pool.found.mean())
        covered: dict[str, NDArray[np.int64]] = {}
        widths: dict[str, list[list[float]]] = {}
        for run in range(runs):
            generator = np.random.default_rng([seed, run])
            count = round(1.4 * MARKS[-1] / rate)
            given = stream(sampled(pool, count, generator), rate, generator)
            ends = np.flatnonzero(given.drawn)
            for method, said in judged(given, generator).items():
                labelled = given.labelled(said)
                fits = holds(labelled, truth)
                seen = np.array([bool(fits[: ends[n - 1] + 1].all()) for n in MARKS])
                covered[method] = covered.get(method, np.zeros(len(MARKS), np.int64)) + seen
                if run < wide:
                    widths.setdefault(method, []).append(
                        [interval(labelled.pick(slice(0, ends[n - 1] + 1))).width for n in MARKS]
                    )
            plain = sampled(pool, MARKS[-1], generator).found
            for peer in ("Wald", "Clopper-Pearson"):
                counts, low, high = once(plain, peer)
                fits = (low <= truth) & (truth <= high)
                seen = np.array([bool(fits[counts <= n].all()) for n in MARKS])
                covered[peer] = covered.get(peer, np.zeros(len(MARKS), np.int64)) + seen
                if run < wide:
                    widths.setdefault(peer, []).append([float((high - low)[counts == n][0]) for n in MARKS])
        for method, hits in covered.items():
            cells = (
                f"{percent(int(hits[at]), runs)} | {np.mean([each[at] for each in widths[method]]):.3f}"
                for at in range(len(MARKS))
            )
            print(f"| {name} ({truth:.0%}) | {method} | {' | '.join(cells)} |", flush=True)


def judges(of: Sequence[tuple[str, Pool]], *, seed: int) -> None:
    """Print how well each judge tells found from not found, after 200 labels."""
    from sklearn.metrics import roc_auc_score

    print("| set | judge | AUC | squared correlation |")
    print("|---|---|---|---|")
    for name, pool in of:
        generator = np.random.default_rng(seed)
        given = stream(sampled(pool, 200 * 20 + 4_000, generator), 0.05, generator)
        for judge, said in judged(given, generator).items():
            if judge == ALONE:
                continue
            late, found = said[-4_000:], given.pool.found[-4_000:]
            square = float(np.corrcoef(late, found)[0, 1]) ** 2
            print(f"| {name} | {judge} | {roc_auc_score(found, late):.3f} | {square:.3f} |", flush=True)


def fallen(of: Pools, points: float, before: int, after: int, generator: np.random.Generator) -> Pool:
    """Return a stream that loses so many points of recall after `before` questions, for good."""
    share = points / float(of.report.found.mean())
    at = generator.integers(0, len(of.report), before + after)
    lost = (np.arange(before + after) >= before) & (generator.random(before + after) < share)
    plain, gone = of.report.pick(at), of.lost.pick(at)
    return Pool(
        name=of.name,
        found=np.where(lost, gone.found, plain.found),
        signs=np.where(lost[:, np.newaxis], gone.signs, plain.signs),
        nearest=np.where(lost, gone.nearest, plain.nearest),
        support=np.where(lost, gone.support, plain.support),
    )


def looks(labelled: Labelled, start: int, *, seed: int) -> Iterator[tuple[int, float]]:
    """Yield for the look at the end of each day how many questions there were, and the p-value."""
    for day in range(start, len(labelled) + 1, A_DAY):
        ends = np.flatnonzero(labelled.drawn[:day])
        if len(ends) >= FEWEST:
            seen = labelled.pick(slice(0, int(ends[-1]) + 1))
            yield day, drop(seen, level=LEVEL, permutations=19_999, seed=seed).p_value


def delays(of: Pools, lost: Sequence[float], *, runs: int, seed: int, days: int, most: int) -> None:
    """Print the delays of one data set: `days` without a change, then so many points lost, found within `most` days."""
    for points in lost:
        for rate in (0.05, 0.10):
            found: dict[str, list[float]] = {}
            for run in range(runs):
                generator = np.random.default_rng([seed, run])
                before, after = days * A_DAY, most * A_DAY
                given = stream(fallen(of, points, before, after, generator), rate, generator)
                for method, said in judged(given, generator).items():
                    if method == SCORE:
                        continue
                    start = before + A_DAY if points else A_DAY
                    every = looks(given.labelled(said), start, seed=run)
                    first = next((day for day, p_value in every if p_value <= LEVEL), np.inf)
                    found.setdefault(method, []).append(first - before if points else first)
            for method, when in found.items():
                reached = np.isfinite(when)
                middle = np.median(when) / A_DAY
                told = (
                    f"false alarms in {int(reached.sum())} of {runs} streams of {days + most} days"
                    if not points
                    else f"{middle:.0f} days, {middle * A_DAY:,.0f} questions"
                    if np.isfinite(middle)
                    else f"more than {most} days"
                )
                print(
                    f"| {of.name} | {rate:.0%} | {points * 100:.0f} | {method} | {told} | "
                    f"{reached.mean():.0%} |",
                    flush=True,
                )


def main() -> None:
    """Ask the questions, and print the tables."""
    parser = parser_of(__doc__)
    parser.add_argument("--encoder", choices=["static", "minilm"], default="static")
    parser.add_argument("--data", nargs="+", default=list(SETS))
    parser.add_argument("--most", type=int, default=1_500, help="questions of each kind and set, at most")
    parser.add_argument("--runs", type=int, default=1_000, help="streams for coverage")
    parser.add_argument("--wide", type=int, default=60, help="streams of these for the width")
    parser.add_argument("--delays", type=int, default=20, help="streams for delays; 0: none")
    parser.add_argument("--delays-of", nargs="*", default=["medquad", "feedbackqa"])
    parser.add_argument("--points", nargs="+", type=float, default=[20, 10, 5, 0], help="points lost")
    parser.add_argument("--only-delays", action="store_true", help="leave the other tables out")
    parser.add_argument("--rate", type=float, default=0.05, help="share of the questions that people label")
    parser.add_argument("--choose", action="store_true", help="on train and dev questions, and no others")
    parser.add_argument("--seed", type=int, default=17)
    arguments = parser.parse_args()

    kept = arguments.home / "live_streams"
    made: list[Pools] = []
    with open_installation(Settings(_env_file=None, home=arguments.home)) as rag:
        encoder = rag.models.encoders.load(rag.models.encoders.resolve(arguments.encoder))
        for name in arguments.data:
            file = f"{name}-{arguments.encoder}-{arguments.most}"
            one = read(kept, file, name)
            if one is None:
                one = pools(load(arguments.datasets / name), name, encoder, rag, most=arguments.most)
                saved(kept, file, one)
            made.append(one)
    of = [(one.name, pool) for one in made if len(pool := one.learn if arguments.choose else one.report)]
    print(f"Encoder {arguments.encoder}, {arguments.rate:.0%} of the questions labelled\n")
    if not arguments.only_delays:
        judges(of, seed=arguments.seed)
        print()
        coverage(of, runs=arguments.runs, wide=arguments.wide, seed=arguments.seed, rate=arguments.rate)
    if arguments.delays and not arguments.choose:
        print("\n| set | labelled | points lost | judge | median delay | found |")
        print("|---|---|---|---|---|---|")
        for one in made:
            if one.name in arguments.delays_of:
                lost = [each / 100 for each in arguments.points]
                delays(one, lost, runs=arguments.delays, seed=arguments.seed, days=30, most=60)


if __name__ == "__main__":
    main()
