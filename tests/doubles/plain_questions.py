"""Many questions in plain English, no two of which are near-duplicates in a row."""

from itertools import cycle, islice

_NOUNS = """
passport bicycle garden dentist invoice holiday printer kitchen insurance railway mortgage violin umbrella vaccine
library swimming apartment contract password museum chimney battery camera diploma pension laundry parcel tomato wedding
visa carpet engine airport novel protein harbour lottery orchard bridge
"""
_TASKS = """
renew repair sell insure photograph cancel clean rent borrow measure transport inherit paint refuse store test praise
classify inspect import donate weigh schedule forbid
"""


def plain_questions(count: int) -> list[str]:
    """Return so many, at most 936, each another."""
    nouns, tasks = _NOUNS.split(), _TASKS.split()
    pairs = (
        (noun, tasks[(number + turn) % len(tasks)])
        for turn in range(len(tasks))
        for number, noun in enumerate(nouns)
    )
    endings = cycle(("", " abroad", " in winter", " for a child", " without a receipt"))
    found = [
        f"How can I {task} the {noun}{ending}?"
        for (noun, task), ending in zip(pairs, islice(endings, len(nouns) * len(tasks)), strict=False)
    ]
    return found[:count]
