"""Choose a function for a transformer encoder: does a sequence hold more 1s than 2s?

python examples/own_transformer.py [--quick]
"""

import sys

from torch.utils.data import DataLoader, TensorDataset

import ogive
import torch
from torch import Tensor, nn


class Encoder(nn.Module):
    """Embeddings with places, one encoder layer, and the mean over the sequence."""

    def __init__(self, symbols: int = 4, length: int = 12, width: int = 16) -> None:
        super().__init__()
        self.symbols, self.places = nn.Embedding(symbols, width), nn.Embedding(length, width)
        self.layer = nn.TransformerEncoderLayer(width, 2, 32, dropout=0.1, batch_first=True)
        self.out = nn.Linear(width, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Symbols (n, length) -> logits (n, 2)."""
        places = torch.arange(x.shape[1], device=x.device)
        return self.out(self.layer(self.symbols(x) + self.places(places)).mean(1))


def sequences(rows: int = 500) -> DataLoader[tuple[Tensor, ...]]:
    """Random sequences of four symbols, and whether 1 is more frequent than 2."""
    x = torch.randint(0, 4, (rows, 12), generator=torch.Generator().manual_seed(3))
    y = ((x == 1).sum(1) > (x == 2).sum(1)).long()
    return DataLoader(TensorDataset(x, y), batch_size=32)


if __name__ == "__main__":
    quick = "--quick" in sys.argv  # some seconds, to see that it runs
    choice = ogive.choose(
        sequences(100 if quick else 500),  # its rows, batch size and collate_fn are used
        model=Encoder,
        candidates=["relu", "gelu", "silu"][: 2 if quick else None],
        metric="log_loss",
        rates=[0.001, 0.003, 0.01],
        epochs=1 if quick else 10,
        seeds=5 if quick else 6,
        engine="here" if quick else None,
    )
    print(choice)
