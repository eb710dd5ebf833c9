"""What a swapped model keeps: copies, pickles, weights, hooks, undoing, compiling, tracing."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from architectures import ARCHITECTURES, build, output

import ogive
import torch
from ogive.errors import OgiveError
from ogive.torch.module import ActivationModule
from torch import Tensor, nn

NAMES = sorted(ARCHITECTURES)


@pytest.mark.parametrize("name", NAMES)
def test_copies_and_pickles_keep_the_new_functions(name: str, tmp_path: Path) -> None:
    model, x = build(name)
    model.eval()
    made = ogive.swap(model, "gelu")
    expected = output(model, x)
    torch.save(model, tmp_path / "model.pt")
    others = [
        copy.deepcopy(model),
        copy.deepcopy(copy.deepcopy(model)),
        pickle.loads(pickle.dumps(model)),
        torch.load(tmp_path / "model.pt", weights_only=False),
    ]
    made.undo()
    for other in others:
        assert torch.equal(output(other, x), expected)
        other.load_state_dict(model.state_dict())
        assert type(other).__name__ == type(model).__name__
        assert isinstance(other, type(model))


def test_a_pickle_opens_in_another_process(tmp_path: Path) -> None:
    model, x = build("mlp")
    ogive.swap(model, "gelu")
    torch.save((model, x, model(x)), tmp_path / "model.pt")
    program = (
        f"import sys, torch; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        f"model, x, y = torch.load({str(tmp_path / 'model.pt')!r}, weights_only=False)\n"
        f"assert torch.allclose(model(x), y), 'differs'"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_copy_trains_on_its_own() -> None:
    model, x = build("mlp")
    ogive.swap(model, lambda: nn.PReLU(init=0.1), replace="relu")
    other = copy.deepcopy(model)
    optimiser = torch.optim.SGD(other.parameters(), lr=0.5)
    start = loss(other, x).item()
    for _ in range(20):
        optimiser.zero_grad()
        made = loss(other, x)
        made.backward()
        optimiser.step()
    assert loss(other, x).item() < 0.9 * start
    slopes = [p for name, p in other.named_parameters() if "swapped" in name]
    assert len(slopes) == 5  # one for each call; that in a helper outside has no home
    assert all(float(p.detach()) != pytest.approx(0.1) for p in slopes)
    ours = [p for name, p in model.named_parameters() if "swapped" in name]
    assert all(float(p.detach()) == pytest.approx(0.1) for p in ours)


def loss(model: nn.Module, x: Tensor) -> Tensor:
    return (model(x) - 0.9).square().mean()


def test_modules_with_weights_bring_keys_and_leave_with_them() -> None:
    model, _ = build("mlp")
    keys = list(model.state_dict())
    made = ogive.swap(model, nn.PReLU, replace="relu")
    new = [k for k in model.state_dict() if k not in keys]
    assert new == [f"swapped_{i}.weight" for i in range(5)]
    (left,) = [one for one in made.left if one.site.function == "relu"]
    assert "no home" in left.why
    made.undo()
    assert list(model.state_dict()) == keys
    chain = nn.Sequential(nn.Linear(2, 2), nn.PReLU(), nn.Linear(2, 1))
    made = ogive.swap(chain, "relu")
    assert "1.weight" not in chain.state_dict()
    assert made.replaced[0].note == "its weight leaves the state_dict until undone"
    made.undo()
    assert "1.weight" in chain.state_dict()


def test_what_overwrites_its_input_still_does() -> None:
    chain = nn.Sequential(nn.Identity(), nn.ReLU(inplace=True), nn.Linear(4, 2)).double()
    ogive.swap(chain, "tanh")
    x = torch.randn(3, 4, dtype=torch.float64)
    expected = torch.tanh(x)
    chain(x)
    torch.testing.assert_close(x, expected)
    y = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: chain(v * 1), (y,))


def test_dtype_device_mode_and_hooks_stay() -> None:
    chain = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 1)).to(torch.bfloat16).eval()
    seen: list[str] = []
    handle = chain[1].register_forward_hook(lambda *_: seen.append("after"))
    chain[1].register_forward_pre_hook(lambda *_: seen.append("before"))
    made = ogive.swap(chain, nn.PReLU)
    assert chain[1].weight.dtype == torch.bfloat16
    assert not chain[1].training
    chain(torch.zeros(1, 3, dtype=torch.bfloat16))
    assert seen == ["before", "after"]
    handle.remove()
    chain(torch.zeros(1, 3, dtype=torch.bfloat16))
    assert seen == ["before", "after", "before"]
    made.undo()
    chain(torch.zeros(1, 3, dtype=torch.bfloat16))
    assert seen == ["before", "after", "before", "before"]


def test_one_module_in_several_places_stays_one() -> None:
    act = nn.ReLU()
    chain = nn.Sequential(nn.Linear(2, 2), act, nn.Linear(2, 2), act, nn.Linear(2, 1))
    made = ogive.swap(chain, "elu")
    assert len(made.replaced) == 1
    assert chain[1] is chain[3]
    assert isinstance(chain[3], ActivationModule)
    made.undo()
    assert chain[1] is chain[3] is act


def test_swaps_on_top_of_each_other_are_undone_in_turn() -> None:
    model, x = build("resnet")
    model.eval()
    first = output(model, x)
    one = ogive.swap(model, "elu")
    second = output(model, x)
    two = ogive.swap(model, "sine", replace="elu")
    assert len(two.replaced) == 4
    assert not torch.equal(output(model, x), second)
    with pytest.raises(OgiveError, match="undo later swaps first"):
        one.undo()
    two.undo()
    assert torch.equal(output(model, x), second)
    one.undo()
    assert torch.equal(output(model, x), first)


def test_a_failing_factory_leaves_the_model_as_it_was() -> None:
    model, x = build("resnet")
    model.eval()
    before, made = output(model, x), iter([nn.Tanh(), nn.Tanh()])
    with pytest.raises(StopIteration):
        ogive.swap(model, lambda: next(made))
    assert torch.equal(output(model, x), before)
    with pytest.raises(OgiveError, match="made int, not a torch"):
        ogive.swap(model, lambda: 3)  # type: ignore[arg-type, return-value]
    assert torch.equal(output(model, x), before)


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")
@pytest.mark.parametrize("whole", [False, True], ids=["ours", "PyTorch's, as one graph"])
def test_a_compiled_model_computes_the_new_function(whole: bool) -> None:
    """The exchange itself breaks no graph, so that PyTorch's own modules compile as one."""
    model, x = build("mlp")
    ogive.swap(model, nn.Tanh if whole else "tanh", replace="relu")
    expected = model(x)
    torch.compiler.reset()
    fast = torch.compile(model, backend="eager", fullgraph=whole)
    torch.testing.assert_close(fast(x), expected)
    fast(x).sum().backward()


