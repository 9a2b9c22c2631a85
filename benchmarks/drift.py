"""Claim: the drift check raises one false alarm in 50,000 questions, whatever their rhythm, and sees changes soon.

Peer: the check of before (windows of 500 and 200, MMD and Kolmogorov-Smirnov with Holm) and Evidently's methods, on the
same streams.

Calm: streams drawn from each data set, thinned as the product thins its log. Counted are alarms of the signals topics
and fit together (another within 600 questions is the same one), with Poisson intervals. Change: from a frozen reference
of 1,000 and 600 calm questions on, a share of the questions is new. The delay is counted in distinct questions, a look
every 25 (ours) or 50 (before). `drift_streams.py` says how streams come about::

    python benchmarks/drift.py --quick                     # some minutes
    python benchmarks/drift.py --part calm --questions 50000
    python benchmarks/drift.py --part change --runs 50
    python benchmarks/drift.py --split test                # all questions, reported once
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import numpy as np
from arguments import parser_of
from drift_peers import CURRENT, REFERENCE, before, evidently
from drift_sets import Nearest, Pool, halves, load, nearest
from drift_streams import (
    Stream,
    bursts,
    by_time,
    calm,
    changed,
    day_and_night,
    probed,
    references,
    thinned,
    times,
    weekly,
)
from numpy.typing import NDArray

from monitoring.domain import DriftVerdict, Look, Watched
from monitoring.sequential.budget import levels
from monitoring.sequential.design import Habits, design_of, habits_of
from monitoring.settings import DriftSettings
from monitoring.signals import fit, topics

SETS = ("feedbackqa", "medquad", "pubmedqa-pqal")
UNSEEN = "squadshifts-wiki"  # all test
RUN_LENGTH = 50_000
SAME_ALARM = 600  # questions within which an alarm is the same one
WEEKS = 15.0  # days after which a weekly rhythm is to be known
A_DAY = 500.0  # questions, where a change is to come
SETTINGS = DriftSettings(_env_file=None)
Random = np.random.Generator


class Asked:
    """A thinned stream, and what each of its questions is."""

    def __init__(self, stream: Stream, pool: Pool, nearest: Nearest) -> None:
        distinct = thinned(stream, pool.vectors)
        self.asked_at, self.drawn = distinct.asked_at, distinct.drawn
        self.vectors, (self.best, self.found) = pool.vectors, nearest

    def __len__(self) -> int:
        return len(self.drawn)

    def watched(self, at: NDArray[np.int64]) -> Watched:
        """Return questions by their place in the stream."""
        none = np.full(len(at), np.nan)
        return Watched(
            interactions=tuple(map(str, at)),
            positions=at + 1,
            asked_at=self.asked_at[at],
            vectors=self.vectors[self.drawn[at]],
            best=self.best[self.drawn[at]],
            support=none,
            refused=none,
            rating=none,
            language_unknown=np.zeros(len(at), bool),
            words=none,
            share=none,
            found=self.found[self.drawn[at]],
        )


class Ours:
    """The product's signals topics and fit, under one budget."""

    def __init__(self) -> None:
        self._habits: tuple[bytes, Habits] | None = None

    def alarm(self, asked: Asked, reference: NDArray[np.int64], recent: NDArray[np.int64], new: int) -> bool:
        """Return whether a look raises an alarm."""
        look = Look(
            tenant="default",
            at=datetime.fromtimestamp(asked.asked_at[recent[-1]], UTC),
            reference=asked.watched(reference),
            recent=asked.watched(recent),
            new=new,
            run_length=RUN_LENGTH,
            reference_since=None,
            reset_by="start",
        )
        key = reference.tobytes()
        if self._habits is None or self._habits[0] != key:
            self._habits = key, habits_of(look.reference, seed=SETTINGS.seed)
        design = design_of(look, seed=SETTINGS.seed, habits=self._habits[1])
        held = levels(look)
        return any(
            signal.finding(look, held[signal.NAME], SETTINGS, design).verdict is DriftVerdict.DRIFT
            for signal in (topics, fit)
        )


