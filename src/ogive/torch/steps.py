"""The steps that a model's computation is made of, and of which kind a module or a call is one.

Modules whose meaning is known (layers with weights, activations, normalisation) are one step
each, and so are the functions that are called in between.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from torch.utils._pytree import tree_leaves

import torch
from ogive.functions.activation import Activation
from ogive.torch.known import Function, functions, methods, of_module
from torch import Tensor, nn

WEIGHTED = (
    nn.Linear,
    nn.Bilinear,
    nn.modules.conv._ConvNd,
)
LOOKUPS = (nn.Embedding, nn.EmbeddingBag)
OPAQUE = (nn.RNNBase, nn.RNNCellBase, nn.MultiheadAttention)
NORMS = {"torch.nn.modules.batchnorm", "torch.nn.modules.instancenorm"} | {
    "torch.nn.modules.normalization"
}
PRODUCTS = {"mul", "mul_", "multiply", "__mul__", "__rmul__", "__imul__", "imul"}
SUMS = {"add", "add_", "__add__", "__radd__", "__iadd__", "iadd"}
MIXES = {"matmul", "__matmul__", "__rmatmul__", "bmm", "baddbmm", "einsum", "mm"} | {
    "linear",
    "conv1d",
    "conv2d",
    "conv3d",
    "bilinear",
    "scaled_dot_product_attention",
    "multi_head_attention_forward",
}
NORM_FUNCTIONS = {"batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm"}
OVERWRITE = "copy_"  # whose first input is lost
NOWHERE = (str(Path(torch.__file__).parent), str(Path(__file__).parents[1]))


@dataclass(eq=False)
class Step:
    """One step of the model's computation; ``inputs`` are the steps whose results it takes.

    ``kind`` is one of input, constant, weight, activation, axis (softmax and the like), norm,
    lookup (an embedding), opaque (attention, recurrent cells), mul, add, mix (products of
    matrices), pass (all that neither weighs nor bends) and output. ``path`` is the module's own,
    or that of the module whose code called a function.
    """

    kind: str
    path: str
    name: str
    function: Function | None = None
    inputs: list[Step] = field(default_factory=list, repr=False)
    users: list[Step] = field(default_factory=list, repr=False)
    file: str = ""
    line: int = 0
    module: nn.Module | None = field(default=None, repr=False)
    inplace: bool = False


def module_kind(module: nn.Module) -> tuple[str, Function | None] | None:
    """The kind of step that a module is, as one; None for a module that is made of others."""
    for kind, types in (("weight", WEIGHTED), ("lookup", LOOKUPS), ("opaque", OPAQUE)):
        if isinstance(module, types):
            return kind, None
    if type(module).__module__ in NORMS or type(module).__name__.endswith("Norm"):
        return "norm", None
    function = of_module(module)
    if function is not None and function.name != "identity":
        return ("activation" if isinstance(function, Activation) else "axis"), function
    own = type(module).__module__.startswith("torch.nn.")
    moves = own and not any(module.children()) and not isinstance(module, nn.Sequential)
    return ("pass", None) if moves or function is not None else None


def function_kind(called: Any, given: tuple[Any, ...], named: dict[str, Any]) -> Step:
    """The step that a call of one of PyTorch's functions is, without its place and inputs."""
    name = called if isinstance(called, str) else getattr(called, "__name__", str(called))
    known = functions().get(called) if not isinstance(called, str) else None
    if known is None and name in methods():
        known = methods()[name]
    if known is not None:
        settings = {**dict(zip(known.arguments, given[1:], strict=False)), **named}
        function = known.function({k: v for k, v in settings.items() if v is not None})
        kind = "activation" if isinstance(function, Activation) else "axis"
        inplace = known.inplace or settings.get("inplace") is True
        return Step(kind, "", known.name, function, inplace=inplace)
    for kind, names in (("mul", PRODUCTS), ("add", SUMS), ("mix", MIXES), ("norm", NORM_FUNCTIONS)):
        if name in names:
            return Step(kind, "", name)
    kind = "lookup" if name == "embedding" else "pass"
    return Step(kind, "", name, inplace=name == OVERWRITE)


def place() -> tuple[str, int]:
    """File and line of the model's code that runs: the innermost outside of libraries' own."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(NOWHERE):
            return file, frame.f_lineno
        frame = frame.f_back
    return "", 0


def overwrites(module: nn.Module) -> bool:
    """Whether an activation writes its result over its input."""
    return bool(getattr(module, "inplace", False))


def holds_weights(module: nn.Module) -> bool:
    """Whether layers with weights are in it."""
    return any(isinstance(m, WEIGHTED) for m in module.modules())


def connect(step: Step, inputs: list[Step]) -> None:
    """Say that ``step`` takes the results of ``inputs``."""
    for one in inputs:
        step.inputs.append(one)
        one.users.append(step)


def tensors(given: Any) -> list[Tensor]:
    """All tensors in nested lists, tuples, dicts and records."""
    found: list[Tensor] = []
    for leaf in tree_leaves(given):
        if isinstance(leaf, Tensor):
            found.append(leaf)
        elif hasattr(leaf, "__dataclass_fields__"):
            found += [v for v in vars(leaf).values() if isinstance(v, Tensor)]
    return found