def test_a_traced_model_computes_the_new_functions() -> None:
    model, x = build("mlp")
    ogive.swap(model, "tanh")
    graph = torch.fx.symbolic_trace(model)
    torch.testing.assert_close(graph(x), model(x))
    assert "relu" not in graph.code


def test_watching_leaves_no_hook_behind() -> None:
    model, x = build("transformer")
    ogive.swap(model, "tanh", inputs=x)
    with pytest.raises(IndexError):
        ogive.swap(model, "tanh", inputs=x + 100)
    assert not torch.nn.modules.module._has_any_global_hook()
    assert model.training
    assert all(module.training for module in model.modules())


def test_what_a_forward_assigns_is_no_proxy_after_it_was_traced() -> None:
    class Running(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.act, self.two = nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)
            self.register_buffer("mean", torch.zeros(3))
            self.last = None

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.mean = 0.5 * self.mean + 0.5 * x.mean(0)
            self.last = self.two(self.act(self.one(x - self.mean)))
            return self.last

    model = Running()
    before = model.mean
    assert len(ogive.swap(model, "tanh").replaced) == 1
    assert model.mean is before
    assert model.last is None
    assert isinstance(model.act, nn.Module)
    ogive.init_(model)
    assert model.mean is before
    assert model(torch.ones(2, 3)).shape == (2, 2)
