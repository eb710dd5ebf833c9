"""What each candidate of a study did inside the trained networks, from what was recorded there."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from ogive.study.record import Study

NONE = "-"


@dataclass(frozen=True)
class Recorded:
    """The figures of a candidate, over its recorded ``networks``.

    ``dead`` is the share of hidden units, ``saturated`` and ``off`` those of positions, each the
    mean over layers and networks. ``size`` is the pre-activations' root mean square in the first
    and the last hidden layer, ``gradient`` its norm at the first over that at the last, and
    ``correlation`` and ``rank`` tell how alike the samples are in the last: medians over the
    networks. ``findings`` counts the networks in which each rule fired. None is what does not
    apply.
    """

    label: str
    networks: int
    dead: float | None
    saturated: float | None
    off: float | None
    size: tuple[float, float] | None
    gradient: float | None
    correlation: float | None
    rank: float | None
    findings: Mapping[str, int]


def recorded(study: Study, label: str) -> Recorded | None:
    """What was recorded of a candidate; None where nothing was (a store made before that)."""
    seen = [
        run.health for run in study.runs
        if run.label == label and run.stage == "final" and run.health is not None
    ]  # fmt: skip
    if not seen:
        return None
    layers = [health["layers"] for health in seen]
    units = [sum(row["units"] for row in rows) for rows in layers]
    dead = [sum(row["dead"] for row in rows) / of for rows, of in zip(layers, units, strict=True)
            if of]  # fmt: skip

    def shared(name: str) -> float | None:
        given = [row[name] for rows in layers for row in rows if row[name] is not None]
        return sum(given) / len(given) if given else None

    def typical(value: Callable[[Any], float | None]) -> float | None:
        given = [v for rows in layers if rows and (v := value(rows)) is not None]
        return median(given) if given else None

    first = typical(lambda rows: rows[0]["before_size"])
    last = typical(lambda rows: rows[-1]["before_size"])
    return Recorded(
        label,
        len(seen),
        sum(dead) / len(dead) if dead else None,
        shared("saturated"),
        shared("off"),
        None if first is None or last is None else (first, last),
        typical(_gradient),
        typical(lambda rows: rows[-1]["correlation"]),
        typical(lambda rows: rows[-1]["rank"]),
        dict(Counter(rule for health in seen for rule in health["findings"])),
    )


def _gradient(rows: Sequence[Mapping[str, Any]]) -> float | None:
    first, last = rows[0]["gradient"], rows[-1]["gradient"]
    return first / last if len(rows) > 1 and first is not None and last else None


def told(study: Study, labels: Sequence[str]) -> list[dict[str, str]]:
    """A line for each candidate of which something was recorded, as text."""
    found = [one for label in labels if (one := recorded(study, label)) is not None]
    return [
        {
            "label": one.label,
            "dead": _share(one.dead),
            "saturated": _share(one.saturated),
            "off": _share(one.off),
            "size": NONE if one.size is None else " → ".join(_number(s) for s in one.size),
            "gradient": _number(one.gradient),
            "correlation": _number(one.correlation),
            "rank": _number(one.rank),
            "words": _words(one),
        }
        for one in found
    ]


def _words(one: Recorded) -> str:
    if not one.findings:
        return f"Healthy in all {one.networks}." if one.networks > 1 else "Healthy."
    told = [f"{rule} in {count} of {one.networks}" for rule, count in one.findings.items()]
    text = ", ".join(told)
    return f"{text[0].upper()}{text[1:]}."


def _share(value: float | None) -> str:
    return NONE if value is None else f"{100 * value:.1f}%"


def _number(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return NONE
    return f"{value:.3g}".replace("-", "−")


CAPTION = (
    "One final network of each candidate and split, once trained, on validation rows. A unit is "
    "dead whose slope is practically 0 on every row; a value is saturated where the slope is below "
    "1% of its usual size, and off where that is the off side of a ReLU-like function, half of "
    "which is healthy. Size is the root mean square of what comes into the first and the last "
    "hidden layer, gradient its norm at the first over that at the last. Correlation and rank tell "
    "how alike the rows are in the last: near 1, or a rank near 1, they are hardly told apart."
)
