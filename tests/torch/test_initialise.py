"""Initial weights for a model's activations: the scales, what is seen, and what is measured."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
import torch.nn.functional as F
from architectures import ARCHITECTURES, Swish, build

import ogive
import torch
from ogive.errors import OgiveError
from ogive.torch.feeds import layers
from ogive.torch.flow import CannotTrace, flow_of
from ogive.torch.scales import scale
from torch import Tensor, nn

NAMES = sorted(ARCHITECTURES)
WIDTH, DEPTH, ROWS = 256, 50, 64
# Three standard deviations of the logarithm of a layer's variance, which for a ReLU network is
# about sqrt(5 depth/width) (Hanin and Nica 2018, arXiv:1812.05994) and less for the others.
BAND = math.exp(3 * math.sqrt(5 * DEPTH / WIDTH))


# --- scales ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs", "setting"),
    [("identity", "linear", None), ("relu", "relu", None)]
    + [(f"leaky_relu:negative_slope={s}", "leaky_relu", s) for s in (0.01, 0.2, 1.0)],
)
@pytest.mark.parametrize("scheme", ["forward", "backward", "critical"])
def test_gains_are_those_of_calculate_gain_where_it_is_exact(
    ours: str, theirs: Any, setting: float | None, scheme: Any
) -> None:
    expected = nn.init.calculate_gain(theirs, setting)
    assert scale(ogive.get(ours), scheme).weight == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", ["gelu", "silu", "mish", "elu", "tanh", "sigmoid", "selu"])
def test_forward_gains_are_the_moments_of_an_independent_integration(name: str) -> None:
    import mpmath

    z_of = {
        "gelu": lambda z: z * mpmath.ncdf(z),
        "silu": lambda z: z / (1 + mpmath.exp(-z)),
        "mish": lambda z: z * mpmath.tanh(mpmath.log1p(mpmath.exp(z))),
        "elu": lambda z: z if z > 0 else mpmath.expm1(z),
        "tanh": mpmath.tanh,
        "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
        "selu": lambda z: (
            1.0507009873554805 * (z if z > 0 else 1.6732632423543772 * mpmath.expm1(z))
        ),
    }[name]
    points = [-12, -4, 0, 4, 12]
    second = mpmath.quad(lambda z: z_of(z) ** 2 * mpmath.npdf(z), points)
    expected = float(1 / mpmath.sqrt(second))
    assert scale(ogive.get(name), "forward").weight == pytest.approx(expected, rel=1e-8)
    theirs = {"tanh": 5 / 3, "selu": 3 / 4, "sigmoid": 1.0}
    if name in theirs:  # rules of thumb, which keep no variance
        assert abs(expected - theirs[name]) > 0.05


def test_critical_points() -> None:
    tanh = scale(ogive.get("tanh"), "critical")
    assert (tanh.weight, tanh.bias, tanh.length) == (1.0, 0.0, None)
    assert scale(ogive.get("erf"), "critical").weight == pytest.approx(math.sqrt(math.pi) / 2)
    gelu = scale(ogive.get("gelu"), "critical")
    assert gelu.weight == scale(ogive.get("gelu"), "forward").weight
    assert "no stable critical point" in gelu.why
    for name in ("elu", "selu"):
        found = scale(ogive.get(name), "critical")
        assert found.length is not None
        act, root = ogive.get(name), math.sqrt(found.length)
        z = torch.randn(2_000_000, dtype=torch.float64, generator=torch.manual_seed(0)) * root
        chi = found.weight**2 * float(act.slope(z).square().mean())
        length = found.weight**2 * float(act(z).square().mean()) + found.bias**2
        assert chi == pytest.approx(1, abs=5e-3)
        assert length == pytest.approx(found.length, rel=1e-2)


def test_a_function_that_no_weights_suit_is_refused() -> None:
    with pytest.raises(OgiveError, match="slope of unit_step is 0"):
        scale(ogive.get("unit_step"), "backward")


# --- depth ----------------------------------------------------------------------------------


def deep(name: str, depth: int = DEPTH) -> nn.Sequential:
    parts: list[nn.Module] = []
    for _ in range(depth):
        parts += [nn.Linear(WIDTH, WIDTH), ogive.get(name).module()]
    return nn.Sequential(*parts, nn.Linear(WIDTH, 10))


def batch(rows: int = ROWS, columns: int = WIDTH) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("distribution", ["normal", "uniform", "orthogonal"])
@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "selu", "tanh"])
def test_variance_stays_through_fifty_layers(name: str, distribution: Any) -> None:
    scheme: Any = "forward"
    model = deep(name)
    made = ogive.init_(
        model,
        batch(),
        scheme=scheme,
        distribution=distribution,
        generator=torch.Generator().manual_seed(2),
    )
    after = [one.after for one in made.layers]
    assert len(after) == DEPTH + 1
    assert all(v is not None and 1 / BAND < v < BAND for v in after)
    before = [one.before for one in made.layers]
    assert before[-2] is not None
    assert before[-2] < 1 / BAND  # PyTorch's own start loses the signal


@pytest.mark.parametrize("name", ["gelu", "silu", "mish", "hard_swish", "sine", "softplus"])
def test_correction_holds_the_variance_where_theory_is_unstable(name: str) -> None:
    model, x = deep(name), batch()
    made = ogive.init_(
        model, x, scheme="forward", correct=True, generator=torch.Generator().manual_seed(2)
    )
    for one in made.layers:
        assert one.after == pytest.approx(1, rel=1e-3)
        assert "corrected by" in one.why


def test_the_band_notices_a_wrong_gain() -> None:
    model, x = deep("relu"), batch()
    ogive.init_(model, x, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        for part in model[::2]:
            part.weight.mul_(0.9)  # type: ignore[union-attr, operator]
    last = model[: 2 * DEPTH - 1](x).square().mean().item()
    assert last < 1 / BAND


def test_gradients_stay_in_the_backward_scheme() -> None:
    for name in ("relu", "leaky_relu", "prelu"):  # whose slopes do not depend on the variance
        model, x = deep(name), batch()
        made = ogive.init_(model, x, scheme="backward", generator=torch.Generator().manual_seed(2))
        assert {one.why for one in made.layers[1:]} == {"keeps the gradient"}
        ratio = gradient_ratio(model, x) * 10 / WIDTH  # the last layer has 10 outputs
        assert 1 / BAND < ratio < BAND, (name, ratio)


def gradient_ratio(model: nn.Sequential, x: Tensor) -> float:
    """The mean square gradient at the first layer's outputs, for one of 1 at the end."""
    hidden = model[0](x).detach().requires_grad_()
    out = model[1:](hidden)
    out.backward(torch.randn(out.shape, generator=torch.Generator().manual_seed(1)))
    assert hidden.grad is not None
    return hidden.grad.square().mean().item() * WIDTH / out.shape[1]


