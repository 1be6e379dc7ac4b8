//! The invoice inside of a PDF (ZUGFeRD, Factur-X): embedded files, ISO 32000-1 sections 7.5, 7.11.4 and 7.7.4.
//!
//! Objects are found by reading the file from its start, as viewers do with damaged files, not by its cross-reference tables: what a table
//! says need not be true, and one way of reading is one way to be attacked. A later definition of an object replaces an earlier one, as
//! incremental updates want. Nothing is drawn, no script is looked at. Encrypted files are refused.
//!
//! Bounded: values are dropped after use, and what is inflated is limited ([`MAX_INFLATED`]).

mod file;
mod value;

use file::File;
use value::Value;

/// What all streams of one file may inflate to, together.
pub const MAX_INFLATED: usize = 128 << 20;

/// A file that a PDF carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    pub name: String,
    /// AFRelationship, without the slash: Data, Alternative, Source, ...
    pub relationship: Option<String>,
    /// MIME type as written.
    pub mime: Option<String>,
    pub octets: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoInvoice {
    #[error("this is not a PDF file")]
    NotPdf,
    #[error("the PDF is encrypted; save it without a password, then try again")]
    Encrypted,
    #[error("the PDF carries no files, so there is no invoice in it that a program can read")]
    NoAttachment,
    #[error(
        "the PDF carries no invoice (factur-x.xml, xrechnung.xml or zugferd-invoice.xml), but: {0}"
    )]
    OtherAttachments(String),
    #[error("the PDF is damaged: {0}")]
    Damaged(&'static str),
}

/// Names under which an invoice is embedded, the current ones first; compared without case.
const NAMES: [&str; 3] = ["factur-x.xml", "xrechnung.xml", "zugferd-invoice.xml"];

/// Whether the octets begin like a PDF; some programs put a little before it.
pub fn is_pdf(octets: &[u8]) -> bool {
    let head = octets.get(..octets.len().min(1024)).unwrap_or(octets);
    head.windows(5).any(|w| w == b"%PDF-")
}

/// The invoice that a PDF carries.
pub fn invoice(octets: &[u8]) -> Result<Attachment, NoInvoice> {
    let mut all = attachments(octets)?;
    for name in NAMES {
        if let Some(at) = all.iter().position(|a| a.name.eq_ignore_ascii_case(name)) {
            return Ok(all.swap_remove(at));
        }
    }
    if all.is_empty() {
        return Err(NoInvoice::NoAttachment);
    }
    let names: Vec<&str> = all.iter().take(20).map(|a| a.name.as_str()).collect();
    Err(NoInvoice::OtherAttachments(names.join(", ")))
}

/// All files that a PDF carries: those that the catalog names, or else all that are there.
pub fn attachments(octets: &[u8]) -> Result<Vec<Attachment>, NoInvoice> {
    if !is_pdf(octets) {
        return Err(NoInvoice::NotPdf);
    }
    let mut file = File::read(octets)?;
    if file.encrypted {
        return Err(NoInvoice::Encrypted);
    }
    let mut found = Vec::new();
    if let Some(catalog) = file.catalog() {
        if let Some(names) = file
            .follow(catalog.get("Names"))
            .and_then(|n| file.follow(n.get("EmbeddedFiles")))
        {
            names_tree(&file, &names, &mut found, 0);
        }
        if let Some(Value::Array(associated)) = file.follow(catalog.get("AF")) {
            found.extend(associated.iter().filter_map(|a| file.follow(Some(a))));
        }
    }
    if found.is_empty() {
        found = file.all_specifications();
    }
    let mut all: Vec<Attachment> = Vec::new();
    for specification in found.iter().take(1000) {
        if let Some(attachment) = attachment(&mut file, specification)?
            && !all.contains(&attachment)
        {
            all.push(attachment);
        }
    }
    Ok(all)
}

fn names_tree(file: &File<'_>, node: &Value, found: &mut Vec<Value>, depth: usize) {
    if depth > 16 || found.len() > 1000 {
        return;
    }
    if let Some(Value::Array(pairs)) = file.follow(node.get("Names")) {
        found.extend(
            pairs
                .iter()
                .skip(1)
                .step_by(2)
                .filter_map(|s| file.follow(Some(s))),
        );
    }
    if let Some(Value::Array(kids)) = file.follow(node.get("Kids")) {
        for kid in kids.iter().take(1000) {
            if let Some(kid) = file.follow(Some(kid)) {
                names_tree(file, &kid, found, depth + 1);
            }
        }
    }
}

