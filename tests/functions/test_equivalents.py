"""The PyTorch names that entries give exist and compute the same function."""

from __future__ import annotations

import ast
from typing import Any

import pytest

import oracles
import torch
from ogive.functions import Definition, registry

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


@pytest.mark.parametrize("entry", registry.entries(), ids=lambda e: e.name)
def test_equivalents_are_full_names(entry: Definition) -> None:
    prefixes = {"torch": "torch.", "keras": "keras.", "jax": "jax.", "timm": "timm."}
    for framework, name in entry.equivalents.items():
        assert framework in {*prefixes, "onnx"}
        assert name.startswith(prefixes.get(framework, ""))