@pytest.mark.parametrize("name", ["elu", "selu", "celu"])
def test_the_critical_scheme_keeps_signal_and_gradient(name: str) -> None:
    """Both stay, where keeping the variance at 1 lets the gradient grow."""
    ratios = {}
    for scheme in ("critical", "forward"):
        model, x = deep(name), batch()
        made = ogive.init_(model, x, scheme=scheme, generator=torch.Generator().manual_seed(2))
        ratios[scheme] = gradient_ratio(model, x)
        for one in made.layers[1:-1]:
            assert one.after is not None
            assert one.expected is not None
            assert 1 / 3 < one.after / one.expected < 3
    assert 1 / 3 < ratios["critical"] < 3
    assert ratios["forward"] > 2 * ratios["critical"]


# --- what is seen ----------------------------------------------------------------------------


def fed(model: nn.Module, x: Any = None) -> dict[str, tuple[str, str]]:
    return {one.path: (one.fed.label, one.ahead.label) for one in layers(flow_of(model, x))}


def test_each_layer_is_known_by_what_feeds_and_follows_it() -> None:
    model, x = build("unet")
    expected = fed(model)
    assert expected == fed(model, x)
    assert expected["down1.0"] == ("data", "relu")
    assert expected["down2.0"] == ("relu", "relu")
    assert expected["merge2.0"] == ("a layer and relu", "relu")
    assert expected["out"] == ("relu", "sigmoid")
    model, x = build("resnet")
    expected = fed(model)
    assert expected == fed(model, x)
    assert expected["stem.0"] == ("data", "normalisation, relu")
    assert expected["blocks.1.shortcut.0"] == ("relu", "normalisation, relu")
    assert expected["fc"] == ("relu", "output")
    model, x = build("mlp")
    expected = fed(model)
    assert expected == fed(model, x)
    assert expected["layers.4"] == ("relu", "relu")  # an in-place call whose result is dropped
    assert expected["last"] == ("a sum", "sigmoid")
    model, x = build("transformer")
    assert fed(model, x)["encoder.layers.1.linear2"][0] == "relu"
    assert fed(model, x)["encoder.layers.1.linear1"] == ("normalisation", "relu")
    model, x = build("mobilenet")
    assert fed(model)["paths.0.7"][0] == "hard_swish × hard_sigmoid"


