"""The reference: every public name from its docstring, and every command from its options."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import ogive

# The rooms in the order in which they are read, and what their part of the reference is called.
ROOMS = {
    "functions": "Functions",
    "report": "Pictures",
    "meanfield": "Theory",
    "study": "The comparison",
    "torch": "In a PyTorch model",
    "diagnosis": "Diagnosis",
    "errors": "Errors",
}
# Results that public functions return and that have no public name of their own.
RESULTS = {
    "functions": ["functions.vector.AxisFunction"],
    "report": ["report.card.Card"],
    "meanfield": [
        "meanfield.moments.Moments",
        "meanfield.pairs.PairMoments",
        "meanfield.edge.CriticalPoint",
    ],
    "study": ["study.choice.Choice", "study.takehome.TakeHome"],
    "diagnosis": ["diagnosis.findings.Finding", "diagnosis.remedies.Trial"],
}


def write(folder: Path) -> None:
    """Write the reference's pages into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for room, title in ROOMS.items():
        (folder / f"{room}.md").write_text(page(room, title))
        names.append(room)
    (folder / "commands.md").write_text(commands())
    contents = "\n".join(["```{toctree}", ":maxdepth: 1", "", "commands", *names, "```"])
    (folder / "index.md").write_text(
        "# Reference\n\nEvery name that `import ogive` offers, and every command. The functions of "
        f"the catalogue (`ogive.elu(x, alpha=1.0)` ...) are in the [atlas](../atlas/index.md)."
        f"\n\n{contents}\n"
    )


def public(room: str) -> dict[str, str]:
    """The public names whose home is ``room``, and the module and name they have there."""
    return {
        name: f"{module}.{inner}"
        for name, (module, inner) in ogive._PUBLIC.items()
        if module.partition(".")[0] == room
    }


def page(room: str, title: str) -> str:
    """The part of the reference about one room."""
    parts = [f"# {title}", "", "```{eval-rst}"]
    for name in public(room):
        parts += _directive(f"ogive.{name}", getattr(ogive, name))
    if room == "errors":
        parts += _errors()
    parts += ["```", ""]
    results = RESULTS.get(room, [])
    if results:
        parts += ["## What they return", "", "```{eval-rst}"]
        for path in results:
            module, _, name = path.rpartition(".")
            parts += _directive(f"ogive.{path}", getattr(import_module(f"ogive.{module}"), name))
        parts += ["```", ""]
    return "\n".join(parts)


def _directive(path: str, thing: object) -> list[str]:
    if isinstance(thing, type):
        return [f".. autoclass:: {path}", "   :members:", ""]
    return [f".. autofunction:: {path}", ""]


def _errors() -> list[str]:
    module = import_module("ogive.errors")
    kinds = [
        name
        for name, thing in vars(module).items()
        if isinstance(thing, type) and issubclass(thing, Exception) and name not in ogive._PUBLIC
    ]
    return [line for name in kinds for line in (f".. autoexception:: ogive.errors.{name}", "")]


def commands() -> str:
    """Every command with its arguments and options, as the command line itself knows them."""
    import typer.main

    from ogive.cli import app

    group = typer.main.get_command(app)
    parts = [
        "# Commands",
        "",
        "`ogive COMMAND --help` shows the same. Exit codes: 0 done, 2 bad input or usage, 130 "
        "interrupted, 1 anything else.",
        "",
    ]
    for name, command in sorted(group.commands.items()):  # type: ignore[attr-defined]
        parts += [f"## ogive {name}", "", *_prose(command.help or ""), ""]
        rows = []
        for parameter in command.params:
            if parameter.name == "help":
                continue
            written = ", ".join(f"`{o}`" for o in parameter.opts if o.startswith("-"))
            written = written or f"`{(parameter.metavar or parameter.name).upper()}`"
            text = " ".join((getattr(parameter, "help", "") or "").split()).replace("|", "\\|")
            rows.append(f"| {written} | {text} |")
        if rows:
            parts += ["| | |", "|---|---|", *rows, ""]
    return "\n".join(parts)


def _prose(text: str) -> list[str]:
    return [" ".join(block.split()) for block in text.split("\n\n")]
