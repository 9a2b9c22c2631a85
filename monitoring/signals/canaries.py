"""Signal: the serving process embeds known texts otherwise than it did. A fact, not a test."""

import numpy as np
from numpy.typing import NDArray

from monitoring.domain import DriftFinding, DriftVerdict
from monitoring.ports import CanaryStore, LiveIndex
from rag.domain import digest_of

NAME = "canaries"

SAME = 0.999
"""Cosine at and above which a vector is as it was: other batches and processors move the last digits."""

NEAR = 0.995
"""Cosine down to which another runtime explains it: an encoder exported to bfloat16 comes as near as that."""

QUESTIONS = (
    "How do I reset my password?",
    "what are the side effects of ibuprofen",
    "refund policy international orders",
    "Wie beantrage ich Elternzeit, und welche Fristen gelten?",
    "¿Dónde puedo consultar el saldo de mis vacaciones?",
    "Quelle est la durée de la garantie ?",
    "如何申请报销差旅费？",
    "パスワードを忘れた場合はどうすればよいですか",
    "Как изменить адрес доставки заказа?",
    "كيف يمكنني تغيير كلمة المرور؟",
    "error code E-1042 printer offline",
    "ISO 27001",
)
"""Questions in several scripts and wordings. They never change: another list is another canary."""

PASSAGES = (
    "Passwords are reset on the sign-in page. A link is sent to your address and is valid for thirty minutes.",
    "Ibuprofen can cause stomach pain, nausea and, rarely, bleeding. Take it with food, no more than 1,200 mg a day.",
    "Returns\nGoods may be returned within 30 days. Shipping from outside the country is paid by the buyer.",
    "Die Elternzeit ist spätestens sieben Wochen vor ihrem Beginn schriftlich zu verlangen.",
    "Los días de vacaciones pendientes se consultan en el portal del empleado, en el apartado «Mi tiempo».",
    "出差回来后三十天内提交报销单，并附上所有发票原件。",
    "Адрес доставки можно изменить, пока заказ не передан перевозчику.",
    "| Code | Meaning |\n|---|---|\n| E-1042 | The printer is offline |\n| E-1043 | The tray is empty |",
)
"""Passages alike."""

TEXTS = digest_of({"questions": list(QUESTIONS), "passages": list(PASSAGES)})
"""Identifies both lists."""


def watch_canaries(live: LiveIndex, kept: CanaryStore, *, encoder: str) -> DriftFinding:
    """Return whether the serving process embeds the canaries as it did when the encoder was first looked at.

    `encoder` is the digest of the live release's; the first look keeps what it gives. Errors as the ports say.
    """
    now = np.concatenate([live.embed(QUESTIONS), live.embed_passages(PASSAGES)])
    then = kept.get(encoder, TEXTS)
    if then is None and np.isfinite(now).all() and np.linalg.norm(now, axis=1).all():
        kept.keep(encoder, TEXTS, now)
    return finding(now, then)


def finding(now: NDArray[np.float32], then: NDArray[np.float32] | None) -> DriftFinding:
    """Return what vectors of the same texts say, shape (n, dimension); `then` None: they are kept from now on.

    The statistic is the lowest cosine. One text below `NEAR` is enough: an encoder that works gives every text the
    vector that it gave before, whatever is asked and however often.
    """
    broken = int((~np.isfinite(now).all(axis=1) | (np.linalg.norm(now, axis=1) < 1e-6)).sum())
    if broken:
        return _finding(
            0.0, broken, len(now), f"The encoder gives {broken} of {len(now)} known texts no vector."
        )
    if then is None:
        reason = f"The vectors of {len(now)} known texts are kept; later checks compare with them."
        return _finding(None, 0, len(now), reason)
    if now.shape != then.shape:
        reason = f"The encoder gives vectors of {now.shape[1]} numbers, and gave {then.shape[1]} before."
        return _finding(0.0, len(now), len(now), reason)
    cosines = _cosines(now, then)
    lowest, off = float(cosines.min()), int((cosines < NEAR).sum())
    if off:
        reason = (
            f"The encoder embeds {off} of {len(now)} known texts otherwise than it did (lowest cosine {lowest:.3f}, "
            f"{NEAR} or more is a working one): the same artefact gives other vectors."
        )
    elif lowest < SAME:
        reason = (
            f"The encoder embeds {len(now)} known texts nearly as it did (lowest cosine {lowest:.4f}), "
            "as after a change of runtime."
        )
    else:
        reason = f"The encoder embeds {len(now)} known texts as it did (lowest cosine {lowest:.4f})."
    return _finding(lowest, off, len(now), reason)


def _finding(lowest: float | None, off: int, count: int, reason: str) -> DriftFinding:
    return DriftFinding(
        name=NAME,
        statistic=lowest,
        threshold=NEAR,
        p_value=None,
        reference=None,
        current=lowest,
        reference_count=count,
        current_count=count,
        verdict=DriftVerdict.DRIFT if off else DriftVerdict.CALM,
        reason=reason,
    )


def _cosines(now: NDArray[np.float32], then: NDArray[np.float32]) -> NDArray[np.float64]:
    one, other = now.astype(np.float64), then.astype(np.float64)
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    cosines: NDArray[np.float64] = (one * other).sum(axis=1) / np.where(lengths, lengths, 1.0)
    return cosines
