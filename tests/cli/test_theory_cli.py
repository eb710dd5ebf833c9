"""``ogive theory``: text, JSON, a picture, and bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ogive import cli

Captured = pytest.CaptureFixture[str]


def run(capsys: Captured, *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        cli.main(["theory", *arguments])
    captured = capsys.readouterr()
    assert isinstance(end.value.code, int)
    return end.value.code, captured.out, captured.err


def test_it_says_what_the_function_does(capsys: Captured) -> None:
    code, out, err = run(capsys, "tanh", "--sigma-w", "1.5", "--sigma-b", "0.3")
    assert (code, err) == (0, "")
    for said in ("tanh in a deep random network", "sigma_w = 1.5", "critical point", "six depth"):
        assert said in " ".join(out.split())


def test_json_is_one_document_of_finite_numbers(capsys: Captured) -> None:
    code, out, err = run(capsys, "relu", "--json")
    assert (code, err) == (0, "")

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    found = json.loads(out, parse_constant=refuse)
    assert found["chi"] == pytest.approx(1)
    assert found["trainable_depth"] is None  # infinite
    assert found["critical_point"] == {
        "sigma_w": pytest.approx(2**0.5), "sigma_b": 0.0, "length": None, "stable": True,
    }  # fmt: skip
    with pytest.raises(AssertionError, match="Infinity is not JSON"):
        json.loads("[Infinity]", parse_constant=refuse)


def test_a_picture_is_drawn(capsys: Captured, tmp_path: Path) -> None:
    path = tmp_path / "tanh.png"
    code, out, err = run(capsys, "tanh", "--json", "--plot", str(path))
    assert code == 0
    assert json.loads(out)["label"] == "tanh"
    assert err == f"The picture is in {path}.\n"
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tahn"], "there is no function 'tahn'; the nearest names are"),
        (["softmax"], "works along an axis"),
        (["tanh", "--sigma-w", "0"], "sigma_w is 0; give a number from 1e-06 to 1e+06"),
        (["tanh", "--sigma-b", "-1"], "sigma_b is -1; give a number from 0 to 1e+06"),
        (["0*x"], "is 0 wherever a standard normal input may lie"),
        (["tanh", "--plot", "x.jpg"], "has no picture's suffix"),
    ],
)
def test_bad_input_ends_with_one_sentence_and_2(
    capsys: Captured, arguments: list[str], said: str
) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
