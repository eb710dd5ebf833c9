"""The network to take home: trained on all rows, saved without pickle, predicting on new rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ogive.errors import OgiveError
from ogive.functions import get
from ogive.functions.activation import Activation
from ogive.functions.formula import build, is_defined
from ogive.functions.registry import holds
from ogive.shown import Sheet, listed
from ogive.study import splits, tables
from ogive.study.columns import TRUSTED, Columns
from ogive.study.columns import prepare as prepare_rows
from ogive.study.network import Network, Shape, TargetScale
from ogive.study.plan import Plan
from ogive.study.task import Task
from ogive.study.train import Job, train
from ogive.study.work import DRAWS, Entrant, as_inputs, network, prepare, recipe, shape

if TYPE_CHECKING:
    import pandas as pd

FORMAT = "1"
FILES = WEIGHTS, PREPROCESSING, ABOUT = (
    "weights.safetensors",
    "preprocessing.skops",
    "network.json",
)


@dataclass(frozen=True)
class TakeHome(Sheet):
    """A trained network with everything it needs to predict on new rows."""

    network: Network
    preprocessing: Any
    columns: Columns
    classes: tuple[Any, ...]
    target_name: str
    about: dict[str, Any]

    def __repr__(self) -> str:
        return f"<TakeHome: a trained network that predicts {self.target_name}>"

    def _heading(self) -> str:
        return "A trained network"

    def rows(self) -> list[tuple[str, str]]:
        """What it predicts from what, and the score that was seen, as pairs (title, text)."""
        named = f": {listed(map(str, self.classes))}" if self.classes else ""
        found = [
            ("predicts", f"{self.target_name}{named}"),
            ("from", listed(column.name for column in self.columns.used)),
        ]
        if "expected_score" in self.about:
            low, high = self.about["interval"]
            score = f"{self.about['expected_score']:.4g} ({low:.4g} to {high:.4g})"
            found.append((f"expected {self.about['metric']} on new rows", score))
        held = [getattr(module, "activation", None) for module in self.network.modules()]
        functions = dict.fromkeys(act.label for act in held if isinstance(act, Activation))
        return [*found, ("functions", listed(functions) or "none")]

    def model(self) -> Network:
        """The ``torch.nn.Module``, in evaluation mode; its input is preprocessed rows."""
        return self.network

    def inputs(self, rows: Any) -> Any:
        """New rows (DataFrame, array or path) as the network's input tensor."""
        frame = prepare_rows(tables.rows(rows), self.columns)
        return as_inputs(self.preprocessing, frame, self.network.shape.inputs)

    def predict_proba(self, rows: Any) -> np.ndarray:
        """Probabilities (rows, classes), in the order of ``classes``.

        Raises :class:`OgiveError` where the target is a number.
        """
        if not self.classes:
            raise OgiveError(
                f"{self.target_name} is a number, so there are no probabilities; use predict"
            )
        return self.network.predict(self.inputs(rows))

    def predict(self, rows: Any) -> np.ndarray:
        """Predicted labels, or values, one a row of ``rows``.

        Unknown categories and new gaps are handled as in training. Raises :class:`BadData` for
        rows without the columns that the network was trained on.
        """
        if not self.classes:
            return self.network.predict(self.inputs(rows))
        labels: NDArray[Any] = np.array(self.classes)[self.predict_proba(rows).argmax(1)]
        return labels

    def table(self, rows: Any) -> pd.DataFrame:
        """Predictions as a DataFrame: the prediction, and for classes each probability."""
        import pandas as pd

        if not self.classes:
            return pd.DataFrame({self.target_name: self.predict(rows)})
        p = self.predict_proba(rows)
        made = pd.DataFrame({self.target_name: np.array(self.classes)[p.argmax(1)]})
        for i, label in enumerate(self.classes):
            made[f"P({label})"] = p[:, i]
        return made

    def save(self, folder: str | Path) -> Path:
        """Write weights (safetensors), preprocessing (skops) and a description (JSON)."""
        return write_files(folder, self.to_files())

    def to_files(self) -> dict[str, bytes]:
        """The files that :meth:`save` writes."""
        import skops.io
        from safetensors.torch import save

        function = self.network.function
        typed = is_defined(function.definition)
        if self.network.shape.depth and not (typed or holds(function.definition)):
            raise OgiveError(
                f"{function.label} is not in the catalogue, so a saved network could not find it "
                "again; register its definition first, or use .model() and save that yourself"
            )
        about = {
            **self.about,
            "format": FORMAT,
            "function": function.label,
            "formula": function.definition.formula if typed else None,
            "parameters": function.parameters if typed else {},
            "kind": self.network.kind,
            "shape": asdict(self.network.shape),
            "scale": asdict(self.network.scale),
            "classes": list(self.classes),
            "target": self.target_name,
            "columns": self.columns.to_dict(),
        }
        return {
            WEIGHTS: save({k: v.contiguous() for k, v in self.network.state_dict().items()}),
            PREPROCESSING: skops.io.dumps(self.preprocessing),
            ABOUT: json.dumps(about, indent=1).encode(),
        }

    @classmethod
    def from_files(cls, files: dict[str, bytes]) -> TakeHome:
        """The network that :meth:`to_files` wrote; raises :class:`OgiveError` if it is damaged."""
        import skops.io
        from safetensors.torch import load

        about = json.loads(files[ABOUT])
        if about.pop("format") != FORMAT:
            raise OgiveError("the network was saved by another version of Ogive; save it again")
        label, typed = about.pop("function"), about.pop("formula", None)
        parameters = about.pop("parameters", {})
        made = Network(
            Shape(**about.pop("shape")),
            build(label.partition(":")[0], typed, parameters) if typed else get(label),
            about.pop("kind"),
            TargetScale(**about.pop("scale")),
        )
        made.load_state_dict(load(files[WEIGHTS]))
        unknown = set(skops.io.get_untrusted_types(data=files[PREPROCESSING])) - set(TRUSTED)
        if unknown:
            raise OgiveError(
                f"{PREPROCESSING} holds {', '.join(sorted(unknown))}, which Ogive never writes; "
                "it was not loaded, so save the network again from its study"
            )
        return cls(
            network=made.eval(),
            preprocessing=skops.io.loads(files[PREPROCESSING], trusted=TRUSTED),
            columns=Columns.from_dict(about.pop("columns")),
            classes=tuple(about.pop("classes")),
            target_name=about.pop("target"),
            about=about,
        )


