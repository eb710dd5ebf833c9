"""Other activations in a whole model: what is found, replaced, left and put back."""

from __future__ import annotations

import copy
import functools
import sys
from pathlib import Path
from typing import Any

import pytest
import torch.nn.functional as F
from architectures import (
    ARCHITECTURES,
    GatedMlp,
    HandmadeCell,
    Mlp,
    ResidualBlock,
    Swish,
    Transformer,
    UNet,
    build,
    output,
    swish,
)

import ogive
import torch
from ogive.errors import OgiveError, UnknownName
from ogive.torch.known import functions, modules, of_module
from ogive.torch.module import ActivationModule
from torch import Tensor, nn

NAMES = sorted(ARCHITECTURES)
# Of each network: how many places are replaced, and the roles of those that are left.
FOUND = {
    "mlp": (8, ["output"]),
    "resnet": (4, []),
    "mobilenet": (7, ["gate", "gate"]),
    "transformer": (2, ["fused", "fused"]),
    "recurrent": (1, ["along an axis", "fused", *["gate"] * 5]),
    "unet": (10, ["output"]),
}


@pytest.mark.parametrize("watch", [False, True], ids=["traced", "watched"])
@pytest.mark.parametrize("name", NAMES)
def test_every_hidden_activation_is_replaced_and_no_other(name: str, watch: bool) -> None:
    model, x = build(name)
    made = ogive.swap(model, "mish", inputs=x if watch else None)
    count, left = FOUND[name]
    assert len(made.replaced) == count
    assert sorted(one.site.role for one in made.left) == left
    assert {one.by for one in made.replaced} == {"mish"}
    assert (made.how == "watched") == watch
    again = ogive.swap(model, "mish")
    assert again.replaced == ()
    assert sum(one.why == "it is mish already" for one in again.left) == count


@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
@pytest.mark.parametrize("name", NAMES)
def test_undoing_gives_the_same_bits_and_keys_stay(name: str, training: bool) -> None:
    model, x = build(name)
    model.train(training)
    before, keys = output(model, x), list(model.state_dict())
    kinds = [type(m) for m in model.modules()]
    made = ogive.swap(model, "elu:alpha=0.5")
    assert list(model.state_dict()) == keys
    assert not torch.equal(output(model, x), before)
    made.undo()
    made.undo()
    assert torch.equal(output(model, x), before)
    assert [type(m) for m in model.modules()] == kinds
    assert list(model.state_dict()) == keys


@pytest.mark.parametrize("name", NAMES)
def test_the_same_function_in_another_form_changes_no_output(name: str) -> None:
    """Every ReLU becomes one that is made here: forward and backward are the same numbers."""
    model, x = build(name)
    model.eval()
    reference = copy.deepcopy(model)
    made = ogive.swap(model, nn.ReLU, replace="relu")
    assert all(one.site.function == "relu" for one in made.replaced)
    for one in (model, reference):
        one(x).square().sum().backward()
    torch.testing.assert_close(output(model, x), output(reference, x), rtol=1e-5, atol=1e-6)
    for (key, ours), theirs in zip(model.named_parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-6, msg=key)


def test_every_way_to_call_one_is_found() -> None:
    model, x = build("mlp")
    made = ogive.swap(model, "sine", replace="relu")
    assert [one.site.name for one in made.replaced] == [
        "F.relu",
        "torch.relu",
        "Tensor.relu",
        "F.relu",
        "Tensor.relu_",
        "F.relu",
    ]
    layers = model.layers
    for layer in layers:
        x = torch.sin(layer(x))
    x = model.last(F.leaky_relu(x, 0.2) + F.gelu(x, approximate="tanh"))
    torch.testing.assert_close(model(build("mlp")[1]), torch.sigmoid(x))


