"""Arrays of every layout through the compiled kernels: the numbers depend on the numbers alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import oracles
from ogive.errors import OgiveError
from ogive.functions import Activation, get
from ogive.numerics import threads

DTYPES = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16]
EVERY_DTYPE = pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: np.dtype(d).name)
# One that is a choice, one with exp, one with two roots in its slope, one with a parameter.
SOME = [get(label) for label in ("relu", "elu:alpha=0.5", "mish", "softplus:beta=2")]
EACH = pytest.mark.parametrize("act", SOME, ids=oracles.by_label)
Function = Callable[..., Any]


def bits(array: Any) -> Any:
    """The array's bytes as whole numbers, in its own shape, so that NaN and -0 count."""
    plain = np.array(array, order="C", copy=True)
    return plain.view(f"u{plain.itemsize}") if plain.ndim else plain.reshape(1).view(np.uint8)


def same(one: Any, two: Any) -> None:
    """Equal in dtype, shape and every bit."""
    assert one.dtype == two.dtype
    assert np.shape(one) == np.shape(two)
    np.testing.assert_array_equal(bits(one), bits(two))


def near(one: Any, two: Any) -> None:
    """Equal but for the last bit of float32: there a value that is computed together with a slope
    may take a form with more digits than it takes alone."""
    if one.dtype != np.float32:
        same(one, two)
        return
    assert one.shape == two.shape
    np.testing.assert_array_max_ulp(one[np.isfinite(two)], two[np.isfinite(two)], 1)
    np.testing.assert_array_equal(one[~np.isfinite(two)], two[~np.isfinite(two)])


