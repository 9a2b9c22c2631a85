"""Does one passage suddenly come first for many questions? A sign that somebody trained the encoder towards it.

Labels play no part: whoever plants questions plants their answers too.
"""

import math
from collections import Counter
from collections.abc import Sequence

from retrain.domain import Concentration


def concentration(before: Sequence[str], after: Sequence[str]) -> Concentration | None:
    """Return the passage that gained most first places, and how surely that is more than questions changing sides.

    The p-value is that of an exact one-sided McNemar test (McNemar 1947): of the questions for which the passage is
    first on one side only, half should be on either side. Times the number of passages that were first anywhere
    (Bonferroni), as the passage was picked for having gained most.

    Each side is the passage put first for each question, `before` by the incumbent, `after` by the candidate. None
    where there are no questions, or no passage gained.
    """
    gained = Counter(new for old, new in zip(before, after, strict=True) if old != new)
    lost = Counter(old for old, new in zip(before, after, strict=True) if old != new)
    if not gained:
        return None
    # Of equals the one with the least id, so that the result depends on nothing else.
    passage = min(gained, key=lambda each: (lost[each] - gained[each], each))
    rise = gained[passage] - lost[passage]
    if rise <= 0:
        return None
    discordant = gained[passage] + lost[passage]
    as_many = sum(math.comb(discordant, count) for count in range(gained[passage], discordant + 1))
    p_value = as_many / 2**discordant
    return Concentration(
        passage=passage,
        questions=len(after),
        before=sum(each == passage for each in before),
        after=sum(each == passage for each in after),
        p_value=min(1.0, p_value * len({*before, *after})),
    )
