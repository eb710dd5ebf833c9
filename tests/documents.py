"""Documents that are run: the Python blocks and the `ogive` commands in a page of Markdown."""

from __future__ import annotations

import re
import runpy
import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest

from ogive import cli

_FENCE = re.compile(r"```(\w*)\n(.*?)```", re.S)


def blocks(text: str, language: str) -> list[str]:
    """The blocks of ``text`` that are marked as ``language``, in order."""
    return [block for marked, block in _FENCE.findall(text) if marked == language]


def commands(text: str) -> list[str]:
    """The command lines in the blocks marked as bash, in order."""
    return [line for block in blocks(text, "bash") for line in block.strip().splitlines()]


def run_python(source: str, folder: Path) -> None:
    """Run ``source`` as a program in ``folder``, in this process: torch is loaded already.

    It lies in a file, since a model's code is read from where it stands.
    """
    path = folder / "block.py"
    path.write_text(source)
    runpy.run_path(str(path), run_name="__main__")


def run_command(line: str, extra: Sequence[str] = ()) -> None:
    """Run ``ogive ...`` in this process; it must end with exit code 0."""
    words = shlex.split(line)
    assert words[0] == "ogive"
    with pytest.raises(SystemExit) as end:
        cli.main([*words[1:], *extra])
    assert end.value.code == 0, line
