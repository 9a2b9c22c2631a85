"""A language model that answers the same thing at the same pace, cheaply: asyncio and nothing else, as a process.

Prints its URL. The first token comes after FIRST_S, the others PAUSE_S apart; a whole answer takes as long.
"""

import asyncio
import json
import re
import sys

FIRST_S = float(sys.argv[1]) if len(sys.argv) > 1 else 0.02
PAUSE_S = float(sys.argv[2]) if len(sys.argv) > 2 else 0.002
ANSWER = "The passages say what is asked for and a little more than that [1]."
PIECES = re.findall(r"\S+\s?", ANSWER)
HEAD = {"id": "chatcmpl-1", "created": 0, "model": "scripted"}
USAGE = {"prompt_tokens": 100, "completion_tokens": len(PIECES), "total_tokens": 100 + len(PIECES)}


def _chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    event = json.dumps({**HEAD, "object": "chat.completion.chunk", "choices": [choice]})
    return _framed(f"data: {event}\n\n".encode())


def _framed(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.split("content-length:")[1].split("\r\n")[0])
            body = json.loads(await reader.readexactly(length))
            await (_stream(writer, body) if body.get("stream") else _whole(writer))
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _stream(writer: asyncio.StreamWriter, body: dict[str, object]) -> None:
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        + _chunk({"role": "assistant", "content": ""})
    )
    await asyncio.sleep(FIRST_S)
    for piece in PIECES:
        writer.write(_chunk({"content": piece}))
        await writer.drain()
        await asyncio.sleep(PAUSE_S)
    writer.write(_chunk({}, "stop"))
    if body.get("stream_options"):
        event = json.dumps({**HEAD, "object": "chat.completion.chunk", "choices": [], "usage": USAGE})
        writer.write(_framed(f"data: {event}\n\n".encode()))
    writer.write(_framed(b"data: [DONE]\n\n") + b"0\r\n\r\n")
    await writer.drain()


async def _whole(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(FIRST_S + PAUSE_S * len(PIECES))
    message = {"role": "assistant", "content": "".join(PIECES)}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    answer = json.dumps({**HEAD, "object": "chat.completion", "choices": [choice], "usage": USAGE}).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n\r\n"
    writer.write(head.encode() + answer)
    await writer.drain()


async def main() -> None:
    """Listen until killed."""
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
