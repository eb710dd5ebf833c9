"""Every entry through torch.export, and through ONNX into onnxruntime.

The bounds of the ONNX models are stated here and in docs/transformations.md.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import onnxruntime
import pytest

import ogive
import torch
from layers import ALONG_AXIS, COUNT, ENTRIES, Function, Rows, disagreeing, naive, off, rows
from torch import Tensor, nn

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.*"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
STRICT = pytest.mark.parametrize("strict", [False, True], ids=["", "strict"])
BROKEN = [ogive.get(name) for name in ("tanh", "sigmoid", "elu")]
# Of the result, or of 1 where |x| < 6: float32 formulas, each operation rounded.
ONNX_BOUND = 1e-5
NETWORK_BOUND = 1e-5


class Network(nn.Module):
    """Each of its hidden units has an activation of its own; some learn a parameter."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        learned = [
            ogive.get("prelu").module(learnable=["weight"]),
            ogive.get("swish_beta").module(learnable=["beta"]),
        ]
        self.units = nn.ModuleList([*(act.module() for act in ENTRIES), *learned])
        self.before = nn.Linear(6, len(self.units))
        self.norm = ogive.get("elu").module(learnable=["alpha"], channels=len(self.units))
        self.after = nn.Linear(len(self.units), 3)

    def forward(self, x: Tensor) -> Tensor:
        """Class probabilities, of shape (rows, 3)."""
        columns = self.before(x).unbind(1)
        hidden = torch.stack([f(c) for f, c in zip(self.units, columns, strict=True)], 1)
        made: Tensor = ogive.softmax(self.after(self.norm(hidden)))
        return made


def gradients(module: nn.Module, x: Tensor) -> Tensor:
    leaf = x.clone().requires_grad_()
    (found,) = torch.autograd.grad(module(leaf).sum(), leaf)
    return found


def trained_from(functions: Sequence[Function], x: Tensor, strict: bool) -> Tensor:
    """The gradients of a program that was exported with gradients."""
    program = torch.export.export(Rows(functions), (x.requires_grad_(),), strict=strict)
    return gradients(program.module(), x.detach())


FEW = [ogive.get(name) for name in ("relu", "sigmoid", "tanh", "gelu", "elu:alpha=0.5", "mish")]


