//! Scopes: whose they are, what they mean, who must consent (dossier 01 section 10).

use crate::sandbox::{directory::Cloud, world::World};

/// Scopes that only shape the answer.
const OIDC: &[&str] = &["openid", "profile", "email", "offline_access"];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::sandbox) enum Resource {
    Graph,
    Outlook,
}

/// Name, whether an administrator must consent, what the consent page says.
type Known = (&'static str, bool, &'static str);

#[rustfmt::skip]
const GRAPH: &[Known] = &[
    ("User.Read", false, "Sign you in and read your profile"),
    ("User.ReadBasic.All", false, "Read all users' basic profiles"),
    ("User.Read.All", true, "Read all users' full profiles"),
    ("Directory.Read.All", true, "Read directory data"),
    ("Mail.Read", false, "Read your mail"),
    ("Mail.ReadBasic", false, "Read your mail without bodies and attachments"),
    ("Mail.ReadWrite", false, "Read, create, change and delete your mail (but not send it)"),
    ("Mail.Send", false, "Send mail as you"),
    ("Mail.Read.Shared", false, "Read mail that you can access, shared mailboxes included"),
    ("Mail.ReadBasic.Shared", false, "Read mail that you can access, without bodies and attachments"),
    ("Mail.ReadWrite.Shared", false, "Read and change mail that you can access, shared mailboxes included"),
    ("Mail.Send.Shared", false, "Send mail on behalf of others or yourself"),
    ("MailboxSettings.Read", false, "Read your mailbox settings"),
    ("MailboxSettings.ReadWrite", false, "Read and change your mailbox settings"),
    ("Calendars.Read", false, "Read your calendars"),
    ("Contacts.Read", false, "Read your contacts"),
    ("Files.Read", false, "Read your files"),
];
#[rustfmt::skip]
const OUTLOOK: &[Known] = &[
    ("IMAP.AccessAsUser.All", false, "Read and write your mail through IMAP"),
    ("POP.AccessAsUser.All", false, "Read and write your mail through POP"),
    ("SMTP.Send", false, "Send mail from your mailbox through SMTP"),
    ("EWS.AccessAsUser.All", false, "Access your mailbox through Exchange Web Services"),
];
/// Application permissions for Graph.
pub(in crate::sandbox) const ROLES: &[&str] = &[
    "Mail.Read",
    "Mail.ReadBasic",
    "Mail.ReadBasic.All",
    "Mail.ReadWrite",
    "Mail.Send",
    "MailboxSettings.Read",
    "MailboxSettings.ReadWrite",
    "User.Read.All",
];

impl Resource {
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Graph => "graph",
            Self::Outlook => "outlook",
        }
    }

    /// The `aud` of an access token.
    pub(super) fn audience(self, cloud: &Cloud) -> String {
        match self {
            Self::Graph => format!("https://{}", cloud.graph),
            Self::Outlook => "https://outlook.office.com".to_owned(),
        }
    }

    fn scopes(self) -> &'static [Known] {
        match self {
            Self::Graph => GRAPH,
            Self::Outlook => OUTLOOK,
        }
    }
}

/// What a request asks for.
#[derive(Debug, Clone, Default)]
pub(in crate::sandbox) struct Wanted {
    pub(super) oidc: Vec<&'static str>,
    /// In the order of asking.
    pub(super) named: Vec<(Resource, &'static str)>,
    pub(super) defaults: Vec<Resource>,
}

impl Wanted {
    pub(super) fn has(&self, oidc: &str) -> bool {
        self.oidc.contains(&oidc)
    }

