"""Chooses what computes vectors. Looks at the machine without loading torch."""

import ctypes
import importlib.util
import re
from pathlib import Path
from typing import Literal

Runtime = Literal["auto", "openvino", "torch"]


def in_torch(runtime: Runtime) -> bool:
    """Tell whether transformers are to run in torch: where it is asked for, or where torch has a GPU to run on."""
    return runtime == "torch" or (runtime == "auto" and _torch_has_cuda() and _gpus() > 0)


def _torch_has_cuda() -> bool:
    """Read in torch's own version file whether it was built for CUDA."""
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None:
        return False
    version = Path(found.origin).parent / "version.py"
    if not version.is_file():
        return False
    return re.search(r"^cuda\b[^=]*=\s*['\"]", version.read_text(), re.MULTILINE) is not None


def _gpus() -> int:
    """Ask the driver, where there is one, how many GPUs this process may use."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value
