"""Claim: the gate promotes by luck in at most 5 % of runs, and sees the gain it says it can see in at least 80 %.

Peer: the gate of before, on the same runs. It asked for more Recall@10 and that every headline metric be shown to be
within its margin, and did not look at answers.

Real questions (FeedbackQA's train and dev, never test), their real ranks and what they are really answered under the
static base encoder. A run draws a gate set of so many questions, all of a passage together, and makes up both sides on
top: each takes rank and answer of some passages' questions from random other questions instead, whole passages at a
time, as many as leave the correlation that is asked for between the sides' right answers, a gain included.

- A/A: both sides so, equal in distribution and different in what they find and answer.
- power: the candidate's questions that are not answered rightly are repaired, whole passages at a time (they get what a
  question answered rightly has), until the expected gain is the minimum detectable effect declared before training.
- looks: one gate set, one incumbent, and twenty such A/A candidates one after the other, each at the level of its look.

"Promoted" is the word of everything that `decide` looks at but costs, first places and a general-domain set, which
made-up sides do not have: answers, headline metrics, anchors, other wordings, slices by topic, age, length and origin.
What can only refuse is measured where nothing before it did, and a difference below one and a half standard errors is
not resampled at all, since no p-value there comes near the level. Prints a Markdown table with 95 % intervals (Clopper
and Pearson 1934), and what refused the better candidates first.

    WHETSTONE_DATASETS=... python benchmarks/gate_calibration.py --runs 400
"""

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from arguments import parser_of
from made_up_ranks import (
    Drawn,
    Groups,
    Rows,
    World,
    drawn,
    figures,
    load,
    noisy,
    repaired,
    reworded,
    shares,
)
from numpy.typing import NDArray

from rag.bootstrap import open_installation
from rag.settings import Settings
from retrain.domain import Answers, Bar, Difference, Outcome, Received, Scorecard, Slice
from retrain.verdict.comparing import anchor_metric, anchored
from retrain.verdict.evaluation import METRICS, Floats, clusters, contrast
from retrain.verdict.gate import HEADLINE, Policy, decide
from retrain.verdict.power import foreseen_effect, level, standard_error
from retrain.verdict.receiving import MOST
from retrain.verdict.slices import ANCHORS, ROBUSTNESS, partitions