def earlier(asked: Asked, end: int, seed: int) -> bool:
    """Return whether the check of before raises an alarm after `end` distinct questions."""
    at = np.arange(end - REFERENCE - CURRENT, end)
    vectors, scores = asked.vectors[asked.drawn[at]], asked.best[asked.drawn[at]]
    return before((vectors[:REFERENCE], vectors[REFERENCE:]), (scores[:REFERENCE], scores[REFERENCE:]), seed)


def calm_kinds(pool: Pool, count: int, a_day: float, generator: Random) -> Iterator[tuple[str, Stream]]:
    """Yield what can be asked while nothing changes."""
    vectors, n = pool.vectors, len(pool.vectors)
    topic = halves(vectors)
    shares = day_and_night(float(generator.choice([0.4, 1.0])), begins=float(generator.choice([7.0, 8.5])))
    week = weekly(float(generator.choice([0.5, 1.0])))

    def burst(size: int, *, same: bool, mixed: bool) -> Stream:
        return bursts(vectors, count, a_day, generator, size=size, same=same, mixed=mixed)

    kinds: dict[str, Callable[[], Stream]] = {
        "independent": lambda: calm(n, count, a_day, generator),
        "same text x5": lambda: burst(5, same=True, mixed=True),
        "same text x30": lambda: burst(30, same=True, mixed=False),
        "neighbours x5": lambda: burst(5, same=False, mixed=False),
        "neighbours x30": lambda: burst(30, same=False, mixed=False),
        "neighbours x30, mixed with others": lambda: burst(30, same=False, mixed=True),
        "a probe every 30 s": lambda: probed(n, count, a_day, generator),
        "day and night": lambda: by_time(topic, shares, count, a_day, generator, night=0.5),
        "weekly, after two weeks": lambda: by_time(topic, week, count + 4_500, 300.0, generator),
    }
    for name, make in kinds.items():
        yield name, make()


def calm_part(pools: list[Pool], count: int, every: int, seed: int, earlier_looks: int) -> None:
    """Print how often nothing's change raises an alarm."""
    print("| calm stream | ours: alarms in distinct questions | one in (95 %) | before: alarms in looks |")
    print("|---|---|---|---|", flush=True)
    total: dict[str, list[int]] = {}
    for place, pool in enumerate(pools):
        generator = np.random.default_rng([seed, place])
        near = nearest(pool.vectors, pool.passages)
        a_day = float(generator.choice([300.0, 600.0, 2_000.0]))
        for kind, stream in calm_kinds(pool, count, a_day, generator):
            asked = Asked(stream, pool, near)
            skip = WEEKS if kind.startswith("weekly") else 0.0
            row = calm_row(asked, every, seed, skip, earlier_looks)
            total[kind] = [a + b for a, b in zip(total.get(kind, [0] * 4), row, strict=True)]
            print(f"<!-- {pool.name}, {a_day:.0f} a day, {kind}: {row} -->", flush=True)
    for kind, row in total.items():
        print(_calm_line(kind, row))
    print(_calm_line("**all**", [sum(each) for each in zip(*total.values(), strict=True)]), flush=True)


def calm_row(asked: Asked, every: int, seed: int, skip: float, earlier_looks: int) -> list[int]:
    """Return [our alarms, questions watched, alarms of before, its looks]; the first `skip` days are not counted."""
    ours, last = Ours(), -SAME_ALARM
    row = [0, 0, 0, 0]
    generator = np.random.default_rng(seed)
    for end, reference in references(len(asked), asked.asked_at, generator=generator):
        recent = np.setdiff1d(np.arange(max(end - 600, 500), end), reference)
        if end % every or end < 700 or asked.asked_at[end - 1] - asked.asked_at[0] < skip * 86_400:
            continue
        row[1] += every
        if ours.alarm(asked, reference, recent, every):
            row[0] += end - last >= SAME_ALARM
            last = end
        if row[3] < earlier_looks and end % 50 == 0:
            row[2] += earlier(asked, end, end)
            row[3] += 1
    return row


