"""One text is one hit."""

from rag.domain import Document, Passage
from rag.ports import Found
from rag.questions.finding.copies import MOST_SOURCES, distinct

BASE = "Parking permits are issued by the facility desk within two working days of the request."


def found(*texts: str) -> list[Found]:
    """Return passages of documents 0, 1, ... in that order."""
    return [
        Found(
            passage=Passage.create(Document.create(uri=str(number), text=text), 0, text),
            score=1 - number / 100,
        )
        for number, text in enumerate(texts)
    ]


def shown(*texts: str) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the texts that are given, and the other uris of each."""
    kept, others = distinct(found(*texts))
    return [each.passage.text for each in kept], [others.get(each.passage.id, ()) for each in kept]


def test_nearly_the_same_text_is_given_once() -> None:
    """The first one stays and names the others; the next text moves up."""
    other = "Visitors sign the red book at the desk before they are shown to the meeting room."
    texts = (f"Updated 3 May 2024\n{BASE}", f"Updated 4 June 2025\n{BASE}", other)

    assert shown(*texts) == ([texts[0], other], [("1",), ()])


def test_of_a_text_and_one_that_holds_it_the_longer_is_given() -> None:
    """In the better one's place, so that nothing is lost."""
    longer = f"{BASE} They are valid for a year."

    assert shown(BASE, longer) == ([longer], [("0",)])
    assert shown(longer, BASE) == ([longer], [("1",)])


def test_a_text_that_is_a_small_part_of_another_stays() -> None:
    """A long page that quotes a rule is not the rule."""
    page = (
        f"{BASE} "
        + "Whoever comes by train needs none of them, and finds the way from the station on the map. " * 5
    )

    assert len(shown(BASE, page)[0]) == 2


def test_versions_stay_apart() -> None:
    """As do rows that differ in a number."""
    assert len(shown(BASE, BASE.replace("two", "three"), BASE.replace("issued", "revoked"))[0]) == 3


def test_a_bounded_number_of_sources_is_named() -> None:
    """However many copies there are."""
    _, others = shown(*[BASE] * 40)

    assert [MOST_SOURCES] == [len(each) for each in others]
