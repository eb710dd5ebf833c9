"""What holds for every array: the result of an element depends on that element alone.

Hypothesis makes arrays of every dtype and layout. The reference is always the same function at a
plain array of one element, so nothing about layouts, lengths or threads is in it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import as_strided

import ogive
import torch
from ogive.errors import OgiveError
from ogive.functions import Activation, Definition, Source, get
from ogive.functions.activation import Facts

FLOATS = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16]
SWAPPED = [np.dtype(t).newbyteorder("S") for t in ("f8", "f4", "f2")]
WHOLE = [np.bool_, np.int8, np.uint16, np.int64, np.uint64, np.dtype("i4").newbyteorder("S")]
DTYPES = [np.dtype(t) for t in (*FLOATS, *SWAPPED, np.longdouble, *WHOLE)]
PAIRS = [(torch.float64, "f8"), (torch.float32, "f4"), (torch.float16, "f2")]

# One that is not compiled, since its value calls what is not in `elementary`.
OWN = Definition(
    name="own",
    formula="x*x",
    value=lambda x: x * np.abs(np.asarray(x, float)) ** 1.0 if isinstance(x, np.ndarray) else x * x,
    slope=lambda x: 2 * abs(x),
    facts=lambda: Facts(range=(-np.inf, np.inf), limits=(-np.inf, np.inf), lipschitz=np.inf),
    source=Source("made for this test"),
)()
ACTS = [get(label) for label in ("relu", "elu:alpha=0.5", "mish", "softplus:beta=2", "x*tanh(x)")]
QUICK = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])

SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-30, -1e-30, 5e-324, 300.0, -300.0, 1e5]


def filled(shape: tuple[int, ...], dtype: np.dtype[Any], seed: int) -> Any:
    """Numbers of many sizes with the special ones among them, as ``dtype`` can hold them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=shape) * 10.0 ** rng.integers(-6, 3, shape)
    x = np.where(rng.random(shape) < 0.2, rng.choice(SPECIAL, shape), x)
    if dtype.kind in "iub":
        return rng.integers(0, 100, shape).astype(dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        return x.astype(dtype)


def bits(array: Any) -> Any:
    """The array's bytes as whole numbers in rows, so that -0 counts; all NaN are alike."""
    native = np.asarray(array).astype(np.asarray(array).dtype.newbyteorder("="))
    plain = np.array(np.where(np.isnan(native), native.dtype.type(np.nan), native), order="C")
    return plain.reshape(-1, 1).view(np.uint8)[:, : min(plain.itemsize, 10)]


def same(one: Any, two: Any) -> None:
    """Equal in dtype (byte order included), shape and every bit."""
    kinds = [np.asarray(v).dtype for v in (one, two)]
    if np.ndim(one) == 0:  # a NumPy scalar has this machine's byte order, whatever it came from
        kinds = [kind.newbyteorder("=") for kind in kinds]
    assert kinds[0] == kinds[1]
    assert np.shape(one) == np.shape(two)
    np.testing.assert_array_equal(bits(one), bits(two))


def lane_by_lane(function: Any, x: Any) -> Any:
    """``function`` at each element by itself, as a plain array of the dtype that the rules say."""
    plain = np.array(x, order="C", copy=True)
    wide = plain.astype(np.float64) if plain.dtype.kind in "iub" else plain
    native = wide.astype(wide.dtype.newbyteorder("="))
    made = np.empty(native.shape, native.dtype)
    for place in np.ndindex(native.shape):
        made[place] = function(native[place].reshape(1))[0]
    return made.astype(wide.dtype)


@st.composite
def views(draw: st.DrawFn, dtype: np.dtype[Any]) -> Any:
    """An array: a view in any order, with steps, turned round, spread, misaligned or read-only."""
    shape = tuple(draw(st.lists(st.integers(0, 4), max_size=3)))
    whole = filled(shape, dtype, draw(st.integers(0, 99)))
    if draw(st.booleans()):
        whole = np.array(whole, order="F")
    if shape and draw(st.integers(0, 4)) == 0:  # one byte off
        raw = np.zeros(whole.nbytes + 1, np.uint8)[1:]
        askew = raw.view(dtype).reshape(shape)
        askew[...] = whole
        whole = askew
    x = whole.transpose(draw(st.permutations(range(len(shape)))))
    x = x[(*(slice(None, None, draw(st.sampled_from([1, 1, 2, -1, -2]))) for _ in shape), ...)]
    kind = draw(st.integers(0, 5))
    if kind == 0:
        x = x[None]
    elif kind == 1:
        x = np.broadcast_to(x, (2, *x.shape))
    elif kind == 2:
        x = x.view()
        x.flags.writeable = False
    return x


def anything() -> Any:
    return st.sampled_from(DTYPES).flatmap(views)


@QUICK
@given(anything(), st.sampled_from([*ACTS, OWN]), st.booleans())
def test_an_element_is_computed_by_itself(x: Any, act: Activation, slope: bool) -> None:
    function = act.slope if slope else act
    before = x.tobytes()
    got = function(x)
    assert isinstance(got, np.ndarray if x.ndim else np.generic)
    same(got, lane_by_lane(function, x))
    assert x.tobytes() == before
    assert not np.may_share_memory(got, x)


@QUICK
@given(anything(), st.sampled_from(ACTS))
def test_value_and_slope_are_those_of_each(x: Any, act: Activation) -> None:
    for one, two in zip(act.value_and_slope(x), (act(x), act.slope(x)), strict=True):
        assert np.asarray(one).dtype == np.asarray(two).dtype
        assert np.shape(one) == np.shape(two)
        if np.asarray(two).dtype.newbyteorder("=") == np.float32:  # may take forms of more digits
            one, two = (np.asarray(v).astype(np.float32) for v in (one, two))  # noqa: PLW2901
            finite = np.isfinite(two)
            np.testing.assert_array_equal(one[~finite], two[~finite])
            np.testing.assert_array_max_ulp(one[finite], two[finite], 1)
        else:
            same(one, two)


@QUICK
@given(anything(), st.sampled_from(ACTS), st.integers(0, 99))
def test_times_slope_is_the_product(x: Any, act: Activation, seed: int) -> None:
    upstream = filled(x.shape, x.dtype, seed)
    got = act.times_slope(upstream, x)
    slope = np.asarray(act.slope(x))
    with np.errstate(all="ignore"):
        wide = upstream.astype(slope.dtype) * slope
    assert np.shape(got) == x.shape
    np.testing.assert_array_equal(np.asarray(got, np.longdouble), np.asarray(wide, np.longdouble))


@QUICK
@given(anything())
def test_the_slope_by_a_parameter_is_computed_by_itself(x: Any) -> None:
    act = ACTS[1]
    same(
        act.parameter_slope("alpha", x), lane_by_lane(lambda v: act.parameter_slope("alpha", v), x)
    )


@QUICK
@given(st.data(), st.sampled_from(DTYPES[:8]), st.sampled_from([*ACTS[:3], OWN]), st.booleans())
def test_out_of_any_layout_receives_the_same(
    data: st.DataObject, dtype: np.dtype[Any], act: Activation, slope: bool
) -> None:
    function = act.slope if slope else act
    out = data.draw(views(dtype))
    x = filled(out.shape, dtype, 3)
    refused = not out.flags.writeable
    if refused:
        with pytest.raises(OgiveError, match=r"out is read-only|out holds several results"):
            function(x, out=out)
        return
    assert function(x, out=out) is out
    same(out, function(x))


@QUICK
@given(
    st.integers(1, 5),
    st.tuples(*[st.integers(0, 3)] * 4),
    st.tuples(*[st.sampled_from([1, 2, -1, -2])] * 4),
    st.booleans(),
    st.booleans(),
    st.sampled_from(DTYPES[:8]),
    st.sampled_from([ACTS[1], OWN]),
)
@example(5, (0, 0, 0, 0), (1, 1, 1, 1), False, True, np.dtype("f4"), ACTS[1])
@example(5, (0, 0, 0, 1), (1, 1, 1, 1), False, False, np.dtype("f8"), ACTS[1])
def test_an_overlapping_out_changes_no_result(
    size: int,
    starts: tuple[int, ...],
    steps: tuple[int, ...],
    turn: bool,
    turn_out: bool,
    dtype: np.dtype[Any],
    act: Activation,
) -> None:
    memory = filled((14, 14), dtype, 5)

    def cut(whole: Any, which: slice, turned: bool) -> Any:
        for start, step in zip(starts[which], steps[which], strict=True):
            whole = whole[start : start + size * abs(step) : abs(step)][:: 1 if step > 0 else -1].T
        return whole.T if turned else whole

    x, out = cut(memory, slice(2), turn), cut(memory, slice(2, 4), turn_out)
    want, before = act(x.copy()), memory.copy()
    act(x, out=out)
    same(out.copy(), want)
    beside = np.ones(memory.shape, bool)
    cut(beside, slice(2, 4), turn_out)[...] = False
    same(memory[beside], before[beside])


def test_the_reference_would_show_an_overlap() -> None:
    memory = filled((8,), np.dtype("f8"), 5)
    want = ACTS[1](memory[:-1].copy())
    for i in range(7):  # as a loop would that minds no overlap
        memory[i + 1] = ACTS[1](memory[i : i + 1])[0]
    with pytest.raises(AssertionError):
        same(memory[1:], want)


@pytest.mark.parametrize("act", [ACTS[1], OWN], ids=["compiled", "as written"])
def test_an_out_that_holds_results_in_one_place_is_refused(act: Activation) -> None:
    for out in (as_strided(np.zeros(3), (4, 3), (0, 8)), np.zeros((4, 1))[:, [0, 0, 0]][:, :0]):
        x = np.ones(out.shape)
        if out.size:
            with pytest.raises(OgiveError, match="out holds several results in one place"):
                act(x, out=out)
        else:
            assert act(x, out=out) is out
    with pytest.raises(OgiveError, match="out holds several results in one place"):
        act(torch.ones(3), out=torch.zeros(1).expand(3))


EVERY_DOOR = [
    *(ACTS[1], ACTS[1].slope, ACTS[1].value_and_slope, OWN, OWN.slope, ogive.elu, ogive.softmax),
    *(lambda x: ACTS[1].parameter_slope("alpha", x), lambda x: ACTS[1].times_slope(x, x)),
    *(lambda x: ACTS[1].times_slope(np.ones(3), x), lambda x: ACTS[1].times_slope(x, np.ones(3))),
    lambda x: ogive.sum_of_sigmoids(x, [0.0]),
]


@pytest.mark.parametrize("door", EVERY_DOOR)
def test_a_masked_array_is_refused_and_never_loses_its_mask_silently(door: Any) -> None:
    masked = np.ma.masked_array([1.0, 2.0, 3.0], [0, 1, 0])
    with pytest.raises(OgiveError, match=r"masked array.*give x.filled\(numpy.nan\)"):
        door(masked)
    assert np.isnan(np.asarray(door(masked.filled(np.nan)))).any()  # the mend works
    with pytest.raises(OgiveError, match=r"out is a masked array.*give out.data"):
        ACTS[1](np.ones(3), out=masked)


@pytest.mark.parametrize("door", EVERY_DOOR)
@pytest.mark.parametrize(
    "x",
    [
        np.ones(3, complex),
        np.array(["a", "b", "c"]),
        np.array([object()]),
        None,
        "text",
        np.zeros(3, "M8[s]"),
        np.zeros(3, [("a", "f8")]),
        [[1.0], [1.0, 2.0]],
        10**400,
    ],
    ids=["complex", "text array", "objects", "None", "text", "dates", "records", "ragged", "huge"],
)
def test_what_is_no_real_numbers_is_refused_in_a_sentence(door: Any, x: Any) -> None:
    with pytest.raises(OgiveError) as refused:
        door(x)
    assert "give" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_array_beside_a_tensor_is_refused() -> None:
    for one, two in ((np.ones(3), torch.ones(3)), (torch.ones(3), np.ones(3))):
        with pytest.raises(OgiveError, match="give both of one kind"):
            ACTS[1].times_slope(one, two)


class Own(np.ndarray):
    """A subclass that says so wherever it gets."""

    def __array_finalize__(self, parent: Any) -> None:
        self.note = getattr(parent, "note", "own")


@QUICK
@given(st.sampled_from(DTYPES).flatmap(views), st.sampled_from([ACTS[1], OWN]))
def test_subclasses_give_plain_arrays(x: Any, act: Activation) -> None:
    want = act(x)
    got = act(x.view(Own))
    assert type(got) is (np.ndarray if x.ndim else type(want))
    same(got, want)
    if x.ndim == 2:
        got = act(x.view(np.matrix))
        assert type(got) is np.ndarray
        same(got, want)


def test_tables_and_lists_are_taken_as_arrays() -> None:
    x = filled((4, 3), np.dtype("f8"), 1)
    want = ACTS[1](x)
    for other in (pd.DataFrame(x), x.tolist(), tuple(map(tuple, x)), list(x)):
        same(ACTS[1](other), want)
    same(ACTS[1](pd.Series(x[:, 0])), want[:, 0])
    same(ACTS[1](memoryview(np.ascontiguousarray(x))), want)


@settings(QUICK, max_examples=25)
@given(st.sampled_from(DTYPES[:8]), st.integers(0, 40), st.integers(1, 3), st.integers(0, 9))
def test_mapped_files_are_read_and_written(
    folder: Path, dtype: np.dtype[Any], count: int, step: int, skip: int
) -> None:
    x = filled((count + 10,), dtype, count)
    x.tofile(folder / "x")
    mapped = np.memmap(folder / "x", dtype=dtype, mode="r", offset=skip * dtype.itemsize)
    got = ACTS[1](mapped[::step])
    assert type(got) is np.ndarray
    same(got, ACTS[1](x[skip::step].copy()))
    out = np.memmap(folder / "y", dtype=dtype, mode="w+", shape=mapped.shape)
    assert ACTS[1](mapped, out=out) is out
    out.flush()
    same(np.fromfile(folder / "y", dtype), ACTS[1](x[skip:].copy()))
    with pytest.raises(OgiveError, match="out is read-only"):
        ACTS[1](mapped, out=mapped)
    writable = np.memmap(folder / "x", dtype=dtype, mode="r+")
    ACTS[1](writable, out=writable)
    writable.flush()
    same(np.fromfile(folder / "x", dtype), ACTS[1](x))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mapped")


@QUICK
@given(st.data(), st.sampled_from(PAIRS), st.sampled_from(ACTS), st.booleans())
def test_tensors_give_what_arrays_give(
    data: st.DataObject, kinds: tuple[torch.dtype, str], act: Activation, slope: bool
) -> None:
    x = data.draw(views(np.dtype(kinds[1])))
    plain = np.array(x)
    tensor = torch.from_numpy(plain.reshape(x.shape))
    for _ in range(data.draw(st.integers(0, 2))):
        if tensor.ndim > 1:
            first, second = data.draw(st.tuples(*[st.integers(0, tensor.ndim - 1)] * 2))
            tensor, x = tensor.transpose(first, second), x.swapaxes(first, second)
    if tensor.ndim and data.draw(st.booleans()):
        tensor, x = tensor[::2], x[::2]
    if data.draw(st.booleans()):
        tensor, x = tensor.expand(2, *tensor.shape), np.broadcast_to(x, (2, *x.shape))
    function = act.slope if slope else act
    got = function(tensor)
    assert (got.dtype, got.shape) == (tensor.dtype, tensor.shape)
    same(got.numpy(), np.asarray(function(x)))
    if 0 not in tensor.stride():
        out = tensor.clone()
        assert function(out, out=out) is out
        same(out.numpy(), np.asarray(function(x)))


@QUICK
@given(
    st.sampled_from([*(kind for kind, _ in PAIRS), torch.bfloat16]),
    st.integers(0, 8),
    st.integers(0, 8),
    st.integers(1, 2),
    st.integers(1, 2),
    st.booleans(),
)
def test_an_overlapping_tensor_out_changes_no_result(
    dtype: torch.dtype, start: int, begin: int, step: int, stride: int, turn: bool
) -> None:
    memory = torch.from_numpy(filled((30, 30), np.dtype("f8"), 5)).to(dtype)
    x = memory[start : start + 9 * step : step, start : start + 9]
    out = memory[begin : begin + 9 * stride : stride, start : start + 9]
    out = out.T if turn else out
    want = ACTS[1](x.clone())
    ACTS[1](x, out=out)
    assert torch.equal(out.nan_to_num(7.0), want.nan_to_num(7.0))


@QUICK
@given(anything(), st.sampled_from(["softmax", "log_softmax", "softmin", "sparsemax", "hardmax"]))
def test_functions_along_an_axis_mind_no_layout(x: Any, name: str) -> None:
    function = ogive.get(name)
    if x.ndim == 0:
        with pytest.raises(OgiveError, match="works along an axis"):
            function(x)
        return
    usual = np.array(x, order="C", dtype=x.dtype.newbyteorder("="))
    for axis in range(-x.ndim, x.ndim):
        got = function(x, axis)
        assert got.shape == x.shape
        assert got.dtype == (np.float64 if x.dtype.kind in "iub" else x.dtype)
        coarse = {2: 1e-2, 4: 1e-6}.get(got.dtype.itemsize, 1e-13)
        np.testing.assert_allclose(
            got.astype(np.longdouble),
            function(usual, axis % x.ndim).astype(np.longdouble),
            rtol=coarse,
            atol=1e-7 if got.dtype.itemsize == 2 else 0,
        )


def test_a_result_that_hangs_on_its_neighbour_is_noticed() -> None:
    x = filled((6,), np.dtype("f8"), 1)
    with pytest.raises(AssertionError):
        same(np.cumsum(x), lane_by_lane(np.cumsum, x))
    with pytest.raises(AssertionError):
        same(x.astype(">f8"), x)
    with pytest.raises(AssertionError):
        same(np.array([0.0]), np.array([-0.0]))
    same(np.array([np.nan]), np.array([-np.nan]))
