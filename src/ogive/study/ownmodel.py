"""From a model, data and settings of the user's own to a task and a plan."""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import DataLoader

import torch
from ogive.errors import BadData, BadStudy, OgiveError
from ogive.functions import get
from ogive.study.batches import FORMS, Examples, pair, read
from ogive.study.metrics import CLASSES
from ogive.study.modeltask import ModelTask, precision_of
from ogive.study.objectives import Goal, codes, goal
from ogive.study.optimizers import optimizer
from ogive.study.plan import MOST_STACKED, NO_FUNCTION, Candidate, Plan, make_plan
from ogive.study.prototype import identity_of, kept_as_given, prototype, with_example
from ogive.study.pyfiles import called, is_named, named
from ogive.study.trial import why_not_stacked
from torch import nn

LEAST_ROWS = 10
LEAST_TEST_ROWS = 10
MOST_EPOCHS, MOST_BATCH = 100_000, 1_000_000
RATES = {"adam": (3e-4, 1e-3, 3e-3, 1e-2), "sgd": (3e-3, 1e-2, 3e-2, 1e-1)}
FINE_TUNING = {"adam": (3e-5, 1e-4, 3e-4, 1e-3), "sgd": (3e-4, 1e-3, 3e-3, 1e-2)}
PRECISIONS = ("bfloat16",)


@dataclass(frozen=True)
class OwnModel:
    """A model of the user's own and what goes with it: settings of :func:`ogive.choose`."""

    model: Any = None
    valid: Any = None
    test: Any = None
    loss: Any = None
    objective: Any = None
    replace: Any = None
    optimizer: str | None = None
    epochs: float | None = None
    batch_size: int | None = None
    init: str | None = None
    device: Any = None
    precision: str | None = None

    def given(self) -> dict[str, Any]:
        """What was given, in plain values; a function is a dict that holds its name."""
        held = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {name: shown(name, value) for name, value in held.items() if value is not None}

    def loaded(self) -> OwnModel:
        """With the objects in the place of texts ``path.py:name``."""
        texts = {
            name: text
            for name in ("model", "loss", "objective")
            if is_named(text := getattr(self, name))
        }
        return dataclasses.replace(
            self, **{name: named(text, f"--{name}") for name, text in texts.items()}
        )


