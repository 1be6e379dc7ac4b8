//! Device authorization grant (RFC 8628; Entra: device code flow).

use super::{
    Result,
    source::{Identity, TokenSource},
};

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
pub struct DeviceLogin {}

impl DeviceLogin {
    pub async fn start(_source: &TokenSource) -> Result<(Self, Prompt)> {
        todo!()
    }
    /// Polls until the user is done, declined, or the code expired.
    pub async fn wait(&mut self) -> Result<Identity> {
        todo!()
    }
    /// The token just got, for the check with `/me`.
    pub fn access_token(&self) -> Option<crate::mail::Secret<String>> {
        todo!()
    }
    /// Stores the tokens in the vault: from now on the source uses them.
    pub async fn keep(self) -> Result<()> {
        todo!()
    }
}
