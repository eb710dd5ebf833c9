"""Whatever is shown is run: the examples, and every command and block of the README."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib import pyplot

from documents import blocks, commands, run_command, run_python
from ogive.functions import registry

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
# What the README shows at full length is run on fewer functions and splits.
SMALLER = ["--candidates", "relu,tanh", "--seeds", "5", "--rates", "0.01", "--width", "8"]
OWN_SMALLER = ["--candidates", "relu", "--seeds", "5", "--rates", "0.01", "--epochs", "0.1"]


def run(*words: str | Path, cwd: Path) -> str:
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.stem)
def test_an_example_runs(path: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    quick = ["--quick"] if "--quick" in path.read_text() else []
    run(sys.executable, tmp_path / "examples" / path.name, *quick, cwd=tmp_path)
    made = (tmp_path / "examples" / "customers.csv").read_bytes()
    assert made == (ROOT / "examples" / "customers.csv").read_bytes()


@pytest.mark.parametrize("block", blocks(README, "python"))
def test_a_python_block_of_the_readme_runs(
    block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_formulas", {})
    run_python(block, tmp_path)
    pyplot.close("all")


def test_the_commands_of_the_readme_run_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    assert len(commands(README)) >= 6
    for command in commands(README):
        own = OWN_SMALLER if "--data" in command else SMALLER
        run_command(command, own if command.startswith("ogive choose") else [])
    for made in ("customers.html", "predictions.csv", "curves.png"):
        assert (tmp_path / made).stat().st_size > 1000
    assert len((tmp_path / "predictions.csv").read_text().splitlines()) == 901


def test_the_two_commands_of_the_readme_are_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in ("demo", "test"):
        assert f"make {target}" in README
        assert re.search(rf"^{target}:", makefile, re.M)


def test_what_the_readme_counts_is_so() -> None:
    families = [entry.family for entry in registry.entries()]
    along = families.count("along an axis")
    typed = families.count("formula")  # what another test may have left
    elementwise = len(families) - along - typed
    claimed = f"The catalogue holds {elementwise} elementwise functions and {along} along an axis"
    assert claimed in " ".join(README.split())
