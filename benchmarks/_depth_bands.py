"""Random networks of width 1,000 and depth 50 beside mean-field theory."""

from __future__ import annotations

from typing import Any

import ogive
import torch
from torch import nn

_NAMES = "relu leaky_relu elu selu gelu silu mish tanh softsign sigmoid softplus erf sin"
NAMES = tuple(_NAMES.split())
WIDTH, DEPTH, ROWS, NETWORKS = 1000, 50, 4, 200


def measure(name: str) -> dict[str, Any]:
    """One network as ``ogive.init_`` draws it; what is measured beside theory and its band."""
    torch.manual_seed(1)
    act = ogive.get(name)
    steps: list[nn.Module] = []
    for _ in range(DEPTH):
        steps += [nn.Linear(WIDTH, WIDTH), act.module()]
    model = nn.Sequential(*steps)
    report = ogive.init_(model)
    found = ogive.compare(model, torch.randn(ROWS, WIDTH), rows=ROWS, networks=NETWORKS)
    quantities = ("variance", "gradient", "correlation")
    return {
        "why": report.layers[-1].why,
        "sigma_w": report.layers[-1].gain,
        "networks": found.networks,
        "inside": {
            q: all(getattr(layer, q).inside is not False for layer in found.layers)
            for q in quantities
        },
        "layers": {
            q: [
                [getattr(getattr(layer, q), part) for part in ("measured", "predicted")]
                + [getattr(getattr(layer, q), part) for part in ("low", "high")]
                for layer in found.layers
            ]
            for q in quantities
        },
    }
