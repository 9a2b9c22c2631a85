"""Cross-encoder artefacts in a folder: content-addressed, checked, safetensors only, as for encoders."""

from pathlib import Path

from typing_extensions import override

from rag.adapters.models.artefacts.copying import write_score_files
from rag.adapters.models.artefacts.safety import check_safe_reranker
from rag.adapters.models.model_folder import ModelFolder
from rag.errors import NotFound
from rag.ports import Reranker, RerankerStore


class RerankerFolder(ModelFolder, RerankerStore):
    """A `RerankerStore` in a folder."""

    _noun = "cross-encoder"
    _export_step = "export_reranker"
    _check_safe = staticmethod(check_safe_reranker)

    @override
    def resolve(self, name: str) -> str:
        if Path(name).is_dir() and name not in self.digests():
            return self.register(Path(name))
        return self.known(name) or self._from_hub(name, "a folder")

    @override
    def known(self, name: str) -> str | None:
        return name if name in self.digests() else self._artefacts.alias(f"hub/{name}")

    @override
    def register(self, folder: Path) -> str:
        """Copy what makes the scores out of a saved cross-encoder's folder; return its digest.

        Raises:
            NotFound: there is no such folder, or no cross-encoder in it.
            ArtefactUnsafe: it holds something other than safetensors.
        """
        if not folder.is_dir():
            raise NotFound(f"There is no folder {folder} to take a cross-encoder from.")
        digest = self._artefacts.add(lambda incoming: write_score_files(folder, incoming))
        self._export(digest)
        return digest

    @override
    def load(self, digest: str) -> Reranker:
        """Load an artefact as the port says; its export is checked too, and made where it is missing."""
        self._artefacts.check(digest)
        if export := self._runnable(digest):
            from rag.adapters.models.openvino.reranker import OpenVinoReranker

            return OpenVinoReranker(export.folder, digest=digest, threads=self._threads, batch=self._batch)
        from rag.adapters.models.sentence_transformers import CrossEncoderReranker

        folder = self._artefacts.root / digest
        return CrossEncoderReranker(folder, digest=digest, threads=self._threads, batch=self._batch)
