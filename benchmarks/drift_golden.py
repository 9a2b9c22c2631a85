"""Claim: golden recall is silent while documents only come and go, and tells a loss at the next look.

Peer: the rule of version 0.5, a paired randomisation test at each look against the oldest report of the release.

Real questions and passages (train and dev alone), exact search, a third of the documents kept aside to be added. For a
year documents come and go in six ways; then, after 30 calm days, 5, 10 and 20 points of recall are lost at once, or a
question a day. Both rules see the same looks. Prints Markdown tables: alarms a year with the interval of their rate
(exact, Garwood 1936), and for each loss the share that is told within 30 days, and after how many days.

    WHETSTONE_DATASETS=... .venv/bin/python benchmarks/drift_golden.py
    ... --encoder minilm --years 2 --runs 10
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
from arguments import parser_of
from golden_streams import A_DAY, CHURNS, LOST_AFTER, Corpus, DataSet, Seen, flapping, load, looks, losing
from numpy.typing import NDArray

from monitoring.domain.golden import Asked
from monitoring.sequential import losses
from monitoring.settings import DriftSettings
from monitoring.signals.recall import MONTH_S
from rag.bootstrap import open_installation
from rag.settings import Settings

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
SETS = ("feedbackqa", "medquad")
SIZES = (30, 50, 100)
POINTS = (5, 10, 20)
PATIENCE = 30
"""Days within which a loss has to be told."""

PEER_LEVEL = 0.05 / 4
"""Holm's, for the smallest of four p-values."""

RULES = ("ours", "peer")

Told = list[tuple[float, float]]
"""Alarms: day on which each began or grew, and questions lost by then, net, against what the rule compares with."""


def ours(seen: Iterable[Seen]) -> Told:
    """Return when our rule's alarms began."""
    false_alarm_s = DriftSettings(_env_file=None).false_alarm_months * MONTH_S
    watch, told = None, Told()
    for change, look in enumerate(seen):
        asked = Asked(
            at=BEGAN + timedelta(days=look.day),
            # Where nothing changed it is the change of before.
            change=change if look.changed or watch is None else watch.last.change,
            recall=look.recall,
            share_changed=min(look.changed, 1.0),
        )
        if watch is None:
            watch = losses.begin("t", "r", asked)
            continue
        before, watch = watch.lost_to, losses.follow(watch, asked, false_alarm_s=false_alarm_s)
        if watch.lost_to is not None and watch.lost_to != before:
            told.append((look.day, watch.lost_size))
    return told


def peer(seen: Iterable[Seen]) -> Told:
    """Return when the alarms of 0.5's rule began; each look is tested anew, and may end one."""
    first: dict[str, float] | None = None
    told, alarming = Told(), False
    for look in seen:
        if first is None:
            first = look.recall
            continue
        both = sorted(first.keys() & look.recall.keys())
        drops = np.array([first[each] - look.recall[each] for each in both])
        is_drop = _p_value(drops) <= PEER_LEVEL
        if is_drop and not alarming:
            told.append((look.day, float(drops.sum())))
        alarming = is_drop
    return told


def _p_value(drops: NDArray[np.float64]) -> float:
    """Return the paired randomisation's p-value of a drop: all signs up to 12 that moved, else 999 draws."""
    moved = drops[drops != 0]
    if len(moved) <= 12:
        bits = np.arange(2 ** len(moved))[:, np.newaxis] >> np.arange(len(moved)) & 1
        return float(np.mean((1.0 - 2.0 * bits) @ moved >= moved.sum() - 1e-9))
    signs = np.random.default_rng(17).choice([-1.0, 1.0], size=(999, len(moved)))
    return float((1 + np.sum(signs @ moved >= moved.sum() - 1e-9)) / 1000)


def both(seen: Iterator[Seen]) -> dict[str, Told]:
    """Return what each rule tells of the same looks."""
    shared = list(seen)
    return {"ours": ours(shared), "peer": peer(shared)}


def rate(alarms: int, years: float) -> str:
    """Write alarms a year with the exact interval of a Poisson rate."""
    from scipy import stats

    low = stats.chi2.ppf(0.025, 2 * alarms) / 2 if alarms else 0.0
    high = stats.chi2.ppf(0.975, 2 * alarms + 2) / 2
    return f"{alarms / years:.2f} [{low / years:.2f}, {high / years:.2f}]"


