//! What a client must be told to use the sandbox, for eyes and for programs.

use crate::sandbox::{Sandbox, seed::Tenant};
use serde::Serialize;
use std::fmt;

const SCOPES: &str = "offline_access User.Read Mail.ReadWrite Mail.Send";

#[derive(Debug, Serialize)]
pub(super) struct Card {
    graph: String,
    login: String,
    admin: String,
    tenant: String,
    tenant_id: String,
    client_id: String,
    scopes: &'static str,
    accounts: Vec<Account>,
}

#[derive(Debug, Serialize)]
struct Account {
    mailbox: String,
    name: String,
    signs_in: bool,
    /// Other mailboxes that this one's user may open.
    opens: Vec<String>,
}

impl Card {
    pub(super) fn of(tenant: &Tenant) -> Self {
        let accounts = tenant.users.iter().map(|user| Account {
            mailbox: user.address.clone(),
            name: user.display_name.clone(),
            signs_in: user.signs_in,
            opens: user.full_access.clone(),
        });
        Self {
            graph: String::new(),
            login: String::new(),
            admin: String::new(),
            tenant: tenant.display_name.clone(),
            tenant_id: tenant.id.clone(),
            client_id: tenant.client_id.clone(),
            scopes: SCOPES,
            accounts: accounts.collect(),
        }
    }

    pub(super) fn at(self, sandbox: &Sandbox) -> Self {
        let bare = |url: url::Url| url.as_str().trim_end_matches('/').to_owned();
        Self {
            graph: bare(sandbox.graph_url()),
            login: bare(sandbox.login_url()),
            admin: bare(sandbox.admin_url()),
            ..self
        }
    }
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            graph,
            login,
            admin,
            tenant,
            tenant_id,
            client_id,
            scopes,
            accounts,
        } = self;
        writeln!(f, "A Microsoft 365 of your own: tenant {tenant}.\n")?;
        writeln!(f, "  Graph      {graph}/v1.0")?;
        writeln!(
            f,
            "  authority  {login}/{tenant_id} (https too, and so the others: --ca-file)"
        )?;
        writeln!(
            f,
            "  admin      {admin} (journal, faults, switches: docs/sandbox.md)"
        )?;
        writeln!(f, "  client id  {client_id} (public: no secret)")?;
        writeln!(f, "  scopes     {scopes}\n")?;
        for account in accounts {
            let how = match account.signs_in {
                true => "signs in (password: sandbox)",
                false => "shared: nobody signs in",
            };
            write!(f, "  {:<24} {:<18} {how}", account.mailbox, account.name)?;
            for other in &account.opens {
                write!(f, ", opens {other}")?;
            }
            writeln!(f)?;
        }
        let first = accounts.iter().find(|a| a.signs_in);
        let first = first.map_or("", |a| &a.mailbox);
        let token = format!("{login}/{tenant_id}/oauth2/v2.0");
        write!(
            f,
            "\nA token by hand: take user_code and device_code of the first answer, the token of the third.\n\n  \
             curl {token}/devicecode -d client_id={client_id} -d scope='{scopes}'\n  \
             curl {admin}/approve -d '{{\"user_code\":\"CODE\",\"user\":\"{first}\"}}'\n  \
             curl {token}/token -d grant_type=urn:ietf:params:oauth:grant-type:device_code \\\n       \
             -d client_id={client_id} -d device_code=DEVICE\n  \
             curl -H 'Authorization: Bearer TOKEN' '{graph}/v1.0/me/mailFolders/inbox/messages?$top=3'\n\n\
             Ctrl-C ends it; what clients changed is gone then."
        )
    }
}
