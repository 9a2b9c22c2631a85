"""What comes of the refusal benchmark's questions, as tables: shares refused, and errors of probabilities."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from refusal_signs import UNANSWERED, Examined

from rag.domain import Calibration, Retrieval

ANSWERED = 0.95
NEAR_MISSES, FOREIGN, ERROR = 51.0, 95.0, 0.05
"""Goals: three times as many near misses as one cosine refused before; percent, but for the last."""
RESAMPLES = 1_000
BINS = 10
_KINDS = (("answered",), UNANSWERED, ("foreign",))

Values = NDArray[np.float64]
Key = tuple[str, str]  # encoder and data set
Calibrate = Callable[[Key], Calibration]


def goals(seen: dict[Key, Examined], calibrate: Calibrate) -> tuple[str, bool]:
    """Return what the claim asks for, over each encoder's corpora, and whether all of it was met."""
    lines = ["| goal | cosine | support | |", "|---|---|---|---|"]
    met = True
    for encoder in dict.fromkeys(key[0] for key in seen):
        mine = {key: each for key, each in seen.items() if key[0] == encoder and each.of("answered")}
        cosines = [
            np.array([row.nearest for row in each.of(*kinds)]) for each in mine.values() for kinds in _KINDS
        ]
        chances = [each.support(calibrate(key), *kinds) for key, each in mine.items() for kinds in _KINDS]
        for title, figure, least, digits in (
            (f"near misses refused at 95 % answered: {NEAR_MISSES:.0f} %", _near_misses, NEAR_MISSES, 0),
            (f"foreign questions refused: {FOREIGN:.0f} %", _foreign, FOREIGN, 0),
            (f"expected calibration error: {ERROR}", _error, ERROR, 3),
        ):
            seen_now = figure(*chances)
            reached = seen_now <= least if figure is _error else seen_now >= least
            met = met and reached
            peer = "" if figure is _error else _interval(figure, *cosines, digits=digits)
            ours = _interval(figure, *chances, digits=digits)
            lines.append(f"| {encoder}: {title} | {peer} | {ours} | {'met' if reached else 'missed'} |")
    return "\n".join(lines), met


def _near_misses(*samples: Values) -> float:
    """Return the mean over corpora; samples are answered, near misses, foreign, answered, near misses, ..."""
    return float(np.mean([_refused(*pair) for pair in zip(samples[::3], samples[1::3], strict=True)]))


def _foreign(*samples: Values) -> float:
    return float(np.mean([_refused(*pair) for pair in zip(samples[::3], samples[2::3], strict=True)]))


def _error(*samples: Values) -> float:
    most = max(map(len, samples))
    right, wrong = (np.concatenate([_filled(each, most) for each in samples[at::3]]) for at in (0, 1))
    return expected_error(right, wrong)


def refusals(seen: dict[Key, Examined], calibrate: Calibrate) -> str:
    """Return what is refused in each corpus: with 95 % of its answerable questions answered, and by default."""
    default = Retrieval().threshold
    lines = [
        f"| corpus | n | near misses refused at 95 % answered: cosine | support | foreign: cosine | support "
        f"| at {default:.2f}: answered | near misses refused | foreign refused |",
        f"|{'---|' * 9}",
    ]
    for key, each in seen.items():
        calibration = calibrate(key)
        cosines = [np.array([row.nearest for row in each.of(*kinds)]) for kinds in _KINDS]
        chances = [each.support(calibration, *kinds) for kinds in _KINDS]
        if not len(cosines[0]):
            continue
        cells = []
        for at in (1, 2):
            cells += [_interval(_refused, sides[0], sides[at]) for sides in (cosines, chances)]
        shares = (
            _interval(lambda of: 100 * (of >= default).mean(), chances[0]),
            *(_interval(lambda of: 100 * (of < default).mean(), of) for of in chances[1:]),
        )
        lines.append(
            f"| {key[1]}, {key[0]} | {len(chances[0])} / {len(chances[1])} | {' | '.join((*cells, *shares))} |"
        )
    return "\n".join(lines)


def one_threshold(seen: dict[Key, Examined], calibrate: Calibrate, title: str) -> str:
    """Return what one number for all corpora refuses that answers 95 % of the answerable questions over them."""
    lines = [
        f"| {title}: one threshold for all | threshold | answered | near misses refused | foreign refused |",
        f"|{'---|' * 5}",
    ]
    for encoder in dict.fromkeys(key[0] for key in seen):
        mine = {key: each for key, each in seen.items() if key[0] == encoder}
        for side in ("cosine", "support"):
            values = [
                [
                    np.array([row.nearest for row in each.of(*kinds)])
                    if side == "cosine"
                    else each.support(calibrate(key), *kinds)
                    for kinds in _KINDS
                ]
                for key, each in mine.items()
            ]
            threshold = _shared([sides[0] for sides in values if len(sides[0])])
            below = [[100 * _share_below(of, threshold) for of in sides] for sides in values]
            answered = _listed([100 - refused for refused, _, _ in below])
            shares = [answered, *(_listed([sides[at] for sides in below]) for at in (1, 2))]
            lines.append(f"| {encoder}, {side} | {threshold:.2f} | {' | '.join(shares)} |")
    names = " / ".join(dict.fromkeys(name for _, name in seen))
    return "\n".join([*lines, "", f"Corpora: {names}."])


