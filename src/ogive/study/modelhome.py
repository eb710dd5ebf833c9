"""A model of the user's own to take home: trained on all rows, with the function recommended."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils._pytree import tree_map

import torch
from ogive.errors import OgiveError
from ogive.study.batches import called, read, to_device
from ogive.study.metrics import CLASSES
from ogive.study.modeltask import ModelTask
from ogive.study.modelwork import fitted
from ogive.study.plan import Plan
from ogive.study.takehome import ABOUT, WEIGHTS, write_files
from ogive.study.work import Entrant
from torch import Tensor, nn

FILES = (WEIGHTS, ABOUT)


@dataclass(frozen=True)
class ModelHome:
    """A trained model, and what is known about it."""

    module: nn.Module
    task: ModelTask
    about: dict[str, Any]

    def model(self) -> nn.Module:
        """The ``torch.nn.Module``, in evaluation mode, with the recommended function in it."""
        return self.module

    def predict(self, rows: Any) -> np.ndarray:
        """Class codes, or the model's outputs, for ``rows``: inputs as the model takes them."""
        outputs = self._outputs(rows)
        if self.task.kind not in CLASSES:
            return outputs.double().cpu().numpy()
        found = outputs.argmax(1) if self.task.kind == "multiclass" else (outputs > 0).long()
        return found.cpu().numpy()

    def predict_proba(self, rows: Any) -> np.ndarray:
        """Probabilities of the classes, by softmax or the logistic function of the outputs.

        Raises :class:`OgiveError` where the outputs are no logits of classes.
        """
        if self.task.kind not in CLASSES:
            raise OgiveError("the model has no classes, so there are no probabilities; use predict")
        outputs = self._outputs(rows).double().cpu()
        made = outputs.softmax(1) if self.task.kind == "multiclass" else outputs.sigmoid()
        return made.numpy()

    @torch.no_grad()
    def _outputs(self, rows: Any) -> Tensor:
        dtype = next(p.dtype for p in self.module.parameters() if p.is_floating_point())
        part, _ = read(rows, "the rows", dtype)
        inputs = to_device(part.batch(np.arange(len(part)), ("predict",)), self.task.place)
        return called(self.module, inputs)  # type: ignore[no-any-return]

    def save(self, folder: str | Path) -> Path:
        """Write the weights (safetensors) and a description (JSON).

        The code is the user's: make the model, ``ogive.swap`` the function in, and load the weights
        with ``model.load_state_dict(safetensors.torch.load_file(...), strict=False)``.
        """
        return write_files(folder, self.to_files())

    def to_files(self) -> dict[str, bytes]:
        """The files that :meth:`save` writes."""
        from safetensors.torch import save

        # Names of parameters and buffers, in which what is tied stands once.
        held = {**dict(self.module.named_parameters()), **dict(self.module.named_buffers())}
        plain = tree_map(lambda t: t.detach().cpu().clone().contiguous(), held)
        return {WEIGHTS: save(plain), ABOUT: json.dumps(self.about, indent=1).encode()}


def fit_model(
    task: ModelTask, plan: Plan, entrant: Entrant, rate: float, about: dict[str, Any]
) -> ModelHome:
    """The model trained on all rows; see :func:`ogive.study.modelwork.fitted`."""
    module, rows = fitted(task, plan, entrant, rate)
    function = entrant.candidate.function
    own = {"function": function.label, "trained_rows": rows, "rate": rate, "model": task.name}
    return ModelHome(module, task, {**about, **own})


def model_from_files(task: ModelTask, entrant: Entrant, files: dict[str, bytes]) -> ModelHome:
    """The model whose :meth:`ModelHome.to_files` are kept in a store."""
    from safetensors.torch import load

    module = task.built(entrant.candidate.function).module
    module.load_state_dict(load(files[WEIGHTS]), strict=False)
    return ModelHome(module.eval(), task, json.loads(files[ABOUT]))