def test_a_swapped_model_is_seen_with_its_new_functions() -> None:
    model, x = build("mlp")
    ogive.swap(model, "elu", replace="relu")
    for given in (None, x):
        labels = fed(model, given)
        assert labels["layers.1"] == ("elu", "elu")
        assert labels["layers.4"] == ("elu", "elu")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scheme", ["critical", "forward", "backward"])
def test_real_architectures_are_set(name: str, scheme: Any) -> None:
    model, x = build(name)
    keys = {k: (v.dtype, v.shape) for k, v in model.state_dict().items()}
    buffers = copy.deepcopy(dict(model.named_buffers()))
    made = ogive.init_(model, x, scheme=scheme, generator=torch.Generator().manual_seed(1))
    assert {k: (v.dtype, v.shape) for k, v in model.state_dict().items()} == keys
    for key, buffer in model.named_buffers():
        assert torch.equal(buffer, buffers[key]), key
    assert all(m.training for m in model.modules())
    set_paths = {one.path for one in made.layers}
    for path, module in model.named_modules():
        inner = any(path.startswith(p) for p, why in made.left if "attention" in why)
        if isinstance(module, nn.Linear | nn.modules.conv._ConvNd) and not inner:
            assert path in set_paths
    for one in made.layers:
        assert one.after is not None
        assert 0 < one.after < 100
        weight = model.get_submodule(one.path).weight
        assert isinstance(weight, Tensor)
        if weight.numel() > 200:
            assert weight.std().item() == pytest.approx(one.std, rel=0.3)
    assert bool(torch.isfinite(model(x)).all())


def test_correction_sets_every_layer_of_a_real_network() -> None:
    model, x = build("unet")
    made = ogive.init_(model, x, correct=True)
    assert [one.after for one in made.layers] == pytest.approx([1.0] * 13, rel=1e-3)


def test_a_single_output_is_not_blown_up() -> None:
    """Fed by positive values it has a mean of its own, which is part of what is predicted."""
    chain = nn.Sequential(nn.Linear(64, 64), nn.Softplus(), nn.Linear(64, 1))
    x = batch(256, 64)
    made = ogive.init_(chain, x, scheme="forward", correct=True)
    out = chain(x).detach()
    assert out.square().mean().item() == pytest.approx(1, rel=1e-3)
    assert out.var().item() < 0.8  # so the spread alone would have been made too large
    assert made.layers[1].after == pytest.approx(1, rel=1e-3)


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(9, 6)
        self.one, self.two = nn.Linear(6, 6), nn.Linear(6, 6)
        self.two.weight = self.one.weight
        self.frozen = nn.Linear(6, 6).requires_grad_(False)
        self.head = nn.Linear(6, 9, bias=False)
        self.head.weight = self.embedding.weight
        self.normed = nn.utils.parametrizations.weight_norm(nn.Linear(6, 6))
        self.unused = nn.Linear(6, 6)

    def forward(self, tokens: Tensor) -> Tensor:
        x = torch.tanh(self.two(torch.tanh(self.one(self.embedding(tokens)))))
        return self.head(torch.tanh(self.normed(torch.tanh(self.frozen(x)))))  # type: ignore[no-any-return]


def test_what_is_tied_frozen_or_computed_is_left() -> None:
    model, x = Tied(), torch.randint(0, 9, (4, 5))
    kept = {k: v.clone() for k, v in model.state_dict().items() if k.split(".")[0] not in "one two"}
    made = ogive.init_(model, x)
    assert [one.path for one in made.layers] == ["one"]
    assert dict(made.left) == {
        "embedding": "an embedding",
        "two": "its weight is that of one",
        "frozen": "its weight is frozen",
        "normed": "its weight is computed by a parametrisation",
        "head": "its weight is that of embedding",
        "unused": "the model's forward does not reach it",
    }
    for key, value in kept.items():
        assert torch.equal(model.state_dict()[key], value), key


