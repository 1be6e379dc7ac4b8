//! What `$filter` and `$orderby` may name, and the type that each name has (dossier 03 section 2).

use super::{
    filter::{Expr, Op},
    http::{Answer, Outcome, bad_request, error},
};
use serde_json::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Flag,
    Date,
    Text,
    Number,
    /// `contains` only.
    Long,
    /// There is such a property, but no filter on it.
    Closed,
}

pub(super) fn of_message(path: &str) -> Option<Type> {
    Some(match path {
        "isRead"
        | "isDraft"
        | "hasAttachments"
        | "isReadReceiptRequested"
        | "isDeliveryReceiptRequested" => Type::Flag,
        "receivedDateTime" | "sentDateTime" | "createdDateTime" | "lastModifiedDateTime" => {
            Type::Date
        }
        "id"
        | "subject"
        | "importance"
        | "inferenceClassification"
        | "internetMessageId"
        | "conversationId"
        | "parentFolderId"
        | "categories"
        | "flag/flagStatus"
        | "from/emailAddress/address"
        | "from/emailAddress/name"
        | "sender/emailAddress/address"
        | "sender/emailAddress/name" => Type::Text,
        "body/content" | "bodyPreview" => Type::Long,
        "toRecipients"
        | "ccRecipients"
        | "bccRecipients"
        | "replyTo"
        | "internetMessageHeaders"
        | "body"
        | "uniqueBody"
        | "from"
        | "sender"
        | "flag"
        | "attachments"
        | "changeKey"
        | "conversationIndex"
        | "webLink" => Type::Closed,
        _ => return None,
    })
}

pub(super) fn of_folder(path: &str) -> Option<Type> {
    Some(match path {
        "id" | "displayName" | "parentFolderId" => Type::Text,
        "isHidden" => Type::Flag,
        "childFolderCount" | "unreadItemCount" | "totalItemCount" | "sizeInBytes" => Type::Number,
        _ => return None,
    })
}

pub(super) type Schema = fn(&str) -> Option<Type>;

fn unknown(path: &str, kind: &str) -> Box<Answer> {
    let name = path.split('/').next().unwrap_or(path);
    bad_request(&format!(
        "Could not find a property named '{name}' on type 'Microsoft.OutlookServices.{kind}'."
    ))
}

fn closed() -> Box<Answer> {
    error(
        400,
        "ErrorInvalidUrlQueryFilter",
        "The query filter contains one or more invalid nodes.",
    )
}

/// Refuses what names no property, one that takes no filter, or a literal of another type.
pub(super) fn check(expr: &Expr, schema: Schema, kind: &str) -> Outcome<()> {
    match expr {
        Expr::And(a, b) | Expr::Or(a, b) => {
            check(a, schema, kind)?;
            check(b, schema, kind)
        }
        Expr::Not(inner) => check(inner, schema, kind),
        Expr::Extended(..) => Ok(()),
        Expr::Text(_, path, _) => match schema(path).ok_or_else(|| unknown(path, kind))? {
            Type::Text | Type::Long => Ok(()),
            _ => Err(closed()),
        },
        Expr::Any(path, _) => match (path.as_str(), schema(path)) {
            ("categories", Some(_)) => Ok(()),
            (_, Some(_)) => Err(closed()),
            (_, None) => Err(unknown(path, kind)),
        },
        Expr::Compare(path, op, literal) => {
            let wanted = schema(path).ok_or_else(|| unknown(path, kind))?;
            let fits = match (wanted, literal) {
                (Type::Closed, _) => return Err(closed()),
                (Type::Long, _) => return Err(closed()),
                _ if path == "categories" => return Err(closed()),
                (_, Value::Null) => matches!(op, Op::Eq | Op::Ne),
                (Type::Flag, Value::Bool(_)) | (Type::Number, Value::Number(_)) => true,
                (Type::Date, Value::String(text)) => is_date(text),
                (Type::Text, Value::String(_)) => true,
                _ => false,
            };
            fits.then_some(()).ok_or_else(|| {
                bad_request(
                    "A binary operator with incompatible types was detected in the filter clause.",
                )
            })
        }
    }
}

/// Dates stand without quotes, which the parser marks with a leading U+0000.
fn is_date(text: &str) -> bool {
    text.strip_prefix('\0').is_some_and(|date| {
        chrono::DateTime::parse_from_rfc3339(date).is_ok()
            || chrono::NaiveDate::parse_from_str(date, "%Y-%m-%d").is_ok()
    })
}

/// A property path and whether it goes down.
pub(super) fn order(text: &str, schema: Schema, kind: &str) -> Outcome<Vec<(String, bool)>> {
    let mut out = Vec::new();
    for one in text.split(',').map(str::trim).filter(|s| !s.is_empty()) {
        let (path, way) = one.split_once(' ').unwrap_or((one, "asc"));
        let down = match way.trim().to_ascii_lowercase().as_str() {
            "desc" => true,
            "asc" => false,
            _ => return Err(bad_request("Parsing OrderBy failed.")),
        };
        match schema(path).ok_or_else(|| unknown(path, kind))? {
            Type::Closed | Type::Long => {
                return Err(bad_request(&format!(
                    "The property '{path}' does not support sorting."
                )));
            }
            _ => out.push((path.to_owned(), down)),
        }
    }
    Ok(out)
}
