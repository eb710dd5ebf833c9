"""The verbs eval, list, show and plot, and how the command line ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from ogive import cli
from ogive.functions import names

Captured = pytest.CaptureFixture[str]


def run(capsys: Captured, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of ``ogive arguments``."""
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    captured = capsys.readouterr()
    assert isinstance(end.value.code, int)
    return end.value.code, captured.out, captured.err


def document(capsys: Captured, *arguments: str) -> Any:
    code, out, err = run(capsys, *arguments)
    assert (code, err) == (0, "")

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(out, parse_constant=refuse)


def test_eval_prints_aligned_columns_for_numbers_of_every_kind(capsys: Captured) -> None:
    code, out, _ = run(capsys, "eval", "elu", "-5", "0", "2.5", "-inf", "nan", "-1e-3", "--slope")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].split() == ["x", "elu(x)", "elu'(x)"]
    assert lines[1].split() == ["-5", "-0.9932620530009145", "0.006737946999085467"]
    assert lines[4].split() == ["-inf", "-1", "0"]
    assert lines[5].split() == ["nan", "nan", "nan"]
    assert lines[6].split()[0] == "-0.001"
    assert len({len(line) for line in lines}) == 1


def test_eval_takes_parameters_and_prints_json(capsys: Captured) -> None:
    found = document(capsys, "eval", "elu:alpha=0.5", "-inf", "3", "nan", "--slope", "--json")
    assert found == {
        "function": "elu:alpha=0.5",
        "x": ["-inf", 3.0, "nan"],
        "value": [-0.5, 3.0, "nan"],
        "slope": [0.0, 1.0, "nan"],
    }


def test_eval_takes_the_numbers_of_a_softmax_together(capsys: Captured) -> None:
    found = document(capsys, "eval", "softmax", "1000", "0", "--json")
    assert found["value"] == [1.0, 0.0]
    code, _, err = run(capsys, "eval", "softmax", "1", "2", "--slope")
    assert code == 2
    assert "softmax takes its numbers together" in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["eval", "sigmod", "1"], "no function 'sigmod'; the nearest names are sigmoid"),
        (["eval", "elu", "one"], "'one' is neither a number nor an option of eval"),
        (["eval", "elu", "1", "--slop"], "'--slop' is neither a number nor an option of eval"),
        (["eval", "elu:alpha=-1", "1"], "alpha=-1 is out of bounds"),
        (["show", "relux"], "no function 'relux'"),
        (["list", "--family", "odd"], "no family 'odd'; the families are along an axis"),
        (["plot", "softmax", "-o", "x.png"], "works along an axis"),
        (["plot", "elu:alpha=2..1", "-o", "x.png"], "do not ascend"),
        (["plot", "relu", "-o", "x.jpg"], "x.jpg has no picture's suffix"),
        (["plot", "relu", "-o", "/none/x.png"], "/none/x.png cannot be written"),
        (["plot", "relu", "--from", "2", "--to", "-2", "-o", "x.png"], "the lower first"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(
    capsys: Captured, arguments: list[str], sentence: str
) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("ogive: ")
    assert sentence in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["eval", "elu"], ["evl"], ["plot", "relu"], ["list", "--x"]])
def test_wrong_usage_is_exit_2(capsys: Captured, arguments: list[str]) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert "Usage: ogive" in err


def test_a_caret_stands_below_what_cannot_be_read_in_a_formula(capsys: Captured) -> None:
    code, out, err = run(capsys, "eval", "x*tan(expp(x))", "1")
    sentence, *pointer = err.splitlines()
    assert (code, out) == (2, "")
    assert "at column 7: there is no function 'expp'" in sentence
    assert pointer == ["  x*tan(expp(x))", "        ^"]


def test_eval_takes_the_parameters_of_a_bare_formula(capsys: Captured) -> None:
    made = document(capsys, "eval", "a*x:a=3", "2", "--json")
    assert made == {"function": "a*x:a=3", "x": [2.0], "value": [6.0]}


def test_list_shows_every_name(capsys: Captured) -> None:
    code, out, _ = run(capsys, "list")
    assert code == 0
    assert [name for name in names() if f" {name} " not in out] == []
    found = document(capsys, "list", "--json")
    assert [entry["name"] for entry in found] == names()
    family = document(capsys, "list", "--family", "exponential", "--json")
    assert [entry["name"] for entry in family] == names("exponential")
    assert next(e for e in family if e["name"] == "elu")["parameters"] == {"alpha": 1.0}


def test_show_prints_the_card(capsys: Captured) -> None:
    code, out, _ = run(capsys, "show", "Swish")
    assert code == 0
    assert "f(x) = x/(1 + exp(-x))" in out
    assert "FAILS" not in out
    found = document(capsys, "show", "elu:alpha=0.5", "--json")
    assert found["range"] == [-0.5, "inf"]
    assert all(check["holds"] for check in found["checks"])
    assert document(capsys, "show", "softmax", "--json")["family"] == "along an axis"


def test_plot_writes_the_picture(capsys: Captured, tmp_path: Path) -> None:
    path = tmp_path / "f.png"
    options = ("--slope", "--from", "-3", "--to", "3", "-o", str(path))
    code, out, err = run(capsys, "plot", "relu", "elu:alpha=0.5", *options)
    assert (code, out) == (0, "")
    assert str(path) in err
    assert path.read_bytes().startswith(b"\x89PNG")


def test_help_and_version(capsys: Captured) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == 0
    for verb in ("choose", "report", "predict", "eval", "list", "cost", "show", "plot"):
        assert verb in out
    assert run(capsys, "--version")[1].startswith("ogive ")


def ending(monkeypatch: pytest.MonkeyPatch, raised: BaseException) -> None:
    def fails() -> None:
        raise raised

    monkeypatch.setattr(cli, "app", typer.Typer())
    cli._add("fails", fails)


def test_an_unexpected_error_is_one_line_and_exit_1(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OGIVE_DEBUG", raising=False)
    ending(monkeypatch, RuntimeError("inner\nmore"))
    code, out, err = run(capsys)
    assert (code, out) == (1, "")
    assert "unexpected RuntimeError: inner; please report this" in err
    assert err.count("\n") == 1
    monkeypatch.setenv("OGIVE_DEBUG", "1")
    with pytest.raises(RuntimeError, match="inner"):
        cli.main([])


@pytest.mark.parametrize(
    ("raised", "said"), [(KeyboardInterrupt(), "interrupted"), (KeyboardInterrupt("kept"), "kept")]
)
def test_an_interruption_is_exit_130(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch, raised: BaseException, said: str
) -> None:
    ending(monkeypatch, raised)
    assert run(capsys) == (130, "", f"ogive: {said}\n")


def test_a_reader_that_leaves_is_no_error() -> None:
    command = "from ogive.cli import main\nmain(['eval', 'relu', *map(str, range(30000))])"
    with subprocess.Popen(
        [sys.executable, "-c", command], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