def test_gradients_carry_the_new_slope() -> None:
    model, x = build("mlp")
    ogive.swap(model, "softplus", replace=lambda site: site.role == "hidden")
    x = x.double().requires_grad_()
    assert torch.autograd.gradcheck(model.double(), (x[:2],))


def test_settings_are_recognised() -> None:
    model = nn.Sequential(
        *(nn.LeakyReLU(0.2), nn.GELU("tanh"), nn.GELU(), nn.Hardtanh(-2, 2), nn.PReLU(3)),
        *(nn.Softplus(2), Swish(), nn.Threshold(0.1, 0.0), nn.Linear(3, 3)),
    )
    made = ogive.swap(model, "identity")
    assert [one.site.function for one in made.replaced] == [
        "leaky_relu:negative_slope=0.2",
        "gelu_tanh",
        "gelu",
        "hard_tanh:min_val=-2:max_val=2",
        "prelu",
        "softplus:beta=2",
        "silu",
        "threshold:threshold=0.1",
    ]


@pytest.mark.parametrize("kind", sorted(modules(), key=lambda k: k.__name__))
def test_pytorchs_modules_compute_what_they_are_taken_for(kind: type[nn.Module]) -> None:
    given: dict[type[nn.Module], tuple[float, ...]] = {
        nn.Threshold: (0.2, -0.1),
        nn.LeakyReLU: (0.3,),
        nn.ELU: (0.7,),
        nn.GLU: (-1,),
        **dict.fromkeys((nn.Softmax, nn.Softmin, nn.LogSoftmax), (-1,)),
    }
    module = kind(*given.get(kind, ())).eval()
    x = torch.linspace(-3, 3, 24).reshape(2, 3, 4)
    function = of_module(module)
    assert function is not None
    torch.testing.assert_close(function(x), module(x).detach(), rtol=1e-5, atol=1e-6)
    named = [k.name for k in functions().values() if k.entries == modules()[kind].entries]
    assert named or kind in {nn.Identity, nn.Softmax2d}


class Negated(nn.Module):
    """A bare module that is no function of the catalogue."""

    def forward(self, x: Tensor) -> Tensor:
        return -torch.sigmoid(x) * x


def test_only_true_equals_are_recognised_by_their_values() -> None:
    assert of_module(Swish()) == ogive.get("silu")
    assert of_module(Negated()) is None
    assert of_module(nn.Dropout()) is None
    assert of_module(nn.Flatten()) is None


def test_functions_held_as_attributes_are_replaced() -> None:
    for held, label in (
        (F.silu, "silu"),
        (swish, "silu"),
        (Swish(), "silu"),
        (functools.partial(F.leaky_relu, negative_slope=0.3), "leaky_relu:negative_slope=0.3"),
        (ogive.get("mish"), "mish"),
    ):
        model, x = GatedMlp(held), torch.randn(3, 6)
        before = model(x)
        made = ogive.swap(model, "tanh")
        (one,) = made.replaced
        assert (one.site.name, one.site.function, one.site.role) == ("act_fn", label, "hidden")
        expected = model.down_proj(torch.tanh(model.gate_proj(x)) * model.up_proj(x))
        torch.testing.assert_close(model(x), expected)
        made.undo()
        assert torch.equal(model(x), before)
        assert model.act_fn is held


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize("activation", ["relu", F.gelu, nn.ReLU()], ids=str)
def test_the_fused_transformer_does_not_hide_the_new_function(activation: Any) -> None:
    torch.manual_seed(0)
    model = Transformer(activation).eval()
    x = torch.randint(0, 11, (3, 7))
    padding = torch.zeros(3, 7, dtype=torch.bool)
    padding[0, 4:] = True
    with torch.no_grad():
        before = model(x), model(x, padding)
        made = ogive.swap(model, "tanh")
        fused = model(x), model(x, padding)
    plain = model(x)  # with gradients there is no fused path
    torch.testing.assert_close(fused[0], plain)
    assert not torch.allclose(fused[0], before[0], atol=1e-3)
    assert bool(torch.isfinite(fused[1]).all())
    layer = model.encoder.layers[0]
    assert isinstance(layer.activation, ActivationModule)
    made.undo()
    with torch.no_grad():
        assert torch.equal(model(x), before[0])
        assert torch.equal(model(x, padding), before[1])
    assert (layer.activation_relu_or_gelu, model.encoder.use_nested_tensor) == (
        2 if activation is F.gelu else 1,
        True,
    )