def changes(pools: dict[str, Pool]) -> Iterator[tuple[str, Pool, Pool, Nearest]]:
    """Yield (name, home, home with the new questions after it, and what is nearest to each)."""
    home, foreign = pools["feedbackqa"], pools["medquad"]
    yield _joined("far: MedQuAD put to FeedbackQA", home, foreign, home.passages)
    yield _joined("far: FeedbackQA put to MedQuAD", foreign, home, foreign.passages)
    for name, pool, source, prefix in (
        ("near: another source of MedQuAD (GHR)", foreign, "3_GHR_QA", "3"),
        ("near: the other country of FeedbackQA", home, "Australia", "Australia"),
    ):
        old, new = pool.pick(pool.source != source), pool.pick(pool.source == source)
        yield _joined(f"{name}, with its documents", old, new, pool.passages)
        yield _joined(f"{name}, without", old, new, pool.passages[pool.passage_source != prefix])


def _joined(
    name: str, old: Pool, new: Pool, passages: NDArray[np.float32]
) -> tuple[str, Pool, Pool, Nearest]:
    both = Pool(
        name=name,
        vectors=np.vstack([old.vectors, new.vectors]),
        source=np.concatenate([old.source, new.source]),
        passages=passages,
        passage_source=np.empty(0, np.str_),
    )
    return name, old, both, nearest(both.vectors, passages)