@STRICT
def test_export(strict: bool) -> None:
    acts = FEW if strict else ENTRIES
    x = rows(acts)
    with torch.no_grad():
        program = torch.export.export(
            Rows([act.module() for act in acts]),
            (x,),
            strict=strict,
            dynamic_shapes=({1: torch.export.Dim("points", min=2)},),
        )
    assert disagreeing(acts, x, program.module()(x), 0, 1e-11) == []
    shorter = x[:, : COUNT // 2]
    assert disagreeing(acts, shorter, program.module()(shorter), 0, 1e-11) == []
    file = io.BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    assert torch.equal(torch.export.load(file).module()(x), program.module()(x))


@STRICT
def test_export_trains(strict: bool) -> None:
    acts = FEW if strict else ENTRIES
    x = rows(acts)
    found = trained_from([act.module() for act in acts], x, strict)
    assert disagreeing(acts, x, found, 1, 1e-11) == []
    x = rows(BROKEN)
    found = trained_from([naive(act) for act in BROKEN], x, strict)
    assert {"tanh", "sigmoid"} <= set(disagreeing(BROKEN, x, found, 1, 1e-11))


@STRICT
def test_export_of_a_slope_trains(strict: bool) -> None:
    acts = [ogive.get(name) for name in ("sigmoid", "mish", "sine")]
    x = rows(acts, order=2)
    found = trained_from([act.slope for act in acts], x, strict)
    assert disagreeing(acts, x, found, 2, 1e-11) == []


def test_an_exported_program_takes_infinities() -> None:
    ends = torch.tensor([-torch.inf, torch.inf, torch.nan, 1.0])
    for act in (ogive.get("relu"), ogive.get("sigmoid"), ogive.get("elu")):
        program = torch.export.export(act.module(), (torch.ones(4, requires_grad=True),))
        found = program.module()(ends)
        torch.testing.assert_close(found, act(ends), equal_nan=True)


def test_export_without_gradients_holds_the_value_alone() -> None:
    x = torch.ones(4, requires_grad=True)
    module = ogive.get("mish").module()
    with_slope = torch.export.export(module, (x,))
    with torch.no_grad():
        alone = torch.export.export(module, (x,))
    assert len(alone.graph.nodes) < len(with_slope.graph.nodes) / 2


@STRICT
def test_export_of_a_network_with_learned_parameters_trains(strict: bool) -> None:
    net, x = Network(), torch.randn(7, 6, generator=torch.Generator().manual_seed(1))
    exported = torch.export.export(net, (x,), strict=strict).module()
    torch.testing.assert_close(exported(x), net(x), rtol=1e-5, atol=1e-6)
    (exported(x)[:, 0].log().sum()).backward()
    (net(x)[:, 0].log().sum()).backward()
    found = dict(exported.named_parameters())
    for name, parameter in net.named_parameters():
        torch.testing.assert_close(found[name].grad, parameter.grad, rtol=1e-4, atol=1e-5, msg=name)


@STRICT
def test_export_along_an_axis(strict: bool) -> None:
    class Every(nn.Module):
        def forward(self, x: Tensor) -> list[Tensor]:
            return [along(x) for along in ALONG_AXIS]

    x = torch.randn(2, 4, 6, 4, generator=torch.Generator().manual_seed(3))
    program = torch.export.export(Every(), (x,), strict=strict)
    for along, found in zip(ALONG_AXIS, program.module()(x), strict=True):
        torch.testing.assert_close(found, along(x), rtol=1e-5, atol=1e-6, msg=along.name)


def run(program: torch.onnx.ONNXProgram, *inputs: Tensor) -> list[Tensor]:
    """What onnxruntime computes from an ONNX model."""
    session = onnxruntime.InferenceSession(
        program.model_proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [given.name for given in session.get_inputs()]
    given = {name: np.asarray(x) for name, x in zip(names, inputs, strict=True)}
    return [torch.from_numpy(np.asarray(made)) for made in session.run(None, given)]


def in_onnxruntime(module: nn.Module, *inputs: Tensor) -> list[Tensor]:
    """As :func:`run`, of the ONNX model of ``module``."""
    program = torch.onnx.export(module.eval(), inputs, dynamo=True, verbose=False)
    assert program is not None
    return run(program, *inputs)


class Everything(nn.Module):
    """Every entry on its row, and every one along an axis."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = Rows([act.module() for act in ENTRIES])

    def forward(self, x: Tensor, image: Tensor) -> list[Tensor]:
        """The rows, and the results along an axis."""
        return [self.rows(x), *(along(image) for along in ALONG_AXIS)]


GIVEN = (
    rows(ENTRIES, torch.float32),
    torch.randn(2, 4, 6, 4, generator=torch.Generator().manual_seed(3)),
)
INPUTS = torch.randn(9, 6, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def everything() -> tuple[list[Tensor], list[Tensor]]:
    """What onnxruntime makes of all of it, and what PyTorch does."""
    module = Everything()
    with torch.no_grad():
        return in_onnxruntime(module, *GIVEN), module(*GIVEN)


@pytest.mark.slow
@pytest.mark.slow  # test_onnx_of_a_network_with_every_entry is the quick one
def test_onnx_of_every_entry(everything: tuple[list[Tensor], list[Tensor]]) -> None:
    assert disagreeing(ENTRIES, GIVEN[0], everything[0][0], 0, ONNX_BOUND) == []


def test_onnx_of_a_network_with_every_entry() -> None:
    network = Network()
    with torch.no_grad():
        (found,), true = in_onnxruntime(network, INPUTS), network(INPUTS)
    assert len(Network().units) >= 20
    assert (found - true).abs().max() <= NETWORK_BOUND
    assert true.std() > 0.01


@pytest.mark.slow
def test_onnx_along_an_axis(everything: tuple[list[Tensor], list[Tensor]]) -> None:
    found, true = (outputs[1:] for outputs in everything)
    for along, one, two in zip(ALONG_AXIS, found, true, strict=True):
        torch.testing.assert_close(one, two, rtol=ONNX_BOUND, atol=1e-6, msg=along.name)


def test_onnx_catches_a_planted_error() -> None:
    acts = [ogive.get("log_sigmoid"), ogive.get("gelu"), ogive.get("elu")]
    x = rows(acts, torch.float32)
    (found,) = in_onnxruntime(Rows([off(act) for act in acts]), x)
    assert disagreeing(acts, x, found, 0, ONNX_BOUND) == [act.label for act in acts]
    lost = [nn.LogSigmoid(), nn.GELU(), nn.ELU()]  # as PyTorch writes them, without their tails
    (found,) = in_onnxruntime(Rows(lost), x)
    assert "gelu" in disagreeing(acts, x, found, 0, ONNX_BOUND)


def test_onnx_of_batches_of_any_size() -> None:
    module = ogive.get("elu").module(learnable=["alpha"], channels=6).eval()
    shapes = ({0: torch.export.Dim("rows", min=2)},)
    program = torch.onnx.export(
        module, (INPUTS,), dynamo=True, verbose=False, dynamic_shapes=shapes
    )
    assert program is not None
    x = INPUTS.repeat(2, 1)
    torch.testing.assert_close(run(program, x)[0], module(x).detach())
