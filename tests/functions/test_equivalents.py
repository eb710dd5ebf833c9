"""The PyTorch names that entries give exist and compute the same function."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest

import oracles
import torch
from ogive.functions import Definition, registry
from ogive.functions.formula import build
from ogive.functions.vector import AxisFunction

X = torch.tensor(
    [-30.0, -4.0, -3.0, -1.0, -0.3, 0.0, 0.4, 1.0, 2.0, 3.0, 25.0], dtype=torch.float64
)
ENTRIES = [entry for entry in oracles.elementwise() if "torch" in entry.equivalents]


def torch_function(entry: Definition) -> Any:
    name, _, note = entry.equivalents["torch"].partition(" (")
    extra = note.removeprefix("with ").rstrip(")") if note.startswith("with ") else ""
    *modules, last = name.split(".")
    found: Any = torch
    for part in [*modules[1:], last]:
        found = getattr(found, part)
    if entry.name == "unit_step":
        return lambda x: found(x, torch.full_like(x, 0.5))
    if not isinstance(found, type):
        return found
    settings = dict(pair.split("=") for pair in extra.split(", ") if pair)
    module = found(**{key: ast.literal_eval(value) for key, value in settings.items()})
    return module.double().eval()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.name)
def test_value_and_gradient_equal_torch(entry: Definition) -> None:
    theirs = torch_function(entry)
    ours, reference = X.clone().requires_grad_(), X.clone().requires_grad_()
    torch.testing.assert_close(entry()(ours), theirs(reference), rtol=1e-10, atol=1e-12)
    if entry.name in {"unit_step", "sign"}:  # torch has no useful gradient for these
        return
    entry()(ours).sum().backward()
    theirs(reference).sum().backward()
    # 1e-7, because torch's hard sigmoid takes its 1/6 in float32 even for float64.
    torch.testing.assert_close(ours.grad, reference.grad, rtol=1e-7, atol=1e-12)


# Attention and a loss are listed among PyTorch's activations, but are none.
OTHER_KINDS = {"MultiheadAttention", "AdaptiveLogSoftmaxWithLoss"}


@pytest.mark.parametrize("name", sorted(set(torch.nn.modules.activation.__all__) - OTHER_KINDS))
def test_every_activation_of_torch_is_found_by_its_name(name: str) -> None:
    found = registry.find(name)
    entry = found if isinstance(found, AxisFunction) else found.definition
    assert entry.equivalents["torch"].startswith(f"torch.nn.{name}")


@pytest.mark.parametrize("entry", registry.entries(), ids=lambda e: e.name)
def test_equivalents_are_full_names(entry: Definition) -> None:
    prefixes = {"torch": "torch.", "keras": "keras.", "jax": "jax.", "timm": "timm."}
    for framework, name in entry.equivalents.items():
        assert framework in {*prefixes, "onnx"}
        assert name.startswith(prefixes.get(framework, ""))


# The functions that jax.nn (its other functions too), keras.activations, timm and ONNX list as
# activations, by their names there in lower case (as read in their documentation in 2026).
OTHERS = {
    "jax": """celu elu gelu glu hard_sigmoid hard_silu hard_swish hard_tanh identity leaky_relu
        log_sigmoid log_softmax logmeanexp logsumexp mish relu relu6 selu sigmoid silu soft_sign
        softmax softplus sparse_plus sparse_sigmoid squareplus standardize swish tanh""",
    "keras": """celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish
        hard_tanh leaky_relu linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu
        soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid sparsemax squareplus
        swish tanh tanh_shrink threshold""",
    "timm": """celu elu gelu gelu_tanh hard_mish hard_sigmoid hard_swish identity leaky_relu mish
        prelu quick_gelu relu relu6 selu sigmoid silu swish tanh""",
    "onnx": """Celu Elu Gelu HardSigmoid Hardmax HardSwish Identity LeakyRelu LogSoftmax Mish PRelu
        Relu Selu Shrink Sigmoid Softmax Softplus Softsign SwiGLU Swish Tanh ThresholdedRelu""",
}


@pytest.mark.parametrize("framework", OTHERS)
def test_every_activation_of_the_other_frameworks_is_found_by_its_name(framework: str) -> None:
    for name in OTHERS[framework].split():
        assert registry.find(name).name in registry.names()


# What jax.nn holds beside them: a logarithm without a value below 0, attention, products, and data.
NO_ACTIVATIONS = {"dot_product_attention", "log1mexp", "one_hot", "scaled_matmul"} | {
    "get_scaled_dot_general_config",
    "scaled_dot_general",
}


def test_every_activation_of_the_installed_jax_is_found_by_its_name() -> None:
    nn = pytest.importorskip("jax.nn")
    listed = {n for n in dir(nn) if n[0] != "_" and callable(getattr(nn, n))} - NO_ACTIVATIONS
    assert len(listed) > 25
    for name in listed:
        assert registry.find(name).name in registry.names()


def test_log1mexp_is_a_formula_away() -> None:
    act = build("log1mexp", "log(1 - exp(-x))", {})
    for x, want in ((1e-20, -46.051701859880914), (1.0, -0.45867514538708193), (50.0, -1.9e-22)):
        assert float(act(x)) == pytest.approx(want, rel=1e-15 if x < 50 else 0.02)
    jax_nn = pytest.importorskip("jax.nn")
    x = np.linspace(0.01, 30, 99).astype(np.float32)
    np.testing.assert_allclose(act(x), np.asarray(jax_nn.log1mexp(x)), rtol=1e-5)
