"""Documents, sources, passages, feedback, models and health over a real port."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from doubles.waiting import until
from integration.conftest import Service

from rag.domain import InteractionStatus
from rag.settings import Settings

SHUTTLE = {
    "uri": "handbook/shuttle.md",
    "title": "Shuttle",
    "text": "The shuttle bus leaves for the airport every forty minutes from gate B.",
}
QUESTION = "How often does the shuttle bus leave for the airport?"


def test_document_is_found_at_once_and_gone_at_once(service: Service) -> None:
    """Put: the next question finds it. Delete: the next question does not, and its source is gone."""
    put = service.client.put("/v1/documents", json=SHUTTLE).json()
    assert (put["result"], put["searchable"]) == ("added", True)

    answer = service.ask(QUESTION).json()
    assert "every forty minutes" in answer["choices"][0]["message"]["content"]
    assert service.client.get(answer["citations"][0]).status_code == 200

    deleted = service.client.delete(f"/v1/documents/{put['id']}").json()
    assert deleted == {"id": put["id"], "deleted": True, "applied": True}
    after = service.ask(QUESTION).json()
    assert "forty minutes" not in after["choices"][0]["message"]["content"]
    assert put["id"] not in {hit["document_id"] for hit in after["whetstone"]["hits"]}
    assert service.client.get(answer["citations"][0]).status_code == 404
    assert service.client.delete(f"/v1/documents/{put['id']}").status_code == 404


def test_changes_of_another_process_are_there_within_a_second(service: Service) -> None:
    """What an ingest writes to SQL behind the service's back is served within a second."""
    from rag.domain import Document

    service.serving.library.put(
        Document.create(uri=SHUTTLE["uri"], title=SHUTTLE["title"], text=SHUTTLE["text"])
    )
    began = time.monotonic()

    def best() -> str:
        hits = service.client.post("/v1/retrieve", json={"query": QUESTION, "limit": 1}).json()["hits"]
        return str(hits[0]["uri"])

    until(lambda: best() == SHUTTLE["uri"], seconds=5)
    assert time.monotonic() - began < 1.0


def test_replacing_a_document_replaces_its_passages(service: Service) -> None:
    """The same uri again is one document with the new text; the same content changes nothing."""
    service.client.put("/v1/documents", json=SHUTTLE)
    again = service.client.put("/v1/documents", json=SHUTTLE).json()
    newer = SHUTTLE | {"text": "The shuttle bus leaves for the airport every ten minutes from gate C."}
    changed = service.client.put("/v1/documents", json=newer).json()

    assert (again["result"], changed["result"], changed["id"]) == ("unchanged", "changed", again["id"])
    answer = service.ask(QUESTION).json()["choices"][0]["message"]["content"]
    assert "every ten minutes" in answer
    assert "forty" not in answer


def test_listing_pages_through_all_documents(service: Service) -> None:
    """Pages joined are all documents, once each, in the order of ids; one document is given with its text."""
    seen: list[str] = []
    after = ""
    while after is not None:
        page = service.client.get("/v1/documents", params={"after": after, "limit": 3}).json()
        seen += [document["id"] for document in page["data"]]
        after = page["next"]

    assert len(seen) == 4
    assert seen == sorted(set(seen))
    one = service.client.get(f"/v1/documents/{service.document_id('handbook/lunch.md')}").json()
    assert one["title"] == "Cafeteria"
    assert one["text"].startswith("The cafeteria serves lunch")
    assert service.client.get("/v1/documents/nothing").status_code == 404


def test_unusable_documents_are_refused(service: Service) -> None:
    """Blank text is 422; a missing field, a NUL in the uri and broken Unicode are 400; all in one shape."""
    put = service.client.put
    blank = put("/v1/documents", json=SHUTTLE | {"text": " \n"})
    incomplete = put("/v1/documents", json={"uri": "x"})
    nul = put("/v1/documents", json=SHUTTLE | {"uri": "a\0b"})
    surrogate = put(
        "/v1/documents",
        content=b'{"uri": "x", "text": "\\ud800"}',
        headers={"Content-Type": "application/json"},
    )
    broken = put("/v1/documents", content=b"{", headers={"Content-Type": "application/json"})

    codes = [each.status_code for each in (blank, incomplete, nul, surrogate, broken)]
    assert codes == [422, 400, 400, 400, 400]
    assert incomplete.json()["error"]["param"] == "text"
    assert all(set(each.json()["error"]) == {"message", "type", "param", "code"} for each in (blank, nul))


