"""The house stays easy to see: rooms of a size that one takes in at a glance, parts with few needs."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("rag", "retrain", "monitoring", "flows")
MOST_ENTRIES = 16
MOST_LINES = 350
MOST_PARAMETERS = 9


def modules() -> Iterator[Path]:
    """Yield every module of the product."""
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def test_no_folder_is_crowded() -> None:
    """A folder of the product has at most 16 entries beside what Python puts there."""
    folders = {folder for package in PACKAGES for folder in (ROOT / package).rglob("*") if folder.is_dir()}
    folders |= {ROOT / package for package in PACKAGES}
    entries = {
        str(folder.relative_to(ROOT)): sum(
            each.name not in ("__init__.py", "__pycache__") for each in folder.iterdir()
        )
        for folder in folders
        if folder.name != "__pycache__"
    }

    assert {folder: count for folder, count in entries.items() if count > MOST_ENTRIES} == {}


def test_no_module_is_long() -> None:
    """A module of the product has at most 350 lines."""
    lines = {
        str(module.relative_to(ROOT)): len(module.read_text("utf-8").splitlines()) for module in modules()
    }

    assert {module: count for module, count in lines.items() if count > MOST_LINES} == {}


def test_no_part_needs_more_than_nine_others() -> None:
    """A constructor takes at most nine things, but for those of the doors and of records that only hold values."""
    records = {
        "rag/adapters/sql/stores.py: Stores",  # the database's tables, one field each
        "monitoring/attribution/weighing.py: Weighed",
        "monitoring/signals/documents.py: DocumentChanges",
        "rag/adapters/readers/files.py: SourceFile",
        "rag/library/syncing.py: SyncReport",
        "retrain/training/recipe.py: EncoderRecipe",
        "retrain/verdict/gate.py: Policy",
    }
    crowded = {
        f"{place}: {name}"
        for place, module in ((each.relative_to(ROOT).as_posix(), each) for each in modules())
        if "bootstrap" not in place and "/domain" not in place
        for name, count in constructors(ast.parse(module.read_text("utf-8")))
        if count > MOST_PARAMETERS
    }

    assert crowded == records


def test_contracts_hold_the_insides_of_every_package() -> None:
    """Wherever several modules stand side by side, a contract says which may import which."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    held = {container for each in contracts if each.get("exhaustive") for container in each["containers"]}
    held |= {
        name.removesuffix(".*")
        for each in contracts
        if each["type"] == "independence"
        for name in each["modules"]
    }
    inside: dict[str, int] = {}
    for module in modules():
        path = module.relative_to(ROOT).with_suffix("").parts
        parts = path[:-1] if path[-1] == "__init__" else path
        if len(parts) > 1 and "migrations" not in parts:
            parent = ".".join(parts[:-1])
            inside[parent] = inside.get(parent, 0) + 1

    assert {package for package, count in inside.items() if count > 1} - held == set()


def test_the_environment_is_read_in_one_place() -> None:
    """Settings are built, and variables read, in flows/environment.py alone; others hand the environment to a child."""
    to_a_child = {
        "flows/demo/run.py", "flows/demo/serve_process.py", "flows/ops/checks.py", "flows/running/child_process.py",
        "flows/running/up.py", "monitoring/adapters/evidently/__init__.py", "rag/adapters/parsing/process.py",
        "rag/adapters/readers/python_docs.py",
    }  # fmt: skip
    reading = {
        module.relative_to(ROOT).as_posix()
        for module in modules()
        for node in ast.walk(ast.parse(module.read_text("utf-8")))
        if (isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv"))
        or (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("Settings", "RetrainSettings", "DriftSettings", "FlowSettings")
        )
    }

    assert reading == {"flows/environment.py"} | to_a_child


def constructors(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield each class with an `__init__` or fields of a dataclass, and how much its constructor takes."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef):
            continue
        own = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
        if own:
            given = own[0].args
            yield node.name, len(given.posonlyargs + given.args + given.kwonlyargs) - 1
        elif any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list):
            yield node.name, sum(isinstance(each, ast.AnnAssign) for each in node.body)
