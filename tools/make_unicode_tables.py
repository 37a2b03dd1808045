"""Writes src/text/unicode_tables.inc: what the tokenizers library holds true of characters, found by asking it.

Tokenizers must split and compose text as the reference does, whose tables are older than today's Unicode standard.
So every character is put through its patterns and normalizers, and the answers become the tables.

Run:  venv/bin/python tools/make_unicode_tables.py     (packages: tests/golden/requirements.txt)
"""

import unicodedata
from pathlib import Path

from tokenizers import Regex, normalizers, pre_tokenizers

OUT = Path(__file__).resolve().parent.parent / "src/text/unicode_tables.inc"
CHARACTERS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
HANGUL = range(0xAC00, 0xD7A4)  # composed by arithmetic
HIGHEST_MARK = chr(0x345)  # combining class 240: every other mark sorts before it


def members(pattern):
    split = pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True)
    text = "".join(map(chr, CHARACTERS))
    blocks = [text[i : i + 4096] for i in range(0, len(text), 4096)]
    return sorted(ord(c) for block in blocks for piece, _ in split.pre_tokenize_str(block) for c in piece)


def changed(normalizer):
    pairs = ((c, normalizer.normalize_str(chr(c))) for c in CHARACTERS)
    return {c: text for c, text in pairs if text != chr(c)}


def ranges(characters):
    rows = []
    for c in characters:
        if rows and c == rows[-1][1] + 1:
            rows[-1][1] = c
        else:
            rows.append([c, c])
    return rows


def lower_rows(mapping):
    """[first, last, step, offset]: every step-th character becomes itself + offset."""
    rows = []
    for c, text in sorted(mapping.items()):
        offset = ord(text) - c
        if rows and rows[-1][3] == offset and c - rows[-1][1] in (1, 2):
            step = c - rows[-1][1]
            if rows[-1][0] == rows[-1][1] or rows[-1][2] == step:
                rows[-1][1], rows[-1][2] = c, step
                continue
        rows.append([c, c, 1, offset])
    return rows


def mark_rows(nfd):
    """[first, last, combining class]: of the marks that the library moves in front of U+0345."""
    rows = []
    for c in CHARACTERS:
        if nfd.normalize_str(chr(c)) != chr(c):
            continue  # its parts count
        order = unicodedata.combining(chr(c))
        moved = nfd.normalize_str(HIGHEST_MARK + chr(c)) != HIGHEST_MARK + chr(c)
        if order == 0 or not (moved or c == ord(HIGHEST_MARK)):
            assert not moved, hex(c)
        elif rows and rows[-1][1] == c - 1 and rows[-1][2] == order:
            rows[-1][1] = c
        else:
            rows.append([c, c, order])
    return rows


def decomposition_rows(nfd, nfc):
    """Composites [whole, first, second], and what only comes apart [whole, first, second or 0]."""
    composites, others = [], []
    for c, parts in changed(nfd).items():
        if c in HANGUL:
            continue
        if nfc.normalize_str(chr(c)) == chr(c):
            first = nfc.normalize_str(parts[:-1])
            assert len(first) == 1 and nfc.normalize_str(first + parts[-1]) == chr(c), hex(c)
            composites.append([c, ord(first), ord(parts[-1])])
        else:
            step = [int(part, 16) for part in unicodedata.decomposition(chr(c)).split()]
            assert nfd.normalize_str("".join(map(chr, step))) == parts, hex(c)
            others.append([c, *step, 0][:3])
    return composites, others


def table(kind, name, rows):
    cells = ["{" + ", ".join(str(v) if v < 0 or v < 10 else hex(v) for v in row) + "}" for row in rows]
    lines, line = [], " "
    for cell in cells:
        if len(line) + len(cell) > 117:
            lines.append(line)
            line = " "
        line += f" {cell},"
    return "\n".join([f"constexpr {kind} {name}[] = {{", *lines, line, "};\n"])


if __name__ == "__main__":
    nfd, nfc = normalizers.NFD(), normalizers.NFC()
    lower = changed(normalizers.Lowercase())
    assert lower.pop(0x130) == "i\u0307", "the one character that becomes two"
    composites, others = decomposition_rows(nfd, nfc)
    tables = [
        table("Range", "kSpaces", ranges(members(r"\s+"))),
        table("Range", "kNumbers", ranges(members(r"\p{N}"))),
        table("Range", "kLetters", ranges(members(r"\p{L}+"))),
        table("LowerRange", "kLower", lower_rows(lower)),
        table("MarkRange", "kMarks", mark_rows(nfd)),
        table("Decomposition", "kComposites", composites),
        table("Decomposition", "kSingletons", others),
    ]
    OUT.write_text("// Made by tools/make_unicode_tables.py. Rows are sorted.\n" + "\n".join(tables))
    print(OUT, OUT.stat().st_size, "bytes")
