"""`ogive.choose` on a model of one's own: data of every kind, losses, storing, taking home."""

import json
from pathlib import Path

import numpy as np
import pytest
from torch.utils.data import DataLoader, Dataset, TensorDataset, WeightedRandomSampler

import ogive
import torch
from models import Mlp, data_for
from ogive.errors import BadData, BadStore, BadStudy, OgiveError
from ogive.report import page
from ogive.report.protocol import command
from ogive.study.ownmodel import OwnModel, make_model_task
from ogive.study.store import read_study
from torch import nn

X, Y = data_for(Mlp, 60)
X = X.float()
QUICK = {"candidates": "relu,tanh", "seeds": 5, "rates": (0.01, 0.1), "epochs": 2, "engine": "here"}


def quick(data=(X, Y), model=Mlp, **settings):
    return ogive.choose(data, model=model, **{**QUICK, **settings})


def runs(study):
    return sorted((r.label, r.split, r.stage, r.rate, r.score, r.valid_loss) for r in study.runs)


@pytest.fixture(scope="module")
def choice(tmp_path_factory):
    return quick(store=tmp_path_factory.mktemp("own") / "study.sqlite")


def test_a_choice_is_the_same_kind_of_choice(choice, tmp_path):
    plan = choice.study.plan
    assert len(choice.study.runs) == plan.runs == 3 * 5 * (2 + 1)
    assert choice.best in choice.ties
    assert plan.baseline == "no activation"
    text = " ".join(str(choice).split())
    assert choice.sentence in text
    assert "no activation" in text
    assert "linear model" not in text
    document = json.loads(json.dumps(choice.to_dict(), allow_nan=False))
    assert document["recommended"] == choice.best
    assert "Mlp, a model of your own, with 99 weights" in document["network"]
    assert "layers.2 (relu)" in document["network"]
    html = choice.report(tmp_path / "own.html").read_text()
    assert "ogive.init_" in html
    assert "linear model" not in html
    assert command(choice.study).startswith("ogive.choose(data, ")
    assert "model=Mlp" in command(choice.study)


def test_a_stored_study_is_read_again_and_not_trained_again(choice, monkeypatch):
    from ogive.study import parcel

    path = choice._store.path
    monkeypatch.setattr(parcel, "carry_out", lambda *_: pytest.fail("it trained again"))
    again = quick(store=path)
    assert runs(again.study) == runs(choice.study)
    assert page.page(read_study(path), choice.verdict)
    for changed in ({"loss": nn.CrossEntropyLoss()}, {"optimizer": "sgd"}, {"init": "own"}):
        with pytest.raises(BadStore, match="different study"):
            quick(store=path, rates=QUICK["rates"], **changed)
    with pytest.raises(BadStore, match="data have changed"):
        quick((X + 1, Y), store=path)


def test_the_network_goes_home(choice, tmp_path):
    model = choice.model()
    assert isinstance(model, Mlp)
    assert not model.training
    predicted = choice.predict(X[:7])
    assert predicted.shape == (7,)
    np.testing.assert_array_equal(predicted, model(X[:7]).argmax(1).numpy())
    folder = choice.save(tmp_path / "net")
    with pytest.raises(OgiveError, match=r"ogive\.swap"):
        ogive.load(folder)
    from safetensors.torch import load_file

    fresh = Mlp()
    fresh.load_state_dict(load_file(folder / "weights.safetensors"), strict=False)
    assert torch.equal(fresh.layers[0].weight, model.layers[0].weight)
    again = quick(store=choice._store.path).model()
    assert torch.equal(again.layers[4].weight, model.layers[4].weight)


def test_workers_and_this_process_give_the_same_runs(choice):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        assert runs(quick(engine=pool).study) == runs(choice.study)


class Rows(Dataset):
    """A Dataset whose rows draw noise, as an augmentation does."""

    def __init__(self, noise=0.0):
        self.noise = noise

    def __len__(self):
        return len(X)

    def __getitem__(self, row):
        noise = torch.randn(6) + float(np.random.rand())  # noqa: NPY002
        return X[row] + self.noise * noise, int(Y[row])


