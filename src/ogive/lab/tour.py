import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="The tour of activation functions")

with app.setup:
    import marimo as mo
    import numpy as np

    import ogive
    import torch
    from ogive.lab import claims, first_figures, first_text, second_figures, second_text
    from ogive.lab.claims import Setting
    from ogive.lab.first_text import gained


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # The tour

    Two teaching texts lead from the sigmoid to the ELU and ask how to choose. This tour walks
    through both, chapter by chapter: the first text's are S1 to S11, the second's C1 to C8. Every
    figure is drawn again, every number computed again and set beside the one printed, and every
    claim measured over seeds, whichever way it comes out. Where a text errs, the tour says so and
    shows it.

    `ogive tour` opens a copy of your own, in which everything can be changed; marimo runs it when
    you press its yellow button (Ctrl+Shift+R). Numbers are equal if the computed one rounds to the
    printed one. Intervals are 95% intervals over seeds, each on its own.
    """)
    return


@app.cell
def _():
    seeds, epochs = 12, 20  # of every claim below; more seeds, narrower intervals
    return epochs, seeds


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## S1. The input data

    The first text works on 100 values and begins with a straight line.
    """)
    return


@app.cell
def _():
    X = np.arange(-10, 10, 0.2)
    Y = np.linspace(0, 100, 100)
    first_figures.input_data()
    return (X,)


@app.cell(hide_code=True)
def _():
    first_text.s1()
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## S2. The sigmoid

    `1/(1 + exp(-x + offset))`, which the text computes in a loop over the array. One call does
    the same for an array of any shape. Drag the offset.
    """)
    return


@app.cell
def _():
    offset = mo.ui.slider(-8.0, 8.0, 0.5, value=3.0, label="offset", show_value=True)
    offset
    return (offset,)


@app.cell
def _(X, offset):
    moved = ogive.sigmoid(X, offset=offset.value)  # all of X at once
    first_figures.with_offset(offset.value)
    return


@app.cell
def _():
    gained(lambda x: first_text.sigmoid_loop(x, 0.0), ogive.sigmoid)
    return


@app.cell(hide_code=True)
def _():
    first_text.s2()
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## S3. Three properties

    Not linear; between 0 and 1, so that it can be read as a probability; differentiable. The
    function's card states them and tries each out. In floating point the range is closed: from
    about 37 on, the nearest number in float64 is 1 itself.
    """)
    return


@app.cell
def _():
    ogive.get("sigmoid").card()
    return


@app.cell(hide_code=True)
def _():
    first_text.s3()
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## S4. The vanishing gradient

    Far from 0 the sigmoid is flat, and what is learned is proportional to its slope. (The text
    writes weight += loss × gradient; in full it is weight −= rate × gradient of the loss, and that
    gradient holds the unit's input and its slope.)
    """)
    return


@app.cell
def _():
    first_figures.value_and_slope(["sigmoid"])
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    An **output** sigmoid is spared if the loss is the cross-entropy: its slope cancels.
    """)
    return


@app.cell
def _():
    first_figures.output_unit()
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    In **hidden** layers nothing cancels. Each layer multiplies the gradient by its slopes:
    """)
    return


@app.cell
def _(seeds):
    first_figures.gradient_by_layer(seeds)
    return


@app.cell
def _(seeds):
    claims.vanishing(seeds)
    return


@app.cell(hide_code=True)
def _():
    first_text.s4()
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## S5. A sum of sigmoids

    The text adds 100 sigmoids with offsets from 0 to the largest X. `ogive.sum_of_sigmoids` does
    it in one call.
    """)
    return


@app.cell
def _(X):
    offsets = np.linspace(0, X.max(), 100)
    summed = ogive.sum_of_sigmoids(X, offsets) / 10
    first_figures.sum_and_parts(offsets)
    return


@app.cell
def _():
    first_figures.sum_error()
    return


@app.cell
def _():
    first_figures.sum_beyond()
    return


@app.cell(hide_code=True)
def _():
    first_text.s5()
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## S6. Softplus

    `log(1 + exp(x))` is what such sums tend to. With a spacing of 1, and offsets in the middle of
    each step, 60 sigmoids come within 0.0106 of it.
    """)
    return


@app.cell
def _():
    first_figures.softplus_approximated(count=60)
    return


@app.cell(hide_code=True)
def _():
    first_text.s6()
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## S7. ReLU

    `max(0, x)`, the ramp function or rectifier. At 0 it has no slope; by convention it is 0 there.
    """)
    return


@app.cell
def _():
    first_figures.value_and_slope(["relu"])
    return


@app.cell(hide_code=True)
def _():
    first_text.s7()
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## S8. The mean that is not 0

    ReLU's outputs are never negative, so their mean is positive, and for the next layer that is a
    bias. Here are the means by layer, and then the question whether the mean slows learning: ReLU
    against ReLU less its mean, which has the very same slope.
    """)
    return


@app.cell
def _(seeds):
    first_figures.mean_by_layer(seeds)
    return


@app.cell
def _(epochs, seeds):
    claims.centring(Setting(seeds, epochs))
    return


@app.cell(hide_code=True)
def _():
    first_text.s8()
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## S9. ELU

    x for x ≥ 0, and alpha·(exp(x) − 1) below (Clevert, Unterthiner and Hochreiter 2016,
    arXiv:1511.07289). Again the text loops over the elements, and again one call will do. Drag
    alpha.
    """)
    return


@app.cell
def _():
    alpha = mo.ui.slider(0.1, 3.0, 0.1, value=2.0, label="alpha", show_value=True)
    alpha
    return (alpha,)


