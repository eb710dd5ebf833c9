"""Does another function help when a network that is trained already is fine-tuned?

    python examples/own_fine_tuning.py [--quick]

A network learns the digits 0 to 4 with ReLU. Then it is to tell 5 to 9 from few images, with its
weights kept and ReLU left as it is or exchanged.
"""

import sys

from sklearn.datasets import load_digits

import ogive
import torch
from torch import Tensor, nn


def digits(low: int, high: int, rows: int) -> tuple[Tensor, Tensor]:
    """Images (n, 64), scaled, of the digits from ``low`` to ``high``, counted from 0."""
    data = load_digits()
    chosen = ((data.target >= low) & (data.target <= high)).nonzero()[0][:rows]
    images = torch.tensor(data.data[chosen] / 8.0 - 1.0, dtype=torch.float32)
    return images, torch.tensor(data.target[chosen] - low)


def trained(steps: int) -> nn.Sequential:
    """A network that has learned 0 to 4."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU())
    head, (x, y) = nn.Linear(48, 5), digits(0, 4, 600)
    optimizer = torch.optim.Adam([*model.parameters(), *head.parameters()], lr=3e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(head(model(x)), y).backward()
        optimizer.step()
    # A new head for the new classes; the first layer stays as it is.
    model[0].requires_grad_(False)
    return model.append(nn.Linear(48, 5))


if __name__ == "__main__":
    quick = "--quick" in sys.argv  # some seconds, to see that it runs
    choice = ogive.choose(
        digits(5, 9, 80 if quick else 200),
        model=trained(20 if quick else 150),
        init="pretrained",
        candidates=["relu", "leaky_relu", "gelu", "silu"][: 2 if quick else None],
        rates=[0.001, 0.003, 0.01],
        epochs=1 if quick else 15,
        seeds=5 if quick else 8,
        engine="here" if quick else None,
    )
    print(choice)
