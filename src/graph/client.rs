//! HTTP to Graph: one request at a time through limiter and retry.

use super::{Error, Result, limiter::Limiter, types::User};
use crate::{mail::Secret, oauth::source::TokenSource};
use bytes::Bytes;
use futures_util::Stream;
use url::Url;

/// People before background: a background request waits while a person's does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    Person,
    Background,
}

/// One mailbox in Graph. Cheap to clone; clones share limiter and tokens.
#[derive(Debug, Clone)]
pub struct Client {}

impl Client {
    /// `root` is the Graph root (`https://graph.microsoft.com`); `mailbox` is `None` for the signed-in
    /// user's own (`/me`), else an address for `/users/{address}`.
    pub fn new(
        _http: reqwest::Client,
        _root: Url,
        _mailbox: Option<String>,
        _tokens: TokenSource,
        _limiter: Limiter,
    ) -> Self {
        todo!()
    }
    /// The same mailbox, with requests of this priority (default: [`Priority::Person`]).
    pub fn with_priority(&self, _priority: Priority) -> Self {
        todo!()
    }
    /// `GET /me` with a token that no source has yet (identity check at sign-in).
    pub async fn whoami(
        _http: &reqwest::Client,
        _root: &Url,
        _token: &Secret<String>,
    ) -> Result<User> {
        todo!()
    }
    /// The signed-in user.
    pub async fn me(&self) -> Result<User> {
        todo!()
    }
    /// Streams the MIME of a message (`$value`, never under a folder path). An error mid-way is an
    /// error of the stream; the caller starts anew.
    pub async fn mime(
        &self,
        _id: &crate::mail::RemoteId,
    ) -> Result<impl Stream<Item = std::result::Result<Bytes, Error>> + Send + use<>> {
        Ok(futures_util::stream::empty())
    }
    /// Requests sent to Graph so far (a `$batch` counts one): for budgets and benches.
    pub fn requests(&self) -> u64 {
        todo!()
    }
}
