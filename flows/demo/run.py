"""Prepares and runs the demonstration: a home of its own, embedded defaults, a free port."""

import os
import shutil
import time
from pathlib import Path

from flows.demo.corpus import DemoCorpus, beir_folder, python_documentation
from flows.demo.serve_process import ServeProcess
from flows.demo.story import Story
from flows.environment import serving_settings
from flows.ops.terminal import console
from rag.bootstrap import documents_at, questions_at
from rag.errors import InvalidInput, PortInUse, SettingInvalid, WhetstoneError
from rag.running.listening import listen
from rag.settings import Settings

KEPT = ("encoders", "prefect")
"""Folders that a new run takes over: they hold nothing of an earlier run's questions, and take long to make."""

HUB = "hub:"


def run_demo(*, dataset: str | None, once: bool, encoder: str) -> int:
    """Run the loop, and stay up afterwards unless `once`; return the exit status, 0 where every step worked."""
    settings = serving_settings()
    home = settings.home / "demo"
    corpus = _corpus(dataset, home, settings)
    _clear(home)
    port = _free_port(settings.port)
    environment = {
        "WHETSTONE_HOME": str(home.absolute()),
        "WHETSTONE_ENCODER": encoder,
        "WHETSTONE_HOST": "127.0.0.1",
        "WHETSTONE_PORT": str(port),
        # The people are our own and all new: their corrections are believed without others who confirm them.
        "WHETSTONE_RETRAIN_AGREES_WITHIN": "0",
        # Empty counts as unset: the demonstration is the embedded one, whatever the environment says.
        **dict.fromkeys(("WHETSTONE_DATABASE_URL", "WHETSTONE_QDRANT_URL", "WHETSTONE_LLM_BASE_URL"), ""),
        **dict.fromkeys(("WHETSTONE_API_KEY", "WHETSTONE_PUBLIC_URL", "PREFECT_API_URL"), ""),
    }
    os.environ.update(environment)
    del os.environ["PREFECT_API_URL"]

    service = ServeProcess(url=f"http://127.0.0.1:{port}", environment=environment, log=home / "service.log")
    out = console()
    worked = False
    try:
        try:
            worked = Story(corpus=corpus, service=service).run()
        except WhetstoneError as error:
            out.print(f"\nThe demonstration stopped: {error}", style="red")
            if once or not service.running():
                return 1
        if not once:
            _stay_up(service, home)
    except KeyboardInterrupt:
        out.print("\nstopping")
    finally:
        service.stop()
    return 0 if worked else 1


def _corpus(dataset: str | None, home: Path, settings: Settings) -> DemoCorpus:
    if dataset is None:
        console().print("reading the documentation of this Python ...")
        return python_documentation(documents_at("python-docs", settings))
    folder = Path(dataset)
    if dataset.startswith(HUB):
        from flows.demo.hub import download

        name = dataset.removeprefix(HUB)
        folder = download(name, home / "hub" / name.replace("/", "-"))
    missing = [
        name for name in ("corpus.jsonl", "queries.jsonl", "qrels.tsv") if not (folder / name).is_file()
    ]
    if missing:
        raise InvalidInput(f"{folder} is no BEIR folder: {', '.join(missing)} is missing")
    console().print(f"reading {folder} ...")
    return beir_folder(folder, documents_at(str(folder), settings), *questions_at(folder, settings))


def _clear(home: Path) -> None:
    if not home.exists():
        return
    for entry in home.iterdir():
        if entry.name in (*KEPT, "hub"):
            continue
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _free_port(wanted: int) -> int:
    try:
        free = listen("127.0.0.1", wanted)
    except (PortInUse, SettingInvalid):
        free = listen("127.0.0.1", 0)
    with free:
        return int(free.getsockname()[1])


def _stay_up(service: ServeProcess, home: Path) -> None:
    out = console()
    out.print(f"\nThe service stays up at {service.url} until Ctrl-C. Try, in another terminal:")
    out.print(
        f"  WHETSTONE_HOME={home} WHETSTONE_PORT={service.url.rpartition(':')[2]} .venv/bin/whetstone status"
    )
    out.print(
        f"  curl -s {service.url}/v1/chat/completions -H 'Content-Type: application/json' -d"
        ' \'{"messages": [{"role": "user", "content": "How do I read a CSV file?"}]}\''
    )
    while service.running():
        time.sleep(0.5)
    out.print("the service ended by itself; its log is in the demo folder", style="red")
