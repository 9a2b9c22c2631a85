"""Files handed in over a real port: read in processes of their own, found by questions, gone when deleted."""

import io
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import httpx
import pytest
from doubles.waiting import until
from integration.conftest import Service
from reportlab.pdfgen.canvas import Canvas

from rag.settings import Settings

QUESTION = "How often does the shuttle bus leave for the airport?"


def wait(service: Service, ingestion_id: str, *, seconds: float = 30.0) -> dict[str, Any]:
    """Wait until an ingestion is indexed, whole or in part, or failed; give it."""

    def ended() -> dict[str, Any] | None:
        now: dict[str, Any] = service.client.get(f"/v1/documents/ingestions/{ingestion_id}").json()
        return now if now["status"] in ("indexed", "read_in_part", "failed") else None

    return until(ended, f"the end of {ingestion_id}", seconds=seconds)


def upload(service: Service, content: bytes, filename: str, **form: str) -> dict[str, Any]:
    """Hand a file in and wait for it; give what became of it."""
    response = service.client.post("/v1/documents/files", files={"file": (filename, content)}, data=form)
    assert response.status_code == 202, response.text
    (taken,) = response.json()["data"]
    assert taken["status"] == "received"
    return wait(service, taken["id"])


def answer(service: Service) -> tuple[str, list[str]]:
    """Ask; give the answer and the uris of what it cites."""
    said = service.ask(QUESTION).json()
    return said["choices"][0]["message"]["content"], [each["title"] for each in said["search_results"]]


def pdf(text: str) -> bytes:
    """Make a PDF of one line."""
    made = io.BytesIO()
    canvas = Canvas(made)
    canvas.drawString(72, 720, text)
    canvas.save()
    return made.getvalue()


def word(text: str) -> bytes:
    """Make a DOCX of one paragraph."""
    made = io.BytesIO()
    document = docx.Document()
    document.add_paragraph(text)
    document.save(made)
    return made.getvalue()


@pytest.mark.parametrize(
    ("filename", "make"),
    [
        ("shuttle.pdf", pdf),
        ("shuttle.docx", word),
        ("shuttle.html", lambda text: f"<html><body><p>{text}</p></body></html>".encode()),
        ("shuttle.md", str.encode),
        ("shuttle.csv", lambda text: f"id,text\n1,{text}\n".encode()),
    ],
)
def test_a_file_is_found_edited_and_gone(
    service: Service, filename: str, make: Callable[[str], bytes]
) -> None:
    """Upload, ask, upload anew, ask, delete, ask: each answer is that of the moment."""
    first = upload(service, make("The shuttle bus leaves for the airport every forty minutes."), filename)
    assert first["status"] == "indexed", first
    (document_id,) = first["documents"]
    assert "forty minutes" in answer(service)[0]
    shown = service.client.get(f"/v1/documents/{document_id}").json()
    assert shown["indexed"] is True

    second = upload(service, make("The shuttle bus leaves for the airport every ten minutes."), filename)
    assert second["documents"] == [document_id]
    said = answer(service)[0]
    assert "ten minutes" in said
    assert "forty" not in said

    assert service.client.delete(f"/v1/documents/{document_id}").json()["applied"] is True
    assert "minutes" not in answer(service)[0]
    listed = service.client.get("/v1/documents/ingestions").json()["data"]
    assert [each["id"] for each in listed] == [second["id"], first["id"]]


def test_what_is_said_about_a_file(service: Service) -> None:
    """Its uri, title and metadata are the document's; times and size are told."""
    done = upload(
        service,
        b"Words of a file.",
        "a.txt",
        uri="https://example.com/a",
        title="Given",
        metadata=json.dumps({"team": "hr"}),
    )
    document = service.client.get(f"/v1/documents/{done['documents'][0]}").json()
    assert (document["uri"], document["title"], document["metadata"]) == (
        "https://example.com/a",
        "Given",
        {"team": "hr"},
    )
    assert done["received_at"] <= done["parsed_at"] <= done["indexed_at"]
    assert (done["size"], done["filename"], done["reason"]) == (16, "a.txt", None)


def test_several_files_in_one_request(service: Service) -> None:
    """An ingestion each, pages of them joined are all."""
    files = [("file", (f"{number}.txt", f"Number {number}.".encode())) for number in range(3)]
    taken = service.client.post("/v1/documents/files", files=files).json()["data"]
    assert [wait(service, each["id"])["status"] for each in taken] == ["indexed"] * 3
    seen: list[str] = []
    before = ""
    while before is not None:
        page = service.client.get("/v1/documents/ingestions", params={"before": before, "limit": 1}).json()
        seen += [each["id"] for each in page["data"]]
        before = page["next"]
    assert seen == [each["id"] for each in reversed(taken)]


