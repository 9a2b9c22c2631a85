"""Typed metadata goes in over HTTP, confines questions, and comes back as it was."""

from typing import Any

import pytest
from doubles.waiting import until
from integration.conftest import Service

from rag.domain import Document

CANTEENS: dict[str, dict[str, Any]] = {
    "bergen": {"year": 2024, "open": True, "price": 4.5, "tags": ["food", "lunch"], "created": "2024-05-01"},
    "oslo": {
        "year": 2023,
        "open": False,
        "price": 4.0,
        "tags": ["food"],
        "created": "2023-05-01T23:30:00-02:00",
    },
    "voss": {"year": "2024", "price": "12", "tags": [], "created": "May 2024"},
}


@pytest.fixture
def canteens(service: Service) -> Service:
    """A service with three documents that tell of canteens."""
    for town, metadata in CANTEENS.items():
        text = f"The canteen in {town.title()} serves fish on Fridays."
        put = service.client.put(
            "/v1/documents", json={"uri": town, "text": text, "metadata": metadata}
        ).json()
        assert put["searchable"]
    return service


def towns(service: Service, where: Any) -> list[str]:
    """Return the documents of the hits under a filter."""
    body = {"query": "What does the canteen serve?", "limit": 20, "filter": where}
    found = service.client.post("/v1/retrieve", json=body)
    assert found.status_code == 200, found.text
    return sorted(hit["uri"] for hit in found.json()["hits"])


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({"year": 2024}, ["bergen", "voss"]),
        ({"year": 2024.0, "open": True}, ["bergen"]),
        ({"open": False}, ["oslo"]),
        ({"open": "true"}, ["bergen"]),
        ({"price": 4}, ["oslo"]),
        ({"tags": "food"}, ["bergen", "oslo"]),
        ({"tags": ["lunch", "dinner"]}, ["bergen"]),
        ({"price": {"gte": 4, "lt": 5}}, ["bergen", "oslo"]),
        ({"price": {"gt": 4.5}}, ["voss"]),
        ({"year": {"gte": "2024"}}, ["bergen", "voss"]),
        ({"created": {"gte": "2024-01-01"}}, ["bergen"]),
        ({"created": {"lte": "2023-05-01"}}, []),
        ({"created": {"gte": "2023-05-02", "lte": "2023-05-02"}}, ["oslo"]),
        ({"created": {"gte": "2023-05", "lte": "2024-05"}, "tags": "lunch"}, ["bergen"]),
        ({"price": {"gt": 5, "lt": 4}}, []),
    ],
    ids=str,
)
def test_questions_are_confined(canteens: Service, where: Any, found: list[str]) -> None:
    """By equality, by any of several values, by ranges of numbers and dates, and by all of these together."""
    assert towns(canteens, where) == found


def test_an_answer_is_confined(canteens: Service) -> None:
    """A chat completion rests on what its filter leaves."""
    answer = canteens.ask(
        "What does the canteen serve on Fridays?", whetstone={"filter": {"price": {"lte": 4}, "open": False}}
    ).json()

    assert {hit["document_id"] for hit in answer["whetstone"]["hits"]} == {canteens.document_id("oslo")}
    assert "Oslo" in answer["choices"][0]["message"]["content"]


def test_metadata_comes_back_as_it_was(canteens: Service) -> None:
    """Hits and documents show numbers, truth values and lists, not their text."""
    body = {"query": "canteen", "limit": 20, "filter": {"price": {"gt": 0}}}
    hits = canteens.client.post("/v1/retrieve", json=body).json()["hits"]
    listed = canteens.client.get("/v1/documents").json()["data"]

    assert {hit["uri"]: hit["metadata"] for hit in hits} == CANTEENS
    assert {each["uri"]: each["metadata"] for each in listed if each["uri"] in CANTEENS} == CANTEENS
    one = canteens.client.get(f"/v1/documents/{canteens.document_id('bergen')}").json()
    assert (one["metadata"], one["status"], one["unread"]) == (CANTEENS["bergen"], "read", [])


def test_a_document_says_what_of_it_was_not_read(service: Service) -> None:
    """One that was read in part is marked in the list, with the reasons."""
    reasons = ["3 of 4 pages hold no text"]
    service.serving.library.put(Document.create(uri="scan.pdf", text="The only page.", unread=reasons))

    listed = service.client.get("/v1/documents").json()["data"]

    (scan,) = (each for each in listed if each["uri"] == "scan.pdf")
    assert (scan["status"], scan["unread"]) == ("read_in_part", reasons)
    assert {each["status"] for each in listed if each["uri"] != "scan.pdf"} == {"read"}


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        (
            '{"team": null}',
            "metadata.team: expected a string, a number, true or false, or a list of these; got null",
        ),
        ('{"team": {"name": "sales"}}', "metadata.team: expected a string"),
        ('{"price": NaN}', "metadata.price: expected a finite number"),
        ('{"price": [1, 1e999]}', "metadata.price: expected a finite number"),
        ('["sales"]', "metadata: "),
    ],
)
def test_metadata_that_cannot_be_kept_is_refused(service: Service, metadata: str, said: str) -> None:
    """400 names the field and what is taken; nothing is dropped silently, nothing is written."""
    body = f'{{"uri": "odd", "text": "Odd text.", "metadata": {metadata}}}'
    refused = service.client.put("/v1/documents", content=body, headers={"Content-Type": "application/json"})

    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_request")
    assert refused.json()["error"]["message"].startswith(said)
    assert service.client.get(f"/v1/documents/{service.document_id('odd')}").status_code == 404


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (
            {"created": {"gte": "01.05.2024"}},
            "filter.created: gte is neither a number nor a date like 2024-05-01",
        ),
        ({"created": {"gte": "0000-01-01"}}, "of the years 1 to 9999"),
        ({"price": {"from": 2}}, "filter.price: a range has gt, gte, lt and lte, and no 'from'"),
        ({"price": None}, "filter.price: expected a string, a number"),
    ],
    ids=str,
)
def test_a_filter_that_is_none_is_refused(service: Service, where: Any, said: str) -> None:
    """400 says what is expected, of a search and of an answer alike."""
    found = service.client.post("/v1/retrieve", json={"query": "x", "filter": where})
    answered = service.ask("x", whetstone={"filter": where})

    assert [found.status_code, answered.status_code] == [400, 400]
    assert said in found.json()["error"]["message"]
    assert said in answered.json()["error"]["message"]


def test_metadata_that_changes_is_what_counts(canteens: Service) -> None:
    """A document with a new number is found by that one alone."""
    text = "The canteen in Oslo serves fish on Fridays."
    body = {"uri": "oslo", "text": text, "metadata": {"price": 100}}
    assert canteens.client.put("/v1/documents", json=body).json()["result"] == "changed"

    until(lambda: towns(canteens, {"price": {"gte": 50}}) == ["oslo"])
    assert towns(canteens, {"price": {"lt": 5}}) == ["bergen"]


def test_schema_describes_filters_and_metadata(service: Service) -> None:
    """The OpenAPI document has ranges and typed values."""
    schemas = service.client.get("/openapi.json").json()["components"]["schemas"]

    assert set(schemas["RangeBody"]["properties"]) == {"gt", "gte", "lt", "lte"}
    (where, _) = schemas["RetrieveRequest"]["properties"]["filter"]["anyOf"]
    assert {"$ref": "#/components/schemas/RangeBody"} in where["additionalProperties"]["anyOf"]
    taken = schemas["DocumentRequest"]["properties"]["metadata"]["additionalProperties"]["anyOf"]
    assert [each["type"] for each in taken] == ["string", "integer", "number", "boolean", "array"]
