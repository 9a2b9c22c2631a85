"""Whether loading a model's folder runs no code but the libraries' own."""

import re
from pathlib import Path
from typing import Any

from rag.adapters.models.artefacts.disk import read_json
from rag.adapters.models.artefacts.layout import CARD, MANIFEST, artefact_files
from rag.adapters.models.artefacts.modules import TRANSFORMER, module_types, modules
from rag.errors import ArtefactUnsafe, NotFound

_KNOWN_FILE = re.compile(
    r"(config|config_sentence_transformers|modules|router_config|sentence_\w+_config|tokenizer|tokenizer_config"
    r"|special_tokens_map|added_tokens|vocab)\.json|vocab\.txt|merges\.txt|[\w.-]+\.model"
    r"|[\w.-]+\.safetensors|[\w.-]+\.safetensors\.index\.json"
)

_RUNS_CODE = re.compile(
    r"\.(bin|pt|pth|pkl|pickle|ckpt|h5|msgpack|ot|npy|npz|joblib|dill|pyc?|so|pyd|dll|sh)", re.IGNORECASE
)

_HARMLESS_ACTIVATION = re.compile(r"torch\.nn\.(modules\.(activation|linear)\.)?[A-Z]\w*")


def is_known(file: Path) -> bool:
    """Tell whether a file's name is one of those that a model is made of."""
    return bool(_KNOWN_FILE.fullmatch(file.name))


def runs_code(file: Path) -> bool:
    """Tell whether loading a file of that kind could run code."""
    return bool(_RUNS_CODE.fullmatch(file.suffix))


def check_safe(folder: Path) -> None:
    """Make sure that loading the folder runs no code but the libraries' own.

    Raises:
        ArtefactUnsafe: a file or module is not on the allow-list, or a setting asks for custom code.
    """
    modules(folder)
    _check_files(folder)


def check_safe_reranker(folder: Path) -> None:
    """Make sure of the same for a cross-encoder's folder; ArtefactUnsafe as for `check_safe`."""
    check_cross_encoder(folder)
    _check_files(folder)


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
        others = [kind for kind in module_types(folder) if kind != TRANSFORMER]
        if others:
            raise ArtefactUnsafe(
                f"{folder / 'modules.json'} names {others[0]}; expected a transformer alone."
            )


def _check_files(folder: Path) -> None:
    weights = 0
    for file in artefact_files(folder):
        if file.name == MANIFEST or (file == folder / CARD and not file.is_symlink()):
            continue
        if not is_known(file):
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
