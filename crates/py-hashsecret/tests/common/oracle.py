"""Answers questions about hash(), one a line, under any secret, in one process.

The secret is put into _Py_HashSecret for one call of hash() and taken out again: everything that
the interpreter itself looks up meanwhile has its hash cached.
"""

import ctypes
import datetime
import json
import struct
import sys
import unicodedata
import uuid
from decimal import Decimal, getcontext
from fractions import Fraction

UC = (ctypes.c_char * 24).in_dll(ctypes.pythonapi, "_Py_HashSecret")
ADDRESS = ctypes.addressof(UC)
SAVED = ctypes.string_at(ADDRESS, 24)


def under(secret, value):
    move, address, saved = ctypes.memmove, ADDRESS, SAVED
    move(address, secret, 24)
    result = hash(value)
    move(address, saved, 24)
    return result


def text(secret, code_points):
    value = bytes.fromhex(code_points).decode("utf-32-be", "surrogatepass")
    if len(value) == 1 and value < "\u0100":
        # These are shared objects whose hash is cached; a view of its byte hashes anew.
        value = memoryview(value.encode("latin-1"))
    return under(bytes.fromhex(secret), value)


def data(secret, content):
    return under(bytes.fromhex(secret), memoryview(bytes.fromhex(content)))


def source(key, content):
    import _imp

    return int.from_bytes(_imp.source_hash(int(key), bytes.fromhex(content)), "little")


def real(bits):
    return struct.unpack(">d", bytes.fromhex(bits))[0]


def zone(offset):
    if offset == "naive":
        return None
    return datetime.timezone(datetime.timedelta(microseconds=int(offset)))


class NoOffset(datetime.tzinfo):
    def utcoffset(self, moment):
        return None


def moment(secret, kind, offset, *parts):
    parts = list(map(int, parts))
    if kind != "date" and offset == "unknown":
        # A zone without an offset counts as none. That asks for a name too, so it is seen under the
        # interpreter's own secret.
        offset = "naive"
        values = [getattr(datetime, kind)(*parts, tzinfo=zone) for zone in (NoOffset(), None)]
        if len(set(map(hash, values))) != 1:
            return "a zone without an offset counts"
    if kind == "date":
        value = datetime.date(*parts)
    else:
        value = getattr(datetime, kind)(*parts, tzinfo=zone(offset))
        if value.tzinfo:
            # It is hashed as a span, without the secret; and it asks for its offset by a name that
            # is looked up anew, which another secret would not find.
            return hash(value)
    return under(bytes.fromhex(secret), value)


def number(make, text):
    """The hash of a number from text, or the exception."""
    try:
        value = make(bytes.fromhex(text).decode())
        if isinstance(value, Decimal) and value.is_qnan():
            return "nan"
        return hash(value)
    except Exception as error:
        module = type(error).__module__
        prefix = "" if module == "builtins" else module + "."
        return f"{prefix}{type(error).__name__}: {error}"


def decoded(value):
    """Arrays are tuples, {"b": hex} is bytes and {"f": [..]} a frozenset."""
    match value:
        case list():
            return tuple(map(decoded, value))
        case {"b": content}:
            return bytes.fromhex(content)
        case {"f": members}:
            return frozenset(map(decoded, members))
    return value


def value(secret, document):
    # What json makes is not interned, so no hash of it is known yet.
    document = decoded(json.loads(bytes.fromhex(document)))
    return under(bytes.fromhex(secret), document)


def accepted(make, template, first):
    """Which of 4096 characters make a number of this template."""

    def one(c):
        try:
            return f"{c:x}={hash(make(template.replace('C', chr(c))))}"
        except ValueError:
            return None

    return " ".join(filter(None, map(one, range(int(first), int(first) + 4096))))


def shown(first):
    """How repr shows each of 4096 characters that Unicode has."""
    codes = range(int(first), int(first) + 4096)
    codes = [c for c in codes if unicodedata.category(chr(c)) not in ("Cn", "Cs")]
    return "\x01".join(f"{c:x}={chr(c)!r}" for c in codes)


def identity():
    value = object()
    return f"{id(value)} {hash(value)}"


QUESTIONS = {
    "str": text,
    "bytes": data,
    "source": source,
    "int": lambda n: hash(int(n, 16)),
    "float": lambda bits: hash(real(bits)),
    "complex": lambda re, im: hash(complex(real(re), real(im))),
    "fraction": lambda n, d: hash(Fraction(int(n, 16), int(d, 16))),
    "decimal": lambda sign, n, e: hash(
        Decimal((int(sign), tuple(map(int, str(int(n, 16)))), int(e)))
    ),
    "tuple": lambda *items: hash(tuple(int(item) for item in items if item)),
    "none": lambda: hash(None),
    "frozenset": lambda *items: hash(frozenset(int(item) for item in items if item)),
    "range": lambda *parts: hash(range(*map(int, parts))),
    "uuid": lambda n: hash(uuid.UUID(int=int(n, 16))),
    "timedelta": lambda n: hash(datetime.timedelta(microseconds=int(n))),
    "moment": moment,
    "int-text": lambda text: number(int, text),
    "decimal-text": lambda text: number(Decimal, text),
    "fraction-text": lambda text: number(Fraction, text),
    "value": value,
    "digits": lambda first: accepted(int, "C", first),
    "spaces": lambda first: accepted(Fraction, "C7", first),
    "leading": lambda first: accepted(int, "C7", first),
    "shown": shown,
    "unicode": lambda: unicodedata.unidata_version,
    "identity": identity,
    "info": lambda: " ".join(map(str, sys.hash_info)),
    "secret": lambda: f"{sys.flags.hash_randomization} {SAVED.hex()}",
}

sys.stdout.reconfigure(encoding="utf-8")
for line in sys.stdin:
    name, *arguments = line.rstrip("\n").split(" ")
    print(QUESTIONS[name](*arguments))
