"""A model that learns badly, and data: `ogive probe` says why.

ogive probe --model examples/deep_sigmoids.py:model --data examples/deep_sigmoids.py:data
"""

import ogive
import torch
from torch import nn


def model() -> nn.Module:
    """Eight layers of sigmoids with PyTorch's own weights."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for i in range(8):
        layers += [nn.Linear(20 if i == 0 else 32, 32), nn.Sigmoid()]
    return nn.Sequential(*layers, nn.Linear(32, 3))


def data() -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs and classes."""
    torch.manual_seed(1)
    return torch.randn(256, 20), torch.randint(0, 3, (256,))


if __name__ == "__main__":
    print(ogive.probe(model(), *data()))
