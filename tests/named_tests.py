"""Pages that name tests: which tests a file holds, and which links lead to none."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parents[1]


@lru_cache
def names_in(path: str) -> set[str]:
    """The names of the test functions in a file, empty where there is no such file."""
    file = ROOT / path
    if not file.is_file():
        return set()
    return {
        node.name
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def named(text: str) -> list[str]:
    """The tests that Markdown links to, ``tests/file.py#test_name``."""
    return re.findall(r"\]\(\.\./([^)]*)\)", text)


def absent(text: str) -> list[str]:
    """Those of them that do not exist."""
    return [one for one in named(text) if one.partition("#")[2] not in names_in(one.split("#")[0])]
