//! Device authorization grant (RFC 8628; Entra: device code flow).

use super::{
    Error, Result,
    client::Failure,
    source::{Identity, TokenSource},
    token::{Decision, DeviceCode, Grant},
};
use crate::mail::Secret;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// RFC 8628 section 3.5: what `slow_down` adds to the interval.
const SLOW_DOWN: Duration = Duration::from_secs(5);
/// While the network is away polls become rarer, up to this.
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);

/// What the user must do: open the address, type the code.
#[derive(Debug, Clone)]
pub struct Prompt {
    pub verification_uri: String,
    pub user_code: String,
    /// Seconds until the code expires.
    pub expires_in: u64,
    pub message: String,
}

/// A sign-in that waits for the user. Tokens are held back until [`DeviceLogin::keep`]: the caller
/// first checks with Graph that the right account signed in.
#[derive(Debug)]
pub struct DeviceLogin {
    source: TokenSource,
    code: DeviceCode,
    interval: Duration,
    expires: Instant,
    got: Option<(Grant, Identity)>,
}

impl DeviceLogin {
    pub async fn start(source: &TokenSource) -> Result<(Self, Prompt)> {
        let code = source
            .login_host()
            .device_code(source.scopes())
            .await
            .map_err(|failure| failure.into_error(source.account()))?;
        let prompt = Prompt {
            verification_uri: code.verification_uri.clone(),
            user_code: code.user_code.clone(),
            expires_in: code.expires_in,
            message: code.message.clone(),
        };
        let login = Self {
            source: source.clone(),
            // RFC 8628 section 3.5 wants a pause; none at all would be a loop.
            interval: Duration::from_secs(code.interval.max(1)),
            expires: Instant::now() + Duration::from_secs(code.expires_in),
            code,
            got: None,
        };
        Ok((login, prompt))
    }

    /// Polls until the user is done, declined, or the code expired. A network that is away for a while
    /// is waited for until then.
    pub async fn wait(&mut self) -> Result<Identity> {
        loop {
            sleep(self.interval).await;
            if Instant::now() >= self.expires {
                return Err(Error::Ended(
                    "the code has expired before anybody used it; start again".to_owned(),
                ));
            }
            match self.source.login_host().poll(&self.code).await {
                Ok(grant) => {
                    let identity = self.identity(&grant)?;
                    self.got = Some((grant, identity.clone()));
                    return Ok(identity);
                }
                Err(failure) => self.after(failure)?,
            }
        }
    }

    /// The token just got, for the check with `/me`.
    pub fn access_token(&self) -> Option<Secret<String>> {
        self.got
            .as_ref()
            .map(|(grant, _)| grant.access_token.clone())
    }

    /// Stores the tokens in the vault: from now on the source uses them.
    pub async fn keep(self) -> Result<()> {
        match self.got {
            Some((grant, identity)) => self.source.adopt(grant, identity).await,
            None => Err(Error::Ended("nobody has signed in yet".to_owned())),
        }
    }

    fn identity(&self, grant: &Grant) -> Result<Identity> {
        if grant.refresh_token.is_none() {
            return Err(Error::Configuration(
                "the login service gave no refresh token; may this application have offline_access?"
                    .to_owned(),
            ));
        }
        match self.source.login_host().claims(grant) {
            Some(Ok(claims)) => Ok(claims.into()),
            Some(Err(what)) => Err(Error::Configuration(what)),
            None => Err(Error::Configuration(
                "the login service did not say who signed in (no id_token)".to_owned(),
            )),
        }
    }

    /// Whether to go on polling, and how fast.
    fn after(&mut self, failure: Failure) -> Result<()> {
        let refusal = match failure {
            Failure::Unreachable { what, retry_after } => {
                tracing::info!(account = %self.source.account(), what, "still waiting for the sign-in");
                // RFC 8628 section 3.5: back off when the connection fails.
                let doubled = (self.interval * 2).min(LONGEST_INTERVAL);
                self.interval = retry_after.map_or(doubled, |after| after.max(self.interval));
                return Ok(());
            }
            Failure::Refused(refusal, retry_after) => match refusal.decision() {
                Decision::Transient => {
                    self.interval = retry_after.unwrap_or(self.interval).max(self.interval);
                    return Ok(());
                }
                _ => refusal,
            },
        };
        match refusal.decision() {
            Decision::Pending => Ok(()),
            Decision::SlowDown => {
                self.interval += SLOW_DOWN;
                Ok(())
            }
            Decision::Declined => Err(Error::Ended("the sign-in was declined".to_owned())),
            Decision::Expired => Err(Error::Ended(
                "the code has expired before anybody used it; start again".to_owned(),
            )),
            Decision::BadCode => Err(Error::Ended(
                "the login service does not know this code any more; start again".to_owned(),
            )),
            _ => Err(Failure::Refused(refusal, None).into_error(self.source.account())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Account, Cloud, SignIn, Use},
        mail::AccountName,
        oauth::{client::http, token::Refusal, vault::Vault},
    };
    use std::sync::Arc;

    fn login(dir: &std::path::Path) -> DeviceLogin {
        let url: url::Url = "http://127.0.0.1:9/".parse().unwrap();
        let account = Account {
            name: AccountName::new("anna"),
            mailbox: "anna@example.com".to_owned(),
            user: "anna@example.com".to_owned(),
            tenant: "t".to_owned(),
            client_id: "app".to_owned(),
            sign_in: SignIn::Device,
            uses: Use::Mail,
            writing: crate::config::Writing::default(),
            cloud: Cloud {
                login_url: url.clone(),
                graph_url: url,
            },
        };
        let vault = Arc::new(Vault::open(dir).unwrap());
        DeviceLogin {
            source: TokenSource::new(&account, http(&account.cloud).unwrap(), vault).unwrap(),
            code: DeviceCode {
                device_code: Secret::new("dc".to_owned()),
                user_code: String::new(),
                verification_uri: String::new(),
                expires_in: 900,
                interval: 5,
                message: String::new(),
            },
            interval: Duration::from_secs(5),
            expires: Instant::now(),
            got: None,
        }
    }

    #[tokio::test]
    async fn polls_slow_down_as_told() {
        let dir = tempfile::tempdir().unwrap();
        let mut login = login(dir.path());
        let refused = |error: &str| {
            let error = error.to_owned();
            Failure::Refused(
                Refusal {
                    error,
                    ..Refusal::default()
                },
                None,
            )
        };
        let away = |retry_after| Failure::Unreachable {
            what: String::new(),
            retry_after,
        };
        for (failure, seconds) in [
            (refused("authorization_pending"), 5),
            (refused("slow_down"), 10),
            (refused("slow_down"), 15),
            (refused("temporarily_unavailable"), 15),
            (away(None), 30),
            (away(Some(Duration::from_secs(7))), 30),
            (away(Some(Duration::from_secs(40))), 40),
            (away(None), 60),
            (away(None), 60),
        ] {
            login.after(failure).unwrap();
            assert_eq!(login.interval.as_secs(), seconds);
        }
        assert!(login.after(refused("authorization_declined")).is_err());
        // The code is over: no further poll.
        login.interval = Duration::ZERO;
        assert!(matches!(login.wait().await, Err(Error::Ended(_))));
    }
}
