"""What the stores of encoders and of cross-encoders have in common: artefacts in a folder, and how they run."""

import logging
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path

from typing_extensions import override

from rag.adapters.models.artefacts.exports import Export
from rag.adapters.models.artefacts.folder import ArtefactFolder
from rag.adapters.models.hub import snapshot
from rag.adapters.models.runtimes import Runtime, in_torch
from rag.adapters.models.torch_process import with_torch
from rag.ports import ModelStore

_log = logging.getLogger(__name__)


class ModelFolder(ModelStore):
    """Artefacts of one kind of model, in a folder that several processes and threads may share."""

    _noun: str  # what one is called in errors
    _export_step: str  # of `torch_process.STEPS`
    _check_safe: Callable[[Path], None]  # raises ArtefactUnsafe where loading a folder could run code

    def __init__(
        self, root: Path, *, batch: int = 32, runtime: Runtime = "auto", threads: int | None = None
    ) -> None:
        """Keep artefacts in `root`, made when needed.

        Args:
            root: the folder.
            batch: most texts a model takes at once.
            runtime: what computes: openvino, torch, or auto (torch where it has a GPU, else openvino). A model that
                OpenVINO cannot run as exactly runs in torch whatever this says.
            threads: of a model; None: as many as there are cores.
        """
        self._artefacts = ArtefactFolder(root, noun=self._noun, check_safe=type(self)._check_safe)
        self._batch = batch
        self._runtime = runtime
        self._threads = threads

    @abstractmethod
    def register(self, folder: Path) -> str:
        """Copy a saved model's folder in as an artefact; return its digest."""

    @override
    def path(self, digest: str) -> Path:
        return self._artefacts.path(digest)

    @override
    def digests(self) -> frozenset[str]:
        return self._artefacts.digests()

    @override
    def drop(self, digest: str) -> None:
        self._artefacts.drop(digest)

    def _from_hub(self, name: str, otherwise: str) -> str:
        """Return the digest of the hub's model of that name; errors say that it is not `otherwise` either."""
        alias = f"hub/{name}"
        known = self._artefacts.alias(alias)
        if known is not None:
            return known
        missing = f"There is no {self._noun} {name!r}: it is not {otherwise} or an artefact in {self._artefacts.root}"
        folder = snapshot(name, missing)
        return self._artefacts.named(alias, lambda: self.register(folder))

    def _export(self, digest: str) -> Export | None:
        """Return an artefact's export, made where it is missing; None where models are to run in torch."""
        if in_torch(self._runtime):
            return None
        return self._artefacts.export(
            digest, lambda artefact, target: with_torch(self._export_step, artefact, target, digest)
        )

    def _runnable(self, digest: str) -> Export | None:
        """Return the export that OpenVINO runs; None where the artefact runs in torch."""
        export = self._export(digest)
        if export is None or export.refused is None:
            return export
        _log.warning("%s %s runs in torch, not in OpenVINO: %s", self._noun, digest[:12], export.refused)
        return None
