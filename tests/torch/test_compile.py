"""Every entry under torch.compile, in one piece, with the slopes of the catalogue.

A planted error goes through the same check: functions differentiated operation by operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

import ogive
import torch
from layers import ALONG_AXIS, ENTRIES, LEARNABLE, Function, Rows, disagreeing, naive, off, rows
from ogive.functions import Activation
from torch import Tensor, func

pytestmark = [
    pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated"),
    # The compiler of PyTorch uses what other parts of PyTorch deprecate.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.*"),
    pytest.mark.filterwarnings("ignore::FutureWarning:torch.*"),
]
BROKEN = [ogive.get(name) for name in ("tanh", "sigmoid", "elu")]
FEW = [ogive.get(name) for name in ("sigmoid", "gelu", "elu:alpha=0.5", "hard_swish", "mish")]


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    torch.compiler.reset()
    yield
    torch.compiler.reset()


def compiled(function: Callable[..., Tensor], backend: str = "aot_eager") -> Callable[..., Tensor]:
    made: Callable[..., Tensor] = torch.compile(function, fullgraph=True, backend=backend)
    return made


def failing(
    acts: Sequence[Activation],
    functions: Sequence[Function],
    backend: str = "aot_eager",
    dtype: torch.dtype = torch.float64,
    relative: float = 1e-11,
) -> tuple[list[str], list[str]]:
    """The functions whose compiled values are wrong, and those whose gradients are."""
    x = rows(acts, dtype).requires_grad_()
    y = compiled(Rows(functions), backend)(x)
    y.sum().backward()
    assert x.grad is not None
    return (
        disagreeing(acts, x, y, 0, relative),
        disagreeing(acts, x, x.grad, 1, relative),
    )


def test_compile_modules() -> None:
    assert failing(ENTRIES, [act.module() for act in ENTRIES]) == ([], [])


def test_compile_catches_planted_errors() -> None:
    names = [act.label for act in BROKEN]
    assert failing(BROKEN, [off(act) for act in BROKEN]) == (names, names)
    values, gradients = failing(BROKEN, [naive(act) for act in BROKEN])
    assert values == []
    assert {"tanh", "sigmoid"} <= set(gradients)


def test_compile_inductor() -> None:
    """Machine code made by PyTorch's own compiler, in float32, tails and corners included."""
    found = failing(FEW, [act.module() for act in FEW], "inductor", torch.float32, 1e-5)
    assert found == ([], [])


def test_compiled_slopes_at_corners_and_in_far_tails() -> None:
    for name, at, slope in [
        ("sigmoid", 20.0, 2.0611536e-09),
        ("tanh", 20.0, 1.699342e-17),
        ("sigmoid", 0.0, 0.25),
        ("relu", 0.0, 0.0),
        ("elu:alpha=0.5", 0.0, 0.5),
        ("hard_tanh", 1.0, 0.0),
        ("hard_swish", 3.0, 1.0),
    ]:
        x = torch.tensor([at], requires_grad=True)
        compiled(ogive.get(name).module())(x).sum().backward()
        assert float(x.grad) == pytest.approx(slope, rel=1e-6), name  # type: ignore[arg-type]
        assert float(compiled(ogive.get(name).slope)(x.detach())) == pytest.approx(
            slope, rel=1e-6
        ), name


def test_compiled_functions_of_the_catalogue() -> None:
    def several(x: Tensor) -> Tensor:
        return ogive.elu(x, alpha=0.5) + ogive.mish(x) * ogive.get("softplus:beta=2").slope(x)

    x = torch.linspace(-3, 3, 13, dtype=torch.float64).requires_grad_()
    (want,) = torch.autograd.grad(several(x).sum(), x)
    (found,) = torch.autograd.grad(compiled(several)(x).sum(), x)
    torch.testing.assert_close(found, want, rtol=1e-12, atol=1e-14)


def test_compiled_functions_of_a_user() -> None:
    typed = ogive.define("tempered_in_a_test", "x*tanh(exp(a*x))", a=1.0)
    own = ogive.Definition(
        name="own_in_a_test",
        formula="x*sigmoid(x)",
        value=lambda x: x * torch.sigmoid(x),
        slope=lambda x: torch.sigmoid(x) * (1 + x * torch.sigmoid(-x)),
        facts=lambda: ogive.Facts(range=(-0.3, float("inf")), limits=(0.0, None), lipschitz=1.1),
        source=ogive.Source("a test"),
    )()
    x = torch.linspace(-3, 3, 13, dtype=torch.float64).requires_grad_()
    for act in (typed, own):
        (found,) = torch.autograd.grad(compiled(act)(x).sum(), x)
        torch.testing.assert_close(found, act.slope(x.detach()), rtol=1e-12, atol=1e-14)


