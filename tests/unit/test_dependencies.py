"""What pyproject.toml declares is what the code imports."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PRODUCT = ("rag", "retrain", "monitoring", "flows")

MODULES = {
    "import-linter": "importlinter",
    "llama-index-core": "llama_index.core",
    "markdown-it-py": "markdown_it",
    "opentelemetry-api": "opentelemetry.trace",
    "opentelemetry-exporter-otlp-proto-http": "opentelemetry.exporter.otlp.proto.http",
    "opentelemetry-proto": "opentelemetry.proto",
    "opentelemetry-sdk": "opentelemetry.sdk",
    "pillow": "PIL",
    "python-docx": "docx",
    "python-pptx": "pptx",
    "pyyaml": "yaml",
    "qdrant-edge-py": "qdrant_edge",
    "scikit-learn": "sklearn",
}
"""Where a module is not named as its distribution is."""
TAKEN_UP = {
    "accelerate": "sentence_transformers",  # its Trainer, which benchmarks/stock_recipe.py measures
    "httptools": "uvicorn",
    "python-multipart": "fastapi",
    "uvloop": "uvicorn",
}
"""Distributions without which the module that we import does less or nothing."""
TOOLS = {
    "import-linter",
    "mypy",
    "pandas-stubs",
    "pytest-timeout",
    "pytest-xdist",
    "ruff",
    "types-pyyaml",
}
"""What the Makefile runs, and what these read."""


def test_every_dependency_is_imported() -> None:
    """Nothing is installed with the product that it does not import, itself or through what it imports."""
    imported = set(imports(*PRODUCT))
    unused = {each for each in declared("postgres") if not uses(imported, TAKEN_UP.get(each, each))}
    assert unused == set()


def test_every_import_is_declared() -> None:
    """The product imports nothing that is there only because something else needs it."""
    modules = {module_of(each) for each in declared("postgres")}
    undeclared = {name for name in imports(*PRODUCT) if not any(within(name, module) for module in modules)}
    assert undeclared == set()


def test_the_dev_extra_is_what_tests_and_benchmarks_add() -> None:
    """Likewise for tests and benchmarks; peers run in an environment of their own."""
    imported = set(imports("tests", "benchmarks"))
    added = declared("dev", product=False) - TOOLS
    assert {each for each in added if not uses(imported, TAKEN_UP.get(each, each))} == set()
    modules = {module_of(each) for each in declared("dev")}
    assert {name for name in imported if not any(within(name, module) for module in modules)} == set()


def test_every_dependency_has_a_lower_bound_and_a_pin() -> None:
    """A resolver cannot fall back to old versions, and constraints.txt names the one that was tried."""
    pins = set(
        re.findall(r"^([\w.-]+)==", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert declared("postgres", "dev") <= {canonical(pin) for pin in pins}
    extras = PROJECT["optional-dependencies"].values()
    every = [*PROJECT["dependencies"], *(each for extra in extras for each in extra)]
    assert [] == [each for each in every if not re.search(r"[>=]=", each)]


def canonical(name: str) -> str:
    """Return a distribution's name as the package index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(*extras: str, product: bool = True) -> set[str]:
    """Return the names of the distributions that the product, and these extras, declare."""
    lines = list(PROJECT["dependencies"]) if product else []
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    return {canonical(re.split(r"[\[<>=;~! ]", line, maxsplit=1)[0]) for line in lines}


def module_of(distribution: str) -> str:
    """Return the module that a distribution brings."""
    return MODULES.get(distribution, distribution.replace("-", "_"))


def within(name: str, module: str) -> bool:
    """Tell whether a dotted name is a module or something in it."""
    return f"{name}.".startswith(f"{module}.")


def uses(imported: Iterable[str], distribution: str) -> bool:
    """Tell whether something of a distribution is imported."""
    return any(within(name, module_of(distribution)) for name in imported)


def imports(*folders: str) -> Iterator[str]:
    """Yield the dotted names that modules in these folders import and that are neither ours nor Python's."""
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    # Tests and benchmarks import what stands beside them; peers are scripts of another environment.
    ours = {*PRODUCT, *(part for folder in ("tests", "benchmarks") for part in beside(ROOT / folder))}
    for file in files:
        if file.name.startswith("peer_"):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            for name in names(node):
                top = name.partition(".")[0]
                if top not in ours and top not in sys.stdlib_module_names and top != "_typeshed":
                    yield name


def beside(folder: Path) -> set[str]:
    """Return what a folder's modules and subfolders are called."""
    return {each.stem for each in folder.iterdir()}


def names(node: ast.AST) -> list[str]:
    """Return the dotted names that one statement imports."""
    if isinstance(node, ast.Import):
        return [each.name for each in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return [f"{node.module}.{each.name}" for each in node.names]
    return []
