"""Mutants of one module: every check removed, inverted or moved by one.

Statements whose effect is a refusal or a side effect are removed, conditions are inverted or lose
an operand, comparisons move their border, constants move by one, and collections of constants lose
a member.  Left alone: annotations, decorators, docstrings, messages, numbers of weaknesses, and
`zip(…, strict=True)`.
"""

from __future__ import annotations

import ast
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

OPPOSITE = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.In: "not in", ast.NotIn: "in", ast.Is: "is not", ast.IsNot: "is",
}  # fmt: skip
SPELLED = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
    ast.In: "in", ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not",
}  # fmt: skip
INVERTED_BY_ITSELF = (ast.Eq, ast.NotEq, ast.In, ast.NotIn, ast.Is, ast.IsNot)
SIBLINGS = {"any": "all", "all": "any", "min": "max", "max": "min", "fullmatch": "match"}
MOST_SHOWN = 100
"""Characters of a text in a label."""
MOST_LETTERS = 16
"""Longest string in `x in "…"` that is taken for a set of letters."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change of one module."""

    path: str
    function: str
    """Qualified name, empty for the module's own level."""
    before: str
    after: str
    start: int
    end: int
    """Bytes of the module that `after` replaces."""
    lines: tuple[int, int]
    """First and last line of the statement's own part: tests that ran these are asked."""
    at_import: bool
    """Whether the code runs when the module is imported, and not in a call."""
    change: str = ""
    """What is done, where that is said shorter than by both texts."""
    again: int = 1
    """Which one, where a function has the same text more than once."""

    @property
    def label(self) -> str:
        """Name that stays when lines move."""
        nth = f" ({self.again})" if self.again > 1 else ""
        function = f"`{self.function}` " if self.function else ""
        change = self.change or f"`{_short(self.before)}` → `{_short(self.after)}`"
        return f"`{self.path}` {function}{change}{nth}"

    def applied(self, source: bytes) -> bytes:
        """Return the module with this change."""
        return source[: self.start] + self.after.encode() + source[self.end :]


def mutants(path: str, source: bytes) -> tuple[Mutant, ...]:
    """Return every mutant of a module, each with a name of its own."""
    finder = _Finder(path, source)
    finder.visit(ast.parse(source))
    seen: Counter[str] = Counter()
    named = []
    for mutant in dict.fromkeys(finder.found):
        seen[mutant.label] += 1
        named.append(replace(mutant, again=seen[mutant.label]))
    return tuple(named)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"


