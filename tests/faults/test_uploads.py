"""Files under way when something is killed: the service, the process that reads, or both in order."""

import signal
import time
from collections.abc import Callable
from typing import Any

import psutil
from doubles.waiting import until

SLOW = b"<p></p>" * 400_000 + b"<p>The shuttle bus leaves every forty minutes.</p>"
"""An HTML page that takes some seconds to read, and nearly none to split and embed."""

READER = "rag.adapters.parsing.worker"


def readers(service: Any) -> list[psutil.Process]:
    """Return the service's processes that read and split."""
    children = psutil.Process(service.process.pid).children()
    return [child for child in children if READER in " ".join(child.cmdline())]


def hand_in(service: Any, content: bytes, filename: str) -> str:
    """Hand a file in; give its ingestion's id."""
    response = service.client.post("/v1/documents/files", files={"file": (filename, content)})
    assert response.status_code == 202, response.text
    return str(response.json()["data"][0]["id"])


def ends(service: Any, ingestion_id: str, *, seconds: float = 150.0) -> dict[str, Any]:
    """Wait until an ingestion is indexed, whole or in part, or failed; give it."""

    def ended() -> dict[str, Any] | None:
        now: dict[str, Any] = service.client.get(f"/v1/documents/ingestions/{ingestion_id}").json()
        return now if now["status"] in ("indexed", "read_in_part", "failed") else None

    return until(ended, f"the end of {ingestion_id}", seconds=seconds)


def under_way(service: Any) -> psutil.Process:
    """Wait until the splitter is warm and a file is being read; give the process that does."""

    def reading() -> psutil.Process | None:
        apart = {
            any("pandas" in entry.path for entry in process.memory_maps()): process
            for process in readers(service)
        }
        return apart[False] if apart.keys() == {True, False} else None

    return until(reading, "a file to be read", seconds=60)


def test_a_killed_service_reads_on_when_it_is_back(make_service: Callable[..., Any]) -> None:
    """Killed in the middle of a file: no process is left behind, and the next service finishes the file."""
    service = make_service()
    taken = hand_in(service, SLOW, "bus.html")
    waiting = hand_in(service, b"Later.", "later.txt")
    under_way(service)
    left = readers(service)
    service.end(signal.SIGKILL)
    _, alive = psutil.wait_procs(left, timeout=30)
    assert alive == []

    service.start()
    assert ends(service, taken)["status"] == "indexed"
    assert ends(service, waiting)["status"] == "indexed"


def test_a_reader_that_is_killed_fails_its_file_alone(make_service: Callable[..., Any]) -> None:
    """The file has failed with the reason, and is not tried again; the next one is read."""
    service = make_service()
    taken = hand_in(service, SLOW, "bus.html")
    later = hand_in(service, b"Later.", "later.txt")
    under_way(service).send_signal(signal.SIGSEGV)
    failed = ends(service, taken)
    assert (failed["status"], "SIGSEGV" in failed["reason"]) == ("failed", True)
    assert ends(service, later)["status"] == "indexed"


def test_an_orderly_stop_does_not_wait_for_a_file(make_service: Callable[..., Any]) -> None:
    """SIGTERM ends the service within seconds, and the file is read by the next one."""
    service = make_service()
    taken = hand_in(service, SLOW, "bus.html")
    under_way(service)
    began = time.monotonic()
    assert service.end() == 0
    assert time.monotonic() - began < 10
    service.start()
    assert service.client.get(f"/v1/documents/ingestions/{taken}").json()["status"] in ("received", "indexed")
    assert ends(service, taken)["status"] == "indexed"
