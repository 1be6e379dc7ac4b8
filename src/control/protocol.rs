//! What is said over the socket.

use crate::mail::Secret;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One line from the command line: `{"do":"accounts"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// All accounts and how they are.
    Accounts,
    /// Signs an account in by device code: [`Reply::Prompt`], then [`Reply::SignedIn`].
    /// With `replace`, another person than before may sign in.
    Login {
        account: String,
        replace: bool,
    },
    /// Makes an app password.
    PasswordAdd {
        account: String,
        label: String,
    },
    PasswordList {
        account: String,
    },
    PasswordRemove {
        account: String,
        id: i64,
    },
    /// Stops the server, as SIGTERM does.
    Stop,
}

/// One line back: `{"answer":"done"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Reply {
    Accounts {
        accounts: Vec<AccountStatus>,
    },
    /// Not the last line: the sign-in goes on.
    Prompt {
        verification_uri: String,
        user_code: String,
        message: String,
        /// Seconds.
        expires_in: u64,
    },
    SignedIn {
        account: String,
        user: String,
    },
    /// Shown once.
    Password {
        #[serde(serialize_with = "reveal", deserialize_with = "conceal")]
        password: Secret<String>,
    },
    Passwords {
        passwords: Vec<PasswordInfo>,
    },
    Done,
    Failed {
        message: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountStatus {
    pub name: String,
    pub mailbox: String,
    pub user: String,
    /// In words: `ready`, or what is missing and what to do.
    pub state: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordInfo {
    pub id: i64,
    pub label: String,
    /// Unix seconds.
    pub created: i64,
}

impl Request {
    /// The account that it is about.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Accounts | Self::Stop => None,
            Self::Login { account, .. }
            | Self::PasswordAdd { account, .. }
            | Self::PasswordList { account }
            | Self::PasswordRemove { account, .. } => Some(account),
        }
    }
}

impl Reply {
    /// Whether nothing more follows.
    pub fn is_last(&self) -> bool {
        !matches!(self, Self::Prompt { .. })
    }
}

/// The one way a password leaves this process: to the user's own command line.
fn reveal<S: Serializer>(secret: &Secret<String>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(secret.expose())
}

fn conceal<'de, D: Deserializer<'de>>(from: D) -> Result<Secret<String>, D::Error> {
    String::deserialize(from).map(Secret::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_documented() {
        let line = serde_json::to_string(&Request::Accounts).unwrap();
        assert_eq!(line, r#"{"do":"accounts"}"#);
        let line = r#"{"do":"password-add","account":"anna","label":"phone"}"#;
        let request: Request = serde_json::from_str(line).unwrap();
        let want = Request::PasswordAdd {
            account: "anna".to_owned(),
            label: "phone".to_owned(),
        };
        assert_eq!(request, want);
        assert!(serde_json::from_str::<Request>(r#"{"do":"fly"}"#).is_err());
        let reply = Reply::Password {
            password: Secret::new("s3cret".to_owned()),
        };
        assert!(!format!("{reply:?}").contains("s3cret"));
        let line = serde_json::to_string(&reply).unwrap();
        assert_eq!(line, r#"{"answer":"password","password":"s3cret"}"#);
        assert_eq!(serde_json::from_str::<Reply>(&line).unwrap(), reply);
    }
}
