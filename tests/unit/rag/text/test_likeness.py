"""Texts that are one, and texts that are two."""

import pytest

from rag.text.likeness import Wording

BASE = "Parking permits are issued by the facility desk within two working days of the request."
FOOTER = (
    "This e-mail is confidential and meant for the person it was sent to. If you received it in error, please delete "
    "it and tell the sender at once. Nobody else may read or copy it, or tell others what it says."
)
RULE = (
    "The rule says that employees hand in their receipts monthly to the office of the department that they work for, "
    "together with the form that the travel desk gives out to them."
)


def same(one: str, other: str) -> bool:
    """Tell whether they are one, whichever comes first."""
    a, b = Wording(one), Wording(other)
    assert a.differs_little(b) == b.differs_little(a)
    return a.holds(b) or b.holds(a) or a.differs_little(b)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"Updated 3 May 2024\n{BASE}", f"Last updated: 2025-06-04\n{BASE}"),
        (f"{BASE}\nStand: 1. Mai 2024", BASE),
        (BASE, f"{BASE} Ask there."),
        (BASE, BASE.upper()),
        (FOOTER, FOOTER.replace("e-mail", "message").replace("in error", "by mistake")),
        (BASE.replace("request", "enrolment"), BASE.replace("request", "enrollment")),
    ],
)
def test_what_does_not_matter_makes_no_other_text(one: str, other: str) -> None:
    """A date line, a sentence more, capital letters, spelling, a few words of many."""
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (BASE, BASE.replace("two", "three")),
        (BASE, BASE.replace("two", "2")),
        (BASE, BASE.replace("issued", "revoked")),
        (BASE, BASE.replace("are issued", "are not issued")),
        (BASE, BASE.replace("within", "after")),
        (BASE, "Parking permits are revoked by the facility desk after three unpaid fines in one year."),
        (RULE, RULE.replace("monthly", "weekly")),
        (RULE, RULE.replace("travel desk", "Anna")),
        (RULE, f"{RULE} Valid for E-1042.".replace("E-1042", "E-1043")),
        (
            "Part N-077 costs 12 crowns and is kept in the north store.",
            "Part N-120 costs 12 crowns and is kept in the north store.",
        ),
        (
            "A day ticket for adults costs 12 crowns in summer.",
            "A day ticket for children costs 12 crowns in summer.",
        ),
        (
            "年假每年二十天，需要提前两周申请。请联系人事部门。",
            "年假每年三十天，需要提前两周申请。请联系人事部门。",
        ),
        (
            "The dog bites the man in the park today at noon.",
            "The man bites the dog in the park today at noon.",
        ),
        ("Price\n$ 12.50", "Price\n$ 13.50"),
    ],
)
def test_what_matters_makes_another_text(one: str, other: str) -> None:
    """Numbers, codes, names, negations, opposites, units of time, and who does what to whom."""
    if one == RULE and "E-1043" in other:
        one = f"{RULE} Valid for E-1042."
    assert not same(one, other)
