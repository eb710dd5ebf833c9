"""What answers for PyTorch while models run: masks keyed by the run, layers written out."""

import itertools

import numpy as np
import pytest
from torch.nn import functional as F

import torch
from ogive.study import masks
from ogive.study.serving import Serving
from torch import nn

KEY = masks.at_step(masks.key_of(("run", 1)), 3)


def centred(key, call, rate=0.3, count=200_000):
    return masks.kept(key, call, (count,), rate).double() - (1 - rate)


def test_masks_keep_the_share_asked_for_and_are_unrelated():
    keys = [KEY, masks.at_step(masks.key_of(("run", 1)), 4), masks.at_step(masks.key_of(("b",)), 3)]
    drawn = [centred(key, call) for key in keys for call in (1, 2)]
    spread = 0.3 * 0.7 / np.sqrt(200_000)
    for one in drawn:
        assert abs(float(one.mean())) < 4.5 * np.sqrt(0.21 / 200_000)
        for lag in (1, 2, 64):  # neighbours within a mask
            assert abs(float((one[lag:] * one[:-lag]).mean())) < 4.5 * spread
    for one, other in itertools.combinations(drawn, 2):
        assert abs(float((one * other).mean())) < 4.5 * spread
    assert abs(float((drawn[0] * centred(KEY, 1)).mean())) > 4.5 * spread  # the same is found


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.5, 0.97])
def test_a_mask_is_the_same_for_the_same_key(rate):
    one = masks.kept(KEY, 1, (40, 50), rate)
    assert torch.equal(one, masks.kept(KEY.clone(), 1, (40, 50), rate))
    assert float(one.double().mean()) == pytest.approx(1 - rate, abs=0.05)
    together = torch.vmap(lambda key: masks.kept(key, 1, (40, 50), rate))(
        torch.stack([KEY + 1, KEY])
    )
    assert torch.equal(together[1], one)


@pytest.mark.parametrize(
    ("drop", "shape", "whole"),
    [
        (lambda x: F.dropout(x, 0.4), (20, 30), 2),
        (lambda x: torch.dropout(x, 0.4, True), (20, 30), 2),
        (nn.Dropout(0.4, inplace=True), (20, 30), 2),
        (lambda x: F.dropout1d(x, 0.4), (20, 30, 4), 2),
        (lambda x: F.dropout1d(x, 0.4), (60, 4), 1),
        (lambda x: F.dropout2d(x, 0.4), (20, 30, 4, 2), 2),
        (lambda x: F.dropout3d(x, 0.4), (20, 30, 2, 2, 2), 2),
        (lambda x: F.dropout3d(x, 0.4), (60, 2, 2, 2), 1),
    ],
)
def test_dropout_drops_what_torch_would(drop, shape, whole):
    with Serving(False, KEY) as serving:
        made = drop(torch.ones(shape))
    assert serving.served
    values = made.reshape(*shape[:whole], -1)
    assert torch.equal(values.amin(-1), values.amax(-1))
    assert made.unique().tolist() == pytest.approx([0.0, 1 / 0.6])
    torch.manual_seed(0)
    theirs = drop(torch.ones(shape)).reshape(*shape[:whole], -1)
    assert torch.equal(theirs.amin(-1), theirs.amax(-1))


def test_dropout_is_left_alone_in_evaluation():
    with Serving(True, KEY) as serving:
        assert torch.equal(nn.Dropout(0.5).eval()(torch.ones(50)), torch.ones(50))
    assert not serving.served


def test_alpha_dropout_keeps_mean_and_variance():
    x = torch.randn(200_000, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    with Serving(False, KEY):
        made = F.alpha_dropout(x, 0.3, training=True)
        channels = F.feature_alpha_dropout(x.view(2000, 10, 10), 0.3, training=True)
    for one in (made, channels):
        assert float(one.mean()) == pytest.approx(0, abs=0.05)
        assert float(one.var()) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("mask", ["none", "causal", "booleans", "numbers"])
def test_attention_written_out_is_torchs(mask):
    random = torch.Generator().manual_seed(2)
    q, k, v = (torch.randn(2, 3, 5, 4, generator=random, dtype=torch.float64) for _ in range(3))
    given = {"is_causal": mask == "causal"}
    if mask == "booleans":
        given["attn_mask"] = torch.ones(5, 5, dtype=torch.bool).tril(1)
    if mask == "numbers":
        given["attn_mask"] = torch.randn(5, 5, generator=random, dtype=torch.float64)
    theirs = F.scaled_dot_product_attention(q, k, v, scale=0.7, **given)
    with Serving(True) as serving:
        ours = F.scaled_dot_product_attention(q, k, v, scale=0.7, **given)
    assert serving.served == {"scaled_dot_product_attention"}
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    wrong = F.scaled_dot_product_attention(q, k, v, scale=0.71, **given)
    assert not torch.allclose(ours, wrong, rtol=1e-6)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("settings", [{}, {"bidirectional": True, "bias": False}])
def test_recurrent_layers_written_out_are_torchs(kind, settings):
    torch.manual_seed(3)
    layer = kind(3, 4, num_layers=2, **settings).double()
    for shape in ((5, 2, 3), (5, 3)):
        x = torch.randn(shape, dtype=torch.float64)
        theirs, their_state = layer(x)
        with Serving(True) as serving:
            ours, our_state = layer(x)
        assert serving.served
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(our_state, their_state, rtol=1e-12, atol=1e-12)


def test_what_is_not_written_out_is_torchs_own():
    layer = nn.LSTM(3, 4, proj_size=2).double()
    x = torch.randn(5, 2, 3, dtype=torch.float64)
    packed = nn.utils.rnn.pack_padded_sequence(x, torch.tensor([5, 3]))
    with Serving(True) as serving:
        layer(x)
        nn.LSTM(3, 4).double()(packed)
    assert not serving.served
