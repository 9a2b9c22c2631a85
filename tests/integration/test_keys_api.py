"""Keys in a running service: made, limited, revoked, and links to sources that open without one."""

import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
import openai
import pytest
from doubles.scripted_llm import ScriptedLLM
from doubles.waiting import until
from integration.conftest import RunService, Service
from pydantic import SecretStr

from rag.access.source_links import PARAMETERS
from rag.bootstrap import open_keys
from rag.domain import Role
from rag.settings import Settings

LUNCH = {"messages": [{"role": "user", "content": "When is lunch served?"}]}


def bearer(token: str) -> dict[str, str]:
    """Return the header."""
    return {"Authorization": f"Bearer {token}"}


def key(settings: Settings, *roles: Role, **values: Any) -> tuple[str, str]:
    """Make a key as the command line does; give its id and the whole of it."""
    with open_keys(settings) as register:
        new = register.create(roles=roles or (Role.READER,), principal="test", **values)
    return new.key.id, new.token


def test_from_the_first_key_on_every_request_needs_one(service: Service, home_settings: Settings) -> None:
    """Made while the service runs, by another process, it is demanded within two seconds, and a revoked one refused."""
    get = service.client.get
    assert get("/v1/models").status_code == 200
    assert get("/v1/models", headers=bearer("whatever")).status_code == 200

    key_id, token = key(home_settings)
    until(lambda: get("/v1/models").status_code == 401, seconds=2)
    assert get("/v1/models", headers=bearer(token)).status_code == 200
    # The name the caller uses for this machine matters no more.
    assert get("/v1/models", headers=bearer(token) | {"Host": "evil.example"}).status_code == 200
    refused = get("/v1/models")
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.json()["error"]["type"] == "authentication_error"

    with open_keys(home_settings) as register:
        register.revoke(key_id, principal="test")
    until(lambda: get("/v1/models", headers=bearer(token)).status_code == 401, seconds=2)
    assert "was revoked" in get("/v1/models", headers=bearer(token)).json()["error"]["message"]
    assert get("/v1/models").status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:1"}, 200),
        ({"Host": "[::1]"}, 200),
        ({"Origin": "http://127.0.0.1:3000"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "["}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
    ],
)
def test_without_keys_only_this_machines_pages_are_answered(
    service: Service, headers: dict[str, str], status: int
) -> None:
    """Neither a page whose name points here nor one that sends across sites gets anything."""
    assert service.client.post("/v1/retrieve", json={"query": "x"}, headers=headers).status_code == status


def test_keys_over_http(service: Service) -> None:
    """The first is made on the machine itself; an administrator's makes, lists and revokes others."""
    post = service.client.post
    first = post("/v1/keys", json={"roles": ["admin", "reader"], "name": "first"})
    assert first.status_code == 201
    assert "from now on every request needs one" in first.json()["note"]
    assert first.headers["cache-control"] == "no-store"
    admin = bearer(first.json()["key"])
    until(lambda: service.client.get("/v1/keys").status_code == 401, seconds=2)

    body = {"roles": ["reader"], "tenant": "north", "expires_at": "2999-01-01T00:00:00Z", "concurrent": 3}
    second = post("/v1/keys", json=body, headers=admin).json()
    assert "note" not in second
    listed = service.client.get("/v1/keys", headers=admin)
    assert [each["id"] for each in listed.json()["data"]] == [second["id"], first.json()["id"]]
    shown = {name: value for name, value in second.items() if name != "key"}
    assert listed.json()["data"][0] == shown
    assert (shown["tenant"], shown["roles"], shown["status"], shown["concurrent"]) == (
        "north",
        ["reader"],
        "usable",
        3,
    )
    assert second["key"].partition(".")[2] not in listed.text

    assert service.client.delete(f"/v1/keys/{second['id']}", headers=admin).json()["status"] == "revoked"
    for wrong, said in (
        ({"roles": []}, "roles"),
        ({"roles": ["king"]}, "roles"),
        ({"roles": ["admin"], "tenant": "north"}, "only keys of its own tenant 'default'"),
        ({"roles": ["reader"], "expires": "2999-01-01T00:00:00Z"}, "expires"),
        ({"roles": ["reader"], "expires_at": "2020-01-01T00:00:00Z"}, "expired already"),
    ):
        response = post("/v1/keys", json=wrong, headers=admin)
        assert response.status_code == 400
        assert said in response.json()["error"]["message"]
    told = [(entry.action, entry.principal) for entry in service.serving.stores.audit.newest(3)]
    assert told == [
        ("revoke-key", first.json()["id"]),
        ("create-key", first.json()["id"]),
        ("create-key", "local"),
    ]