def errors(seen: dict[Key, Examined], ways: dict[str, Calibrate]) -> str:
    """Return the expected calibration errors of several ways to calibrate."""
    lines = [f"| expected calibration error | {' | '.join(ways)} |", f"|{'---|' * (len(ways) + 1)}"]
    for key, each in seen.items():
        cells = []
        for calibrate in ways.values():
            right, wrong = (each.support(calibrate(key), *kinds) for kinds in _KINDS[:2])
            cells.append(_interval(expected_error, right, wrong, digits=3) if len(right) else "–")
        if each.of("answered"):
            lines.append(f"| {key[1]}, {key[0]} | {' | '.join(cells)} |")
    asked = {key: each for key, each in seen.items() if each.of("answered")}
    cells = []
    for calibrate in ways.values():
        samples = [each.support(calibrate(key), *kinds) for key, each in asked.items() for kinds in _KINDS]
        cells.append(f"{_error(*samples):.3f}")
    lines.append(f"| all, each corpus the same | {' | '.join(cells)} |")
    return "\n".join(lines)


def reliability(seen: dict[Key, Examined], calibrate: Calibrate) -> str:
    """Return how many questions of each probability have an answer, over all corpora."""
    chances: list[tuple[float, float, float]] = []  # probability, answered, weight
    for key, each in seen.items():
        if not each.of("answered"):
            continue
        for kinds, answered in ((_KINDS[0], 1.0), (_KINDS[1], 0.0)):
            found = each.support(calibrate(key), *kinds)
            chances += [(float(chance), answered, 1 / len(found)) for chance in found]
    table = np.array(chances)
    bins = np.minimum((table[:, 0] * BINS).astype(int), BINS - 1)
    lines = ["| probability | questions | mean | answered |", "|---|---|---|---|"]
    for at in range(BINS):
        rows = table[bins == at]
        if len(rows):
            mean, share = (np.average(rows[:, column], weights=rows[:, 2]) for column in (0, 1))
            lines.append(
                f"| {at / BINS:.1f} to {(at + 1) / BINS:.1f} | {len(rows)} | {mean:.2f} | {share:.2f} |"
            )
    return "\n".join(lines)


def expected_error(right: Values, wrong: Values) -> float:
    """Return the expected calibration error (Naeini et al., 2015) in ten bins, both classes weighing the same."""
    chance = np.concatenate([right, wrong])
    answered = np.concatenate([np.ones(len(right)), np.zeros(len(wrong))])
    weight = np.concatenate([np.full(len(side), 0.5 / len(side)) for side in (right, wrong)])
    bins = np.minimum((chance * BINS).astype(int), BINS - 1)
    return float(sum(abs((weight * (chance - answered))[bins == at].sum()) for at in range(BINS)))


def _refused(right: Values, wrong: Values) -> float:
    """Return the percent refused at the threshold that answers 95 % of the answerable."""
    return float(100 * (wrong < np.quantile(right, 1 - ANSWERED)).mean())


def _shared(answerable: Sequence[Values]) -> float:
    for threshold in sorted(np.concatenate(answerable), reverse=True):
        if np.mean([(each >= threshold).mean() for each in answerable]) >= ANSWERED:
            return float(threshold)
    return 0.0


def _share_below(values: Values, threshold: float) -> float:
    return float((values < threshold).mean()) if len(values) else float("nan")


def _listed(percents: Sequence[float]) -> str:
    each = " / ".join("–" if np.isnan(percent) else f"{percent:.0f}" for percent in percents)
    return f"{each} (mean {np.nanmean(percents):.0f})"


def _filled(values: Values, count: int) -> Values:
    return values[np.arange(count) % len(values)]


def _interval(figure: Callable[..., float], *samples: Values, digits: int = 0) -> str:
    draws = np.random.default_rng(17)
    again = [
        figure(*(sample[draws.integers(0, len(sample), len(sample))] for sample in samples))
        for _ in range(RESAMPLES)
    ]
    low, high = np.percentile(again, [2.5, 97.5])
    return f"{figure(*samples):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
