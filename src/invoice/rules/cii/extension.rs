//! Cross Industry Invoice: the rules of XRechnung's extension (BR-DEX) and for clean vehicles (BR-DE-CVD).

use super::TRANSACTION;
use super::codes::{of_delivery, of_party};
use crate::invoice::codes::{self, List, document, identifier, item};
use crate::invoice::names::ram::*;
use crate::invoice::names::rsm;
use crate::invoice::rules::engine::{Context, Cx, check, when};
use crate::invoice::rules::german::{CLEAN, VEHICLES};
use crate::invoice::rules::text::codes::*;
use crate::invoice::rules::text::german::*;
use crate::invoice::rules::xpath::*;
use crate::invoice::tree::El;

/// The scheme is of the list or one of the extension's own. An empty one passes: the official list is two, with two spaces between them.
fn extended(el: El<'_>, list: List) -> Test {
    let scheme = el.attr("schemeID").unwrap_or_default();
    let code = normalize_space(scheme);
    holds_or(
        code.is_empty() || codes::has(list, &code) || codes::has(identifier::EXTENSION, &code),
        || [scheme.to_owned()],
    )
}

fn in_extension(cx: &Cx<'_>, el: El<'_>) -> bool {
    cx.cii().extension && el.attr("schemeID").is_some()
}

pub(crate) const EXTENSION_RULES: &[Context] = &[
    when(
        AssociatedDocumentLineDocument,
        |cx, d| {
            const LINE: Steps = &[
                rsm::CrossIndustryInvoice,
                rsm::SupplyChainTradeTransaction,
                IncludedSupplyChainTradeLineItem,
            ];
            Ok(cx.cii().extension && rooted(d, LINE))
        },
        &[check(BR_DEX_15, |cx, _| {
            holds(cx.named(ParentLineID).is_empty())
        })],
    ),
    when(
        GlobalID,
        |cx, e| Ok(in_extension(cx, e) && of_party(e)),
        &[check(BR_DEX_04, |_, e| extended(e, identifier::ICD))],
    ),
    when(
        ID,
        |cx, e| Ok(in_extension(cx, e) && !e.has_ancestor(SpecifiedTaxRegistration)),
        &[check(BR_DEX_05, |_, e| extended(e, identifier::ICD))],
    ),
    when(
        GlobalID,
        |cx, e| Ok(in_extension(cx, e) && under(e, &[SpecifiedTradeProduct])),
        &[check(BR_DEX_06, |_, e| extended(e, identifier::ICD))],
    ),
    when(
        URIID,
        |cx, e| Ok(in_extension(cx, e) && under(e, &[URIUniversalCommunication])),
        &[check(BR_DEX_07, |_, e| extended(e, identifier::EAS))],
    ),
    when(
        GlobalID,
        |cx, e| Ok(in_extension(cx, e) && of_delivery(e)),
        &[check(BR_DEX_08, |_, e| extended(e, identifier::ICD))],
    ),
    when(
        AttachmentBinaryObject,
        |cx, _| Ok(cx.cii().extension),
        &[check(BR_DEX_01, |_, a| {
            let kind = a.attr("mimeCode").unwrap_or_default();
            holds_or(
                document::ATTACHMENTS.contains(&kind) || kind == "application/xml",
                || [kind.to_owned()],
            )
        })],
    ),
];

const PRODUCT: Steps = &[
    rsm::CrossIndustryInvoice,
    rsm::SupplyChainTradeTransaction,
    IncludedSupplyChainTradeLineItem,
];

fn vehicles(product: El<'_>) -> usize {
    product
        .path(&[DesignatedProductClassification, ClassCode])
        .filter(|c| c.attr("listID") == Some("CVD"))
        .count()
}

fn clean(characteristic: &El<'_>) -> bool {
    any_is(*characteristic, &[Description], "cva")
}

pub(crate) const VEHICLE_RULES: &[Context] = &[
    when(
        rsm::SupplyChainTradeTransaction,
        |cx, t| Ok(cx.cii().vehicles && rooted(t, &[rsm::CrossIndustryInvoice])),
        &[check(BR_DE_CVD_03, |_, t| {
            let mut products = t.path(&[IncludedSupplyChainTradeLineItem, SpecifiedTradeProduct]);
            holds(products.any(|p| {
                vehicles(p) > 0 && p.all(ApplicableProductCharacteristic).any(|c| clean(&c))
            }))
        })],
    ),
    when(
        SpecifiedTradeProduct,
        |cx, p| Ok(cx.cii().vehicles && rooted(p, PRODUCT)),
        &[
            check(BR_DE_CVD_06_B, |_, p| {
                holds(
                    !p.all(ApplicableProductCharacteristic).any(|c| clean(&c)) || vehicles(p) == 1,
                )
            }),
            check(BR_DE_CVD_06_A, |_, p| {
                holds(
                    vehicles(p) == 0
                        || p.all(ApplicableProductCharacteristic).filter(clean).count() == 1,
                )
            }),
        ],
    ),
    when(
        ClassCode,
        |cx, c| {
            Ok(cx.cii().vehicles
                && under(
                    c,
                    &[
                        IncludedSupplyChainTradeLineItem,
                        SpecifiedTradeProduct,
                        DesignatedProductClassification,
                    ],
                ))
        },
        &[
            check(BR_TMP_CVD_01, |_, c| {
                let list = normalize_space(c.attr("listID").unwrap_or_default());
                holds_or(
                    list.is_empty() || codes::has(item::CLASSIFICATIONS, &list) || list == "CVD",
                    || [list.into_owned()],
                )
            }),
            check(BR_DE_CVD_04, |_, c| {
                let vehicle = normalize_space(c.attr("listID").unwrap_or_default()) == "CVD";
                holds_or(!vehicle || VEHICLES.contains(&&*c.normalized()), || {
                    [shown(Some(c))]
                })
            }),
        ],
    ),
    when(
        ApplicableProductCharacteristic,
        |cx, c| {
            Ok(cx.cii().vehicles
                && under(
                    c,
                    &[IncludedSupplyChainTradeLineItem, SpecifiedTradeProduct],
                )
                && clean(&c))
        },
        &[check(BR_DE_CVD_05, |_, c| {
            let value = normalized(c, &[Value])?;
            holds_or(CLEAN.contains(&&*value), || [value.into_owned()])
        })],
    ),
    when(
        ApplicableHeaderTradeAgreement,
        |cx, a| Ok(cx.cii().vehicles && rooted(a, TRANSACTION)),
        &[
            check(BR_DE_CVD_01, |_, a| {
                holds(any_filled(
                    a,
                    &[ContractReferencedDocument, IssuerAssignedID],
                ))
            }),
            check(BR_DE_CVD_02, |_, a| {
                let mut tender = false;
                for document in a.all(AdditionalReferencedDocument) {
                    tender |= normalized(document, &[TypeCode])? == "50"
                        && !blank(&normalized(document, &[IssuerAssignedID])?);
                }
                holds(tender)
            }),
        ],
    ),
];
