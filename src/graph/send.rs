//! Drafts and sending (Graph: create message, send, sendMail).
//!
//! None of these is repeated after a failure that may have had its effect: sendMail twice is two mails.

use super::{Client, Result, address, client::malformed, exchange::Call, read, types::Message};
use crate::mail::RemoteId;
use base64::Engine;
use bytes::Bytes;
use reqwest::Method;
use serde_json::Value;

impl Client {
    /// A draft in Drafts from MIME (CRLF line ends; about 3 MB at most, since base64 counts). It stays a
    /// draft for ever (surprise 1). Never under a folder path (surprise 3).
    pub async fn create_draft_mime(&self, mime: &[u8]) -> Result<Message> {
        const WHAT: &str = "POST MIME draft";
        let url = self.url(WHAT, "/messages")?;
        let call = Call::new(WHAT, Method::POST, url).body("text/plain", encoded(mime));
        self.created(&call).await
    }

    /// A message from JSON, in Drafts or in `folder`.
    pub async fn create_json(&self, folder: Option<&RemoteId>, message: &Value) -> Result<Message> {
        const WHAT: &str = "POST message";
        let path = match folder {
            Some(id) => format!("/mailFolders/{}/messages", address::segment(id.as_str())),
            None => "/messages".to_owned(),
        };
        let call = Call::new(WHAT, Method::POST, self.url(WHAT, &path)?).json(message);
        self.created(&call).await
    }

    /// Hands a draft to transport: 202 means accepted, not delivered.
    pub async fn send_draft(&self, id: &RemoteId) -> Result<()> {
        const WHAT: &str = "POST send";
        let path = format!("/messages/{}/send", address::segment(id.as_str()));
        let call = Call::new(WHAT, Method::POST, self.url(WHAT, &path)?);
        self.accepted(&call).await
    }

    /// Sends MIME in one step; Graph tells no id.
    pub async fn send_mail_mime(&self, mime: &[u8]) -> Result<()> {
        const WHAT: &str = "POST sendMail";
        let url = self.url(WHAT, "/sendMail")?;
        let call = Call::new(WHAT, Method::POST, url).body("text/plain", encoded(mime));
        self.accepted(&call).await
    }

    /// 201 with a message. A 200 was seen with nothing created (surprise 9).
    async fn created(&self, call: &Call) -> Result<Message> {
        let answer = self.run(call, false).await?;
        if answer.status != 201 {
            return Err(malformed(call.what, "an answer other than 201"));
        }
        super::json::parse(&answer.body)
            .ok()
            .and_then(|json| read::message(&json))
            .ok_or_else(|| malformed(call.what, "no message"))
    }

    async fn accepted(&self, call: &Call) -> Result<()> {
        match self.run(call, false).await?.status {
            202 => Ok(()),
            _ => Err(malformed(call.what, "an answer other than 202")),
        }
    }
}

fn encoded(mime: &[u8]) -> Bytes {
    Bytes::from(base64::engine::general_purpose::STANDARD.encode(mime))
}
