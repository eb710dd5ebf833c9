"""Shared by all tests; its place also puts this folder, with oracles/, on the import path."""

from __future__ import annotations

import os

os.environ.setdefault("MPLBACKEND", "Agg")
# Tests run two at a time; more threads than cores would slow both down.
os.environ.setdefault("OMP_NUM_THREADS", "1")