def test_names_predicates_and_mappings_select() -> None:
    model, _ = build("mobilenet")
    assert len(ogive.swap(model, "elu", replace="hard_sigmoid").replaced) == 2
    model, _ = build("mobilenet")
    made = ogive.swap(model, {"hard_swish": "mish", "relu6": "gelu"})
    assert sorted(one.by for one in made.replaced) == ["gelu"] + ["mish"] * 4
    assert {one.why for one in made.left} == {"not in the mapping"}
    model, _ = build("mobilenet")
    made = ogive.swap(model, "elu", replace=lambda site: site.path.startswith("paths.1"))
    assert {one.site.path for one in made.replaced} == {"paths.1", "paths.1.6"}
    assert len(made.replaced) == 4  # the gate too: the predicate was asked
    model, _ = build("mlp")
    made = ogive.swap(model, "elu", replace=["leaky_relu:negative_slope=0.2", "sigmoid"])
    assert sorted(one.site.function for one in made.replaced) == [
        "leaky_relu:negative_slope=0.2",
        "sigmoid",
    ]
    assert (
        ogive.swap(build("mlp")[0], "elu", replace="leaky_relu:negative_slope=0.1").replaced == ()
    )


def test_gates_can_be_asked_for() -> None:
    cell = nn.Sequential()
    cell.append(HandmadeCell(3, 4))
    made = ogive.swap(cell, "hard_sigmoid", replace="sigmoid")
    assert len(made.replaced) == 3
    assert {one.site.role for one in made.replaced} == {"gate"}


def test_refusals_are_one_clear_sentence() -> None:
    chain = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    holder = nn.Module()
    holder.traced = scripted(chain)
    with pytest.raises(OgiveError, match="traced is a TorchScript module"):
        ogive.swap(holder, "elu")
    with pytest.raises(OgiveError, match="itself an activation, relu"):
        ogive.swap(nn.ReLU(), "elu")
    with pytest.raises(UnknownName, match="gleu"):
        ogive.swap(chain, "gleu")
    with pytest.raises(UnknownName, match="rleu"):
        ogive.swap(chain, "elu", replace="rleu")
    with pytest.raises(UnknownName, match="works along an axis"):
        ogive.swap(chain, "softmax")
    with pytest.raises(OgiveError, match="to=3 is no activation"):
        ogive.swap(chain, 3)  # type: ignore[arg-type]
    with pytest.raises(UnknownName, match="3 names no activation"):
        ogive.swap(chain, "elu", replace=[3])
    with pytest.raises(OgiveError, match="not dict"):
        ogive.swap({}, "elu")  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def scripted(chain: nn.Module) -> nn.Module:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.trace(chain, torch.zeros(1, 2))  # type: ignore[no-any-return]


def test_code_without_a_source_is_said_to_be_left() -> None:
    room: dict[str, Any] = {"nn": nn, "F": F, "__name__": "elsewhere"}
    text = "class Bare(nn.Module):\n    def forward(self, x):\n        return F.relu(x + 1)\n"
    exec(compile(text, "<nowhere>", "exec"), room)
    chain = nn.Sequential(room["Bare"](), nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))
    made = ogive.swap(chain, "elu")
    assert [one.site.function for one in made.replaced] == ["tanh"]
    assert [one.why for one in made.left] == ["the source of its code cannot be read"]


