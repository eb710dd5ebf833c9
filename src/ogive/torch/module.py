"""An activation as a layer of a PyTorch model."""

from __future__ import annotations

from ogive.functions.activation import Activation
from torch import Tensor, nn


class ActivationModule(nn.Module):
    """Applies ``activation`` to its input; the gradient is the activation's own slope.

    It has no weights, and its copies and pickles carry the activation as text.
    """

    def __init__(self, activation: Activation) -> None:
        super().__init__()
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """f(x), of the shape of x."""
        result: Tensor = self.activation(x)
        return result

    def extra_repr(self) -> str:
        return self.activation.label
