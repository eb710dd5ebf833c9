"""Shared by all tests; its place also puts this folder, with oracles/, on the import path."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "Agg")
# Tests run two at a time; more threads than cores would slow both down.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("LOKY_MAX_CPU_COUNT", "1")  # a study's own processes
# Compiled kernels stay with the checkout; their names say what they hold, so none can be stale.
_KERNELS = Path(__file__).parents[1] / ".pytest_cache" / "kernels"
os.environ.setdefault("OGIVE_CACHE_DIR", str(_KERNELS))
