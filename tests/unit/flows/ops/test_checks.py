"""The drift check that runs beside the service ends with it."""

import os
import subprocess
import sys
from pathlib import Path

from doubles.waiting import until

SERVICE = """
import sys, time
from pathlib import Path
from flows.ops.checks import BackgroundChecks, drift_check
sys.executable = sys.argv[1]
BackgroundChecks(drift_check).start("default")
while not Path(sys.argv[2]).exists():
    time.sleep(0.02)
"""


def test_a_check_under_way_ends_with_the_service(tmp_path: Path) -> None:
    """The service does not wait for it, and neither the check nor what it started goes on alone."""
    started, check = tmp_path / "started", tmp_path / "check"
    check.write_text(
        f'#!/bin/sh\nsleep 60 &\necho $! > "{started}.new"\nmv "{started}.new" "{started}"\nwait\n'
    )
    check.chmod(0o755)

    subprocess.run([sys.executable, "-c", SERVICE, str(check), str(started)], check=True, timeout=30)

    until(lambda: not running(int(started.read_text())), "the check's own process to end")


def running(pid: int) -> bool:
    """Tell whether a process runs, other than as a zombie that nobody has waited for."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