def task_of(data=(X, Y), model=Mlp, metric=None, **settings):
    return make_model_task(data, OwnModel(model, **settings), metric, True, 8)


def test_data_come_in_many_forms():
    plain = task_of()
    loader = DataLoader(TensorDataset(X, Y), batch_size=7, shuffle=True)
    arrays = (X.double().numpy(), Y.numpy())
    for data in (loader, arrays, torch.utils.data.Subset(TensorDataset(X, Y), range(60))):
        assert task_of(data).fingerprint == plain.fingerprint
    rows = task_of(Rows())
    assert rows.rows == 60
    np.testing.assert_array_equal(rows.target, Y.numpy())
    assert rows.fingerprint == task_of(Rows()).fingerprint != task_of(Rows(1.0)).fingerprint
    sampler = WeightedRandomSampler([1.0] * 60, 60)
    weighted = task_of(DataLoader(TensorDataset(X, Y), batch_size=7, sampler=sampler))
    assert any("WeightedRandomSampler" in note for note in weighted.notes)
    assert quick(loader, seeds=5, candidates="tanh").study.plan.batch_size == 7


def test_what_a_dataset_draws_depends_on_run_and_step_alone():
    examples = task_of(Rows(1.0)).examples
    some = np.array([3, 4])
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    one = examples.batch(some, ("a", 1))[0]
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(2)
    assert torch.equal(one, examples.batch(some, ("a", 1))[0])
    assert not torch.equal(one, examples.batch(some, ("a", 2))[0])


def test_fixed_validation_and_test_rows(monkeypatch):
    task = task_of(valid=(X[:12], Y[:12]), test=(X[12:32], Y[12:32]))
    train, valid, test = task.parts(0, 1, "run")
    assert len(train) == 48
    assert list(valid) == list(range(60, 72))
    assert list(test) == list(range(72, 92))
    made = quick({"train": (X, Y), "test": (X[:20], Y[:20])}, candidates="tanh")
    finals = [r for r in made.study.runs if r.stage == "final"]
    assert all(len(r.resampled) == 200 and r.test_rows == 20 for r in finals)
    assert np.std(finals[0].resampled) > 0
    assert "20" in made.to_dict()["protocol"]["words"]["Splits"]


def own_loss(output, target):
    return nn.functional.cross_entropy(output, target, label_smoothing=0.1)


def spread(outputs, targets):
    return outputs.std()


@pytest.mark.parametrize(
    ("settings", "metric", "name", "kind"),
    [
        ({}, None, "accuracy", "multiclass"),
        ({}, "log_loss", "log_loss", "multiclass"),
        ({}, "loss", "loss", "multiclass"),
        ({"loss": own_loss}, None, "loss", "own"),
        ({"loss": own_loss}, "accuracy", "accuracy", "multiclass"),
        ({"loss": own_loss}, spread, "spread", "own"),
    ],
)
def test_losses_and_metrics(settings, metric, name, kind):
    task = task_of(metric=metric, **settings)
    assert (task.metric.name, task.kind) == (name, kind)
    from ogive.study.modeltask import scored

    found = scored(task, task.prototype.module.eval(), np.arange(20))
    with torch.no_grad():
        outputs = task.prototype.module(X[:20])
    expected = {
        "accuracy": (outputs.argmax(1) == Y[:20]).double().mean(),
        "log_loss": nn.functional.cross_entropy(outputs, Y[:20]),
        "loss": task.aim.of_outputs(outputs, Y[:20]),
        "spread": outputs.std(),
    }[name]
    assert found.score == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("loss", ["bce", "mse"])
def test_one_output(loss):
    def model():
        return nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 1))

    y = (X[:, 0] > 0).float() if loss == "bce" else X[:, 0]
    task = task_of((X, y), model, loss=loss)
    assert task.metric.name == ("accuracy" if loss == "bce" else "r2")
    assert task.classes == (("0", "1") if loss == "bce" else ())


def derivative(model, x):
    slope = torch.func.jvp(model, (x,), (torch.ones_like(x),))[1]
    return (slope - 1).square().mean()


