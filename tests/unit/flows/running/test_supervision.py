"""Supervision with real processes, started and stopped for real."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from doubles.waiting import until

from flows.running.children import Child
from flows.running.supervision import Restarting, Supervisor

PATIENT = "import time\nprint('up', flush=True)\ntime.sleep(60)"
STUBBORN = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + PATIENT


def python(code: str) -> tuple[str, ...]:
    """Return the command that runs `code`."""
    return (sys.executable, "-c", code)


def runs(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=True
        )
    except subprocess.CalledProcessError:
        return False
    return not state.stdout.startswith("Z")


class Background:
    """A supervisor that runs in a thread."""

    def __init__(
        self, *children: Child, stop_timeout_s: float = 5.0, restarting: Restarting | None = None
    ) -> None:
        self.lines: list[str] = []
        self.code: int | None = None
        self.supervisor = Supervisor(
            children, echo=self.lines.append, stop_timeout_s=stop_timeout_s, restarting=restarting
        )
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        self.code = self.supervisor.run()

    def __enter__(self) -> "Background":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.supervisor.stop()
        self._thread.join(20)
        assert not self._thread.is_alive()

    def ended(self) -> bool:
        """Whether it returned by itself."""
        return not self._thread.is_alive()

    def said(self, pattern: str) -> bool:
        """Whether a line matches."""
        return any(re.search(pattern, line) for line in list(self.lines))


def test_children_start_after_what_they_need_is_ready(tmp_path: Path) -> None:
    """A child starts only once the readiness check of what it needs says yes."""
    flag = tmp_path / "ready"
    asked: list[bool] = []

    def ready() -> bool:
        asked.append(flag.exists())
        return asked[-1]

    first = Child(name="first", command=python(PATIENT), ready=ready)
    second = Child(name="second", command=python(PATIENT), needs=("first",))
    with Background(second, first) as background:
        until(lambda: background.said(r"first  \| up"), "the first child's line")
        until(lambda: len(asked) > 3, "some checks of readiness")
        assert [line for line in background.lines if line.startswith("second")] == []
        flag.touch()
        until(lambda: background.said(r"second \| up"), "the second child's line")
    assert background.said(r"first  \| ready after \d")
    assert background.code == 0


def test_lines_carry_the_name_of_who_wrote_them() -> None:
    """Every line of a child, on either stream and not even in UTF-8, comes with the child's name."""
    code = "import os, time\nos.write(1, b'out\\n')\nos.write(2, b'err \\xff\\n')\ntime.sleep(60)"
    with Background(Child(name="a", command=python(code))) as background:
        until(lambda: len(background.lines) >= 2, "two lines")
    assert background.lines == ["a | out", "a | err \N{REPLACEMENT CHARACTER}"]


def test_environment_is_added_to() -> None:
    """A child sees the supervisor's environment and, on top of it, its own."""
    code = "import os, time\nprint(os.environ['PATH'] != '', os.environ['EXTRA'])\ntime.sleep(60)"
    with Background(Child(name="a", command=python(code), env={"EXTRA": "7"})) as background:
        until(lambda: background.said(r"a \| True 7"), "the variable")


def test_crashed_child_is_started_again(tmp_path: Path) -> None:
    """A child that ended by itself comes back, and the others stay as they are."""
    once = tmp_path / "once"
    code = (
        f"import pathlib, sys, time\nonce = pathlib.Path({str(once)!r})\n"
        "if not once.exists():\n    once.touch()\n    sys.exit(3)\n"
        "print('second life', flush=True)\ntime.sleep(60)"
    )
    steady = Child(name="steady", command=python(PATIENT))
    with Background(
        steady, Child(name="shaky", command=python(code)), restarting=Restarting(first_s=0.05)
    ) as background:
        until(lambda: background.said("second life"), "the second life")
        assert background.said("shaky ended with exit status 3; starting it again in 0.05 s")
        assert sum("steady | up" in line for line in background.lines) == 1
    assert background.code == 0


def test_gives_up_after_too_many_crashes() -> None:
    """A child that ends again and again stops everything, with 1."""
    shaky = Child(name="shaky", command=python("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"))
    steady = Child(name="steady", command=python("import os, time\nprint(os.getpid())\ntime.sleep(60)"))
    with Background(steady, shaky, restarting=Restarting(first_s=0.2, crashes=3)) as background:
        until(background.ended, "giving up")
    assert background.code == 1
    assert background.said("shaky ended 3 times within 600 s, at last with signal SIGKILL")
    (line,) = (line for line in background.lines if line.startswith("steady"))
    assert not runs(int(line.rpartition(" ")[2]))


def test_old_crashes_are_forgotten() -> None:
    """Only crashes within the window count."""
    shaky = Child(name="shaky", command=python("print('up')"))
    with Background(
        shaky, restarting=Restarting(first_s=0.3, cap_s=0.3, crashes=3, window_s=0.4)
    ) as background:
        until(lambda: sum("| up" in line for line in list(background.lines)) >= 5, "five lives")
    assert background.code == 0