@app.cell
def _(X, alpha):
    bent = ogive.elu(X, alpha=alpha.value)  # all of X at once
    first_figures.elu_family(alpha.value)
    return


@app.cell
def _():
    gained(lambda x: first_text.elu_loop(x, 1.0), ogive.elu)
    return


@app.cell(hide_code=True)
def _():
    first_text.s9()
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## S10. What is claimed for ELU

    No saturation for large positive x, a mean nearer to 0, faster learning, representations more
    robust to noise. The first is a fact of the formula. The others are measured, beside ReLU,
    leaky ReLU and SELU, each at its own best learning rate.
    """)
    return


@app.cell(hide_code=True)
def _():
    first_text.s10()
    return


@app.cell
def _(seeds):
    claims.mean_shift(seeds)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    Faster to what? To a loss that all reach soon, and to one that is hard to reach: the answers
    need not agree.
    """)
    return


@app.cell
def _(epochs, seeds):
    claims.speed(Setting(seeds, epochs), claims.LEVEL)
    return


@app.cell
def _(epochs, seeds):
    claims.speed(Setting(seeds, epochs), claims.LOW_LEVEL)
    return


@app.cell
def _(epochs, seeds):
    claims.robustness(Setting(seeds, epochs))
    return


@app.cell
def _(epochs, seeds):
    first_figures.race_curves(Setting(seeds, epochs))
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    These are small networks on 500 digits. For your own data there is `ogive choose`.

    ## S11. A notebook to play with

    The text ends with a notebook to download. You are reading ours: `ogive tour` opens it,
    `ogive tour --export tour.html` writes it down as a page, and `ogive tour --export tour.ipynb`
    as a notebook for Jupyter. `ogive lab` is the playground: choose or type a function, drag its
    parameters, train networks with it.

    ## C1. A logistic unit

    The second text begins with one unit: a weighted sum, and the logistic function of it.
    """)
    return


@app.cell
def _():
    x, w = np.array([1, 1.4, 2.5]), np.array([0.4, 0.3, 0.5])
    chance = ogive.sigmoid(x @ w)
    second_figures.logistic_unit(x, w)
    return


@app.cell(hide_code=True)
def _():
    second_text.c1()
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## C2. Outputs near 0

    Where a sigmoid's output is near 0 so is its slope, and a network is said to learn very slowly.
    The same network from the same weights, but for the biases of the hidden layer:
    """)
    return


@app.cell
def _(seeds):
    second_figures.slow_start(seeds)
    return


@app.cell
def _(seeds):
    claims.near_zero(seeds)
    return


@app.cell(hide_code=True)
def _():
    second_text.c2()
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## C3. A layer of logistic units

    Three units over four inputs. The largest output names the class, but the outputs sum to 2.376:
    they are no probabilities of classes that exclude each other.
    """)
    return


@app.cell
def _():
    W = np.array([[1.1, 1.2, 0.8, 0.4], [0.2, 0.4, 1.0, 0.2], [0.6, 1.5, 1.2, 0.7]])
    A = np.array([1, 0.1, 0.4, 0.6])
    Z = W @ A
    ogive.sigmoid(Z)
    return (Z,)


@app.cell(hide_code=True)
def _():
    second_text.c3()
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## C4. Softmax

    Softmax makes such probabilities. As the text writes it, it overflows; with the maximum
    subtracted first it holds for any finite input. And it needs to know along which axis.
    """)
    return


@app.cell
def _(Z):
    ogive.softmax(Z, axis=-1)
    return


@app.cell
def _():
    second_figures.softmax_overflow()
    return


@app.cell
def _():
    second_figures.softmax_axes()
    return


@app.cell(hide_code=True)
def _():
    second_text.c4()
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## C5. tanh, a stretched sigmoid

    tanh(z) = 2 sigmoid(2z) − 1 = (e^z − e^−z)/(e^z + e^−z).
    """)
    return


@app.cell
def _():
    first_figures.value_and_slope(["tanh", "sigmoid"])
    return


@app.cell
def _():
    second_figures.identity_error()
    return


@app.cell(hide_code=True)
def _():
    second_text.c5()
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## C6. tanh of large inputs

    tanh(20) and tanh(25) both print 1.0. Their slopes are tiny, but they are there and they
    differ, if they are taken from the input: `ogive.get("tanh").slope(20)`.
    """)
    return


@app.cell
def _():
    second_figures.kept_slopes()
    return


@app.cell(hide_code=True)
def _():
    second_text.c6()
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## C7. ReLU on tensors

    Every function takes PyTorch's tensors, and gives them its exact slope as gradient.
    """)
    return


@app.cell
def _():
    t = torch.arange(-5, 5, 0.005)
    ramp = ogive.relu(t)
    second_figures.relu_on_a_tensor()
    return


@app.cell(hide_code=True)
def _():
    second_text.c7()
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## C8. Choosing

    The title's question. The output unit follows from the task:
    """)
    return


@app.cell
def _():
    from ogive.study.network import OUTPUT_UNITS

    mo.md("\n".join(f"- **{unit.name}**: {unit.reason}." for unit in OUTPUT_UNITS.values()))
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    The hidden function does not follow from the task. It is compared, fairly, on your data; a
    small comparison, which says itself what it could have seen:
    """)
    return


@app.cell
def _():
    choice = ogive.choose(
        "iris", candidates=["relu", "elu"], seeds=5, width=8, rates=(0.01,), engine="here"
    )
    choice
    return


@app.cell
def _():
    second_figures.usual_functions()
    return


@app.cell(hide_code=True)
def _():
    second_text.c8()
    return


if __name__ == "__main__":
    app.run()
