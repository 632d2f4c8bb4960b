"""Maße und Größen: Bezeichner in mehreren Schriften, wie PEP 3131 sie erlaubt."""

import unicodedata
from fractions import Fraction

π = 3.141_592_653_589_793
ﬁnal = "this name has a ligature; Python reads it as 'final'"
ℌ = final  # and this capital as 'H'
Å = 1e-10  # U+212B, the sign: the same name as the letter below
Å *= 1.0

長さ = {"尺": Fraction(10, 33), "寸": Fraction(1, 33), "間": Fraction(20, 11)}
длина = {"аршин": 0.7112, "сажень": 2.1336, "верста": 1_066.8}
بوصة = 0.0254


class Größe:
    """Eine Zahl mit Einheit."""

    __slots__ = ("wert", "einheit")

    def __init__(self, wert: float, einheit: str = "m") -> None:
        self.wert, self.einheit = wert, einheit

    def __add__(self, andere: "Größe") -> "Größe":
        if self.einheit != andere.einheit:
            raise TypeError(f"{self.einheit} ≠ {andere.einheit}")
        return Größe(self.wert + andere.wert, self.einheit)

    def __str__(self) -> str:
        return f"{self.wert:g}\N{NO-BREAK SPACE}{self.einheit}"


def in_metern(anzahl: float, maß: str) -> Größe:
    for tabelle in (長さ, длина):
        if maß in tabelle:
            return Größe(anzahl * float(tabelle[maß]))
    raise KeyError(maß)


SINGLE = "é", "ß", "ÿ", "Ā", "日", "😀", "\x00", ""
LONE = "\ud83d", "a\udc80b\ud800"  # no encoding of Unicode can hold these
PAIR = "\ud83d\ude00", "\U0001f600"  # two surrogates, and one character
ESCAPES = "\a\b\f\v\101\x41\u0041\U00000041\N{LATIN CAPITAL LETTER A}\
 and a line that goes on", r"\d+\.\d*", rb"\x00", "\d"

if __name__ == "__main__":
    for maß in (*長さ, *длина):
        print(f"1 {maß} = {in_metern(1, maß)!s:>12} {{{unicodedata.name(maß[0])}}} {ﬁnal[:4]}")
