"""A folder of content-addressed artefacts that several processes and threads may share.

root/<digest>/            the files that the digest is over, and manifest.json
root/<digest>/README.md   a model card, which the digest is not over; may be missing
root/<digest>/openvino/   what was made of them for serving; see exports.py
root/aliases.json         name -> digest of artefacts made or fetched here, so that it is done once
root/.lock                held while anything is written
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from rag.adapters.models.artefacts.disk import check_files, read_json, sync_folder, write_json, write_synced
from rag.adapters.models.artefacts.exports import Export, read_export
from rag.adapters.models.artefacts.layout import CARD, EXPORT, MANIFEST, artefact_files, files_digest
from rag.errors import ArtefactTampered, NotFound, Unavailable

_ALIASES = "aliases.json"
_TEMPORARY = ".incoming-"
_LOCK_TIMEOUT_S = 900.0  # longer than another process takes to distil or download


class ArtefactFolder:
    """Adds, checks, names and drops artefacts. What is in it is whole, whenever a writer is killed."""

    def __init__(self, root: Path, *, noun: str, check_safe: Callable[[Path], None]) -> None:
        """Keep artefacts in `root`, made when needed; they are called `noun` in errors.

        `check_safe` raises ArtefactUnsafe where an artefact's folder could run code when it is loaded.
        """
        from filelock import FileLock

        self.root = root
        self._noun = noun
        self._check_safe = check_safe
        self._checked: set[str] = set()
        self._lock = FileLock(root / ".lock")

    def digests(self) -> frozenset[str]:
        """Every artefact's digest."""
        if not self.root.is_dir():
            return frozenset()
        return frozenset(
            f.name for f in self.root.iterdir() if len(f.name) == 64 and (f / MANIFEST).is_file()
        )

    def add(self, write: Callable[[Path], str]) -> str:
        """Add what `write` puts into a new folder, returning the digest over it. The same content is stored once."""
        with self.locked(), self.incoming() as incoming:
            digest = write(incoming)
            if (self.root / digest).exists():
                self.check(digest)
            else:
                incoming.rename(self.root / digest)
                sync_folder(self.root)
        return digest

    def adopt(self, other: "ArtefactFolder", digest: str) -> None:
        """Take an artefact as it is, with its export, from another folder after the same checks; once it is here.

        Raises:
            NotFound: the other folder has no such artefact.
            ArtefactTampered: its files are not those of its digest, or its export's not those of its manifest.
        """
        other.check(digest)
        read_export(other.root / digest, digest)
        with self.locked(), self.incoming() as incoming:
            if digest in self.digests():
                return
            source = other.root / digest
            for file in sorted(f for f in source.rglob("*") if f.is_file()):
                write_synced(incoming / file.relative_to(source), file)
            incoming.rename(self.root / digest)
            sync_folder(self.root)

    def export(self, digest: str, make: Callable[[Path, Path], None]) -> Export:
        """Return an artefact's export, which `make` writes where there is none: (artefact, new folder).

        Raises:
            ArtefactTampered: the export's files are not those of its manifest.
        """
        folder = self.root / digest
        found = read_export(folder, digest)
        if found is None:
            with self.locked():
                found = read_export(folder, digest)
                if found is None:
                    with self.incoming() as incoming:
                        make(folder, incoming)
                        shutil.rmtree(folder / EXPORT, ignore_errors=True)
                        incoming.rename(folder / EXPORT)
                        sync_folder(folder)
                    found = read_export(folder, digest)
        if found is None:
            raise ArtefactTampered(f"{folder / EXPORT} was removed while it was read; try again.")
        return found

    def path(self, digest: str) -> Path:
        """Return an artefact's folder after the checks of `check`, which are made once a process."""
        if digest not in self._checked or not (self.root / digest / MANIFEST).is_file():
            self.check(digest)
        return self.root / digest

    def check(self, digest: str) -> None:
        """Make sure that an artefact holds what its digest is over, and nothing else.

        Raises:
            NotFound: there is no such artefact.
            ArtefactTampered: a file does not match the digest.
            ArtefactUnsafe: it could run code when it is loaded.
        """
        folder = self.root / digest
        if digest not in self.digests():
            raise NotFound(f"There is no {self._noun} {digest} in {self.root}.")
        again = f"Delete {folder} and have the {self._noun} made or registered again, or restore it from a backup."
        manifest = read_json(folder / MANIFEST)
        files = manifest.get("files") if isinstance(manifest, dict) else None
        if not isinstance(files, dict) or files_digest(files) != digest:
            raise ArtefactTampered(f"{folder / MANIFEST} does not belong to the digest {digest}. {again}")
        there = {f.relative_to(folder).as_posix() for f in artefact_files(folder)}
        if extra := sorted(there - set(files) - {MANIFEST, CARD}):
            raise ArtefactTampered(f"{folder / extra[0]} is not part of the artefact. {again}")
        if (folder / CARD).is_symlink():
            raise ArtefactTampered(f"{folder / CARD} is a link, a file was expected. {again}")
        check_files(folder, files, again)
        self._check_safe(folder)
        self._checked.add(digest)

    def describe(self, digest: str, card: str) -> None:
        """Write an artefact's model card, in place of an earlier one; NotFound where there is no such artefact."""
        if digest not in self.digests():
            raise NotFound(f"There is no {self._noun} {digest} in {self.root}.")
        with self.locked():
            temporary = self._temporary()
            write_synced(temporary, card.encode())
            temporary.replace(self.root / digest / CARD)
            sync_folder(self.root / digest)

    def drop(self, digest: str) -> None:
        """Delete an artefact; nothing happens where there is none."""
        if digest not in self.digests():
            return
        with self.locked():
            leaving = self._temporary()
            try:
                (self.root / digest).rename(leaving)
            except FileNotFoundError:
                return
            self._checked.discard(digest)
            shutil.rmtree(leaving)

    def aliases(self) -> frozenset[str]:
        """Digests that names stand for."""
        file = self.root / _ALIASES
        return frozenset(read_json(file).values()) if file.is_file() else frozenset()

    def alias(self, name: str) -> str | None:
        """Return the digest remembered for a name, where that artefact is still here."""
        file = self.root / _ALIASES
        digest = read_json(file).get(name) if file.is_file() else None
        return digest if isinstance(digest, str) and digest in self.digests() else None

    def named(self, name: str, make: Callable[[], str]) -> str:
        """Return the digest remembered for a name; where there is none, that of the artefact which `make` makes."""
        known = self.alias(name)
        if known is None:
            with self.locked():
                known = self.alias(name)
                if known is None:
                    known = make()
                    self._set_alias(name, known)
        return known

    def _set_alias(self, name: str, digest: str) -> None:
        file = self.root / _ALIASES
        aliases = read_json(file) if file.is_file() else {}
        temporary = self._temporary()
        write_json(temporary, {**aliases, name: digest})
        temporary.replace(file)
        sync_folder(self.root)

    @contextmanager
    def incoming(self) -> Iterator[Path]:
        """Yield a name for a new folder, which goes on leaving unless it was renamed; the caller holds the lock."""
        folder = self._temporary()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep writers of other threads out; Unavailable where another process holds the lock for too long."""
        from filelock import Timeout

        self.root.mkdir(parents=True, exist_ok=True)
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

    def _temporary(self) -> Path:
        """Return a name that is free, and cleared by the next writer where it is left behind."""
        return self.root / f"{_TEMPORARY}{uuid4().hex}"

    def _clear(self) -> None:
        """Remove what a killed writer left behind."""
        for left in self.root.glob(f"{_TEMPORARY}*"):
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink()
