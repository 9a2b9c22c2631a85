"""JSON and JSON lines as programs write them."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from rag.domain import Document
from rag.library.documents import ReadFailure

Reading = Callable[..., list[Document | ReadFailure]]


def documents(found: Sequence[Document | ReadFailure]) -> list[Document]:
    """Return the documents; there must be nothing else."""
    assert [one for one in found if isinstance(one, ReadFailure)] == []
    return [one for one in found if isinstance(one, Document)]


def one_of(reading: Reading, record: dict[str, Any] | str, **fields: str) -> Document:
    """Return the document of one record."""
    content = record if isinstance(record, str) else json.dumps(record)
    (made,) = documents(reading(content, "a.jsonl", **fields))
    return made


def test_broken_lines(reading: Reading) -> None:
    """Each bad line fails on its own, with its number, and the good ones are read."""
    lines = [
        '{"id": "a", "title": "A", "text": "one"}',
        "{broken",
        "[1, 2]",
        '{"id": "d", "year": 2020}',
        '{"id": "e", "text": 5}',
        '{"id": "f", "text": " "}',
        '{"id": "a", "text": "again"}',
        "",
        '{"id": 9, "text": "nine"}',
        '{"id": "h", "text": "half \\ud800"}',
    ]
    found = reading("\n".join(lines), "a.jsonl", text="text")

    made = [one for one in found if isinstance(one, Document)]
    assert [(one.uri.rpartition("#")[2], one.text) for one in made] == [("a", "one"), ("9", "nine")]
    reasons = {one.reason.split(" (")[0]: one.uri for one in found if isinstance(one, ReadFailure)}
    uri = made[0].source
    assert list(reasons.values()) == [uri, uri, f"{uri}#d", f"{uri}#e", f"{uri}#f", f"{uri}#a", f"{uri}#h"]
    assert [reason[:40] for reason in reasons] == [
        "line 2 is not JSON: Expecting property n",
        "line 3 holds a list, not a record with n",
        "line 4 has no field 'text' for the text;",
        "line 5 holds a number in the field 'text",
        "line 6 holds no text",
        "line 7 has the 'id' of an earlier record",
        "line 10 holds half a surrogate pair",
    ]


def test_a_record_on_each_line_of_a_json_file(reading: Reading) -> None:
    """Many programs call JSON lines .json; a line that is broken is named, as in JSON lines."""
    found = reading('{"id": 1, "text": "one"}\n{"id": 2, "text": "two"}\n{broken\n', "a.json")
    assert [one.text for one in found if isinstance(one, Document)] == ["one", "two"]
    assert [one.reason[:18] for one in found if isinstance(one, ReadFailure)] == ["line 3 is not JSON"]


def test_records_that_are_called_by_their_names(reading: Reading) -> None:
    """A record of records with texts; what only has records in it is one."""
    content = {"a": {"title": "A", "text": "one"}, "b c": {"text": "two"}}
    first, second = documents(reading(json.dumps(content), "a.json"))
    assert (first.uri, first.title, first.text) == (f"{first.source}#a", "A", "one")
    assert (second.uri, second.text) == (f"{second.source}#b%20c", "two")
    (made,) = documents(reading(json.dumps({"place": {"city": "Bergen"}, "size": {"m": 4}}), "a.json"))
    assert made.text == "place.city: Bergen\nsize.m: 4"


def test_records_in_a_list_stay_together(reading: Reading) -> None:
    """An answer follows its question, not all answers all questions."""
    record = {"name": "S", "items": [{"q": "Who?", "a": ["Me", "You"]}, {"q": "When?", "a": ["Now"]}]}
    made = one_of(reading, record)
    assert made.text == "name: S\nitems.q: Who?\nitems.a: Me, You\nitems.q: When?\nitems.a: Now"
    assert made.metadata == {"name": "S", "items.q": ("Who?", "When?"), "items.a": ("Me", "You", "Now")}


def test_what_is_no_title_and_no_id_is_kept(reading: Reading) -> None:
    """A title in several languages, an id that is a record: filed under their names."""
    made = one_of(reading, {"id": {"$oid": "5f"}, "title": ["A", "B"], "text": "one"})
    assert (made.title, made.uri.rpartition("#")[2]) == ("", "line-1")
    assert made.metadata == {"id.$oid": "5f", "title": ("A", "B")}


def test_thousands_of_digits(reading: Reading) -> None:
    """Python makes no number of them; the record before is read."""
    found = reading('[{"text": "one"}, {"text": "two", "n": ' + "9" * 5_000 + "}]", "a.json")
    assert [one.text for one in found if isinstance(one, Document)] == ["one"]
    assert "5,000 characters in a value of metadata" in str(found[1])


def test_values_keep_their_kinds(reading: Reading) -> None:
    """Numbers, truth values, lists and dates are filed as they are; of null there is nothing."""
    made = one_of(
        reading,
        {
            "id": 1,
            "text": "words",
            "year": 2024,
            "open": True,
            "price": 4.5,
            "tags": ["food", "lunch"],
            "alone": ["one"],
            "date": "2024-05-01",
            "note": None,
            "empty": "",
            "none": [],
        },
    )
    assert made.metadata == {
        "year": 2024,
        "open": True,
        "price": 4.5,
        "tags": ("food", "lunch"),
        "alone": ("one",),
        "date": "2024-05-01",
    }
    assert made.unread == ()


def test_records_inside_records_are_filed_by_their_path(reading: Reading) -> None:
    """place.city is what the city of the place is called; of a list of records each field is a list."""
    made = one_of(
        reading,
        {
            "text": "words",
            "place": {"city": "Bergen", "at": {"lat": 60.4}},
            "people": [{"name": "Ada"}, {"name": "Bo", "age": 3}],
            "pairs": [[1, 2], [3]],
        },
    )
    assert made.metadata == {
        "place.city": "Bergen",
        "place.at.lat": 60.4,
        "people.name": ("Ada", "Bo"),
        "people.age": (3,),
        "pairs": (1, 2, 3),
    }


def test_records_nested_very_deeply_are_written(reading: Reading) -> None:
    """Beyond eight levels they are kept as JSON."""
    deep: dict[str, Any] = {"x": 1}
    for _ in range(12):
        deep = {"a": deep}
    ((name, value),) = one_of(reading, {"text": "words"} | deep).metadata.items()
    assert name == ".".join("a" * 9)
    assert json.loads(str(value)) == {"a": {"a": {"a": {"x": 1}}}}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none(reading: Reading, number: str) -> None:
    """They are no metadata, neither alone nor in lists, and no id."""
    made = one_of(reading, f'{{"id": {number}, "text": "words", "price": {number}, "all": [{number}, 2]}}')
    assert made.metadata == {"all": (2,)}
    assert made.uri.endswith("#line-1")


def test_numbers_beyond_what_indexes_take(reading: Reading) -> None:
    """They are kept as they are written."""
    made = one_of(reading, {"text": "words", "large": 2**63, "small": -(2**63), "most": 2**63 - 1})
    assert made.metadata == {"large": str(2**63), "small": -(2**63), "most": 2**63 - 1}


def test_a_field_named_twice(reading: Reading) -> None:
    """The second is kept under a name of its own; so is one without a name."""
    made = one_of(reading, '{"text": "a", "team": "b", "text": "c", "": "d"}')
    assert (made.text, made.metadata) == ("a", {"team": "b", "text_2": "c", "column 4": "d"})


@pytest.mark.parametrize(
    ("given", "written"), [(7, "7"), (7.0, "7.0"), ("a b", "a%20b"), ("ü/1", "%C3%BC%2F1"), (True, "true")]
)
def test_ids(reading: Reading, given: Any, written: str) -> None:
    """Numbers, blanks and letters of all kinds make a uri."""
    assert one_of(reading, {"id": given, "text": "words"}).uri.rpartition("#")[2] == written


def test_a_vector_beside_the_text(reading: Reading) -> None:
    """A list that is more than metadata holds is left out and named; the text is read."""
    made = one_of(reading, {"text": "words", "vector": [0.123456789] * 1_500, "team": "HR"})
    assert (made.text, made.metadata) == ("words", {"team": "HR"})
    assert made.unread == ("line 1 has more in the field 'vector' than is kept as metadata; it was left out",)


def test_a_text_in_parts(reading: Reading) -> None:
    """A list of strings is one text."""
    assert one_of(reading, {"text": ["One.", "Two."]}).text == "One.\n\nTwo."


@pytest.mark.parametrize("text", [{"text": ""}, {"text": None}, {"text": []}, {}])
def test_a_title_alone_is_a_document(reading: Reading, text: dict[str, Any]) -> None:
    """With a text that is empty or missing, also among records with texts."""
    lines = [{"text": "words"}, {"id": 2, "title": "The office moved", "url": "x"} | text]
    _, made = documents(reading("\n".join(map(json.dumps, lines)), "a.jsonl"))
    assert (made.title, made.text, made.metadata) == ("The office moved", "The office moved", {"url": "x"})


def test_records_without_a_text(reading: Reading) -> None:
    """Each is its text, a line for a field, also for those inside and in lists; null says nothing."""
    made = one_of(
        reading,
        {"id": 7, "product": "Pump", "price": 4.50, "in": {"stock": True}, "sizes": [1, 2], "note": None},
    )
    assert (made.title, made.text) == (
        "Pump",
        "id: 7\nproduct: Pump\nprice: 4.5\nin.stock: true\nsizes: 1, 2",
    )
    assert made.metadata["price"] == 4.5


def test_a_content_that_is_no_text(reading: Reading) -> None:
    """Where nobody named the field, the whole record is its text."""
    made = one_of(reading, {"role": "user", "content": [{"type": "text", "text": "Hello."}]})
    assert made.text == "role: user\ncontent.type: text\ncontent.text: Hello."


def test_a_list_of_records_and_one_record(reading: Reading) -> None:
    """A JSON file holds a list of records, or one."""
    found = documents(reading(json.dumps([{"id": 1, "text": "one"}, {"id": 2, "text": "two"}]), "a.json"))
    assert [one.text for one in found] == ["one", "two"]
    (alone,) = documents(reading('{"text": "alone"}', "a.json"))
    assert alone.text == "alone"


def test_a_record_that_holds_a_list_of_records(reading: Reading) -> None:
    """They are the records; what stands beside the list is filed with each."""
    held = {"source": "wiki", "data": [{"id": 1, "text": "one", "source": "own"}, {"id": 2, "text": "two"}]}
    found = documents(reading(json.dumps(held), "a.json"))
    assert [(one.uri.rpartition("#")[2], one.text, one.metadata) for one in found] == [
        ("1", "one", {"source": "own"}),
        ("2", "two", {"source": "wiki"}),
    ]


def test_a_record_that_holds_several_lists(reading: Reading) -> None:
    """Records of all of them are read; those of one id are kept apart."""
    held = {"faq": [{"id": 1, "text": "one"}], "news": [{"id": 1, "text": "two"}, {"text": "three"}]}
    found = documents(reading(json.dumps(held), "a.json"))
    assert [(one.uri.rpartition("#")[2], one.text) for one in found] == [
        ("faq%2F1", "one"),
        ("news%2F1", "two"),
        ("news%2Frow-2", "three"),
    ]


def test_a_record_with_a_text_and_a_list(reading: Reading) -> None:
    """It is one document."""
    (made,) = documents(reading('{"text": "words", "authors": [{"name": "Ada"}]}', "a.json"))
    assert (made.text, made.metadata) == ("words", {"authors.name": ("Ada",)})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[]", "holds no records"),
        ("[" * 100_000, "is not JSON that can be read: nested too deeply"),
        ('"text"', "row 1 holds a string, not a record with named fields"),
        ("null", "row 1 holds null, not a record with named fields"),
        ("", "is not JSON: Expecting value: line 1 column 1 (char 0)"),
    ],
)
def test_json_without_records(reading: Reading, content: str, reason: str) -> None:
    """Other JSON fails with a reason."""
    (failed,) = reading(content, "a.json")
    assert isinstance(failed, ReadFailure)
    assert failed.reason == reason


def test_lines_without_records(reading: Reading) -> None:
    """An empty file fails with a reason."""
    (failed,) = reading("\n", "a.ndjson")
    assert isinstance(failed, ReadFailure)
    assert failed.reason == "holds no records"
