"""Which documents of a source are gone, and whether that is to be believed. Pure."""

from collections.abc import Collection, Mapping

_MOST = 0.5
"""Share of a source's documents that may vanish at once; more looks like a disk that is not there."""

_FEW = 10
"""So many may vanish whatever share they are."""


def vanished(unseen: Mapping[str, str], *, failed: Collection[str], kept: Collection[str]) -> dict[str, str]:
    """Return those that neither failed nor were kept, as id -> uri.

    Args:
        unseen: id -> uri of documents that a sync had no record of.
        failed: uris of what could not be read; a folder or a table that failed stands for everything in it.
        kept: uris of files that were not read again; each stands for its records.
    """
    within = tuple(uri + mark for uri in failed for mark in ("/", "#"))
    return {
        document_id: uri
        for document_id, uri in sorted(unseen.items())
        if uri not in failed
        and not uri.startswith(within)
        and uri not in kept
        and uri.partition("#")[0] not in kept
    }


def too_many(gone: int, there: int) -> bool:
    """Tell whether so many of what was there are more than can be believed."""
    return gone > max(_FEW, _MOST * there)