def numbers(count: int, dtype: Any, seed: int = 0) -> Any:
    """Numbers of many sizes, with the special ones among them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=count) * 10.0 ** rng.integers(-6, 3, count)
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-30, -1e-30, 300.0, -300.0]
    where = rng.random(count) < 0.2
    x[where] = rng.choice(special, where.sum())
    return x.astype(dtype)


@st.composite
def layouts(draw: st.DrawFn) -> tuple[Callable[[Any], Any], tuple[int, ...]]:
    """A way to cut a view out of a flat piece of memory, and the shape of the whole."""
    shape = tuple(draw(st.lists(st.integers(0, 7), max_size=3)))
    order = draw(st.permutations(range(len(shape))))
    cuts = tuple(
        slice(
            draw(st.integers(0, 2)) if draw(st.booleans()) else None,
            None,
            draw(st.sampled_from([1, 1, 2, 3, -1, -2])),
        )
        for _ in shape
    )
    new_axis = draw(st.integers(0, 3))

    def view(whole: Any) -> Any:
        found = whole.transpose(order)[(*cuts, ...)]
        if new_axis == 1:
            return found[None]
        if new_axis == 2 and found.ndim < 3:
            return np.broadcast_to(found, (3, *found.shape))
        return found

    return view, shape


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(layouts(), st.sampled_from(DTYPES), st.sampled_from(SOME), st.booleans())
def test_any_layout_gives_what_a_plain_copy_gives(
    layout: tuple[Callable[[Any], Any], tuple[int, ...]], dtype: Any, act: Activation, slope: bool
) -> None:
    view, shape = layout
    x = view(numbers(int(np.prod(shape)), dtype).reshape(shape))
    function = act.slope if slope else act
    before = bits(x)
    got = function(x)
    assert got.shape == x.shape
    assert type(got) is (np.dtype(dtype).type if got.ndim == 0 else np.ndarray)
    if got.ndim:
        same(got, function(np.array(x, order="C", copy=True)))
    np.testing.assert_array_equal(bits(x), before)
    value, second = act.value_and_slope(x)
    near(np.asarray(value), np.asarray(act(x)))
    near(np.asarray(second), np.asarray(act.slope(x)))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(layouts(), st.sampled_from(DTYPES), st.sampled_from(SOME), st.booleans())
def test_out_may_have_any_layout(
    layout: tuple[Callable[[Any], Any], tuple[int, ...]], dtype: Any, act: Activation, turned: bool
) -> None:
    view, shape = layout
    out = view(np.full(shape, 7.0).astype(dtype))
    if not out.flags.writeable:  # broadcast
        out = out.copy()
    x = numbers(out.size, dtype).reshape(out.shape)
    x = np.array(x, order="F") if turned else x
    assert act(x, out=out) is out
    if out.ndim:
        same(out, act(np.array(x, order="C", copy=True)))


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 5),
    st.integers(0, 5),
    st.sampled_from([1, 2, -1, -2]),
    st.sampled_from([1, 2, -1, -2]),
    st.integers(1, 40),
    st.sampled_from(DTYPES),
)
def test_out_may_overlap_the_input(
    start: int, begin: int, step: int, stride: int, count: int, dtype: Any
) -> None:
    act = SOME[1]
    memory = numbers(100, dtype)

    def piece(first: int, by: int) -> Any:
        return memory[first : first + abs(by) * count : abs(by)][:: 1 if by > 0 else -1]

    x, out = piece(start, step), piece(begin, stride)
    want = act(x.copy())
    act(x, out=out)
    same(out.copy(), want)


@EACH
@EVERY_DTYPE
def test_in_place(act: Activation, dtype: Any) -> None:
    for cut in (slice(None), slice(None, None, 3), slice(None, None, -1)):
        x = numbers(101, dtype)
        want = act.slope(x[cut].copy())
        assert act.slope(x[cut], out=x[cut]) is not None
        same(x[cut].copy(), want)


@EACH
@EVERY_DTYPE
def test_misaligned_memory(act: Activation, dtype: Any) -> None:
    size = np.dtype(dtype).itemsize
    x = numbers(67, dtype)
    for shift in (1, size - 1):
        raw, made = np.zeros(67 * size + 8, np.uint8), np.zeros(67 * size + 8, np.uint8)
        askew = raw[shift : shift + 67 * size].view(dtype)
        askew[...] = x
        assert not askew.flags.aligned or size == 1
        same(act(askew), act(x))
        out = made[shift : shift + 67 * size].view(dtype)
        act(askew, out=out)
        same(out.copy(), act(x))
        assert not made[:shift].any()
        assert not made[shift + 67 * size :].any()


@EACH
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_byte_swapped_memory(act: Activation, dtype: Any) -> None:
    x = numbers(67, dtype)
    turned = x.astype(x.dtype.newbyteorder("S"))
    assert act(turned).dtype == turned.dtype
    same(act(turned).astype(dtype), act(x))
    out = np.empty_like(turned)
    assert act.slope(turned, out=out) is out
    same(out.astype(dtype), act.slope(x))
    value, _ = act.value_and_slope(turned)
    near(value.astype(dtype), act(x))


@EVERY_DTYPE
def test_fields_of_records(dtype: Any) -> None:
    records = np.zeros(33, [("a", np.uint8), ("x", dtype)])
    records["x"] = numbers(33, dtype)
    same(SOME[2](records["x"]), SOME[2](records["x"].copy()))


@EVERY_DTYPE
def test_read_only_and_mapped_files(dtype: Any, tmp_path: Path) -> None:
    act = SOME[1]
    x = numbers(300, dtype)
    want = act(x)
    x.flags.writeable = False
    same(act(x), want)
    x.tofile(tmp_path / "x")
    mapped = np.memmap(tmp_path / "x", dtype=dtype, mode="r")
    got = act(mapped)
    assert type(got) is np.ndarray
    same(got, want)
    out = np.memmap(tmp_path / "y", dtype=dtype, mode="w+", shape=(300,))
    act(mapped, out=out)
    out.flush()
    same(np.fromfile(tmp_path / "y", dtype), want)


def test_subclasses_lists_and_python_numbers() -> None:
    act = SOME[1]
    x = numbers(12, np.float64).reshape(3, 4)

    class Own(np.ndarray):
        pass

    got = act(x.view(Own))
    assert type(got) is np.ndarray
    same(got, act(x))
    same(act(x.tolist()), act(x))
    same(act(tuple(map(tuple, x))), act(x))
    for number in (-1.5, np.float64(-1.5), np.array(-1.5)):
        assert type(act(number)) is np.float64
        same(act(number), act(np.array([-1.5]))[0])
    assert act(-2) == act(-2.0)
    assert act(True) == 1.0
    assert act([]).shape == (0,)
    assert type(act(np.float32(-1.5))) is np.float32
    assert act(np.array([-1.5], np.longdouble)).dtype == np.longdouble


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0, 2), ()])
@EVERY_DTYPE
def test_empty_and_0_d_arrays(shape: tuple[int, ...], dtype: Any) -> None:
    for act in SOME:
        out = np.full(shape, -1.0).astype(dtype)
        assert act(out, out=out) is out
        assert act(out).shape == act.slope(out).shape == shape
        value, slope = act.value_and_slope(out)
        assert value.shape == slope.shape == shape
        assert value.dtype == slope.dtype == dtype


@pytest.mark.parametrize(
    ("out", "sentence"),
    [
        (np.empty(4), r"out has shape \(4,\) and dtype float64; .* with shape \(3,\)"),
        (np.empty((3, 1)), r"out has shape \(3, 1\)"),
        (np.empty(3, np.float32), "dtype float32; .* dtype float64"),
        (np.empty(3, ">f8"), "dtype >f8; .* dtype float64"),
        (np.empty(3, int), "dtype int64; .* dtype float64"),
        ([0.0, 0.0, 0.0], "out is a list; give an array"),
        (np.float64(1.0), "out is a float64; give an array"),
        (np.broadcast_to(np.empty(3), (3,)), "out is read-only; give an array that can be written"),
    ],
)
def test_an_out_that_cannot_be_used_is_refused_in_one_sentence(out: Any, sentence: str) -> None:
    for function in (SOME[1], SOME[1].slope):
        with pytest.raises(OgiveError, match=sentence) as error:
            function(np.zeros(3), out=out)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("act", [entry() for entry in oracles.elementwise()], ids=oracles.by_label)
@EVERY_DTYPE
def test_a_scalar_equals_any_lane_of_any_length(act: Activation, dtype: Any) -> None:
    x = numbers(70, dtype, seed=1)
    for function in (act, act.slope):
        whole = function(x)
        one = np.array([function(x[i : i + 1])[0] for i in range(70)])
        same(whole, one.astype(dtype))
        for first in (1, 3, 8, 15):
            same(function(x[first:]), whole[first:])


@EACH
@EVERY_DTYPE
def test_lengths_from_0_to_70(act: Activation, dtype: Any) -> None:
    x = numbers(70, dtype, seed=2)
    whole = act(x), act.slope(x)
    guarded = np.full(72, 9.0).astype(dtype)
    for length in range(71):
        guarded[...] = 9.0
        act(x[:length], out=guarded[1 : length + 1])
        same(guarded[1 : length + 1].copy(), whole[0][:length])
        assert guarded[0] == guarded[length + 1] == 9.0  # nothing is written beyond the end
        same(act.slope(x[:length]), whole[1][:length])
        value, slope = act.value_and_slope(x[:length])
        near(value, whole[0][:length])
        near(slope, whole[1][:length])


@pytest.fixture
def many_threads() -> Iterator[None]:
    yield
    threads.set_threads(None)


@pytest.mark.usefixtures("many_threads")
@EACH
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_number_of_threads_changes_no_bit(act: Activation, dtype: Any) -> None:
    x = numbers(5 * threads.PIECE + 7, dtype)
    threads.set_threads(1)
    want = act(x), act.slope(x)
    together = act.value_and_slope(x)
    near(together[0], want[0])
    near(together[1], want[1])
    for count in (2, 3, 8):
        threads.set_threads(count)
        same(act(x), want[0])
        same(act.slope(x, out=x.copy()), want[1])
        value, slope = act.value_and_slope(x)
        same(value, together[0])
        same(slope, together[1])


@pytest.mark.usefixtures("many_threads")
def test_large_arrays_of_every_order_use_threads() -> None:
    used: set[str] = set()

    def work(start: int, stop: int) -> None:
        used.add(threading.current_thread().name)
        barrier.wait(30)

    barrier = threading.Barrier(3)
    threads.in_pieces(work, 3 * threads.PIECE, 3)
    assert len(used) == 3
    threads.set_threads(3)
    x = numbers(3 * threads.PIECE, np.float64).reshape(3, -1)
    for turned in (x, x.T, np.asfortranarray(x)):
        same(SOME[1](turned), SOME[1](np.array(turned, order="C")))


@pytest.mark.parametrize("pieces", [1, 2, 3, 7])
@pytest.mark.parametrize("count", [1, 64, (1 << 16) * 2 - 1, (1 << 16) * 2, (1 << 18) + 13])
def test_pieces_cover_everything_once(pieces: int, count: int) -> None:
    done = np.zeros(count, np.int8)

    def work(start: int, stop: int) -> None:
        assert 0 <= start < stop <= count
        done[start:stop] += 1

    threads.in_pieces(work, count, pieces)
    assert (done == 1).all()


def test_an_error_in_a_piece_comes_out() -> None:
    def work(start: int, stop: int) -> None:
        if start:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        threads.in_pieces(work, 4 * threads.PIECE, 4)


@pytest.mark.parametrize("count", [0, -1, 1.5, "2"])
def test_a_number_of_threads_that_is_none_is_refused(count: Any) -> None:
    with pytest.raises(
        OgiveError, match=r"the number of threads is .*; give a whole number from 1"
    ):
        threads.set_threads(count)
