"""Cross-encoder artefacts in a folder: content-addressed, checked, safetensors only.

The same order of things as for encoders. Knows nothing of what is computed.
"""

import logging
from pathlib import Path

from rag.adapters.models.artefacts.copying import write_score_files
from rag.adapters.models.artefacts.folder import ArtefactFolder
from rag.adapters.models.artefacts.safety import check_safe_reranker
from rag.adapters.models.hub import snapshot
from rag.adapters.models.runtimes import Runtime, in_torch
from rag.adapters.models.torch_process import with_torch
from rag.errors import NotFound
from rag.ports import Reranker

_log = logging.getLogger(__name__)


class RerankerFolder:
    """A `RerankerStore` in a folder that several processes and threads may share."""

    def __init__(
        self, root: Path, *, batch: int = 32, runtime: Runtime = "auto", threads: int | None = None
    ) -> None:
        """Keep artefacts in `root`, made when needed; the other arguments are as for `EncoderFolder`."""
        self._artefacts = ArtefactFolder(root, noun="cross-encoder", check_safe=check_safe_reranker)
        self._batch = batch
        self._runtime = runtime
        self._threads = threads

    def resolve(self, name: str) -> str:
        """Make the cross-encoder `name` an artefact, where it is not one yet, and return its digest.

        Args:
            name: a folder, the digest of an artefact that is here, or a hub id.

        Raises:
            NotFound: it is none of these, or not a cross-encoder, or on the hub only and the hub may not be asked.
            ArtefactUnsafe: it holds something other than safetensors.
        """
        if Path(name).is_dir() and name not in self.digests():
            return self.register(Path(name))
        known = self.known(name)
        if known is not None:
            return known
        missing = (
            f"There is no cross-encoder {name!r}: it is not a folder or an artefact in {self._artefacts.root}"
        )
        folder = snapshot(name, missing)
        with self._artefacts.locked():
            digest = self.register(folder)
            self._artefacts.set_alias(f"hub/{name}", digest)
        return digest

    def known(self, name: str) -> str | None:
        """Return the digest of the artefact that is here by that digest or hub id; None where there is none."""
        return name if name in self.digests() else self._artefacts.alias(f"hub/{name}")

    def register(self, folder: Path) -> str:
        """Copy what makes the scores out of a saved cross-encoder's folder; return its digest.

        Raises:
            NotFound: there is no such folder, or no cross-encoder in it.
            ArtefactUnsafe: it holds something other than safetensors.
        """
        if not folder.is_dir():
            raise NotFound(f"There is no folder {folder} to take a cross-encoder from.")
        digest = self._artefacts.add(lambda incoming: write_score_files(folder, incoming))
        if not in_torch(self._runtime):
            self._artefacts.export(digest, _export)
        return digest

    def load(self, digest: str) -> Reranker:
        """Load an artefact after checking every file, and its export, which is made where it is missing.

        Raises:
            NotFound: there is no such artefact.
            ArtefactTampered: a file does not match the digest, or the export's manifest.
            ArtefactUnsafe: it holds something other than safetensors.
        """
        self._artefacts.check(digest)
        if not in_torch(self._runtime):
            export = self._artefacts.export(digest, _export)
            if export.refused is None:
                from rag.adapters.models.openvino.reranker import OpenVinoReranker

                return OpenVinoReranker(
                    export.folder,
                    digest=digest,
                    threads=self._threads,
                    batch=self._batch,
                )
            _log.warning("cross-encoder %s runs in torch, not in OpenVINO: %s", digest[:12], export.refused)
        from rag.adapters.models.sentence_transformers import CrossEncoderReranker

        folder = self._artefacts.root / digest
        return CrossEncoderReranker(folder, digest=digest, threads=self._threads, batch=self._batch)

    def path(self, digest: str) -> Path:
        """Return the artefact's folder, after the same checks as `load`, made once a process."""
        return self._artefacts.path(digest)

    def digests(self) -> frozenset[str]:
        """Every artefact's digest."""
        return self._artefacts.digests()

    def drop(self, digest: str) -> None:
        """Delete an artefact; nothing happens where there is none."""
        self._artefacts.drop(digest)


def _export(artefact: Path, target: Path, digest: str) -> None:
    with_torch("export_reranker", artefact, target, digest)
