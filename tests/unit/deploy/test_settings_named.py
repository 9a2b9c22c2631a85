"""Settings named in deployment files and in their documentation exist."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from flows.environment import variable
from flows.settings import FlowSettings
from monitoring.settings import DriftSettings
from rag.settings import Settings
from retrain.settings import RetrainSettings

ROOT = Path(__file__).parents[3]
KINDS = (Settings, RetrainSettings, DriftSettings, FlowSettings)
KNOWN = {variable(kind, name) for kind in KINDS for name in kind.model_fields}
SHIPPED = sorted(path for path in (ROOT / "deploy").rglob("*") if path.is_file())
FILES = [*SHIPPED, ROOT / "docs" / "deploying.md"]
SCRIPTS = [ROOT / ".ci" / "run", *sorted((ROOT / "deploy").rglob("*.sh"))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_setting_named_exists(path: Path) -> None:
    """A WHETSTONE_ variable that nothing reads would be a setting that silently does nothing."""
    named = set(re.findall(r"\bWHETSTONE_[A-Z0-9_]*[A-Z0-9]\b", path.read_text()))
    assert sorted(named - KNOWN) == []


def test_example_values_are_accepted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every value the example shows is one its setting takes."""
    monkeypatch.chdir(tmp_path)
    lines = (ROOT / "deploy" / "whetstone.env.example").read_text().splitlines()
    shown = [line.removeprefix("#") for line in lines if re.match(r"#?WHETSTONE_", line)]
    (tmp_path / ".env").write_text("\n".join(shown))
    for kind in KINDS:
        kind()
    assert FlowSettings().sync_paths == ("/documents",)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_scripts_parse_and_stop_at_the_first_error(path: Path) -> None:
    """Shell scripts are valid, executable, and do not go on after a failure."""
    subprocess.run([shutil.which("bash") or "bash", "-n", str(path)], check=True)
    assert path.stat().st_mode & 0o111
    assert "set -euo pipefail" in path.read_text()
