"""The measures of a probe, on networks whose true figures are known."""

from __future__ import annotations

import copy
import gc
import math
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch.nn.functional as F
from networks import batch, mlp
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence, pad_packed_sequence
from torch.utils.data import DataLoader, TensorDataset

import ogive
import torch
from ogive.errors import OgiveError
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parents[1] / "torch"))
from architectures import ARCHITECTURES, GatedMlp, build


def identity_layer(units: int) -> nn.Linear:
    """A layer that hands its input on."""
    layer = nn.Linear(units, units)
    with torch.no_grad():
        layer.weight.copy_(torch.eye(units))
        layer.bias.zero_()
    return layer


def test_figures_are_those_of_the_values() -> None:
    model = nn.Sequential(identity_layer(4), nn.Tanh(), identity_layer(4))
    x = torch.randn(50, 4, dtype=torch.float64) * torch.tensor([1.0, 2.0, 3.0, 0.1]) + 1
    model.double()
    (row,) = ogive.probe(model, x).layers
    y = torch.tanh(x)
    assert row.unit is not None
    np.testing.assert_allclose(row.unit.before_mean, x.mean(0), rtol=1e-12)
    np.testing.assert_allclose(row.unit.before_variance, x.var(0, correction=0), rtol=1e-12)
    np.testing.assert_allclose(row.unit.mean, y.mean(0), rtol=1e-12)
    np.testing.assert_allclose(row.unit.variance, y.var(0, correction=0), rtol=1e-12)
    assert row.before_mean == pytest.approx(float(x.mean()))
    assert row.before_variance == pytest.approx(float(x.var(correction=0)))
    assert row.mean_shift == pytest.approx(float(y.mean() / y.square().mean().sqrt()))
    assert row.units == 4
    assert sum(row.histogram) == row.positions * 4 == 200


def test_batches_are_merged_exactly() -> None:
    model = nn.Sequential(identity_layer(3), nn.SiLU(), identity_layer(3)).double()
    x = 1000 + torch.randn(60, 3, dtype=torch.float64)
    whole = ogive.probe(model, x).layers[0]
    parts = ogive.probe(model, iter([x[:7], x[7:13], x[13:]])).layers[0]
    assert parts.before_variance == pytest.approx(whole.before_variance, rel=1e-9)
    assert parts.variance == pytest.approx(whole.variance, rel=1e-9)
    assert parts.histogram == whole.histogram


@pytest.mark.parametrize(
    ("act", "at"), [("relu", -1.0), ("gelu", -20.0), ("silu", -40.0), ("mish", -40.0)]
)
def test_planted_dead_units_are_counted(act: str, at: float) -> None:
    model = nn.Sequential(identity_layer(5), ogive.get(act).module(), identity_layer(5))
    with torch.no_grad():
        model[0].weight[:2] = 0
        model[0].bias[:2] = at
    (row,) = ogive.probe(model, torch.randn(64, 5)).layers
    assert row.unit is not None
    assert row.unit.dead == (True, True, False, False, False)
    assert row.dead == 2


def test_saturation_is_told_from_the_off_side() -> None:
    x = torch.linspace(-20, 20, 400).reshape(-1, 1)
    figures = {}
    for act in ("relu", "relu6", "sigmoid", "tanh", "leaky_relu", "elu", "sin"):
        model = nn.Sequential(identity_layer(1), ogive.get(act).module(), identity_layer(1))
        (row,) = ogive.probe(model, x).layers
        figures[act] = row.saturated, row.off
    assert figures["relu"] == (0, 0.5)
    assert figures["relu6"] == pytest.approx((14 / 40, 0.5), abs=0.01)
    assert figures["leaky_relu"] == (0, 0)
    assert figures["elu"][0] == 0
    for act in ("sigmoid", "tanh"):
        assert figures[act][1] == 0
        assert figures[act][0] > 0.6
    assert figures["sin"][0] < 0.02


def test_a_learned_slope_is_the_one_that_counts() -> None:
    model = nn.Sequential(identity_layer(3), nn.PReLU(3), identity_layer(3))
    with torch.no_grad():
        model[1].weight.copy_(torch.tensor([0.0, 0.5, 1.0]))
    (row,) = ogive.probe(model, -torch.rand(32, 3) - 0.1).layers
    assert row.unit is not None
    assert row.unit.dead == (True, False, False)
    np.testing.assert_allclose(row.unit.peak_slope, [0, 0.5, 1])


def test_the_gradient_and_its_decay_are_those_of_the_product() -> None:
    layers: list[nn.Module] = []
    for _ in range(4):
        layers += [identity_layer(3), ogive.get("leaky_relu:negative_slope=0.5").module()]
    model = nn.Sequential(*layers, identity_layer(3))
    # Below 0 each function halves the gradient.
    health = ogive.probe(model, -torch.ones(6, 3), loss=lambda out: out.sum())
    found = [row.gradient for row in health.layers]
    assert found == pytest.approx([math.sqrt(18) / 2**i for i in (3, 2, 1, 0)])
    assert health.gradient_decay == pytest.approx(0.5)