def test_delays_double_up_to_the_cap() -> None:
    """Each further crash waits twice as long, but never longer than the cap."""
    restarting = Restarting(first_s=0.5, cap_s=3.0)
    assert [restarting.delay_s(crashes) for crashes in range(1, 6)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_gives_up_on_a_child_that_never_gets_ready() -> None:
    """A child that is not ready in time stops everything, with 1."""
    late = Child(name="late", command=python(PATIENT), ready=lambda: False, ready_timeout_s=0.3)
    with Background(late) as background:
        until(background.ended, "giving up")
    assert background.code == 1
    assert background.said("late was not ready within 0.3 s")


def test_missing_program_is_named() -> None:
    """A command that does not exist stops everything, with 1, and says which."""
    with Background(Child(name="a", command=("no-such-program-here",))) as background:
        until(background.ended, "giving up")
    assert background.code == 1
    assert background.said("a cannot start: there is no program no-such-program-here")


def test_stops_in_reverse_order() -> None:
    """What others need stops only once those have ended."""
    slow = (
        "import signal, sys, time\n"
        "def end(*_):\n    print('ending', flush=True)\n    time.sleep(0.3)\n"
        "    print('ended')\n    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n" + PATIENT
    )
    children = (
        Child(name="a", command=python(slow)),
        Child(name="b", command=python(slow), needs=("a",)),
        Child(name="c", command=python(slow), needs=("b",)),
    )
    with Background(*children) as background:
        until(lambda: all(background.said(rf"{name} \| up") for name in "abc"), "all up")
    assert background.lines[-6:] == [
        "c | ending",
        "c | ended",
        "b | ending",
        "b | ended",
        "a | ending",
        "a | ended",
    ]
    assert background.code == 0


def test_child_that_ignores_the_stop_is_killed() -> None:
    """SIGKILL follows when SIGTERM did not help in time."""
    with Background(Child(name="deaf", command=python(STUBBORN)), stop_timeout_s=0.3) as background:
        until(lambda: background.said("up"), "up")
        started = time.monotonic()
    assert time.monotonic() - started < 5
    assert background.said("deaf did not stop in 0.3 s: killed")
    assert background.code == 0


@pytest.mark.parametrize("grandchild", [PATIENT, STUBBORN], ids=["patient", "stubborn"])
def test_no_grandchild_stays(grandchild: str) -> None:
    """Processes a child left behind end with it, also when they ignore SIGTERM."""
    code = (
        "import subprocess, sys, time\n"
        f"process = subprocess.Popen([sys.executable, '-c', {grandchild!r}])\n"
        "print('pid', process.pid, flush=True)\ntime.sleep(60)"
    )
    with Background(Child(name="a", command=python(code)), stop_timeout_s=0.5) as background:
        until(lambda: background.said("pid") and background.said("up"), "both up")
    (line,) = (line for line in background.lines if "pid" in line)
    until(lambda: not runs(int(line.rpartition(" ")[2])), "the grandchild's end")


SCRIPT = """
import sys
from flows.running.children import Child
from flows.running.supervision import Supervisor
code = sys.argv[1]
children = [Child(name=name, command=(sys.executable, "-c", code)) for name in "ab"]
timeout_s = float(sys.argv[2])
supervisor = Supervisor(children, echo=lambda line: print(line, flush=True), stop_timeout_s=timeout_s)
sys.exit(supervisor.run())
"""
SAYS_PID = "import os\nprint('pid', os.getpid(), flush=True)\n"


class Foreground:
    """A supervisor that is a process of its own, so that it can be sent signals."""

    def __init__(self, code: str, *, stop_timeout_s: float) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, SAYS_PID + code, str(stop_timeout_s)],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # Where the tests themselves were started with nohup, it would rightly ignore SIGHUP too.
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        )
        self.pids: list[int] = []

    def __enter__(self) -> "Foreground":
        assert self.process.stdout is not None
        ups = 0
        while ups < 2:
            line = self.process.stdout.readline()
            assert line, "the supervisor ended before its children were up"
            ups += line.endswith("up\n")
            if "pid" in line:
                self.pids.append(int(line.rpartition(" ")[2]))
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_stops_all(number: signal.Signals) -> None:
    """A stop by signal ends every child and gives 0."""
    with Foreground(PATIENT, stop_timeout_s=10) as foreground:
        foreground.process.send_signal(number)
        assert foreground.process.wait(10) == 0
        assert [runs(pid) for pid in foreground.pids] == [False, False]


def test_second_signal_kills_at_once() -> None:
    """Who presses Ctrl-C twice does not wait for children that take their time."""
    asked = "import os, signal\nsignal.signal(signal.SIGTERM, lambda *_: os.write(1, b'asked to end\\n'))\n"
    with Foreground(asked + PATIENT, stop_timeout_s=60) as foreground:
        foreground.process.send_signal(signal.SIGINT)
        assert foreground.process.stdout is not None
        assert "asked to end" in foreground.process.stdout.readline()
        foreground.process.send_signal(signal.SIGINT)
        assert foreground.process.wait(10) == 1
        assert [runs(pid) for pid in foreground.pids] == [False, False]


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv (util-linux, Linux only)")
def test_killed_supervisor_takes_its_children_along() -> None:
    """When the supervisor is killed outright, the kernel ends its children."""
    with Foreground(PATIENT, stop_timeout_s=10) as foreground:
        foreground.process.kill()
        until(lambda: not any(runs(pid) for pid in foreground.pids), "the children's end")
