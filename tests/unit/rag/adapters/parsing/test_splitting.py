"""Documents split in another process."""

import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from rag.adapters.llama_index import SentenceSplitterAdapter
from rag.adapters.parsing import ApartChunker, Processes
from rag.domain import Chunking, Document
from rag.errors import UnreadableDocument
from rag.library.chunking import Chunker

TEXT = (
    "# Leave\n\n"
    + "Parents may take sixteen weeks. Überall gilt: früh fragen.\n" * 200
    + "## Study\n\nFive days."
)


@pytest.mark.parametrize("divisible", [True, False])
@pytest.mark.parametrize("text", [TEXT, "Short.", "# Only\n## Headings", " \n", "漢字" * 2_000])
def test_passages_are_those_of_the_chunker_inside(
    make_processes: Callable[..., Processes], text: str, divisible: bool
) -> None:
    """Same passages, same ids, whichever process makes them."""
    chunking = Chunking(max_tokens=100, overlap_tokens=10)
    document = Document.create(uri="x", title="T", text=text, divisible=divisible, metadata={"a": "b"})
    inside = Chunker(SentenceSplitterAdapter(chunking), chunking)
    apart = ApartChunker(make_processes(memory_bytes=1_000_000_000), chunking)

    assert apart.digest == inside.digest
    assert inside.split(document) == apart.split(document)


def test_a_warm_process_splits_at_once(make_processes: Callable[..., Processes]) -> None:
    """After `prepare` a page is split in well under a second."""
    processes = make_processes(warm=True)
    processes.prepare()
    began = time.monotonic()
    passages = ApartChunker(processes, Chunking()).split(Document.create(uri="x", text=TEXT))
    assert len(passages) > 5
    assert time.monotonic() - began < 1.0


def test_a_text_that_takes_too_long(make_processes: Callable[..., Processes]) -> None:
    """It is refused with the limit; the next one is split by a fresh process."""
    processes = make_processes(warm=True, timeout_s=1.5, memory_bytes=4_000_000_000)
    chunker = ApartChunker(processes, Chunking())
    with pytest.raises(UnreadableDocument, match=r"limit of 1\.5 s"):
        chunker.split(Document.create(uri="x", text="漢" * 3_000_000))
    assert chunker.split(Document.create(uri="x", text=TEXT))


def test_this_process_never_loads_the_splitter() -> None:
    """Neither LlamaIndex nor pandas, nor a format's library, is imported by who splits and reads apart."""
    program = (
        "import sys\n"
        "from rag.adapters.parsing import ApartChunker, ApartReader, Processes\n"
        "from rag.adapters.parsing.process import Limits\n"
        "from rag.domain import Chunking, Document\n"
        "processes = Processes(Limits(memory_bytes=10**9, timeout_s=30, most_bytes=10**7), most=1)\n"
        "text = 'A sentence of words. ' * 1000\n"
        "assert len(ApartChunker(processes, Chunking()).split(Document.create(uri='x', text=text))) > 3\n"
        "reader = ApartReader(processes, max_bytes=10**6)\n"
        "assert reader.read(b'<p>x</p>', filename='x.html', uri='x', tenant='t')\n"
        "processes.close()\n"
        "print([name for name in ('llama_index', 'pandas', 'selectolax', 'pypdf', 'torch') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr
