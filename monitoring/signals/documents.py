"""Signal: documents went, among them what golden questions ask for."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentChanges:
    """What happened to a tenant's documents since the reference began."""

    there: int  # documents now
    new: int  # of them, those that came since
    changed: int  # of them, those that were there and were written anew
    gone: int  # documents that were there, and are not
    capped: bool = False  # there were more changes than are read: the figures are of the newest
    golden: int = 0  # golden questions
    golden_changed: int = 0  # of them, those of which a document changed, and none is gone
    golden_gone: int = 0  # of them, those of which a document is gone
    seen: int = 0  # documents that recent questions found