fn attachment(file: &mut File<'_>, specification: &Value) -> Result<Option<Attachment>, NoInvoice> {
    let Some(embedded) = file.follow(specification.get("EF")) else {
        return Ok(None);
    };
    let stream = file
        .follow(embedded.get("UF"))
        .or_else(|| file.follow(embedded.get("F")));
    let Some(stream) = stream else {
        return Ok(None);
    };
    let name = file
        .follow(specification.get("UF"))
        .or_else(|| file.follow(specification.get("F")));
    let Some(name) = name.as_ref().and_then(Value::text) else {
        return Ok(None);
    };
    let named = |v: Option<Value>| v.and_then(|v| v.name().map(str::to_owned));
    Ok(Some(Attachment {
        name,
        relationship: named(file.follow(specification.get("AFRelationship"))),
        mime: named(file.follow(stream.get("Subtype"))),
        octets: file.decoded(&stream)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pdf(objects: &[&str], trailer: &str) -> Vec<u8> {
        format!(
            "%PDF-1.7\n{}\ntrailer\n{trailer}\n%%EOF",
            objects.join("\n")
        )
        .into_bytes()
    }

    const CATALOG: &str =
        "1 0 obj <</Type/Catalog/Names<</EmbeddedFiles<</Names[(x) 2 0 R]>>>>>> endobj";
    const FILE: &str = "3 0 obj <</Length 9>> stream\n<invoice>\nendstream endobj";

    #[test]
    fn finds_what_the_catalog_names() {
        let spec =
            "2 0 obj <</Type/Filespec/F(FACTUR-X.XML)/AFRelationship/Data/EF<</F 3 0 R>>>> endobj";
        let stale = "9 0 obj <</Type/Filespec/F(factur-x.xml)/EF<</F 8 0 R>>>> endobj";
        let found = invoice(&pdf(&[CATALOG, stale, spec, FILE], "<</Root 1 0 R>>")).unwrap();
        assert_eq!(
            (found.name.as_str(), found.octets.as_slice()),
            ("FACTUR-X.XML", b"<invoice>".as_slice())
        );
        assert_eq!(found.relationship.as_deref(), Some("Data"));
    }

    #[test]
    fn a_later_object_replaces_an_earlier_one_and_lengths_may_lie() {
        let spec = "2 0 obj <</F<feff0066>/UF(x\\162echnung.xml)/EF<</F 3 0 R>>>> endobj";
        let old = "3 0 obj <</Length 3>> stream\nold\nendstream endobj";
        let new = "3 0 obj <</Length 99999 /Filter[]>> stream\r\nnew 7 0 obj (fake) endobj\nendstream endobj";
        let found = invoice(&pdf(&[CATALOG, spec, old, new], "<</Root 1 0 R>>")).unwrap();
        assert_eq!(found.name, "xrechnung.xml");
        assert_eq!(found.octets, b"new 7 0 obj (fake) endobj");
    }

    #[test]
    fn says_why_there_is_none() {
        assert_eq!(invoice(b"hello"), Err(NoInvoice::NotPdf));
        assert_eq!(invoice(&pdf(&[], "<<>>")), Err(NoInvoice::NoAttachment));
        let spec = "2 0 obj <</F(notes.txt)/EF<</F 3 0 R>>>> endobj";
        assert_eq!(
            invoice(&pdf(&[CATALOG, spec, FILE], "<</Root 1 0 R>>")),
            Err(NoInvoice::OtherAttachments("notes.txt".to_owned()))
        );
        assert_eq!(
            invoice(&pdf(&[CATALOG], "<</Root 1 0 R/Encrypt 5 0 R>>")),
            Err(NoInvoice::Encrypted)
        );
    }

    #[test]
    fn hostile_shapes_end() {
        let deep = format!("1 0 obj {} endobj", "[".repeat(100_000));
        let wide = format!("1 0 obj [{}] endobj", "0 ".repeat(3_000_000));
        let circle = "1 0 obj 1 0 R endobj";
        for object in [
            deep.as_str(),
            &wide,
            circle,
            "1 0 obj <</Length",
            "1 0 obj (((((",
            "1 0 obj <<>> stream\n",
        ] {
            assert_eq!(
                invoice(&pdf(&[object], "<</Root 1 0 R>>")),
                Err(NoInvoice::NoAttachment)
            );
        }
    }
}
