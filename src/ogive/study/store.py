"""One SQLite file a study.

Every finished unit of work is one transaction, so a kill at any moment loses at most the units
in flight. Only the driver writes; others may read while a study runs.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ogive.errors import BadStore
from ogive.study.plan import Plan, Unit
from ogive.study.record import Run, Study

FORMAT = "1"
_TABLES = (
    "CREATE TABLE IF NOT EXISTS study (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS units (id TEXT PRIMARY KEY, seconds REAL NOT NULL)",
    "CREATE TABLE IF NOT EXISTS runs (unit TEXT NOT NULL REFERENCES units(id), "
    "label TEXT NOT NULL, split INTEGER NOT NULL, stage TEXT NOT NULL, draw INTEGER NOT NULL, "
    "rate REAL NOT NULL, score REAL, run TEXT NOT NULL, "
    "PRIMARY KEY (label, split, stage, draw, rate))",
    "CREATE TABLE IF NOT EXISTS files (name TEXT PRIMARY KEY, content BLOB NOT NULL)",
)
# What to do about what SQLite says.
_MENDS = {
    "full": "free some space, or name another place",
    "readonly": "allow writing to it, or name another file",
    "unable to open": "name a file in a folder that you may write",
    "disk I/O": "check the disk, or name another place",
    "locked": "wait for the program that is using it, or name another file",
    "not a database": "it is no Ogive store, so name another file",
    "something else": "it is no Ogive store, so name another file",
}
# What a person would call the settings whose difference makes a store another study's.
_SPOKEN = {
    "fingerprint": "the content of the data",
    "seeds": "--seeds",
    "budget": "--budget",
    "candidates": "--candidates",
    "race": "--race",
}


class Store:
    """An open store. ``path`` None keeps it in memory."""

    def __init__(self, path: str | Path | None, *, create: bool = True) -> None:
        self.path = None if path is None else Path(path)
        if self.path is not None:
            self._check(self.path, create)
        self._lock = threading.RLock()
        self._head: dict[str, Any] = {}
        # Nothing is opened before a study begins, so that a refused one leaves no file.
        if self.path is None or not self.path.is_file() or not self.path.stat().st_size:
            return
        self._connect()
        try:
            self._read_head()
            if self._head and self._head.get("format") != FORMAT:
                raise BadStore(
                    f"{self.path} was written in format {self._head.get('format')}, and this "
                    f"Ogive reads format {FORMAT}; use the version that wrote it, or another "
                    "--store"
                )
        except BadStore:
            self.close()
            raise

    def _connect(self) -> None:
        with self._errors():
            self._db = sqlite3.connect(self.path or ":memory:", timeout=30, check_same_thread=False)

    def _read_head(self) -> None:
        with self._errors():
            tables = [row[0] for row in self._db.execute("SELECT name FROM sqlite_master")]
            if tables and "study" not in tables:
                raise sqlite3.DatabaseError("it holds something else")
            rows = self._db.execute("SELECT key, value FROM study") if tables else ()
            self._head = {key: json.loads(value) for key, value in rows}

    @staticmethod
    def _check(path: Path, create: bool) -> None:
        if path.is_dir():
            raise BadStore(f"the store {path} is a folder; name a file, such as study.sqlite")
        if not path.exists():
            if not create:
                raise BadStore(f"there is no store {path}; `ogive choose --store {path}` makes one")
            if not path.parent.is_dir():
                raise BadStore(
                    f"the store {path} cannot be made because the folder {path.parent} does not "
                    "exist; make the folder or name another"
                )

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except sqlite3.DatabaseError as error:
            reason = str(error)
            mend = next((m for words, m in _MENDS.items() if words in reason), "name another")
            raise BadStore(
                f"the store {self.path or 'in memory'} cannot be used ({reason}); {mend} with "
                "--store; what was stored before is still there"
            ) from None

    @property
    def empty(self) -> bool:
        """Whether no study has begun in this store."""
        return not self._head

    def begin(
        self,
        request: Mapping[str, Any],
        plan: Plan,
        about: Mapping[str, Any],
        functions: Mapping[str, Any],
        versions: Mapping[str, str],
    ) -> None:
        """Write what the study is, before its first unit."""
        head = {
            "format": FORMAT,
            "request": dict(request),
            "plan": plan.to_dict(),
            "about": dict(about),
            "functions": dict(functions),
            "versions": dict(versions),
        }
        rows = [(key, json.dumps(value, allow_nan=False)) for key, value in head.items()]
        if not hasattr(self, "_db"):
            self._connect()
        with self._errors():
            if self.path is not None:
                self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            with self._db:
                for table in _TABLES:
                    self._db.execute(table)
                # Another driver may have begun meanwhile; then what it wrote stands.
                self._db.executemany("INSERT OR IGNORE INTO study VALUES (?, ?)", rows)
        self._read_head()

    @property
    def plan(self) -> Plan:
        """The plan decided when the study began."""
        return Plan.from_dict(self._head["plan"])

    def check_same(self, request: Mapping[str, Any]) -> None:
        """Raise :class:`BadStore`, naming the difference, if this store is another study's."""
        ours = json.loads(json.dumps(dict(request)))
        theirs = self._head["request"]
        if theirs.get("protocol") != ours.get("protocol"):
            raise BadStore(
                f"the study in {self.path} was made by protocol {theirs.get('protocol')}, and this "
                f"Ogive goes by protocol {ours.get('protocol')}, so it is not continued; if it was "
                f"finished, `ogive report {self.path}` still shows it; another --store begins anew"
            )
        changed = [key for key in {**theirs, **ours} if ours.get(key) != theirs.get(key)]
        if changed == ["fingerprint"]:
            raise BadStore(
                f"the data have changed since the study in {self.path} began; name another file "
                "with --store, or delete that one to begin again"
            )
        for key in changed[:1]:
            raise BadStore(
                f"the store {self.path} belongs to a different study: "
                f"{_SPOKEN.get(key, key)} was {_short(theirs.get(key))} there and is "
                f"{_short(ours.get(key))} here; name another file with --store, or repeat "
                "the first command"
            )

    def check_versions(self, versions: Mapping[str, str]) -> None:
        """Raise :class:`BadStore` if other versions of what computes began this study."""
        for name in ("ogive", "torch", "numpy"):
            theirs, ours = self._head["versions"].get(name), versions.get(name)
            if theirs != ours:
                raise BadStore(
                    f"the unfinished study in {self.path} was begun with {name} {theirs}, and this "
                    f"is {ours}; go on with that version, or begin again with another --store"
                )

    def done(self) -> set[str]:
        """The ids of the units stored."""
        with self._errors():
            return {row[0] for row in self._db.execute("SELECT id FROM units")}

    def add(self, unit: Unit, runs: Sequence[Run], seconds: float) -> None:
        """Store a finished unit; one that is there already is left as it is."""
        with self._errors(), self._db:
            added = self._db.execute(
                "INSERT OR IGNORE INTO units VALUES (?, ?)", (unit.id, seconds)
            )
            if added.rowcount:
                self._db.executemany(
                    "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        (unit.id, r.label, r.split, r.stage, r.draw, r.rate, r.score, r.to_json())
                        for r in runs
                    ],
                )

    def study(self) -> Study:
        """All that is stored; raises :class:`BadStore` if no study has begun."""
        if self.empty:
            raise BadStore(f"the store {self.path} holds no study yet; run `ogive choose` with it")
        with self._errors():
            runs = self._db.execute(
                "SELECT run FROM runs ORDER BY label, split, stage, draw, rate"
            ).fetchall()
            seconds = dict(self._db.execute("SELECT id, seconds FROM units").fetchall())
        return Study(
            request=self._head["request"],
            plan=self.plan,
            about=self._head["about"],
            functions=self._head["functions"],
            versions=self._head["versions"],
            runs=tuple(Run.from_json(row[0]) for row in runs),
            seconds=seconds,
        )

    def keep_file(self, name: str, content: bytes) -> None:
        """Keep a file's bytes beside the runs (the trained network, say)."""
        with self._errors(), self._db:
            self._db.execute("INSERT OR REPLACE INTO files VALUES (?, ?)", (name, content))

    def file(self, name: str) -> bytes | None:
        """The bytes kept under ``name``, or None."""
        with self._errors():
            row = self._db.execute("SELECT content FROM files WHERE name = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    def close(self) -> None:
        """Close the file; a store in memory is lost."""
        if hasattr(self, "_db"):
            self._db.close()

    def __del__(self) -> None:
        self.close()  # a Choice holds its store open for as long as it lives


def read_study(path: str | Path) -> Study:
    """The study stored at ``path``; raises :class:`BadStore` for anything else."""
    store = Store(path, create=False)
    try:
        return store.study()
    finally:
        store.close()


def _short(value: Any) -> str:
    text = json.dumps(value) if not isinstance(value, str) else value
    return text if len(text) <= 60 else text[:57] + "..."


def default_store(data: Any, settings: Mapping[str, Any]) -> Path:
    """``ogive-<data>-<hash of the settings>.sqlite`` in the current folder."""
    import hashlib

    place = str(Path(str(data)).resolve()) if Path(str(data)).exists() else str(data)
    text = json.dumps({k: str(v) for k, v in {**settings, "data": place}.items()}, sort_keys=True)
    stem = "".join(c if c.isalnum() else "-" for c in Path(str(data)).stem).strip("-") or "data"
    return Path(f"ogive-{stem}-{hashlib.sha256(text.encode()).hexdigest()[:6]}.sqlite")
