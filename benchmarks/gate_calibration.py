"""Claim: the gate promotes by luck in at most 5 % of runs, and sees the gain it says it can see in at least 80 %.

Peer: none; both sides are made up, so that it is known what the gate should say.

Real questions (FeedbackQA's train and dev, never test) and their real ranks under the static base encoder. A run draws
a gate set of so many questions, all of a passage together, and makes up both sides on top of the real ranks: each takes
the ranks of some passages' questions from random other questions instead, whole passages at a time, as many as leave
the correlation that is asked for between the sides' figures, a gain included.

- A/A: both sides so, equal in distribution and different in what they find.
- power: the candidate's missed questions are repaired, whole passages at a time (the right passage moves to a rank that
  a question found has), until the expected gain is the minimum detectable effect that is declared before training.
- looks: one gate set, one incumbent, and twenty such A/A candidates one after the other, each at the level of its look.

"Promoted" is the word of everything that `decide` looks at but costs, first places and a general-domain set, which
made-up ranks do not have: headline metrics, anchors, other wordings, slices by topic, age, length and origin. What can
only refuse is measured where nothing before it did, and a difference below one and a half standard errors is not
resampled at all, since no p-value there comes near the level. Prints a Markdown table with 95 % intervals (Clopper and
Pearson 1934), and what refused the better candidates first.

    WHETSTONE_DATASETS=... python benchmarks/gate_calibration.py --runs 400
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from arguments import parser_of
from made_up_ranks import Drawn, Groups, Ranks, World, drawn, figures, load, noisy, repaired, reworded
from numpy.typing import NDArray

from rag.bootstrap import open_installation
from rag.settings import Settings
from retrain.domain import Outcome, Scorecard, Slice
from retrain.verdict.comparing import anchor_metric, anchored
from retrain.verdict.evaluation import METRICS, Floats, clusters, contrast
from retrain.verdict.gate import Policy, decide
from retrain.verdict.power import foreseen_effect, level, standard_error
from retrain.verdict.slices import ANCHORS, ROBUSTNESS, partitions

TOP_K = 5
METRIC = list(METRICS).index("recall@10")
LOOKS = 20
HOPELESS = 1.5
"""Standard errors of the difference below which its p-value, some 0.13, is far above every level."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What came of one comparison."""

    correlation: float  # between both sides' figures, over questions
    promoted: bool = False
    test: bool = False  # whether the test alone sees a gain
    reasons: tuple[str, ...] = ("recall@10 changed by too little",)  # the verdict's
    effect: float = 0.0  # that was declared


def judged(
    world: World, gate: Drawn, old: Ranks, new: Ranks, policy: Policy, *, look: int, seed: int
) -> Seen:
    """Compare both sides as an evaluation does, and ask the gate."""
    before, after = figures(old, gate.questions), figures(new, gate.questions)
    seen = Seen(correlation=float(np.corrcoef(before[:, METRIC], after[:, METRIC])[0, 1]))
    gained = after[:, METRIC] - before[:, METRIC]
    if gained.mean() < HOPELESS * standard_error(gained, gate.groups):
        return seen
    card = Scorecard(
        dataset="calibration",
        incumbent="a" * 64,
        candidate="b" * 64,
        questions=len(gate.questions),
        passages=0,
        overall=contrast(before, after, gate.groups, seed=seed),
        look=look,
    )
    main = card.row(policy.metric).difference
    seen = replace(seen, test=main.low > 0 and main.p_value < level(policy.alpha, look))
    verdict = decide(card, policy)
    parts = parted(world, gate, (old, new), (before, after), policy, seed=seed)
    while verdict.outcome is Outcome.PROMOTE and (some := next(parts, None)) is not None:
        # All of them are judged together again, because the level of harm depends on how many there are.
        card = replace(card, slices=(*card.slices, *some))
        verdict = decide(card, policy)
    return replace(seen, promoted=verdict.outcome is Outcome.PROMOTE, reasons=verdict.reasons)


def parted(
    world: World,
    gate: Drawn,
    ranks: tuple[Ranks, Ranks],
    values: tuple[Floats, Floats],
    policy: Policy,
    *,
    seed: int,
) -> Iterator[list[Slice]]:
    """Yield the slices that have questions enough to be heard, what refuses most first."""

    def sliced(name: str, rows: NDArray[np.int64], sides: Sequence[Floats]) -> Slice:
        return part(name, sides[0][rows], sides[1][rows], gate.groups[rows], seed)

    anchors = anchored(values[0], TOP_K)
    if len(anchors) >= policy.min_questions:
        yield [sliced(ANCHORS, anchors, values)]
    others = reworded(*ranks, world.ranks, np.random.default_rng(seed))
    everything = np.arange(len(gate.questions))
    yield [sliced(ROBUSTNESS, everything, [figures(side, gate.questions) for side in others])]
    named = partitions(gate.questions, gate.vectors, world.updated, {}, seed=seed)
    yield [sliced(name, rows, values) for name, rows in named.items() if len(rows) >= policy.min_questions]


def part(name: str, before: Floats, after: Floats, groups: Groups, seed: int) -> Slice:
    """Compare both sides on some questions."""
    numbered = np.unique(groups, return_inverse=True)[1]
    return Slice(name=name, questions=len(before), rows=contrast(before, after, numbered, seed=seed))