class Parent(nn.Module):
    """Its forward runs through super() and a decorator."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(3, 3), nn.Linear(3, 1)

    @torch.autocast("cpu", enabled=False)
    def forward(self, x: Tensor) -> Tensor:
        return self._bent(F.relu(self.one(x)))

    def _bent(self, x: Tensor) -> Tensor:
        return torch.tanh(x)


class Child(Parent):
    def forward(self, x: Tensor) -> Tensor:
        return self.two(super().forward(x))  # type: ignore[no-any-return]


def test_parents_and_decorated_methods_are_read() -> None:
    model, x = Child(), torch.randn(4, 3)
    before = model(x)
    made = ogive.swap(model, {"relu": "sine", "tanh": "arctan"})
    assert [one.site.name for one in made.replaced] == ["F.relu", "torch.tanh"]
    torch.testing.assert_close(model(x), model.two(torch.atan(torch.sin(model.one(x)))))
    torch.testing.assert_close(copy.deepcopy(model)(x), model(x))
    made.undo()
    assert torch.equal(model(x), before)


def test_a_traced_graph_is_said_to_be_left() -> None:
    made = ogive.swap(torch.fx.symbolic_trace(build("mlp")[0]), "elu")
    assert made.replaced == ()
    assert "swap the model before it is traced" in made.left[0].why


class Awkward(nn.Module):
    """Closures, private names, super, keywords and defaults survive the rewriting."""

    def __init__(self) -> None:
        super().__init__()
        self.__hidden = nn.Linear(3, 3)

    def forward(self, x: Tensor, *, scale: float = 2.0, inplace: bool = False) -> Tensor:
        functional = F.relu if scale > 1 else F.elu
        inner = [torch.tanh(v) for v in self.__hidden(x).unbind()]
        assert super().__class__ is not None
        bend = lambda v: functional(v, inplace=inplace)  # noqa: E731
        return scale * bend(torch.stack(inner))


def test_awkward_code_survives() -> None:
    model, x = Awkward(), torch.randn(4, 3)
    made = ogive.swap(model, {"relu": "sine", "tanh": "softsign", "elu": "gelu"})
    assert len(made.replaced) == 3
    hidden = F.softsign(next(model.children())(x))
    torch.testing.assert_close(model(x, inplace=True), 2 * torch.sin(hidden))
    torch.testing.assert_close(model(x, scale=0.5), 0.5 * F.gelu(hidden))


def test_tracebacks_name_the_lines_of_the_original() -> None:
    model, _ = build("mlp")
    ogive.swap(model, "elu")
    with pytest.raises(RuntimeError) as error:
        model(torch.zeros(2, 5))
    lines = Path(sys.modules[Mlp.__module__].__file__ or "").read_text().splitlines()
    met = [e for e in error.traceback if e.path.name == "architectures.py"]
    assert "F.relu(one(x))" in lines[met[0].lineno]


def test_it_prints_and_tabulates() -> None:
    made = ogive.swap(UNet(), "gelu")
    text = str(made)
    assert text.startswith("10 activations replaced, 1 left")
    assert "down1.1" in text
    assert "an output unit" in text
    table = made.table()
    assert list(table["now"].dropna().unique()) == ["gelu"]
    assert len(table) == 11
    assert "<table>" in made._repr_html_()
    block = ogive.swap(nn.Sequential(ResidualBlock(4), nn.Conv2d(4, 2, 1)), "elu")
    assert "1 activation replaced, 0 left" in str(block)


@pytest.mark.parametrize("held", [0.0, 1.0])
def test_a_module_with_numbers_of_its_own_is_not_tried_out(held: float) -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale, self.table = nn.Parameter(torch.tensor(held)), nn.Parameter(torch.ones(3))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.relu(x)

    model = nn.Sequential(nn.Linear(3, 3), Scaled(), nn.Linear(3, 3))
    assert of_module(model[1]) is None
    (change,) = ogive.swap(model, "gelu").replaced
    assert change.site.kind == "call"
