//! Answers the command line, through the control socket of a server or in the process of a single
//! command: the same code for both.

use super::{Base, Error, Result, signin::sign_in};
use crate::{
    control::{AccountStatus, Call, PasswordInfo, Reply, Request},
    oauth::device::Prompt,
};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Who answers.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    pub(super) base: Arc<Base>,
    /// Stops the server; `None` in the process of a single command.
    pub(super) server: Option<CancellationToken>,
}

impl Desk {
    /// Answers one call. Given up when the asker hangs up.
    pub(super) async fn take(&self, call: Call) {
        let replies = call.replies.clone();
        let answered = self.answer(call.request, async |reply| {
            let _ = replies.send(reply).await;
        });
        tokio::select! {
            () = call.replies.closed() => {}
            last = answered => {
                let last = last.unwrap_or_else(|error| Reply::Failed {
                    message: error.to_string(),
                });
                let _ = call.replies.send(last).await;
            }
        }
    }

    /// The last reply; others go to `progress` before.
    pub(super) async fn answer(
        &self,
        request: Request,
        progress: impl AsyncFnOnce(Reply),
    ) -> Result<Reply> {
        match request {
            Request::Accounts => Ok(Reply::Accounts {
                accounts: self.accounts().await,
            }),
            Request::Login { account, replace } => {
                let seat = Arc::clone(self.base.seat(&account)?);
                let show = async |prompt| progress(shown(prompt)).await;
                let user = sign_in(&self.base, &seat, replace, show).await?;
                Ok(Reply::SignedIn { account, user })
            }
            Request::PasswordAdd { account, label } => {
                let name = self.base.seat(&account)?.name();
                let password = self.base.auth.add_password(name, &label).await?;
                Ok(Reply::Password { password })
            }
            Request::PasswordList { account } => Ok(Reply::Passwords {
                passwords: self.passwords(&account)?,
            }),
            Request::PasswordRemove { account, id } => self.remove_password(&account, id).await,
            Request::Stop => match &self.server {
                Some(server) => {
                    server.cancel();
                    Ok(Reply::Done)
                }
                None => Err(Error::Refused("no server runs here".to_owned())),
            },
        }
    }

    async fn accounts(&self) -> Vec<AccountStatus> {
        let mut list = Vec::new();
        for seat in &self.base.seats {
            let state = match &self.server {
                Some(_) => seat.state().borrow().to_string(),
                None => seat.sign_in_state().await,
            };
            list.push(AccountStatus {
                name: seat.name().to_string(),
                mailbox: seat.account.mailbox.clone(),
                user: seat.account.user.clone(),
                state,
            });
        }
        list
    }

    fn passwords(&self, account: &str) -> Result<Vec<PasswordInfo>> {
        let name = self.base.seat(account)?.name();
        let own = self.base.auth.passwords(name).into_iter();
        Ok(own
            .map(|password| PasswordInfo {
                id: password.id,
                label: password.label,
                created: password.created,
            })
            .collect())
    }

    async fn remove_password(&self, account: &str, id: i64) -> Result<Reply> {
        let known = self.passwords(account)?;
        if !known.iter().any(|password| password.id == id) {
            return Err(Error::Refused(format!(
                "account {account} has no password {id}; `postern account password list \
                 {account}` shows them"
            )));
        }
        self.base.auth.remove_password(id).await?;
        Ok(Reply::Done)
    }
}

fn shown(prompt: Prompt) -> Reply {
    Reply::Prompt {
        verification_uri: prompt.verification_uri,
        user_code: prompt.user_code,
        message: prompt.message,
        expires_in: prompt.expires_in,
    }
}
