"""Links: those that lead to other pages keep where they lead, as long as that does not bury the words."""

from urllib.parse import urljoin, urlsplit

from rag.adapters.readers.html.tree import Element, holds_blocks

_LONGEST_TARGET = 500  # letters of a link's address
_LONGEST_TARGETS = 2_000  # together, or a quarter of the text


class Links:
    """The links of a page."""

    def __init__(self, base: str) -> None:
        """Begin relative links at `base`; without it they lead nowhere."""
        self._base = base
        self._found: list[tuple[Element, str, str]] = []

    def write(self, element: Element) -> None:
        """Make a link its words, and a reference to a note its number in brackets."""
        target = element.get("href")
        text = element.text
        above = element.parent
        noted = (above is not None and above.tag == "sup") or element.get("role") == "doc-noteref"
        element.tag, element.attributes = "", {}
        if not target.startswith("#"):
            address = self._address(target)
            if address and text and address != text and not holds_blocks(element):
                self._found.append((element, address, text))
        elif not any(map(str.isalnum, text)):
            element.take_out()  # leads to the heading it stands in, or back from a note
        elif noted:
            element.become(text if text.startswith("[") else f"[{text.lstrip('^')}]")

    def _address(self, target: str) -> str:
        if not target:
            return ""
        try:
            address = urljoin(self._base, target)
            known = urlsplit(address).scheme in ("http", "https", "mailto")
        except ValueError:
            return ""
        return address if known and len(address) <= _LONGEST_TARGET else ""

    def set(self, letters: int) -> None:
        """Write where the links lead, if that is little beside the letters of the page."""
        if sum(len(address) for _, address, _ in self._found) <= max(_LONGEST_TARGETS, letters // 4):
            for element, address, text in self._found:
                link = Element("a", {"href": address})
                link.fill([text])
                element.become(link)
