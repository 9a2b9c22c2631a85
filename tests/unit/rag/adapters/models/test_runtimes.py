"""What computes vectors is chosen from the setting and the machine."""

import subprocess
import sys
from pathlib import Path

import pytest

from rag.adapters.models import runtimes
from rag.adapters.models.runtimes import in_torch


@pytest.mark.parametrize(
    ("runtime", "cuda", "gpus", "expected"),
    [
        ("torch", False, 0, True),
        ("openvino", True, 1, False),
        ("auto", False, 1, False),
        ("auto", True, 0, False),
        ("auto", True, 2, True),
    ],
)
def test_torch_is_for_gpus_or_on_demand(
    monkeypatch: pytest.MonkeyPatch, runtime: runtimes.Runtime, cuda: bool, gpus: int, expected: bool
) -> None:
    """Auto takes torch where it was built for CUDA and there is a GPU; the other two are as they say."""
    monkeypatch.setattr(runtimes, "_torch_has_cuda", lambda: cuda)
    monkeypatch.setattr(runtimes, "_gpus", lambda: gpus)

    assert expected == in_torch(runtime)


@pytest.mark.parametrize(
    ("line", "expected"),
    [("cuda: Optional[str] = '12.8'", True), ('cuda = "13.0"', True), ("cuda: Optional[str] = None", False)],
)
def test_a_cuda_build_is_told_from_its_version_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str, expected: bool
) -> None:
    """Both ways in which torch has written it are read."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("")
    (tmp_path / "torch" / "version.py").write_text(f"__version__ = '2.13.0'\n{line}\nhip = None\n")
    script = "from rag.adapters.models.runtimes import _torch_has_cuda; print(_torch_has_cuda())"

    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {script}"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert str(expected) == done.stdout.strip()


def test_looking_agrees_with_torch_and_does_not_load_it() -> None:
    """On this machine the answer is torch's own, found without it."""
    looking = (
        "from rag.adapters.models.runtimes import in_torch; import sys; "
        "print(in_torch('auto'), 'torch' in sys.modules)"
    )
    asking = "import torch; print(torch.cuda.is_available())"

    said, asked = (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
        for script in (looking, asking)
    )

    assert f"{asked.strip()} False" == said.strip()