def test_what_cannot_be_taken_is_refused_at_once(service: Service) -> None:
    """Unknown kinds, empty files, no files, wrong forms; one bad name refuses the whole request."""
    post = service.client.post
    path = "/v1/documents/files"
    fine = ("file", ("a.txt", b"x"))
    cases = [
        (415, post(path, files=[fine, ("file", ("a.exe", b"x"))])),
        (422, post(path, files=[("file", ("a.txt", b""))])),
        (400, post(path, data={"title": "no file"})),
        (400, post(path, json={"file": "x"})),
        (400, post(path, files=[fine, fine], data={"uri": "both"})),
        (400, post(path, files=[fine], data={"metadata": "[1]"})),
        (400, post(path, files=[fine], data={"metadata": "{"})),
        (400, post(path, files=[fine], data={"uri": "x" * 3_000})),
        (400, post(path, files=[fine] * 21)),
        (
            400,
            post(
                path, content=b"--x\r\nrubbish", headers={"Content-Type": "multipart/form-data; boundary=x"}
            ),
        ),
        (404, service.client.get("/v1/documents/ingestions/none")),
        (400, post("/v1/documents/pages", json={"url": "https://example.com/"})),
    ]
    assert [response.status_code for _, response in cases] == [status for status, _ in cases]
    assert all("message" in response.json()["error"] for _, response in cases)
    assert service.client.get("/v1/documents/ingestions").json()["data"] == []


def test_files_may_be_larger_than_other_bodies(
    home_settings: Settings, run_service: Callable[..., Any]
) -> None:
    """Up to the limit of files, declared or streamed; beyond it 413."""
    settings = home_settings.model_copy(update={"max_body_bytes": 10_000, "max_file_bytes": 300_000})
    with run_service(settings) as service:
        text = b"Some words of a large file. " * 10_000
        assert len(text) < 300_000
        assert upload(service, text, "large.txt")["status"] == "indexed"
        large = service.client.post("/v1/documents/files", files={"file": ("a.txt", b"x" * 300_001)})
        assert large.status_code == 413
        declared = service.client.post("/v1/documents/files", files={"file": ("a.txt", b"x" * 2_000_000)})
        assert declared.status_code == 413

        def chunks() -> Any:
            yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
            for _ in range(40):
                yield b"x" * 65_536

        streamed = service.client.post(
            "/v1/documents/files",
            content=chunks(),
            headers={"Content-Type": "multipart/form-data; boundary=b"},
        )
        assert streamed.status_code == 413
        assert streamed.json()["error"]["code"] == "body_too_large"
        assert service.client.put("/v1/documents", json={"uri": "x", "text": "x" * 20_000}).status_code == 413


def test_a_file_that_takes_too_long_fails_and_the_next_is_read(
    home_settings: Settings, run_service: Callable[..., Any]
) -> None:
    """The limit is told as the reason; questions are answered meanwhile."""
    with run_service(home_settings.model_copy(update={"parse_timeout_s": 1.5})) as service:
        slow = service.client.post("/v1/documents/files", files={"file": ("a.html", b"<p>x</p>" * 800_000)})
        (taken,) = slow.json()["data"]
        began = time.monotonic()
        assert service.ask(QUESTION).status_code == 200
        assert time.monotonic() - began < 2
        failed = wait(service, taken["id"])
        assert (failed["status"], "longer to read" in failed["reason"]) == ("failed", True)
        assert upload(service, b"Fine.", "b.txt")["status"] == "indexed"


def test_what_was_taken_survives_the_service(
    home_settings: Settings, run_service: Callable[..., Any]
) -> None:
    """A file that was acknowledged by a service that never read it is read by the next one."""
    with run_service(home_settings, started=False) as service:
        response = service.client.post("/v1/documents/files", files={"file": ("a.txt", b"Words.")})
        (taken,) = response.json()["data"]
    with run_service(home_settings) as service:
        assert wait(service, taken["id"])["status"] == "indexed"


def test_too_many_waiting_are_told_to_come_later(
    home_settings: Settings, run_service: Callable[..., Any]
) -> None:
    """429 with a time to come back, and nothing of that request is taken."""
    settings = home_settings.model_copy(update={"max_waiting_files": 2})
    with run_service(settings, started=False) as service:
        files = [("file", (f"{number}.txt", b"x")) for number in range(3)]
        refused = service.client.post("/v1/documents/files", files=files)
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limited")
        assert int(refused.headers["retry-after"]) > 0
        assert service.client.get("/v1/documents/ingestions").json()["data"] == []


