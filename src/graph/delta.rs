//! Message delta (Graph: message delta; surprises 28 to 44).

use super::{
    Client, Result, address,
    client::malformed,
    exchange::Call,
    read,
    types::{Entry, Link, Message, Page},
};
use crate::mail::RemoteId;
use serde_json::Value;
use std::sync::atomic::Ordering;

/// On every call of a round, since only the query is baked into the token.
pub(super) const PAGE_SIZE: &str = "odata.maxpagesize=1000";
const WHAT: &str = "GET message delta";

impl Client {
    /// One page of a folder's message delta. `None` starts a first round, with `$select` of what sync
    /// needs and `$expand` of the extended properties (which the service may ignore: see
    /// [`Message::extended`]).
    ///
    /// An error whose [`super::Error::needs_resync`] holds means: the link is dead, list anew.
    pub async fn message_delta(
        &self,
        folder: &RemoteId,
        link: Option<&str>,
    ) -> Result<Page<Entry<Message>>> {
        if let Some(link) = link {
            let call = Call::get(WHAT, self.kept_link(link)?).prefer(Some(PAGE_SIZE));
            let page = self.json(&call).await.map_err(|error| {
                if error.is_code("ErrorRestrictionTooComplex") {
                    // The round that is started next asks for less.
                    self.shared.plain_delta.store(true, Ordering::Relaxed);
                }
                error.of_link()
            })?;
            return self.delta_page(WHAT, &page, read::message);
        }
        let path = format!(
            "/mailFolders/{}/messages/delta?$select={}",
            address::segment(folder.as_str()),
            read::MESSAGE_SELECT
        );
        let expand = read::MESSAGE_EXPAND;
        let refused = &self.shared.plain_delta;
        let page = self.expanded(WHAT, &path, expand, refused, Some(PAGE_SIZE));
        self.delta_page(WHAT, &page.await?, read::message)
    }

    /// `GET path` with `$expand`, and without once the service has refused that.
    pub(super) async fn expanded(
        &self,
        what: &'static str,
        path: &str,
        expand: &str,
        refused: &std::sync::atomic::AtomicBool,
        prefer: Option<&'static str>,
    ) -> Result<Value> {
        if !refused.load(Ordering::Relaxed) {
            let url = self.url(what, &format!("{path}&$expand={expand}"))?;
            match self.json(&Call::get(what, url).prefer(prefer)).await {
                Err(error) if error.refuses_query() => {
                    tracing::info!(what, error = %error, "asked again without extended properties");
                }
                other => return other,
            }
        }
        let url = self.url(what, path)?;
        let json = self.json(&Call::get(what, url).prefer(prefer)).await?;
        // Only now is it known that the expansion was at fault.
        refused.store(true, Ordering::Relaxed);
        Ok(json)
    }

    /// Entries and link of a delta page.
    pub(super) fn delta_page<T>(
        &self,
        what: &'static str,
        json: &Value,
        read: fn(&Value) -> Option<T>,
    ) -> Result<Page<Entry<T>>> {
        let entry = |json: &Value| {
            if json.get("@removed").is_some_and(|mark| !mark.is_null()) {
                let id = json.get("id")?.as_str()?;
                return Some(Entry::Removed(RemoteId::new(id)));
            }
            read(json).map(Entry::Changed)
        };
        let page = self.page(what, json, entry)?;
        match page.link {
            Link::End => Err(malformed(what, "neither a next link nor a delta link")),
            _ => Ok(page),
        }
    }

    /// Items and link of any page. A link to another host is an error before anybody follows it.
    pub(super) fn page<T>(
        &self,
        what: &'static str,
        json: &Value,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Page<T>> {
        let value = json.get("value").and_then(Value::as_array);
        let value = value.ok_or_else(|| malformed(what, "no value"))?;
        let items: Vec<T> = value.iter().filter_map(read).collect();
        if items.len() < value.len() {
            let lost = value.len() - items.len();
            tracing::warn!(what, lost, "entries without an id were passed over");
        }
        let link = |key: &str| json.get(key).and_then(Value::as_str).map(str::to_owned);
        let link = match (link("@odata.nextLink"), link("@odata.deltaLink")) {
            (Some(next), _) => Link::Next(next),
            (None, Some(delta)) => Link::Delta(delta),
            (None, None) => Link::End,
        };
        if let Link::Next(text) | Link::Delta(text) = &link {
            self.check_link(what, text)?;
        }
        Ok(Page { items, link })
    }
}
