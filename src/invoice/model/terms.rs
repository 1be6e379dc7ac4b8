//! The model as a list of business terms, for showing and comparing.

use super::{Address, AllowanceCharge, Identifier, Invoice, Line, Party};

/// One value: its group as a path (`/BG-25[2]/BG-31[1]`), its term, and the attributes that belong to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term {
    pub group: String,
    pub term: &'static str,
    pub value: String,
    pub attributes: Vec<(&'static str, String)>,
}

struct Out {
    terms: Vec<Term>,
}

impl Out {
    fn put(&mut self, group: &str, term: &'static str, value: &Option<impl ToString>) {
        if let Some(value) = value.as_ref().filter(|_| !term.is_empty()) {
            let (group, value) = (group.to_owned(), value.to_string());
            self.terms.push(Term {
                group,
                term,
                value,
                attributes: Vec::new(),
            });
        }
    }

    fn id(&mut self, group: &str, term: &'static str, id: Option<&Identifier>) {
        let Some(id) = id.filter(|_| !term.is_empty()) else {
            return;
        };
        let mut attributes = Vec::new();
        attributes.extend(id.scheme.clone().map(|s| ("scheme_identifier", s)));
        attributes.extend(
            id.scheme_version
                .clone()
                .map(|s| ("scheme_version_identifier", s)),
        );
        self.terms.push(Term {
            group: group.to_owned(),
            term,
            value: id.value.clone(),
            attributes,
        });
    }
}

impl Invoice {
    /// Every term that has a value, in the order of the standard.
    pub fn terms(&self) -> Vec<Term> {
        let mut out = Out { terms: Vec::new() };
        header(self, &mut out);
        party(&self.seller, "/BG-4[1]", &SELLER, &mut out);
        party(&self.buyer, "/BG-7[1]", &BUYER, &mut out);
        if let Some(payee) = &self.payee {
            party(payee, "/BG-10[1]", &PAYEE, &mut out);
        }
        if let Some(representative) = &self.tax_representative {
            party(representative, "/BG-11[1]", &REPRESENTATIVE, &mut out);
        }
        settlement(self, &mut out);
        for (n, line) in self.lines.iter().enumerate() {
            self::line(line, &format!("/BG-25[{}]", n + 1), false, &mut out);
        }
        for (n, p) in self.third_party_payments.iter().enumerate() {
            let g = format!("/BG-DEX-09[{}]", n + 1);
            out.put(&g, "BT-DEX-001", &p.kind);
            out.put(&g, "BT-DEX-002", &p.amount);
            out.put(&g, "BT-DEX-003", &p.description);
        }
        out.terms
    }
}

fn header(i: &Invoice, out: &mut Out) {
    out.put("/", "BT-1", &i.number);
    out.put("/", "BT-2", &i.issue_date);
    out.put("/", "BT-3", &i.type_code);
    out.put("/", "BT-5", &i.currency);
    out.put("/", "BT-6", &i.vat_currency);
    out.put("/", "BT-7", &i.tax_point_date);
    out.put("/", "BT-8", &i.tax_point_code);
    out.put("/", "BT-9", &i.due_date);
    out.put("/", "BT-10", &i.buyer_reference);
    out.put("/", "BT-11", &i.project);
    out.put("/", "BT-12", &i.contract);
    out.put("/", "BT-13", &i.purchase_order);
    out.put("/", "BT-14", &i.sales_order);
    out.put("/", "BT-15", &i.receiving_advice);
    out.put("/", "BT-16", &i.despatch_advice);
    out.put("/", "BT-17", &i.tender);
    out.id("/", "BT-18", i.invoiced_object.as_ref());
    out.put("/", "BT-19", &i.buyer_accounting);
    for terms in &i.payment_terms {
        out.put("/", "BT-20", &Some(terms));
    }
    for (n, note) in i.notes.iter().enumerate() {
        let g = format!("/BG-1[{}]", n + 1);
        out.put(&g, "BT-21", &note.subject);
        out.put(&g, "BT-22", &note.text);
    }
    out.put("/BG-2[1]", "BT-23", &i.process);
    out.put("/BG-2[1]", "BT-24", &i.specification);
    for (n, p) in i.preceding.iter().enumerate() {
        let g = format!("/BG-3[{}]", n + 1);
        out.put(&g, "BT-25", &p.number);
        out.put(&g, "BT-26", &p.issue_date);
    }
}

