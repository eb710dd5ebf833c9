"""``ogive probe``: from files to a table, a page and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ogive.cli import main

FILE = """
import torch
from torch import nn

print("noise")

class Net(nn.Sequential):
    def __init__(self):
        torch.manual_seed(0)
        super().__init__(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))

def model():
    return Net()

trained = Net()

def broken():
    made = Net()
    nn.init.constant_(made[0].bias, -100.0)
    return made

def needs(x):
    return x

def data():
    torch.manual_seed(1)
    return torch.randn(32, 4), torch.arange(32) % 3

batches = [(torch.ones(8, 4), torch.zeros(8, dtype=torch.long)) for _ in range(3)]
loader = torch.utils.data.DataLoader(torch.randn(32, 4), batch_size=8)
wide = torch.ones(5, 9)
loss = nn.CrossEntropyLoss
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    return str(path)


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["probe", *arguments])
    assert isinstance(end.value.code, int)
    return end.value.code


@pytest.mark.parametrize("name", ["model", "Net", "trained"])
def test_a_table(name: str, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--model", f"{file}:{name}", "--data", f"{file}:data") == 0
    out, _ = capsys.readouterr()
    assert "Net is healthy: nothing is wrong at its 1 activation." in out
    assert "noise" not in out


def test_json_and_a_page(file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "health.html"
    code = run(
        *("--model", f"{file}:broken", "--data", f"{file}:data", "--loss", f"{file}:loss"),
        *("--report", str(page), "--json"),
    )
    assert code == 0
    out, err = capsys.readouterr()
    made = json.loads(out)
    assert made["findings"][0]["rule"] == "dead units"
    assert made["gradient_of"] == "the loss"
    assert f"The report is in {page}" in err
    assert "16 of 16 units of 1 are dead" in page.read_text()


def test_arrays_and_loaders(file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = np.random.default_rng(0).normal(size=(20, 4))
    np.savez(tmp_path / "data.npz", x=x, y=np.arange(20) % 3)
    assert run("--model", f"{file}:model", "--data", str(tmp_path / "data.npz"), "--json") == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["samples"], made["gradient_of"]) == (20, "the cross-entropy")
    arguments = ("--model", f"{file}:model", "--data", f"{file}:loader", "--batches", "2")
    assert run(*arguments, "--json") == 0
    assert json.loads(capsys.readouterr().out)["samples"] == 16


@pytest.mark.parametrize(
    ("model", "data", "sentence"),
    [
        ("nowhere.py:model", "{}:data", "there is no file nowhere.py"),
        ("{}:modle", "{}:data", "has no modle; the nearest names are model"),
        ("{}", "{}:data", "names nothing; write path.py:name"),
        ("model", "{}:data", "names nothing; write path.py:name"),
        ("{}:needs", "{}:data", "cannot be called without arguments"),
        ("{}:wide", "{}:data", "name a torch.nn.Module"),
        ("{}:model", "{}:wide", "the model does not run on this data (RuntimeError"),
        ("{}:model", "nowhere.npz", "cannot be read"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    model: str, data: str, sentence: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--model", model.format(file), "--data", data.format(file)) == 2
    out, err = capsys.readouterr()
    assert sentence in err
    assert out == ""
    assert len([line for line in err.splitlines() if line != "noise"]) == 1
