"""Processes that read and split: limited, replaced, and without the service's secrets."""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from doubles.waiting import until

from rag.adapters.parsing import ApartReader, Processes
from rag.errors import Overloaded, Unavailable, UnreadableDocument

Make = Callable[..., Processes]

SLOW = b"<p>x</p>" * 400_000
"""An HTML page that takes seconds."""


def read(processes: Processes, content: bytes = b"Words.", filename: str = "x.txt") -> int:
    """Read a file; give how many records it had."""
    reader = ApartReader(processes, max_bytes=20_000_000)
    return len(reader.read(content, filename=filename, uri="upload:x", tenant="acme"))


def the_pid() -> int:
    """Return the id of the only process."""
    (pid,) = pids()
    return pid


def pids() -> frozenset[int]:
    """Return the ids of this process's children that read."""
    children = psutil.Process().children()
    return frozenset(each.pid for each in children if "rag.adapters.parsing.worker" in each.cmdline())


def at_work(pid: int) -> None:
    """Wait until a process that had nothing to do does something."""
    idle_s = sum(psutil.Process(pid).cpu_times()[:2])
    until(lambda: sum(psutil.Process(pid).cpu_times()[:2]) > idle_s + 0.05, "a job to be under way")


def in_background(work: Callable[[], object]) -> tuple[threading.Thread, list[BaseException]]:
    """Run `work` in a thread; what it raises is in the list."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, raised


def test_one_process_does_many_jobs_and_is_replaced(make_processes: Make) -> None:
    """The same process is used again, until it has done as many jobs as it may."""
    processes = make_processes(jobs=3)
    seen = []
    for _ in range(4):
        read(processes)
        seen.append(pids())
    assert seen[0] == seen[1] != frozenset()
    assert seen[2] == frozenset()  # its last job was done
    assert seen[3] != seen[0]


@pytest.mark.parametrize(("number", "words"), [(signal.SIGSEGV, "SIGSEGV"), (signal.SIGKILL, "memory")])
def test_a_process_brought_down_is_that_files_failure(
    make_processes: Make, number: signal.Signals, words: str
) -> None:
    """The reason tells how it ended; the next file is read by a fresh process."""
    processes = make_processes()
    read(processes)
    pid = the_pid()
    thread, raised = in_background(lambda: read(processes, SLOW, "x.html"))
    at_work(pid)
    os.kill(pid, number)
    thread.join()

    assert isinstance(raised[0], UnreadableDocument)
    assert words in str(raised[0])
    assert read(processes) == 1
    assert the_pid() != pid


def test_an_idle_process_that_died_is_replaced_unseen(make_processes: Make) -> None:
    """Nobody's file fails because a process died while it had nothing to do."""
    processes = make_processes()
    read(processes)
    pid = the_pid()
    os.kill(pid, signal.SIGKILL)
    until(lambda: os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT))
    assert read(processes) == 1


def test_it_gets_no_secret_and_no_proxy(make_processes: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the environment it has a few harmless names."""
    monkeypatch.setenv("WHETSTONE_LLM_API_KEY", "very-secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    processes = make_processes()
    read(processes)
    environment = Path(f"/proc/{the_pid()}/environ").read_bytes()
    assert b"PYTHONPATH" in environment
    assert b"very-secret" not in environment
    assert b"PROXY" not in environment


def test_it_has_limits(make_processes: Make) -> None:
    """Memory, files and core dumps are limited by the kernel, processor time for each job anew."""
    processes = make_processes()
    read(processes)
    limits = Path(f"/proc/{the_pid()}/limits").read_text()
    given = {line[:26].strip(): line[26:].split()[0] for line in limits.splitlines()[1:]}
    assert given["Max core file size"] == "0"
    assert given["Max file size"] == "0"
    assert 400_000_000 < int(given["Max address space"]) < 1_200_000_000
    assert 20 <= int(given["Max cpu time"]) <= 30


def test_it_is_killed_with_what_it_started(make_processes: Make) -> None:
    """Each leads a process group of its own, and closing ends it."""
    processes = make_processes()
    read(processes)
    pid = the_pid()
    assert os.getpgid(pid) == pid
    processes.close()
    processes.close()
    assert pids() <= {pid}
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_it_ends_with_its_service() -> None:
    """A service that is killed leaves no process behind."""
    import subprocess
    import sys

    program = (
        "import os, psutil, signal\n"
        "from rag.adapters.parsing.process import Limits; from rag.adapters.parsing import Processes\n"
        "processes = Processes(Limits(memory_bytes=10**9, timeout_s=5, most_bytes=10**6), most=1)\n"
        "processes.prepare()\n"
        "print(*(child.pid for child in psutil.Process().children()), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    until(lambda: not Path(f"/proc/{pid}/exe").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text())


def test_closing_breaks_a_job_off(make_processes: Make) -> None:
    """A service that stops does not wait for a file, and does not call it unreadable."""
    processes = make_processes()
    read(processes)
    thread, raised = in_background(lambda: read(processes, SLOW, "x.html"))
    at_work(the_pid())
    processes.close()
    thread.join(timeout=5)
    assert not thread.is_alive()
    assert isinstance(raised[0], Unavailable)
    with pytest.raises(Unavailable):
        read(processes)


def test_jobs_wait_for_a_process_but_not_for_ever(make_processes: Make) -> None:
    """Where all are at work for longer than one job may take, the next is told to come again."""
    processes = make_processes(timeout_s=1.0)
    read(processes)
    blocker, _ = in_background(lambda: read(processes, SLOW * 4, "x.html"))
    at_work(the_pid())
    second, raised = in_background(lambda: read(processes))
    with pytest.raises((Overloaded, UnreadableDocument)):
        read(processes, SLOW * 4, "x.html")
    blocker.join()
    second.join()
    assert all(isinstance(error, Overloaded) for error in raised)
    assert read(processes) == 1


def test_a_parser_reaches_no_network_and_starts_nothing() -> None:
    """What a confined process may not do from Python fails; it still reads."""
    import subprocess
    import sys

    program = (
        "import os, socket, subprocess\n"
        "from rag.adapters.parsing import worker\n"
        "worker._confine(10**9)\n"
        "def refused(work):\n"
        "    try:\n"
        "        work()\n"
        "    except PermissionError:\n"
        "        return True\n"
        "    return False\n"
        "print(refused(lambda: socket.create_connection(('127.0.0.1', 9))),\n"
        "      refused(lambda: subprocess.run(['true'])),\n"
        "      refused(lambda: os.system('true')),\n"
        "      refused(lambda: open('/tmp/written', 'w')),\n"
        "      len(open('/proc/self/stat').read()) > 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["True"] * 5, done.stderr


def test_many_jobs_leave_one_timer(make_processes: Make) -> None:
    """That idle processes are ended later takes one timer, not one for each job."""
    # Services of other tests in this process have timers of their own.
    before = timers()
    processes = make_processes(most=2)
    for _ in range(20):
        threads = [threading.Thread(target=read, args=(processes,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    # One that was called off takes a moment to end.
    until(lambda: len(timers() - before) <= 1, seconds=5)


def timers() -> set[threading.Thread]:
    """Return the timers that run in this process."""
    return {each for each in threading.enumerate() if isinstance(each, threading.Timer)}
