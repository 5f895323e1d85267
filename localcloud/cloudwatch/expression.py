"""Reads a metric math expression into a tree; a small recursive descent, nothing is ever evaluated as Python.

From loose to tight: OR, AND, comparisons, sums, products, unary minus, powers (to the right). The order is ours where
the CloudWatch User Guide ("Using math expressions with CloudWatch metrics") says nothing.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from localcloud.errors import AwsError

FUNCTIONS = frozenset(
    "IF SUM AVG MIN MAX ABS CEIL FLOOR FILL DIFF RATE PERIOD RUNNING_SUM METRICS".split()  # noqa: SIM905  as prose
)
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<text>\"[^\"]*\"|'[^']*')|(?P<sign><=|>=|==|!=|&&|\|\||[-+*/^<>()\[\],]))"
)
_COMPARISONS = frozenset({"<", ">", "<=", ">=", "==", "!="})
_SAME = {"&&": "AND", "||": "OR"}
_DEEPEST, _LONGEST = 40, 500  # ours: levels and tokens, so that no expression exhausts the stack


@dataclass(frozen=True)
class Number:
    """A number."""

    value: float


@dataclass(frozen=True)
class Name:
    """The Id of a metric or an expression, or a word such as REPEAT."""

    name: str


@dataclass(frozen=True)
class Text:
    """A text in quotes."""

    text: str


@dataclass(frozen=True)
class Minus:
    """A minus before something."""

    of: "Node"


@dataclass(frozen=True)
class Operation:
    """Two things with an operator between them; AND and OR are written so."""

    sign: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True)
class Call:
    """A function of `FUNCTIONS` and its arguments."""

    function: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True)
class Array:
    """Several things in brackets."""

    items: tuple["Node", ...]


Node = Number | Name | Text | Minus | Operation | Call | Array


def parse(text: str) -> Node:
    """Read an expression; raises AwsError ValidationError for one that is wrong or uses a function not emulated."""
    parser = _Parser(text)
    node = parser.any()
    parser.end()
    return node


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0
        if len(self._tokens) > _LONGEST:
            raise self._wrong(f"it has more than {_LONGEST} parts")

    def any(self) -> Node:
        self._descend()
        node = self._left(self._all_of, {"OR"})
        self._depth -= 1
        return node

    def _descend(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._wrong("it is nested too deeply")

    def end(self) -> None:
        if self._next():
            raise self._wrong(f"{self._next()!r} was not expected")

    def _all_of(self) -> Node:
        return self._left(self._comparison, {"AND"})

    def _comparison(self) -> Node:
        return self._left(self._sum, _COMPARISONS)

    def _sum(self) -> Node:
        return self._left(self._product, {"+", "-"})

    def _product(self) -> Node:
        return self._left(self._signed, {"*", "/"})

    def _signed(self) -> Node:
        minus = False
        while self._take({"-"}):
            minus = not minus
        return Minus(self._power()) if minus else self._power()

    def _power(self) -> Node:
        base = self._atom()
        if not self._take({"^"}):
            return base
        self._descend()
        node = Operation("^", base, self._signed())
        self._depth -= 1
        return node

    def _atom(self) -> Node:
        kind, word = self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")
        self._at += 1
        if kind == "number":
            return Number(float(word))
        if kind == "text":
            return Text(word[1:-1])
        if kind == "name":
            return self._call(word) if self._take({"("}) else Name(word)
        if word == "(":
            node = self.any()
            self._expect(")")
            return node
        if word == "[":
            return Array(self._list("]"))
        raise self._wrong(f"{word!r} was not expected" if word else "it ends too early")

    def _call(self, function: str) -> Node:
        if function not in FUNCTIONS:
            raise self._wrong(f"the function {function} does not exist or is not emulated by the local cloud")
        return Call(function, self._list(")"))

    def _list(self, end: str) -> tuple[Node, ...]:
        if self._take({end}):
            return ()
        items = [self.any()]
        while self._take({","}):
            items.append(self.any())
        self._expect(end)
        return tuple(items)

    def _left(self, part: Callable[[], Node], signs: frozenset[str] | set[str]) -> Node:
        node = part()
        while sign := self._take(signs):
            node = Operation(sign, node, part())
        return node

    def _next(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _take(self, signs: frozenset[str] | set[str]) -> str:
        found = _SAME.get(self._next(), self._next())
        if found not in signs:
            return ""
        self._at += 1
        return found

    def _expect(self, sign: str) -> None:
        if not self._take({sign}):
            raise self._wrong(f"{sign!r} is missing")

    def _wrong(self, why: str) -> AwsError:
        return AwsError("ValidationError", f"Error in expression {self._text!r}: {why}.")


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            raise AwsError("ValidationError", f"Error in expression {text!r}: unexpected {text[at:].strip()[0]!r}.")
        tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
        at = found.end()
    return tokens


def names_in(node: Node) -> frozenset[str]:
    """Give every name that an expression refers to."""
    match node:
        case Name(name):
            return frozenset({name})
        case Minus(of):
            return names_in(of)
        case Operation(_, left, right):
            return names_in(left) | names_in(right)
        case Call(_, parts) | Array(parts):
            return frozenset().union(*map(names_in, parts))
    return frozenset()
