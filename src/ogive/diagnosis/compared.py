"""Two diagnoses beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ogive.shown import Shown

if TYPE_CHECKING:
    from ogive.diagnosis.health import Health

MEASURES = (
    "before_variance",
    "mean_shift",
    "dead_share",
    "saturated",
    "off",
    "gradient",
    "correlation",
    "rank",
)


@dataclass(frozen=True)
class HealthComparison(Shown):
    """Two records place by place: each measure ``first`` and ``second``.

    Places that have the same name are set beside each other; others stand alone.
    """

    first: Health
    second: Health

    @classmethod
    def of(cls, first: Health, second: Health) -> HealthComparison:
        """The comparison of two records."""
        return cls(first, second)

    @property
    def mended(self) -> tuple[str, ...]:
        """The rules that fired in the first alone."""
        after = {f.rule for f in self.second.findings}
        return tuple(f.rule for f in self.first.findings if f.rule not in after)

    @property
    def new(self) -> tuple[str, ...]:
        """The rules that fire in the second alone."""
        before = {f.rule for f in self.first.findings}
        return tuple(f.rule for f in self.second.findings if f.rule not in before)

    def title(self) -> str:
        """What went and what came."""
        kept = [f.rule for f in self.second.findings if f.rule not in self.new]
        told = [("mended", self.mended), ("new", self.new), ("as before", kept)]
        said = [f"{word}: {', '.join(rules)}" for word, rules in told if rules]
        return "; ".join(said) or "healthy, both"

    def rows(self) -> list[dict[str, Any]]:
        """One dict a place: the functions, and both values of each measure."""
        places = dict.fromkeys(r.where for h in (self.first, self.second) for r in h.layers)
        ones, others = ({r.where: r for r in h.layers} for h in (self.first, self.second))
        found = []
        for where in places:
            pair = ones.get(where), others.get(where)
            row: dict[str, Any] = {"where": where}
            for name in ("function", *MEASURES):
                for end, record in zip(("first", "second"), pair, strict=True):
                    row[f"{name}, {end}"] = None if record is None else getattr(record, name)
            found.append(row)
        return found

    def lines(self) -> list[dict[str, str]]:
        """A measure a column, before → after."""
        shown = []
        for row in self.rows():
            line = {"where": str(row["where"])}
            for name in ("function", *MEASURES):
                one, other = (_text(row[f"{name}, {end}"]) for end in ("first", "second"))
                line[name.replace("_", " ")] = one if one == other else f"{one} → {other}"
            shown.append(line)
        return shown


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.2g}" if isinstance(value, float) else str(value)
