"""The modules that a sentence-transformers folder names, and which of them are loaded."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from rag.adapters.models.artefacts.disk import read_json
from rag.adapters.models.artefacts.layout import EXPORT
from rag.errors import ArtefactUnsafe, NotFound

ROUTER = "router_config.json"
"""What a router's folder says of its routes; the modules of a route lie in folders of their own inside."""

_ST = "sentence_transformers"

_MODULES = {
    "Transformer": f"{_ST}.base.modules.transformer.Transformer",
    "Normalize": f"{_ST}.base.modules.normalize.Normalize",
    "Dense": f"{_ST}.base.modules.dense.Dense",
    "Pooling": f"{_ST}.sentence_transformer.modules.pooling.Pooling",
    "StaticEmbedding": f"{_ST}.sentence_transformer.modules.static_embedding.StaticEmbedding",
    "Router": f"{_ST}.base.modules.router.Router",
}

TRANSFORMER = _MODULES["Transformer"]

# Every place such a class was importable from, in this and earlier versions -> where it is now.
_ALLOWED = {
    place: canonical
    for name, canonical in _MODULES.items()
    for place in (
        canonical,
        f"{_ST}.models.{name}",
        f"{_ST}.models.{name}.{name}",
        f"{_ST}.base.modules.{name}",
        f"{_ST}.sentence_transformer.modules.{name}",
    )
}


def modules(folder: Path) -> list[dict[str, Any]]:
    """Return the entries of a folder's modules.json, their classes by the place they are importable from now.

    Raises:
        NotFound: it is no sentence-transformers folder.
        ArtefactUnsafe: a module is not on the allow-list, or a router is none of a query-side adapter.
    """
    file = folder / "modules.json"
    if not file.is_file():
        raise NotFound(
            f"{folder} is no sentence-transformers folder: modules.json is missing. "
            "Save the model with SentenceTransformer(...).save(folder) first."
        )
    listed = read_json(file)
    if not isinstance(listed, list) or not listed or not all(isinstance(module, dict) for module in listed):
        raise ArtefactUnsafe(f"{file} does not list modules; restore it from where it came.")
    canonical = []
    for module in listed:
        kind, path = str(module.get("type")), str(module.get("path", ""))
        if kind not in _ALLOWED:
            raise ArtefactUnsafe(
                f"{file} names the module {kind}; only {', '.join(sorted(_MODULES))} are loaded."
            )
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            raise ArtefactUnsafe(f"{file} points at {path!r}, outside its folder.")
        if PurePosixPath(path).parts[:1] == (EXPORT,):
            raise ArtefactUnsafe(
                f"{file} keeps a module in {EXPORT}, where what is made of an artefact lies."
            )
        canonical.append({**module, "type": _ALLOWED[kind], "path": path})
    if any(is_router(module) for module in canonical):
        _check_router(folder, canonical)
    return canonical


def module_types(folder: Path) -> list[str]:
    """Return the classes of a folder's modules, by the place they are importable from now.

    Raises:
        NotFound: it is no sentence-transformers folder.
        ArtefactUnsafe: a module is not on the allow-list.
    """
    return [module["type"] for module in modules(folder)]


def module_folders(folder: Path) -> set[str]:
    """Return the folders that the modules lie in, a router's routes included."""
    parts = {"."}
    for module in modules(folder):
        path = PurePosixPath(module["path"])
        parts.add(path.as_posix())
        if is_router(module):
            parts |= {(path / name).as_posix() for name in read_json(folder / path / ROUTER)["types"]}
    return parts


def is_router(module: Mapping[str, Any]) -> bool:
    """Tell whether an entry of `modules` is a query-side adapter's router."""
    return bool(module["type"] == _MODULES["Router"])


def prompts(folder: Path) -> tuple[str, str]:
    """Return the texts that a folder's model wants before a question and before a passage."""
    file = folder / "config_sentence_transformers.json"
    named = (read_json(file).get("prompts") or {}) if file.is_file() else {}
    return named.get("query") or "", named.get("document") or ""


def _check_router(folder: Path, listed: list[dict[str, Any]]) -> None:
    """Make sure that the one router is the last module, in a folder of its own, and only maps questions' vectors."""
    *others, router = listed
    path = PurePosixPath(router["path"])
    inside = [module for module in others if PurePosixPath(module["path"]).parts[:1] == path.parts]
    if not is_router(router) or any(is_router(module) for module in others) or len(path.parts) != 1 or inside:
        raise ArtefactUnsafe(
            f"{folder / 'modules.json'} names a router; only one that is the last module and alone in its folder "
            "is loaded."
        )
    file = folder / path / ROUTER
    config: Any = read_json(file) if file.is_file() else None
    try:
        kinds = {name: _ALLOWED[kind].rpartition(".")[2] for name, kind in config["types"].items()}
        routes = {route: [kinds[name] for name in names] for route, names in config["structure"].items()}
        default, mapped = config["parameters"]["default_route"], config["parameters"].get("route_mappings")
    except (KeyError, TypeError, AttributeError) as error:
        raise ArtefactUnsafe(f"{file} does not describe a query-side adapter ({error!r}).") from error
    expected = {"query": ["Dense", "Normalize"], "document": ["Normalize"]}
    odd = [name for name in kinds if PurePosixPath(name).name != name or name.startswith(".")]
    if routes != expected or default != "document" or mapped or odd:
        raise ArtefactUnsafe(
            f"{file} has the routes {routes}, by default {default}; of routers only a query-side adapter's is loaded: "
            f"{expected}, by default document."
        )
