//! An invoice to read: in the terminal, or as a page, in English or German. What the model does not hold stands at the end.

use std::fmt::Write;

use super::{
    decimal::Decimal,
    model::{Address, AllowanceCharge, Date, Invoice, Line, Lost, Party, Read},
    words::{Language, escaped},
};

enum Block {
    Pairs(String, Vec<(String, String)>),
    Table(String, Vec<&'static str>, Vec<Vec<String>>),
}

/// The invoice for the terminal.
pub fn text(read: &Read, language: Language) -> String {
    let mut out = format!("{}\n", title(&read.invoice, language));
    for block in blocks(read, language) {
        match block {
            Block::Pairs(title, pairs) => {
                let width = pairs.iter().map(|p| p.0.chars().count()).max().unwrap_or(0);
                let _ = writeln!(out, "\n{title}");
                for (label, value) in pairs {
                    let pad = " ".repeat(width - label.chars().count());
                    let indent = format!("\n{}", " ".repeat(width + 4));
                    let _ = writeln!(out, "  {label}{pad}  {}", value.replace('\n', &indent));
                }
            }
            Block::Table(title, heads, rows) => table(&mut out, &title, &heads, &rows),
        }
    }
    out
}

fn table(out: &mut String, title: &str, heads: &[&str], rows: &[Vec<String>]) {
    let first_lines = |cell: &String| cell.lines().map(|l| l.chars().count()).max().unwrap_or(0);
    let width = |n: usize| {
        let cells = rows
            .iter()
            .filter_map(|r| r.get(n))
            .map(first_lines)
            .max()
            .unwrap_or(0);
        cells
            .max(heads.get(n).map_or(0, |h| h.chars().count()))
            .min(48)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: &[&str]| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(c, w)| format!("{c:w$}", w = *w))
            .collect();
        format!("  {}", padded.join("  ").trim_end())
    };
    let _ = writeln!(out, "\n{title}\n{}", line(heads));
    for row in rows {
        let most = row.iter().map(|c| c.lines().count()).max().unwrap_or(0);
        for n in 0..most {
            let cells: Vec<&str> = row.iter().map(|c| c.lines().nth(n).unwrap_or("")).collect();
            let _ = writeln!(out, "{}", line(&cells));
        }
    }
}

