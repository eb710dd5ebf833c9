"""Objects of Python files, named as ``path.py:name``."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

from ogive.errors import OgiveError, nearest


def is_named(given: Any) -> bool:
    """Whether ``given`` is a text of the form ``path.py:name``."""
    return isinstance(given, str) and given.rpartition(":")[0].endswith(".py")


def named(given: str, option: str) -> Any:
    """What ``path.py:name`` names; one file is run once, whatever is taken from it.

    Raises :class:`OgiveError`, which begins with ``option``, for what is not there or does not run.
    """
    path, _, name = given.rpartition(":")
    if not path or not name:
        raise OgiveError(f"{option} {given} names nothing; write path.py:name")
    file = Path(path)
    if not file.is_file():
        raise OgiveError(f"{option} {given}: there is no file {path}; write path.py:name")
    module = _module(file, option)
    if not hasattr(module, name):
        known = [n for n in vars(module) if not n.startswith("_")]
        raise OgiveError(f"{option} {given}: {path} has no {name}{nearest(name, known)}")
    return getattr(module, name)


def _module(file: Path, option: str) -> Any:
    import importlib.util

    import cloudpickle

    place = str(file.resolve())
    name = f"_ogive_file_{hashlib.sha256(place.encode()).hexdigest()[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise OgiveError(f"{option}: {file} is no Python file; write path.py:name")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(file.resolve().parent))  # its own imports are found beside it
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        reason = str(error).partition("\n")[0]
        raise OgiveError(
            f"{option}: {file} does not run ({type(error).__name__}: {reason}); mend it first"
        ) from error
    finally:
        sys.path.remove(str(file.resolve().parent))
    # No worker could import it by this name.
    cloudpickle.register_pickle_by_value(module)
    return module


def called(made: Any, given: str, option: str) -> Any:
    """What ``made`` makes when called without arguments, if it can be called."""
    if not callable(made):
        return made
    try:
        return made()
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise OgiveError(
            f"{option} {given} cannot be called without arguments ({type(error).__name__}: "
            f"{reason}); name a function that needs none"
        ) from error
