"""Documents split in another process, so that this one never loads the splitter."""

from dataclasses import asdict

from typing_extensions import override

from rag.adapters.llama_index import SentenceSplitterAdapter
from rag.adapters.parsing.processes import Processes
from rag.domain import Chunking, Document, Passage
from rag.library.chunking import Chunker
from rag.ports import PassageMaker


class ApartChunker(PassageMaker):
    """Makes the passages that `Chunker` makes with the sentence splitter, in another process."""

    def __init__(self, processes: Processes, chunking: Chunking) -> None:
        """Split with `processes`."""
        self._processes = processes
        self._chunking = chunking
        self._short = Chunker(SentenceSplitterAdapter(chunking), chunking)

    @property
    @override
    def digest(self) -> str:
        return self._chunking.digest

    @override
    def split(self, document: Document) -> list[Passage]:
        """Return the document's passages as the port says; errors also as for `Processes.run`."""
        text = document.text.encode()
        # What fits into one passage needs no splitter, and is not worth the way.
        if not document.divisible or len(text) <= self._chunking.max_tokens:
            return self._short.split(document)
        locators = [[each.start, each.kind, each.name] for each in document.locators]
        job = {
            "op": "split",
            "chunking": asdict(self._chunking),
            "title": document.title,
            "locators": locators,
        }
        pieces = [piece for reply, _ in self._processes.run(job, text) for piece in reply["passages"]]
        return [
            Passage.create(document, position, piece, title, locator)
            for position, (title, piece, locator) in enumerate(pieces)
        ]