TOP_K = 5
RANKING = "recall@10"
METRIC = list(METRICS).index(RANKING)
LOOKS = 20
HOPELESS = 1.5
"""Standard errors of the difference below which its p-value, some 0.13, is far above every level."""
NAMES = tuple(str(each) for each in Received)[:5]
BAR = Bar(threshold=0.5, questions=400, passages=1)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What came of one comparison."""

    correlation: float  # between both sides' right answers, over questions
    promoted: bool = False
    former: bool = False  # whether the gate of before promotes
    test: bool = False  # whether the test alone sees a gain
    reasons: tuple[str, ...] = ("too few more are answered from a right passage",)  # the verdict's
    effect: float = 0.0  # that was declared


def judged(world: World, gate: Drawn, old: Rows, new: Rows, policy: Policy, *, look: int, seed: int) -> Seen:
    """Compare both sides as an evaluation does, and ask the gate, and the one of before."""
    seen = Seen(correlation=correlated(world, old, new))
    before, after = (figures(world, side, gate.questions) for side in (old, new))
    answers = asked(world, gate, old, new, seed=seed)
    gained = world.right[new].astype(float) - world.right[old]
    found = after[:, METRIC] - before[:, METRIC]
    likely, once = (
        values.mean() >= HOPELESS * standard_error(values, gate.groups) for values in (gained, found)
    )
    if not (likely or once):
        return seen
    card = Scorecard(
        dataset="calibration",
        incumbent="a" * 64,
        candidate="b" * 64,
        questions=len(gate.questions),
        passages=0,
        overall=contrast(before, after, gate.groups, seed=seed),
        look=look,
        answers=answers,
    )
    main = answers.row(Received.RIGHT).difference
    seen = replace(seen, test=gains(main, policy, look))
    verdict, former = decide(card, policy), promoted_before(card, policy)
    parts = parted(world, gate, (old, new), (before, after), policy, seed=seed)
    while (verdict.outcome is Outcome.PROMOTE or former) and (some := next(parts, None)) is not None:
        # All of them are judged together again, because the level of harm depends on how many there are.
        card = replace(card, slices=(*card.slices, *some))
        if verdict.outcome is Outcome.PROMOTE:
            verdict = decide(card, policy)
        former = former and promoted_before(card, policy)
    promoted = verdict.outcome is Outcome.PROMOTE
    return replace(seen, promoted=promoted, former=former, reasons=verdict.reasons)


def gains(difference: Difference, policy: Policy, look: int) -> bool:
    """Tell whether the paired test sees a gain."""
    return difference.low > 0 and difference.p_value < level(policy.alpha, look)


def asked(world: World, gate: Drawn, old: Rows, new: Rows, *, seed: int) -> Answers:
    """Return what people get of both sides, of no more questions than an evaluation asks."""
    groups = np.unique(gate.groups[:MOST], return_inverse=True)[1]
    old, new = old[:MOST], new[:MOST]
    rows = contrast(shares(world, old), shares(world, new), groups, seed=seed, names=NAMES)
    gone = [world.refused[side].astype(np.float64)[:, None] for side in (old, new)]
    refusals = contrast(gone[0], gone[1], groups, seed=seed, names=(str(Received.REFUSED_RIGHTLY),))
    return Answers(
        questions=len(old), unanswerable=len(old), rows=(*rows, *refusals), incumbent=BAR, candidate=BAR
    )


def promoted_before(card: Scorecard, policy: Policy) -> bool:
    """Tell what the gate of before says: more Recall@10, all margins shown, no look at answers."""
    row = card.row(RANKING)
    if not gains(row.difference, policy, card.look):
        return False
    guarded = [card.row(metric).difference for metric in HEADLINE if metric != RANKING]
    if not all(each.low >= -policy.margin for each in guarded):
        return False
    assert card.answers is not None
    # The rest of its rules stand as they were: slices and anchors.
    rest = replace(card.answers, rows=(replace(row, metric=str(Received.RIGHT)),))
    return decide(replace(card, answers=rest), policy).outcome is Outcome.PROMOTE


def parted(
    world: World,
    gate: Drawn,
    rows: tuple[Rows, Rows],
    values: tuple[Floats, Floats],
    policy: Policy,
    *,
    seed: int,
) -> Iterator[list[Slice]]:
    """Yield the slices that have questions enough to be heard, what refuses most first."""

    def sliced(name: str, some: NDArray[np.int64], sides: Sequence[Floats]) -> Slice:
        return part(name, sides[0][some], sides[1][some], gate.groups[some], seed)

    anchors = anchored(values[0], TOP_K)
    if len(anchors) >= policy.min_questions:
        yield [sliced(ANCHORS, anchors, values)]
    others = reworded(world, *rows, np.random.default_rng(seed))
    everything = np.arange(len(gate.questions))
    yield [sliced(ROBUSTNESS, everything, [figures(world, side, gate.questions) for side in others])]
    named = partitions(gate.questions, gate.vectors, world.updated, {}, seed=seed)
    yield [sliced(name, some, values) for name, some in named.items() if len(some) >= policy.min_questions]


def part(name: str, before: Floats, after: Floats, groups: Groups, seed: int) -> Slice:
    """Compare both sides on some questions."""
    numbered = np.unique(groups, return_inverse=True)[1]
    return Slice(name=name, questions=len(before), rows=contrast(before, after, numbered, seed=seed))


def correlated(world: World, old: Rows, new: Rows) -> float:
    """Return how right answers of both sides correlate over questions."""
    return float(np.corrcoef(world.right[old], world.right[new])[0, 1])


def sides(
    world: World, policy: Policy, *, count: int, kept: float, gain: bool, look: int, seed: int
) -> tuple[Drawn, Rows, Rows, float]:
    """Make up a gate set, both sides, and the gain that is declared."""
    rng = np.random.default_rng(seed)
    gate = drawn(world, count, rng)
    old, new = (noisy(world, gate, kept, rng) for _ in range(2))
    if not gain:
        return gate, old, new, 0.0
    groups = np.unique(gate.groups[:MOST], return_inverse=True)[1]
    values = world.right[old[:MOST]].astype(np.float64)
    effect = foreseen_effect(values, groups, level(policy.alpha, look))
    return gate, old, repaired(world, new, gate, effect, rng), effect


def kept_for(world: World, policy: Policy, correlation: float, *, count: int, gain: bool, look: int) -> float:
    """Return the share of clusters kept on each side with which the sides correlate as asked for, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(8):
        kept = (low + high) / 2
        seen = []
        for seed in range(12):
            _, old, new, _ = sides(world, policy, count=count, kept=kept, gain=gain, look=look, seed=seed)
            seen.append(correlated(world, old, new))
        low, high = (kept, high) if np.mean(seen) < correlation else (low, kept)
    return kept


