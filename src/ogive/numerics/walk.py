"""A kernel as LLVM text: a walk over contiguous memory, one vector of elements at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ogive.numerics import machine
from ogive.numerics.arithmetic import Arithmetic
from ogive.numerics.graph import COMPARISONS, CONSTANT, INPUT, PARAMETER, Node, needed
from ogive.numerics.ir import FLOAT, TRUTH, Block, Lane, absolute, literal, polynomial
from ogive.numerics.narrow import Narrow
from ogive.numerics.pair import Pair, Pairs
from ogive.numerics.roots import REACH, Root
from ogive.numerics.single import Single

LONGEST = 6000  # instructions of a step; compiling takes about a second
LANES = {"float": 16, "double": 8}
_NAMES = {"abs": "abs_", "and": "and_", "or": "or_"}


@dataclass(frozen=True)
class Plan:
    """What a kernel computes at each element.

    ``results`` are stored, times the upstream gradient where ``times`` is set; ``sums`` are
    multiplied by it and added up over all elements. ``ends`` says that the values of each result
    and sum at -inf and +inf are handed in. ``raw`` stores both parts of each pair.
    """

    results: tuple[Node, ...]
    kind: str  # of the arrays: "float" or "double"
    narrow: bool = False  # see Narrow
    exact: frozenset[int] = frozenset()  # the parameters that are exact in float32, for Narrow
    short: bool = False  # see Single
    times: bool = False
    sums: tuple[Node, ...] = ()
    ends: bool = False
    patches: tuple[tuple[Root, ...], ...] = ()  # of each result and sum, beside short forms
    raw: bool = False


class _Step:
    """The straight-line code of one vector: what comes in, and the lanes that go out."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        number = "float" if plan.narrow else FLOAT
        self.block = Block(LANES[plan.kind], machine.features(), number)
        self.numbers: Arithmetic[Any]
        if plan.narrow:
            self.numbers = Narrow(self.block)
        elif plan.kind == "float":
            self.numbers = Single(self.block, short=plan.short)
        else:
            self.numbers = Pairs(self.block)
        every = (*plan.results, *plan.sums)
        self.parameters = len(every[0].graph.parameters)
        self.ends = 2 * len(every) if plan.ends else 0
        made = self._made(every)
        self.stored: list[Lane] = []
        self.summed: list[Lane] = []
        for i, node in enumerate(every):
            number = made[node.place]
            for root in plan.patches[i] if plan.patches else ():
                number = self._patched(number, root)
            if i >= len(plan.results):
                upstream = Lane(self.block, "%g", FLOAT)
                self.summed.append(upstream * self.numbers.finish(number))
            elif plan.raw:
                self.stored += self.numbers.both(number)
            else:
                self.stored.append(self.numbers.finish(number))
        if len(self.block.lines) > LONGEST:
            raise ValueError("the expression is too long to compile")

    def _incoming(self, name: str) -> Any:
        return self.numbers.of(Lane(self.block, name, FLOAT))

    def _made(self, results: tuple[Node, ...]) -> dict[int, Any]:
        numbers = self.numbers
        made: dict[int, Any] = {}
        for node in needed(*results):
            if node.operation == INPUT:
                made[node.place] = self._incoming("%x")
            elif node.operation == PARAMETER:
                name = f"%p{node.key[1]}"
                made[node.place] = self._incoming(name)
                if self.plan.narrow and node.key[1] not in self.plan.exact:
                    low = Lane(self.block, f"{name}.low", FLOAT)
                    made[node.place] = Pair(Lane(self.block, name, FLOAT), low)
            elif node.operation == CONSTANT:
                made[node.place] = numbers.constant(float(node.number or 0.0), node.key[2])
            else:
                made[node.place] = self._operation(node, [made[o.place] for o in node.operands])
        for node in results:
            if node.operation in {*COMPARISONS, "and", "or", "isinf"}:
                one, none = numbers.constant(1.0, 0.0), numbers.constant(0.0, 0.0)
                made[node.place] = numbers.choose(made[node.place], one, none)
        return made

    def _patched(self, number: Any, root: Root) -> Any:
        t = (Lane(self.block, "%x", FLOAT) - root.place) - root.rest
        near = t * polynomial(t, root.coefficients)
        return self.numbers.choose(absolute(t) < REACH, self.numbers.of(near), number)

    def _operation(self, node: Node, operands: list[Any]) -> Any:
        numbers, name = self.numbers, node.operation
        if (
            self.plan.ends
            and name in {"keep_nan", "positive", "sign"}
            and _is_tame(node.operands[0])
        ):
            # A NaN of x is put right at the end.
            if name == "keep_nan":
                return operands[1]
            return getattr(numbers, f"tame_{name}")(*operands)
        if name == "divide" and node.operands[1].operation == CONSTANT:
            a, b = operands
            return numbers.divide_by(a, b, float(node.operands[1].number or 0.0))
        if name == "divide" and node.operands[1].fixed:
            a, b = operands
            return numbers.divide_by_fixed(a, b)
        return getattr(numbers, _NAMES.get(name, name))(*operands)