/// Which terms the fields of a party are: name, trading name, identifier, registration, VAT, tax, legal, electronic address; then the group
/// and the terms of its address, and of its contact. Empty where the standard has none.
struct PartyTerms {
    own: [&'static str; 8],
    address: (&'static str, [&'static str; 7]),
    contact: (&'static str, [&'static str; 3]),
}

const SELLER: PartyTerms = PartyTerms {
    own: [
        "BT-27", "BT-28", "BT-29", "BT-30", "BT-31", "BT-32", "BT-33", "BT-34",
    ],
    address: (
        "BG-5",
        [
            "BT-35", "BT-36", "BT-162", "BT-37", "BT-38", "BT-39", "BT-40",
        ],
    ),
    contact: ("BG-6", ["BT-41", "BT-42", "BT-43"]),
};
const BUYER: PartyTerms = PartyTerms {
    own: ["BT-44", "BT-45", "BT-46", "BT-47", "BT-48", "", "", "BT-49"],
    address: (
        "BG-8",
        [
            "BT-50", "BT-51", "BT-163", "BT-52", "BT-53", "BT-54", "BT-55",
        ],
    ),
    contact: ("BG-9", ["BT-56", "BT-57", "BT-58"]),
};
const PAYEE: PartyTerms = PartyTerms {
    own: ["BT-59", "", "BT-60", "BT-61", "", "", "", ""],
    address: ("", [""; 7]),
    contact: ("", [""; 3]),
};
const REPRESENTATIVE: PartyTerms = PartyTerms {
    own: ["BT-62", "", "", "", "BT-63", "", "", ""],
    address: (
        "BG-12",
        [
            "BT-64", "BT-65", "BT-164", "BT-66", "BT-67", "BT-68", "BT-69",
        ],
    ),
    contact: ("", [""; 3]),
};
const DELIVER_TO: [&str; 7] = [
    "BT-75", "BT-76", "BT-165", "BT-77", "BT-78", "BT-79", "BT-80",
];

fn party(p: &Party, group: &str, terms: &PartyTerms, out: &mut Out) {
    let [name, trading, id, registration, vat, tax, legal, electronic] = terms.own;
    out.put(group, name, &p.name);
    out.put(group, trading, &p.trading_name);
    for identifier in &p.identifiers {
        out.id(group, id, Some(identifier));
    }
    out.id(group, registration, p.legal_registration.as_ref());
    out.put(group, vat, &p.vat_identifier);
    out.put(group, tax, &p.tax_registration);
    out.put(group, legal, &p.legal_information);
    out.id(group, electronic, p.electronic_address.as_ref());
    if let Some(a) = &p.address {
        address(
            a,
            &format!("{group}/{}[1]", terms.address.0),
            terms.address.1,
            out,
        );
    }
    if let Some(c) = &p.contact {
        let g = format!("{group}/{}[1]", terms.contact.0);
        let [name, telephone, email] = terms.contact.1;
        out.put(&g, name, &c.name);
        out.put(&g, name, &c.department);
        out.put(&g, telephone, &c.telephone);
        out.put(&g, email, &c.email);
    }
}

