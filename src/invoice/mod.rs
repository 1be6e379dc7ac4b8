//! E-invoices: EN 16931 in its two syntaxes, CII (UN/CEFACT) and UBL 2.1, read and checked as the official validators do.
//!
//! Pure: octets in, values out; the same input gives the same output. Imports nothing else of Postern.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`codes`] | code lists |
//! | [`open`](mod@open) | the front door: XML, or the XML that a PDF carries ([`pdf`]) |
//! | [`model`] | the terms and groups of EN 16931, read from either syntax |
//! | [`tree`] | the XML document, safe and fast, with XPath's view of it |
//! | [`names`] | element names as integers |
//! | [`decimal`] | exact decimals (`xs:decimal`) |
//! | [`report`] | rules, findings, and the collector that rules fire into |
//! | [`rules`] | EN 16931 and XRechnung rules |
//! | [`structure`] | the XML schemas as tables |
//! | [`scenario`] | BT-24, and what it means for severities |
//! | [`check`](mod@check) | all layers in order, and the verdict |
//! | [`page`] | an invoice to read |
//! | [`json`], [`words`] | the result as a line of JSON, as text and as a page |

pub mod check;
pub mod codes;
pub mod decimal;
pub mod json;
pub mod model;
pub mod names;
pub mod open;
pub mod page;
pub mod pdf;
pub mod report;
pub mod rules;
pub mod scenario;
pub mod structure;
pub mod tree;
pub mod words;
