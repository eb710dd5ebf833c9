"""Choose a function for a physics-informed network: u'' = f on [-1, 1], u = 0 at both ends.

    python examples/own_pinn.py [--quick]

The loss needs the network itself, whose second derivative it takes, so it is given as an objective
of (model, batch) (Raissi, Perdikaris and Karniadakis 2019, J. Comput. Phys. 378). Derivatives by
torch.func let the runs be trained side by side. Functions without a second derivative, such as
ReLU, cannot solve the equation: their network has u'' = 0 wherever it has one.
"""

import math
import sys

from torch.func import jvp

import ogive
import torch
from torch import Tensor, nn


def network() -> nn.Module:
    """u(x): (n, 1) -> (n, 1)."""
    hidden = [nn.Linear(1, 24), nn.Tanh(), nn.Linear(24, 24), nn.Tanh()]
    return nn.Sequential(*hidden, nn.Linear(24, 1))


def residual(model: nn.Module, x: Tensor) -> Tensor:
    """The mean of (u'' - f)^2 with f = -pi^2 sin(pi x), and the squares of u at the ends."""

    def slope(x: Tensor) -> Tensor:
        return jvp(model, (x,), (torch.ones_like(x),))[1]

    second = jvp(slope, (x,), (torch.ones_like(x),))[1]
    force = -(math.pi**2) * torch.sin(math.pi * x)
    ends = model(x.new_tensor([[-1.0], [1.0]]))
    return (second - force).square().mean() + 20 * ends.square().mean()


def points(rows: int = 200) -> Tensor:
    """Where the equation is to hold."""
    return 2 * torch.rand(rows, 1, generator=torch.Generator().manual_seed(0)) - 1


if __name__ == "__main__":
    quick = "--quick" in sys.argv  # some seconds, to see that it runs
    choice = ogive.choose(
        points(60 if quick else 200),
        model=network,
        objective=residual,
        candidates=["tanh", "sin", "gelu", "relu"][: 2 if quick else None],
        rates=[0.003, 0.01, 0.03],
        epochs=1 if quick else 60,
        seeds=5 if quick else 6,
        engine="here" if quick else None,
    )
    print(choice)
    with torch.no_grad():
        x = torch.linspace(-1, 1, 101)[:, None]
        error = (choice.model()(x) - torch.sin(math.pi * x)).abs().max()
    print(f"the solution sin(pi x) is missed by at most {float(error):.3f}")