def delays(told: list[Told]) -> str:
    """Write the share told within the patience, and the median and the ninth decile of the delay in days."""
    first = [
        next((day - LOST_AFTER for day, _ in each if LOST_AFTER <= day <= LOST_AFTER + PATIENCE), np.inf)
        for each in told
    ]
    share = float(np.mean(np.isfinite(first)))
    middle, ninth = (np.quantile(first, q, method="higher") for q in (0.5, 0.9))
    return f"{share:.0%}, {_days(middle)} / {_days(ninth)}"


def _days(value: float) -> str:
    return f"{value:.1f} d" if np.isfinite(value) else "never"


def calm(data: list[DataSet], years: int, seed: int) -> None:
    """Print the alarms of years in which documents only come and go."""
    print(
        f"\n| a year of | {' | '.join(f'{rule}: alarms a year' for rule in RULES)} | ours: questions lost, net |"
    )
    print("|---" * (len(RULES) + 2) + "|")
    total: dict[str, int] = defaultdict(int)
    spent = 0
    for churn in CHURNS:
        counts: dict[str, int] = defaultdict(int)
        sizes: list[float] = []
        runs = list(itertools.product(data, SIZES, range(years)))
        for each, golden, run in runs:
            corpus = Corpus(each, golden=golden, seed=seed + run, all_found=run % 2 == 0)
            for rule, told in both(looks(corpus, churn, 365)).items():
                counts[rule] += len(told)
                sizes += [size for _, size in told] if rule == "ours" else []
        shown = ", ".join(f"{size:.0f}" for size in sorted(sizes)) or "none"
        print(
            f"| {churn} | {' | '.join(rate(counts[rule], len(runs)) for rule in RULES)} | {shown} |",
            flush=True,
        )
        spent += len(runs)
        for rule in RULES:
            total[rule] += counts[rule]
    print(f"| all {spent} years | {' | '.join(rate(total[rule], spent) for rule in RULES)} | |")
    ties = [
        both(
            flapping(
                looks(Corpus(each, golden=100, seed=seed + run, all_found=False), "1 % a day", 365),
                questions=10,
                seed=run,
            )
        )
        for each in data
        for run in range(years)
    ]
    cells = " | ".join(rate(sum(len(each[rule]) for each in ties), len(ties)) for rule in RULES)
    print(f"| ten of 100 questions found by the toss of a coin | {cells} | |")


def lost(data: list[DataSet], runs: int, seed: int) -> None:
    """Print how soon losses are told."""
    print("\n| lost after 30 days | golden questions | questions lost | " + " | ".join(RULES) + " |")
    print("|---" * (len(RULES) + 3) + "|")
    for points, golden in itertools.product((*POINTS, 0), SIZES):
        at_once = round(points * golden / 100)
        told: dict[str, list[Told]] = defaultdict(list)
        for each, run in itertools.product(data, range(runs)):
            corpus = Corpus(each, golden=golden, seed=seed + run, all_found=run % 2 == 0)
            seen = looks(corpus, "1 % a day", LOST_AFTER + PATIENCE)
            for rule, alarms in both(losing(seen, at_once=at_once, a_day=1, seed=run)).items():
                told[rule].append(alarms)
        what = f"{points} points at once" if points else "a question a day"
        cells = " | ".join(delays(told[rule]) for rule in RULES)
        print(f"| {what} | {golden} | {at_once or 'one a day'} | {cells} |", flush=True)


def main() -> None:
    """Run everything and print the tables."""
    parser = parser_of(__doc__)
    parser.add_argument("--encoder", choices=["static", "minilm"], default="static")
    parser.add_argument(
        "--years", type=int, default=4, help="calm years for each set, size and kind of change"
    )
    parser.add_argument("--runs", type=int, default=20, help="losses of each kind, for each set")
    parser.add_argument("--seed", type=int, default=17)
    arguments = parser.parse_args()
    with open_installation(Settings(_env_file=None, home=arguments.home)) as rag:
        encoder = rag.models.encoders.load(rag.models.encoders.resolve(arguments.encoder))
    data = [load(arguments.datasets, name, encoder) for name in SETS]
    print(f"Encoder {arguments.encoder}, {', '.join(SETS)}, {A_DAY} looks a day, recall@10")
    calm(data, arguments.years, arguments.seed)
    lost(data, arguments.runs, arguments.seed)


if __name__ == "__main__":
    main()
