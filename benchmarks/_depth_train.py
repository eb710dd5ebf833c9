"""Train stacks of deep plain networks on scikit-learn's digits: one cell of the comparison.

A cell is a function, a depth and an initialisation; its runs (seeds x learning rates) train as
one stack. A seed draws the split, the weights and the order of rows. Initialisations of one
function share all but the weights, so that their differences are paired.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache

import numpy as np
from sklearn.datasets import load_digits

import ogive
import torch
from ogive.study.network import Softmax, backward, forward
from torch import Tensor, nn

WIDTH, BATCH, CLASSES = 64, 64, 10
RATES = (1e-4, 3e-4, 1e-3, 3e-3)
BETAS, EPSILON = (0.9, 0.999), 1e-8  # Adam's usual constants
STEPS = 250
RUNGS = 6  # times that validation rows are looked at
# Initialisations: PyTorch's default, and schemes of init_ with and without the correction.
INITS = {
    "default": None,
    "critical": ("critical", False),
    "forward": ("forward", False),
    "corrected": ("forward", True),
}


@dataclass(frozen=True)
class Cell:
    """One stack of trainings."""

    name: str
    depth: int
    init: str
    seeds: int
    steps: int

    @property
    def key(self) -> str:
        """The cell as text, for the store."""
        return "/".join(str(v) for v in asdict(self).values())

    @property
    def cost(self) -> float:
        """Relative time that it takes."""
        return float((self.depth + 1) * self.seeds * self.steps)


@dataclass(frozen=True)
class Split:
    """Rows to train on, to tune on and to test on: (inputs, classes) of each."""

    train: tuple[Tensor, Tensor]
    valid: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]


@cache
def split(seed: int) -> Split:
    """Three, one and one fifth of the rows; columns are standardised on the first."""
    data = load_digits()
    order = np.random.default_rng(seed).permutation(len(data.data))
    parts = np.split(order, [len(order) * 3 // 5, len(order) * 4 // 5])
    first = data.data[parts[0]]
    x = (data.data - first.mean(0)) / np.where(first.std(0) > 0, first.std(0), 1.0)
    made = [
        (torch.from_numpy(x[p]).float().clip(-10, 10), torch.from_numpy(data.target[p]))
        for p in parts
    ]
    return Split(*made)


def network(name: str, depth: int, width: int = WIDTH) -> nn.Sequential:
    """The plain network: ``depth`` hidden layers, PyTorch's default weights."""
    act = ogive.get(name)
    steps: list[nn.Module] = []
    for i in range(depth):
        steps += [nn.Linear(width if i else 64, width), act.module()]
    return nn.Sequential(*steps, nn.Linear(width, CLASSES))


def initial(cell: Cell, seed: int) -> list[Tensor]:
    """Weights (inputs, outputs) and biases (1, outputs) of each layer."""
    torch.manual_seed(seed)
    model = network(cell.name, cell.depth)
    plan = INITS[cell.init]
    if plan is not None:
        scheme, correct = plan
        batch = split(seed).train[0][:256]
        ogive.init_(model, batch, scheme=scheme, correct=correct)
    found = []
    for layer in model:
        if isinstance(layer, nn.Linear):
            found += [layer.weight.detach().T.clone(), layer.bias.detach()[None].clone()]
    return found


@torch.no_grad()
def train(cell: Cell) -> list[dict[str, float]]:
    """For each seed the rate chosen on validation rows, and the test accuracy there.

    The weights are those of the look at which validation accuracy was best. A run whose loss is
    no longer finite scores what it had before.
    """
    act, unit = ogive.get(cell.name), Softmax()
    runs = [(seed, rate) for seed in range(cell.seeds) for rate in RATES]
    drawn = {seed: initial(cell, seed) for seed in range(cell.seeds)}
    weights = [torch.stack(part) for part in zip(*(drawn[s] for s, _ in runs), strict=True)]
    gradients = [torch.zeros_like(w) for w in weights]
    means, squares = ([torch.zeros_like(w) for w in weights] for _ in range(2))
    rates = [torch.tensor([r for _, r in runs]).view(-1, 1, 1)] * len(weights)
    orders = {seed: np.random.default_rng((1, seed)) for seed in range(cell.seeds)}
    best = [(-1.0, 0.0)] * len(runs)  # (validation, test)
    for step in range(1, cell.steps + 1):
        rows = {s: torch.from_numpy(g.integers(0, 1078, BATCH)) for s, g in orders.items()}
        x = torch.stack([split(s).train[0][rows[s]] for s, _ in runs])
        y = torch.stack([split(s).train[1][rows[s]] for s, _ in runs])
        backward(weights, x, y, act, unit, gradients)
        torch._foreach_lerp_(means, gradients, 1 - BETAS[0])
        torch._foreach_mul_(squares, BETAS[1])
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - BETAS[1])
        under = torch._foreach_sqrt(squares)
        torch._foreach_div_(under, (1 - BETAS[1] ** step) ** 0.5)
        torch._foreach_add_(under, EPSILON)
        moves = torch._foreach_div(means, under)
        torch._foreach_mul_(moves, rates)
        torch._foreach_sub_(weights, moves, alpha=1 / (1 - BETAS[0] ** step))
        if step * RUNGS // cell.steps > (step - 1) * RUNGS // cell.steps:
            for i, (seed, _) in enumerate(runs):
                own = [w[i : i + 1] for w in weights]
                scores = [
                    _accuracy(forward(own, part[0][None], act)[0], part[1])
                    for part in (split(seed).valid, split(seed).test)
                ]
                best[i] = max(best[i], (scores[0], scores[1]), key=lambda pair: pair[0])
    found = []
    for seed in range(cell.seeds):
        own_runs = [(best[i], rate) for i, (s, rate) in enumerate(runs) if s == seed]
        (valid, test), rate = max(own_runs, key=lambda one: one[0][0])
        found.append({"seed": seed, "rate": rate, "valid": valid, "test": test})
    return found


def _accuracy(z: Tensor, y: Tensor) -> float:
    right = (z.argmax(-1) == y) & z.isfinite().all(-1)
    return float(right.double().mean())
