"""Files and folders into the store by command: read and split in processes of their own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rag.adapters.parsing import ApartChunker, ApartReader, Processes
from rag.adapters.sql.stores import Stores
from rag.bootstrap.parts import library, limits_of_parsing, ocr_of
from rag.errors import NotFound
from rag.library.documents import FieldNames, Record
from rag.library.folders import Folder, FolderReader, Manner
from rag.library.syncing import Library, SyncReport, SyncRules
from rag.ports import Progress
from rag.settings import Settings

_MOST_PROCESSES = 8
"""Where nobody says how many; each takes some hundred MB."""

_FILES_PER_PROCESS = 1_000
"""After so many files a process that reads them is replaced by a fresh one."""

_DOCUMENTS_PER_PROCESS = 100_000
"""The same of one that splits, which takes seconds to load."""


def manner(settings: Settings, fields: FieldNames | None = None) -> Manner:
    """Return how files are read here, with these names of fields."""
    from rag.adapters.readers.version import reader_version

    given = fields or FieldNames()
    names = f"id={given.id!r} title={given.title!r} text={given.text!r}"
    said = [names] * (given != FieldNames()) + [f"ocr={settings.ocr_languages}"] * settings.ocr
    return Manner(reader=reader_version(), options=" ".join(said))


def folder_at(
    path: Path, settings: Settings, reader: ApartReader, fields: FieldNames | None = None
) -> Folder:
    """Return a folder, or a file; pictures in it are passed over where there is no OCR to read them."""
    from rag.adapters.readers import PICTURES
    from rag.adapters.readers.watched import DiskFolder

    return DiskFolder(
        path,
        reader,
        tenant=settings.tenant,
        max_bytes=settings.max_file_bytes,
        fields=fields,
        passed_over=() if settings.ocr else PICTURES,
    )


def ingest(
    location: str,
    settings: Settings,
    stores: Stores,
    rules: SyncRules,
    *,
    reread: bool,
    fields: FieldNames | None,
    progress: Progress,
) -> SyncReport:
    """Bring the store in line with a location, as `Installation.ingest` says."""
    from rag.adapters.readers import is_of_files, read, source_of

    tenant, largest = settings.tenant, settings.max_file_bytes
    what = f"ingest {location}"
    try:
        records = read(location, tenant=tenant, max_bytes=largest, fields=fields)
    except NotFound as error:
        return _gone(location, error, stores, library(settings, stores), rules, tenant=tenant)
    if not is_of_files(location):
        return library(settings, stores).sync(
            records,
            tenant=tenant,
            source=source_of(location),
            rules=rules,
            after_each=lambda done: progress(done, 0, what),
        )
    with _apart(settings, stores) as (reader, shelves, workers):
        folder = folder_at(Path(location), settings, reader, fields)
        read_as = manner(settings, fields)
        files = FolderReader(
            folder, stores.documents, stores.readings, read_as, tenant=tenant, workers=workers
        )
        return _sync(
            folder, files, shelves, rules, tenant=tenant, reread=reread, what=what, progress=progress
        )


def _gone(
    location: str, error: NotFound, stores: Stores, shelves: Library, rules: SyncRules, *, tenant: str
) -> SyncReport:
    """Remove what is stored of a place where nothing is any more.

    Raises:
        NotFound: that was not asked for, or nothing is stored of it.
    """
    from rag.adapters.readers import source_of

    source = source_of(location)
    stored = len(stores.documents.hashes(tenant=tenant, source=source))
    if not stored:
        raise error
    if not (rules.prune and rules.force):
        raise NotFound(
            f"there is no file or folder {location} any more; {stored:,} document{'s are' if stored > 1 else ' is'} "
            "stored of it; --prune --force removes what is stored"
        ) from error
    return shelves.sync([], tenant=tenant, source=source, rules=rules)


def _sync(
    folder: Folder,
    files: FolderReader,
    shelves: Library,
    rules: SyncRules,
    *,
    tenant: str,
    reread: bool,
    what: str,
    progress: Progress,
) -> SyncReport:
    progress(0, 0, what)
    listing = folder.list()
    total = len(listing.files)

    def show(done: int, uri: str) -> None:
        progress(done, total, f"{what}\n{uri.removeprefix(folder.source).lstrip('/')}")

    def records() -> Iterator[Record]:
        yield from files.read(listing.files, again=reread, after_each=show)
        yield from listing.failed
        if rules.strict:
            yield from listing.unknown

    kept = [each.uri for each in listing.unknown]
    report = shelves.sync(records(), tenant=tenant, source=folder.source, rules=rules, kept=kept)
    return replace(report, passed_over={} if rules.strict else listing.passed_over())


@contextmanager
def _apart(settings: Settings, stores: Stores) -> Iterator[tuple[ApartReader, Library, int]]:
    """Yield what reads and what splits, in processes that are ended afterwards, and how many of each work at once."""
    workers = settings.ingest_processes or min(_cores(), _MOST_PROCESSES)
    limits = limits_of_parsing(settings)
    reading = Processes(limits, most=workers, jobs=_FILES_PER_PROCESS)
    splitting = Processes(limits, most=workers, warm=True, jobs=_DOCUMENTS_PER_PROCESS)
    try:
        reader = ApartReader(reading, max_bytes=settings.max_file_bytes, ocr=ocr_of(settings))
        shelves = library(settings, stores, ApartChunker(splitting, settings.chunking), workers=workers)
        yield reader, shelves, workers
    finally:
        reading.close()
        splitting.close()


def _cores() -> int:
    # Not cpu_count: a container may have been given fewer.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
