"""Writes src/invoice/structure/*.txt from the XML schemas: python3 tests/tools/invoice_structure.py ../shared/invoice/xsd

One line for each type; its number is its place. `src/invoice/structure/table.rs` says how a line is read.
"""
import os
import sys
from xml.etree import ElementTree

XS = "{http://www.w3.org/2001/XMLSchema}"
PREFIXES = {
    "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100": "rsm",
    "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100": "ram",
    "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100": "udt",
    "urn:un:unece:uncefact:data:standard:QualifiedDataType:100": "qdt",
    "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2": "ubl",
    "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2": "cn",
    "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2": "cac",
    "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2": "cbc",
    "urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2": "ext",
}
FACETS = {"minLength": "min", "maxLength": "max"}


class Schemas:
    def __init__(self, paths):
        self.types, self.elements = {}, {}
        self.seen = set()
        for path in paths:
            self.load(os.path.normpath(path))
        self.lines, self.numbers, self.done = [], {}, {}

    def load(self, path):
        if path in self.seen:
            return
        self.seen.add(path)
        prefixes = {}
        for _, (prefix, uri) in ElementTree.iterparse(path, events=["start-ns"]):
            prefixes[prefix] = uri
        root = ElementTree.parse(path).getroot()
        target = root.get("targetNamespace")
        for node in root.iter():
            node.set("@target", target or "")
            for key in ("type", "base", "ref"):
                name = node.get(key)
                if name:
                    prefix, _, local = name.rpartition(":")
                    node.set(key, f"{{{prefixes.get(prefix, target)}}}{local}")
        for node in root:
            if node.tag in (XS + "import", XS + "include") and node.get("schemaLocation"):
                self.load(os.path.normpath(os.path.join(os.path.dirname(path), node.get("schemaLocation"))))
            elif node.tag in (XS + "complexType", XS + "simpleType"):
                self.types[f"{{{target}}}{node.get('name')}"] = node
            elif node.tag == XS + "element":
                self.elements[f"{{{target}}}{node.get('name')}"] = node

    def simple(self, name):
        """base and facets of a simple type"""
        if name.startswith(XS):
            return name[len(XS):], {}
        node = self.types[name]
        restriction = node.find(XS + "restriction")
        base, facets = self.simple(restriction.get("base"))
        for facet in restriction:
            kind = facet.tag[len(XS):]
            if kind == "annotation":
                continue
            facets[FACETS[kind]] = facet.get("value")
        return base, facets

    def spell(self, base, facets):
        return base + "".join(f"/{k}{v}" for k, v in sorted(facets.items()))

    def attributes(self, node):
        out = {}
        for att in node.iter(XS + "attribute"):
            use = att.get("use", "optional")
            base, facets = self.simple(att.get("type"))
            text = att.get("name") + ":" + self.spell(base, facets)
            if use == "required":
                text += "!"
            assert use != "prohibited"
            if att.get("fixed") is not None:
                text += "=" + att.get("fixed").replace(" ", "%20")
            out[att.get("name")] = text
        return out

    def content(self, name):
        """(base and facets, attributes) of a type with simple content"""
        if name.startswith(XS) or self.types[name].tag == XS + "simpleType":
            return self.simple(name) + ({},)
        return self.simple_content(self.types[name])

    def simple_content(self, node):
        derivation = node.find(XS + "simpleContent")[0]
        base, facets, atts = self.content(derivation.get("base"))
        atts = dict(atts)
        for facet in derivation:
            kind = facet.tag[len(XS):]
            if kind in FACETS:
                facets[FACETS[kind]] = facet.get("value")
            else:
                assert kind in ("attribute", "annotation"), kind
        atts.update(self.attributes(derivation))
        return base, facets, atts

    def number(self, node, name):
        """of the type with this name, or of the anonymous type that is this node"""
        key = name or id(node)
        if key in self.done:
            return self.done[key]
        if name and (name.startswith(XS) or self.types[name].tag == XS + "simpleType"):
            base, facets = self.simple(name)
            return self.put(key, "s " + self.spell(base, facets))
        node = self.types[name] if name else node
        if node.find(XS + "simpleContent") is not None:
            base, facets, atts = self.simple_content(node)
            return self.put(key, " ".join(["s " + self.spell(base, facets)] + sorted(atts.values())))
        if node.find(XS + "complexContent") is not None:
            extension = node.find(XS + "complexContent")[0]
            assert not len(extension), name
            self.done[key] = self.number(None, extension.get("base"))
            return self.done[key]
        assert node.find(XS + "attribute") is None, name
        group = [c for c in node if c.tag != XS + "annotation"]
        if not group:
            return self.put(key, "q")
        assert len(group) == 1 and node.get("mixed") is None, name
        group = group[0]
        if group.find(XS + "any") is not None:
            return self.put(key, "a")
        # Taken before the children are known: types may be recursive.
        self.done[key] = number = len(self.lines)
        self.lines.append(None)
        kind = {"sequence": "q", "choice": "c"}[group.tag[len(XS):]]
        head = kind
        if kind == "c":
            head += self.occurs(group)
        else:
            assert self.occurs(group) == "1..1", name
        items = []
        for child in group:
            if child.tag == XS + "annotation":
                continue
            assert child.tag == XS + "element", (name, child.tag)
            items.append(self.item(child))
        self.lines[number] = " ".join([head] + items)
        return number

    def occurs(self, node):
        most = node.get("maxOccurs", "1")
        return f"{node.get('minOccurs', '1')}..{'*' if most == 'unbounded' else most}"

    def put(self, key, line):
        if line not in self.numbers:
            self.numbers[line] = len(self.lines)
            self.lines.append(line)
        self.done[key] = self.numbers[line]
        return self.done[key]

    def item(self, child):
        declaration, qname = child, child.get("ref")
        if qname:
            declaration = self.elements[qname]
        else:
            qname = f"{{{child.get('@target')}}}{child.get('name')}"
        return f"{short(qname)}>{self.of(declaration)}{'' if self.occurs(child) == '1..1' else '{' + self.occurs(child) + '}'}"

    def of(self, declaration):
        assert declaration.get("nillable") is None and declaration.get("abstract") is None
        if declaration.get("type"):
            return self.number(None, declaration.get("type"))
        return self.number(declaration.find(XS + "complexType"), None)


