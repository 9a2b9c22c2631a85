"""The files below a folder, in a fixed order."""

from collections.abc import Iterator
from pathlib import Path

from rag.library.documents import ReadFailure


def files_below(root: Path) -> Iterator[Path | ReadFailure]:
    """Yield the files below `root`, sorted, or why a place in it is not read.

    Hidden files and folders are passed over. A link is followed where it leads to a file inside `root` that
    is not met on the way anyway; a link that leads outside is a failure.
    """
    yield from _below(root, root.resolve())


def _below(folder: Path, real_root: Path) -> Iterator[Path | ReadFailure]:
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError as error:
        yield ReadFailure(uri=folder.as_uri(), reason=f"cannot be listed: {error.strerror or error}")
        return
    for entry in entries:
        if _hidden(entry.name):
            continue
        if entry.is_symlink():
            yield from _linked(entry, real_root)
        elif entry.is_dir():
            yield from _below(entry, real_root)
        else:
            yield entry


def _linked(link: Path, real_root: Path) -> Iterator[Path | ReadFailure]:
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError):
        yield ReadFailure(uri=link.as_uri(), reason="is a link that leads nowhere")
        return
    if not target.is_relative_to(real_root):
        yield ReadFailure(uri=link.as_uri(), reason="is a link that leads outside the folder; not followed")
    elif target.is_file() and any(map(_hidden, target.relative_to(real_root).parts)):
        yield link


def _hidden(name: str) -> bool:
    # "~$" begins the file that Word keeps beside an open document.
    return name.startswith((".", "~$"))
