"""Functions with an error planted, on which every check of this folder must fail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ogive.functions import Activation


def off(act: Activation, by: float = 1e-8) -> Activation:
    """``act`` with its value and its slope too large by the fraction ``by``."""
    entry = act.definition

    def value(x: Any, *settings: float) -> Any:
        return entry.value(x, *settings) * (1 + by)

    def slope(x: Any, *settings: float) -> Any:
        return entry.slope(x, *settings) * (1 + by)

    wrong = replace(entry, name=f"wrong_{entry.name}", value=value, slope=slope)
    return Activation(wrong, act.settings)


def steeper(act: Activation, by: float = 1e-6) -> Activation:
    """``act`` with a slope that is not that of its value."""
    entry = act.definition

    def slope(x: Any, *settings: float) -> Any:
        return entry.slope(x, *settings) * (1 + by)

    return Activation(replace(entry, name=f"steep_{entry.name}", slope=slope), act.settings)
