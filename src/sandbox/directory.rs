//! What Entra and Exchange know beyond the mailboxes: how people sign in, application registrations,
//! consents, Conditional Access, and who may send as whom (dossier 01, 04 section 5).
//!
//! [`super::directory_admin`] scripts it.

use super::entra::{App, Policy};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// Everybody's password unless another is set.
pub(super) const PASSWORD: &str = "sandbox";
/// The tenant of all personal accounts.
pub(super) const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

#[derive(Debug)]
pub(super) struct Directory {
    /// By the index of the user.
    pub(super) people: Vec<Person>,
    pub(super) apps: Vec<App>,
    pub(super) consents: Consents,
    pub(super) policy: Policy,
    pub(super) cloud: &'static Cloud,
    /// Without it no mailbox of the tenant is known to Graph.
    pub(super) exchange: bool,
}

/// Scopes (`resource/name`) that a user, or an administrator for all (`None`), has granted an application.
#[derive(Debug, Default)]
pub(super) struct Consents(HashMap<(String, Option<usize>), BTreeSet<String>>);

#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) password: String,
    pub(super) password_expired: bool,
    pub(super) disabled: bool,
    pub(super) deleted: bool,
    /// Wrong passwords in a row; too many lock the account.
    pub(super) failures: u32,
    pub(super) kind: Kind,
    /// May consent for the organization.
    pub(super) administrator: bool,
    pub(super) second_factor: bool,
    /// Refresh tokens and sessions of before are revoked ([`super::entra::State::stamp`]).
    pub(super) valid_from: u64,
    /// So are those of public clients.
    pub(super) password_changed: u64,
    pub(super) mailbox: Mailbox,
    /// Where it differs from the primary address.
    pub(super) principal_name: Option<String>,
    pub(super) mail_missing: bool,
    pub(super) other_mails: Vec<String>,
    /// Indices of mailboxes.
    pub(super) send_as: BTreeSet<usize>,
    pub(super) send_on_behalf: BTreeSet<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Member,
    Guest,
    /// An outlook.com account.
    Personal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mailbox {
    Ready,
    /// No licence, or never made.
    None,
    /// On a server of the organization's own: no REST API.
    OnPremises,
}

/// A national cloud (dossier 01 section 12).
#[derive(Debug)]
pub(super) struct Cloud {
    pub(super) name: &'static str,
    pub(super) login: &'static str,
    pub(super) graph: &'static str,
    pub(super) region: &'static str,
}

pub(super) const GLOBAL: &Cloud = &Cloud {
    name: "global",
    login: "login.microsoftonline.com",
    graph: "graph.microsoft.com",
    region: "EU",
};
pub(super) const CLOUDS: &[&Cloud] = &[
    GLOBAL,
    &Cloud {
        name: "us-gov",
        login: "login.microsoftonline.us",
        graph: "graph.microsoft.us",
        region: "USG",
    },
    &Cloud {
        name: "us-dod",
        login: "login.microsoftonline.us",
        graph: "dod-graph.microsoft.us",
        region: "USG",
    },
    &Cloud {
        name: "china",
        login: "login.partner.microsoftonline.cn",
        graph: "microsoftgraph.chinacloudapi.cn",
        region: "AS",
    },
];

impl Cloud {
    pub(super) fn is_global(&self) -> bool {
        self.name == "global"
    }
}

impl Person {
    fn new() -> Self {
        Self {
            password: PASSWORD.to_owned(),
            password_expired: false,
            disabled: false,
            deleted: false,
            failures: 0,
            kind: Kind::Member,
            administrator: false,
            second_factor: true,
            valid_from: 0,
            password_changed: 0,
            mailbox: Mailbox::Ready,
            principal_name: None,
            mail_missing: false,
            other_mails: Vec::new(),
            send_as: BTreeSet::new(),
            send_on_behalf: BTreeSet::new(),
        }
    }
}

impl Directory {
    /// `users` are full-access lists resolved to indices: who may open a mailbox may send as it too, as
    /// administrators grant it for shared mailboxes.
    pub(super) fn new(client_id: &str, users: Vec<BTreeSet<usize>>) -> Self {
        let people = users.into_iter().map(|send_as| Person {
            send_as,
            ..Person::new()
        });
        Self {
            people: people.collect(),
            apps: vec![App::public(client_id)],
            consents: Consents::default(),
            policy: Policy::default(),
            cloud: GLOBAL,
            exchange: true,
        }
    }

    pub(super) fn person(&self, at: usize) -> Option<&Person> {
        self.people.get(at)
    }

    /// By userPrincipalName, where it differs from the address.
    pub(super) fn named(&self, who: &str) -> Option<usize> {
        self.people.iter().position(|p| {
            let name = p.principal_name.as_deref();
            name.is_some_and(|name| name.eq_ignore_ascii_case(who))
        })
    }

    pub(super) fn app(&self, id: &str) -> Option<&App> {
        self.apps.iter().find(|a| a.id.eq_ignore_ascii_case(id))
    }
}

impl Consents {
    pub(super) fn grant(&mut self, client: &str, user: Option<usize>, scopes: &[String]) {
        let key = (client.to_ascii_lowercase(), user);
        self.0
            .entry(key)
            .or_default()
            .extend(scopes.iter().cloned());
    }

    /// Takes all back that the user (or the administrator) has granted; `None` names every grant.
    pub(super) fn withdraw(&mut self, client: &str, user: Option<Option<usize>>) {
        let client = client.to_ascii_lowercase();
        self.0
            .retain(|(c, u), _| *c != client || user.is_some_and(|user| user != *u));
    }

    pub(super) fn has(&self, client: &str, user: usize, scope: &str) -> bool {
        let client = client.to_ascii_lowercase();
        [Some(user), None].into_iter().any(|who| {
            let granted = self.0.get(&(client.clone(), who));
            granted.is_some_and(|g| g.contains(scope))
        })
    }

    /// All that one user's tokens for the client may hold.
    pub(super) fn all(&self, client: &str, user: usize) -> BTreeSet<String> {
        let client = client.to_ascii_lowercase();
        let sets = [Some(user), None].map(|who| self.0.get(&(client.clone(), who)));
        sets.into_iter().flatten().flatten().cloned().collect()
    }

    pub(super) fn list(&self, client: &str) -> Value {
        let client = client.to_ascii_lowercase();
        let mine = self.0.iter().filter(|((c, _), _)| *c == client);
        mine.map(|((_, user), scopes)| serde_json::json!({"user": user, "scopes": scopes}))
            .collect()
    }
}