def test_compile_again_for_other_settings_shapes_and_dtypes() -> None:
    def at(x: Tensor, alpha: float) -> Tensor:
        return ogive.elu(x, alpha=alpha)

    run = compiled(at)
    for alpha in (0.5, 1.5, 0.7):
        for shape in ((3,), (2, 5), (7, 1)):
            for dtype in (torch.float32, torch.bfloat16):
                x = torch.linspace(-2, 2, shape[0] * shape[-1]).reshape(-1)[: shape[0]].to(dtype)
                made = run(x, alpha)
                assert made.dtype == dtype
                torch.testing.assert_close(made, ogive.elu(x, alpha=alpha), rtol=1e-6, atol=1e-7)


def test_compile_writes_into_out() -> None:
    def into(x: Tensor, out: Tensor) -> Tensor:
        return ogive.get("elu")(x, out=out)

    x, out = torch.linspace(-2, 2, 5), torch.empty(5)
    torch.testing.assert_close(compiled(into)(x, out), ogive.elu(x))
    torch.testing.assert_close(out, ogive.elu(x))


def test_compile_of_torch_func() -> None:
    """torch.compile looks into torch.func by a road of its own."""
    follow_torch_func(FEW, 1)
    follow_torch_func(FEW, 2)
    with pytest.raises(AssertionError, match="tanh"):
        follow_torch_func(BROKEN, 1, naive)


@pytest.mark.slow
@pytest.mark.parametrize("order", [1, 2])
def test_compile_of_torch_func_for_every_entry(order: int) -> None:
    follow_torch_func(ENTRIES, order)


def follow_torch_func(
    acts: Sequence[Activation], order: int, kind: Callable[..., Function] = lambda act: act
) -> None:

    def derived(functions: Sequence[Function]) -> Callable[..., Tensor]:
        net = Rows(functions)

        def first(v: Tensor) -> Tensor:
            made: Tensor = func.grad(lambda u: net(u).sum())(v)
            return made

        if order == 1:
            return first
        return lambda v: func.jvp(first, (v,), (torch.ones_like(v),))[1]

    x = rows(acts, order=order)
    found = compiled(derived([kind(act) for act in acts]))(x)
    assert disagreeing(acts, x, found, order, 1e-11 if order == 1 else 1e-9) == []


def test_compiled_hessian_and_vmap() -> None:
    act = ogive.get("mish")
    x = torch.linspace(-2, 2, 5, dtype=torch.float64)

    def both(v: Tensor) -> Tensor:
        inner = func.vmap(func.grad(act))(v)
        return func.hessian(lambda u: act(u).sum())(v) @ inner

    torch.testing.assert_close(compiled(both)(x), both(x), rtol=1e-12, atol=1e-14)


def test_compile_along_an_axis() -> None:
    image = torch.randn(2, 4, 6, 4, generator=torch.Generator().manual_seed(3))
    x = image.double().requires_grad_()

    def all_of_them(v: Tensor) -> list[Tensor]:
        return [along(v) for along in ALONG_AXIS]

    found = compiled(all_of_them)(x)  # type: ignore[arg-type]
    for along, one in zip(ALONG_AXIS, found, strict=True):
        torch.testing.assert_close(one, along(x), rtol=1e-12, atol=1e-14, msg=along.name)
    weights = [torch.linspace(-1, 2, f.numel()).reshape(f.shape) for f in found]
    total = sum((w * f).sum() for w, f in zip(weights, found, strict=True))
    plain = sum((w * f).sum() for w, f in zip(weights, all_of_them(x), strict=True))
    (one,) = torch.autograd.grad(total, x)  # type: ignore[arg-type]
    (two,) = torch.autograd.grad(plain, x)  # type: ignore[arg-type]
    torch.testing.assert_close(one, two, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("channels", [None, pytest.param(3, marks=pytest.mark.slow)])
def test_compile_learnable_parameters(channels: int | None) -> None:
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(3)).double()
    acts = LEARNABLE if channels else LEARNABLE[::6]
    modules = torch.nn.ModuleList(
        act.module(learnable=list(act.parameters), channels=channels).double() for act in acts
    )

    def run(v: Tensor) -> list[Tensor]:
        return [module(v) for module in modules]

    leaf = x.clone().requires_grad_()
    inputs = [leaf, *modules.parameters()]
    outputs = []
    for function in (run, compiled(run)):  # type: ignore[arg-type]
        made = function(leaf)
        sums = sum((1 + i) * y.square().sum() for i, y in enumerate(made))
        outputs.append([*made, *torch.autograd.grad(sums, inputs)])  # type: ignore[arg-type]
    names = [str(module) for module in modules]
    names += ["x", *(n for n, _ in modules.named_parameters())]
    for name, one, two in zip(names, *outputs, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-10, atol=1e-10, msg=name)
