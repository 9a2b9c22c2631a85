"""The files below a folder, in a fixed order."""

import os
from collections.abc import Iterator
from pathlib import Path

from rag.library.documents import ReadFailure


def files_below(root: Path) -> Iterator[Path | ReadFailure]:
    """Yield the files below `root`, sorted, or why a place in it is not read.

    Hidden files and folders are passed over. A link is followed where it leads to a file or a folder inside `root`
    that is not met on the way anyway: one that is hidden. What several links lead to is met once. A link that leads
    outside is a failure.
    """
    walk = _Walk(root.resolve())
    # Not by recursion: folders may be nested deeper than Python calls.
    open_folders = [walk.entries(root, walk.real_root)]
    while open_folders:
        found = next(open_folders[-1], None)
        if found is None:
            open_folders.pop()
        elif isinstance(found, tuple):
            open_folders.append(walk.entries(*found))
        else:
            yield found


class _Walk:
    """One way through a folder; remembers where it was."""

    def __init__(self, real_root: Path) -> None:
        self.real_root = real_root
        self._met: set[Path] = set()  # folders, and files that links led to, as they are without links

    def entries(self, folder: Path, real: Path) -> Iterator[Path | ReadFailure | tuple[Path, Path]]:
        """Yield what is in a folder; a folder in it as its path and the same without links."""
        if real in self._met:
            return
        self._met.add(real)
        try:
            with os.scandir(folder) as listed:
                # It knows folders and links without asking for each file's status.
                entries = sorted(listed, key=lambda entry: entry.name)
        except OSError as error:
            yield ReadFailure(uri=folder.as_uri(), reason=f"cannot be listed: {error.strerror or error}")
            return
        for entry in entries:
            path, behind = folder / entry.name, real / entry.name
            if _hidden(entry.name):
                continue
            if entry.is_symlink():
                yield from self._linked(path)
            elif entry.is_dir(follow_symlinks=False):
                yield path, behind
            elif path == behind:  # no link leads to what lies on the usual way
                yield path
            elif behind not in self._met:
                self._met.add(behind)
                yield path

    def _linked(self, link: Path) -> Iterator[Path | ReadFailure | tuple[Path, Path]]:
        try:
            target = link.resolve(strict=True)
        except (OSError, RuntimeError):
            yield ReadFailure(uri=link.as_uri(), reason="is a link that leads nowhere")
            return
        if not target.is_relative_to(self.real_root):
            yield ReadFailure(
                uri=link.as_uri(), reason="is a link that leads outside the folder; not followed"
            )
        elif target in self._met or not any(map(_hidden, target.relative_to(self.real_root).parts)):
            return  # met under its own name, or by another link
        elif target.is_dir():
            yield link, target
        else:
            self._met.add(target)
            yield link


def _hidden(name: str) -> bool:
    # "~$" begins the file that Word keeps beside an open document.
    return name.startswith((".", "~$"))
