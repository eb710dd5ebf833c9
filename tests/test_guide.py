"""The guide: every block of Python and every command in it is run, page by page."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from matplotlib import pyplot

from documents import blocks, commands, run_command, run_python
from ogive.functions import registry

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs" / "guide").glob("*.md"))
EACH = pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
# The README's commands stand in the guide too, and are run once.
RUN_ALREADY = set(commands((ROOT / "README.md").read_text()))


@pytest.fixture(autouse=True)
def _a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_formulas", {})


@EACH
def test_the_python_blocks_of_a_page_run_one_after_the_other(page: Path, tmp_path: Path) -> None:
    found = blocks(page.read_text(), "python")
    assert found or page.stem == "install"
    run_python("\n".join(found), tmp_path)
    pyplot.close("all")


@EACH
def test_the_commands_of_a_page_run_one_after_the_other(page: Path) -> None:
    for command in commands(page.read_text()):
        if command in RUN_ALREADY:
            continue
        run_command(command)
        if " -o " in command:
            assert Path(command.split()[-1]).stat().st_size > 5000


def test_a_wrong_block_and_a_wrong_command_are_noticed(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        run_python("assert 1 + 1 == 3", tmp_path)
    with pytest.raises(AssertionError, match="ogive show sigmod"):
        run_command("ogive show sigmod")
