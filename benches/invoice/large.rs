//! An invoice with as many lines as wanted.

pub const ORDINARY: &str = include_str!("../../tests/golden/xrechnung-cii.xml");

/// Lines of 10.24 each, so that all sums hold; each with a description of the length that makes 5,000 lines 12 MB.
pub fn invoice(lines: usize) -> String {
    const END: &str = "</ram:IncludedSupplyChainTradeLineItem>\n";
    let start = ORDINARY
        .find("    <ram:IncludedSupplyChainTradeLineItem>")
        .expect("a line");
    let first = ORDINARY[start..].find(END).expect("its end") + start + END.len();
    let rest = ORDINARY.rfind(END).expect("the last line") + END.len();
    let line = &ORDINARY[start..first];
    let text = "Sechskantschraube nach Norm, verzinkt, Festigkeit 8.8, mit Mutter und Scheibe. "
        .repeat(10);
    let mut out = ORDINARY[..start].to_owned();
    for n in 1..=lines {
        let own = line.replace("<ram:LineID>1<", &format!("<ram:LineID>{n}<"));
        out += &own.replace("Sechskant, Festigkeit 8.8", &text);
    }
    let sum = lines * 1024;
    let basis = sum - 1000;
    let vat = (basis * 19 + 50) / 100;
    let money = |cents: usize| format!("{}.{:02}", cents / 100, cents % 100);
    out + &ORDINARY[rest..]
        .replace("210.24", &money(sum))
        .replace("200.24", &money(basis))
        .replace("38.05", &money(vat))
        .replace("238.29", &money(basis + vat))
}
