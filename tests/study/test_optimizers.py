"""Optimisers side by side: each run steps as torch.optim would on its own."""

import pytest

import torch
from ogive.errors import BadStudy
from ogive.study.optimizers import Stack, optimizer

TORCH = {
    "adam": lambda p, r: torch.optim.Adam(p, lr=r),
    "adam:weight_decay=0.1,beta1=0.8": lambda p, r: torch.optim.Adam(
        p, lr=r, weight_decay=0.1, betas=(0.8, 0.999)
    ),
    "adamw": lambda p, r: torch.optim.AdamW(p, lr=r),
    "adamw:weight_decay=0.3": lambda p, r: torch.optim.AdamW(p, lr=r, weight_decay=0.3),
    "sgd": lambda p, r: torch.optim.SGD(p, lr=r, momentum=0.9),
    "sgd:momentum=0": lambda p, r: torch.optim.SGD(p, lr=r),
    "sgd:nesterov=1,weight_decay=0.1": lambda p, r: torch.optim.SGD(
        p, lr=r, momentum=0.9, nesterov=True, weight_decay=0.1
    ),
}
RATES = (0.01, 0.3, 0.05)


def run(text, torch_text=None):
    """Weights after six steps, ours and torch's, of three runs; one leaves after three."""
    random = torch.Generator().manual_seed(1)
    parts = [torch.randn(3, *s, generator=random, dtype=torch.float64) for s in ((4, 2), (2,))]
    theirs = [[p[i].clone().requires_grad_() for p in parts] for i in range(3)]
    rules = [TORCH[torch_text or text](own, rate) for own, rate in zip(theirs, RATES, strict=True)]
    stack, alive = Stack(parts, RATES, optimizer(text)), [0, 1, 2]
    for step in range(1, 7):
        for j, i in enumerate(alive):
            for g, p, own in zip(stack.gradients, stack.weights, theirs[i], strict=True):
                g[j] = p[j].cos() * (i + 1)
                own.grad = own.detach().cos() * (i + 1)
            rules[i].step()
        stack.step(step)
        if step == 3:
            stack.keep(torch.tensor([0, 2]))
            alive = [0, 2]
    return [[p[j] for p in stack.weights] for j in range(2)], [theirs[i] for i in alive]


@pytest.mark.parametrize("text", TORCH)
def test_steps_are_those_of_torch(text):
    ours, theirs = run(text)
    for one, other in zip(ours, theirs, strict=True):
        for a, b in zip(one, other, strict=True):
            torch.testing.assert_close(a, b.detach(), rtol=1e-12, atol=1e-12)


def test_another_rule_is_told_apart():
    ours, theirs = run("adamw", "adam")
    assert not torch.allclose(ours[0][0], theirs[0][0].detach(), rtol=1e-6)


def test_an_optimizer_has_a_label_and_a_title():
    assert optimizer("SGD").label == "sgd"
    assert optimizer("sgd:momentum=0.5").label == "sgd:momentum=0.5"
    assert optimizer("sgd").title == "SGD (momentum 0.9)"
    assert optimizer("adamw:weight_decay=0.1").title == "AdamW (weight decay 0.1)"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("adm", "the nearest names are adam"),
        ("adam:momentum=0.5", "adam has beta1=0.9"),
        ("sgd:momentum=1", "cannot be used"),
        ("sgd:nesterov=2", "cannot be used"),
        ("adamw:weight_decay=much", "cannot be used"),
    ],
)
def test_a_wrong_optimizer_is_named(text, said):
    with pytest.raises(BadStudy, match=said):
        optimizer(text)