def test_likeness_of_samples() -> None:
    model = nn.Sequential(identity_layer(6), nn.Tanh(), identity_layer(6))
    same = ogive.probe(model, torch.ones(8, 6)).layers[0]
    assert same.correlation == pytest.approx(1)
    assert same.rank == 0
    apart = ogive.probe(model, torch.eye(6)).layers[0]
    assert apart.correlation == pytest.approx(0, abs=1e-12)
    assert apart.rank == pytest.approx(5)  # six equal corners around their mean
    line = ogive.probe(model, torch.linspace(-1, 1, 9).reshape(-1, 1) * torch.ones(6)).layers[0]
    assert line.rank == pytest.approx(1)


def test_rows_of_calls_reuse_and_loops() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = identity_layer(4), identity_layer(4)
            self.act = nn.ReLU(inplace=True)

        def forward(self, x: Tensor) -> Tensor:
            x = self.act(self.two(self.act(self.one(x))))
            for _ in range(20):
                x = F.gelu(self.two(x))
            return self.one(torch.sigmoid(x) * x)

    rows = {r.where: r for r in ogive.probe(Net(), torch.randn(10, 4)).layers}
    assert list(rows)[:2] == ["act", "act (call 2)"]
    loop, gate = list(rows)[2:]
    assert loop.endswith("F.gelu (all calls)")
    assert rows[loop].positions == 200
    assert rows[gate].role == "gate"
    # A call that overwrites its input is seen before it does.
    assert rows["act"].off == pytest.approx(0.5, abs=0.25)
    assert (rows["act"].before_mean or 0) < (rows["act"].mean or 0)
    assert rows["act (call 2)"].off == pytest.approx(rows["act"].off or 0)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("settings", [{}, {"num_layers": 2, "bidirectional": True}])
def test_recurrent_cells_are_computed_once_more(kind: Any, settings: dict[str, Any]) -> None:
    from ogive.diagnosis.fused import cells

    torch.manual_seed(0)
    layer = kind(5, 4, **settings)
    x = torch.randn(7, 3, 5)
    seen = {name: (function, v) for name, function, _, v in cells(layer, (x,), {})}
    out, _ = layer(x)
    depth = layer.num_layers - 1
    if kind is nn.LSTM:
        gate, state = seen[f"output gate, layer {depth}"][1], seen[f"state, layer {depth}"][1]
        made = torch.sigmoid(gate) * torch.tanh(state)
        torch.testing.assert_close(made.reshape(7, 3, 4), out[..., :4])
    if kind is nn.RNN:
        made = torch.tanh(seen[f"cell, layer {depth}"][1])
        torch.testing.assert_close(made.reshape(7, 3, 4), out[..., :4])
    model = nn.Sequential(layer)
    rows = ogive.probe(model, x).layers
    gates = [r for r in rows if r.role == "gate"]
    assert len(rows) == len(seen)
    assert (
        len(gates)
        == {nn.LSTM: 3, nn.GRU: 2, nn.RNN: 0}[kind]
        * len(seen)
        // ({nn.LSTM: 5, nn.GRU: 3, nn.RNN: 1}[kind])
    )


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("way", ["sorted", "unsorted"])
def test_packed_sequences_are_those_of_each_sequence(kind: Any, way: str) -> None:
    """All that comes into the gates is what comes in where each sequence runs by itself."""
    from ogive.diagnosis.fused import cells

    torch.manual_seed(0)
    layer = kind(5, 4, num_layers=2, bidirectional=True)
    lengths = [6, 3, 1] if way == "sorted" else [3, 6, 1]
    rows = [torch.randn(n, 5) for n in lengths]
    packed = pack_sequence(rows, enforce_sorted=way == "sorted")
    states = [torch.randn(4, 3, 4) for _ in range(2 if kind is nn.LSTM else 1)]
    state = tuple(states) if kind is nn.LSTM else states[0]
    seen = {name: v for name, *_, v in cells(layer, (packed, state), {})}
    alone: dict[str, list[Tensor]] = {}
    for i, row in enumerate(rows):
        own = [s[:, i : i + 1].contiguous() for s in states]
        given = row.unsqueeze(1), tuple(own) if kind is nn.LSTM else own[0]
        for name, *_, v in cells(layer, given, {}):
            alone.setdefault(name, []).append(v)
    assert seen.keys() == alone.keys()
    for name, values in seen.items():
        assert values.shape == (10, 4)
        expected = torch.cat(alone[name])
        torch.testing.assert_close(values.sort(0).values, expected.sort(0).values)


