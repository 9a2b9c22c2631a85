"""What is said in a form with files, and what becomes of it, over a real port."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from doubles.waiting import until
from integration.conftest import Service

from rag.settings import Settings

FILES = "/v1/documents/files"


def wait(service: Service, ingestion_id: str) -> dict[str, Any]:
    """Wait until an ingestion has ended; give it."""

    def ended() -> dict[str, Any] | None:
        now: dict[str, Any] = service.client.get(f"/v1/documents/ingestions/{ingestion_id}").json()
        return None if now["status"] in ("received", "parsed") else now

    return until(ended, f"the end of {ingestion_id}", seconds=30)


def documents_of(service: Service, *files: Any, **form: str) -> list[dict[str, Any]]:
    """Hand files in and wait for them; give the documents they became."""
    response = service.client.post(FILES, files=list(files), data=form)
    assert response.status_code == 202, response.text
    done = [wait(service, each["id"]) for each in response.json()["data"]]
    assert [each["status"] for each in done] == ["indexed"] * len(done), done
    ids = [document for each in done for document in each["documents"]]
    return [service.client.get(f"/v1/documents/{document}").json() for document in ids]


def test_two_files_of_one_name_are_refused(service: Service) -> None:
    """One would replace the other unseen; nothing of the request is taken."""
    for one, other in (("invoice.txt", "invoice.txt"), ("2024/invoice.txt", "2025/invoice.txt")):
        files = [("file", (one, b"400 euros.")), ("file", (other, b"500 euros."))]
        refused = service.client.post(FILES, files=files)
        assert refused.status_code == 400
        assert "2 files of this request are called 'invoice.txt'" in refused.json()["error"]["message"]
    assert service.client.get("/v1/documents/ingestions").json()["data"] == []


@pytest.mark.parametrize(
    "written",
    ["filename*=utf-8''%C3%9Cx.txt", 'filename="=?utf-8?B?w5x4LnR4dA==?="', 'filename="U\u0308x.txt"'],
)
def test_a_name_in_other_writing_is_one_name(service: Service, written: str) -> None:
    """The same file by three clients is one document."""
    body = f'--B\r\nContent-Disposition: form-data; name="file"; {written}\r\n\r\nPostcards.\r\n--B--\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=B"}
    response = service.client.post(FILES, content=body.encode(), headers=kind)
    assert response.status_code == 202, response.text
    (taken,) = response.json()["data"]
    assert (taken["uri"], taken["filename"]) == ("upload:Üx.txt", "Üx.txt")
    assert wait(service, taken["id"])["status"] == "indexed"


def test_metadata_with_kinds_also_as_a_file(service: Service) -> None:
    """Numbers, truth values and lists; a part called metadata is no document, whatever file name it has."""
    said = {"team": "hr", "year": 2024, "open": True, "tags": ["a", "b"]}
    (document,) = documents_of(
        service,
        ("file", ("a.txt", b"Words.")),
        ("metadata", ("blob", json.dumps(said).encode(), "application/json")),
    )
    assert document["metadata"] == said
    for wrong in ('{"a": {"b": 1}}', '{"a": null}', '{"a": NaN}', "[1]"):
        refused = service.client.post(FILES, files={"file": ("a.txt", b"x")}, data={"metadata": wrong})
        assert (wrong, refused.status_code) == (wrong, 400)


def test_fields_of_a_table_are_named(service: Service) -> None:
    """As on the command line; a name that is not there is told with those that are."""
    table = b"key,heading,words\n7,Leave,Twelve weeks.\n"
    (document,) = documents_of(
        service, ("file", ("faq.csv", table)), id_field="key", title_field="heading", text_field="words"
    )
    assert (document["uri"], document["title"], document["text"]) == (
        "upload:faq.csv#7",
        "Leave",
        "Twelve weeks.",
    )

    response = service.client.post(FILES, files={"file": ("faq.csv", table)}, data={"text_field": "answer"})
    failed = wait(service, response.json()["data"][0]["id"])
    assert failed["status"] == "failed"
    assert "the fields found are 'key', 'heading', 'words'" in failed["reason"]


@pytest.mark.parametrize(("name", "content", "status"), [("b.txt", b"", 422), (".txt", b"words", 415)])
def test_a_request_that_is_refused_leaves_nothing_behind(
    home_settings: Settings, run_service: Callable[..., Any], name: str, content: bytes, status: int
) -> None:
    """One bad file among good ones: none is taken."""
    with run_service(home_settings, started=False) as service:
        files = [("file", ("a.txt", b"words")), ("file", (name, content))]
        assert service.client.post(FILES, files=files).status_code == status
        assert service.client.get("/v1/documents/ingestions").json()["data"] == []


@pytest.mark.parametrize("name", ["a.txt", "a.csv"])
def test_the_same_text_written_again_is_not_overwritten_by_an_upload_that_waits(
    home_settings: Settings, run_service: Callable[..., Any], name: str
) -> None:
    """A PUT that changes nothing says what somebody wants, of a row of a table too."""
    uri = "upload:a.txt" if name == "a.txt" else "upload:a.csv#1"
    with run_service(home_settings, started=False) as service:
        put = {"uri": uri, "text": "Wanted words."}
        service.client.put("/v1/documents", json=put)
        content = b"Older words." if name == "a.txt" else b"id,text\n1,Older words.\n"
        (waiting,) = service.client.post(FILES, files={"file": (name, content)}).json()["data"]
        assert service.client.put("/v1/documents", json=put).json()["result"] == "unchanged"
    with run_service(home_settings) as service:
        assert wait(service, waiting["id"])["reason"].endswith("was written anew after it was handed in")
        (kept,) = service.client.get("/v1/documents").json()["data"]
        assert service.client.get(f"/v1/documents/{kept['id']}").json()["text"] == "Wanted words."


def test_a_deletion_is_not_undone_by_an_upload_that_waits(
    home_settings: Settings, run_service: Callable[..., Any]
) -> None:
    """The service that takes the deletion is not the one that reads the file."""
    with run_service(home_settings) as service:
        (first,) = documents_of(service, ("file", ("a.txt", b"First words.")))
    with run_service(home_settings, started=False) as service:
        (waiting,) = service.client.post(FILES, files={"file": ("a.txt", b"Second words.")}).json()["data"]
        (other,) = service.client.post(FILES, files={"file": ("b.txt", b"Other words.")}).json()["data"]
        assert service.client.delete(f"/v1/documents/{first['id']}").json()["deleted"] is True
        # Not there yet, but it would come.
        assert (
            service.client.delete(f"/v1/documents/{service.document_id('upload:b.txt')}").status_code == 200
        )
        assert (
            service.client.delete(f"/v1/documents/{service.document_id('upload:c.txt')}").status_code == 404
        )
    with run_service(home_settings) as service:
        for each in (waiting, other):
            ended = wait(service, each["id"])
            assert (ended["status"], ended["reason"]) == ("failed", "was deleted after it was handed in")
        uris = {each["uri"] for each in service.client.get("/v1/documents").json()["data"]}
        assert uris.isdisjoint({"upload:a.txt", "upload:b.txt"})
        documents_of(service, ("file", ("a.txt", b"Third words.")))
