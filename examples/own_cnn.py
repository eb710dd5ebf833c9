"""Choose a function for a convolutional network of your own, on images of digits.

    python examples/own_cnn.py [--quick]

The same from the command line:

    ogive choose --model examples/own_cnn.py:Cnn --data examples/own_cnn.py:digits --epochs 8
"""

import sys

import torch.nn.functional as F
from sklearn.datasets import load_digits

import ogive
import torch
from torch import Tensor, nn


class Cnn(nn.Module):
    """Two convolutions with batch normalisation, dropout and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1)
        self.norm, self.drop, self.out = nn.BatchNorm2d(8), nn.Dropout(0.2), nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Images (n, 1, 8, 8) -> logits (n, 10)."""
        x = F.max_pool2d(F.relu(self.norm(self.one(x))), 2)  # calls are replaced as modules are
        x = F.max_pool2d(F.relu(self.two(x)), 2)
        return self.out(self.drop(x.flatten(1)))


def digits(rows: int = 600) -> tuple[Tensor, Tensor]:
    """Images, scaled, and what they show."""
    data = load_digits()
    images = torch.tensor((data.images[:rows, None] - 4.9) / 6.0, dtype=torch.float32)
    return images, torch.tensor(data.target[:rows])


if __name__ == "__main__":
    quick = "--quick" in sys.argv  # some seconds, to see that it runs
    choice = ogive.choose(
        digits(100 if quick else 600),
        model=Cnn,  # a function that makes the network, or a network, which stays as it is
        candidates=["relu", "gelu", "tanh"][: 2 if quick else None],
        optimizer="adamw",
        rates=[0.003, 0.01],
        epochs=1 if quick else 8,
        seeds=5 if quick else 6,
        engine="here" if quick else None,
    )
    print(choice)
    print(choice.model())
    print("it sees", choice.predict(digits(8)[0]))
