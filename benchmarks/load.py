"""Sends requests over kept-alive connections and times them; light enough not to be what is measured.

An order is {"url", "bodies", "clients", "path"}; the result {"wall_s", "latency_s": [...], "first_s": [...],
"timing": [...]}: seconds of each request, seconds to its first streamed text (streams only), and its Server-Timing.
"""

import asyncio
import json
import time
from typing import Any
from urllib.parse import urlsplit

from worker import work


async def _run(order: dict[str, Any]) -> dict[str, Any]:
    where = urlsplit(order["url"])
    waiting = list(reversed(order["bodies"]))
    results: list[tuple[float, float, str]] = []

    async def client() -> None:
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        while waiting:
            results.append(await _request(reader, writer, where.netloc, order["path"], waiting.pop()))
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(order["clients"])))
    wall = time.perf_counter() - began
    return {
        "wall_s": wall,
        "latency_s": [latency for latency, _, _ in results],
        "first_s": [first for _, first, _ in results],
        "timing": [timing for _, _, timing in results],
    }


async def _request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, path: str, body: dict[str, Any]
) -> tuple[float, float, str]:
    data = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\n\r\n"
    )
    began = time.perf_counter()
    writer.write(head.encode() + data)
    answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    headers = {
        name.lower(): value.strip()
        for name, _, value in (line.partition(":") for line in answer.split("\r\n")[1:])
    }
    status = int(answer.split()[1])
    first = 0.0
    if "content-length" in headers:
        rest = await reader.readexactly(int(headers["content-length"]))
    else:
        rest = b""
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            rest += (await reader.readexactly(size + 2))[:-2]
            if not first and _says_something(rest):
                first = time.perf_counter() - began
        await reader.readexactly(2)
    if status != 200:
        raise RuntimeError(f"{path} answered {status}: {rest[:200]!r}")
    return time.perf_counter() - began, first, headers.get("server-timing", "")


def _says_something(stream: bytes) -> bool:
    for line in stream.split(b"\n\n"):
        if line.startswith(b"data: {"):
            try:
                choices = json.loads(line[6:]).get("choices") or [{}]
            except ValueError:
                return False
            if (choices[0].get("delta") or {}).get("content"):
                return True
    return False


if __name__ == "__main__":
    work(lambda order: asyncio.run(_run(order)))