def test_source_is_json_or_a_safe_page(service: Service) -> None:
    """A program gets JSON, a browser a page in which a document's markup and odd uris are inert."""
    evil = {
        "uri": "javascript:alert(1)",
        "title": "<script>alert(2)</script>",
        "text": "<img src=x onerror=alert(3)> zebra crossings",
    }
    service.client.put("/v1/documents", json=evil)
    hits = service.client.post("/v1/retrieve", json={"query": "zebra crossings", "limit": 1}).json()["hits"]

    as_json = service.client.get(hits[0]["url"])
    page = service.client.get(hits[0]["url"], headers={"Accept": "text/html,*/*"})

    assert as_json.json()["text"] == evil["text"]
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "&lt;script&gt;alert(2)" in page.text
    assert "<script>" not in page.text
    assert "<img src=x" not in page.text
    assert 'href="javascript' not in page.text


def test_retrieve_gives_passages_and_logs_them(service: Service) -> None:
    """Hits come with text and link, as many as asked for; the log says retrieved."""
    response = service.client.post("/v1/retrieve", json={"query": "Where do I bring my laptop?", "limit": 2})
    found = response.json()

    assert [hit["rank"] for hit in found["hits"]] == [1, 2]
    assert found["hits"][0]["uri"] == "handbook/laptop.md"
    (logged,) = service.serving.stores.interactions.between()
    assert logged.status == InteractionStatus.RETRIEVED
    assert logged.id == found["interaction_id"] == response.headers["x-whetstone-interaction"]
    assert service.client.post("/v1/retrieve", json={"query": "x", "limit": 0}).status_code == 400
    assert service.client.post("/v1/retrieve", json={"query": "x" * 9_000}).status_code == 400


def test_feedback_is_kept_and_checked(service: Service) -> None:
    """Feedback on a known interaction is kept; empty, unknown or pointing nowhere it is refused."""
    said = service.ask("Where do I bring my laptop?").json()["whetstone"]
    post = service.client.post
    good = {
        "interaction_id": said["interaction_id"],
        "rating": -1,
        "corrected_passage": said["hits"][1]["passage_id"],
        "comment": "Wrong one.",
    }

    assert post("/v1/feedback", json=good).status_code == 201
    (kept,) = service.serving.stores.feedback.of([said["interaction_id"]])[said["interaction_id"]]
    assert (kept.rating, kept.corrected_passage, kept.comment) == (
        -1,
        good["corrected_passage"],
        "Wrong one.",
    )
    assert post("/v1/feedback", json=good | {"interaction_id": "none"}).status_code == 404
    assert post("/v1/feedback", json=good | {"corrected_passage": "none"}).status_code == 404
    assert post("/v1/feedback", json={"interaction_id": said["interaction_id"]}).status_code == 400
    assert post("/v1/feedback", json=good | {"rating": 5}).status_code == 400


def test_models_names_the_live_encoder(service: Service) -> None:
    """The one that chats and the one that embeds, with the digest of the encoder that serves."""
    model, *embedding = service.client.get("/v1/models").json()["data"]

    assert model["id"] == "whetstone"
    assert "whetstone-embedding" in {each["id"] for each in embedding}
    with service.serving.live.pin() as pinned:
        assert model["encoder"] == pinned.encoder.digest
    assert service.client.get("/v1/models/whetstone").json() == model
    assert service.client.get("/v1/models/gpt-9").status_code == 404


def test_what_is_not_there_is_said_in_openai_shape(service: Service) -> None:
    """Unknown paths and methods are errors like all others."""
    missing = service.client.get("/v1/nothing")
    method = service.client.patch("/v1/documents")

    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
    assert (method.status_code, method.json()["error"]["code"]) == (405, "method_not_allowed")


