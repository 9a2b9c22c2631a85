"""LlamaIndex's SentenceSplitter as a Splitter. Works offline: it ships its tokeniser and sentence model."""

import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from typing_extensions import override

from rag.domain import Chunking
from rag.ports import Splitter

if TYPE_CHECKING:
    from llama_index.core.node_parser import SentenceSplitter

_GAP = re.compile(r"(?<!\s)\s{1000,}")
"""Blanks that the tokeniser is spared: its pattern gives up on some hundred thousand of them."""


class SentenceSplitterAdapter(Splitter):
    """Cuts text between sentences where it can, within words only where it must.

    The first text that has to be cut takes about 2.5 s, for loading; making the object takes nothing.
    """

    def __init__(self, chunking: Chunking) -> None:
        """Take the longest piece and the overlap, in tokens of tiktoken's cl100k_base."""
        self._chunking = chunking
        self._narrow: dict[int, SentenceSplitter] = {}

    @override
    def split(self, text: str, *, room: int | None = None) -> list[str]:
        # A token is one byte or more, so this fits whatever the tokeniser says.
        if len(text.encode()) <= (self._chunking.max_tokens if room is None else room):
            return [text.strip()] if text.strip() else []
        splitter = self._splitter if room is None else self._narrower(room)
        return [piece for part in _GAP.split(text) if part for piece in splitter.split_text(part)]

    @override
    def tokens(self, text: str) -> int:
        return sum(len(self._tokenizer(part)) for part in _GAP.split(text))

    @cached_property
    def _tokenizer(self) -> Callable[[str], Sequence[int]]:
        from llama_index.core.utils import get_tokenizer

        tokenizer: Callable[[str], Sequence[int]] = get_tokenizer()
        return tokenizer

    @cached_property
    def _splitter(self) -> "SentenceSplitter":
        from llama_index.core.node_parser import SentenceSplitter

        return SentenceSplitter(
            chunk_size=self._chunking.max_tokens,
            # The overlap may not reach the size of a piece, or no piece would bring anything new.
            chunk_overlap=min(self._chunking.overlap_tokens, self._chunking.max_tokens // 2),
        )

    def _narrower(self, room: int) -> "SentenceSplitter":
        from llama_index.core.node_parser import SentenceSplitter

        if room not in self._narrow:
            self._narrow[room] = SentenceSplitter(chunk_size=room, chunk_overlap=0)
        return self._narrow[room]
