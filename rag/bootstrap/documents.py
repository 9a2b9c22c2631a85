"""How documents come into a service, wired over an installation."""

from rag.adapters.parsing import ApartChunker, ApartReader, Processes
from rag.adapters.parsing.process import Limits
from rag.api.serving import Documents
from rag.bootstrap.installation import Installation
from rag.bootstrap.parts import library, ocr_of
from rag.library.arrivals import Arrivals
from rag.library.ingesting import Ingester
from rag.library.intake import Intake, Room
from rag.library.watching import FolderWatch
from rag.releases.live import LiveRelease

_FILES_PER_PROCESS = 100
"""After so many files a process that reads them is replaced by a fresh one."""


def documents_of(installation: Installation, live: LiveRelease) -> tuple[Documents, Arrivals]:
    """Return what takes documents, files and pages, and the work on what arrives, which is not started.

    Raises:
        SettingInvalid: the documents that are there are split in another way than the settings say, or there is no
            data for OCR.
    """
    from rag.adapters.readers.watched import DiskFolder
    from rag.adapters.web_pages import PublicPages

    settings, stores = installation.settings, installation.stores
    tenant, largest = settings.tenant, settings.max_file_bytes
    limits = Limits(
        memory_bytes=settings.parse_memory_bytes,
        timeout_s=settings.parse_timeout_s,
        # Of text, as UTF-8: more than the largest text file gives is given by an unpacked one only.
        most_bytes=largest + 1_000_000,
    )
    splitting = Processes(limits, most=2, warm=True)
    reading = Processes(limits, most=2, jobs=_FILES_PER_PROCESS)
    shelves = library(settings, stores, ApartChunker(splitting, settings.chunking))
    reader = ApartReader(reading, max_bytes=largest, ocr=ocr_of(settings))
    pages = PublicPages(max_bytes=largest, timeout_s=settings.web_timeout_s) if settings.web_pages else None
    ingester = Ingester(
        stores.ingestions,
        stores.documents,
        shelves,
        reader,
        live,
        stores.leases,
        pages=pages,
        interval_s=settings.poll_interval_s,
    )
    room = Room(files=settings.max_waiting_files, bytes=settings.max_waiting_bytes, largest=largest)
    intake = Intake(
        stores.ingestions, formats=reader.formats, room=room, pages=pages, arrived=ingester.arrived
    )
    folders = [DiskFolder(path, reader, tenant=tenant, max_bytes=largest) for path in settings.watch_folders]
    watch = FolderWatch(folders, shelves, stores.leases, tenant=tenant, interval_s=settings.watch_interval_s)
    taking = Documents(store=stores.documents, ingestions=stores.ingestions, library=shelves, intake=intake)
    return taking, Arrivals(ingester, watch, splitting=splitting, reading=reading)
