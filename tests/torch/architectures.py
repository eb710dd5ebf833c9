"""Small networks of the kinds that people use, for the tests of what is done to whole models."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch.nn.functional as F

import torch
from torch import Tensor, nn


def swish(x: Tensor) -> Tensor:
    """A helper function that is an activation by itself."""
    return x * torch.sigmoid(x)


def bent(x: Tensor, layer: nn.Module) -> Tensor:
    """A helper function whose code calls one."""
    return F.relu(layer(x))


class Mlp(nn.Module):
    """Every way to call an activation, one for each layer, and a sigmoid at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(6, 6) for _ in range(6)])
        self.last = nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        one, two, three, four, five, six = self.layers
        x = F.relu(one(x))
        x = torch.relu(two(x))
        x = three(x).relu()
        x = four(x)
        F.relu(x, inplace=True)
        x = five(x).relu_()
        x = self._head(bent(x, six))
        return torch.sigmoid(x)

    def _head(self, x: Tensor) -> Tensor:
        return self.last(F.leaky_relu(x, 0.2) + F.gelu(x, approximate="tanh"))


class ResidualBlock(nn.Module):
    """As in ResNet: one module of ReLU used twice, in place."""

    def __init__(self, channels: int, stride: int = 1) -> None:
        super().__init__()
        wide = channels * stride
        self.conv1 = nn.Conv2d(channels, wide, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(wide)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(wide, wide, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(wide)
        self.shortcut = (
            nn.Sequential(nn.Conv2d(channels, wide, 1, stride, bias=False), nn.BatchNorm2d(wide))
            if stride > 1
            else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        out += self.shortcut(x)
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8))
        self.blocks = nn.Sequential(ResidualBlock(8), ResidualBlock(8, 2), ResidualBlock(16))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.stem(x), inplace=True)
        return self.fc(torch.flatten(self.pool(self.blocks(x)), 1))


class Squeeze(nn.Module):
    """Squeeze and excitation: its hard sigmoid is a gate."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(channels, 4, 1), nn.Conv2d(4, channels, 1)
        self.act, self.gate = nn.ReLU(), nn.Hardsigmoid()

    def forward(self, x: Tensor) -> Tensor:
        scale = F.adaptive_avg_pool2d(x, 1)
        return x * self.gate(self.fc2(self.act(self.fc1(scale))))


def inverted(channels: int, wide: int) -> nn.Sequential:
    """The inverted residual's path of MobileNetV3."""
    return nn.Sequential(
        nn.Conv2d(channels, wide, 1, bias=False),
        nn.BatchNorm2d(wide),
        nn.Hardswish(inplace=True),
        nn.Conv2d(wide, wide, 3, padding=1, groups=wide, bias=False),
        nn.BatchNorm2d(wide),
        nn.Hardswish(inplace=True),
        Squeeze(wide),
        nn.Conv2d(wide, channels, 1, bias=False),
        nn.BatchNorm2d(channels),
    )


class MobileNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU6(inplace=True)
        )
        self.paths = nn.ModuleList([inverted(8, 16), inverted(8, 16)])
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(8, 4))

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for path in self.paths:
            x = x + path(x)
        return self.classifier(x.mean([2, 3]))


class Transformer(nn.Module):
    """Tokens to classes through ``nn.TransformerEncoder``, with its fused path in evaluation."""

    def __init__(self, activation: Any = "relu") -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 8)
        layer = nn.TransformerEncoderLayer(8, 2, 16, 0.1, activation, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(8, 3)

    def forward(self, tokens: Tensor, padding: Tensor | None = None) -> Tensor:
        made = self.encoder(self.embedding(tokens), src_key_padding_mask=padding)
        return self.head(made.mean(1))


class Recurrent(nn.Module):
    """An LSTM, a cell written by hand, and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(5, 6, batch_first=True)
        self.cell = HandmadeCell(6, 6)
        self.head = nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 2), nn.LogSoftmax(-1))

    def forward(self, x: Tensor) -> Tensor:
        x, _ = self.lstm(x)
        h = c = torch.zeros(x.shape[0], 6, dtype=x.dtype)
        for t in range(x.shape[1]):
            h, c = self.cell(x[:, t], h, c)
        return self.head(h)


class HandmadeCell(nn.Module):
    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.gates = nn.Linear(inputs + width, 4 * width)

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        i, f, g, o = self.gates(torch.cat([x, h], 1)).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c


def double(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.ReLU(),
    )


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2, self.bottom = double(3, 8), double(8, 8), double(8, 16)
        self.up2, self.up1 = nn.ConvTranspose2d(16, 8, 2, 2), nn.ConvTranspose2d(8, 8, 2, 2)
        self.merge2, self.merge1 = double(16, 8), double(16, 8)
        self.out = nn.Conv2d(8, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        one = self.down1(x)
        two = self.down2(F.max_pool2d(one, 2))
        x = self.bottom(F.max_pool2d(two, 2))
        x = self.merge2(torch.cat([self.up2(x), two], 1))
        x = self.merge1(torch.cat([self.up1(x), one], 1))
        return torch.sigmoid(self.out(x))


class GatedMlp(nn.Module):
    """As in Hugging Face's language models: a function held as ``act_fn`` gates the other path."""

    def __init__(self, act_fn: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.gate_proj, self.up_proj = nn.Linear(6, 8), nn.Linear(6, 8)
        self.down_proj = nn.Linear(8, 6)
        self.act_fn = act_fn

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(self.act_fn(self.gate_proj(x)) * self.up_proj(x))


class Swish(nn.Module):
    """A module that somebody wrote for a function of the catalogue."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(x)


ARCHITECTURES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "mlp": (Mlp, (5, 6)),
    "resnet": (ResNet, (4, 3, 8, 8)),
    "mobilenet": (MobileNet, (4, 3, 16, 16)),
    "transformer": (Transformer, (3, 7)),
    "recurrent": (Recurrent, (4, 3, 5)),
    "unet": (UNet, (2, 3, 16, 16)),
}


def build(name: str) -> tuple[nn.Module, Tensor]:
    """A network with weights of a fixed seed, and a batch for it."""
    make, shape = ARCHITECTURES[name]
    torch.manual_seed(3)
    model = make()
    if name == "transformer":
        return model, torch.randint(0, 11, shape)
    return model, torch.randn(shape)


def output(model: nn.Module, x: Tensor) -> Tensor:
    """What the model makes of x, with the same dropout each time and its buffers kept."""
    torch.manual_seed(1)
    buffers = copy.deepcopy(list(model.buffers()))
    with torch.no_grad():
        made: Tensor = model(x)
        for kept, buffer in zip(buffers, model.buffers(), strict=True):
            buffer.copy_(kept)
    return made
