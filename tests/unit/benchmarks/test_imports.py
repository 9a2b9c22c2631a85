"""Benchmarks take what the doors hand out, and say what they are for."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "benchmarks"
MODULES = sorted(FOLDER.glob("*.py"))
SIDES = {
    "load.py",
    "peer_finetuning.py",
    "peer_hayhooks.py",
    "peer_reading.py",
    "scripted_llm.py",
    "served.py",
    "stock_recipe.py",
}
"""Processes that a script starts: one side of its comparison, or what loads both."""

SCRIPTS = [
    module for module in MODULES if module.name not in SIDES and "__main__" in module.read_text("utf-8")
]


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield the full name of everything that is imported, wherever it is."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_no_benchmark_builds_a_part_itself(module: Path) -> None:
    """No adapter is imported, and nothing from within a door."""
    names = [name.split(".") for name in imported(ast.parse(module.read_text("utf-8")))]

    assert [name for name in names if "adapters" in name] == []
    assert [name for name in names if "bootstrap" in name[:-2]] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_says_what_it_shows(script: Path) -> None:
    """Its docstring names the claim, what is compared with, and how to run it."""
    told = ast.get_docstring(ast.parse(script.read_text("utf-8"))) or ""

    assert told.startswith("Claim")
    assert "\n\nPeer: " in told
    assert f"python benchmarks/{script.name}" in told
