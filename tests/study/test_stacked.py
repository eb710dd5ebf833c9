"""Any model, batched and looped: the same curves, whatever trains beside a run."""

import copy
from dataclasses import replace

import numpy as np
import pytest

import ogive
import torch
from models import KINDS, Bag, Cnn, Encoder, Mlp, Recurrent, data_for
from ogive.study import masks, modeltask, stacked
from ogive.study.modeltask import Fold, train
from ogive.study.ownmodel import OwnModel, make_model_task
from ogive.study.train import Job, Recipe
from torch import nn

CLOSE = 1e-7
RECIPE = Recipe(batch_size=8, evaluate_every=2, rungs=3, patience=2, stack=100)
FOLDS = [
    Fold(np.arange(0, 24), np.arange(24, 33), np.arange(33, 40)),
    Fold(np.arange(10, 33), np.arange(0, 10), np.arange(33, 40)),
]
JOBS = [
    Job(f, rate, ("run", draw)) for f, draw in ((0, 0), (0, 1), (1, 0)) for rate in (0.003, 0.3)
]


def task_of(kind, **settings):
    return make_model_task(
        data_for(kind), OwnModel(lambda: kind().double(), **settings), None, True, 8
    )


TASKS = {}


@pytest.fixture
def task(request):
    kind = request.param
    if kind not in TASKS:
        TASKS[kind] = task_of(kind)
    return TASKS[kind]


def curves(task, jobs=JOBS, recipe=RECIPE, function="tanh", looped=""):
    task = replace(task, looped=looped)
    return train(task, task.built(ogive.get(function)), FOLDS, jobs, recipe)


def worst(ones, others):
    """The largest relative difference of two sets of outcomes, weights included."""
    gaps = [0.0]
    for one, other in zip(ones, others, strict=True):
        if len(one.curve) != len(other.curve) or one.best_step != other.best_step:
            return np.inf
        a, b = np.array(one.curve), np.array(other.curve)
        gaps.append(float(np.abs(a / b - 1).max()))
        for w, v in zip(one.weights, other.weights, strict=True):
            # A bias before normalisation has gradient 0, of whose rounding Adam makes steps.
            scale = max(float(v.double().abs().max()), 1.0)
            gaps.append(float((w.double() - v.double()).abs().max()) / scale)
    return max(gaps)


@pytest.mark.parametrize("task", KINDS, indirect=True)
def test_batched_and_looped_training_give_the_same_curves(task):
    assert task.looped == ""
    assert worst(curves(task), curves(task, looped="to compare")) < CLOSE


@pytest.mark.parametrize("task", [Mlp, Encoder], indirect=True)
def test_a_run_does_not_depend_on_its_place_or_its_company(task):
    together = curves(task)
    assert worst(together, curves(task, jobs=JOBS[::-1])[::-1]) < CLOSE
    assert worst(together[3:4], curves(task, jobs=JOBS[3:4])) < CLOSE
    assert worst(together, curves(task, recipe=replace(RECIPE, stack=4))) < CLOSE


@pytest.mark.parametrize("task", [Mlp], indirect=True)
def test_masks_keyed_by_place_would_be_seen(task, monkeypatch):
    def by_place(keys, step):
        return masks._hashed(torch.zeros_like(keys) + torch.arange(len(keys))[:, None].int() + step)

    together = curves(task)
    monkeypatch.setattr(stacked.masks, "at_step", by_place)
    assert worst(curves(task), curves(task, jobs=JOBS[::-1])[::-1]) > 1e-4
    assert worst(together, curves(task)) > 1e-4


@pytest.mark.parametrize("task", [Mlp], indirect=True)
def test_statistics_shared_between_runs_would_be_seen(task, monkeypatch):
    def shared(self, *given, **named):
        stacked.Members.__init__(self, *given, **named)
        self.fixed = {}
        self.buffers = {k: b[:1].expand_as(b).clone() for k, b in self.buffers.items()}
        averaged.append(self)

    averaged = []
    whole = stacked.Stacked._backward

    def mixed(self, *given):
        made = whole(self, *given)
        for name, b in self.buffers.items():
            if b.is_floating_point():
                self.buffers[name] = b.mean(0, keepdim=True).expand_as(b).clone()
        return made

    alone = curves(task, looped="to compare")
    monkeypatch.setattr(stacked.Stacked, "__init__", shared)
    monkeypatch.setattr(stacked.Stacked, "_backward", mixed)
    assert worst(curves(task), alone) > 1e-4
    assert averaged


def test_rates_of_one_draw_share_weights_and_rows_but_draws_do_not():
    outcomes = curves(task_of(Mlp), recipe=replace(RECIPE, rungs=1, evaluate_every=1))
    first = [outcome.curve[0][1] for outcome in outcomes]
    assert first[0] == first[1] != first[2]
    assert first[2] == first[3]


def test_candidates_share_their_draws():
    task = task_of(Cnn)
    tanh, relu = task.built(ogive.get("tanh")), task.built(ogive.get("relu"))
    one, other = (task.prototype.start(b, ("run", 1)) for b in (tanh, relu))
    for a, b in zip(one, other, strict=True):
        if a.is_floating_point() and a.std() > 0:
            torch.testing.assert_close(a / a.std(), b / b.std())
    again = task.prototype.start(tanh, ("run", 2))
    assert not torch.equal(one[0], again[0])


