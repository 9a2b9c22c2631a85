"""Query-side adapters: a matrix on questions' vectors of an encoder whose passages stay as they are.

The artefact is the adapted encoder's, file by file, and one more module at the end: sentence-transformers' `Router`,
whose query route is a `Dense` layer without bias and whose document route leaves a vector alone. So whoever loads it
there has both sides, and the digest of the encoder it adapts follows from its own files: it need not be believed.
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from rag.adapters.models.artefacts.disk import (
    json_bytes,
    read_json,
    sha256_bytes,
    sync_folder,
    write_json,
    write_synced,
)
from rag.adapters.models.artefacts.layout import MANIFEST, WEIGHTS, files_digest
from rag.adapters.models.artefacts.modules import ROUTER, is_router, modules
from rag.errors import ArtefactTampered
from rag.ports import Encoder, Vectors

_BASE = "sentence_transformers.base.modules"
_MAP = "query_0_Dense"
_UNIT = "query_1_Normalize"
_MODULES = "modules.json"


class AdaptedEncoder(Encoder):
    """An `Encoder` whose questions' vectors go through a matrix; passages are the adapted encoder's, bit for bit."""

    def __init__(self, encoder: Encoder, matrix: NDArray[np.float32], *, digest: str) -> None:
        """Multiply a question's vector, from the left, by `matrix`: shape (dimension, dimension)."""
        self._encoder = encoder
        self._matrix = matrix
        self.digest = digest
        self.passages_digest = encoder.passages_digest
        self.dimension = encoder.dimension

    @override
    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions as the port says; zeros where the adapted encoder gives zeros."""
        return adapted(self._encoder.encode_queries(texts), self._matrix)

    @override
    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return self._encoder.encode_passages(texts)

    @override
    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._encoder.count_tokens(texts)


def adapted(vectors: Vectors, matrix: NDArray[np.float32]) -> Vectors:
    """Map questions' vectors, shape (n, dimension), and bring them to unit length; zeros stay zeros."""
    mapped: Vectors = vectors @ matrix.T
    lengths = np.linalg.norm(mapped, axis=1, keepdims=True)
    unit: Vectors = np.divide(mapped, lengths, out=np.zeros_like(mapped), where=lengths > 0)
    return unit


def query_matrix(folder: Path) -> NDArray[np.float32] | None:
    """Return the matrix of a query-side adapter's artefact, shape (dimension, dimension); None of another encoder's.

    Raises:
        NotFound, ArtefactUnsafe: as for `artefacts.modules.modules`.
        ArtefactTampered: the layer has more than a square matrix.
    """
    router = modules(folder)[-1]
    if not is_router(router):
        return None
    from safetensors.numpy import load_file

    place = folder / router["path"]
    layer = place / read_json(place / ROUTER)["structure"]["query"][0]
    config, tensors = read_json(layer / "config.json"), load_file(layer / WEIGHTS)
    plain = (
        tensors.keys() == {"linear.weight"}
        and not config.get("use_residual")
        and str(config.get("activation_function")).endswith(".Identity")
        and config.get("module_input_name", "sentence_embedding") == "sentence_embedding"
        and config.get("module_output_name") in (None, "sentence_embedding")
    )
    if not plain or len(set(tensors["linear.weight"].shape)) != 1 or tensors["linear.weight"].ndim != 2:
        raise ArtefactTampered(
            f"{layer} is no layer of a query-side adapter: a square matrix without bias, residual or activation "
            "was expected. Train it again."
        )
    return np.asarray(tensors["linear.weight"], dtype=np.float32)


def write_adapter(encoder: Path, matrix: NDArray[np.float32], target: Path) -> None:
    """Write an encoder with a matrix, shape (dimension, dimension), on its questions into the new folder `target`.

    An encoder that is adapted itself loses its own matrix.
    """
    from safetensors.numpy import save

    copy_passage_side(encoder, target)
    base = modules(target)
    path = f"{len(base)}_Router"
    taken = {PurePosixPath(module["path"]).parts[:1] for module in base}
    while (path,) in taken:
        path = f"{path}_"
    last = {"idx": len(base), "name": str(len(base)), "path": path, "type": f"{_BASE}.router.Router"}
    size = len(matrix)
    write_json(target / _MODULES, [*base, last])
    write_json(
        target / path / ROUTER,
        {
            "types": {_MAP: f"{_BASE}.dense.Dense", _UNIT: f"{_BASE}.normalize.Normalize"},
            "structure": {"query": [_MAP, _UNIT], "document": [_UNIT]},
            "parameters": {"default_route": "document", "allow_empty_key": True, "route_mappings": {}},
        },
    )
    names = {"module_input_name": "sentence_embedding", "module_output_name": "sentence_embedding"}
    layer = {"in_features": size, "out_features": size, "bias": False}
    identity = {"activation_function": "torch.nn.modules.linear.Identity"}
    write_json(target / path / _MAP / "config.json", layer | identity | names)
    write_json(target / path / _UNIT / "config.json", names)
    tensor = np.ascontiguousarray(matrix, dtype=np.float32)
    write_synced(target / path / _MAP / WEIGHTS, save({"linear.weight": tensor}))


def passages_digest(folder: Path) -> str:
    """Return the digest of the encoder that a checked artefact embeds passages as, from its manifest."""
    return files_digest(_passage_side(folder)[0])


def copy_passage_side(folder: Path, target: Path) -> str:
    """Copy a checked artefact's files without its router into the new folder `target`; return the digest.

    What is copied is the adapted encoder's artefact to the last byte, or `folder`'s own where it adapts none.
    """
    files, listed = _passage_side(folder)
    for name in files:
        if name != _MODULES:
            write_synced(target / name, folder / name)
    write_json(target / _MODULES, listed)
    write_json(target / MANIFEST, {"files": files})
    for each in (target, *(f for f in target.rglob("*") if f.is_dir())):
        sync_folder(each)
    return files_digest(files)


def _passage_side(folder: Path) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Return files (relative path -> SHA-256) and modules of a checked artefact without its router, if it has one."""
    files: dict[str, str] = read_json(folder / MANIFEST)["files"]
    *others, last = modules(folder)
    if not is_router(last):
        return files, [*others, last]
    router = PurePosixPath(last["path"])
    kept = {name: sha for name, sha in files.items() if router not in PurePosixPath(name).parents}
    return kept | {_MODULES: sha256_bytes(json_bytes(others))}, others
