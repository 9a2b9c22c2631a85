"""The version of the readers: files that another version read may read otherwise now."""

from importlib.metadata import version

REVISION = 1
"""Of our own readers. One more wherever a reader is changed so that it reads a file otherwise than before."""


def reader_version() -> str:
    """Return what stands for all readers: our revision, and the version of the library that reads most formats."""
    return f"{REVISION} xberg {version('xberg')}"
