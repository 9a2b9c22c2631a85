"""The options that benchmarks share: where data sets lie, and where encoders and embeddings are kept."""

import argparse
import os
from pathlib import Path

DATASETS = Path(os.environ.get("WHETSTONE_DATASETS") or Path(__file__).parents[2] / "shared" / "datasets")
"""Where the data sets are: the folder that the variable names, or the one beside the checkout."""


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with ``--datasets`` and ``--home``, and the script's docstring as it stands."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--datasets", type=Path, default=DATASETS, help="where the data sets are")
    parser.add_argument(
        "--home", type=Path, default=Path("var/benchmarks"), help="encoders, embeddings and checkpoints"
    )
    return parser
