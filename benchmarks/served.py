"""A service in this process that takes orders, for serving.py: it also encodes and searches without any service around.

Prints "ready"; the order {"bare": question} is answered with the milliseconds of one encode and one search, with
nothing else around them; {"url": null} with the service's URL. With --alone every request encodes for itself.
"""

import argparse
import threading
import time
from pathlib import Path
from typing import Any

import uvicorn
from worker import work

from rag.api import create_app
from rag.bootstrap import open_serving
from rag.settings import Settings


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("home", type=Path)
    parser.add_argument("--alone", action="store_true")
    options = parser.parse_args()
    # A benchmark's own load is not what limits are for.
    settings = Settings(_env_file=None, home=options.home, requests_per_minute=10_000_000)
    with open_serving(settings) as serving:
        serving.live.start()
        if options.alone:
            _unbatch(serving.live)
        server = uvicorn.Server(
            uvicorn.Config(create_app(serving.parts), port=0, log_config=None, access_log=False)
        )
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

        def do(order: dict[str, Any]) -> Any:
            if "url" in order:
                return url
            question = order["bare"]
            with serving.live.pin() as pinned:
                began = time.perf_counter()
                vector = pinned.encoder.encode_queries([question])[0]
                pinned.index.search(
                    vector, tenant=settings.tenant, limit=pinned.release.retrieval.top_k, text=question
                )
                return (time.perf_counter() - began) * 1_000

        work(do)
        server.should_exit = True
        thread.join()


def _unbatch(live: Any) -> None:
    """Take the micro-batching off the loaded encoder."""
    loaded = live._current[1]
    loaded.encoder = loaded.encoder._encoder


if __name__ == "__main__":
    main()
