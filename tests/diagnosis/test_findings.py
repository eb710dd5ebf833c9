"""Each rule fires on a planted fault, with its evidence, and not on healthy networks."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from networks import batch, mlp, scaled

import ogive
import torch
from ogive.diagnosis.findings import LIMITS
from ogive.diagnosis.rules import RULES
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parents[1] / "torch"))
from architectures import Recurrent, ResNet, Transformer

X, Y = batch()


@torch.no_grad()
def with_biases(value: float, act: str = "relu") -> nn.Module:
    model = mlp(act)
    for layer in model:
        if isinstance(layer, nn.Linear):
            layer.bias.fill_(value)
    return model


@torch.no_grad()
def symmetric() -> nn.Module:
    model = mlp()
    model[2].weight.copy_(model[2].weight[:1].expand_as(model[2].weight))
    return model


@torch.no_grad()
def one_direction() -> nn.Module:
    model = mlp("tanh")
    for layer in (model[0], model[2]):
        layer.weight.copy_(torch.outer(torch.linspace(0.5, 1, 32), layer.weight[0]))
        layer.bias.zero_()
    return model


@torch.no_grad()
def mostly_off() -> nn.Module:
    model = mlp()
    model[0].bias.fill_(-2.9)
    model[0].weight.mul_(1.4)
    return model


def deep(act: str, gain: float) -> nn.Module:
    """Thirty layers with biases of 0."""
    torch.manual_seed(0)
    parts: list[nn.Module] = []
    for i in range(30):
        layer = nn.Linear(8 if i == 0 else 32, 32, bias=False)
        nn.init.normal_(layer.weight, std=gain / math.sqrt(layer.in_features))
        parts += [layer, ogive.get(act).module()]
    return nn.Sequential(*parts, nn.Linear(32, 3))


def ended(module: nn.Module) -> nn.Module:
    return nn.Sequential(*mlp(), module)


class OneHot(nn.Module):
    """Attention that looks at one place alone."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 1, batch_first=True)
        with torch.no_grad():
            self.attention.in_proj_weight.mul_(60)

    def forward(self, x: Tensor) -> Tensor:
        return self.attention(x, x, x)[0]


