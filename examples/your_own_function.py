"""Define a function, see its properties, and compare it fairly with the usual ones."""

import numpy as np

import ogive
from ogive.numerics.elementary import exp, maximum, minimum, tanh


def bounded(x):  # type: ignore[no-untyped-def]
    """x, kept where exp(x) stays finite and infinity meets no zero."""
    return maximum(minimum(x, 50), -800)


TELU = ogive.Definition(
    name="telu",
    formula="x*tanh(exp(x))",
    value=lambda x: maximum(x, -800) * tanh(exp(minimum(x, 50))),
    slope=lambda x: (
        tanh(exp(bounded(x))) + bounded(x) * exp(bounded(x)) * (1 - tanh(exp(bounded(x))) ** 2)
    ),
    facts=lambda: ogive.Facts(
        range=(-0.3532857778482113, np.inf), limits=(0.0, np.inf), lipschitz=1.061975308717916
    ),
    source=ogive.Source("Fernandez, Mali: TeLU activation function, 2024", arxiv="2412.20269"),
)

if __name__ == "__main__":
    telu = TELU()
    print(telu.card())
    print(f"weights N(0, {ogive.gain(telu):.3f}^2 / fan_in) keep the signal's variance at 1")

    random = np.random.default_rng(0)
    x = random.uniform(-3, 3, (200, 1))
    y = np.sin(2 * x[:, 0]) + 0.1 * random.standard_normal(200)
    choice = ogive.choose((x, y), candidates=["relu", "tanh", telu], seeds=6, width=12)
    print(choice)