def _is_tame(node: Node) -> bool:
    """Whether it is no NaN for any number x."""
    return (
        node.operation in {INPUT, CONSTANT, PARAMETER}
        or (
            node.operation in {"negative", "abs", "minimum", "maximum"}
            and all(map(_is_tame, node.operands))
        )
        or (
            node.operation in {"add", "subtract", "multiply"}
            and any(o.fixed for o in node.operands)
            and all(map(_is_tame, node.operands))
        )
    )


def source(plan: Plan) -> str:
    """The LLVM text of ``kernel(n, parameters, x, upstream, ends, sums, *results)``.

    All but the count are addresses. Raises :class:`AttributeError` for an operation that the
    kernels do not know, and :class:`ValueError` for an expression that is too long.
    """
    return _Walk(plan).text()


class _Walk:
    def __init__(self, plan: Plan) -> None:
        self.step = _Step(plan)
        self.plan, block = plan, self.step.block
        self.lanes = block.lanes
        self.kind, self.wide = block.vector(plan.kind), block.vector(FLOAT)
        self.mask = block.vector(TRUTH)
        self.bytes = 4 if plan.kind == "float" else 8
        self.number, self.suffix = block.number_type, block.suffix
        self.converts = plan.kind != self.number
        self.reads = ["x", "g"] if plan.times or plan.sums else ["x"]
        self.constants = [f"%p{i}" for i in range(self.step.parameters)]
        if plan.narrow:
            self.constants += [f"%p{i}.low" for i in range(self.step.parameters)]
        self.constants += [f"%e{i}" for i in range(self.step.ends)]
        self.results = len(self.step.stored)
        self.sums = range(self.results, self.results + len(self.step.summed))
        self.shape = "{" + ", ".join([self.wide] * (self.results + len(self.sums))) + "}"
        # The blocks that the two copies of the step end in.
        self.back = "made.at.whole" if plan.ends else "loop"
        self.last = "made.at.part" if plan.ends else "part"
        self.masked = f"v{self.lanes}f{8 * self.bytes}.p0"

    def text(self) -> str:
        outputs = [f"ptr %o{i}" for i in range(self.results)]
        given = ["i64 %n", "ptr %ps", "ptr %x", "ptr %g", "ptr %es", "ptr %sums", *outputs]
        lines = [
            f"declare {self.kind} @llvm.masked.load.{self.masked}(ptr, {self.mask}, {self.kind})",
            f"declare void @llvm.masked.store.{self.masked}({self.kind}, ptr, {self.mask})",
            f"declare double @llvm.vector.reduce.fadd.v{self.lanes}f64"
            f"(double, <{self.lanes} x double>)",
            f"declare i1 @llvm.vector.reduce.or.v{self.lanes}i1({self.mask})",
            f"declare {self.wide} @llvm.fabs.{self.suffix}({self.wide})",
            f"declare {self.kind} @llvm.fabs.v{self.lanes}f{8 * self.bytes}({self.kind})",
            *(line for text in sorted(self.step.block.declared) for line in text.splitlines()),
            'attributes #0 = { nounwind "prefer-vector-width"="512" }',
            *self._step(),
            *(self._mend() if self.plan.ends else []),
            f"define void @kernel({', '.join(given)}) #0 {{",
            *self._whole_vectors(),
            *self._last_vector(),
            *self._totals(),
            "}",
        ]
        return "\n".join(_once(lines))

    def _step(self) -> list[str]:
        wide, shape = self.wide, self.shape
        given = ", ".join(f"{wide} {name}" for name in ["%x", "%g", *self.constants])
        lines = [
            f"define internal {shape} @step({given}) alwaysinline {{",
            *self.step.block.lines,
        ]
        before = "poison"
        for i, lane in enumerate([*self.step.stored, *self.step.summed]):
            lines.append(f"  %r{i} = insertvalue {shape} {before}, {wide} {lane.name}, {i}")
            before = f"%r{i}"
        return [*lines, f"  ret {shape} {before}", "}"]

    def _mend(self) -> list[str]:
        """What was made, with the given values at infinities, and NaN for NaN."""
        wide, shape = self.wide, self.shape
        inside = f"splat ({self.number} {literal(math.inf)})"
        given = ", ".join(f"{wide} {name}" for name in ["%x", "%g", *self.constants])
        lines = [
            f"define internal {shape} @mend({shape} %made, {given}) alwaysinline {{",
            f"  %size = call {wide} @llvm.fabs.{self.suffix}({wide} %x)",
            f"  %fine = fcmp olt {wide} %size, {inside}",
            f"  %above = fcmp ogt {wide} %x, zeroinitializer",
            f"  %nan = fcmp uno {wide} %x, %x",
        ]
        before = "poison"
        for i in range(self.results + len(self.sums)):
            end = i // 2 if self.plan.raw else i
            value = "zeroinitializer" if self.plan.raw and i % 2 else f"%edge{i}"
            times = i >= self.results  # a sum
            lines += [
                f"  %old{i} = extractvalue {shape} %made, {i}",
                f"  %side{i} = select {self.mask} %above, "
                f"{wide} %e{2 * end + 1}, {wide} %e{2 * end}",
                f"  %edge{i} = select {self.mask} %nan, {wide} %x, {wide} %side{i}",
                *([f"  %times{i} = fmul {wide} {value}, %g"] if times else []),
                f"  %new{i} = select {self.mask} %fine, {wide} %old{i}, "
                f"{wide} {f'%times{i}' if times else value}",
                f"  %r{i} = insertvalue {shape} {before}, {wide} %new{i}, {i}",
            ]
            before = f"%r{i}"
        return [*lines, f"  ret {shape} {before}", "}"]

    def _constant(self, name: str, pointer: str, place: int) -> list[str]:
        """A float64 from memory, in every lane; for pairs of float32, what they leave too."""
        lines = [
            f"  {name}.at = getelementptr double, ptr {pointer}, i64 {place}",
            f"  {name}.one = load double, ptr {name}.at",
        ]
        if self.number == FLOAT:
            return [*lines, *self._spread(name, FLOAT, f"{name}.one")]
        return [
            *lines,
            f"  {name}.high = fptrunc double {name}.one to float",
            f"  {name}.back = fpext float {name}.high to double",
            f"  {name}.rest = fsub double {name}.one, {name}.back",
            f"  {name}.left = fptrunc double {name}.rest to float",
            *self._spread(name, "float", f"{name}.high"),
            *self._spread(f"{name}.low", "float", f"{name}.left"),
        ]

    def _spread(self, name: str, kind: str, one: str) -> list[str]:
        """``one`` in every lane."""
        vector = f"<{self.lanes} x {kind}>"
        return [
            f"  {name}.in = insertelement {vector} poison, {kind} {one}, i64 0",
            f"  {name} = shufflevector {vector} {name}.in, {vector} poison, "
            f"<{self.lanes} x i32> zeroinitializer",
        ]

    def _stepped(self, tag: str, index: str, mask: str = "") -> list[str]:
        """Load, compute and store one vector; ``mask`` says which lanes are there."""
        lines = []
        for name in self.reads:
            at = f"%{name}.{tag}.at"
            narrow = f"%{name}.{tag}" + (".narrow" if self.converts else "")
            lines.append(f"  {at} = getelementptr {self.plan.kind}, ptr %{name}, i64 {index}")
            if mask:
                lines.append(
                    f"  {narrow} = call {self.kind} @llvm.masked.load.{self.masked}"
                    f"(ptr align {self.bytes} {at}, {self.mask} {mask}, "
                    f"{self.kind} zeroinitializer)"
                )
            else:
                lines.append(f"  {narrow} = load {self.kind}, ptr {at}, align {self.bytes}")
            if self.converts:
                lines.append(f"  %{name}.{tag} = fpext {self.kind} {narrow} to {self.wide}")
        narrow = ".narrow" if self.converts else ""
        upstream = f"%g.{tag}" if self.sums else "zeroinitializer"
        given = ", ".join(f"{self.wide} {v}" for v in [f"%x.{tag}", upstream, *self.constants])
        if self.plan.ends:
            infinity = f"splat ({self.plan.kind} {literal(math.inf)})"
            lines += [
                f"  %first.{tag} = call {self.shape} @step({given})",
                f"  %size.{tag} = call {self.kind} @llvm.fabs.v{self.lanes}f{8 * self.bytes}"
                f"({self.kind} %x.{tag}{narrow})",
                f"  %odd.{tag} = fcmp uge {self.kind} %size.{tag}, {infinity}",
                f"  %some.{tag} = call i1 @llvm.vector.reduce.or.v{self.lanes}i1"
                f"({self.mask} %odd.{tag})",
                f"  br label %have.{tag}",
                f"have.{tag}:",
                f"  br i1 %some.{tag}, label %mend.{tag}, label %made.at.{tag}",
                f"mend.{tag}:",
                f"  %mended.{tag} = call {self.shape} @mend({self.shape} %first.{tag}, {given})",
                f"  br label %made.at.{tag}",
                f"made.at.{tag}:",
                f"  %made.{tag} = phi {self.shape} [%first.{tag}, %have.{tag}], "
                f"[%mended.{tag}, %mend.{tag}]",
            ]
        else:
            lines.append(f"  %made.{tag} = call {self.shape} @step({given})")
        for i in range(self.results):
            value = f"%out{i}.{tag}"
            stored = f"{value}.made"
            lines.append(f"  {stored} = extractvalue {self.shape} %made.{tag}, {i}")
            if self.converts:
                lines.append(f"  {value}.rounded = fptrunc {self.wide} {stored} to {self.kind}")
                stored = f"{value}.rounded"
            if self.plan.times:
                lines.append(f"  {value}.times = fmul {self.kind} {stored}, %g.{tag}{narrow}")
                stored = f"{value}.times"
            lines.append(f"  {value}.at = getelementptr {self.plan.kind}, ptr %o{i}, i64 {index}")
            if mask:
                lines.append(
                    f"  call void @llvm.masked.store.{self.masked}({self.kind} {stored}, "
                    f"ptr align {self.bytes} {value}.at, {self.mask} {mask})"
                )
            else:
                lines.append(f"  store {self.kind} {stored}, ptr {value}.at, align {self.bytes}")
        return lines

    def _whole_vectors(self) -> list[str]:
        lines = ["entry:"]
        for pointer, prefix, count in (
            ("%ps", "%p", self.step.parameters),
            ("%es", "%e", self.step.ends),
        ):
            for i in range(count):
                lines += self._constant(f"{prefix}{i}", pointer, i)
        lines += [
            f"  %whole = and i64 %n, {-self.lanes}",
            "  %some = icmp ne i64 %whole, 0",
            "  br i1 %some, label %loop, label %rest",
            "loop:",
            f"  %i = phi i64 [0, %entry], [%next, %{self.back}]",
        ]
        for j in self.sums:
            start = f"[zeroinitializer, %entry], [%sum{j}, %{self.back}]"
            lines.append(f"  %acc{j} = phi {self.wide} {start}")
        lines += self._stepped("whole", "%i")
        for j in self.sums:
            lines.append(f"  %new{j} = extractvalue {self.shape} %made.whole, {j}")
            lines.append(f"  %sum{j} = fadd {self.wide} %acc{j}, %new{j}")
        return [
            *lines,
            f"  %next = add i64 %i, {self.lanes}",
            "  %more = icmp ult i64 %next, %whole",
            "  br i1 %more, label %loop, label %rest",
        ]

    def _last_vector(self) -> list[str]:
        order = ", ".join(f"i64 {i}" for i in range(self.lanes))
        lines = ["rest:"]
        for j in self.sums:
            start = f"[zeroinitializer, %entry], [%sum{j}, %{self.back}]"
            lines.append(f"  %got{j} = phi {self.wide} {start}")
        lines += [
            "  %left = sub i64 %n, %whole",
            "  %any = icmp ne i64 %left, 0",
            "  br i1 %any, label %part, label %done",
            "part:",
            *self._spread("%lefts", "i64", "%left"),
            f"  %there = icmp ult <{self.lanes} x i64> <{order}>, %lefts",
            *self._stepped("part", "%whole", "%there"),
        ]
        for j in self.sums:
            lines += [
                f"  %last{j} = extractvalue {self.shape} %made.part, {j}",
                f"  %kept{j} = select {self.mask} %there, {self.wide} %last{j}, "
                f"{self.wide} zeroinitializer",
                f"  %end{j} = fadd {self.wide} %got{j}, %kept{j}",
            ]
        return [*lines, "  br label %done"]

    def _totals(self) -> list[str]:
        lines = ["done:"]
        for j in self.sums:
            lines.append(f"  %all{j} = phi {self.wide} [%got{j}, %rest], [%end{j}, %{self.last}]")
        for place, j in enumerate(self.sums):
            lines += [
                f"  %one{j} = call reassoc double @llvm.vector.reduce.fadd.v{self.lanes}f64"
                f"(double 0.0, {self.wide} %all{j})",
                f"  %to{j} = getelementptr double, ptr %sums, i64 {place}",
                f"  store double %one{j}, ptr %to{j}",
            ]
        return [*lines, "  ret void"]


def _once(lines: list[str]) -> list[str]:
    """The lines, declarations first and no declaration twice."""
    declarations = sorted({line for line in lines if line.startswith("declare")})
    return [*declarations, *(line for line in lines if not line.startswith("declare"))]
