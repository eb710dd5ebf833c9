"""Small models of every kind that a study may meet, with data that suit them."""

from __future__ import annotations

from torch.nn import functional as F

import torch
from torch import Tensor, nn


class Mlp(nn.Module):
    """Batch normalisation and dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class Cnn(nn.Module):
    """Convolutions, batch normalisation and dropout of whole channels; calls in its code."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(1, 3, 3, padding=1), nn.Conv2d(3, 4, 3, stride=2)
        self.norm, self.drop, self.out = nn.BatchNorm2d(3), nn.Dropout2d(0.3), nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.drop(F.relu(self.norm(self.one(x))))
        return self.out(F.relu(self.two(x)).flatten(1))


class Recurrent(nn.Module):
    """Two layers of LSTM with dropout between them, both ways, and a GRU cell."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True, dropout=0.3)
        self.cell, self.out = nn.GRUCell(8, 5), nn.Linear(5, 3)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        steps, _ = self.lstm(x)
        return self.out(self.act(self.cell(steps[:, -1])))


class Encoder(nn.Module):
    """Embeddings and a transformer encoder with dropout, also in its attention."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(11, 8)
        layer = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.2, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.out = nn.Linear(8, 3)

    def forward(self, words: Tensor) -> Tensor:
        return self.out(self.encoder(self.words(words)).mean(1))


class Bag(nn.Module):
    """An embedding of each of two columns, beside numbers: two arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Embedding(5, 3), nn.Embedding(7, 2)
        self.hidden, self.norm, self.out = nn.Linear(7, 8), nn.LayerNorm(8), nn.Linear(8, 3)

    def forward(self, codes: Tensor, numbers: Tensor) -> Tensor:
        x = torch.cat([self.one(codes[:, 0]), self.two(codes[:, 1]), numbers], 1)
        return self.out(torch.tanh(self.norm(self.hidden(x))))


ROWS = 40


def data_for(kind: type[nn.Module], rows: int = ROWS) -> tuple[object, Tensor]:
    """(inputs, classes) in float64."""
    random = torch.Generator().manual_seed(5)

    def numbers(*shape: int) -> Tensor:
        return torch.randn(rows, *shape, generator=random, dtype=torch.float64)

    def codes(high: int, *shape: int) -> Tensor:
        return torch.randint(0, high, (rows, *shape), generator=random)

    inputs: dict[type[nn.Module], object] = {
        Mlp: numbers(6),
        Cnn: numbers(1, 6, 6),
        Recurrent: numbers(4, 3),
        Encoder: codes(11, 5),
        Bag: (codes(5, 2), numbers(2)),
    }
    return inputs[kind], torch.arange(rows) % 3


KINDS = (Mlp, Cnn, Recurrent, Encoder, Bag)
