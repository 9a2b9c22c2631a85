"""The program that reads and splits: run by `processes`, one job after the other, until its input ends.

It limits itself before the first byte of a stranger's file: memory, processor time, no files written, no network
and no programs started from Python. What it is not: a jail. Code that takes it over through a fault of a native
library has the rights of the service's user, but none of its secrets, which are not handed to it.
"""

import math
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from rag.adapters.parsing import wire
from rag.domain import Chunking, Document, Locator
from rag.library.chunking import Chunker
from rag.library.documents import FieldNames, ReadFailure

Reply = tuple[dict[str, Any], bytes]

_MOST_INPUT = 2**32
"""Bytes of one job; the service has seen to it that they are fewer."""

_BATCH = 500
"""Passages in one message."""

_MOST_RECORDS = 500_000
"""Documents in one file: each takes nearly a kilobyte of the service's memory, however short it is."""

_MOST_FAILURES = 1_000
"""Records of one file that cannot be read and are named; of the others it is told how many there are."""

_ORPHANED_S = 5
"""How long after the limit a process ends by itself where nobody is left to kill it, in seconds."""

_LOOK_S = 1.0
"""Pause between two checks whether the service still lives, in seconds."""

_REFUSED = frozenset(
    {
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "os.system",
        "pty.spawn",
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyaddr",
        "socket.gethostbyname",
        "socket.sendmsg",
        "socket.sendto",
        "subprocess.Popen",
    }
)
"""Audit events of what no reader has to do."""


def main() -> None:
    """Take jobs from standard input and give replies on standard output."""
    jobs = sys.stdin.buffer
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # A library that prints must not write into the replies.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    settings, _ = wire.receive(jobs, most=10_000)
    if settings["warm"]:
        _warm_up()
    _load_readers()
    threading.Thread(target=_follow, args=(os.getppid(),), daemon=True).start()
    _confine(settings["memory_bytes"])
    wire.send(replies, {"ready": True})
    while True:
        try:
            job, body = wire.receive(jobs, most=_MOST_INPUT)
        except EOFError:
            return
        _limit_time(settings["timeout_s"])
        try:
            _answer(replies, job, body)
        except MemoryError:
            del body
            wire.send(replies, {"error": "memory"})
            return  # what is left of its memory is in pieces
        signal.setitimer(signal.ITIMER_REAL, 0)


def _follow(parent: int) -> None:
    """End with the service, also in the middle of a file, when nobody is left who would take the replies."""
    while os.getppid() == parent:
        time.sleep(_LOOK_S)
    os._exit(1)


def _answer(replies: BinaryIO, job: dict[str, Any], body: bytes) -> None:
    work = _read if job["op"] == "read" else _split
    try:
        for header, content in work(job, body):
            wire.send(replies, header, content)
    except (MemoryError, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - a reader's fault is the file's failure; its text may quote the file
        wire.send(replies, {"error": "fault", "kind": type(error).__name__})
    else:
        wire.send(replies, {"done": True})


def _read(job: dict[str, Any], content: bytes) -> Iterator[Reply]:
    from rag.adapters.readers import read_content

    failed = made = 0
    remarks: list[str] = []
    for record in read_content(content, **job["given"], fields=FieldNames(**job["fields"]), remarks=remarks):
        if isinstance(record, ReadFailure):
            failed += 1
            if failed <= _MOST_FAILURES:
                yield {"failure": {"uri": record.uri, "reason": record.reason}}, b""
        else:
            made += 1
            if made > _MOST_RECORDS:
                yield {"error": "records", "most": _MOST_RECORDS}, b""
                return
            named = {
                "uri": record.uri,
                "title": record.title,
                "divisible": record.divisible,
                "metadata": dict(record.metadata),
                "locators": [[each.start, each.kind, each.name] for each in record.locators],
                "unread": list(record.unread),
            }
            yield {"document": named}, record.text.encode()
    for said in dict.fromkeys(remarks):
        yield {"remark": said}, b""
    if failed > _MOST_FAILURES:
        # Under the file's own uri, which stands for all that is in it: none of its records is taken for gone.
        more = f"has {failed - _MOST_FAILURES:,} more records that cannot be read, beside those named"
        yield {"failure": {"uri": job["given"]["uri"], "reason": more}}, b""


def _split(job: dict[str, Any], text: bytes) -> Iterator[Reply]:
    from rag.adapters.llama_index import SentenceSplitterAdapter

    chunking = Chunking(**job["chunking"])
    chunker = Chunker(SentenceSplitterAdapter(chunking), chunking)
    locators = tuple(Locator(start=start, kind=kind, name=name) for start, kind, name in job["locators"])
    document = Document.create(uri="-", title=job["title"], text=text.decode(), locators=locators)
    pieces = [(passage.title, passage.text, passage.locator) for passage in chunker.split(document)]
    for start in range(0, len(pieces), _BATCH):
        yield {"passages": pieces[start : start + _BATCH]}, b""


def _load_readers() -> None:
    from rag.adapters.readers import xberg

    xberg.load()


def _warm_up() -> None:
    from rag.adapters.llama_index import SentenceSplitterAdapter

    SentenceSplitterAdapter(Chunking()).split("It is warm. " * 200)


def _confine(memory_bytes: int) -> None:
    """Return up what no reader needs. The limit of memory counts from what the libraries take."""
    _lower(resource.RLIMIT_AS, _mapped_bytes() + memory_bytes)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES
        if event in _REFUSED or writes:
            raise PermissionError(f"{event} is not for a process that reads files")

    sys.addaudithook(refuse)


_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def _mapped_bytes() -> int:
    try:
        pages = Path("/proc/self/statm").read_text().split()[0]
    except OSError:
        return 0  # not Linux
    return int(pages) * resource.getpagesize()


def _limit_time(timeout_s: float) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    _lower(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime + timeout_s), hard=False)
    # The service kills it earlier; this one is for a service that was killed itself.
    signal.setitimer(signal.ITIMER_REAL, timeout_s + _ORPHANED_S)


def _lower(limit: int, value: int, *, hard: bool = True) -> None:
    _, most = resource.getrlimit(limit)
    if most != resource.RLIM_INFINITY:
        value = min(value, most)
    resource.setrlimit(limit, (value, value if hard else most))


if __name__ == "__main__":
    main()