def test_pages_of_private_addresses_are_refused_in_earnest(
    home_settings: Settings, run_service: Callable[..., Any]
) -> None:
    """Where web pages are allowed, the service itself and its neighbours still are not pages."""
    with run_service(home_settings.model_copy(update={"web_pages": True})) as service:
        for url in (service.url, "http://127.0.0.1/", "http://169.254.169.254/", "file:///etc/passwd"):
            refused = service.client.post("/v1/documents/pages", json={"url": url})
            assert (refused.status_code, refused.json()["error"]["code"]) == (400, "address_refused")
        taken = service.client.post("/v1/documents/pages", json={"url": "http://localhost/"})
        assert taken.status_code == 202
        failed = wait(service, taken.json()["id"])
        assert failed["status"] == "failed"
        assert "public address" in failed["reason"]


def test_a_long_document_by_put_is_split_apart(service: Service) -> None:
    """The first may wait for the splitter; the next takes well under a second, and this process loads nothing."""
    text = "The shuttle bus leaves for the airport every forty minutes. " * 200
    service.client.put("/v1/documents", json={"uri": "long", "text": text})
    began = time.monotonic()
    put = service.client.put("/v1/documents", json={"uri": "long", "text": text + "Changed."}).json()
    assert time.monotonic() - began < 2
    assert (put["result"], put["searchable"]) == ("changed", True)


def test_no_answer_cites_what_was_deleted_before_it_was_asked(service: Service) -> None:
    """Four people put, ask and delete documents of their own at once; each sees the state they made."""
    wrong: list[str] = []

    def edit(name: str, place: str) -> None:
        with httpx.Client(base_url=service.url, timeout=60) as client:

            def ask() -> dict[str, Any]:
                body = {"query": f"Where is the key of the {name} kept?", "limit": 5}
                found: dict[str, Any] = client.post("/v1/retrieve", json=body).json()
                return {hit["uri"]: hit["text"] for hit in found["hits"]}

            for number in range(6):
                text = f"The key of the {name} is kept in {place} number {number}."
                put = client.put("/v1/documents", json={"uri": f"keys/{name}", "text": text}).json()
                hits = ask()
                if hits.get(f"keys/{name}") != text:
                    wrong.append(f"{name} {number}: expected {text!r}, got {hits.get(f'keys/{name}')!r}")
                client.delete(f"/v1/documents/{put['id']}")
                if f"keys/{name}" in ask():
                    wrong.append(f"{name} {number} was found after it was deleted")

    places = {"library": "drawer", "garage": "cupboard", "archive": "box", "kitchen": "tin"}
    threads = [threading.Thread(target=edit, args=each) for each in places.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_watched_folder_reaches_answers_within_seconds(
    home_settings: Settings, run_service: Callable[..., Any], tmp_path: Path
) -> None:
    """A file that is written, edited and deleted on disk is so for questions, with one bad file beside it."""
    folder = tmp_path / "handbook"
    folder.mkdir()
    (folder / "other.md").write_text("Flowers are watered on Mondays.")
    (folder / "bad.pdf").write_bytes(b"%PDF-1.4 broken")
    settings = home_settings.model_copy(update={"watch_folders": (folder,), "watch_interval_s": 0.2})

    def seconds_until(service: Service, words: str, *, there: bool) -> float:
        began = time.monotonic()
        until(lambda: (words in answer(service)[0]) is there)
        return time.monotonic() - began

    with run_service(settings) as service:
        (folder / "bus.md").write_text("The shuttle bus leaves for the airport every forty minutes.")
        seconds_until(service, "forty minutes", there=True)
        (folder / "bus.md").write_text("The shuttle bus leaves for the airport every ten minutes.")
        assert seconds_until(service, "ten minutes", there=True) < 5
        assert "forty" not in answer(service)[0]
        (folder / "bus.md").unlink()
        assert seconds_until(service, "ten minutes", there=False) < 5


def test_too_much_metadata_is_refused(service: Any) -> None:
    """With a file and with a page: what is too much is said at once."""
    wide = {f"n{number}": "x" for number in range(101)}
    answers = (
        service.client.post(
            "/v1/documents/files", files={"file": ("a.md", b"text")}, data={"metadata": json.dumps(wide)}
        ),
        service.client.put("/v1/documents", json={"uri": "a", "text": "text", "metadata": wide}),
    )
    for answered in answers:
        assert answered.status_code == 422
        assert "101 names of metadata" in answered.json()["error"]["message"]
