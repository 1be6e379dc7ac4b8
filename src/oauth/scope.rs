//! What a sign-in asks for (Graph: permissions reference; Entra: scopes).

use crate::config::{Account, Use};

/// The scopes of an account. Graph's are written in full, with the host of the account's cloud: short
/// names mean the global cloud only. `offline_access` brings the refresh token.
pub fn scopes(account: &Account) -> Vec<String> {
    let mail: &[&str] = match account.uses {
        Use::Mail => &["Mail.ReadWrite", "Mail.Send"],
        Use::Read => &["Mail.Read"],
        Use::Send => &["Mail.Send"],
    };
    let mut scopes: Vec<String> = ["openid", "profile", "offline_access"]
        .map(str::to_owned)
        .to_vec();
    let origin = account.cloud.graph_url.origin().ascii_serialization();
    // A sandbox on loopback is no resource of its own: it goes by the global names.
    let resource = match account.cloud.graph_url.scheme() {
        "https" => origin,
        _ => "https://graph.microsoft.com".to_owned(),
    };
    scopes.push(format!("{resource}/User.Read"));
    for name in mail {
        scopes.push(format!("{resource}/{name}"));
        if account.is_shared() {
            scopes.push(format!("{resource}/{name}.Shared"));
        }
    }
    scopes
}
