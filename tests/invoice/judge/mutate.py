"""Makes instances that break rules, from a seed: the same seed gives the same instances."""

import copy
import random
import re

from lxml import etree

CATEGORIES = ["S", "Z", "E", "AE", "K", "G", "O", "L", "M", "B", " S ", "s", ""]
NUMBERS = ["0", "-0", "0.00", "-0.00", "1", "-1", "0.005", "1.005", "100", "12.345", "+5.00", " 7.10 ", "19", "7.00", "0.01", "999999999.99"]
CODES = ["30", "58", "59", "48", "49", "ZZZ", "xx", "380", "381", "384", "916", "130", "50", "102", "EUR", "HUF", "XYZ", "DE", "IT", "0088", "EM",
         "VAT", "vat", "FC", "true", "false", "1", "0", "3", "5", "C62", "HUR", "4711", "1A", "E L", "#AAI#x", "#XXX#y", "CVD", "M1", "cva", "clean"]
DATES = ["20260229", "20261301", "20260131", "2026-02-28", "2026-01-31", "2026-12-31Z", "2026-01-01+02:00", "20251231"]
TEXTS = ["", "   ", "x", "a@b.cd", "a@b", "+49 30 1", "https://example.com/x", "example.com", "#SKONTO#TAGE=14#PROZENT=2.00#\n", "#SKONTO#TAGE=14#PROZENT=2.0#\n",
         "#SKONTO#TAGE=14#PROZENT=2.00#", "DE75512108001245126199", "DE75512108001245126198", "a\n#SKONTO#TAGE=1#PROZENT=1.00#BASISBETRAG=5.00#\n  \nb"]
ATTRIBUTES = ["schemeID", "schemeName", "schemeAgencyName", "schemeAgencyID", "schemeURI", "schemeDataURI", "schemeVersionID", "listID", "listName",
              "listAgencyID", "listURI", "listVersionID", "name", "languageID", "unitCode", "unitCodeListID", "unitCodeListAgencyID",
              "unitCodeListAgencyName", "currencyID", "currencyCodeListVersionID", "format", "filename", "mimeCode", "uri", "encodingCode"]
AMOUNT = re.compile(r"^\s*[-+]?\d+(\.\d+)?\s*$")


def elements(root):
    return list(root.iter(etree.Element))


def local(el):
    return etree.QName(el).localname


def path(el):
    names = [local(el)]
    names += [local(a) for a in el.iterancestors()]
    return "/".join(reversed(names))


def leaves(root):
    return [e for e in elements(root) if not len(e)]


def amount(rng, text):
    value = text.strip()
    cents = rng.choice([1, -1, 2, 99, 100, 101, -100])
    choice = rng.randrange(6)
    if choice == 0:
        return value[1:] if value.startswith("-") else "-" + value.lstrip("+")
    if choice == 1:
        return value + ("1" if "." in value else ".001")
    if choice == 2:
        return value + ("0" if "." in value else ".0")
    if choice == 3:
        return rng.choice(NUMBERS)
    whole = round(float(value) * 100) + cents
    return f"{'-' if whole < 0 else ''}{abs(whole) // 100}.{abs(whole) % 100:02d}"


def content(rng, el):
    text = el.text or ""
    name = local(el)
    if AMOUNT.match(text) and rng.random() < 0.8:
        return amount(rng, text)
    if name in ("CategoryCode",) or (name == "ID" and text.strip() in CATEGORIES):
        return rng.choice(CATEGORIES)
    if "Date" in name and rng.random() < 0.7:
        return rng.choice(DATES)
    return rng.choice([rng.choice(TEXTS), rng.choice(CODES), text + " ", " " + text, text.lower(), text.upper(), text * 2])


def edit(rng, root):
    """One edit somewhere; returns what it was."""
    kind = rng.choices(["remove", "twice", "content", "empty", "attribute gone", "attribute", "category", "swap", "insert"],
                       [14, 8, 30, 5, 8, 10, 8, 5, 5])[0]
    every = [e for e in elements(root) if e is not root]
    if not every:
        return "nothing"
    el = rng.choice(every)
    if kind == "remove":
        what = path(el)
        el.getparent().remove(el)
        return "remove " + what
    if kind == "twice":
        # Deep structures twice are dull: prefer small ones.
        el = min((rng.choice(every) for _ in range(3)), key=lambda e: len(elements(e)))
        el.addnext(copy.deepcopy(el))
        return "twice " + path(el)
    if kind == "content":
        el = rng.choice(leaves(root))
        el.text = content(rng, el)
        return f"content {path(el)} {el.text!r}"
    if kind == "empty":
        el = rng.choice(leaves(root))
        el.text = rng.choice([None, "", " ", "\n\t"])
        return "empty " + path(el)
    if kind == "attribute gone":
        having = [e for e in every if e.attrib]
        if not having:
            return "nothing"
        el = rng.choice(having)
        name = rng.choice(sorted(el.attrib))
        del el.attrib[name]
        return f"no {name} at {path(el)}"
    if kind == "attribute":
        having = [e for e in every if e.attrib]
        if having and rng.random() < 0.6:
            el = rng.choice(having)
            name = rng.choice(sorted(el.attrib))
        else:
            name = rng.choice(ATTRIBUTES)
        el.set(name, rng.choice(["", " ", "x", el.get(name, "") + " ", " " + el.get(name, "y"), rng.choice(CODES)]))
        return f"{name}={el.get(name)!r} at {path(el)}"
    if kind == "category":
        code = rng.choice(CATEGORIES[:10])
        where = [e for e in every if local(e) == "CategoryCode" or (local(e) == "ID" and local(e.getparent()) in ("TaxCategory", "ClassifiedTaxCategory"))]
        chosen = where if rng.random() < 0.5 else [e for e in where if rng.random() < 0.5]
        rate = rng.choice([None, "0", "0.00", "19", "7.00", "gone"])
        for e in chosen:
            e.text = code
            for r in list(e.getparent().iterchildren(etree.Element)):
                if rate and local(r) in ("RateApplicablePercent", "Percent"):
                    if rate == "gone":
                        r.getparent().remove(r)
                    else:
                        r.text = rate
        return f"category {code} at {len(chosen)}, rate {rate}"
    if kind == "swap":
        small = leaves(root)
        a, b = rng.choice(small), rng.choice(small)
        a.text, b.text = b.text, a.text
        return f"swap {path(a)} and {path(b)}"
    names = sorted({e.tag for e in every})
    new = etree.SubElement(el, rng.choice(names))
    new.text = rng.choice(TEXTS + CODES)
    return f"insert {local(new)} in {path(el)}"


def mutant(base, seed):
    """A copy of the base with a few edits: (what was done, the document)."""
    rng = random.Random(seed)
    root = copy.deepcopy(base)
    edits = [edit(rng, root) for _ in range(rng.choice([1, 1, 1, 2, 2, 3, 5]))]
    return "; ".join(edits), root
