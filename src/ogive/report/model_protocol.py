"""How a study of a model of the user's own was made: what differs from the network on a table."""

from __future__ import annotations

from typing import Any

from ogive.study.record import Study
from ogive.study.wording import counted, listed

MOST_PLACES = 6  # of which each is named
INITS = {
    "own": "Every run starts from weights that the model drew itself",
    "pretrained": "Every run starts from the weights that the model came with, also the baseline",
}


def network(study: Study) -> str:
    """The model that every candidate was put into, in a sentence."""
    about, model = study.about, study.about["model"]
    places = model["replaced"]
    named = listed(places[:MOST_PLACES])
    if len(places) > MOST_PLACES:
        named = f"{', '.join(places[:MOST_PLACES])} and {len(places) - MOST_PLACES} more"
    return (
        f"{about['name']}, a model of your own, with {counted(model['weights'], 'weight')} that "
        f"learn. The candidate function took the place of {named}. The baseline is the same model "
        "with the identity in these places."
    )


def training(study: Study) -> str:
    """What is minimised, how and where; the sentence goes on with the batches."""
    model = study.about["model"]
    where = "" if model["device"] == "cpu" else f" on {model['device']}"
    precision = f" in {model['precision']}" if model["precision"] else ""
    return f"{model['optimizer']}{where}{precision} minimises {model['loss']} on"


def weights(study: Study) -> str:
    """What the runs start from, as a sentence without its end."""
    said = INITS.get(study.about["model"]["init"])
    return said or (
        "Weights are set as ogive.init_ sets them, for the function that feeds each layer: at the "
        "critical point where it has one, else at the scale that keeps the variance. What it "
        "leaves (embeddings, recurrent and attention weights, normalisation) the model draws "
        "itself, anew for each run"
    )


def validation(model: dict[str, Any]) -> str:
    """Which rows validate, as a clause."""
    rows = model["valid_rows"]
    if rows is None:
        return "a fifth of the development rows validates"
    return f"the {counted(rows, 'row')} given as valid validate"
