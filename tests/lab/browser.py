"""A real browser for the tests: Playwright with its own Chromium, or with the system's."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 240_000  # milliseconds: two cores may have much else to do


def system_browser() -> str | None:
    """The path of a Chromium on this machine."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def browser() -> Iterator[Any]:
    """A headless Chromium; the test is skipped, with the reason, where there is none."""
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: pip install playwright"
    )
    with sync_api.sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        path = own if os.path.exists(own) else system_browser()
        if path is None:
            pytest.skip("no Chromium is found: run `playwright install chromium`, or install one")
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def served(folder: Path, *words: str) -> Iterator[str]:
    """The address that ``ogive`` with these words prints, run in ``folder``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "ogive", *words, "--no-browser", "--port", port]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder
    ) as server:
        assert server.stdout is not None
        said = []
        try:
            for line in server.stdout:
                said.append(line)
                found = re.search(r"https?://\S+", line)
                if found:
                    break
            else:
                raise AssertionError(f"no address was printed: {said}")
            yield found[0]
        finally:
            server.terminate()  # `ogive` has become the server, so that this ends it
            try:
                server.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                server.kill()
                raise


class Watched:
    """A page, with what it asked of other machines and what its console called an error."""

    def __init__(self, opened: Any, width: int, height: int = 1000) -> None:
        self.page = opened.new_page(viewport={"width": width, "height": height})
        self.page.set_default_timeout(PATIENCE)
        self.outside: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", self._asked)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._said)

    def _asked(self, request: Any) -> None:
        inside = ("file:", "data:", "blob:", "http://localhost:", "http://127.0.0.1:",
                  "ws://localhost:", "ws://127.0.0.1:")  # fmt: skip
        if not request.url.startswith(inside):
            self.outside.append(request.url)

    def _said(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def overflow(self) -> int:
        """Pixels by which the page is wider than its window."""
        found: int = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return found
