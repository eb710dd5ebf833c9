"""An activation as a layer of a PyTorch model."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from ogive.errors import BadParameter, nearest
from ogive.functions.activation import Activation
from ogive.numerics import autograd
from ogive.torch.learned import learned
from torch import Tensor, nn


class ActivationModule(nn.Module):
    """Applies ``activation`` to its input; the gradient is the activation's own slope.

    It has no weights, and its copies and pickles carry the activation as text.
    """

    def __init__(self, activation: Activation) -> None:
        super().__init__()
        self.activation = activation
        self._own = autograd.OWN.get(activation.name)

    def forward(self, x: Tensor) -> Tensor:
        """f(x), of the shape of x."""
        if (
            self._own is not None
            and not torch.compiler.is_compiling()  # a size would become a condition of the graph
            and x.numel() < autograd.OWN_BELOW
            and x.is_floating_point()
        ):
            return self._own(x)
        return autograd.apply(self.activation, 0, x)

    def extra_repr(self) -> str:
        return self.activation.label


class LearnableModule(nn.Module):
    """Applies ``activation`` with some of its parameters learned along with the weights.

    Each name in ``learnable`` becomes an ``nn.Parameter`` that starts at the activation's value:
    one number, or one for each of ``channels`` along the input's second dimension, as in
    ``torch.nn.PReLU``. A learned parameter is not held within the bounds that
    :func:`ogive.get` keeps. Raises :class:`BadParameter` for a name that the activation lacks.
    """

    def __init__(
        self, activation: Activation, learnable: Sequence[str], channels: int | None = None
    ) -> None:
        super().__init__()
        self.activation, self.channels = activation, channels
        known = activation.parameters
        for name in learnable:
            if name not in known:
                has = f"it has {', '.join(known)}" if known else "it has none"
                raise BadParameter(
                    f"{activation.name} has no parameter {name!r} to learn; "
                    f"{has}{nearest(name, list(known))}"
                )
            shape = () if channels is None else (channels,)
            start = torch.full(shape, known[name], dtype=torch.get_default_dtype())
            self.register_parameter(name, nn.Parameter(start))
        self.learnable = tuple(learnable)

    def forward(self, x: Tensor) -> Tensor:
        """f(x), of the shape of x, at the parameters as they are now."""
        return learned(
            self.activation, self.learnable, x, [getattr(self, n) for n in self.learnable]
        )

    def extra_repr(self) -> str:
        return f"{self.activation.label}, learnable={', '.join(self.learnable)}"
