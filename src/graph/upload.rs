//! Attachments of a draft: small ones in one request, larger ones through an upload session (Graph:
//! attach large files to messages).
//!
//! The session's address lies on another host and carries a secret of its own: it gets no access token
//! and never shows in a log (surprise 76).

use super::{Client, Error, Result, address, client::malformed, exchange::Call};
use crate::mail::RemoteId;
use base64::Engine;
use bytes::Bytes;
use reqwest::{Method, header::HeaderValue};
use serde_json::{Value, json};
use url::Url;

/// Up to here one request does; an upload session wants more (Graph: attachment limits).
pub const SMALL: usize = 3 * 1024 * 1024;
/// Ten times 320 KiB, below the 4 MB that one request may have.
const PIECE: usize = 3_276_800;
const SESSION: &str = "POST upload session";
const PUT: &str = "PUT upload";

/// A file to be attached.
#[derive(Debug, Clone)]
pub struct Attachment {
    pub name: String,
    pub content_type: String,
    /// Without angle brackets; an inline part is shown where the text refers to it.
    pub content_id: Option<String>,
    pub is_inline: bool,
    pub octets: Bytes,
}

impl Attachment {
    /// As Graph takes it with its octets: alone, or in `attachments` of a message that is made.
    pub fn json(&self) -> Value {
        json!({
            "@odata.type": "#microsoft.graph.fileAttachment",
            "name": self.name,
            "contentType": self.content_type,
            "contentId": self.content_id,
            "isInline": self.is_inline,
            "contentBytes": base64::engine::general_purpose::STANDARD.encode(&self.octets),
        })
    }
}

impl Client {
    /// Attaches a file to a draft. Not repeated after a failure that may have had its effect.
    pub async fn attach(&self, draft: &RemoteId, file: &Attachment) -> Result<()> {
        if file.octets.len() < SMALL {
            return self.attach_small(draft, file).await;
        }
        let url = self.upload_session(draft, file).await?;
        self.upload(&url, &file.octets).await
    }

    async fn attach_small(&self, draft: &RemoteId, file: &Attachment) -> Result<()> {
        const WHAT: &str = "POST attachment";
        let url = self.url(WHAT, &attachments(draft, ""))?;
        let call = Call::new(WHAT, Method::POST, url).json(&file.json());
        match self.run(&call, false).await?.status {
            201 => Ok(()),
            _ => Err(malformed(WHAT, "an answer other than 201")),
        }
    }

    async fn upload_session(&self, draft: &RemoteId, file: &Attachment) -> Result<Url> {
        let url = self.url(SESSION, &attachments(draft, "/createUploadSession"))?;
        let body = json!({"AttachmentItem": {
            "attachmentType": "file",
            "name": file.name,
            "size": file.octets.len(),
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

    async fn upload(&self, url: &Url, octets: &Bytes) -> Result<()> {
        let mut at = 0;
        // Each round brings at least one octet, or is the last.
        loop {
            let end = octets.len().min(at + PIECE);
            let range = format!("bytes {at}-{}/{}", end.saturating_sub(1), octets.len());
            let call = Call::bare(PUT, Method::PUT, url.clone())
                .body("application/octet-stream", octets.slice(at..end))
                .header("content-range", &range)?;
            let next = match self.run(&call, false).await {
                Ok(answer) if answer.status == 201 => return Ok(()),
                Ok(answer) => super::json::parse(&answer.body).ok().and_then(|j| next(&j)),
                // The piece came through, its answer did not: where does the session stand?
                Err(error) if error.status() == Some(416) => self.expected(url).await?,
                Err(error) => return Err(error),
            };
            match next {
                Some(next) if next > at && next < octets.len() => at = next,
                _ => return Err(malformed(PUT, "the upload does not move on")),
            }
        }
    }

    async fn expected(&self, url: &Url) -> Result<Option<usize>> {
        let call = Call::bare("GET upload", Method::GET, url.clone());
        Ok(next(&self.json(&call).await?))
    }
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
