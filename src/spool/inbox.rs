//! A report into the sender's Inbox.

use super::{Couriers, bounce::Report};
use crate::{
    graph,
    mail::{AccountName, ErrorClass, RemoteId},
};
use serde_json::json;
use std::{fmt, future::Future, pin::Pin};

/// How a delivery ended.
pub type Delivered<'a> = Pin<Box<dyn Future<Output = Result<(), ErrorClass>> + Send + 'a>>;

/// The answer of [`Deliver::wrote`].
pub type Wrote<'a> = Pin<Box<dyn Future<Output = Option<bool>> + Send + 'a>>;

/// Puts reports into mailboxes, and knows who wrote what there. May be asked again for a report that was delivered already
/// (`Report::message_id` tells).
pub trait Deliver: fmt::Debug + Send + Sync {
    fn deliver<'a>(&'a self, account: &'a AccountName, report: &'a Report) -> Delivered<'a>;

    /// Whether a client wrote this message there (APPEND); `None`: not known now.
    fn wrote<'a>(&'a self, _account: &'a AccountName, _message: &'a RemoteId) -> Wrote<'a> {
        Box::pin(async { Some(false) })
    }
}

/// Through Graph, as an unread message that is no draft. Its structure is lost on the way (a MIME
/// upload would stay a draft for ever): the readable text is what arrives.
#[derive(Debug)]
pub(super) struct ThroughGraph(pub(super) Couriers);

impl Deliver for ThroughGraph {
    fn deliver<'a>(&'a self, account: &'a AccountName, report: &'a Report) -> Delivered<'a> {
        Box::pin(async move {
            let route = self.0.get(account).ok_or(ErrorClass::NotFound)?;
            deliver_through_graph(&route.graph, report).await
        })
    }
}

/// What [`Deliver`] does where there is nothing better.
pub async fn deliver_through_graph(
    graph: &graph::Client,
    report: &Report,
) -> Result<(), ErrorClass> {
    put(graph, report).await.map_err(|error| {
        tracing::warn!(report = report.message_id, %error, "a report was not delivered");
        error.class()
    })
}

async fn put(graph: &graph::Client, report: &Report) -> graph::Result<()> {
    let there = graph.with_message_id("inbox", &report.message_id).await?;
    if !there.is_empty() {
        return Ok(());
    }
    let date = chrono::DateTime::from_timestamp(report.date, 0).unwrap_or_default();
    let date = date.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let person =
        |name: &str, address: &str| json!({"emailAddress": {"name": name, "address": address}});
    let mut properties = vec![
        // PidTagMessageFlags without UNSENT: no draft (surprise 2).
        json!({"id": "Integer 0x0E07", "value": "4"}),
        // PidTagMessageDeliveryTime, PidTagClientSubmitTime (surprise 5).
        json!({"id": "SystemTime 0x0E06", "value": date}),
        json!({"id": "SystemTime 0x0039", "value": date}),
    ];
    if let Some(id) = &report.in_reply_to {
        properties.push(json!({"id": "String 0x1042", "value": id}));
    }
    let message = json!({
        "subject": report.subject,
        "body": {"contentType": "text", "content": report.text},
        "from": person(report.from_name, &report.from),
        "sender": person(report.from_name, &report.from),
        "toRecipients": [person(&report.to, &report.to)],
        "internetMessageId": report.message_id,
        "isRead": false,
        "singleValueExtendedProperties": properties,
    });
    let inbox = RemoteId::new("inbox");
    graph.create_json(Some(&inbox), &message).await.map(drop)
}