def shown(name: str, value: Any) -> Any:
    """A setting as the store keeps it; what is no plain value is a dict that holds its name."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple) and all(isinstance(v, str) for v in value):
        return list(value)
    own = getattr(value, "__name__", "")
    return {"name": own if own.isidentifier() else name}


def own_study(
    data: Any,
    own: OwnModel,
    chosen: Sequence[Candidate],
    metric: Any,
    higher_is_better: bool,
    **sizes: Any,
) -> tuple[ModelTask, Plan]:
    """The task and the plan of a study of a model of one's own.

    ``sizes`` are ``seeds``, ``rates``, ``seed``, ``paired``, ``race`` and ``margin``. ``data`` may
    be a dict of train, valid and test, and a text ``path.py:name``.
    """
    given = own.loaded()
    if is_named(data):
        data = named(data, "--data")
        data = called(data, "data", "--data") if inspect.isroutine(data) else data
    elif isinstance(data, str | Path):
        raise BadStudy(
            f"with a model of your own the data cannot be {str(data)!r}; give {FORMS}, or the text "
            "path.py:name of one or of a function that makes it"
        )
    if isinstance(data, Mapping) and "train" in data:
        unknown = sorted(set(data) - {"train", "valid", "test"})
        if unknown:
            raise BadData(
                f"the data hold {unknown[0]!r}; give train, and if need be valid and test"
            )
        fixed = {k: data[k] for k in ("valid", "test") if data.get(k) is not None}
        given, data = dataclasses.replace(given, **fixed), data["train"]
    metric = named(metric, "--metric") if is_named(metric) else metric
    size = loader_size(data) if given.batch_size is None else given.batch_size
    task = make_model_task(data, given, metric, higher_is_better, size)
    return task, model_plan(task, chosen, given.epochs, size, **sizes)


def make_model_task(
    train: Any, own: OwnModel, metric: Any, higher_is_better: bool, batch_size: int | None
) -> ModelTask:
    """The task that a model, data and settings make; see :func:`ogive.choose`.

    Raises :class:`BadData` for data that cannot be used, or that the model does not run on, and
    :class:`BadStudy` for settings that cannot.
    """
    valid, test, objective, precision = own.valid, own.test, own.objective, own.precision
    made = prototype(own.model, own.replace, own.init)
    place = _device(own.device)
    if precision is not None and precision not in PRECISIONS:
        raise BadStudy(f"precision={precision!r} is unknown; choose {', '.join(PRECISIONS)}")
    rule = optimizer(own.optimizer or "adam")
    trained = [p for p in made.module.parameters() if p.requires_grad]
    if not trained:
        raise BadStudy("the model has no weights that learn; leave requires_grad on for some")
    if len({p.dtype for p in trained}) > 1:
        raise BadStudy("the model's weights are of several dtypes; give a model of one dtype")
    parts, notes = [], []
    for what, given in (("train", train), ("valid", valid), ("test", test)):
        if given is not None:
            part, said = read(given, what, trained[0].dtype)
            parts.append(part)
            notes += said
    if len(parts[0]) < LEAST_ROWS:
        raise BadData(f"train has {len(parts[0])} rows; give at least {LEAST_ROWS} to split")
    if test is not None and len(parts[-1]) < LEAST_TEST_ROWS:
        raise BadData(f"test has {len(parts[-1])} rows; give at least {LEAST_TEST_ROWS}")
    examples = Examples(tuple(parts))
    first = examples.batch(np.arange(min(8, len(parts[0]))), ("example",))
    targets = None if objective is not None else pair(first, "train")[1]
    aim = goal(own.loss, objective, metric, higher_is_better, targets)
    inputs = first if objective is not None else pair(first, "train")[0]
    made = with_example(made, inputs)
    codes_, classes = _classes(aim, examples, 0)
    own_test = None
    if test is not None:
        own_test = _classes(aim, examples, len(parts) - 1)[0]
    task = ModelTask(
        name=_name(own.model, made.module),
        prototype=made,
        examples=examples,
        aim=aim,
        optimizer=rule,
        target=codes_,
        classes=classes,
        identity=identity_of(made),
        valid_given=valid is not None,
        test_given=test is not None,
        test_target=own_test,
        device=place,
        precision=precision,
        weights=sum(p.numel() for p in trained),
    )
    return _tried(task, notes, min(_number("batch_size", batch_size or 16, MOST_BATCH), task.rows))


def _name(model: Any, module: nn.Module) -> str:
    name = type(module).__name__
    given = getattr(model, "__name__", "")
    return given if name == "Sequential" and given.isidentifier() else name


def _device(device: Any) -> str:
    """The device's name; raises :class:`BadStudy` for one that is not there."""
    try:
        place = torch.device("cpu" if device is None else device)
        torch.zeros(1, device=place)
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise BadStudy(f"device={device!r} cannot be used ({reason}); leave it out") from None
    return str(place)


def _classes(aim: Goal, examples: Examples, place: int) -> tuple[Any, tuple[str, ...]]:
    """Codes and classes of one part's rows; zeros and none where rows have no class."""
    none = np.zeros(len(examples.parts[place]), np.int64), ()
    if aim.kind not in CLASSES:
        return none
    found = codes([pair(b, "data")[1] for b, _ in examples.chunks(examples.part(place))], aim.kind)
    if found is None:
        return none
    if found.min() < 0:
        raise BadData(f"a target is {found.min()}; classes are counted from 0")
    return found, tuple(str(c) for c in range(max(int(found.max()) + 1, 2)))


