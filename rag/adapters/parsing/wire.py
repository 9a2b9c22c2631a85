"""Messages between the service and its parsing processes: a JSON header and raw bytes, each with its length.

Never pickle: what comes out of a process that read a hostile file is not to be trusted either.
"""

import json
import struct
from typing import Any, BinaryIO

_LENGTHS = struct.Struct(">II")
_MOST_HEADER = 64_000_000


class TooLarge(Exception):
    """A message is larger than what is taken."""


def send(stream: BinaryIO, header: dict[str, Any], body: bytes = b"") -> None:
    """Write one message; OSError where the other side is gone."""
    encoded = json.dumps(header, separators=(",", ":")).encode()
    stream.write(_LENGTHS.pack(len(encoded), len(body)))
    stream.write(encoded)
    stream.write(body)
    stream.flush()


def receive(stream: BinaryIO, *, most: int) -> tuple[dict[str, Any], bytes]:
    """Read one message.

    Raises:
        EOFError: the other side is gone.
        TooLarge: it has more than `most` bytes.
        ValueError: it is no message.
    """
    header_length, body_length = _LENGTHS.unpack(_exactly(stream, _LENGTHS.size))
    if header_length > _MOST_HEADER or header_length + body_length > most:
        raise TooLarge
    header = json.loads(_exactly(stream, header_length))
    if not isinstance(header, dict):
        raise ValueError("a message's header has to be a record")
    return header, _exactly(stream, body_length)


def _exactly(stream: BinaryIO, count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data