    pub(super) fn resources(&self) -> Vec<Resource> {
        let named = self.named.iter().map(|(resource, _)| *resource);
        let mut all: Vec<_> = named.chain(self.defaults.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// As consents are kept: `graph/Mail.Read`.
    pub(super) fn keys(&self) -> Vec<String> {
        let named = self.named.iter();
        named
            .map(|(r, name)| format!("{}/{name}", r.key()))
            .collect()
    }
}

/// Reads a `scope`. An error is an AADSTS number with its text.
pub(super) fn read(world: &World, text: &str) -> Result<Wanted, (u32, String)> {
    let mut wanted = Wanted::default();
    for scope in text.split_whitespace() {
        if let Some(known) = OIDC.iter().find(|k| k.eq_ignore_ascii_case(scope)) {
            if !wanted.oidc.contains(known) {
                wanted.oidc.push(known);
            }
            continue;
        }
        let (resource, name) = split(world, scope)?;
        if name.eq_ignore_ascii_case(".default") {
            wanted.defaults.push(resource);
            continue;
        }
        let mut scopes = resource.scopes().iter();
        let Some((known, ..)) = scopes.find(|(k, ..)| k.eq_ignore_ascii_case(name)) else {
            return Err((
                70_011,
                format!(
                    "The request must have a valid 'scope' parameter. The scope {scope} is not valid."
                ),
            ));
        };
        if !wanted.named.contains(&(resource, known)) {
            wanted.named.push((resource, known));
        }
    }
    let mixed = |r: &Resource| wanted.named.iter().any(|(n, _)| n == r);
    if wanted.defaults.iter().any(mixed) {
        return Err((
            70_011,
            "The scope is not valid: .default cannot be combined with other scopes of the same resource."
                .to_owned(),
        ));
    }
    if wanted.oidc.is_empty() && wanted.named.is_empty() && wanted.defaults.is_empty() {
        return Err((
            900_144,
            "The request body must contain the following parameter: 'scope'.".to_owned(),
        ));
    }
    Ok(wanted)
}

/// Resource and name. Short names mean Graph, and that only in the global cloud.
fn split<'t>(world: &World, scope: &'t str) -> Result<(Resource, &'t str), (u32, String)> {
    let cloud = world.directory.cloud;
    let Some((resource, name)) = scope.rsplit_once('/') else {
        if cloud.is_global() || scope.eq_ignore_ascii_case(".default") {
            return Ok((Resource::Graph, scope));
        }
        return Err((
            70_011,
            format!("The scope {scope} is not valid: in this cloud it must name its resource."),
        ));
    };
    let resource = resource.trim_end_matches('/');
    let found = resource_of(cloud, resource);
    found.map(|resource| (resource, name)).ok_or_else(|| {
        let text = format!(
            "The resource principal named {resource} was not found in the tenant named {}. This can happen if the application is not installed there, or if the request went to the wrong tenant.",
            world.tenant.display_name
        );
        (500_011, text)
    })
}

/// Graph goes by its host, its application id, and the address of this sandbox.
pub(super) fn resource_of(cloud: &Cloud, name: &str) -> Option<Resource> {
    let name = name.trim_end_matches('/').to_ascii_lowercase();
    let host = name.strip_prefix("https://").unwrap_or(&name);
    if host == cloud.graph || name == "00000003-0000-0000-c000-000000000000" {
        return Some(Resource::Graph);
    }
    if ["outlook.office.com", "outlook.office365.com"].contains(&host)
        || name == "00000002-0000-0ff1-ce00-000000000000"
    {
        return Some(Resource::Outlook);
    }
    let url = url::Url::parse(&name).ok()?;
    let local = url
        .host_str()
        .is_some_and(|h| ["127.0.0.1", "localhost"].contains(&h));
    local.then_some(Resource::Graph)
}

/// Whether only an administrator may consent to a scope (`graph/Mail.Read`).
pub(super) fn needs_administrator(key: &str) -> bool {
    known(key).is_some_and(|(_, admin, _)| admin)
}

/// What the consent page says about a scope.
pub(super) fn meaning(key: &str) -> &'static str {
    match key.rsplit('/').next().unwrap_or(key) {
        "openid" => "Sign you in",
        "profile" => "View your basic profile",
        "email" => "View your email address",
        "offline_access" => "Maintain access to data you have given it access to",
        _ => known(key).map_or("Do something that this page does not know", |(.., text)| {
            text
        }),
    }
}

fn known(key: &str) -> Option<Known> {
    let (resource, name) = key.split_once('/')?;
    let resource = [Resource::Graph, Resource::Outlook]
        .into_iter()
        .find(|r| r.key() == resource)?;
    resource.scopes().iter().find(|(k, ..)| *k == name).copied()
}

/// Reads permissions of a registration: short names are Graph's, others are spelled with their resource.
pub(in crate::sandbox) fn permissions(world: &World, text: &str) -> Result<Vec<String>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let wanted = read(world, text).map_err(|(_, why)| why)?;
    Ok(wanted.keys())
}
