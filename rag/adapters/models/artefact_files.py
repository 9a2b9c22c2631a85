"""Which files of a model's folder make its vectors or scores, and whether they are safe to load."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from rag.domain import digest_of
from rag.errors import ArtefactTampered, ArtefactUnsafe, NotFound

MANIFEST = "manifest.json"
CARD = "README.md"
"""A model card, for people: no part of the digest, and nothing is read from it."""
WEIGHTS = "model.safetensors"
EXPORT = "openvino"
"""Folder inside an artefact that holds what was made of it for serving; no part of its digest."""

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

_KNOWN_FILE = re.compile(
    r"(config|config_sentence_transformers|modules|router_config|sentence_\w+_config|tokenizer|tokenizer_config"
    r"|special_tokens_map|added_tokens|vocab)\.json|vocab\.txt|merges\.txt|[\w.-]+\.model"
    r"|[\w.-]+\.safetensors|[\w.-]+\.safetensors\.index\.json"
)
_RUNS_CODE = re.compile(
    r"\.(bin|pt|pth|pkl|pickle|ckpt|h5|msgpack|ot|npy|npz|joblib|dill|pyc?|so|pyd|dll|sh)", re.IGNORECASE
)
_HARMLESS_ACTIVATION = re.compile(r"torch\.nn\.(modules\.(activation|linear)\.)?[A-Z]\w*")

# What names the machine or the library's version and leaves the vectors alone.
_WITHOUT_EFFECT = {
    "config.json": {"_name_or_path", "transformers_version"},
    "config_sentence_transformers.json": {"__version__", "similarity_fn_name"},
    "tokenizer_config.json": {
        "name_or_path",
        "is_local",
        "local_files_only",
        "special_tokens_map_file",
        "tokenizer_file",
    },
}


def read_json(file: Path) -> Any:
    """Read a JSON file.

    Raises:
        ArtefactTampered: it is no JSON.
    """
    try:
        return json.loads(file.read_bytes())
    except ValueError as error:
        raise ArtefactTampered(
            f"{file} is not readable JSON ({error}); restore it from where it came."
        ) from error


def json_bytes(value: object) -> bytes:
    """Return the bytes of JSON that `write_json` writes: the same value is always the same bytes."""
    return json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False).encode()


def write_json(file: Path, value: object) -> None:
    """Write JSON so that the same value is always the same bytes, and is on disk on return."""
    write_synced(file, json_bytes(value))


def write_synced(file: Path, content: bytes | Path) -> None:
    """Write bytes, or the content of another file, and wait until they are on disk."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as target:
        if isinstance(content, Path):
            with content.open("rb") as source:
                shutil.copyfileobj(source, target, 1 << 20)
        else:
            target.write(content)
        target.flush()
        os.fsync(target.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the folder's list of names is on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_bytes(content: bytes) -> str:
    """Return the SHA-256 of bytes, in hex."""
    return hashlib.sha256(content).hexdigest()


def sha256_file(file: Path) -> str:
    """Return the SHA-256 of a file's content, in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def files_digest(files: Mapping[str, str]) -> str:
    """Return the digest of an artefact from its files: relative path -> SHA-256."""
    return digest_of({"files": sorted([name, sha] for name, sha in files.items())})


def module_types(folder: Path) -> list[str]:
    """Return the classes of a folder's modules, by the place they are importable from now.

    Raises:
        NotFound: it is no sentence-transformers folder.
        ArtefactUnsafe: a module is not on the allow-list.
    """
    return [module["type"] for module in modules(folder)]


def prompts(folder: Path) -> tuple[str, str]:
    """Return the texts that a folder's model wants before a question and before a passage."""
    file = folder / "config_sentence_transformers.json"
    named = (read_json(file).get("prompts") or {}) if file.is_file() else {}
    return named.get("query") or "", named.get("document") or ""


def artefact_files(folder: Path) -> Iterator[Path]:
    """Yield every file and link of an artefact's folder, without what was made of it for serving."""
    for entry in sorted(folder.rglob("*")):
        inside = entry.relative_to(folder).parts[0] == EXPORT
        if not inside and (entry.is_symlink() or not entry.is_dir()):
            yield entry


def write_vector_files(source: Path, target: Path) -> str:
    """Copy into the new folder `target` what makes the vectors of `source`, with a manifest; give the digest.

    Raises:
        NotFound: `source` is no sentence-transformers folder.
        ArtefactUnsafe: it holds something other than safetensors and known modules.
    """
    return _write_known_files(source, target, _parts(source), check_safe)


def write_score_files(source: Path, target: Path) -> str:
    """Copy into the new folder `target` what makes the scores of the cross-encoder `source`, as for vectors.

    Raises:
        NotFound: `source` is no cross-encoder's folder.
        ArtefactUnsafe: it holds something other than safetensors.
    """
    check_cross_encoder(source)
    return _write_known_files(source, target, {"."}, check_safe_reranker)


def check_cross_encoder(folder: Path) -> None:
    """Make sure that a folder holds a cross-encoder that gives one score a pair.

    Raises:
        NotFound: it does not.
        ArtefactUnsafe: its modules.json names more than a transformer.
    """
    file = folder / "config.json"
    config = read_json(file) if file.is_file() else None
    if not isinstance(config, dict):
        raise NotFound(f"{folder} is no cross-encoder: it has no config.json of a transformer.")
    kinds = [str(name) for name in config.get("architectures") or ()]
    if not kinds or not all(kind.endswith("ForSequenceClassification") for kind in kinds):
        raise NotFound(
            f"{file} names {', '.join(kinds) or 'no architecture'}, expected one ...ForSequenceClassification; "
            "give the folder of a cross-encoder."
        )
    # transformers writes the number of labels as the list of their names.
    labels = len(config["id2label"]) if "id2label" in config else config.get("num_labels", 2)
    if labels != 1:
        raise NotFound(f"{file} names {labels} labels; a cross-encoder that orders passages has one.")
    if (folder / "modules.json").is_file():
        others = [kind for kind in module_types(folder) if kind != _MODULES["Transformer"]]
        if others:
            raise ArtefactUnsafe(
                f"{folder / 'modules.json'} names {others[0]}; expected a transformer alone."
            )


def _write_known_files(
    source: Path, target: Path, parts: Collection[str], check: Callable[[Path], None]
) -> str:
    for name, file in _known_files(source, parts):
        if file.name == "modules.json":
            write_json(target / name, modules(source))
        elif file.name in _WITHOUT_EFFECT:
            write_json(target / name, _effective(file))
        else:
            write_synced(target / name, file)
    check(target)
    files = {name: sha256_file(file) for name, file in _known_files(target, parts)}
    write_json(target / MANIFEST, {"files": files})
    for folder in (target, *(f for f in target.rglob("*") if f.is_dir())):
        sync_folder(folder)
    return files_digest(files)


def check_safe(folder: Path) -> None:
    """Make sure that loading the folder runs no code but the libraries' own.

    Raises:
        ArtefactUnsafe: a file or module is not on the allow-list, or a setting asks for custom code.
    """
    modules(folder)
    _check_files(folder)


def check_safe_reranker(folder: Path) -> None:
    """Make sure of the same for a cross-encoder's folder.

    Raises:
        ArtefactUnsafe: as for `check_safe`.
    """
    check_cross_encoder(folder)
    _check_files(folder)


def _check_files(folder: Path) -> None:
    weights = 0
    for file in artefact_files(folder):
        if file.name == MANIFEST or (file == folder / CARD and not file.is_symlink()):
            continue
        if not _KNOWN_FILE.fullmatch(file.name):
            raise ArtefactUnsafe(
                f"{file} is none of the files a model is made of; only safetensors weights are loaded."
            )
        weights += file.suffix == ".safetensors"
        if file.suffix == ".json" and file.name not in ("tokenizer.json", "vocab.json"):
            _check_setting(file, read_json(file))
    if not weights:
        raise ArtefactUnsafe(
            f"{folder} holds no safetensors weights. Save the model with save(folder) "
            "in a current sentence-transformers and take that folder."
        )


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


def is_router(module: Mapping[str, Any]) -> bool:
    """Tell whether an entry of `modules` is a query-side adapter's router."""
    return bool(module["type"] == _MODULES["Router"])


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


def _parts(folder: Path) -> set[str]:
    """Return the folders that the modules lie in, a router's routes included."""
    parts = {"."}
    for module in modules(folder):
        path = PurePosixPath(module["path"])
        parts.add(path.as_posix())
        if is_router(module):
            parts |= {(path / name).as_posix() for name in read_json(folder / path / ROUTER)["types"]}
    return parts


def _known_files(folder: Path, parts: Collection[str]) -> Iterator[tuple[str, Path]]:
    """Yield (relative path, file) of what lies in `parts`; other folders (onnx, checkpoints) are passed over."""
    for part in sorted(parts):
        if not (folder / part).is_dir():
            continue
        for file in sorted((folder / part).iterdir()):
            if not file.is_file() or file.name == MANIFEST:
                continue
            if _RUNS_CODE.fullmatch(file.suffix):
                raise ArtefactUnsafe(
                    f"{file} could run code when it is loaded; only safetensors are taken. "
                    "Remove it from the folder if model.safetensors holds the same weights."
                )
            if _KNOWN_FILE.fullmatch(file.name):
                yield file.relative_to(folder).as_posix(), file


def _effective(file: Path) -> dict[str, Any]:
    """Return the settings of a JSON file without those that leave the vectors alone."""
    settings = read_json(file)
    if not isinstance(settings, dict):
        raise ArtefactUnsafe(f"{file} does not hold settings; restore it from where it came.")
    settings = {key: value for key, value in settings.items() if key not in _WITHOUT_EFFECT[file.name]}
    if file.name == "config_sentence_transformers.json":
        prompts = {name: text for name, text in (settings.pop("prompts", None) or {}).items() if text}
        settings = {key: value for key, value in settings.items() if value is not None}
        if settings.get("model_type") == "SentenceTransformer":
            del settings["model_type"]
        if prompts:
            settings["prompts"] = prompts
    return settings


def _check_setting(file: Path, value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _check_setting(file, item)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        if key in ("auto_map", "custom_pipelines") or (key == "trust_remote_code" and item):
            raise ArtefactUnsafe(f"{file} asks for custom code ({key}), which is never loaded.")
        named = key in ("activation_function", "activation_fn", "sbert_ce_default_activation_function")
        if named and item is not None and not _HARMLESS_ACTIVATION.fullmatch(str(item)):
            raise ArtefactUnsafe(f"{file} names the activation function {item}; only torch.nn's are loaded.")
        _check_setting(file, item)
