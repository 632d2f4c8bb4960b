"""What this Python itself finds in some files, for comparison: names, string literals, hashes.

Reads from standard input: a line with the 24 bytes of a hash secret in hex, or "-" to keep the one
that PYTHONHASHSEED gave; then a line for each file, its number and its path in hex.

Writes: for each file "F number", "N" with the names and "L" with the literals, each as text:count;
or "E number why" if it cannot be tokenized. Last, for each text in the order of its number, "T"
with its hash and its bytes in hex.
"""

import sys

# The empty entry is the current folder, where any file may be called "tokenize".
sys.path = [p for p in sys.path if p]

import ast, keyword, os, token, tokenize, unicodedata, warnings

warnings.simplefilter("ignore")

KEYWORDS = frozenset(keyword.kwlist)
KIND = {name: number for number, name in token.tok_name.items()}
STARTS = {KIND[n] for n in ("FSTRING_START", "TSTRING_START") if n in KIND}
MIDDLES = {KIND[n] for n in ("FSTRING_MIDDLE", "TSTRING_MIDDLE") if n in KIND}
ENDS = {KIND[n] for n in ("FSTRING_END", "TSTRING_END") if n in KIND}
texts = {}


def number(text):
    return texts.setdefault(text, len(texts))


def split(literal):
    """The prefix, the quotes, and what is left."""
    start = min(i for i in (literal.find("'"), literal.find('"')) if i >= 0)
    quote = literal[start]
    if literal[start : start + 3] == quote * 3:
        quote *= 3
    return literal[:start].lower(), quote, literal[start + len(quote) :]


def value(prefix, quote, body):
    if "\\" not in body or "r" in prefix:
        return body
    # A backslash that the replacement field cut off stands for itself.
    if (len(body) - len(body.rstrip("\\"))) % 2:
        body += "\\"
    # The line continuation stands for nothing, and keeps a quote at the end of the body from
    # meeting the quotes that close the literal.
    return ast.literal_eval(quote + body + "\\\n" + quote)


def scan(path):
    names, literals = {}, {}

    def literal(text):
        n = number(text)
        literals[n] = literals.get(n, 0) + 1

    f_strings, middle = [], ""
    with tokenize.open(path) as file:
        for kind, text, *_ in tokenize.generate_tokens(file.readline):
            if kind in MIDDLES:
                middle += text
                continue
            if middle:
                literal(value(*f_strings[-1], middle))
                middle = ""
            if kind == token.NAME:
                if text not in KEYWORDS:
                    if not text.isascii():
                        text = unicodedata.normalize("NFKC", text)
                    n = number(text)
                    names[n] = names.get(n, 0) + 1
            elif kind == token.STRING:
                prefix, quote, body = split(text)
                if "b" not in prefix:
                    literal(value(prefix, quote, body[: -len(quote)]))
            elif kind in STARTS:
                f_strings.append(split(text)[:2])
            elif kind in ENDS:
                f_strings.pop()
    return names, literals


def fresh(text):
    """An equal str whose hash nobody has asked for: a str keeps its hash for life, and there is one
    object for each single character of Latin-1."""
    blob = text.encode("utf-8", "surrogatepass")
    if len(text) != 1 or ord(text) > 255:
        return blob.decode("utf-8", "surrogatepass")
    import ctypes

    new = ctypes.pythonapi.PyUnicode_New
    new.restype, new.argtypes = ctypes.py_object, (ctypes.c_ssize_t, ctypes.c_uint32)
    copy = new(1, ord(text))
    # Its one unit and the terminating null are the end of the object.
    ctypes.memset(id(copy) + sys.getsizeof(copy) - 2, ord(text), 1)
    assert copy is not text and copy == text
    return copy


def hashes(secret):
    if secret is None:
        return [hash(t) for t in texts]
    import ctypes

    mine = (ctypes.c_char * 24).in_dll(ctypes.pythonapi, "_Py_HashSecret")
    old = mine.raw
    copies = [fresh(t) for t in texts]
    found = [0] * len(copies)
    # Nothing between the two moves may look up a name that is not interned.
    ctypes.memmove(mine, secret, 24)
    for i in range(len(copies)):
        found[i] = hash(copies[i])
    ctypes.memmove(mine, old, 24)
    return found


def main():
    secret = sys.stdin.readline().strip()
    secret = None if secret == "-" else bytes.fromhex(secret)
    out = sys.stdout
    for line in sys.stdin:
        index, path = line.split()
        try:
            names, literals = scan(os.fsdecode(bytes.fromhex(path)))
        except Exception as e:
            why = " ".join(f"{type(e).__name__}: {e}".split())
            out.write(f"E {index} {why.encode('ascii', 'backslashreplace').decode()}\n")
            continue
        out.write(f"F {index}\n")
        for letter, found in ("N", names), ("L", literals):
            out.write(" ".join([letter, *(f"{n}:{c}" for n, c in found.items())]) + "\n")
    for text, found in zip(texts, hashes(secret)):
        out.write(f"T {found} {text.encode('utf-8', 'surrogatepass').hex()}\n")


main()
