"""Shared by all tests; its place also puts this folder, with oracles/, on the import path."""

from __future__ import annotations

import os

os.environ.setdefault("MPLBACKEND", "Agg")
