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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Cloud, SignIn},
        mail::AccountName,
    };

    fn of(uses: Use, user: &str, graph: &str) -> String {
        let account = Account {
            name: AccountName::new("a"),
            mailbox: "a@example.com".to_owned(),
            user: user.to_owned(),
            tenant: "t".to_owned(),
            client_id: "c".to_owned(),
            sign_in: SignIn::Device,
            uses,
            writing: crate::config::Writing::default(),
            cloud: Cloud {
                login_url: "https://login.example.com/".parse().unwrap(),
                graph_url: graph.parse().unwrap(),
            },
        };
        let scopes = scopes(&account).join(" ");
        let oidc = "openid profile offline_access ";
        scopes.strip_prefix(oidc).unwrap().to_owned()
    }

    #[test]
    fn use_and_cloud_decide() {
        let own = "A@example.com";
        assert_eq!(
            of(Use::Read, own, "https://graph.microsoft.us"),
            "https://graph.microsoft.us/User.Read https://graph.microsoft.us/Mail.Read"
        );
        assert_eq!(
            of(Use::Send, own, "http://127.0.0.1:9/"),
            "https://graph.microsoft.com/User.Read https://graph.microsoft.com/Mail.Send"
        );
        let shared = of(Use::Mail, "b@example.com", "https://graph.microsoft.com");
        let short = shared.replace("https://graph.microsoft.com/", "");
        assert_eq!(
            short,
            "User.Read Mail.ReadWrite Mail.ReadWrite.Shared Mail.Send Mail.Send.Shared"
        );
    }
}
