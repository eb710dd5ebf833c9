"""How often ``ogive.probe`` finds a fault, and how often it accuses a healthy network.

Networks of four kinds are made healthy, and each again with one fault. Both are trained for a
short while, and count only where training confirms them: the healthy one learns, the faulty one
learns markedly less. The probe sees them before training. ``--first`` moves the seeds, so that
thresholds set on some networks are judged on others.

``--overhead`` measures ``ogive.watch`` beside plain training steps, and beside hooks that compute
the same in the plainest way.

    python benchmarks/doctor.py --networks 40 --first 10000
"""

from __future__ import annotations

import argparse
import copy
import math
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch.nn.functional as F
from scipy.stats import binomtest

import ogive
import torch
from torch import Tensor, nn

CLASSES = 4
ROWS = 256
STEPS = 60
LEARNED = 0.85  # of the loss of guessing: a healthy network is below
WORSE = 1.15  # times the healthy twin's loss: a faulty one is above


class Encoder(nn.Module):
    """A transformer encoder over a sequence."""

    def __init__(self, act: str) -> None:
        super().__init__()
        self.into = nn.Linear(8, 32)
        layer = nn.TransformerEncoderLayer(32, 4, 64, 0.0, ogive.get(act), batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(32, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.encoder(self.into(x)).mean(1))


class Reader(nn.Module):
    """An LSTM over a sequence, and a head."""

    def __init__(self, act: str) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 32, batch_first=True)
        self.head = nn.Sequential(nn.Linear(32, 32), ogive.get(act).module(), nn.Linear(32, 4))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.lstm(x)[0][:, -1])


def mlp(act: str, depth: int) -> nn.Module:
    parts: list[nn.Module] = []
    for i in range(depth):
        parts += [nn.Linear(16 if i == 0 else 48, 48), ogive.get(act).module()]
    return nn.Sequential(*parts, nn.Linear(48, CLASSES))


def cnn(act: str, depth: int) -> nn.Module:
    parts: list[nn.Module] = []
    for i in range(depth):
        parts += [nn.Conv2d(1 if i == 0 else 16, 16, 3, padding=1), ogive.get(act).module()]
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(64, CLASSES))


SHAPES = {"mlp": (16,), "cnn": (1, 8, 8), "transformer": (6, 8), "lstm": (6, 8)}


def data(kind: str) -> tuple[Tensor, Tensor]:
    """Classes with a centre each, and noise."""
    shape = SHAPES[kind]
    centres = torch.randn(CLASSES, *shape)
    y = torch.randint(0, CLASSES, (ROWS,))
    return 0.6 * centres[y] + torch.randn(ROWS, *shape), y


def healthy(kind: str, draw: random.Random, x: Tensor) -> nn.Module:
    act = draw.choice(["relu", "gelu", "silu", "tanh", "elu", "mish"])
    if kind == "mlp":
        model = mlp(act, draw.randint(2, 6))
    elif kind == "cnn":
        model = cnn(act, draw.randint(2, 4))
    else:
        model = Encoder(act) if kind == "transformer" else Reader(act)
    if kind in {"mlp", "cnn"} and draw.random() < 0.7:
        ogive.init_(model, x)
    return model


def weighted(model: nn.Module) -> list[Any]:
    return [m for m in model.modules() if isinstance(m, nn.Linear | nn.Conv2d)]


def scaled(factor: float) -> Callable[[nn.Module], nn.Module]:
    @torch.no_grad()
    def change(model: nn.Module) -> nn.Module:
        for p in model.parameters():
            if p.dim() > 1:
                p.mul_(factor)
        return model

    return change


@torch.no_grad()
def dying(model: nn.Module) -> nn.Module:
    for m in weighted(model)[:-1]:
        m.bias.fill_(-8.0)
    ogive.swap(model, "relu")
    return model


@torch.no_grad()
def symmetric(model: nn.Module) -> nn.Module:
    for m in weighted(model):
        m.weight.copy_(m.weight.mean(0, keepdim=True).expand_as(m.weight))
        m.bias.zero_()
    return model


@torch.no_grad()
def one_direction(model: nn.Module) -> nn.Module:
    for m in weighted(model)[:-1]:
        flat = m.weight.flatten(1)
        first = torch.outer(flat[:, 0], flat[0])
        m.weight.copy_((first * flat.norm() / first.norm()).view_as(m.weight))
        m.bias.zero_()
    return model


def sigmoids(_model: nn.Module) -> nn.Module:
    parts: list[nn.Module] = []
    for i in range(10):
        parts += [nn.Linear(16 if i == 0 else 48, 48), nn.Sigmoid()]
    return nn.Sequential(*parts, nn.Linear(48, CLASSES))