def sides(
    world: World, policy: Policy, *, count: int, kept: float, gain: bool, look: int, seed: int
) -> tuple[Drawn, Ranks, Ranks, float]:
    """Make up a gate set, both sides, and the gain that is declared."""
    rng = np.random.default_rng(seed)
    gate = drawn(world, count, rng)
    old, new = (noisy(gate, world.ranks, kept, rng) for _ in range(2))
    if not gain:
        return gate, old, new, 0.0
    values = figures(old, gate.questions)[:, METRIC]
    effect = foreseen_effect(values, gate.groups, level(policy.alpha, look))
    return gate, old, repaired(new, gate, world.ranks, effect, rng), effect


def kept_for(world: World, policy: Policy, correlation: float, *, count: int, gain: bool, look: int) -> float:
    """Return the share of clusters kept on each side with which the sides correlate as asked for, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(8):
        kept = (low + high) / 2
        seen = []
        for seed in range(12):
            gate, old, new, _ = sides(world, policy, count=count, kept=kept, gain=gain, look=look, seed=seed)
            before, after = (figures(side, gate.questions)[:, METRIC] for side in (old, new))
            seen.append(np.corrcoef(before, after)[0, 1])
        low, high = (kept, high) if np.mean(seen) < correlation else (low, kept)
    return kept


def run(world: World, policy: Policy, *, count: int, kept: float, gain: bool, look: int, seed: int) -> Seen:
    """Do one comparison."""
    gate, old, new, effect = sides(world, policy, count=count, kept=kept, gain=gain, look=look, seed=seed)
    seen = judged(world, gate, old, new, policy, look=look, seed=seed)
    return replace(seen, effect=effect)


def looked(world: World, policy: Policy, *, count: int, kept: float, seed: int) -> Seen:
    """Look at one gate set `LOOKS` times; give the first promotion, or the last look."""
    rng = np.random.default_rng(seed)
    gate = drawn(world, count, rng)
    old = noisy(gate, world.ranks, kept, rng)
    tests = []
    for look in range(1, LOOKS + 1):
        new = noisy(gate, world.ranks, kept, rng)
        seen = judged(world, gate, old, new, policy, look=look, seed=seed + look)
        tests.append(seen.test)
        if seen.promoted:
            break
    return replace(seen, test=any(tests))


def share(hits: Sequence[bool]) -> str:
    """Write a share with its interval."""
    from scipy import stats

    interval = stats.binomtest(sum(hits), len(hits)).proportion_ci()
    return f"{np.mean(hits):.1%} [{interval.low:.1%}, {interval.high:.1%}] of {len(hits)}"


def row(name: str, count: int, results: Sequence[Seen], seconds: float) -> str:
    """Write a line of the table."""
    promoted = [seen.promoted for seen in results]
    effect, correlation = (
        float(np.mean([getattr(seen, field) for seen in results])) for field in ("effect", "correlation")
    )
    return (
        f"| {name} | {count} | {correlation:.2f} | {100 * effect:.1f} | {share(promoted)} | "
        f"{share([seen.test for seen in results])} | {seconds:.0f} |"
    )


def refusals(results: Sequence[Seen]) -> str:
    """Say what stood against those that were not promoted, most frequent first; one run may have several reasons."""
    against: Counter[str] = Counter()
    for seen in results:
        if not seen.promoted:
            kinds = {reason.split(" changed by")[0].split(" (")[0].split("=")[0] for reason in seen.reasons}
            against.update(kinds)
    return ", ".join(f"{kind} {count}" for kind, count in against.most_common()) or "nothing"


def main() -> None:
    """Run everything and print the table."""
    parser = parser_of(__doc__)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--counts", type=int, nargs="+", default=[200, 600, 1_500], help="gate questions")
    parser.add_argument(
        "--correlations", type=float, nargs="+", default=[0.5, 0.8], help="between both sides, over questions"
    )
    parser.add_argument("--kinds", nargs="+", default=["aa", "looks", "power", "power5"])
    parser.add_argument("--seed", type=int, default=17)
    arguments = parser.parse_args()
    with open_installation(Settings(_env_file=None, home=arguments.home)) as rag:
        encoder = rag.models.encoders.load(rag.models.encoders.resolve("static"))
    world = load(arguments.datasets / "feedbackqa", encoder)
    policy = Policy(anchor_metric=anchor_metric(TOP_K))
    print(f"{len(world.questions)} questions of {clusters(world.questions).max() + 1} passages\n")
    print("| candidate | gate questions | correlation | declared effect | promoted | test alone | s |")
    print("|---|---|---|---|---|---|---|", flush=True)
    names = {
        "aa": "the same in distribution",
        "looks": f"the same, any of {LOOKS} looks",
        "power": "better by the declared effect",
        "power5": "the same at look 5",
    }
    notes = []
    for kind in arguments.kinds:
        gain, look = kind.startswith("power"), 5 if kind == "power5" else 1
        for correlation in arguments.correlations:
            for count in arguments.counts[:1] if kind == "looks" else arguments.counts:
                began = time.perf_counter()
                kept = kept_for(world, policy, correlation, count=count, gain=gain, look=look)
                results = [
                    looked(world, policy, count=count, kept=kept, seed=seed)
                    if kind == "looks"
                    else run(world, policy, count=count, kept=kept, gain=gain, look=look, seed=seed)
                    for seed in range(1_000 * arguments.seed, 1_000 * arguments.seed + arguments.runs)
                ]
                print(row(names[kind], count, results, time.perf_counter() - began), flush=True)
                if gain:
                    notes.append(f"{names[kind]}, {count}, {correlation}: refused by {refusals(results)}")
    print("\n" + "\n".join(notes))


if __name__ == "__main__":
    main()