const STYLE: &str = "
body{font:15px/1.45 system-ui,'Segoe UI',Roboto,'Liberation Sans',sans-serif;margin:0;background:#eceff3;color:#1c2430}
main{max-width:52rem;margin:2rem auto;padding:2.5rem 3rem;background:#fff;box-shadow:0 1px 6px #0003}
h1{font-size:1.5rem;margin:0 0 1.5rem}h2{font-size:1rem;margin:1.75rem 0 .5rem;color:#41506a;border-bottom:1px solid #d9dde3}
dl{display:grid;grid-template-columns:13rem 1fr;gap:.15rem 1rem;margin:0}dt{color:#5b6675}dd{margin:0;white-space:pre-line;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}th{text-align:left;color:#5b6675;font-weight:600}
th,td{padding:.3rem .6rem .3rem 0;border-bottom:1px solid #e8ebef;vertical-align:top;white-space:pre-line;overflow-wrap:anywhere}
td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
@media print{body{background:#fff}main{box-shadow:none;margin:0;padding:0}}
";

/// The invoice as a page.
pub fn html(read: &Read, language: Language) -> String {
    let (lang, title) = (
        language.pick("en", "de"),
        escaped(&title(&read.invoice, language)),
    );
    let mut out = format!(
        "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>{title}</h1>\n"
    );
    for block in blocks(read, language) {
        match block {
            Block::Pairs(title, pairs) => {
                let _ = writeln!(out, "<h2>{}</h2>\n<dl>", escaped(&title));
                for (label, value) in pairs {
                    let _ = writeln!(
                        out,
                        "<dt>{}</dt><dd>{}</dd>",
                        escaped(&label),
                        escaped(&value)
                    );
                }
                out.push_str("</dl>\n");
            }
            Block::Table(title, heads, rows) => {
                let number = |n: usize| if n > 1 { " class=\"n\"" } else { "" };
                let _ = writeln!(out, "<h2>{}</h2>\n<table>\n<tr>", escaped(&title));
                for (n, head) in heads.iter().enumerate() {
                    let _ = write!(out, "<th{}>{}</th>", number(n), escaped(head));
                }
                for row in rows {
                    out.push_str("</tr>\n<tr>");
                    for (n, cell) in row.iter().enumerate() {
                        let _ = write!(out, "<td{}>{}</td>", number(n), escaped(cell));
                    }
                }
                out.push_str("</tr>\n</table>\n");
            }
        }
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn title(i: &Invoice, language: Language) -> String {
    let credit = matches!(
        i.type_code.as_deref(),
        Some("381" | "261" | "262" | "296" | "308" | "396" | "420" | "458" | "532" | "83")
    );
    let kind = if credit {
        language.pick("Credit note", "Gutschrift")
    } else {
        language.pick("Invoice", "Rechnung")
    };
    format!("{kind} {}", i.number.as_deref().unwrap_or("–"))
}

/// An amount with two places at least, and the decimal sign of the language.
fn number(d: &Decimal, least: usize, language: Language) -> String {
    let text = d.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = format!("{fraction:0<least$}");
    let whole = if least > 0 {
        grouped(whole, language.pick(',', '.'))
    } else {
        whole.to_owned()
    };
    let point = if fraction.is_empty() {
        ""
    } else {
        language.pick(".", ",")
    };
    format!("{whole}{point}{fraction}")
}

/// Thousands apart.
fn grouped(whole: &str, separator: char) -> String {
    let (sign, digits) = match whole.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", whole),
    };
    let mut out = sign.to_owned();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(separator);
        }
        out.push(digit);
    }
    out
}

fn date(date: Option<Date>, language: Language) -> Option<String> {
    let date = date?;
    let german = format!("{:02}.{:02}.{:04}", date.day, date.month, date.year);
    Some(language.pick(date.to_string(), german))
}

fn blocks(read: &Read, language: Language) -> Vec<Block> {
    let i = &read.invoice;
    let mut blocks = vec![head(i, language)];
    blocks.push(party(
        language.pick("Seller", "Verkäufer"),
        &i.seller,
        language,
    ));
    blocks.push(party(language.pick("Buyer", "Käufer"), &i.buyer, language));
    if let Some(payee) = &i.payee {
        blocks.push(party(
            language.pick("Payee", "Zahlungsempfänger"),
            payee,
            language,
        ));
    }
    if let Some(p) = &i.tax_representative {
        blocks.push(party(
            language.pick("Tax representative", "Steuervertreter"),
            p,
            language,
        ));
    }
    blocks.push(delivery(i, language));
    blocks.push(lines(i, language));
    blocks.push(adjustments(i, language));
    blocks.push(vat(i, language));
    blocks.push(totals(i, language));
    blocks.push(payment(i, language));
    blocks.push(documents(i, language));
    blocks.push(lost(&read.lost, language));
    blocks.retain(|b| match b {
        Block::Pairs(_, pairs) => !pairs.is_empty(),
        Block::Table(_, _, rows) => !rows.is_empty(),
    });
    blocks
}

/// Pairs that have a value.
fn pairs(title: &str, rows: Vec<(&str, Option<String>)>) -> Block {
    let rows = rows
        .into_iter()
        .filter_map(|(l, v)| Some((l.to_owned(), v?)));
    Block::Pairs(title.to_owned(), rows.collect())
}

fn span(start: Option<String>, end: Option<String>) -> Option<String> {
    match (start, end) {
        (None, None) => None,
        (start, end) => Some(format!(
            "{} – {}",
            start.unwrap_or_default(),
            end.unwrap_or_default()
        )),
    }
}

fn head(i: &Invoice, l: Language) -> Block {
    let notes: Vec<&str> = i.notes.iter().filter_map(|n| n.text.as_deref()).collect();
    pairs(
        l.pick("Document", "Beleg"),
        vec![
            (l.pick("Date", "Datum"), date(i.issue_date, l)),
            (l.pick("Due", "Fällig"), date(i.due_date, l)),
            (l.pick("Type", "Art"), i.type_code.clone()),
            (
                l.pick("Buyer reference", "Leitweg-ID/Käuferreferenz"),
                i.buyer_reference.clone(),
            ),
            (
                l.pick("Purchase order", "Bestellung"),
                i.purchase_order.clone(),
            ),
            (l.pick("Sales order", "Auftrag"), i.sales_order.clone()),
            (l.pick("Contract", "Vertrag"), i.contract.clone()),
            (l.pick("Project", "Projekt"), i.project.clone()),
            (
                l.pick("Corrects", "Zu Rechnung"),
                i.preceding.first().and_then(|p| p.number.clone()),
            ),
            (
                l.pick("Notes", "Bemerkungen"),
                Some(notes.join("\n")).filter(|n| !n.is_empty()),
            ),
        ],
    )
}

fn address(a: &Address) -> String {
    let town = [a.post_code.as_deref(), a.city.as_deref()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    let parts = [
        a.line1.as_deref(),
        a.line2.as_deref(),
        a.line3.as_deref(),
        Some(&town),
        a.subdivision.as_deref(),
        a.country.as_deref(),
    ];
    parts
        .into_iter()
        .flatten()
        .filter(|p| !p.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

fn party(title: &str, p: &Party, l: Language) -> Block {
    let ids: Vec<&str> = p.identifiers.iter().map(|i| i.value.as_str()).collect();
    let contact = p.contact.as_ref();
    pairs(
        title,
        vec![
            (l.pick("Name", "Name"), p.name.clone()),
            (
                l.pick("Trading name", "Geschäftsname"),
                p.trading_name.clone(),
            ),
            (
                l.pick("Address", "Anschrift"),
                p.address.as_ref().map(address),
            ),
            (
                l.pick("Identifiers", "Kennungen"),
                Some(ids.join(", ")).filter(|i| !i.is_empty()),
            ),
            (
                l.pick("Register", "Register"),
                p.legal_registration.as_ref().map(|i| i.value.clone()),
            ),
            (
                l.pick("VAT identifier", "USt-IdNr."),
                p.vat_identifier.clone(),
            ),
            (
                l.pick("Tax number", "Steuernummer"),
                p.tax_registration.clone(),
            ),
            (
                l.pick("Legal information", "Rechtliches"),
                p.legal_information.clone(),
            ),
            (
                l.pick("Electronic address", "Elektronische Adresse"),
                p.electronic_address.as_ref().map(|e| e.value.clone()),
            ),
            (
                l.pick("Contact", "Ansprechpartner"),
                contact.and_then(|c| c.name.clone()),
            ),
            (
                l.pick("Telephone", "Telefon"),
                contact.and_then(|c| c.telephone.clone()),
            ),
            (
                l.pick("Email", "E-Mail"),
                contact.and_then(|c| c.email.clone()),
            ),
        ],
    )
}

fn delivery(i: &Invoice, l: Language) -> Block {
    let period = span(date(i.period.start, l), date(i.period.end, l));
    pairs(
        l.pick("Delivery", "Lieferung"),
        vec![
            (l.pick("Date", "Datum"), date(i.delivery.date, l)),
            (l.pick("Period", "Zeitraum"), period),
            (l.pick("To", "An"), i.delivery.name.clone()),
            (
                l.pick("Address", "Anschrift"),
                i.delivery.address.as_ref().map(address),
            ),
        ],
    )
}

fn lines(i: &Invoice, l: Language) -> Block {
    let mut rows = Vec::new();
    for line in &i.lines {
        row(line, 0, l, &mut rows);
    }
    let heads = l.pick(
        vec!["No.", "Item", "Quantity", "Price", "VAT %", "Net"],
        vec!["Pos.", "Artikel", "Menge", "Preis", "USt. %", "Netto"],
    );
    Block::Table(l.pick("Lines", "Positionen").to_owned(), heads, rows)
}

fn row(line: &Line, depth: usize, l: Language, rows: &mut Vec<Vec<String>>) {
    let money = |d: &Option<Decimal>| d.as_ref().map_or(String::new(), |d| number(d, 2, l));
    let mut item = vec![line.item.name.clone().unwrap_or_default()];
    item.extend(line.item.description.clone());
    item.extend(line.note.clone());
    for (list, sign) in [(&line.allowances, "−"), (&line.charges, "+")] {
        item.extend(list.iter().map(|a| {
            format!(
                "{sign} {} {}",
                money(&a.amount),
                a.reason.as_deref().unwrap_or("")
            )
        }));
    }
    let quantity = line
        .quantity
        .as_ref()
        .map_or(String::new(), |q| number(q, 0, l));
    rows.push(vec![
        format!("{}{}", "· ".repeat(depth), line.id.as_deref().unwrap_or("")),
        item.join("\n"),
        format!("{quantity} {}", line.unit.as_deref().unwrap_or("")),
        money(&line.price.net),
        line.vat_rate
            .as_ref()
            .map_or(String::new(), |r| number(r, 0, l)),
        money(&line.net),
    ]);
    for sub in &line.lines {
        row(sub, depth + 1, l, rows);
    }
}

fn adjustments(i: &Invoice, l: Language) -> Block {
    let row = |a: &AllowanceCharge, kind: &str| {
        let money = a.amount.as_ref().map_or(String::new(), |d| number(d, 2, l));
        vec![
            kind.to_owned(),
            a.reason
                .clone()
                .or_else(|| a.reason_code.clone())
                .unwrap_or_default(),
            money,
        ]
    };
    let allowances = i
        .allowances
        .iter()
        .map(|a| row(a, l.pick("Allowance", "Nachlass")));
    let charges = i
        .charges
        .iter()
        .map(|a| row(a, l.pick("Charge", "Zuschlag")));
    let heads = l.pick(
        vec!["Kind", "Reason", "Amount"],
        vec!["Art", "Grund", "Betrag"],
    );
    let title = l.pick("Allowances and charges", "Nachlässe und Zuschläge");
    Block::Table(title.to_owned(), heads, allowances.chain(charges).collect())
}

fn vat(i: &Invoice, l: Language) -> Block {
    let money =
        |d: &Option<Decimal>, least| d.as_ref().map_or(String::new(), |d| number(d, least, l));
    let rows = i.vat.iter().map(|v| {
        let exemption = v
            .exemption
            .clone()
            .or_else(|| v.exemption_code.clone())
            .unwrap_or_default();
        vec![
            v.category.clone().unwrap_or_default(),
            exemption,
            money(&v.rate, 0),
            money(&v.base, 2),
            money(&v.amount, 2),
        ]
    });
    let heads = l.pick(
        vec!["Category", "Exemption", "Rate %", "Base", "VAT"],
        vec!["Kategorie", "Befreiung", "Satz %", "Basis", "USt."],
    );
    Block::Table(
        l.pick("VAT", "Umsatzsteuer").to_owned(),
        heads,
        rows.collect(),
    )
}

fn totals(i: &Invoice, l: Language) -> Block {
    let currency = i.currency.as_deref().unwrap_or("");
    let money = |d: &Option<Decimal>| {
        d.as_ref()
            .map(|d| format!("{} {currency}", number(d, 2, l)))
    };
    let t = &i.totals;
    pairs(
        l.pick("Totals", "Summen"),
        vec![
            (l.pick("Lines", "Positionen"), money(&t.lines)),
            (l.pick("Allowances", "Nachlässe"), money(&t.allowances)),
            (l.pick("Charges", "Zuschläge"), money(&t.charges)),
            (l.pick("Without VAT", "Netto"), money(&t.without_vat)),
            (l.pick("VAT", "Umsatzsteuer"), money(&t.vat)),
            (l.pick("With VAT", "Brutto"), money(&t.with_vat)),
            (l.pick("Paid", "Gezahlt"), money(&t.paid)),
            (l.pick("Rounding", "Rundung"), money(&t.rounding)),
            (l.pick("To pay", "Zahlbetrag"), money(&t.due)),
        ],
    )
}

fn payment(i: &Invoice, l: Language) -> Block {
    let terms = Some(i.payment_terms.join("\n")).filter(|t| !t.is_empty());
    let mut rows = vec![
        (l.pick("Terms", "Bedingungen"), terms),
        (
            l.pick("Reference", "Verwendungszweck"),
            i.remittance.clone(),
        ),
    ];
    for p in &i.payment {
        rows.push((
            l.pick("Means", "Zahlungsart"),
            p.text.clone().or_else(|| p.means.clone()),
        ));
        for t in &p.transfers {
            let parts = [
                t.account.as_deref(),
                t.provider.as_deref(),
                t.name.as_deref(),
            ];
            rows.push((
                l.pick("Account", "Konto"),
                Some(parts.into_iter().flatten().collect::<Vec<_>>().join(", ")),
            ));
        }
    }
    rows.push((l.pick("Mandate", "Mandat"), i.direct_debit.mandate.clone()));
    rows.push((
        l.pick("Debited account", "Belastetes Konto"),
        i.direct_debit.account.clone(),
    ));
    pairs(l.pick("Payment", "Zahlung"), rows)
}

fn documents(i: &Invoice, l: Language) -> Block {
    let rows = i.documents.iter().map(|d| {
        let file = d
            .attachment
            .as_ref()
            .and_then(|a| a.filename.clone())
            .or_else(|| d.location.clone());
        vec![
            d.reference.clone().unwrap_or_default(),
            d.description.clone().unwrap_or_default(),
            file.unwrap_or_default(),
        ]
    });
    let heads = l.pick(
        vec!["Reference", "Description", "File"],
        vec!["Kennung", "Beschreibung", "Datei"],
    );
    Block::Table(
        l.pick("Documents", "Anlagen").to_owned(),
        heads,
        rows.collect(),
    )
}

fn lost(lost: &[Lost], l: Language) -> Block {
    let rows = lost.iter().map(|x| {
        let place: Vec<&str> = x.location.rsplit('/').take(3).collect();
        let place: Vec<&str> = place.into_iter().rev().collect();
        vec![
            format!("{} {}", l.pick("line", "Zeile"), x.line),
            format!("{}: {}", place.join("/"), x.value),
        ]
    });
    let heads = l.pick(vec!["Where", "What"], vec!["Wo", "Was"]);
    let title = l.pick(
        "In the file, but not shown above",
        "In der Datei, aber oben nicht gezeigt",
    );
    Block::Table(title.to_owned(), heads, rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoice::{model, open::open};

    #[test]
    fn both_languages_and_nothing_of_the_invoice_is_markup() {
        let golden = include_str!("../../tests/golden/xrechnung-cii.xml");
        let hostile = golden
            .replace("Montagestunde", "&lt;script&gt;\"x\"&lt;/script&gt;")
            .replace(">238.29<", ">1234567.8<");
        let opened = open(hostile.as_bytes()).unwrap();
        let read = model::read(&opened.tree, opened.syntax);
        let german = html(&read, Language::German);
        assert!(german.contains("Rechnung R-2026-0042") && german.contains("30.11.2026"));
        assert!(german.contains("1.234.567,80 EUR"));
        assert!(!german.contains("<script") && german.contains("&lt;script&gt;&quot;x&quot;"));
        let english = text(&read, Language::English);
        assert!(english.contains("Invoice R-2026-0042") && english.contains("2026-11-30"));
        assert!(english.contains("1,234,567.80 EUR"));
        assert_eq!(grouped("-123", '.'), "-123");
        assert_eq!(grouped("-1234", '.'), "-1.234");
    }
}
