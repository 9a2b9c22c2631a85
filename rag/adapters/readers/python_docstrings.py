"""A program: writes the docstrings of the standard library to standard output, one JSON list a line.

It runs in an interpreter of its own (see `python_docs`), because importing all of the standard library
prints, warns and changes the process. It imports nothing of this project.

Each line is [module, qualified name, docstring]; language topics come last under the module "".
"""

import contextlib
import importlib
import json
import os
import pkgutil
import sys
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any

_LEFT_OUT = frozenset(
    # These open windows or a browser, print, or run at import.
    {"antigravity", "idlelib", "this", "tkinter", "turtle", "turtledemo"}
    # Not the standard library's own documentation: tests, tables, what setuptools replaces.
    | {"distutils", "ensurepip", "lib2to3", "msilib", "nturl2path", "pydoc_data", "test"}
    # Platform halves of os and os.path, documented there.
    | {"nt", "ntpath", "posix", "posixpath", "genericpath"}
)
_LEAVES = frozenset({"encodings"})  # packages of nothing but tables
_OTHER_NAMES = {"os": ("posix", "nt"), "os.path": ("posixpath", "genericpath", "ntpath")}


def _modules() -> Iterator[ModuleType]:
    for name in sorted(sys.stdlib_module_names):
        if name.startswith("_") or name in _LEFT_OUT:
            continue
        module = _imported(name)
        if module is None:
            continue
        yield module
        if name == "os":
            yield module.path
        if hasattr(module, "__path__") and name not in _LEAVES:
            yield from _submodules(module)


def _submodules(package: ModuleType) -> Iterator[ModuleType]:
    for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda found: found.name):
        if found.name.startswith("_") or found.name in ("test", "tests"):
            continue
        module = _imported(f"{package.__name__}.{found.name}")
        if module is not None:
            yield module
            if found.ispkg:
                yield from _submodules(module)


def _imported(name: str) -> ModuleType | None:
    """Import a module; None for one that this system lacks the parts for."""
    try:
        return importlib.import_module(name)
    except (ImportError, AttributeError, OSError, ValueError, SystemExit):
        return None


def _documented(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Yield (qualified name, object) of the module and of what it defines itself."""
    # os.path names itself posixpath.
    prefix = "os.path" if module is os.path else module.__name__
    yield prefix, module
    exported = frozenset(getattr(module, "__all__", ()))
    own = (module.__name__, prefix, *_OTHER_NAMES.get(prefix, ()))
    for name, value in sorted(vars(module).items()):
        if name.startswith("_") or isinstance(value, ModuleType) or not callable(value):
            continue
        home = getattr(value, "__module__", None) or module.__name__
        # What a private module implements in C belongs to the module that offers it.
        if home in own or (home.startswith("_") and (name in exported or home == f"_{prefix}")):
            yield f"{prefix}.{name}", value
            if isinstance(value, type):
                yield from _members(f"{prefix}.{name}", value, depth=2)


def _members(prefix: str, owner: type, depth: int) -> Iterator[tuple[str, Any]]:
    for name, value in sorted(vars(owner).items()):
        if name.startswith("_"):
            continue
        if isinstance(value, type):
            if depth and value.__qualname__ == f"{owner.__qualname__}.{name}":
                yield f"{prefix}.{name}", value
                yield from _members(f"{prefix}.{name}", value, depth - 1)
        elif isinstance(value, property) or callable(getattr(value, "__func__", value)) or _descriptor(value):
            yield f"{prefix}.{name}", value


def _descriptor(value: Any) -> bool:
    return type(value).__name__ in ("getset_descriptor", "member_descriptor", "cached_property")


def main() -> None:
    """Write everything; what modules print at import goes nowhere."""
    with (
        os.fdopen(os.dup(1), "w", encoding="utf-8") as out,
        open(os.devnull, "w") as nowhere,  # noqa: PTH123 - nothing but the devnull name is needed
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        warnings.simplefilter("ignore")
        for module in _modules():
            for name, value in _documented(module):
                docstring = getattr(value, "__doc__", None)
                # An instance without a docstring shows its class's.
                if isinstance(docstring, str) and (
                    isinstance(value, type) or docstring != getattr(type(value), "__doc__", None)
                ):
                    out.write(json.dumps([name.partition(".")[0], name, docstring]) + "\n")
        topics = importlib.import_module("pydoc_data.topics").topics
        for name in sorted(topics):
            out.write(json.dumps(["", name, topics[name]]) + "\n")


if __name__ == "__main__":
    main()