def test_large_bodies_are_refused_declared_or_streamed(service: Service) -> None:
    """More than the limit is 413, whether its length is declared or comes in chunks."""
    limit = service.serving.settings.max_body_bytes
    declared = service.client.put("/v1/documents", json=SHUTTLE | {"text": "x" * limit})

    def chunks() -> Any:
        for _ in range(limit // 65_536 + 2):
            yield b"x" * 65_536

    streamed = service.client.put(
        "/v1/documents", content=chunks(), headers={"Content-Type": "application/json"}
    )

    assert [declared.status_code, streamed.status_code] == [413, 413]
    assert declared.json()["error"]["code"] == "body_too_large"


def test_key_is_demanded_everywhere_but_for_health(
    home_settings: Settings, run_service: Callable[..., Any]
) -> None:
    """With a key set, only the two health paths answer without it; with it, the principal is the environment."""
    from pydantic import SecretStr

    key = "a-key-of-sixteen-characters"
    with run_service(home_settings.model_copy(update={"api_key": SecretStr(key)})) as service:
        get = service.client.get
        for path in ("/v1/models", "/v1/documents", "/openapi.json", "/nothing", "/healthz/"):
            assert get(path).status_code == 401, path
            assert get(path, headers={"Authorization": "Bearer wrong"}).status_code == 401
            assert get(path, headers={"Authorization": f"Basic {key}"}).status_code == 401
        assert [get("/healthz").status_code, get("/readyz").status_code] == [200, 200]

        service.client.headers["Authorization"] = f"Bearer {key}"
        assert get("/v1/models").status_code == 200
        assert get("/v1/models", headers={"Host": "whetstone.example"}).status_code == 200
        assert service.ask("Anything at all?").status_code == 200
        assert [each.principal for each in service.serving.stores.interactions.between()] == ["environment"]


def test_without_a_key_only_loopback_names_are_answered(service: Service) -> None:
    """A web page whose name points at this machine gets nothing."""
    assert service.client.get("/v1/documents", headers={"Host": "evil.example"}).status_code == 403
    assert service.client.get("/v1/documents", headers={"Host": "localhost:1"}).status_code == 200


def test_bare_service_is_ready_and_honest(home_settings: Settings, run_service: Callable[..., Any]) -> None:
    """Without one document it is ready, and says that the documents do not say."""
    with run_service(home_settings) as service:
        assert service.client.get("/readyz").json()["status"] == "ready"
        answer = service.ask("What do you know?").json()

        assert answer["choices"][0]["message"]["content"] == (
            "The documents do not say. There are no documents here yet."
        )
        assert service.client.post("/v1/retrieve", json={"query": "x"}).json()["hits"] == []


def test_service_that_still_loads_says_so(home_settings: Settings, run_service: Callable[..., Any]) -> None:
    """Before the release is loaded it lives, is not ready, and questions get 503."""
    with run_service(home_settings, started=False) as service:
        ready = service.client.get("/readyz")

        assert service.client.get("/healthz").status_code == 200
        assert ready.status_code == 503
        parts = ready.json()["parts"]
        assert {name: part["ready"] for name, part in parts.items()} == {
            "model": False,
            "index": False,
            "sql": True,
        }
        assert service.ask("Anything?").json()["error"]["code"] == "not_ready"


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # connections to the file that was taken away
def test_database_gone_is_named_by_readyz(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """Without its database the service says so, answers from its index, and logs the question when it is back."""
    caplog.set_level("INFO")
    home = service.serving.settings.home
    assert service.ask("When is lunch?").status_code == 200
    for file in home.glob("whetstone.sqlite*"):
        file.rename(file.with_name(f"away-{file.name}"))
    service.serving.stores.engine.dispose()

    ready = service.client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["parts"]["sql"]["detail"].startswith("database away")
    assert service.client.get("/healthz").status_code == 200
    until(lambda: "reading the deployment failed" in caplog.text)
    answer = service.ask("When is lunch?")
    assert answer.status_code == 200, answer.text
    assert "noon" in answer.json()["choices"][0]["message"]["content"]

    for file in home.glob("away-*"):
        file.replace(file.with_name(file.name.removeprefix("away-")))
    # Only now: a thread of the service may have opened the empty file that stood there meanwhile.
    service.serving.stores.engine.dispose()
    assert service.client.get("/readyz").status_code == 200
    until(lambda: "reading the deployment works again" in caplog.messages)
    asked = answer.json()["whetstone"]["interaction_id"]
    # For a second after a failure nobody asks the database anew.
    time.sleep(1.1)
    until(lambda: service.serving.stores.interactions.get(asked, tenant="default"))
    told = [message.split(":")[0] for message in caplog.messages if "reading the deployment" in message]
    assert told == ["reading the deployment failed, will try again", "reading the deployment works again"]


def test_log_holds_no_question_and_no_document(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """At INFO nothing of what people ask or own is in the process's log."""
    with caplog.at_level("INFO"):
        service.client.put("/v1/documents", json=SHUTTLE)
        service.ask(QUESTION)
        service.client.put("/v1/documents", json=SHUTTLE | {"uri": "a\0b"})

    assert "shuttle" not in caplog.text.lower()


def test_too_much_metadata_is_refused_at_once(service: Any) -> None:
    """It would be kept with each passage: 422 says what is too much, and nothing is written."""
    names = {f"name-{number}": "x" * 20 for number in range(20_000)}
    long = {"note": "x" * 100_000}
    for metadata, named in ((names, "20,000 names"), (long, "100,000 characters in a value")):
        began = time.monotonic()
        refused = service.client.put("/v1/documents", json=SHUTTLE | {"metadata": metadata}, timeout=20)
        assert refused.status_code == 422
        assert named in refused.json()["error"]["message"]
        assert time.monotonic() - began < 2
    assert service.document_id(SHUTTLE["uri"]) not in {
        document["id"] for document in service.client.get("/v1/documents").json()["data"]
    }
    allowed = {f"name-{number}": "x" * 20 for number in range(100)}
    put = service.client.put("/v1/documents", json=SHUTTLE | {"metadata": allowed}).json()
    assert (put["result"], put["searchable"]) == ("added", True)