def test_a_model_that_packs_its_sequences() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.head = nn.GRU(5, 4, batch_first=True), nn.Linear(4, 2)

        def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
            packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            out, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
            return self.head(out[:, 0])

    torch.manual_seed(0)
    model, x, lengths = Net(), torch.randn(9, 6, 5), torch.arange(9) % 6 + 1
    health = ogive.probe(model, (x, lengths))
    assert [r.role for r in health.layers] == ["gate", "gate", "fused"]
    assert all(r.positions == int(lengths.sum()) and r.units == 4 for r in health.layers)
    assert not health.remarks
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    alone = ogive.probe(nn.Sequential(model.rnn), packed)
    assert (alone.samples, len(alone.layers)) == (9, 3)
    for one, other in zip(alone.layers, health.layers, strict=True):
        assert one.before_variance == pytest.approx(other.before_variance)


def test_the_gru_is_the_one_of_torch() -> None:
    from ogive.diagnosis.fused import cells

    torch.manual_seed(0)
    layer, x = nn.GRUCell(3, 4), torch.randn(5, 3)
    h = torch.randn(5, 4)
    seen = {name: v for name, _, _, v in cells(layer, (x,), {"hx": h})}
    update = torch.sigmoid(seen["update gate"])
    made = (1 - update) * torch.tanh(seen["cell"]) + update * h
    torch.testing.assert_close(made, layer(x, h))


def test_attention_has_rows_of_its_own() -> None:
    attention = nn.MultiheadAttention(4, 2, batch_first=True)
    with torch.no_grad():
        attention.in_proj_weight.zero_()

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = attention

        def forward(self, x: Tensor) -> Tensor:
            made = self.attention(x, x, x, need_weights=False)[0]
            q = 100 * torch.eye(5).expand(len(x), 1, 5, 5)
            return F.scaled_dot_product_attention(q, q, q).sum() + made

    flat, sharp = ogive.probe(Net(), torch.randn(2, 5, 4)).layers
    assert flat.where == "attention"
    assert flat.function == "attention softmax"
    assert (flat.entropy, flat.saturated) == (pytest.approx(1), 0)
    assert (sharp.entropy, sharp.saturated) == (pytest.approx(0, abs=1e-9), 1)
    masked = copy.deepcopy(sharp)
    assert masked.positions == 10


def test_gates_of_gated_units() -> None:
    roles = {r.function: r.role for r in ogive.probe(GatedMlp(F.silu), torch.randn(9, 6)).layers}
    assert roles == {"silu": "hidden"}
    model = nn.Sequential(nn.Linear(4, 8), nn.GLU(), nn.Linear(4, 2))
    (row,) = ogive.probe(model, torch.randn(9, 4)).layers
    assert (row.where, row.role, row.units) == ("1.[gate of glu]", "gate", 4)


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_a_model_is_left_as_it_was(name: str, training: bool) -> None:
    model, x = build(name)
    model.train(training)
    with torch.no_grad():
        first = next(model.parameters())
        first.requires_grad_(False)
    for p in model.parameters():
        if p.requires_grad:
            p.grad = torch.ones_like(p)
    before = copy.deepcopy(model.state_dict())
    state, plain = torch.get_rng_state(), random.getstate()
    health = ogive.probe(model, x)
    assert health.layers
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    assert random.getstate() == plain
    assert all(m.training is training for m in model.modules())
    assert not first.requires_grad
    assert first.grad is None
    assert all(bool((p.grad == 1).all()) for p in model.parameters() if p.grad is not None)
    assert no_hooks(model)


def no_hooks(model: nn.Module) -> bool:
    """Whether no hook is left, neither on the model nor on all modules."""
    tables = nn.modules.module
    globals_left = [tables._global_forward_hooks, tables._global_forward_pre_hooks]
    modes = torch.overrides._get_current_function_mode_stack()
    own = [h for m in model.modules() for h in (m._forward_hooks, m._forward_pre_hooks)]
    return not modes and not any(globals_left) and not any(own)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_hooks_are_gone_after_an_error(error: type[BaseException]) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm, self.layer = nn.BatchNorm1d(4), nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            F.relu(self.layer(self.norm(x)))
            raise error("stopped")

    model, x = Net(), torch.randn(5, 4)
    state = torch.get_rng_state()
    with pytest.raises(error, match="stopped"):
        ogive.probe(model, x)
    assert no_hooks(model)
    assert float(model.norm.running_mean.abs().sum()) == 0
    assert torch.equal(torch.get_rng_state(), state)
    assert model.training


