//! Which cloud: where to sign in, and where Graph is.

use super::read::{Placed, Reader, Section};
use url::{Host, Url};

/// Where to sign in and where Graph is. Plain http only to a loopback address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloud {
    pub login_url: Url,
    pub graph_url: Url,
}

/// Name, login host, Graph host (Graph: national cloud deployments; Entra: national clouds).
/// For China the two pages disagree about the login host; this is the one of Entra's page.
const CLOUDS: &[(&str, &str, &str)] = &[
    (
        "global",
        "https://login.microsoftonline.com/",
        "https://graph.microsoft.com/",
    ),
    (
        "us-gov-high",
        "https://login.microsoftonline.us/",
        "https://graph.microsoft.us/",
    ),
    (
        "us-gov-dod",
        "https://login.microsoftonline.us/",
        "https://dod-graph.microsoft.us/",
    ),
    (
        "china",
        "https://login.partner.microsoftonline.cn/",
        "https://microsoftgraph.chinacloudapi.cn/",
    ),
];

impl Cloud {
    /// A cloud by its name.
    pub fn named(name: &str) -> Option<Self> {
        let (_, login, graph) = CLOUDS.iter().find(|(known, ..)| *known == name)?;
        Some(Self {
            login_url: Url::parse(login).ok()?,
            graph_url: Url::parse(graph).ok()?,
        })
    }

    /// Both addresses are on this computer: a sandbox.
    pub fn is_local(&self) -> bool {
        is_loopback(&self.login_url) && is_loopback(&self.graph_url)
    }
}

/// `cloud.name`, or `cloud.login_url` with `cloud.graph_url`; neither means global.
pub(super) fn section(reader: &Reader<'_>, section: &Section<'_, '_>) -> Option<Cloud> {
    let named = section.value("name").is_some();
    let name = by_name(section, "name");
    let login = address(reader, section, "login_url");
    let graph = address(reader, section, "graph_url");
    let (has_login, has_graph) = (
        section.value("login_url").is_some(),
        section.value("graph_url").is_some(),
    );
    if named && (has_login || has_graph) {
        let what = "a name and addresses exclude each other";
        section.complain("name", what, "either name, or login_url with graph_url");
        return None;
    }
    if has_login != has_graph {
        let missing = if has_login { "graph_url" } else { "login_url" };
        let what = "login_url and graph_url belong together, one is missing";
        section.complain(missing, what, format!("{missing} = \"https://…\""));
        return None;
    }
    if has_login {
        return Some(Cloud {
            login_url: login?,
            graph_url: graph?,
        });
    }
    if named { name } else { Cloud::named("global") }
}

/// The cloud that `key` names.
pub(super) fn by_name(section: &Section<'_, '_>, key: &str) -> Option<Cloud> {
    let words: Vec<_> = CLOUDS.iter().map(|(name, ..)| (*name, *name)).collect();
    section.choice(key, &words).and_then(Cloud::named)
}

fn address(reader: &Reader<'_>, section: &Section<'_, '_>, key: &str) -> Option<Url> {
    let text = section.string(key, "\"https://…\"")?;
    let (what, instead) = match Url::parse(&text.value) {
        Ok(url) => match fault(&url) {
            None => return Some(with_slash(url)),
            Some(fault) => fault,
        },
        Err(error) => (
            format!("no address: {error}"),
            "an address such as \"https://graph.example.com\"",
        ),
    };
    Placed::complain(&text, reader, what, instead);
    None
}

fn fault(url: &Url) -> Option<(String, &'static str)> {
    let plain = url.scheme() == "http";
    if !plain && url.scheme() != "https" {
        return Some((format!("{}: is not served", url.scheme()), "https://…"));
    }
    if plain && !is_loopback(url) {
        let what = "plain http to another computer would show tokens to the network";
        return Some((
            what.to_owned(),
            "https://…, or a loopback address such as http://127.0.0.1:9000",
        ));
    }
    let extra = !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some();
    extra.then(|| {
        (
            "only scheme, host, port and path have a meaning here".to_owned(),
            "the address without user, query and fragment",
        )
    })
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Without the slash at its end, the last level would be replaced when a path is joined.
fn with_slash(mut url: Url) -> Url {
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    url
}
