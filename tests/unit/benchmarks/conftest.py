"""A small data set to measure."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

THINGS = (
    "knife",
    "kettle",
    "ladder",
    "lamp",
    "violin",
    "bicycle",
    "oven",
    "tent",
    "compass",
    "anchor",
    "loom",
    "sail",
)


@pytest.fixture
def data_set(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a small data set in BEIR layout: of each thing one page of two passages, and a question to each."""

    def write(name: str) -> Path:
        folder = tmp_path / "datasets" / name
        folder.mkdir(parents=True)
        corpus, queries, labels = [], [], ["query-id\tcorpus-id\tscore"]
        for number, thing in enumerate(THINGS):
            split = ("train", "train", "dev", "test")[number % 4]
            for part, what in (
                ("care", "cleaned with warm water"),
                ("use", "taken out of its box with care"),
            ):
                key = f"{thing}-{part}"
                text = f"The {thing} of {name} is {what}."
                corpus.append({"_id": key, "title": f"{thing} {part}", "text": text, "url": thing})
                queries.append({"_id": f"q-{key}", "text": f"How is a {thing} {what}?", "split": split})
                labels.append(f"q-{key}\t{key}\t1")
        (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in corpus))
        (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in queries))
        (folder / "qrels.tsv").write_text("\n".join(labels) + "\n")
        return folder

    return write