def by_autograd(model, x):
    x = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(model(x).sum(), x, create_graph=True)
    return (slope - 1).square().mean()


@pytest.mark.parametrize("objective", [derivative, by_autograd])
def test_an_objective_of_the_model_trains_and_scores(objective):
    def model():
        return nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))

    x = torch.linspace(-1, 1, 50)[:, None]
    made = quick(x, model, objective=objective, candidates="tanh,relu", epochs=4)
    assert made.study.about["metric"] == "loss"
    assert not made.study.about["higher_is_better"]
    one_by_one = any("one by one" in note for note in made.remarks)
    assert one_by_one == (objective is by_autograd)
    scores = {r.score for r in made.study.runs if r.stage == "final"}
    assert all(s is not None and s < 3 for s in scores)


class Bare(nn.Module):
    def __init__(self):
        super().__init__()
        self.out = nn.Linear(6, 3)

    def forward(self, x):
        return self.out(x)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"model": Bare}, BadStudy, "no activation of the model can be replaced"),
        ({"model": 3}, BadStudy, "model=3"),
        ({"model": lambda: 3}, BadStudy, "made int"),
        ({"data": "digits"}, BadStudy, "the data cannot be 'digits'"),
        ({"data": (X[:9], Y[:9])}, BadData, "9 rows"),
        ({"data": (X, Y[:9])}, BadData, "9 and 60 rows"),
        ({"data": X}, BadData, "not a pair"),
        ({"data": (X[:, :5], Y)}, BadData, "does not train on these data"),
        ({"data": (X, Y - 1)}, BadData, "counted from 0"),
        ({"loss": "crossentropy"}, BadStudy, "the nearest names are cross_entropy"),
        ({"loss": lambda o, t: o}, BadStudy, "not one number"),
        ({"metric": "r2"}, BadStudy, "does not fit"),
        ({"objective": derivative, "loss": "mse"}, BadStudy, "both say what is minimised"),
        ({"optimizer": "adm"}, BadStudy, "no optimizer"),
        ({"init": "he"}, BadStudy, "init='he'"),
        ({"epochs": 0}, BadStudy, "epochs is 0"),
        ({"batch_size": 2.5}, BadStudy, "batch_size is 2.5"),
        ({"device": "tpu9"}, BadStudy, "device='tpu9'"),
        ({"precision": "int8"}, BadStudy, "precision='int8'"),
        ({"width": 8}, BadStudy, "goes with a table"),
        ({"model": None}, BadStudy, "goes with a model of your own"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence(change, error, said):
    with pytest.raises(error, match=said) as caught:
        quick(**change)
    assert "\n" not in str(caught.value)


FILE = """
import torch
from torch import nn
import torch.nn.functional as F

print("noise")

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(4, 6), nn.Linear(6, 2)

    def forward(self, x):
        return self.two(F.relu(self.one(x)))

def data():
    x = torch.randn(60, 4, generator=torch.Generator().manual_seed(0))
    return {"train": (x[:40], (x[:40, 0] > 0).long()), "test": (x[40:], (x[40:, 0] > 0).long())}
"""


def test_from_the_command_line(tmp_path, monkeypatch, capsys):
    from ogive.cli import main

    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(FILE)
    words = "choose --model own.py:Net --data own.py:data --candidates relu,tanh --seeds 5"
    with pytest.raises(SystemExit) as ended:
        main([*words.split(), "--rates", "0.01", "--epochs", "1", "--json", "--store", "s.sqlite"])
    assert ended.value.code == 0
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert document["recommended"] in {"relu", "tanh"}
    assert document["data"]["test_rows"] == 20
    assert document["command"].startswith("ogive choose --data own.py:data --candidates relu,tanh")
    for wrong, sentence in (
        ("choose iris --model own.py:Net --data own.py:data", "named twice"),
        ("choose --model own.py:Nett --data own.py:data", "nearest names are Net"),
        ("choose iris --epochs 3", "goes with a model of your own"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(wrong.split())
        assert ended.value.code == 2
        assert sentence in capsys.readouterr().err
