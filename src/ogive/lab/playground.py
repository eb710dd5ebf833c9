import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="The lab: play with activation functions")

with app.setup:
    import marimo as mo

    from ogive.errors import OgiveError
    from ogive.functions import registry
    from ogive.lab import play_figures, playdata, rehearsal, workbench


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # The lab

    Choose two functions or type your own, drag their parameters, see what theory says of them, and
    train the same network with both from the same seeds.
    """)
    return


@app.cell
def _():
    _names = [e.name for e in registry.entries() if e.family not in ("along an axis", "formula")]
    name_one = mo.ui.dropdown(_names, value="elu", label="First function", searchable=True)
    name_two = mo.ui.dropdown(_names, value="relu", label="Second function", searchable=True)
    typed_one = mo.ui.text(label="or type one", placeholder="x*tanh(exp(a*x)):a=1")
    typed_two = mo.ui.text(label="or type one", placeholder="where(x > 0, x, 0.1*x)")
    return name_one, name_two, typed_one, typed_two


@app.cell
def _(name_one, name_two, typed_one, typed_two):
    start_one = workbench.chosen(name_one.value or "elu", typed_one.value)
    start_two = workbench.chosen(name_two.value or "relu", typed_two.value)
    return start_one, start_two


@app.cell
def _(start_one, start_two):
    def _sliders(start):
        made = workbench.sliders(start.act) if start.act else ()
        return mo.ui.dictionary(
            {
                s.name: mo.ui.slider(
                    s.low, s.high, s.step, value=s.value, label=s.name, show_value=True,
                    debounce=True,
                )
                for s in made
            }
        )  # fmt: skip

    dragged_one, dragged_two = _sliders(start_one), _sliders(start_two)
    return dragged_one, dragged_two


@app.cell
def _(dragged_one, dragged_two, start_one, start_two):
    def _tuned(start, dragged):
        return workbench.tuned(start.act, dragged.value) if start.act else start

    one, two = _tuned(start_one, dragged_one), _tuned(start_two, dragged_two)
    acts = list(dict.fromkeys(c.act for c in (one, two) if c.act))  # the same one is shown once
    return acts, one, two


@app.cell
def _(
    dragged_one,
    dragged_two,
    name_one,
    name_two,
    one,
    two,
    typed_one,
    typed_two,
):
    def _side(name, typed, dragged, found):
        parts = [name, typed, *dragged.values()]
        if found.problem:
            parts.append(mo.Html(play_figures.problem_html(found.problem)))
        return mo.vstack(parts, gap=0.6)

    mo.hstack(
        [
            _side(name_one, typed_one, dragged_one, one),
            _side(name_two, typed_two, dragged_two, two),
        ],
        wrap=True,
        justify="start",
        gap=4,
    )
    return


@app.cell
def _():
    point = mo.ui.slider(-6.0, 6.0, 0.1, value=1.0, label="x", show_value=True, debounce=True)
    spread = mo.ui.slider(
        0.1, 5.0, 0.1, value=1.0, label="variance of the inputs", show_value=True, debounce=True
    )
    mo.hstack([point, spread], wrap=True, justify="start", gap=2)
    return point, spread


@app.cell
def _(acts, point):
    workbench.picture(acts, point.value) if acts else None
    return


@app.cell
def _(acts, point, spread):
    mo.Html(
        play_figures.readings_html(
            [workbench.reading(act, point.value, spread.value) for act in acts],
            point.value,
            spread.value,
        )
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Before training: what theory says

    Weights are drawn with variance sigma_w²/fan-in, biases with sigma_b². In the ordered phase
    inputs become alike from layer to layer, in the chaotic phase they part; deep networks train
    along the edge between them.
    """)
    return


@app.cell
def _():
    initialisation = mo.ui.dropdown(
        workbench.INITIALISATIONS, value=workbench.GAIN, label="Initialisation"
    )
    sigma_w = mo.ui.slider(
        0.1, 4.0, 0.05, value=1.5, label="sigma_w", show_value=True, debounce=True
    )
    sigma_b = mo.ui.slider(
        0.0, 1.0, 0.05, value=0.1, label="sigma_b", show_value=True, debounce=True
    )
    return initialisation, sigma_b, sigma_w


@app.cell
def _(initialisation, sigma_b, sigma_w):
    _own = [sigma_w, sigma_b] if initialisation.value == workbench.OWN else []
    mo.hstack([initialisation, *_own], wrap=True, justify="start", gap=2)
    return


@app.cell
def _(acts, initialisation, sigma_b, sigma_w):
    theories, _problems = [], []
    for _act in acts:
        try:
            theories.append(
                workbench.initialised(_act, initialisation.value, sigma_w.value, sigma_b.value)
            )
        except OgiveError as _error:
            _problems.append(mo.Html(play_figures.problem_html(str(_error))))
    mo.vstack([mo.Html(play_figures.phases_html(theories)), *_problems])
    return (theories,)


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Train a network

    Both functions get the same data, the same order of its rows and the same random draws behind
    their weights, at the initialisation chosen above; biases start at 0.
    """)
    return


@app.cell
def _():
    chosen_set = mo.ui.dropdown(list(playdata.SETS), value="two moons", label="Data")
    depth = mo.ui.slider(1, 12, 1, value=3, label="hidden layers", show_value=True, debounce=True)
    width = mo.ui.slider(2, 64, 2, value=16, label="units in each", show_value=True, debounce=True)
    rate = mo.ui.dropdown(
        {f"{r:g}": r for r in (0.0001, 0.001, 0.003, 0.01, 0.03, 0.1)},
        value="0.01",
        label="Learning rate",
    )
    epochs = mo.ui.slider(5, 200, 5, value=40, label="epochs", show_value=True, debounce=True)
    seed = mo.ui.number(0, 9999, 1, value=0, label="Seed")
    go = mo.ui.run_button(label="Train")
    mo.vstack(
        [
            mo.hstack([chosen_set, rate, seed], wrap=True, justify="start", gap=2),
            mo.hstack([depth, width, epochs], wrap=True, justify="start", gap=2),
            go,
        ]
    )
    return chosen_set, depth, epochs, go, rate, seed, width


@app.cell
def _(chosen_set, depth, epochs, go, rate, seed, theories, width):
    mo.stop(not go.value, mo.md("Press **Train** to begin."))
    data = playdata.data(chosen_set.value, seed.value)
    _acts = [theory.function for theory in theories]
    _runs = [
        rehearsal.train(
            theory.function,
            data,
            rehearsal.Plan(
                depth.value, width.value, rate.value, epochs.value, seed.value, theory.sigma_w
            ),
        )
        for theory in theories
    ]
    _last = [None] * len(_runs)
    while _runs and not all(f is not None and f.done for f in _last):
        # One that has diverged stays as it is while the other goes on.
        _last = [next(run, last) for run, last in zip(_runs, _last, strict=True)]
        _shown = play_figures.training_html(list(zip(_last, _acts, strict=True)), data)
        mo.output.replace(mo.Html(_shown))
    return


if __name__ == "__main__":
    app.run()
