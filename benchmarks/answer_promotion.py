"""Claim: what is promoted answers more questions from a right passage for certain, and refuses at most a point more.

Peer: the release before, on the same questions, each as it would serve.

For each data set and number of people's questions a company begins: the corpus is ingested, the static base is live and
calibrated on it, and so many questions of `train` and `dev`, drawn with the seed, are what people asked; all other
questions are mined from the documents. One retraining runs as `whetstone retrain` would, and the gate decides. Then
both releases answer the `test` questions, and these with the documents that answer them taken out. The table has the
shares before and after, their differences with 95 % intervals, the gate's word, and whether the promise was kept: more
answered rightly for certain and at most a point more refused, or not promoted::

    python benchmarks/answer_promotion.py --out promotion.json

Every finished cell is in `--out` at once; called again with the same file, only what is missing is done.
"""

import argparse
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from arguments import parser_of
from results import Result, Results

from rag.bootstrap import Installation, open_installation, questions_at
from rag.domain import DEFAULT_TENANT, Chunking, Purpose, Release, Retrieval
from rag.releases.deployed import live_release
from rag.releases.models import LoadedRelease
from rag.releases.trials import trial_indexes
from rag.settings import Settings
from retrain.bootstrap import open_retrain
from retrain.dataset.sources.labels import mine_labels
from retrain.domain import Candidate, Outcome, Received
from retrain.settings import RetrainSettings
from retrain.verdict.receiving import receive_both
from retrain.verdict.tuning import calibrated

SETS = ("medquad", "feedbackqa", "pubmedqa-pqal")
PEOPLE = (0, 10, 19, 100)
SHOWN = (
    Received.RIGHT,
    Received.WRONG,
    Received.REFUSED,
    Received.REFUSED_THOUGH_FOUND,
    Received.REFUSED_RIGHTLY,
)
ALLOWED = 0.01
"""Rise of refusals that a promotion may bring."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing, print the table; give the exit status: 1 where a promise was broken."""
    options = _options().parse_args(arguments)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    done = cells(
        options.data,
        options.people,
        datasets=options.datasets,
        home=options.home,
        out=options.out,
        seeds=options.seeds,
        limit=options.limit,
    )
    print(table(done))
    return 0 if all(kept(result) for result in done) else 1


def cells(
    data: Sequence[str],
    people: Sequence[int],
    *,
    datasets: Path,
    home: Path,
    out: Path | None,
    seeds: Sequence[int] = (17,),
    limit: int | None = None,
) -> list[Result]:
    """Return the results of all cells, doing those that `out` does not have; `limit` is for trying it out."""
    results = Results(out, {**conditions(), "limit": limit})
    done = []
    for name in data:
        for count in people:
            for seed in seeds:
                result = results.find(data=name, people=count, seed=seed)
                if result is None:
                    result = cell(datasets / name, count, home=home, seed=seed, limit=limit)
                    results.put(result, "data", "people", "seed")
                done.append(result)
    return done


def cell(folder: Path, people: int, *, home: Path, seed: int, limit: int | None = None) -> Result:
    """Return what one company's retraining brings; the encoders of `home` are used, and nothing is left there."""
    began = time.perf_counter()
    with _company(home) as rag:
        rag.ingest(str(folder), prune=False, progress=_say)
        learn, report = questions_at(folder, rag.settings)
        asked = random.Random(seed).sample(sorted(learn, key=lambda each: each.id), min(people, len(learn)))
        rag.stores.questions.put([replace(each, purpose=Purpose.TRAIN) for each in asked])
        _go_live(rag, seed=seed)
        candidate = retrained(rag, seed=seed)
        judged = time.perf_counter() - began
        test = mine_labels(report, rag.stores.documents.passages_of).dev[:limit]
        corpus = [passage for batch in rag.stores.documents.all_passages() for passage in batch]
        with trial_indexes(corpus, tenant=DEFAULT_TENANT, cache=rag.models.cache, scratch=rag.scratch) as on:
            seen = receive_both(
                test,
                incumbent=rag.models.load(live_release(rag.stores.releases)),
                candidate=rag.models.load(rag.stores.releases.get(candidate.release)),
                on=on,
                seed=seed,
                most=len(test),
                progress=_say,
            )
    card = candidate.scorecard
    return {
        "data": folder.name,
        "people": people,
        "seed": seed,
        "pairs": candidate.training.pairs,
        "gate_questions": card.questions,
        "verdict": str(candidate.verdict.outcome),
        "reasons": list(candidate.verdict.reasons),
        "gate": asdict(card.answers) if card.answers else None,
        "ranking": [asdict(row) for row in card.overall],
        "test": asdict(seen.answers),
        "judged_s": round(judged, 1),
        "seconds": round(time.perf_counter() - began, 1),
    }


