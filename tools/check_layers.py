#!/usr/bin/env python3
"""Fails on an include that the house does not allow.

Reads the rows `hotshot_folder(name DEPENDS …)` of CMakeLists.txt: a file of src/<name> may include headers of its own
folder and of those behind DEPENDS; a test also those of any folder in a row above its own. src/cli may include all.
"""

import re
import sys
from pathlib import Path


def allowed_includes(cmake):
    rows, order = {}, []
    for name, rest in re.findall(r"hotshot_folder\((\w+)([^)]*)\)", cmake):
        words = rest.split()
        depends, taking = set(), False
        for word in words:
            if word.isupper() and "_" in word or word in ("TORCH", "DEPENDS", "LIBRARIES"):
                taking = word == "DEPENDS"
            elif taking:
                depends.add(word)
        rows[name] = depends
        order.append(name)
    return rows, order


def main():
    root = Path(__file__).resolve().parent.parent
    rows, order = allowed_includes((root / "CMakeLists.txt").read_text())
    faults = []
    for path in sorted((root / "src").rglob("*")):
        folder = path.relative_to(root / "src").parts[0]
        if path.suffix not in (".h", ".cpp", ".cu", ".inc") or folder == "cli":
            continue
        allowed = rows.get(folder, set()) | {folder}
        if path.stem.endswith("_test") or path.stem.startswith("test_"):
            allowed |= set(order[: order.index(folder)]) | {".."}  # ../../tests: what tests share with fuzz drivers
        for line, text in enumerate(path.read_text().splitlines(), 1):
            include = re.match(r'\s*#include "([^"/]+)/', text)
            if include and include[1] not in allowed:
                faults.append(f"{path.relative_to(root)}:{line}: {folder} may not include {include[1]}")
    unknown = {f.name for f in (root / "src").iterdir() if f.is_dir() and any(f.iterdir())} - set(order) - {"cli"}
    faults += [f"src/{name}: expected a row hotshot_folder({name} …) in CMakeLists.txt" for name in sorted(unknown)]
    print("\n".join(faults) if faults else f"{len(order)} folders, no include against the layers")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
