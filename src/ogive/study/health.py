"""What the functions do inside a trained network of a study, as plain numbers to be stored."""

from __future__ import annotations

import math
import threading
from typing import Any

from ogive.diagnosis.probe import probe
from ogive.study.network import OUTPUT_UNITS, Network
from torch import Tensor

ONE = threading.Lock()  # threads may train side by side; of probes one process runs one at a time
ROWS = 256  # of the validation rows: enough for shares of a few percent
FIGURES = ("saturated", "off", "before_size", "mean_shift", "gradient", "correlation", "rank")


def health_of(network: Network, x: Tensor, y: Tensor) -> dict[str, Any] | None:
    """The figures of each hidden layer on some rows, and what was found; None without such layers.

    See :class:`ogive.diagnosis.figures.LayerHealth` for what they mean; what does not apply, or is
    no finite number, is None.
    """
    if not network.shape.depth or not len(x):
        return None
    unit = OUTPUT_UNITS[network.kind]
    with ONE:
        health = probe(
            network, x[:ROWS], y[:ROWS], lambda z, given: unit.loss_and_gradient(z, given)[0].mean()
        )
    return {
        "rows": min(len(x), ROWS),
        "layers": [
            {"units": row.units, "dead": row.dead}
            | {name: _plain(getattr(row, name)) for name in FIGURES}
            for row in health.layers
        ],
        "findings": [finding.rule for finding in health.findings],
    }


def _plain(value: float | None) -> float | None:
    return float(f"{value:.4g}") if value is not None and math.isfinite(value) else None
