//! Changes to messages: properties, moves, copies, removal (Graph: message resource type, methods).
//!
//! PATCH, DELETE and permanentDelete may be repeated: their effect is the same. Move and copy are not:
//! where [`Error::may_have_happened`] holds, the caller looks before it tries again.

use super::{
    Client, Error, Result, address,
    batch::{Inner, Reply},
    client::malformed,
    exchange::Call,
    read,
    types::Message,
};
use crate::mail::RemoteId;
use reqwest::Method;
use serde_json::{Value, json};

type Outcomes<T> = Vec<(RemoteId, std::result::Result<T, Error>)>;

impl Client {
    /// PATCHes properties. A 412 also comes without If-Match, when somebody else writes at the same
    /// time (surprise 60): tried once more after a look at the message.
    pub async fn update(&self, id: &RemoteId, patch: &Value) -> Result<Message> {
        const WHAT: &str = "PATCH message";
        let url = self.url(WHAT, &item(id, ""))?;
        let call = Call::new(WHAT, Method::PATCH, url).json(patch);
        let json = match self.json(&call).await {
            Err(error) if error.status() == Some(412) => {
                self.message(id).await?;
                self.json(&call).await?
            }
            other => other?,
        };
        read::message(&json).ok_or_else(|| malformed(WHAT, "no message"))
    }

    /// [`Client::update`] for many, 20 to a batch, in the order given.
    pub async fn update_many(&self, patches: &[(RemoteId, Value)]) -> Result<Outcomes<Message>> {
        let inner = |(id, patch): &(RemoteId, Value)| Inner {
            what: "PATCH message",
            method: Method::PATCH,
            path: item(id, ""),
            body: Some(patch.clone()),
            idempotent: true,
        };
        let replies = self.batch(patches.iter().map(inner).collect()).await?;
        let mut outcomes: Outcomes<Message> = Vec::with_capacity(patches.len());
        for ((id, patch), reply) in patches.iter().zip(replies) {
            let outcome = match reply {
                Err(error) if error.status() == Some(412) => self.update(id, patch).await,
                other => other.and_then(message),
            };
            outcomes.push((id.clone(), outcome));
        }
        Ok(outcomes)
    }

    /// To a folder, by id or well-known name. With immutable ids the message keeps its id.
    pub async fn move_message(&self, id: &RemoteId, destination: &str) -> Result<Message> {
        self.carry("POST move", id, "/move", destination).await
    }

    /// The copy, with an id of its own.
    pub async fn copy_message(&self, id: &RemoteId, destination: &str) -> Result<Message> {
        self.carry("POST copy", id, "/copy", destination).await
    }

    /// [`Client::move_message`] for many, 20 to a batch, in the order given.
    pub async fn move_many(
        &self,
        ids: &[RemoteId],
        destination: &str,
    ) -> Result<Outcomes<Message>> {
        self.carry_many("POST move", ids, "/move", destination)
            .await
    }

    /// [`Client::copy_message`] for many, 20 to a batch, in the order given.
    pub async fn copy_many(
        &self,
        ids: &[RemoteId],
        destination: &str,
    ) -> Result<Outcomes<Message>> {
        self.carry_many("POST copy", ids, "/copy", destination)
            .await
    }

    /// DELETE: where the item goes is the service's choice (surprise 50). Gone already is fine.
    pub async fn delete(&self, id: &RemoteId) -> Result<()> {
        const WHAT: &str = "DELETE message";
        let call = Call::new(WHAT, Method::DELETE, self.url(WHAT, &item(id, ""))?);
        gone(self.run(&call, false).await.map(|_| ()))
    }

    /// Out of the user's reach for good (Graph: message permanentDelete; not in every cloud).
    pub async fn permanent_delete(&self, id: &RemoteId) -> Result<()> {
        const WHAT: &str = "POST permanentDelete";
        let url = self.url(WHAT, &item(id, "/permanentDelete"))?;
        let mut call = Call::new(WHAT, Method::POST, url);
        call.idempotent = true;
        gone(self.run(&call, false).await.map(|_| ()))
    }

    /// [`Client::delete`] for many, 20 to a batch, in the order given.
    pub async fn delete_many(&self, ids: &[RemoteId]) -> Result<Outcomes<()>> {
        self.remove_many("DELETE message", Method::DELETE, ids, "")
            .await
    }

    /// [`Client::permanent_delete`] for many, 20 to a batch, in the order given.
    pub async fn permanent_delete_many(&self, ids: &[RemoteId]) -> Result<Outcomes<()>> {
        self.remove_many(
            "POST permanentDelete",
            Method::POST,
            ids,
            "/permanentDelete",
        )
        .await
    }

    async fn carry(
        &self,
        what: &'static str,
        id: &RemoteId,
        action: &str,
        destination: &str,
    ) -> Result<Message> {
        let body = json!({ "destinationId": destination });
        let url = self.url(what, &item(id, action))?;
        let json = self
            .json(&Call::new(what, Method::POST, url).json(&body))
            .await?;
        read::message(&json).ok_or_else(|| malformed(what, "no message"))
    }

    async fn carry_many(
        &self,
        what: &'static str,
        ids: &[RemoteId],
        action: &str,
        destination: &str,
    ) -> Result<Outcomes<Message>> {
        let inner = |id: &RemoteId| Inner {
            what,
            method: Method::POST,
            path: item(id, action),
            body: Some(json!({ "destinationId": destination })),
            idempotent: false,
        };
        let replies = self.batch(ids.iter().map(inner).collect()).await?;
        let outcomes = replies.into_iter().map(|reply| reply.and_then(message));
        Ok(ids.iter().cloned().zip(outcomes).collect())
    }

    async fn remove_many(
        &self,
        what: &'static str,
        method: Method,
        ids: &[RemoteId],
        action: &str,
    ) -> Result<Outcomes<()>> {
        let inner = |id: &RemoteId| Inner {
            what,
            method: method.clone(),
            path: item(id, action),
            body: None,
            idempotent: true,
        };
        let replies = self.batch(ids.iter().map(inner).collect()).await?;
        let outcomes = replies.into_iter().map(|reply| gone(reply.map(|_| ())));
        Ok(ids.iter().cloned().zip(outcomes).collect())
    }
}

fn item(id: &RemoteId, action: &str) -> String {
    format!("/messages/{}{action}", address::segment(id.as_str()))
}

fn message(reply: Reply) -> Result<Message> {
    read::message(&reply.body).ok_or_else(|| malformed("POST batch", "no message"))
}

/// What is gone already counts as removed; by immutable id that is a 403 (surprise 29).
fn gone(outcome: Result<()>) -> Result<()> {
    match outcome {
        Err(error)
            if error.class() == crate::mail::ErrorClass::NotFound
                || error.is_code("ErrorCannotDeleteObject") =>
        {
            Ok(())
        }
        other => other,
    }
}
