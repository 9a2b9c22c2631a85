"""A document becomes passages: cut at headings first, then between blocks, then by the splitter."""

from collections.abc import Collection

from typing_extensions import override

from rag.domain import Chunking, Document, Passage
from rag.domain.locators import located
from rag.errors import SettingInvalid
from rag.library.cutting import cut
from rag.library.sections import sections
from rag.ports import PassageMaker, Splitter


def check_chunking(asked: Chunking, *, live: Chunking | None, stored: Collection[str]) -> None:
    """Raise SettingInvalid where the live release, or what is stored, is split otherwise than the settings ask.

    All documents of a corpus are split alike. `live` is the live release's chunking; `stored` are the digests of those
    that stored documents were split with.
    """
    if live is not None and live != asked:
        raise SettingInvalid(
            f"The documents are split into passages of {live.max_tokens} tokens with an overlap of "
            f"{live.overlap_tokens}, but the settings ask for {asked.max_tokens} and {asked.overlap_tokens}. "
            f"Set WHETSTONE_CHUNK_TOKENS={live.max_tokens} and WHETSTONE_CHUNK_OVERLAP={live.overlap_tokens}, "
            "or start over in another WHETSTONE_HOME and ingest the documents again."
        )
    if stored and asked.digest not in stored:
        raise SettingInvalid(
            "The documents that are ingested were split with other values of WHETSTONE_CHUNK_TOKENS and "
            "WHETSTONE_CHUNK_OVERLAP. Set these back, or start over in another WHETSTONE_HOME."
        )


class Chunker(PassageMaker):
    """Makes passages with the splitter that was made for one chunking setting."""

    def __init__(self, splitter: Splitter, chunking: Chunking) -> None:
        self._splitter = splitter
        self.chunking = chunking

    @property
    @override
    def digest(self) -> str:
        return self.chunking.digest

    @override
    def split(self, document: Document) -> list[Passage]:
        """Return the document's passages in order; none where it holds no text.

        Headings move from the text to the titles of the passages below them, as a path. An indivisible document
        becomes one passage as it stands.
        """
        text = document.text
        if not text.strip():
            return []
        if not document.divisible:
            return [Passage.create(document, 0, text, locator=located(document.locators, 0, len(text)))]
        found = (
            (section.title, piece)
            for section in sections(document.title, text)
            for piece in cut(text, section, self._splitter, self.chunking.max_tokens)
        )
        return [
            Passage.create(
                document, position, piece.text, title, located(document.locators, piece.start, piece.end)
            )
            for position, (title, piece) in enumerate(found)
        ]
