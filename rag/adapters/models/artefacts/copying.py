"""What makes a model's vectors or scores is copied out of its folder, with a manifest over it."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from rag.adapters.models.artefacts.disk import read_json, sha256_file, sync_folder, write_json, write_synced
from rag.adapters.models.artefacts.layout import MANIFEST, files_digest
from rag.adapters.models.artefacts.modules import module_folders, modules
from rag.adapters.models.artefacts.safety import (
    check_cross_encoder,
    check_safe,
    check_safe_reranker,
    is_known,
    runs_code,
)
from rag.errors import ArtefactUnsafe

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


def write_vector_files(source: Path, target: Path) -> str:
    """Copy into the new folder `target` what makes the vectors of `source`, with a manifest; return the digest.

    Raises:
        NotFound: `source` is no sentence-transformers folder.
        ArtefactUnsafe: it holds something other than safetensors and known modules.
    """
    return _write_known_files(source, target, module_folders(source), check_safe)


def write_score_files(source: Path, target: Path) -> str:
    """Copy into the new folder `target` what makes the scores of the cross-encoder `source`, as for vectors.

    Raises:
        NotFound: `source` is no cross-encoder's folder.
        ArtefactUnsafe: it holds something other than safetensors.
    """
    check_cross_encoder(source)
    return _write_known_files(source, target, {"."}, check_safe_reranker)


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


def _known_files(folder: Path, parts: Collection[str]) -> Iterator[tuple[str, Path]]:
    """Yield (relative path, file) of what lies in `parts`; other folders (onnx, checkpoints) are passed over."""
    for part in sorted(parts):
        if not (folder / part).is_dir():
            continue
        for file in sorted((folder / part).iterdir()):
            if not file.is_file() or file.name == MANIFEST:
                continue
            if runs_code(file):
                raise ArtefactUnsafe(
                    f"{file} could run code when it is loaded; only safetensors are taken. "
                    "Remove it from the folder if model.safetensors holds the same weights."
                )
            if is_known(file):
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
