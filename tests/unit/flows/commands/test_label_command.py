"""whetstone label, from the outside."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a home of its own."""
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", *arguments],
        env={"PATH": "/usr/bin:/bin", "WHETSTONE_HOME": str(home / "var"), "HF_HUB_OFFLINE": "1"},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def lockers(tmp_path: Path) -> Path:
    """A data set as BEIR publishes them; of its four labels to train with, two are of documents that are missing."""
    folder = tmp_path / "lockers"
    (folder / "qrels").mkdir(parents=True)
    corpus = [
        {"_id": f"d{n}", "title": f"Locker {n}", "text": f"Key {n} opens it." if n else ""} for n in range(4)
    ]
    queries = [{"_id": f"q{n}", "text": f"Which key opens locker {n}?"} for n in range(6)]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)))
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)))
    splits = {"train": ["q0 d0", "q1 d1", "q4 gone", "q5 away"], "Validation": ["q2 d2"], "test": ["q3 d3"]}
    for split, labels in splits.items():
        rows = ["query-id corpus-id score", *(f"{label} 1" for label in labels)]
        (folder / "qrels" / f"{split}.tsv").write_text("\n".join(rows).replace(" ", "\t"))
    return folder


def test_an_import_says_what_it_did_not_take(tmp_path: Path, lockers: Path) -> None:
    """Labels of missing documents, splits that were not named, and questions that are held back."""
    ingested = run(tmp_path, "ingest", "lockers")
    assert ingested.returncode == 0, ingested.stdout + ingested.stderr

    first = run(tmp_path, "label", "lockers", "--split", "train=train")
    assert first.returncode == 0, first.stderr
    assert "2 of 4 labels point at documents that are not ingested: whetstone ingest lockers" in first.stdout
    assert "1 questions are of the split 'Validation', left out" in first.stdout
    assert "test" not in first.stdout

    golden = run(tmp_path, "label", "lockers", "--split", "train=golden")
    assert "4 questions were there to be trained on, and are held back from now on." in golden.stdout
    again = run(tmp_path, "label", "lockers", "--split", "train=train")
    assert again.returncode == 0
    assert "4 questions are held back already, by an earlier import, and stay so" in again.stdout


def test_an_import_of_nothing_fails(tmp_path: Path, lockers: Path) -> None:
    """It names the splits that there are, as they are written."""
    assert run(tmp_path, "ingest", "lockers").returncode == 0
    failed = run(tmp_path, "label", "lockers", "--split", "validation=dev")
    assert failed.returncode != 0
    assert "'Validation' (1), 'test' (1), 'train' (4)" in " ".join(failed.stderr.split())
    assert "Traceback" not in failed.stderr
