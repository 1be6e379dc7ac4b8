"""Each crate that is linked in must allow MIT OR Apache-2.0 distribution without copyleft."""

import json
import re
import subprocess
import sys

ALLOWED = {
    "MIT", "MIT-0", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-1-Clause", "BSD-2-Clause", "BSD-3-Clause",
    "ISC", "Zlib", "0BSD", "Unlicense", "CC0-1.0", "Unicode-3.0", "CDLA-Permissive-2.0", "BSL-1.0", "OFL-1.1",
}


def allowed(expression):
    """Whether an SPDX expression can be satisfied with the list alone (OR, AND, parentheses)."""
    tokens = re.findall(r"\(|\)|\bOR\b|\bAND\b|[A-Za-z0-9.+-]+(?: WITH [A-Za-z0-9.+-]+)?|/", expression)
    parts = ["(" if t == "(" else ")" if t == ")" else " or " if t in ("OR", "/") else " and " if t == "AND"
             else str(t in ALLOWED) for t in tokens]
    return eval("".join(parts))  # only True, False, and, or, parentheses by construction


packages = json.loads(subprocess.check_output(["cargo", "metadata", "--locked", "--format-version", "1"]))["packages"]
wrong = [f"{p['name']} {p['version']}: {p['license']}" for p in packages if not allowed(p["license"] or "none")]
if wrong:
    sys.exit("not allowed:\n  " + "\n  ".join(wrong))
print(f"{len(packages)} packages, all allowed")
