"""Compiled kernels: from LLVM text to a callable, kept on disk between processes.

A compiled object is kept under the hash of its text, of the machine it was made for and of the
compiler, so that a changed definition cannot meet an old object. A damaged file is made anew, and
a folder that cannot be written to only costs the compiling.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
import tempfile
import threading
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

KEPT_FOR = "1"  # the format of the files
MOST_KEPT = 8192  # files, of about 8 kB each
_DIGEST = 32

lock = threading.RLock()  # of all that is made once and shared by threads
_loaded: dict[str, Any] = {}
_alive: list[Any] = []  # engines own the code


def folder() -> Path:
    """Where compiled kernels are kept: OGIVE_CACHE_DIR, or a folder for caches of this user."""
    given = os.environ.get("OGIVE_CACHE_DIR")
    if given:
        return Path(given)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "ogive" / "kernels"


@lru_cache(maxsize=1)
def _target() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        codemodel="jitdefault",
    )


@lru_cache(maxsize=1)
def features() -> frozenset[str]:
    """The instruction sets of this machine, by LLVM's names."""
    import llvmlite.binding as llvm

    return frozenset(name for name, present in llvm.get_host_cpu_features().items() if present)


@lru_cache(maxsize=1)
def _made_for() -> str:
    import llvmlite
    import llvmlite.binding as llvm

    parts = (KEPT_FOR, llvmlite.__version__, *llvm.llvm_version_info, llvm.get_host_cpu_name())
    return " ".join(map(str, [*parts, *sorted(features())]))


def function(text: str) -> Any:
    """The function ``kernel`` of the LLVM ``text``, taking addresses and a count; it lets other
    Python threads run."""
    key = hashlib.sha256(f"{_made_for()}\n{text}".encode()).hexdigest()
    found = _loaded.get(key)
    if found is None:
        with lock:
            found = _loaded.get(key)
            if found is None:
                found = _loaded[key] = _load(text, key)
    return found


def _load(text: str, key: str) -> Any:
    import llvmlite.binding as llvm

    code = _kept(key)
    if code is None:
        code = _compile(text)
        _keep(key, code)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _alive.append(engine)
    pointers = text.split("define void @kernel(", 1)[1].split(")", 1)[0].count("ptr")
    kind = ctypes.CFUNCTYPE(None, ctypes.c_size_t, *[ctypes.c_void_p] * pointers)
    return kind(engine.get_function_address("kernel"))


def _compile(text: str) -> bytes:
    import llvmlite.binding as llvm

    module = llvm.parse_assembly(text)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    # The text is written in vectors already.
    options.loop_vectorization = options.slp_vectorization = options.loop_unrolling = False
    builder = llvm.create_pass_builder(_target(), options)
    builder.getModulePassManager().run(module, builder)
    code: bytes = _target().emit_object(module)
    return code


def _kept(key: str) -> bytes | None:
    try:
        data = (folder() / f"{key}.o").read_bytes()
    except (OSError, RuntimeError):  # the latter where this user has no home
        return None
    digest, code = data[:_DIGEST], data[_DIGEST:]
    return code if hashlib.sha256(code).digest() == digest else None


def _keep(key: str, code: bytes) -> None:
    with suppress(OSError, RuntimeError):
        where = folder()
        where.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=where, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(code).digest() + code)
            os.replace(name, where / f"{key}.o")
            _prune(where)
        except OSError:
            with suppress(OSError):
                os.unlink(name)


def _prune(where: Path) -> None:
    """Forget the older half once there are too many."""
    files = list(where.glob("*.o"))
    if len(files) > MOST_KEPT:
        for old in sorted(files, key=lambda f: f.stat().st_mtime)[: len(files) // 2]:
            old.unlink(missing_ok=True)


# A child of fork must not meet a lock that another thread of its parent held.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release
    )