class _Finder(ast.NodeVisitor):
    def __init__(self, path: str, source: bytes) -> None:
        self.path, self.source = path, source
        self.found: list[Mutant] = []
        self.scope: list[str] = []
        self.depth = 0
        self.lines = (1, 1)
        lengths = (len(line) for line in source.splitlines(keepends=True))
        self.offsets = (0, *itertools.accumulate(lengths))

    # Where ------------------------------------------------------------------------------------

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if body else (node.end_lineno or node.lineno)
            self.lines = (node.lineno, max(node.lineno, last))
        super().visit(node)

    def visit_FunctionDef(self, node: Function) -> None:
        self.scope.append(node.name)
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.visit(default)
        self.depth += 1
        self.statements(node.body)
        self.depth -= 1
        self.scope.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.scope.append(node.name)
        self.statements(node.body)
        self.scope.pop()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_keyword(self, node: ast.keyword) -> None:
        """Leave numbers of weaknesses alone: they are compared with the page, and do nothing."""
        if node.arg != "cwe":
            self.visit(node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Leave messages alone."""

    def statements(self, body: list[ast.stmt]) -> None:
        """Visit statements; the last `return` of a function is no check."""
        for statement in body:
            if statement is body[-1] and isinstance(statement, ast.Return):
                self.lines = (statement.lineno, statement.end_lineno or statement.lineno)
                self.generic_visit(statement)
            else:
                self.visit(statement)

    # What -------------------------------------------------------------------------------------

    def change(self, node: ast.expr | ast.stmt, after: str, change: str = "") -> None:
        start, end = self.span(node)
        before = self.source[start:end].decode()
        function = ".".join(self.scope)
        self.found.append(
            Mutant(
                path=self.path, function=function, before=before, after=after,
                start=start, end=end, lines=self.lines, at_import=not self.depth, change=change,
            )
        )  # fmt: skip

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        start = self.offsets[node.lineno - 1] + node.col_offset
        return start, self.offsets[(node.end_lineno or 1) - 1] + (node.end_col_offset or 0)

    def text(self, node: ast.expr) -> str:
        start, end = self.span(node)
        return self.source[start:end].decode()

    def visit_Raise(self, node: ast.Raise) -> None:
        self.change(node, "pass")

    def visit_Return(self, node: ast.Return) -> None:
        self.change(node, "pass")
        self.generic_visit(node)

    def visit_Break(self, node: ast.Break) -> None:
        self.change(node, "pass")

    def visit_Continue(self, node: ast.Continue) -> None:
        self.change(node, "pass")

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.change(node, "pass")
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if self.text(node.targets[0]) == "__all__":
            return
        if isinstance(node.targets[0], ast.Attribute | ast.Subscript) and self.scope:
            self.change(node, "pass")
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call):
            self.change(node, "pass")
        elif isinstance(node.value, ast.Yield | ast.YieldFrom):
            self.change(node, "yield from ()")
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if self.text(node.test) != "TYPE_CHECKING":
            self.invert(node.test)
            self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        self.invert(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.invert(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self.invert(test)
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        line = node.lineno
        self.lines = (line, line)
        if node.type is not None and not isinstance(node.type, ast.Tuple):
            self.change(node.type, "()")
        self.generic_visit(node)

    def invert(self, test: ast.expr) -> None:
        by_itself = (
            isinstance(test, ast.Compare)
            and len(test.ops) == 1
            and isinstance(test.ops[0], INVERTED_BY_ITSELF)
        ) or (isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not))
        if not by_itself and not isinstance(test, ast.Constant):
            self.change(test, f"(not ({self.text(test)}))")

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self.change(node, f"bool({self.text(node.operand)})")
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        word, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        values = [f"({self.text(value)})" for value in node.values]
        self.change(node, f"({f' {other} '.join(values)})")
        for rest in _one_less(values):
            self.change(node, f"({f' {word} '.join(rest)})")
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        operands = [f"({self.text(operand)})" for operand in (node.left, *node.comparators)]
        if len(node.ops) == 1:
            operands = [self.text(node.left), self.text(node.comparators[0])]
        words = [SPELLED[type(operator)] for operator in node.ops]
        for place, operator in enumerate(node.ops):
            changed = [*words[:place], OPPOSITE[type(operator)], *words[place + 1 :]]
            pairs = (f" {word} {right}" for word, right in zip(changed, operands[1:], strict=True))
            self.change(node, f"({operands[0]}{''.join(pairs)})")
            if isinstance(operator, ast.In | ast.NotIn):
                self.letters(node.comparators[place])
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self.change(node, str(not node.value))
        elif isinstance(node.value, int):
            self.change(node, str(node.value + 1))
            self.change(node, f"({node.value - 1})")

    def visit_Call(self, node: ast.Call) -> None:
        name = self.text(node.func)
        last = name.split(".")[-1]
        if last in SIBLINGS:
            self.change(node.func, name[: -len(last)] + SIBLINGS[last])
        if last == "suppress":
            for rest in _one_less([self.text(argument) for argument in node.args]):
                self.change(node, f"{name}({', '.join(rest)})")
        if last in {"frozenset", "set", "tuple"} and len(node.args) == 1:
            self.letters(node.args[0])
        if name != "zip":
            self.generic_visit(node)

    def letters(self, node: ast.expr) -> None:
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(value, str) and 1 < len(value) <= MOST_LETTERS:
            for rest in _one_less(list(value)):
                self.change(node, repr("".join(rest)))

    def visit_Tuple(self, node: ast.Tuple) -> None:
        if all(isinstance(element, ast.Constant | ast.Attribute) for element in node.elts) or all(
            isinstance(element, ast.Name) and element.id[:1].isupper() for element in node.elts
        ):
            self.members(node, node.elts, "(", ",)")
        elif all(isinstance(element, ast.Tuple | ast.Call) for element in node.elts):
            self.members(node, node.elts, "(", ",)")  # the rows of a table
        self.generic_visit(node)

    def visit_List(self, node: ast.List) -> None:
        if all(isinstance(element, ast.Constant) for element in node.elts):
            self.members(node, node.elts, "[", "]")
        self.generic_visit(node)

    def visit_Set(self, node: ast.Set) -> None:
        self.members(node, node.elts, "{", "}")
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        keys = [key for key in node.keys if isinstance(key, ast.Constant | ast.Attribute)]
        if len(keys) == len(node.keys):
            pairs = zip(keys, node.values, strict=True)
            entries = [f"{self.text(key)}: {self.text(value)}" for key, value in pairs]
            for entry, rest in zip(entries, _one_less(entries), strict=True):
                self.change(node, "{" + ", ".join(rest) + "}", f"without `{_short(entry)}`")
        self.generic_visit(node)

    def members(
        self, node: ast.expr, elements: Iterable[ast.expr], opened: str, closed: str
    ) -> None:
        texts = [self.text(element) for element in elements]
        for text, rest in zip(texts, _one_less(texts), strict=True):
            if rest:
                self.change(node, opened + ", ".join(rest) + closed, f"without `{_short(text)}`")


def _one_less(items: list[str]) -> Iterator[list[str]]:
    for place in range(len(items)):
        yield items[:place] + items[place + 1 :]