def _tried(task: ModelTask, notes: list[str], size: int) -> ModelTask:
    """The task after a trial of the model: what is replaced, and whether runs can be batched."""
    function = get("tanh")
    _, done = task.prototype.swapped(get("identity"))
    if not done.replaced:
        left = "; ".join(f"{one.site.where}: {one.why}" for one in done.left) or "it has none"
        raise BadStudy(
            f"no activation of the model can be replaced ({left}); name functions or places with "
            "replace="
        )
    if task.prototype.init != "pretrained" and task.prototype.factory is None:
        kept = kept_as_given(task.prototype.module)
        if kept:
            names = ", ".join(kept[:4]) + (f" and {len(kept) - 4} more" if len(kept) > 4 else "")
            notes.append(
                f"Every run starts from the given values of {names}, since no reset_parameters "
                "draws them; give a function that makes the model, and each run draws its own."
            )
    rows = np.arange(len(task.examples.parts[0]))
    draws = [("trial", i) for i in range(2)]
    own = [np.resize(np.roll(rows, -i), size) for i in range(2)]
    try:
        built = task.built(function)
        batches = task.here.side_by_side(own, draws)
        starts = [task.prototype.start(built, draw) for draw in draws]
        why = why_not_stacked(
            built,
            starts,
            draws,
            task.value,
            batches,
            task.optimizer,
            precision_of(task.precision),
            task.aim.objective is not None,
        )
        _score_once(task, built.module, own[0])
    except OgiveError:
        raise
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise BadData(
            f"the model does not train on these data ({type(error).__name__}: {reason}); give "
            "inputs and targets as the model and the loss take them"
        ) from error
    if why:
        notes.append(
            f"Runs were trained one by one and not batched: {why}. The scores are the same; "
            "it takes longer."
        )
    where = tuple(f"{one.site.where} ({one.site.function})" for one in done.replaced)
    return replace(task, looped=why, replaced=where, notes=tuple(notes))


def _score_once(task: ModelTask, module: nn.Module, rows: Any) -> None:
    from ogive.study.modeltask import scored

    found = scored(task, module.eval(), rows)
    if not found.scores:
        raise BadData("the model's loss is not finite on these data; look at inputs and targets")


def model_plan(
    task: ModelTask,
    chosen: Sequence[Candidate],
    epochs: float | None,
    batch_size: int | None,
    *,
    rates: float | Sequence[float] | None = None,
    **sizes: Any,
) -> Plan:
    """A plan for a model of the user's own; raises :class:`BadStudy` for what cannot be done.

    One tuning draw and one final run a split: with costly models further splits say more than
    further draws in each.
    """
    family = "sgd" if task.optimizer.name == "sgd" else "adam"
    usual = (FINE_TUNING if task.prototype.init == "pretrained" else RATES)[family]
    plan = make_plan(
        task,
        chosen,
        1,
        rates=usual if rates is None else rates,
        **sizes,
    )
    develop = task.rows if task.test_given else task.rows - task.rows // 5
    train = develop if task.valid_given else develop - develop // 5
    size = plan.batch_size if batch_size is None else _number("batch_size", batch_size, MOST_BATCH)
    size = min(size, train)
    an_epoch = max(1, round(train / size))
    check, rungs = min(max(an_epoch, 15), 80), plan.rungs
    if epochs is not None:
        steps = max(1, math.ceil(_number("epochs", epochs, MOST_EPOCHS, whole=False) * an_epoch))
        check = max(1, min(check, steps // 4))
        rungs = max(1, round(steps / check))
    stack = max(1, min(40, MOST_STACKED // max(task.weights, 1)))
    return replace(
        plan,
        baseline=NO_FUNCTION,
        inputs=0,
        width=0,
        depth=0,
        tunings=1,
        finals=1,
        batch_size=size,
        evaluate_every=check,
        rungs=rungs,
        stack=stack,
        cuts=plan.cuts if len(plan.rates) <= stack else (),  # all rates of a split side by side
    )


def _number(name: str, value: Any, most: int, whole: bool = True) -> Any:
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= most
    if not good or (whole and value != int(value)):
        raise BadStudy(
            f"{name} is {value!r}; give a {'whole ' if whole else ''}number above 0 and at most "
            f"{most}"
        )
    return int(value) if whole else value


def loader_size(train: Any) -> int | None:
    """The batch size of a ``DataLoader``; None for other data."""
    return train.batch_size if isinstance(train, DataLoader) else None