def write_files(folder: str | Path, files: Mapping[str, bytes]) -> Path:
    """Write ``files`` in ``folder``, which is made; raises :class:`OgiveError` where it cannot."""
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise OgiveError(
            f"the network cannot be saved in {folder} ({error.strerror}); name a folder "
            "that you may write"
        ) from None
    return folder


def load(folder: str | Path) -> TakeHome:
    """The network saved in ``folder`` by ``Choice.save`` or ``ogive choose --save``.

    Raises :class:`OgiveError` for a folder that holds no saved network, or a damaged one.
    """
    folder = Path(folder)
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing == [PREPROCESSING]:
        raise OgiveError(
            f"{folder} holds the weights of a model of your own, whose code Ogive does not keep; "
            "make the model, put the function in with ogive.swap, and load the weights with "
            "model.load_state_dict(safetensors.torch.load_file(...), strict=False)"
        )
    if missing:
        raise OgiveError(
            f"{folder} holds no saved network ({missing[0]} is missing); name a folder written by "
            "`ogive choose --save`"
        )
    try:
        return TakeHome.from_files({name: (folder / name).read_bytes() for name in FILES})
    except OgiveError:
        raise
    except Exception as error:
        raise OgiveError(
            f"the network in {folder} is damaged ({type(error).__name__}); save it again"
        ) from error


def fit(
    task: Task,
    plan: Plan,
    entrant: Entrant,
    rates: float | Sequence[float],
    about: dict[str, Any],
) -> TakeHome:
    """Train ``entrant`` at one learning rate or several on all rows of the user's table.

    A fifth of the rows is kept to stop early.
    Rows ordered by time include those that tested, and the latest fifth stops; rows of a test
    file of the user's own are left out.
    Three initialisations are trained at each rate and the one with the lowest validation loss is
    kept.
    Raises :class:`OgiveError` if all of them diverge.
    """
    task = _with_latest(task)
    everything = np.arange(len(task.frame))
    rows, valid = splits.inner(task, everything, plan.seed, "take home")
    made = prepare(task, rows, valid, plan.inputs)
    jobs = [
        Job(0, rate, (plan.seed, "take home", draw))
        for rate in (rates if isinstance(rates, Sequence) else (rates,))
        for draw in range(DRAWS)
    ]
    done = train(
        entrant.candidate.function,
        entrant.gain,
        shape(task, plan, entrant.hidden),
        task.kind,
        [made.fold],
        jobs,
        recipe(plan),
    )
    sound = [(job, o) for job, o in zip(jobs, done, strict=True) if not o.diverged]
    if not sound:
        raise OgiveError(
            f"every training of {entrant.candidate.label} on all rows diverged; choose again "
            "with smaller learning rates (--rates)"
        )
    job, best = min(sound, key=lambda pair: pair[1].valid_loss)
    return TakeHome(
        network=network(task, plan, entrant, best, made.fold.scale),
        preprocessing=made.preprocessing,
        columns=task.columns,
        classes=task.classes,
        target_name=task.target_name,
        about={**about, "trained_rows": len(rows), "validation_rows": len(valid), "rate": job.rate},
    )


def _with_latest(task: Task) -> Task:
    """The task with the latest rows, which tested, among the others."""
    if not task.ordered or task.test_frame is None or task.test_target is None:
        return task
    import pandas as pd

    return replace(
        task,
        frame=pd.concat([task.frame, task.test_frame], ignore_index=True),
        target=np.concatenate([task.target, task.test_target]),
        test_frame=None,
        test_target=None,
    )