def test_the_first_layer_that_is_not_finite_is_named() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            x = F.relu(self.one(x))
            x = torch.log(x - 10)
            return self.two(F.gelu(x))

    health = ogive.probe(Net(), torch.randn(16, 4))
    assert health.bad is not None
    assert "log" in health.bad.where
    assert health.bad.what == "nan"
    assert [f.rule for f in health.findings] == ["not finite"]
    model = mlp()
    with torch.no_grad():
        model[2].weight[0, 0] = math.inf
    (finding,) = ogive.probe(model, batch()[0]).findings
    assert finding.where == ("2",)
    assert "its weights are not finite" in finding.said
    (finding,) = ogive.probe(mlp(), torch.full((16, 8), math.nan)).findings
    assert finding.where == ("the inputs",)


def test_a_masked_score_is_no_fault() -> None:
    model, tokens = build("transformer")
    padding = torch.zeros_like(tokens, dtype=torch.bool)
    padding[:, -2:] = True
    assert ogive.probe(model, (tokens, padding)).bad is None


def test_kinds_of_inputs() -> None:
    model, (x, y) = mlp(), batch()
    once = ogive.probe(model, x, y)
    loader = DataLoader(TensorDataset(x, y), batch_size=16)
    assert ogive.probe(model, loader).batches == 4
    assert ogive.probe(model, loader, batches=2).samples == 32
    assert ogive.probe(model, {"input": x}, y).layers == once.layers
    assert ogive.probe(model, (x,), y).layers == once.layers
    assert ogive.probe(model, x.numpy(), y.numpy()).layers == once.layers
    assert once.gradient_of == "the cross-entropy"
    assert ogive.probe(model, x, torch.randn(64, 3)).gradient_of == "the mean square error"
    assert ogive.probe(model, x, y, nn.CrossEntropyLoss()).layers == once.layers


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda m, x: ogive.probe(torch.jit.script(nn.Sequential(nn.ReLU())), x), "TorchScript"),
        (lambda m, x: ogive.probe(nn.Sequential(nn.LazyLinear(3), nn.ReLU()), x), "not yet made"),
        (lambda m, x: ogive.probe(m, iter(())), "there is no batch in inputs"),
        (lambda m, x: ogive.probe(m, 3), "inputs are int"),
        (lambda m, x: ogive.probe(m, x, torch.ones(7)), "no usual loss fits outputs of shape"),
        (lambda m, x: ogive.probe(m, x, loss=lambda out: out), r"the loss gave shape \(64, 3\)"),
        (lambda m, x: ogive.watch(torch.compile(m)), "is compiled by torch.compile"),
        (lambda m, x: ogive.watch(m, every=0), "every is 0"),
    ],
)
@pytest.mark.filterwarnings("ignore:`torch.jit.script` is")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_cannot_be_probed_is_refused(call: Callable[..., Any], sentence: str) -> None:
    with pytest.raises(OgiveError, match=sentence):
        call(mlp(), batch()[0])


def test_a_compiled_model_is_probed_as_it_was_before() -> None:
    model, (x, y) = mlp(), batch()
    plain = ogive.probe(model, x, y)
    assert ogive.probe(torch.compile(model), x, y).layers == plain.layers
    model.compile()
    assert ogive.probe(model, x, y).layers == plain.layers
    assert model._compiled_call_impl is not None


def test_no_tensor_is_kept_from_batch_to_batch() -> None:
    model, (x, _) = mlp(), batch()
    alive = []

    def batches() -> Iterator[Tensor]:
        for _ in range(9):
            gc.collect()
            alive.append(sum(issubclass(type(o), Tensor) for o in gc.get_objects()))
            yield x

    ogive.probe(model, batches())
    assert alive[2] == alive[-1]


def test_every_function_of_the_catalogue_can_be_probed() -> None:
    torch.manual_seed(0)
    x = torch.randn(24, 6)
    for name in ogive.names():
        act = ogive.get(name)
        if not isinstance(act, ogive.Activation):
            continue
        model = nn.Sequential(nn.Linear(6, 6), act.module(), nn.Linear(6, 2))
        rows = ogive.probe(model, x).layers
        if name != "identity":
            assert [r.function for r in rows] == [act.label]
            assert rows[0].not_finite == 0


def test_functions_of_the_catalogue_are_seen_where_they_are_called() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = identity_layer(4), identity_layer(4)
            self.act = ogive.get("elu")

        def forward(self, x: Tensor) -> Tensor:
            x = self.act(self.one(x))
            return self.two(ogive.mish(x) + x)

    plain = ogive.Activation.__call__
    rows = ogive.probe(Net(), torch.randn(20, 4)).layers
    assert [(r.function, r.role) for r in rows] == [("elu", "hidden"), ("mish", "hidden")]
    assert rows[0].where.startswith("the model, line ")
    assert all(r.gradient for r in rows)
    assert ogive.Activation.__call__ is plain
