//! Attachments of a draft: small ones in one request, larger ones through an upload session (Graph:
//! attach large files to messages).
//!
//! The session's address lies on another host and carries a secret of its own: it gets no access token
//! and never shows in a log (surprise 76).

use super::{Client, Error, Result, address, client::malformed, exchange::Call};
use crate::mail::{ErrorClass, RemoteId};
use base64::Engine;
use bytes::Bytes;
use reqwest::{Method, header::HeaderValue};
use serde_json::{Value, json};
use std::ops::Range;
use url::Url;

/// Up to here one request does; an upload session wants more (Graph: attachment limits).
pub const SMALL: usize = 3 * 1024 * 1024;
/// Pieces of an upload are multiples of this (Graph: upload bytes to the upload session).
const UNIT: usize = 320 * 1024;
/// Below the 4 MB that one request may have.
const PIECE: usize = 10 * UNIT;
const SESSION: &str = "POST upload session";
const PUT: &str = "PUT upload";

/// Octets that come when they are wanted, so that a large file need not be in memory.
pub trait Source: Send {
    fn size(&self) -> usize;

    /// These octets, in the order of the file as a rule; `None` when they cannot be had, of which the source
    /// knows more.
    fn read(&mut self, range: Range<usize>) -> impl Future<Output = Option<Bytes>> + Send;
}

impl Source for Bytes {
    fn size(&self) -> usize {
        self.len()
    }

    async fn read(&mut self, range: Range<usize>) -> Option<Bytes> {
        (range.start <= range.end && range.end <= self.len()).then(|| self.slice(range))
    }
}

/// A file to be attached.
#[derive(Debug, Clone)]
pub struct Attachment<O = Bytes> {
    pub name: String,
    pub content_type: String,
    /// Without angle brackets; an inline part is shown where the text refers to it.
    pub content_id: Option<String>,
    pub is_inline: bool,
    pub octets: O,
}

impl Attachment {
    /// As Graph takes it with its octets: alone, or in `attachments` of a message that is made.
    pub fn json(&self) -> Value {
        self.json_with(&self.octets)
    }
}

impl<O> Attachment<O> {
    fn json_with(&self, octets: &[u8]) -> Value {
        json!({
            "@odata.type": "#microsoft.graph.fileAttachment",
            "name": self.name,
            "contentType": self.content_type,
            "contentId": self.content_id,
            "isInline": self.is_inline,
            "contentBytes": base64::engine::general_purpose::STANDARD.encode(octets),
        })
    }
}

impl Client {
    /// Attaches a file to a draft. Not repeated after a failure that may have had its effect.
    pub async fn attach(&self, draft: &RemoteId, file: &Attachment) -> Result<()> {
        self.attach_from(draft, &mut file.clone()).await
    }

    /// The same, reading the file as it goes.
    pub async fn attach_from<O: Source>(
        &self,
        draft: &RemoteId,
        file: &mut Attachment<O>,
    ) -> Result<()> {
        let size = file.octets.size();
        if size >= SMALL {
            let url = self.upload_session(draft, file, size).await?;
            return self.upload(&url, &mut file.octets).await;
        }
        let small = match self.attach_small(draft, file, size).await {
            Err(error) if error.class() == ErrorClass::TooLarge && size > 0 => error,
            other => return other,
        };
        // A service that takes smaller requests than it says may take it in pieces.
        let Ok(url) = self.upload_session(draft, file, size).await else {
            return Err(small);
        };
        self.upload(&url, &mut file.octets).await
    }

    async fn attach_small<O: Source>(
        &self,
        draft: &RemoteId,
        file: &mut Attachment<O>,
        size: usize,
    ) -> Result<()> {
        const WHAT: &str = "POST attachment";
        let url = self.url(WHAT, &attachments(draft, ""))?;
        let octets = piece(WHAT, &mut file.octets, 0..size).await?;
        let call = Call::new(WHAT, Method::POST, url).json(&file.json_with(&octets));
        drop(octets);
        match self.run(&call, false).await?.status {
            201 => Ok(()),
            _ => Err(malformed(WHAT, "an answer other than 201")),
        }
    }

