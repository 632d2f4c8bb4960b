"""A shop's shelves: parsing, pattern matching, and an iterator or two."""

import re
from collections import Counter
from collections.abc import Callable, Iterator

LINE = re.compile(r"^(?P<verb>\w+)\s+(?:(?P<count>\d+)\s+)?(?P<item>[\w-]+)$")
UNITS = {"pair": 2, "dozen": 12, "gross": 144, b"raw": 0x1F}


class ShelfError(Exception):
    """Something that a shelf cannot do."""

    def __init__(self, item: str, missing: int, /, *, hint: str | None = None) -> None:
        super().__init__(f"{missing} {item} short" + (f" ({hint})" if hint else ""))
        self.item, self.missing = item, missing


def tokens(text: str) -> Iterator[tuple[str, int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not (line := line.partition("#")[0].strip()):
            continue
        if (found := LINE.match(line)) is None:
            raise SyntaxError(f"line {number}: {line!r}")
        yield found["verb"].lower(), int(found["count"] or 1), found["item"]


class Shelves[T: (str, bytes)]:
    """Counts things of one kind."""

    def __init__(self, unit: Callable[[str], int] = lambda name: UNITS.get(name, 1)) -> None:
        self._counts: Counter[T] = Counter()
        self._unit = unit
        self.log: list[str] = []

    def run(self, program: str) -> None:
        for step in tokens(program):
            match step:
                case ("add" | "put", count, item) if count > 0:
                    self._counts[item] += count
                case ("take", count, item):
                    left = self._counts[item] - count
                    if left < 0:
                        raise ShelfError(item, -left, hint="reorder")
                    self._counts[item] = left
                case ("clear", _, "all"):
                    self._counts.clear()
                case (verb, *_):
                    raise NotImplementedError(verb)
            self.log.append("\t".join(map(str, step)))

    def __iter__(self) -> Iterator[tuple[T, int]]:
        yield from sorted(self._counts.items(), key=lambda pair: (-pair[1], pair[0]))

    def __matmul__(self, other: "Shelves[T]") -> "Shelves[T]":
        both = Shelves(self._unit)
        both._counts = self._counts & other._counts
        return both


def main() -> int:
    shelves = Shelves()
    try:
        shelves.run("add 12 apple\nput 3 pear # ripe\ntake 2 apple\n")
    except (ShelfError, SyntaxError) as e:
        print("cannot:", e)
        return 1
    else:
        width = max((len(item) for item, _ in shelves), default=0)
        for item, count in shelves:
            print(f"{item:<{width}} {count:>4d}")
    finally:
        del shelves.log[:]
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