def short(qname):
    uri, _, local = qname[1:].partition("}")
    return f"{PREFIXES[uri]}:{local}"


def write(out, source, paths, roots):
    schemas = Schemas(paths)
    heads = []
    for qname, declaration in sorted(schemas.elements.items()):
        if qname in roots:
            heads.append(f"r {short(qname)}>{schemas.of(declaration)}")
    with open(out, "w") as file:
        file.write(f"# {source}. Made by tests/tools/invoice_structure.py; do not edit.\n")
        file.write("\n".join(heads + schemas.lines) + "\n")


xsd = sys.argv[1]
here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../src/invoice/structure")
cii = ["{urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100}CrossIndustryInvoice"]
write(f"{here}/cii-d16b.txt", "UN/CEFACT Cross Industry Invoice D16B (uncoupled)",
      [f"{xsd}/cii-d16b/uncefact/data/standard/CrossIndustryInvoice_100pD16B.xsd"], cii)
write(f"{here}/cii-d22b.txt", "UN/CEFACT Cross Industry Invoice D22B", [f"{xsd}/cii-d22b/CrossIndustryInvoice_100pD22B.xsd"], cii)
write(f"{here}/ubl-2.1.txt", "OASIS UBL 2.1, Invoice and CreditNote",
      [f"{xsd}/ubl-2.1/maindoc/UBL-Invoice-2.1.xsd", f"{xsd}/ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd"],
      ["{urn:oasis:names:specification:ubl:schema:xsd:Invoice-2}Invoice",
       "{urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2}CreditNote"])
for profile, main in [("minimum", "MINIMUM"), ("basicwl", "BASICWL"), ("basic", "BASIC"), ("en16931", "EN16931"), ("extended", "EXTENDED")]:
    write(f"{here}/fx-{profile}.txt", f"Factur-X 1.09, {main}", [f"{xsd}/factur-x-1.09/{profile}/Factur-X_{main}.xsd"], cii)