def wrong_unit(model: nn.Module) -> nn.Module:
    return nn.Sequential(model, nn.Softmax(1))


def unchanged(model: nn.Module) -> nn.Module:
    return model


FAULTS: dict[str, tuple[tuple[str, ...], Callable[[nn.Module], nn.Module], float]] = {
    "weights too large": (("mlp", "cnn"), scaled(8.0), 1.0),
    "weights too small": (("mlp", "cnn"), scaled(0.03), 1.0),
    "deep sigmoids": (("mlp",), sigmoids, 1.0),
    "dying ReLU": (("mlp", "cnn"), dying, 1.0),
    "equal units": (("mlp", "cnn"), symmetric, 1.0),
    "one direction": (("mlp",), one_direction, 1.0),
    "softmax before the loss": (("mlp", "cnn", "transformer", "lstm"), wrong_unit, 1.0),
    "unscaled inputs": (("mlp", "cnn", "transformer", "lstm"), unchanged, 500.0),
}


def trained(model: nn.Module, x: Tensor, y: Tensor, seed: int) -> float:
    """The loss after a short training."""
    model = copy.deepcopy(model)
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    for _ in range(STEPS):
        rows = torch.randint(0, ROWS, (64,))
        loss = F.cross_entropy(model(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        value = float(F.cross_entropy(model(x), y))
    return value if math.isfinite(value) else math.inf


def study(networks: int, first: int) -> None:
    guess = torch.tensor(float(CLASSES)).log().item()
    accused: Counter[str] = Counter()
    found: dict[str, list[int]] = {name: [] for name in FAULTS}
    confirmed = alarms = dropped = 0
    for number in range(networks):
        draw = random.Random(first + number)
        torch.manual_seed(first + number)
        kind = draw.choice(sorted(SHAPES))
        x, y = data(kind)
        model = healthy(kind, draw, x)
        reached = trained(model, x, y, number)
        if reached > LEARNED * guess:
            dropped += 1
            continue
        confirmed += 1
        health = ogive.probe(model, x, y)
        alarms += not health.healthy
        accused.update(f"{f.rule} ({kind})" for f in health.findings)
        name = draw.choice([n for n, (kinds, _, _) in FAULTS.items() if kind in kinds])
        _, change, by = FAULTS[name]
        broken = change(copy.deepcopy(model))
        if trained(broken, by * x, y, number) < max(WORSE * reached, 0.1):
            dropped += 1
            continue
        found[name].append(not ogive.probe(broken, by * x, y).healthy)
    print(f"{networks} networks, seeds from {first}; {dropped} not confirmed by training\n")
    print(f"healthy, accused: {_rate(alarms, confirmed)} {dict(accused) or ''}")
    hits = [hit for hits in found.values() for hit in hits]
    print(f"faulty, found: {_rate(sum(hits), len(hits))}")
    for name, hits in found.items():
        print(f"  {name}: {sum(hits)} of {len(hits)}")


def _rate(count: int, of: int) -> str:
    if not of:
        return "none"
    low, high = binomtest(count, of).proportion_ci(method="wilson")
    return f"{count} of {of} ({100 * low:.1f} to {100 * high:.1f}%)"


BLOCK = 10  # steps, of which a watch records one


class Reference(nn.Module):
    """A transformer encoder of the usual kind."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.into = nn.Linear(8, width)
        layer = nn.TransformerEncoderLayer(width, 4, hidden, 0.1, "gelu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.encoder(self.into(x)).mean(1))


def perceptron(inputs: int, width: int, depth: int) -> nn.Module:
    parts: list[nn.Module] = []
    for i in range(depth):
        parts += [nn.Linear(inputs if i == 0 else width, width), nn.GELU()]
    return nn.Sequential(*parts, nn.Linear(width, 10))


def convolutions(channels: int) -> nn.Module:
    parts: list[nn.Module] = []
    for i in range(3):
        layer = nn.Conv2d(1 if i == 0 else channels, channels, 3, padding=1)
        parts += [layer, nn.BatchNorm2d(channels), nn.ReLU()]
    head = nn.Linear(4 * channels, 10)
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(2), nn.Flatten(), head)


# The model and the shape of a batch.
TRAINED: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "MLP, 784 inputs, 3 layers of 512": (lambda: perceptron(784, 512, 3), (128, 784)),
    "CNN, 28 x 28, 3 layers of 32": (lambda: convolutions(32), (32, 1, 28, 28)),
    "transformer encoder, 2 layers of 128": (lambda: Reference(128, 256), (32, 32, 8)),
    "tiny MLP, 16 inputs, 4 layers of 48": (lambda: perceptron(16, 48, 4), (64, 16)),
    "tiny CNN, 8 x 8, 3 layers of 16": (lambda: convolutions(16), (64, 1, 8, 8)),
    "tiny encoder, 2 layers of 32": (lambda: Reference(32, 64), (64, 6, 8)),
}


def overhead(rounds: int) -> None:
    """Processor time of 10 training steps beside plain ones, alternating.

    Each round trains 10 steps plainly, 10 watched (of which one is recorded), and 10 with hooks
    that compute the same in the plainest way, on the same one step and on each. Medians of the
    ratios in a round, and their middle half; ``all`` is all rounds together, with the first batch,
    of which a watch makes a graph.
    """
    versions = f"PyTorch {torch.__version__}, {torch.get_num_threads()} thread"
    print(f"time of a training step over a plain one, {rounds} rounds, {versions}")
    for name, (make, shape) in TRAINED.items():
        torch.manual_seed(0)
        model, x = make().train(), torch.randn(shape)
        y = torch.randint(0, 10, shape[:1])
        optimizer = torch.optim.Adam(model.parameters(), 1e-4)

        def block(
            around: Any, model: Any = model, x: Any = x, y: Any = y, optimizer: Any = optimizer
        ) -> float:
            with around:
                start = time.process_time()
                for _ in range(BLOCK):
                    loss = F.cross_entropy(model(x), y)
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                return time.process_time() - start

        block(nullcontext())
        ways: dict[str, Any] = {
            "plain": nullcontext(),
            "watch": ogive.watch(model, every=BLOCK),
            "hooks on one in 10": Naive(model, optimizer, BLOCK),
            "hooks on each": Naive(model, optimizer, 1),
        }
        times: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(rounds):
            for way, around in ways.items():
                times[way].append(block(around))
        plain = times.pop("plain")
        print(f"{name}: {1e3 * sorted(plain)[rounds // 2] / BLOCK:.2f} ms a step")
        for way, taken in times.items():
            ratios = sorted(t / p for t, p in zip(taken, plain, strict=True))
            low, middle, high = (ratios[rounds * k // 4] for k in (1, 2, 3))
            whole = sum(taken) / sum(plain)
            print(f"  {way:20} {middle:.3f} ({low:.3f} to {high:.3f}), all {whole:.3f}")


class Naive:
    """Hooks that compute what a watch does, in the plainest way and on all values."""

    def __init__(self, model: nn.Module, optimizer: Any, every: int) -> None:
        self.model, self.optimizer, self.every = model, optimizer, every
        self.found: list[Any] = []
        self.step, self.hooks = 0, list[Any]()
        self.before: list[Tensor] = []

    def __enter__(self) -> None:
        self.hooks = [m.register_forward_hook(self.see) for m in weighted(self.model)]
        self.hooks += [
            self.optimizer.register_step_pre_hook(self.keep),
            self.optimizer.register_step_post_hook(self.changed),
        ]

    def __exit__(self, *_: Any) -> None:
        for hook in self.hooks:
            hook.remove()

    @torch.no_grad()
    def see(self, module: Any, _given: Any, out: Tensor) -> None:
        if self.step % self.every:
            return
        self.found.clear()
        with torch.enable_grad():
            x = out.detach().requires_grad_()
            y = F.gelu(x)
            slope = torch.autograd.grad(y.sum(), x)[0]
        axes = [i for i in range(x.dim()) if i != (1 if x.dim() == 4 else x.dim() - 1)]
        self.found += [x.mean(axes), x.var(axes), y.mean(axes), y.var(axes)]
        self.found += [slope.abs().amax(axes), (slope.abs() < 0.01).float().mean(axes)]
        self.found += [torch.histc(x, 60, -6, 6), out.detach().square().mean()]
        rows = x.detach().reshape(len(x), -1)
        unit = rows / rows.norm(dim=1, keepdim=True)
        self.found += [(unit @ unit.T).mean(), torch.linalg.svdvals(rows - rows.mean(0))]
        out.register_hook(lambda g: self.found.append(float(g.square().sum())))

    def keep(self, *_: Any) -> None:
        if self.step % self.every == 0:
            self.before = [p.detach().clone() for p in self.model.parameters()]

    def changed(self, *_: Any) -> None:
        for p, old in zip(self.model.parameters(), self.before, strict=False):
            self.found.append(float((p.detach() - old).norm() / old.norm()))
        self.before = []
        self.step += 1


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--networks", type=int, default=40)
    asked.add_argument("--first", type=int, default=0, help="the first seed")
    asked.add_argument("--overhead", action="store_true")
    asked.add_argument("--rounds", type=int, default=15)
    chosen = asked.parse_args()
    torch.set_num_threads(1)
    if chosen.overhead:
        overhead(chosen.rounds)
    else:
        study(chosen.networks, chosen.first)