fn address(a: &Address, group: &str, terms: [&'static str; 7], out: &mut Out) {
    let values = [
        &a.line1,
        &a.line2,
        &a.line3,
        &a.city,
        &a.post_code,
        &a.subdivision,
        &a.country,
    ];
    for (term, value) in terms.into_iter().zip(values) {
        out.put(group, term, value);
    }
}

fn settlement(i: &Invoice, out: &mut Out) {
    out.put("/BG-13[1]", "BT-70", &i.delivery.name);
    out.id("/BG-13[1]", "BT-71", i.delivery.location.as_ref());
    out.put("/BG-13[1]", "BT-72", &i.delivery.date);
    if let Some(a) = &i.delivery.address {
        address(a, "/BG-13[1]/BG-15[1]", DELIVER_TO, out);
    }
    out.put("/BG-14[1]", "BT-73", &i.period.start);
    out.put("/BG-14[1]", "BT-74", &i.period.end);
    payment(i, out);
    out.put("/BG-16[1]", "BT-83", &i.remittance);
    out.put("/BG-16[1]/BG-19[1]", "BT-89", &i.direct_debit.mandate);
    out.put("/BG-16[1]/BG-19[1]", "BT-90", &i.direct_debit.creditor);
    out.put("/BG-16[1]/BG-19[1]", "BT-91", &i.direct_debit.account);
    const ALLOWANCE: [&str; 7] = [
        "BT-92", "BT-93", "BT-94", "BT-95", "BT-96", "BT-97", "BT-98",
    ];
    const CHARGE: [&str; 7] = [
        "BT-99", "BT-100", "BT-101", "BT-102", "BT-103", "BT-104", "BT-105",
    ];
    each(&i.allowances, "/BG-20", ALLOWANCE, out);
    each(&i.charges, "/BG-21", CHARGE, out);
    let t = &i.totals;
    let totals = [
        ("BT-106", &t.lines),
        ("BT-107", &t.allowances),
        ("BT-108", &t.charges),
        ("BT-109", &t.without_vat),
        ("BT-110", &t.vat),
        ("BT-111", &t.vat_in_vat_currency),
        ("BT-112", &t.with_vat),
        ("BT-113", &t.paid),
        ("BT-114", &t.rounding),
        ("BT-115", &t.due),
    ];
    for (term, value) in totals {
        out.put("/BG-22[1]", term, value);
    }
    for (n, v) in i.vat.iter().enumerate() {
        let g = format!("/BG-23[{}]", n + 1);
        out.put(&g, "BT-116", &v.base);
        out.put(&g, "BT-117", &v.amount);
        out.put(&g, "BT-118", &v.category);
        out.put(&g, "BT-119", &v.rate);
        out.put(&g, "BT-120", &v.exemption);
        out.put(&g, "BT-121", &v.exemption_code);
    }
    for (n, d) in i.documents.iter().enumerate() {
        let g = format!("/BG-24[{}]", n + 1);
        out.put(&g, "BT-122", &d.reference);
        out.put(&g, "BT-123", &d.description);
        out.put(&g, "BT-124", &d.location);
        if let Some(a) = &d.attachment {
            let mut attributes = Vec::new();
            attributes.extend(a.filename.clone().map(|f| ("filename", f)));
            attributes.extend(a.mime.clone().map(|m| ("mime_code", m)));
            out.terms.push(Term {
                group: g,
                term: "BT-125",
                value: a.base64.clone(),
                attributes,
            });
        }
    }
}

/// BG-16 stands once in the standard: several means of payment are told as one, each code once.
fn payment(i: &Invoice, out: &mut Out) {
    let (mut means, mut texts, mut transfers, mut cards) = (Vec::new(), Vec::new(), 0, 0);
    for p in &i.payment {
        if !means.contains(&&p.means) {
            out.put("/BG-16[1]", "BT-81", &p.means);
            means.push(&p.means);
        }
        if !texts.contains(&&p.text) {
            out.put("/BG-16[1]", "BT-82", &p.text);
            texts.push(&p.text);
        }
        for t in &p.transfers {
            transfers += 1;
            let g = format!("/BG-16[1]/BG-17[{transfers}]");
            out.put(&g, "BT-84", &t.account);
            out.put(&g, "BT-85", &t.name);
            out.put(&g, "BT-86", &t.provider);
        }
        if let Some(c) = &p.card {
            cards += 1;
            let g = format!("/BG-16[1]/BG-18[{cards}]");
            out.put(&g, "BT-87", &c.number);
            out.put(&g, "BT-88", &c.holder);
        }
    }
}

fn each(list: &[AllowanceCharge], group: &str, terms: [&'static str; 7], out: &mut Out) {
    let [amount, base, percent, category, rate, reason, code] = terms;
    for (n, a) in list.iter().enumerate() {
        let g = format!("{group}[{}]", n + 1);
        out.put(&g, amount, &a.amount);
        out.put(&g, base, &a.base);
        out.put(&g, percent, &a.percent);
        out.put(&g, category, &a.vat_category);
        out.put(&g, rate, &a.vat_rate);
        out.put(&g, reason, &a.reason);
        out.put(&g, code, &a.reason_code);
    }
}

fn line(l: &Line, group: &str, sub: bool, out: &mut Out) {
    let name = |own: &'static str, nested: &'static str| if sub { nested } else { own };
    out.put(group, "BT-126", &l.id);
    out.put(group, "BT-127", &l.note);
    out.id(group, "BT-128", l.object.as_ref());
    out.put(group, "BT-129", &l.quantity);
    out.put(group, "BT-130", &l.unit);
    out.put(group, "BT-131", &l.net);
    out.put(group, "BT-132", &l.order_line);
    out.put(group, "BT-133", &l.buyer_accounting);
    let g = format!("{group}/{}[1]", name("BG-26", "BG-DEX-05"));
    out.put(&g, "BT-134", &l.period.start);
    out.put(&g, "BT-135", &l.period.end);
    const ALLOWANCE: [&str; 7] = ["BT-136", "BT-137", "BT-138", "", "", "BT-139", "BT-140"];
    const CHARGE: [&str; 7] = ["BT-141", "BT-142", "BT-143", "", "", "BT-144", "BT-145"];
    each(
        &l.allowances,
        &format!("{group}/{}", name("BG-27", "BG-DEX-03")),
        ALLOWANCE,
        out,
    );
    each(
        &l.charges,
        &format!("{group}/{}", name("BG-28", "BG-DEX-04")),
        CHARGE,
        out,
    );
    let g = format!("{group}/{}[1]", name("BG-29", "BG-DEX-07"));
    out.put(&g, "BT-146", &l.price.net);
    out.put(&g, "BT-147", &l.price.discount);
    out.put(&g, "BT-148", &l.price.gross);
    out.put(&g, "BT-149", &l.price.base_quantity);
    out.put(&g, "BT-150", &l.price.base_unit);
    let g = format!("{group}/{}[1]", name("BG-30", "BG-DEX-06"));
    out.put(&g, "BT-151", &l.vat_category);
    out.put(&g, "BT-152", &l.vat_rate);
    let g = format!("{group}/{}[1]", name("BG-31", "BG-DEX-02"));
    let item = &l.item;
    out.put(&g, "BT-153", &item.name);
    out.put(&g, "BT-154", &item.description);
    out.put(&g, "BT-155", &item.seller_id);
    out.put(&g, "BT-156", &item.buyer_id);
    out.id(&g, "BT-157", item.standard_id.as_ref());
    for classification in &item.classifications {
        out.id(&g, "BT-158", Some(classification));
    }
    out.put(&g, "BT-159", &item.origin);
    for (n, a) in item.attributes.iter().enumerate() {
        let g = format!("{g}/{}[{}]", name("BG-32", "BG-DEX-08"), n + 1);
        out.put(&g, "BT-160", &a.name);
        out.put(&g, "BT-161", &a.value);
    }
    for (n, nested) in l.lines.iter().enumerate() {
        line(nested, &format!("{group}/BG-DEX-01[{}]", n + 1), true, out);
    }
}