def run(world: World, policy: Policy, *, count: int, kept: float, gain: bool, look: int, seed: int) -> Seen:
    """Do one comparison."""
    gate, old, new, effect = sides(world, policy, count=count, kept=kept, gain=gain, look=look, seed=seed)
    seen = judged(world, gate, old, new, policy, look=look, seed=seed)
    return replace(seen, effect=effect)


def looked(world: World, policy: Policy, *, count: int, kept: float, seed: int) -> Seen:
    """Look at one gate set `LOOKS` times; tell whether any of them promoted."""
    rng = np.random.default_rng(seed)
    gate = drawn(world, count, rng)
    old = noisy(world, gate, kept, rng)
    seen = [
        judged(world, gate, old, noisy(world, gate, kept, rng), policy, look=look, seed=seed + look)
        for look in range(1, LOOKS + 1)
    ]
    return replace(
        seen[-1],
        promoted=any(each.promoted for each in seen),
        former=any(each.former for each in seen),
        test=any(each.test for each in seen),
    )


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
        f"{share([seen.former for seen in results])} | {share([seen.test for seen in results])} | {seconds:.0f} |"
    )


def refusals(results: Sequence[Seen]) -> str:
    """Say what stood against those that were not promoted, most frequent first; one run may have several reasons."""
    against: Counter[str] = Counter()
    for seen in results:
        if not seen.promoted:
            kinds = {_figure(reason) for reason in seen.reasons}
            against.update(kinds)
    return ", ".join(f"{kind} {count}" for kind, count in against.most_common()) or "nothing"


def _figure(reason: str) -> str:
    return re.split(r" changed by| \(| rose | fell | stayed |=", reason)[0]


def main() -> None:
    """Run everything and print the table."""
    parser = parser_of(__doc__)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--counts", type=int, nargs="+", default=[200, 437, 1_000], help="gate questions")
    parser.add_argument(
        "--correlations", type=float, nargs="+", default=[0.5, 0.8], help="between both sides, over questions"
    )
    parser.add_argument("--kinds", nargs="+", default=["aa", "looks", "power", "power5"])
    parser.add_argument("--seed", type=int, default=17)
    arguments = parser.parse_args()
    with open_installation(Settings(_env_file=None, home=arguments.home)) as rag:
        world = load(arguments.datasets / "feedbackqa", rag, seed=arguments.seed)
    policy = Policy(anchor_metric=anchor_metric(TOP_K))
    everything = shares(world, np.arange(len(world.questions))).mean(axis=0)
    told = ", ".join(f"{name} {value:.1%}" for name, value in zip(NAMES, everything, strict=True))
    print(f"{len(world.questions)} questions of {clusters(world.questions).max() + 1} passages")
    print(f"{told}, {Received.REFUSED_RIGHTLY} {world.refused.mean():.1%}\n")
    print(
        "| candidate | gate questions | correlation | declared effect | promoted | by the gate of before | "
        "test alone | s |"
    )
    print("|---|---|---|---|---|---|---|---|", flush=True)
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