def change_part(pools: dict[str, Pool], runs: int, seed: int) -> None:
    """Print how many questions after a change the alarm comes."""
    columns = "10 %", "20 %", "50 %"
    head = " | ".join(f"{each}: ours, before" for each in columns)
    print(f"\n| change | {head} | 1 % more each 50: share when ours, before see it |")
    print("|---" * 5 + "|", flush=True)
    for name, old, both, near in changes(pools):
        cells = []
        for share in (0.1, 0.2, 0.5, None):
            found: tuple[list[float], list[float]] = [], []
            for run in range(runs):
                generator = np.random.default_rng([seed, run])
                for each, delay in zip(found, delays(old, both, near, share, generator), strict=True):
                    each.append(delay)
            cells.append(", ".join(_delay(each, slow=share is None) for each in found))
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def delays(
    old: Pool, both: Pool, near: Nearest, share: float | None, generator: Random
) -> tuple[float, float]:
    """Return after how many distinct questions ours and the check of before raise an alarm; infinite: never."""
    ahead, longest = 1_600, 2_000 if share is None else 1_200
    rising = 0.01 * (1.0 + np.arange(longest * 2, dtype=np.float64) // 50)
    shares = rising if share is None else np.full(longest * 2, share)
    new = np.arange(len(old.vectors), len(both.vectors))
    # The change begins where so many distinct questions were asked.
    calmly = calm(len(old.vectors), ahead * 2, A_DAY, generator)
    start = int(np.searchsorted(calmly.asked_at, thinned(calmly, both.vectors).asked_at[ahead - 1])) + 1
    after_it = changed(len(old.vectors), new, shares, A_DAY, generator)
    whole = Stream(
        drawn=np.concatenate([calmly.drawn[:start], after_it.drawn]),
        asked_at=times(start + len(after_it), A_DAY, generator),
        person=np.arange(start + len(after_it)),
    )
    asked = Asked(whole, both, near)
    reference, ours = np.arange(1_000), Ours()
    found = [np.inf, np.inf]
    for end in range(ahead + 25, min(ahead + longest, len(asked)) + 1, 25):
        after = float(end - ahead)
        if np.isinf(found[0]) and ours.alarm(asked, reference, np.arange(end - 600, end), 25):
            found[0] = after
        if np.isinf(found[1]) and (end - ahead) % 50 == 0 and earlier(asked, end, end):
            found[1] = after
        if np.isfinite(found[0]) and (np.isfinite(found[1]) or after > 2 * found[0]):
            break
    return found[0], found[1]


def evidently_part(pools: dict[str, Pool], runs: int, seed: int) -> None:
    """Print how often Evidently's methods raise an alarm, calm and with a fifth of far questions, 500 against 200."""
    home, foreign = pools["feedbackqa"].vectors, pools["medquad"].vectors
    calmly: dict[str, int] = {}
    drifted: dict[str, int] = {}
    for run in range(runs):
        generator = np.random.default_rng([seed, run])
        drawn = home[generator.choice(len(home), REFERENCE + CURRENT, replace=False)]
        for alarms in (calmly, drifted):
            for name, alarm in evidently((drawn[:REFERENCE], drawn[REFERENCE:])).items():
                alarms[name] = alarms.get(name, 0) + alarm
            drawn = drawn.copy()
            new = generator.choice(np.arange(REFERENCE, REFERENCE + CURRENT), CURRENT // 5, replace=False)
            drawn[new] = foreign[generator.choice(len(foreign), len(new), replace=False)]
    print("\n| method, one look | calm | 20 % far questions |\n|---|---|---|")
    for name in calmly:
        print(f"| {name} | {calmly[name]} of {runs} | {drifted[name]} of {runs} |", flush=True)


def _calm_line(kind: str, row: list[int]) -> str:
    from scipy import stats

    alarms, questions, before_alarms, looks = row
    upper = stats.chi2.ppf(0.975, 2 * alarms + 2) / 2
    lower = stats.chi2.ppf(0.025, 2 * alarms) / 2 if alarms else 0.0
    sure = (
        f"{questions / upper:,.0f} to {questions / lower:,.0f}"
        if lower
        else f"at least {questions / upper:,.0f}"
    )
    return f"| {kind} | {alarms} in {questions:,} | {sure} | {before_alarms} in {looks} |"


def _delay(found: list[float], *, slow: bool) -> str:
    median, seen = float(np.median(found)), int(np.isfinite(found).sum())
    if np.isinf(median):
        return f"seen in {seen} of {len(found)}"
    return f"{median / 50:.0f} %" if slow else f"{median:.0f}"


def main() -> None:
    """Run everything and print the tables."""
    parser = parser_of(__doc__)
    parser.add_argument("--encoder", choices=["static", "minilm"], default="minilm")
    parser.add_argument(
        "--split", choices=["dev", "test"], default="dev", help="dev: train and dev questions"
    )
    parser.add_argument("--part", choices=["calm", "change", "evidently", "all"], default="all")
    parser.add_argument("--quick", action="store_true", help="short streams and few runs")
    parser.add_argument("--questions", type=int, default=50_000, help="of a calm stream, before thinning")
    parser.add_argument("--every", type=int, default=50, help="questions between looks at calm streams")
    parser.add_argument("--runs", type=int, default=25, help="of each change")
    parser.add_argument("--sets", nargs="*", help="for calm streams")
    parser.add_argument("--seed", type=int, default=17)
    options = parser.parse_args()
    count, every, runs = (
        (3_000, 100, 3) if options.quick else (options.questions, options.every, options.runs)
    )
    names = options.sets or ([*SETS, UNSEEN] if options.split == "test" else SETS)
    pools = {
        name: load(options.datasets, options.home, name, options.encoder, options.split)
        for name in dict.fromkeys([*names, *SETS])
    }
    if options.part in {"calm", "all"}:
        calm_part([pools[name] for name in names], count, every, options.seed, 5 if options.quick else 200)
    if options.part in {"change", "all"}:
        change_part(pools, runs, options.seed)
    if options.part in {"evidently", "all"}:
        evidently_part(pools, min(runs, 10), options.seed)


if __name__ == "__main__":
    main()
