"""Writes src/invoice/names/{cii,ubl21}.rs from the XML schemas: python3 tests/tools/invoice_names.py ../shared/invoice/xsd

The names of the elements of CII D16B and D22B, and of UBL 2.1 Invoice and CreditNote (without the signature schemas).
"""
import os
import sys
from collections import defaultdict
from xml.etree import ElementTree

XS = "{http://www.w3.org/2001/XMLSchema}"
CII = [
    ("rsm", "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"),
    ("ram", "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"),
    ("udt", "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"),
    ("qdt", "urn:un:unece:uncefact:data:standard:QualifiedDataType:100"),
]
UBL = [
    ("ubl", "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"),
    ("cn", "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2"),
    ("cac", "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"),
    ("cbc", "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"),
    ("ext", "urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2"),
]


def collect(paths):
    seen, names = set(), defaultdict(set)
    todo = [os.path.normpath(p) for p in paths]
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        root = ElementTree.parse(path).getroot()
        for child in root.iter():
            if child.tag in (XS + "import", XS + "include") and child.get("schemaLocation"):
                todo.append(os.path.normpath(os.path.join(os.path.dirname(path), child.get("schemaLocation"))))
            if child.tag == XS + "element" and child.get("name"):
                names[root.get("targetNamespace")].add(child.get("name"))
    return names


def wrap(words, indent, width=118):
    line, out = indent, []
    for word in words:
        if len(line) + len(word) + 1 > width:
            out.append(line.rstrip())
            line = indent
        line += word + " "
    out.append(line.rstrip())
    return "\n".join(out)


def write(path, what, spaces, names, first):
    parts = [f"//! Element names of {what}. Made from the schemas by `tests/tools/invoice_names.py`; do not edit.\n\nuse super::namespace;\n"]
    for prefix, uri in spaces:
        parts.append(f'namespace! {{\n    {prefix}, {first}, "{uri}":\n{wrap(sorted(names[uri]), "    ")}\n}}\n')
        first = f"super::{prefix}::AFTER"
    with open(path, "w") as out:
        out.write("\n".join(parts))


xsd = sys.argv[1]
here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../src/invoice/names")
cii = collect([
    f"{xsd}/cii-d16b/uncefact/data/standard/CrossIndustryInvoice_100pD16B.xsd",
    f"{xsd}/cii-d22b/CrossIndustryInvoice_100pD22B.xsd",
])
ubl = collect([f"{xsd}/ubl-2.1/maindoc/UBL-Invoice-2.1.xsd", f"{xsd}/ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd"])
write(f"{here}/cii.rs", "Cross Industry Invoice (UN/CEFACT D16B and D22B)", CII, cii, "2")
write(f"{here}/ubl21.rs", "UBL 2.1 Invoice and CreditNote (OASIS)", UBL, ubl, "crate::invoice::names::cii::qdt::AFTER")