@pytest.fixture
def keyed(home_settings: Settings, corpus: Any, run_service: RunService) -> Iterator[Any]:
    """A service with the corpus whose client sends a reader's key."""
    corpus(home_settings)
    _, token = key(home_settings)
    with run_service(home_settings) as service:
        service.client.headers.update(bearer(token))
        yield service


def test_sources_of_an_answer_open_in_a_browser(keyed: Any) -> None:
    """Every link of an answer opens without a key, as a page and as JSON, and is given on as it is."""
    answer = keyed.client.post("/v1/chat/completions", json=LUNCH).json()
    links = [each["url_citation"]["url"] for each in answer["choices"][0]["message"]["annotations"]]
    links += answer["citations"] + [each["url"] for each in answer["search_results"]]
    assert len(links) > 2
    with httpx.Client() as browser:
        for link in links:
            page = browser.get(link, headers={"Accept": "text/html"})
            assert page.status_code == 200
            assert page.headers["content-type"].startswith("text/html")
        first = answer["citations"][0]
        given = browser.get(first).json()["url"]
        signed = dict(parse_qsl(urlsplit(first).query))
        assert dict(parse_qsl(urlsplit(given).query)) == {name: signed[name] for name in PARAMETERS}
        assert browser.get(given).status_code == 200


def test_a_link_opens_its_passage_and_nothing_else(keyed: Any) -> None:
    """Not another passage, nor another route, nor another tenant's, nor after its time."""
    found = keyed.client.post("/v1/retrieve", json={"query": "lunch", "limit": 4}).json()["hits"]
    query = urlsplit(found[0]["url"]).query
    with httpx.Client(base_url=keyed.url) as browser:
        assert browser.get(f"/v1/sources/{found[0]['passage_id']}?{query}").status_code == 200
        for method, path in (
            ("GET", f"/v1/sources/{found[1]['passage_id']}"),
            ("GET", f"/v1/sources/{found[0]['passage_id']}/"),
            ("DELETE", f"/v1/sources/{found[0]['passage_id']}"),
            ("GET", "/v1/models"),
            ("GET", f"/v1/documents/{found[0]['document_id']}"),
            ("POST", "/v1/retrieve"),
        ):
            assert browser.request(method, f"{path}?{query}").status_code == 401, (method, path)
        parameters = dict(parse_qsl(query))
        for change in ({"tenant": "other"}, {"until": "9999999999"}, {"signature": "0" * 64}):
            changed = browser.get(f"/v1/sources/{found[0]['passage_id']}", params=parameters | change)
            assert changed.status_code == 401
            assert "signature of this link is wrong" in changed.json()["error"]["message"]
        # A key that is wrong is not made right by a link.
        wrong = browser.get(f"/v1/sources/{found[0]['passage_id']}?{query}", headers=bearer("wk_wrong"))
        assert wrong.status_code == 401


