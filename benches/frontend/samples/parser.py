"""A calculator: a scanner, a recursive descent, and a class tree for what it finds."""

import operator
from abc import ABC, abstractmethod
from enum import Enum, auto
from functools import cached_property, reduce
from typing import NamedTuple

Number = int | float | complex


class Kind(Enum):
    NUMBER = auto()
    NAME = auto()
    SIGN = auto()
    END = auto()


class Token(NamedTuple):
    kind: Kind
    text: str
    column: int


class Node(ABC):
    @abstractmethod
    def value(self, names: dict[str, Number]) -> Number:
        """What it comes to."""


class Constant(Node):
    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def number(self) -> Number:
        for kind in int, float, complex:
            try:
                return kind(self.text)
            except ValueError:
                pass
        raise ValueError(self.text)

    def value(self, names: dict[str, Number]) -> Number:
        return self.number


class Variable(Node):
    def __init__(self, name: str) -> None:
        self.name = name

    def value(self, names: dict[str, Number]) -> Number:
        try:
            return names[self.name]
        except KeyError as missing:
            raise NameError(f"name {self.name!r} is not defined") from missing


class Binary(Node):
    TABLE = {
        "+": (1, operator.add),
        "-": (1, operator.sub),
        "*": (2, operator.mul),
        "/": (2, operator.truediv),
        "**": (3, operator.pow),
    }

    def __init__(self, sign: str, left: Node, right: Node) -> None:
        self.sign, self.left, self.right = sign, left, right

    def value(self, names: dict[str, Number]) -> Number:
        _, function = self.TABLE[self.sign]
        return function(self.left.value(names), self.right.value(names))


def scan(text: str):
    column = 0
    while column < len(text):
        c, start = text[column], column
        if c.isspace():
            column += 1
            continue
        if c.isdigit() or c == ".":
            while column < len(text) and (text[column].isalnum() or text[column] in "._"):
                column += 1
            yield Token(Kind.NUMBER, text[start:column].replace("_", ""), start)
        elif c.isidentifier():
            while column < len(text) and text[start : column + 1].isidentifier():
                column += 1
            yield Token(Kind.NAME, text[start:column], start)
        else:
            column += 2 if text.startswith("**", column) else 1
            yield Token(Kind.SIGN, text[start:column], start)
    yield Token(Kind.END, "", column)


class Parser:
    def __init__(self, text: str) -> None:
        self.tokens = list(scan(text))
        self.at = 0

    def next(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def parse(self, least: int = 1) -> Node:
        left = self.atom()
        while True:
            sign = self.tokens[self.at]
            binding, _ = Binary.TABLE.get(sign.text, (0, None))
            if sign.kind is not Kind.SIGN or binding < least:
                return left
            self.next()
            # `**` binds to the right; the others to the left.
            left = Binary(sign.text, left, self.parse(binding + (sign.text != "**")))

    def atom(self) -> Node:
        token = self.next()
        if token.kind is Kind.NUMBER:
            return Constant(token.text)
        if token.kind is Kind.NAME:
            return Variable(token.text)
        if token.text == "(":
            inner = self.parse()
            if (close := self.next()).text != ")":
                raise SyntaxError(f"column {close.column}: ')' expected, not {close.text!r}")
            return inner
        if token.text == "-":
            return Binary("-", Constant("0"), self.atom())
        raise SyntaxError(f"column {token.column}: {token.text!r}")


def product(*numbers: Number) -> Number:
    return reduce(operator.mul, numbers, 1)


if __name__ == "__main__":
    for line in "1 + 2 * 3", "2 ** 3 ** 2", "(1_000 + x) / -4", "3j * 3j", "1e3 - .5":
        print(line, "=", Parser(line).parse().value({"x": 24}))
    print(product(2, 3, 7), 123456789012345678901234567890, 0xFFFF_FFFF_FFFF_FFFF_F, 0o17, 0b1)