def test_weights_are_set_as_init_sets_them():
    task = task_of(Mlp)
    built = task.built(ogive.get("relu"))
    model = copy.deepcopy(built.module)
    report = {one.path: one for one in ogive.init_(model).layers}
    drawn = [task.prototype.start(built, ("run", i)) for i in range(60)]
    for name, path in (("layers.0.weight", "layers.0"), ("layers.4.weight", "layers.4")):
        values = torch.cat([d[built.trained.index(name)].reshape(-1) for d in drawn])
        assert float(values.std()) == pytest.approx(report[path].std, rel=0.06)


@pytest.mark.parametrize("init", ["own", "pretrained"])
def test_own_and_pretrained_weights_are_kept(init):
    model = Mlp().double()
    model.layers[0].weight.requires_grad_(False)
    task = make_model_task(data_for(Mlp), OwnModel(model, init=init), None, True, 8)
    built = task.built(ogive.get("tanh"))
    start = dict(zip(built.trained, task.prototype.start(built, ("run", 1)), strict=False))
    assert "layers.0.weight" not in start
    assert torch.equal(built.module.layers[0].weight, model.layers[0].weight)
    same = torch.equal(start["layers.4.weight"], model.layers[4].weight)
    assert same == (init == "pretrained")
    jobs = JOBS[:2]
    looped = curves(task, jobs=jobs, looped="to compare")
    assert worst(curves(task, jobs=jobs), looped) < CLOSE


class Noisy(Mlp):
    def forward(self, x):
        return super().forward(x + 0.1 * torch.randn_like(x))


class Deciding(Mlp):
    def forward(self, x):
        return super().forward(x if float(x.sum()) > 0 else 2 * x)


class Replacing(Mlp):
    """Sets its running mean anew and not in place, so that calls with given buffers lose it."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(6))

    def forward(self, x):
        if self.training:
            self.mean = 0.5 * self.mean + 0.5 * x.detach().mean(0)
        return super().forward(x - self.mean)


class Writing(Mlp):
    def forward(self, x):
        held = torch.zeros(x.shape[0], 6, dtype=x.dtype)
        held[:, :6] = x
        return super().forward(held)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Noisy, "random numbers"),
        (Deciding, "values"),
        (Replacing, "come out otherwise"),
        (Writing, "in place"),
    ],
)
def test_what_cannot_be_batched_is_looped_and_says_why(kind, said):
    task = make_model_task(data_for(Mlp), OwnModel(lambda: kind().double()), None, True, 8)
    assert said in task.looped
    assert any(said in note and "one by one" in note for note in task.notes)
    one, other = curves(task, JOBS[:2], looped=said), curves(task, JOBS[1::-1], looped=said)
    assert worst(one, other[::-1]) < 1e-12


def test_batches_of_different_shapes_are_taken_run_by_run():
    lengths = np.random.default_rng(0).integers(2, 5, 40)

    class Words(torch.utils.data.Dataset):
        def __len__(self):
            return 40

        def __getitem__(self, row):
            return torch.arange(lengths[row]) % 11, row % 3

    def padded(items):
        words = nn.utils.rnn.pad_sequence([w for w, _ in items], batch_first=True)
        return words, torch.tensor([y for _, y in items])

    loader = torch.utils.data.DataLoader(Words(), batch_size=2, collate_fn=padded)
    task = make_model_task(loader, OwnModel(lambda: Encoder().double()), None, True, 2)
    recipe = replace(RECIPE, batch_size=2)
    shapes = {task.examples.batch(np.array(r), ())[0].shape for r in ([0, 1], [2, 3], [4, 5])}
    assert len(shapes) > 1
    one, other = (curves(task, JOBS[1:3], recipe, looped=why) for why in ("", "to compare"))
    assert worst(one, other) < CLOSE


def test_a_diverging_run_leaves_its_neighbours_alone():
    task = task_of(Recurrent)
    jobs = [JOBS[0], Job(0, float("inf"), ("run", 9)), JOBS[2]]
    outcomes = curves(task, jobs=jobs)
    assert outcomes[1].diverged
    assert worst([outcomes[0], outcomes[2]], curves(task, jobs=[JOBS[0], JOBS[2]])) < CLOSE


def test_the_task_travels_without_what_it_moved_to_the_device():
    import cloudpickle

    task = task_of(Bag)
    assert task.here is not None
    again = cloudpickle.loads(cloudpickle.dumps(task))
    assert isinstance(again, modeltask.ModelTask)
    assert "here" not in vars(again)
    assert again.fingerprint == task.fingerprint
    assert worst(curves(again, jobs=JOBS[:1]), curves(task, jobs=JOBS[:1])) < 1e-12


class Scaled(Mlp):
    """Has a weight of its own that no ``reset_parameters`` draws."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.full((6,), 1.5))

    def forward(self, x):
        return super().forward(self.scale * x)


def test_weights_that_nothing_draws_anew_are_named():
    data = data_for(Mlp)
    given = make_model_task(data, OwnModel(Scaled().double()), None, True, 8)
    assert any("the given values of scale" in note for note in given.notes)
    made = make_model_task(data, OwnModel(lambda: Scaled().double()), None, True, 8)
    assert not made.notes
