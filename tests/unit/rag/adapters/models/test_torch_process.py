"""What needs torch runs in a process of its own, and its errors come back."""

import subprocess
import sys
from pathlib import Path

from rag.adapters.models.encoders import EncoderFolder

ASK = """
import sys
from pathlib import Path
from rag.adapters.models import torch_process
from rag.errors import WhetstoneError

try:
    torch_process.with_torch(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:])
except WhetstoneError as error:
    print(type(error).__name__, error)
print("torch" in sys.modules)
"""


def ask(step: str, source: Path, target: Path, *rest: str) -> list[str]:
    """Run a step in a process without torch; give what it says, by lines."""
    done = subprocess.run(
        [sys.executable, "-c", ASK, step, str(source), str(target), *rest],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout.splitlines()


def test_a_step_writes_its_folder_and_leaves_torch_outside(transformer: Path, tmp_path: Path) -> None:
    """The export is there, and the process that asked has no torch."""
    assert ["False"] == ask("export_encoder", transformer, tmp_path / "made", "d")
    assert (tmp_path / "made" / "model.xml").is_file()


def test_a_broken_step_says_why(tmp_path: Path) -> None:
    """A process that breaks down gives Unavailable, with the step, the folder and the last words."""
    said = ask("distil", tmp_path / "nowhere", tmp_path / "made")

    assert said[0].startswith(f"Unavailable distil of {tmp_path / 'nowhere'} broke down with status 1:")
    assert "False" == said[-1]


def test_an_error_keeps_its_class(transformer: Path, tmp_path: Path) -> None:
    """What the step raises in its process is raised here."""
    (transformer / "modules.json").unlink()

    said = ask("export_encoder", transformer, tmp_path / "made", "d")

    assert said[0].startswith("NotFound ")
    assert "modules.json is missing" in said[0]


def test_a_new_encoder_is_made_without_torch_in_this_process(transformer: Path, tmp_path: Path) -> None:
    """Registering, loading and embedding need none."""
    script = (
        "import sys; from pathlib import Path; from rag.adapters.models.encoders import EncoderFolder; "
        "s = EncoderFolder(Path(sys.argv[1]), runtime='openvino'); d = s.resolve(sys.argv[2]); "
        "print(d, s.kind(d), s.load(d).encode_queries(['what is it']).shape, 'torch' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "encoders"), str(transformer)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    digest, kind, rest = done.stdout.strip().split(" ", 2)
    assert ("transformer", "(1, 8) False") == (kind, rest)
    assert frozenset({digest}) == EncoderFolder(tmp_path / "encoders").digests()
