//! The front door: XML or PDF, by what is inside and not by the file's name.

use std::borrow::Cow;

use super::{
    pdf::{self, NoInvoice},
    rules::Syntax,
    tree::{NotXml, Tree},
};

/// An invoice's document, and where it was found.
#[derive(Debug)]
pub struct Opened<'o> {
    pub xml: Cow<'o, [u8]>,
    pub tree: Tree,
    pub syntax: Syntax,
    /// The name under which a PDF carries it.
    pub embedded: Option<String>,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("the file is empty")]
    Empty,
    #[error("{0}")]
    Pdf(#[from] NoInvoice),
    #[error("the XML cannot be read: {0}")]
    Xml(#[from] NotXml),
    #[error(
        "this is a ZUGFeRD 1 invoice (CrossIndustryDocument, 2014). That format is not EN 16931 and no longer valid for \
         e-invoices; ask the sender for ZUGFeRD 2 or XRechnung"
    )]
    Zugferd1,
    #[error(
        "<{0}> is no invoice: neither CrossIndustryInvoice (CII, ZUGFeRD) nor UBL Invoice or CreditNote"
    )]
    NoInvoice(String),
}

impl Unreadable {
    /// The same in German.
    pub fn german(&self) -> String {
        match self {
            Unreadable::Empty => "Die Datei ist leer.".to_owned(),
            Unreadable::Pdf(NoInvoice::NotPdf) => "Das ist keine PDF-Datei.".to_owned(),
            Unreadable::Pdf(NoInvoice::Encrypted) => "Die PDF-Datei ist verschlüsselt; bitte ohne Kennwort speichern.".to_owned(),
            Unreadable::Pdf(NoInvoice::NoAttachment) => {
                "Die PDF-Datei enthält keine Anhänge, also keine maschinenlesbare Rechnung.".to_owned()
            }
            Unreadable::Pdf(NoInvoice::OtherAttachments(names)) => format!(
                "Die PDF-Datei enthält keine Rechnung (factur-x.xml, xrechnung.xml oder zugferd-invoice.xml), sondern: {names}"
            ),
            Unreadable::Pdf(NoInvoice::Damaged(what)) => format!("Die PDF-Datei ist beschädigt ({what})."),
            Unreadable::Xml(e) => format!("Das XML ist nicht lesbar, Zeile {}: {}", e.line, e.what),
            Unreadable::Zugferd1 => "Das ist eine ZUGFeRD-1-Rechnung (CrossIndustryDocument, 2014). Dieses Format entspricht nicht \
                 der EN 16931; bitte ZUGFeRD 2 oder XRechnung anfordern."
                .to_owned(),
            Unreadable::NoInvoice(name) => {
                format!("<{name}> ist keine Rechnung: weder CrossIndustryInvoice (CII, ZUGFeRD) noch UBL Invoice oder CreditNote.")
            }
        }
    }
}

/// Opens a file.
pub fn open(octets: &[u8]) -> Result<Opened<'_>, Unreadable> {
    if octets.iter().all(u8::is_ascii_whitespace) {
        return Err(Unreadable::Empty);
    }
    let (xml, embedded) = if pdf::is_pdf(octets) {
        let found = pdf::invoice(octets)?;
        (Cow::Owned(found.octets), Some(found.name))
    } else {
        (Cow::Borrowed(octets), None)
    };
    let tree = Tree::parse(&xml)?;
    let root = tree.root();
    let Some(syntax) = Syntax::of(root) else {
        return Err(match root.local() {
            "CrossIndustryDocument" => Unreadable::Zugferd1,
            _ => Unreadable::NoInvoice(root.qname().to_owned()),
        });
    };
    Ok(Opened {
        xml,
        tree,
        syntax,
        embedded,
    })
}
