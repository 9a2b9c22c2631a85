"""In which number format matrices are multiplied in training."""

from typing import Literal


def precision(wanted: Literal["auto", "float32", "bfloat16"]) -> Literal["float32", "bfloat16"]:
    """Return bfloat16 where it was asked for, or where "auto" was and the hardware multiplies it.

    Elsewhere it would be emulated, and slower than float32. Weights, sums and the loss stay in float32 either way
    (Micikevicius et al. 2018, "Mixed Precision Training").
    """
    if wanted != "auto":
        return wanted
    import torch

    from rag.adapters.models.openvino.model import processor_has_bf16

    has = torch.cuda.is_bf16_supported() if torch.cuda.is_available() else processor_has_bf16()
    return "bfloat16" if has else "float32"