class Root(nn.Module):
    """Finite values whose gradient is not."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.last = nn.Linear(8, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.sqrt(torch.relu(self.layer(x)) * 0))


FAULTS: dict[str, tuple[Callable[[], nn.Module], Tensor, Any]] = {
    "dead units": (lambda: with_biases(-50.0), X, Y),
    "almost always off": (mostly_off, X.repeat(40, 1), None),
    "saturated": (lambda: scaled(mlp("tanh"), 20), X, Y),
    "signal too large": (lambda: scaled(mlp(), 10), X, Y),
    "signal too small": (lambda: scaled(mlp(), 0.01), X, Y),
    "vanishing gradient": (lambda: deep("tanh", 0.5), X, Y),
    "exploding gradient": (lambda: deep("tanh", 4.0), X, Y),
    "samples look alike": (lambda: scaled(with_biases(1.0, "tanh"), 0.01), X, Y),
    "rank collapse": (one_direction, X, Y),
    "unscaled inputs": (mlp, 300 * X, Y),
    "uneven inputs": (mlp, X * torch.tensor([1.0, 1e-3, 1, 1, 1, 1, 1, 1]), Y),
    "equal units": (symmetric, X, Y),
    "one-hot attention": (OneHot, torch.randn(9, 5, 8), None),
    "output unit": (lambda: ended(nn.Softmax(1)), X, Y),
    "not finite": (Root, X, Y),
}


@pytest.mark.parametrize("rule", sorted(FAULTS))
def test_each_rule_fires_on_its_fault(rule: str) -> None:
    make, x, y = FAULTS[rule]
    health = ogive.probe(make(), x, y)
    found = {f.rule: f for f in health.findings}
    assert rule in found
    finding = found[rule]
    assert finding.where
    assert finding.remedies
    assert finding.source == LIMITS[rule].source
    assert rule in health.verdict
    assert finding.said in " ".join(health.notes())
    assert not health.healthy


def test_all_rules_are_tested() -> None:
    assert {*FAULTS, "steps too large", "steps too small"} == set(LIMITS)
    assert len(RULES) <= len(LIMITS)


@pytest.mark.parametrize(
    "act", ["relu", "leaky_relu", "gelu", "silu", "tanh", "elu", "selu", "mish"]
)
@pytest.mark.parametrize("depth", [2, 6])
def test_healthy_networks_get_a_clean_bill(act: str, depth: int) -> None:
    health = ogive.probe(mlp(act, depth, seed=depth), X, Y)
    assert health.findings == ()
    assert health.verdict == f"Sequential is healthy: nothing is wrong at its {depth} activations."
    assert "\n" not in health.verdict


@pytest.mark.parametrize(
    ("make", "shape"), [(ResNet, (16, 3, 8, 8)), (Recurrent, (16, 6, 5))], ids=["resnet", "lstm"]
)
@pytest.mark.parametrize("training", [True, False])
def test_larger_healthy_networks(
    make: Callable[[], nn.Module], shape: tuple[int, ...], training: bool
) -> None:
    torch.manual_seed(1)
    model = make().train(training)
    assert ogive.probe(model, torch.randn(shape)).findings == ()


def test_a_healthy_transformer() -> None:
    torch.manual_seed(1)
    assert ogive.probe(Transformer(), torch.randint(0, 11, (16, 7))).findings == ()


@pytest.mark.parametrize(
    ("loss", "end", "fires"),
    [
        (nn.CrossEntropyLoss(), nn.Identity(), False),
        (nn.CrossEntropyLoss(), nn.Softmax(1), True),
        (nn.CrossEntropyLoss(), nn.Sigmoid(), True),
        (nn.NLLLoss(), nn.LogSoftmax(1), False),
        (nn.NLLLoss(), nn.Identity(), True),
        (nn.functional.cross_entropy, nn.Identity(), False),
    ],
)
def test_output_units_and_losses_that_do_not_fit(loss: Any, end: nn.Module, fires: bool) -> None:
    rules = [f.rule for f in ogive.probe(ended(end), X, Y, loss).findings]
    assert rules == (["output unit"] if fires else [])


def test_a_regression_out_of_reach() -> None:
    targets = torch.linspace(-3, 3, 192).reshape(64, 3)
    (finding,) = ogive.probe(ended(nn.Sigmoid()), X, targets).findings
    assert "targets from -3 to 3 with values that lie between 0 and 1" in finding.said
    assert ogive.probe(ended(nn.Tanh()), X, targets / 4).healthy
    logits = nn.functional.binary_cross_entropy_with_logits
    (finding,) = ogive.probe(ended(nn.Sigmoid()), X, targets / 6 + 0.5, logits).findings
    assert finding.rule == "output unit"


def test_theory_stands_beside_the_measurement() -> None:
    health = ogive.probe(deep("tanh", 0.5), X, Y)
    finding = next(f for f in health.findings if f.rule == "vanishing gradient")
    assert 'ogive.theory("tanh", sigma_w=0.49' in finding.theory
    predicted = ogive.theory("tanh", 0.5).gradient_factor
    assert predicted is not None
    assert health.gradient_decay == pytest.approx(math.sqrt(predicted), rel=0.1)


def test_the_record_prints_and_goes_into_json_and_tables() -> None:
    health = ogive.probe(scaled(mlp("tanh"), 20), X, Y)
    text = str(health)
    assert "saturated" in text
    assert "ogive.init_(model, inputs)" in text
    assert "█" in text
    made = json.loads(json.dumps(health.to_dict(), allow_nan=False))
    assert made["healthy"] is False
    assert made["layers"][0]["where"] == "1"
    table = health.table()
    assert len(table) == 3
    assert {"saturated", "dead_share", "gradient"} <= set(table.columns)
    assert "<table>" in health._repr_html_()


def test_two_probes_side_by_side() -> None:
    model = scaled(mlp("tanh"), 20)
    before = ogive.probe(model, X, Y)
    ogive.init_(model)
    after = ogive.probe(model, X, Y)
    both = before.compare(after)
    assert "saturated" in both.mended
    assert both.new == ()
    assert after.compare(before).new == both.mended
    assert str(both).startswith("mended: ")
    row = both.table().iloc[0]
    assert row["saturated, first"] > 0.3 > row["saturated, second"]
    assert after.compare(after).title() == "healthy, both"


def test_the_functions_of_a_loss_are_none_of_the_model() -> None:
    def loss(out: Tensor, y: Tensor) -> Tensor:
        return -torch.sigmoid(100 * out).clamp(min=1e-6).log()[range(len(y)), y].mean()

    health = ogive.probe(mlp(), X, Y, loss)
    assert [r.function for r in health.layers] == ["relu"] * 3


@pytest.mark.parametrize(("act", "norm", "fires"), [
    ("relu", True, False), ("relu", False, True), ("gelu", True, False), ("tanh", True, True),
])  # fmt: skip
def test_a_scale_that_a_normalisation_undoes_is_no_fault(act: str, norm: bool, fires: bool) -> None:
    torch.manual_seed(0)
    after = [nn.LayerNorm(32)] if norm else []
    model = nn.Sequential(nn.Linear(8, 32), ogive.get(act).module(), *after, nn.Linear(32, 3))
    with torch.no_grad():
        model[0].weight.mul_(200)
    rules = [f.rule for f in ogive.probe(model, X, Y).findings]
    assert ("signal too large" in rules) == fires