    async fn upload_session<O>(
        &self,
        draft: &RemoteId,
        file: &Attachment<O>,
        size: usize,
    ) -> Result<Url> {
        let url = self.url(SESSION, &attachments(draft, "/createUploadSession"))?;
        let body = json!({"AttachmentItem": {
            "attachmentType": "file",
            "name": file.name,
            "size": size,
            "contentType": file.content_type,
            "isInline": file.is_inline,
            "contentId": file.content_id,
        }});
        let mut call = Call::new(SESSION, Method::POST, url).json(&body);
        // A second session beside a lost one does no harm: it expires.
        call.idempotent = true;
        let json = self.json(&call).await?;
        let text = json.get("uploadUrl").and_then(Value::as_str);
        let url = text.and_then(|text| Url::parse(text).ok());
        url.filter(|url| self.may_upload_to(url))
            .ok_or_else(|| malformed(SESSION, "no usable upload address"))
    }

    async fn upload<O: Source>(&self, url: &Url, octets: &mut O) -> Result<()> {
        let size = octets.size();
        let (mut at, mut most) = (0, PIECE);
        // Each round brings at least one octet, or smaller pieces, or is the last.
        loop {
            let end = size.min(at + most);
            let range = format!("bytes {at}-{}/{size}", end.saturating_sub(1));
            let call = Call::bare(PUT, Method::PUT, url.clone())
                .body(
                    "application/octet-stream",
                    piece(PUT, octets, at..end).await?,
                )
                .header("content-range", &range)?;
            let next = match self.run(&call, false).await {
                Ok(answer) if answer.status == 201 => return Ok(()),
                Ok(answer) => super::json::parse(&answer.body).ok().and_then(|j| next(&j)),
                // The piece came through, its answer did not: where does the session stand?
                Err(error) if error.status() == Some(416) => self.expected(url).await?,
                Err(error) if error.class() == ErrorClass::TooLarge && most > UNIT => {
                    most = (most / 2 / UNIT).max(1) * UNIT;
                    continue;
                }
                Err(error) => return Err(error),
            };
            match next {
                Some(next) if next > at && next < size => at = next,
                _ => return Err(malformed(PUT, "the upload does not move on")),
            }
        }
    }

    async fn expected(&self, url: &Url) -> Result<Option<usize>> {
        let call = Call::bare("GET upload", Method::GET, url.clone());
        Ok(next(&self.json(&call).await?))
    }
}

async fn piece(what: &'static str, octets: &mut impl Source, range: Range<usize>) -> Result<Bytes> {
    let wanted = range.end - range.start;
    let piece = octets.read(range).await;
    piece
        .filter(|piece| piece.len() == wanted)
        .ok_or_else(|| Error::Invalid {
            what,
            cause: "the file cannot be read".to_owned(),
        })
}

/// Where the next piece starts: `2097152` or `2097152-`, under a key whose case varies.
fn next(json: &Value) -> Option<usize> {
    let object = json.as_object()?;
    let (_, ranges) = object
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case("nextExpectedRanges"))?;
    let range = ranges.get(0)?.as_str()?;
    range.split('-').next()?.trim().parse().ok()
}

fn attachments(draft: &RemoteId, action: &str) -> String {
    let id = address::segment(draft.as_str());
    format!("/messages/{id}/attachments{action}")
}

impl Call {
    /// Without access token and without Graph's own headers.
    fn bare(what: &'static str, method: Method, url: Url) -> Self {
        let mut call = Self::new(what, method, url);
        call.headers.remove("prefer");
        call.bare = true;
        call
    }

    fn header(mut self, name: &'static str, value: &str) -> Result<Self> {
        let value = HeaderValue::try_from(value).map_err(|e| Error::Invalid {
            what: self.what,
            cause: e.to_string(),
        })?;
        self.headers.insert(name, value);
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_in_both_spellings() {
        assert_eq!(
            next(&json!({"nextExpectedRanges": ["2097152"]})),
            Some(2_097_152)
        );
        assert_eq!(next(&json!({"NextExpectedRanges": ["5-9"]})), Some(5));
        for odd in [
            json!({}),
            json!({"nextExpectedRanges": []}),
            json!([]),
            json!({"nextExpectedRanges": ["x"]}),
        ] {
            assert_eq!(next(&odd), None, "{odd}");
        }
    }
}