def refusal(url: str) -> httpx.Response:
    """Open a link as a browser does; hold what comes to a page of our own look and policy."""
    page = httpx.get(url, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert page.headers["cache-control"] == "private, no-cache"
    style = re.search(r'href="([^"]+whetstone[.]css)"', page.text)
    assert style is not None
    assert httpx.get(urljoin(url, style[1])).status_code == 200
    return page


def test_a_link_ends(home_settings: Settings, corpus: Any, run_service: RunService) -> None:
    """After its days it is refused, and the message says why."""
    corpus(home_settings)
    _, token = key(home_settings)
    with run_service(home_settings.model_copy(update={"source_link_days": 1e-6})) as service:
        hits = service.client.post("/v1/retrieve", json={"query": "lunch"}, headers=bearer(token)).json()[
            "hits"
        ]
        time.sleep(1.1)
        late = httpx.get(hits[0]["url"])
        assert late.status_code == 403
        assert "has expired" in late.json()["error"]["message"]
        assert late.json()["error"]["code"] == "link_expired"
        page = refusal(hits[0]["url"])
        assert page.status_code == 403
        assert "<h1>This link has expired</h1>" in page.text
        assert "Ask your question again" in page.text


def test_a_link_that_does_not_open_is_explained_to_a_person(keyed: Any) -> None:
    """Changed, unsigned, or of a passage that is gone: a browser gets a page, and the status is the program's."""
    (hit,) = keyed.client.post("/v1/retrieve", json={"query": "lunch", "limit": 1}).json()["hits"]
    bare, _, query = hit["url"].partition("?")
    for url in (bare, hit["url"].replace("signature=", "signature=0"), f"{bare}%3Cb%3E?{query}"):
        page = refusal(url)
        assert page.status_code == 401
        assert page.headers["www-authenticate"] == "Bearer"
        assert "<h1>This link does not open the passage</h1>" in page.text
        assert "<b>" not in page.text
        assert httpx.get(url).json()["error"]["type"] == "authentication_error"
    keyed.serving.library.delete(hit["document_id"], tenant=keyed.serving.settings.tenant)
    gone = refusal(hit["url"])
    assert gone.status_code == 404
    assert "<h1>This passage is not there any more</h1>" in gone.text
    # Nowhere else does a refusal become a page.
    elsewhere = httpx.get(f"{keyed.url}/v1/models", headers={"Accept": "text/html"})
    assert elsewhere.headers["content-type"] == "application/json"


def test_without_keys_links_are_plain(service: Service) -> None:
    """On this machine alone nothing has to be signed."""
    hits = service.client.post("/v1/retrieve", json={"query": "lunch"}).json()["hits"]
    assert [urlsplit(hit["url"]).query for hit in hits] == [""] * len(hits)
    assert httpx.get(hits[0]["url"]).status_code == 200


def test_a_key_is_held_to_its_minute(keyed: Any, home_settings: Settings) -> None:
    """Headers say what is left; beyond it 429 with the time to wait, for this key alone, and OpenAI's own error."""
    _, token = key(home_settings, requests_per_minute=3)
    headers = bearer(token)
    left = []
    for _ in range(3):
        response = keyed.client.get("/v1/models", headers=headers)
        assert response.headers["x-ratelimit-limit-requests"] == "3"
        left.append(response.headers["x-ratelimit-remaining-requests"])
        assert response.headers["x-ratelimit-reset-requests"].endswith("s")
    assert left == ["2", "1", "0"]
    refused = keyed.client.get("/v1/models", headers=headers)
    assert refused.status_code == 429
    assert refused.json()["error"]["type"] == "rate_limit_error"
    assert 1 <= int(refused.headers["retry-after"]) <= 20
    assert refused.headers["x-ratelimit-remaining-requests"] == "0"

    assert keyed.client.get("/v1/models").status_code == 200
    assert [keyed.client.get(path, headers=headers).status_code for path in ("/healthz", "/readyz")] == [
        200,
        200,
    ]
    with (
        openai.OpenAI(base_url=f"{keyed.url}/v1", api_key=token, max_retries=0) as client,
        pytest.raises(openai.RateLimitError),
    ):
        client.models.list()


def slow(scripted_llm: ScriptedLLM, seconds: float) -> Any:
    """An answer that takes its time, word by word."""
    return scripted_llm.reply(
        text="word [1] " + " ".join("word" for _ in range(int(seconds * 10))), pause_s=0.1
    )


@pytest.fixture
def narrow(
    home_settings: Settings, corpus: Any, run_service: RunService, scripted_llm: ScriptedLLM
) -> Iterator[Any]:
    """A service whose language model is slow: one question at a time, one waits."""
    corpus(home_settings)
    values = {"llm_base_url": scripted_llm.url, "max_concurrent": 1, "max_queued": 1}
    with run_service(home_settings.model_copy(update=values)) as service:
        yield service


def test_a_stream_counts_until_its_client_leaves(
    home_settings: Settings, corpus: Any, run_service: RunService, scripted_llm: ScriptedLLM
) -> None:
    """A key with one request at once is refused while its stream runs, and taken once it hung up."""
    corpus(home_settings)
    _, token = key(home_settings, concurrent=1)
    with run_service(home_settings.model_copy(update={"llm_base_url": scripted_llm.url})) as service:
        scripted_llm.script(slow(scripted_llm, 20))
        url, headers = f"{service.url}/v1/chat/completions", bearer(token)
        with httpx.stream("POST", url, json=LUNCH | {"stream": True}, headers=headers) as response:
            next(response.iter_bytes())
            refused = service.client.get("/v1/models", headers=headers)
            assert refused.status_code == 429
            assert "may have 1 at once" in refused.json()["error"]["message"]
        until(lambda: service.client.get("/v1/models", headers=headers).status_code == 200, seconds=3)


def test_questions_wait_their_turn_and_the_rest_is_refused_at_once(
    narrow: Any, scripted_llm: ScriptedLLM
) -> None:
    """One runs, one waits, a third gets 503 without waiting; other routes answer meanwhile."""
    scripted_llm.script(slow(scripted_llm, 2), "The second [1].")
    turns = narrow.serving.parts.answering.turns
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(narrow.client.post, "/v1/chat/completions", json=LUNCH)
        until(lambda: turns.under_way == 1, seconds=5)
        second = pool.submit(narrow.client.post, "/v1/chat/completions", json=LUNCH)
        until(lambda: turns.waiting == 1, seconds=5)
        began = time.monotonic()
        third = narrow.client.post("/v1/retrieve", json={"query": "lunch"})
        assert (third.status_code, third.json()["error"]["code"]) == (503, "overloaded")
        assert third.headers["retry-after"] == "1"
        assert narrow.client.get("/v1/models").status_code == 200
        assert time.monotonic() - began < 1
        assert [first.result().status_code, second.result().status_code] == [200, 200]
    assert "second" in second.result().json()["choices"][0]["message"]["content"]
    assert (turns.under_way, turns.waiting) == (0, 0)


def test_who_leaves_the_row_frees_the_place(narrow: Any, scripted_llm: ScriptedLLM) -> None:
    """A client that gives up while it waits costs nobody a turn, and its question is never asked."""
    scripted_llm.script(slow(scripted_llm, 2))
    turns = narrow.serving.parts.answering.turns
    running = threading.Thread(
        target=narrow.client.post, args=("/v1/chat/completions",), kwargs={"json": LUNCH}
    )
    running.start()
    until(lambda: turns.under_way == 1, seconds=5)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{narrow.url}/v1/chat/completions", json=LUNCH, timeout=0.3)
    until(lambda: turns.waiting == 0, seconds=1)
    assert turns.under_way == 1
    running.join()
    until(lambda: turns.under_way == 0, seconds=1)
    assert len(scripted_llm.requests) == 1


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # connections to the file that was taken away
def test_keys_while_the_database_is_away(keyed: Any, home_settings: Settings) -> None:
    """A key that was seen is let in, one that was not has to wait, an invented one is refused all the same."""
    _, other = key(home_settings)
    assert keyed.client.get("/v1/models").status_code == 200
    for file in home_settings.home.glob("whetstone.sqlite*"):
        file.rename(file.with_name(f"away-{file.name}"))
    keyed.serving.stores.engine.dispose()
    time.sleep(1.1)
    assert keyed.client.get("/v1/models").status_code == 200
    unseen = keyed.client.get("/v1/models", headers=bearer(other))
    assert (unseen.status_code, unseen.json()["error"]["code"]) == (503, "unavailable")
    assert str(home_settings.home) not in unseen.text
    assert keyed.client.get("/v1/models", headers=bearer(f"wk_{'a' * 18}.{'A' * 43}")).status_code == 401
    keyed.serving.stores.engine.dispose()
    for file in home_settings.home.glob("away-*"):
        file.replace(file.with_name(file.name.removeprefix("away-")))
    until(lambda: keyed.client.get("/v1/models", headers=bearer(other)).status_code == 200, seconds=3)


def test_no_secret_is_logged(keyed: Any, home_settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """Neither a key's, nor the one keys are checked with, whatever is asked."""
    _, token = key(home_settings, Role.READER, requests_per_minute=1)
    with caplog.at_level("DEBUG", logger="rag"):
        for _ in range(2):
            keyed.client.get("/v1/models", headers=bearer(token))
        keyed.client.get("/v1/models", headers=bearer(token[:-3] + "AAA"))
    secret = (home_settings.home / "keys.secret").read_text().strip()
    assert token.partition(".")[2][:-3] not in caplog.text
    assert secret not in caplog.text


def test_the_environments_key_works_beside_keys(home_settings: Settings, run_service: RunService) -> None:
    """It has every role; and keys made here are known too."""
    environment = "a-key-of-sixteen-characters"
    _, token = key(home_settings)
    with run_service(home_settings.model_copy(update={"api_key": SecretStr(environment)})) as service:
        get = service.client.get
        assert get("/v1/models", headers=bearer(environment)).status_code == 200
        assert get("/v1/keys", headers=bearer(environment)).status_code == 200
        assert get("/v1/models", headers=bearer(token)).status_code == 200
        assert get("/v1/keys", headers=bearer(token)).status_code == 403


def test_keys_that_the_database_forgot_are_still_demanded(home_settings: Settings, run_service: Any) -> None:
    """A home that had a key never opens again by itself: nobody makes one over HTTP."""
    key(home_settings)
    with run_service(home_settings) as service, service.serving.stores.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM keys")
    with run_service(home_settings) as service:
        assert service.client.post("/v1/keys", json={"roles": ["admin"]}).status_code == 401


def test_a_home_of_before_that_has_keys_remembers_them(home_settings: Settings, run_service: Any) -> None:
    """Version 0.2 wrote no mark; the first start does."""
    key(home_settings)
    mark = home_settings.home / "keys.required"
    mark.unlink()
    with run_service(home_settings) as service:
        assert service.client.get("/v1/models").status_code == 401
    assert mark.exists()


def test_a_home_without_keys_goes_on_without(home_settings: Settings, run_service: Any) -> None:
    """Its secret signs links only, so that it exists says nothing."""
    for _ in range(2):
        with run_service(home_settings) as service:
            assert service.client.get("/v1/models").status_code == 200
    assert (home_settings.home / "keys.secret").exists()
    assert not (home_settings.home / "keys.required").exists()


def test_a_public_address_demands_keys(home_settings: Settings, run_service: Any) -> None:
    """Behind a proxy every caller is on loopback; without a key nobody becomes an administrator."""
    public = home_settings.model_copy(update={"public_url": "https://answers.example.com"})
    with run_service(public) as service:
        for headers in ({}, {"Host": "answers.example.com"}):
            made = service.client.post("/v1/keys", json={"roles": ["admin"]}, headers=headers)
            assert made.status_code == 401
    assert open_keys_of(public) == []


def open_keys_of(settings: Settings) -> list[str]:
    """Return the ids of the keys there are."""
    with open_keys(settings) as register:
        return [each.id for each in register.all()]