class Residual(nn.Module):
    """A pre-norm trunk or a bare one."""

    def __init__(self, blocks: int, norm: bool) -> None:
        super().__init__()
        self.first = nn.Linear(WIDTH, WIDTH)
        self.norms = nn.ModuleList(
            nn.LayerNorm(WIDTH) if norm else nn.Identity() for _ in range(blocks)
        )
        self.ins = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(blocks))
        self.outs = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(blocks))
        self.head = nn.Linear(WIDTH, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        for norm, one, two in zip(self.norms, self.ins, self.outs, strict=True):
            x = x + two(F.relu(one(norm(x))))
        return self.head(x)  # type: ignore[no-any-return]


@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("watch", [False, True])
def test_residual_branches_share_the_variance(norm: bool, watch: bool) -> None:
    model, x = Residual(12, norm), batch()
    made = ogive.init_(model, x if watch else None, generator=torch.Generator().manual_seed(3))
    ends = [one for one in made.layers if one.path.startswith("outs")]
    assert {round(one.gain**2, 9) for one in ends} == {round(2 / 12, 9)}
    assert all("residual branch of 12" in one.why for one in ends)
    assert all(one.gain == pytest.approx(1) for one in made.layers if one.path.startswith("ins"))
    trunk = x
    trunk = model.first(trunk)
    for a, b, c in zip(model.norms, model.ins, model.outs, strict=True):
        trunk = trunk + c(F.relu(b(a(trunk))))
    # Twelve branches add 1 in all to the trunk's 1, and (without a norm) compound to e at most.
    assert 1.5 < trunk.var().item() < 4


def test_a_hand_written_gate_of_its_own_input_is_integrated() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = nn.Linear(3, 3), nn.Linear(3, 3)

        def forward(self, x: Tensor) -> Tensor:
            x = self.one(x)
            return self.two(x * torch.sigmoid(x))  # type: ignore[no-any-return]

    made = ogive.init_(Net())
    assert made.layers[1].gain == pytest.approx(scale(ogive.get("silu"), "forward").weight)
    chain = nn.Sequential(nn.Linear(3, 3), Swish(), nn.Linear(3, 3))
    assert ogive.init_(chain).layers[1].fed_by == "silu"


# --- refusals and the report -----------------------------------------------------------------


def test_refusals_are_one_clear_sentence() -> None:
    chain = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 1))
    before = copy.deepcopy(chain.state_dict())
    for settings, message in (
        ({"distribution": "gauss"}, "distribution='gauss' is unknown; choose normal, uniform"),
        ({"scheme": "he"}, "scheme='he' is unknown; choose critical, forward, backward"),
        ({"correct": True}, "give one as inputs"),
        ({"correct": True, "scheme": "backward", "inputs": batch(2, 3)}, "variance of gradients"),
    ):
        with pytest.raises(OgiveError, match=message):
            ogive.init_(chain, **settings)  # type: ignore[arg-type]
    with pytest.raises(OgiveError, match=r"0\.weight has no memory yet"):
        ogive.init_(nn.Sequential(nn.LazyLinear(3)))
    with pytest.raises(CannotTrace, match="give a batch as inputs"):
        ogive.init_(build("recurrent")[0])
    with pytest.raises(CannotTrace, match="TransformerEncoder does with its layers"):
        ogive.init_(build("transformer")[0])
    with pytest.raises(OgiveError, match="not list"):
        ogive.init_([])  # type: ignore[arg-type]
    assert all(torch.equal(v, before[k]) for k, v in chain.state_dict().items())


def test_it_prints_and_tabulates() -> None:
    model, x = build("mobilenet")
    made = ogive.init_(model, x)
    text = str(made)
    assert text.startswith("12 layers set (critical, normal), 0 left")
    assert "scale free, normalised after" in text.replace("\n", " ") or "scale" in text
    table = made.table()
    assert list(table["layer"]) == [one.path for one in made.layers]
    assert {"fan", "std", "bias std", "before", "after"} <= set(table.columns)
    assert "<table>" in made._repr_html_()
    assert "-" in str(ogive.init_(build("unet")[0]))
