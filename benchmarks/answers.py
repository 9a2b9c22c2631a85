"""Claim: what the asker receives gets better, and a promotion never makes it worse.

Peer: each part's own, in the same run: the release before, one cosine, the best sentence, the service before.

Runs the parts one after the other and prints their tables; each is a script of its own with options of its own::

    python benchmarks/answers.py                      # all of them: some hours, most of them promotion
    python benchmarks/answers.py refusal quotes       # some

- refusal: questions refused rightly and wrongly, and what a probability means (`answer_refusal.py`)
- quotes: whether the quoted text holds what was asked for (`answer_quotes.py`)
- written: whether sentences that no passage bears out are found (`written_answers.py`)
- promotion: what people get before and after (`answer_promotion.py`); finished cells are kept in `--out`
- cost: time of an answer beside the service of before (`answer_cost.py`)
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
PARTS = {
    "refusal": ("answer_refusal.py",),
    "quotes": ("answer_quotes.py",),
    "written": ("written_answers.py",),
    "promotion": ("answer_promotion.py", "--out", "answers-promotion.json"),
    "cost": ("answer_cost.py",),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts; give the exit status: that of the first part whose goal was missed, else 0."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="which; all where none is named")
    chosen = parser.parse_args(arguments).parts or list(PARTS)
    missed = 0
    for part in chosen:
        script, *options = PARTS[part]
        print(f"\n## {part}\n", flush=True)
        status = subprocess.run([sys.executable, str(HERE / script), *options], check=False).returncode
        missed = missed or status
    return missed


if __name__ == "__main__":
    raise SystemExit(main())
