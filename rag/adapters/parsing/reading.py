"""Files read in another process."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from rag.adapters.parsing.processes import Processes
from rag.domain import Document, Locator
from rag.library.documents import FieldNames, Found, ReadFailure, Remark
from rag.library.ingesting import FileReader

if TYPE_CHECKING:
    from rag.adapters.readers.ocr import Ocr

_LONGEST_REASON = 500


class ApartReader(FileReader):
    """Reads files of all known formats in another process."""

    def __init__(self, processes: Processes, *, max_bytes: int, ocr: "Ocr | None" = None) -> None:
        """Read with `processes` files of up to `max_bytes`, pictures with `ocr`."""
        self._processes = processes
        self._max_bytes = max_bytes
        self._ocr = ocr.asked() if ocr else None

    @property
    @override
    def formats(self) -> frozenset[str]:
        from rag.adapters.readers import FORMATS

        return frozenset(FORMATS)

    @override
    def read(
        self, content: bytes, *, filename: str, uri: str, tenant: str, fields: FieldNames | None = None
    ) -> list[Found]:
        """Return the documents as the port says; errors also as for `Processes.run`."""
        given: dict[str, Any] = {
            "filename": filename,
            "uri": uri,
            "tenant": tenant,
            "max_bytes": self._max_bytes,
            "ocr": self._ocr,
        }
        job = {"op": "read", "given": given, "fields": asdict(fields or FieldNames())}
        return [
            _record(reply, text, uri=uri, tenant=tenant) for reply, text in self._processes.run(job, content)
        ]


def _record(reply: dict[str, Any], text: bytes, *, uri: str, tenant: str) -> Found:
    if said := reply.get("remark"):
        return Remark(uri=uri, said=_clean(said)[:_LONGEST_REASON])
    if failure := reply.get("failure"):
        return ReadFailure(uri=_clean(failure["uri"]), reason=_clean(failure["reason"])[:_LONGEST_REASON])
    named = reply["document"]
    return Document.create(
        uri=_clean(named["uri"]),
        text=text.decode(errors="replace"),
        title=_clean(named["title"]),
        tenant=tenant,
        divisible=bool(named["divisible"]),
        source=uri,
        metadata={_clean(name): _cleaned(value) for name, value in named["metadata"].items()},
        locators=[
            Locator(start=int(start), kind=_clean(kind), name=_clean(name))
            for start, kind, name in named["locators"]
        ],
        unread=[_clean(reason)[:_LONGEST_REASON] for reason in named["unread"]],
    )


def _cleaned(value: Any) -> Any:
    if isinstance(value, list):
        return [_cleaned(each) for each in value]
    return _clean(value) if isinstance(value, str) else value


def _clean(text: str) -> str:
    """Return text that every database stores."""
    return str(text).replace("\0", "").encode(errors="replace").decode()