def retrained(rag: Installation, *, seed: int) -> Candidate:
    """Return the candidate of one retraining, by the real cycle."""
    retraining, _ = open_retrain(rag, RetrainSettings(_env_file=None, seed=seed, lane="static"), lambda: None)
    with retraining.cycle() as cycle:
        dataset = cycle.build_dataset(progress=_say).digest
        foreseen = cycle.foresee(dataset, progress=_say)
        return cycle.evaluate(dataset, cycle.train(dataset, progress=_say), foreseen=foreseen, progress=_say)


def kept(result: Result) -> bool:
    """Tell whether what was promised holds on the test questions."""
    if result["verdict"] != Outcome.PROMOTE:
        return True
    rows = {row["metric"]: row["difference"] for row in result["test"]["rows"]}
    return bool(rows[Received.RIGHT]["low"] > 0 and rows[Received.REFUSED]["value"] <= ALLOWED)


def table(results: Sequence[Result]) -> str:
    """Write one Markdown table: shares in percent, before → after, differences in points with their intervals."""
    named = [str(share).replace("_", " ") for share in SHOWN]
    lines = [
        f"| data | people's questions | gate questions | {' | '.join(named)} | verdict | promise |",
        f"|---|---|---|{'---|' * len(SHOWN)}---|---|",
    ]
    for result in results:
        rows = {row["metric"]: row for row in result["test"]["rows"]}
        shares = " | ".join(_cell(rows[share]) if share in rows else "" for share in SHOWN)
        lines.append(
            f"| {result['data']} ({result['test']['questions']:,}) | {result['people']} | "
            f"{result['gate_questions']} | {shares} | {result['verdict']} | "
            f"{'kept' if kept(result) else 'broken'} |"
        )
    return "\n".join(lines)


def conditions() -> dict[str, Any]:
    """Return the settings that cells have in common whose figures may be put together."""
    return RetrainSettings(_env_file=None).model_dump(mode="json", exclude={"seed", "approval_secret"})


def _cell(row: dict[str, Any]) -> str:
    change = row["difference"]
    return (
        f"{100 * row['incumbent']['value']:.1f} → {100 * row['candidate']['value']:.1f}: "
        f"{100 * change['value']:+.1f} ({100 * change['low']:+.1f} to {100 * change['high']:+.1f})"
    )


@contextmanager
def _company(home: Path) -> Iterator[Installation]:
    """Yield an empty installation that has the static encoder of `home`."""
    with open_installation(Settings(_env_file=None, home=home)) as shared:
        base = shared.models.encoders.path(shared.models.encoders.resolve("static"))
    with (
        TemporaryDirectory(prefix="whetstone-promotion-") as place,
        open_installation(Settings(_env_file=None, home=Path(place), encoder=base.name)) as rag,
    ):
        rag.models.encoders.register(base)
        yield rag


def _go_live(rag: Installation, *, seed: int) -> None:
    """Make the static base live, calibrated on the documents; no question of people is looked at."""
    encoder = rag.models.encoders.load(rag.models.encoders.resolve(rag.settings.encoder))
    plain = Release.create(
        encoder=encoder.digest, dimension=encoder.dimension, chunking=Chunking(), retrieval=Retrieval()
    )
    change = rag.stores.documents.last_change()
    corpus = [passage for batch in rag.stores.documents.all_passages() for passage in batch]
    with trial_indexes(corpus, tenant=DEFAULT_TENANT, cache=rag.models.cache, scratch=rag.scratch) as on:
        loaded = LoadedRelease(release=plain, encoder=encoder)
        live = calibrated(loaded, on=on, learned=(), change=change, seed=seed).release
    rag.stores.releases.add(live)
    rag.stores.releases.deploy_first(live.digest, principal="benchmark")


def _say(done: int, total: int, what: str) -> None:
    what = what.partition("\n")[0]
    if done % 200 == 0 or done == total:
        print(f"{what}: {done} of {total}" if total else f"{what}: {done}", file=sys.stderr, flush=True)


def _options() -> argparse.ArgumentParser:
    parser = parser_of(__doc__)
    add = parser.add_argument
    add("--data", nargs="+", default=list(SETS), help="folders of --datasets")
    add("--people", type=int, nargs="+", default=list(PEOPLE), help="questions that people asked")
    add("--seeds", type=int, nargs="+", default=[17], help="one retraining for each")
    add("--limit", type=int, help="so many test questions only, to try the script out")
    add(
        "--out", type=Path, help="all figures, JSON, written after each cell; what is there is not done again"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
