"""Links to sources that open without a key."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest

from rag.access.source_links import SourceLinks
from rag.errors import LinkExpired, Unauthorised

NOW = datetime(2026, 4, 1, tzinfo=UTC)
SECRET = b"s" * 32


def links(*, after: timedelta = timedelta(), secret: bytes = SECRET) -> SourceLinks:
    """Links that open for thirty days, some time later."""
    return SourceLinks(secret, days=30, now=lambda: NOW + after)


@pytest.fixture
def parameters() -> dict[str, str]:
    """A link's parameters."""
    return dict(parse_qsl(links().query("passage", "south & east")))


def test_a_link_opens_its_passage_for_its_time(parameters: dict[str, str]) -> None:
    """Until the last second it tells the tenant; after it, that it has expired."""
    almost = timedelta(days=30, seconds=-1)
    assert links(after=almost).tenant("passage", parameters) == "south & east"
    with pytest.raises(LinkExpired, match="expired"):
        links(after=timedelta(days=30)).tenant("passage", parameters)


@pytest.mark.parametrize(
    "change",
    [
        {"tenant": "north"},
        {"until": "9999999999"},
        {"until": ""},
        {"until": "soon"},
        {"signature": "0" * 64},
        {"signature": ""},
        {"signature": "é"},
        {"signature": "\ud800"},
    ],
)
def test_a_changed_link_opens_nothing(parameters: dict[str, str], change: dict[str, str]) -> None:
    """Whatever is changed, the signature fits no more."""
    with pytest.raises(Unauthorised, match="signature of this link"):
        links().tenant("passage", parameters | change)


def test_a_link_opens_no_other_passage(parameters: dict[str, str]) -> None:
    """Nor its passage in another installation, and nothing opens without a signature."""
    for opener, passage, given in (
        (links(), "passage2", parameters),
        (links(secret=b"t" * 32), "passage", parameters),
        (links(), "passage", {}),
    ):
        with pytest.raises(Unauthorised):
            opener.tenant(passage, given)


def test_parts_cannot_be_shifted_into_each_other() -> None:
    """What ends one part and begins the next is signed too."""
    query = dict(parse_qsl(links().query("passage", "1tenant")))
    with pytest.raises(Unauthorised):
        links().tenant("passage1", query | {"tenant": "tenant"})
