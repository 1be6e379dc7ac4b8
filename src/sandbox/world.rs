//! All state of a running sandbox, behind one lock that is never held over an `.await`.

use super::{
    Options, Seeding, compose,
    directory::Directory,
    entra,
    faults::Fault,
    http::{Outcome, error},
    ids,
    journal::Journal,
    mailbox::{Item, Mailbox},
    mimeview::Content,
    seed,
    seed::chance::Chance,
    switches::Switches,
    traffic::Meters,
};
use bytes::Bytes;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// A user and the mailbox of that user have the same index.
#[derive(Debug)]
pub(super) struct World {
    pub(super) tenant: Tenant,
    pub(super) users: Vec<User>,
    pub(super) boxes: Vec<Mailbox>,
    pub(super) seeding: Seeding,
    pub(super) auto_approve: bool,
    pub(super) switches: Switches,
    pub(super) entra: entra::State,
    pub(super) directory: Directory,
    pub(super) faults: Vec<Fault>,
    pub(super) journal: Journal,
    pub(super) traffic: Meters,
    /// For all that happens by chance.
    pub(super) chance: Chance,
    /// Mail on its way.
    pub(super) transit: Vec<super::send::Transit>,
    pub(super) uploads: HashMap<String, super::attachments::Upload>,
    /// Where upload URLs point: another origin than Graph's.
    pub(super) upload_base: String,
    pub(super) graph_base: String,
}

#[derive(Debug)]
pub(super) struct Tenant {
    pub(super) display_name: String,
    pub(super) id: String,
    pub(super) domain: String,
}

#[derive(Debug)]
pub(super) struct User {
    pub(super) object_id: String,
    pub(super) name: String,
    pub(super) address: String,
    pub(super) aliases: Vec<String>,
    pub(super) signs_in: bool,
    pub(super) full_access: Vec<String>,
}

impl User {
    pub(super) fn is(&self, address: &str) -> bool {
        self.address.eq_ignore_ascii_case(address)
            || self.aliases.iter().any(|a| a.eq_ignore_ascii_case(address))
    }
}

impl World {
    pub(super) fn new(options: Options, graph_base: String, upload_base: String) -> Self {
        let mut boxes = Vec::new();
        let mut users = Vec::new();
        for user in options.tenant.users {
            boxes.push(seeded(&user.object_id, user.language, user.folders));
            users.push(User {
                object_id: user.object_id,
                name: user.display_name,
                address: user.address,
                aliases: user.aliases,
                signs_in: user.signs_in,
                full_access: user.full_access,
            });
        }
        let rights = users.iter().map(|u: &User| {
            let mailbox = |address: &String| users.iter().position(|m| m.is(address));
            u.full_access.iter().filter_map(mailbox).collect()
        });
        let directory = Directory::new(&options.tenant.client_id, rights.collect());
        Self {
            tenant: Tenant {
                display_name: options.tenant.display_name,
                id: options.tenant.id,
                domain: options.tenant.domain,
            },
            users,
            boxes,
            seeding: options.seeding,
            auto_approve: options.auto_approve,
            switches: Switches::new(),
            entra: entra::State::new(),
            directory,
            faults: Vec::new(),
            journal: Journal::default(),
            traffic: Meters::default(),
            chance: Chance::new(1),
            transit: Vec::new(),
            uploads: HashMap::new(),
            upload_base,
            graph_base,
        }
    }

    /// Sets a switch; another `chance-seed` starts chance anew.
    pub(super) fn set_switch(&mut self, name: &str, value: Value) -> Result<(), String> {
        self.switches.set(name, value)?;
        if name == "chance-seed" {
            self.chance = Chance::new(self.switches.number(name));
        }
        Ok(())
    }

    /// By address, alias, userPrincipalName or object id.
    pub(super) fn user(&self, who: &str) -> Option<usize> {
        let named = self
            .users
            .iter()
            .position(|u| u.is(who) || u.object_id.eq_ignore_ascii_case(who));
        named.or_else(|| self.directory.named(who))
    }

    /// What a user types to sign in.
    pub(super) fn principal_name(&self, at: usize) -> String {
        let other = self
            .directory
            .person(at)
            .and_then(|p| p.principal_name.clone());
        let address = self.users.get(at).map(|u| u.address.clone());
        other.or(address).unwrap_or_default()
    }

    /// Unix seconds by the service's clock.
    pub(super) fn now(&self) -> i64 {
        now().saturating_add(self.switches.signed("clock-skew-seconds"))
    }

    pub(super) fn mailbox(&self, at: usize) -> Outcome<&Mailbox> {
        self.boxes.get(at).ok_or_else(no_mailbox)
    }

    pub(super) fn mailbox_mut(&mut self, at: usize) -> Outcome<&mut Mailbox> {
        self.boxes.get_mut(at).ok_or_else(no_mailbox)
    }

    /// The octets that `$value` answers for an item.
    pub(super) fn value(&self, at: usize, item: &Item) -> Bytes {
        let octets = self.whole_value(at, item);
        match self.switches.on("value-bcc") || !compose::has_field(&octets, "Bcc") {
            true => octets,
            false => compose::reheaded(&octets, &["Bcc"], "").into(),
        }
    }

    fn whole_value(&self, at: usize, item: &Item) -> Bytes {
        match self.seeding {
            Seeding::Verbatim => item.content.mime().clone(),
            Seeding::Regenerated => {
                let owner = self.users.get(at);
                let keys = self.boxes.get(at).map(|b| &b.keys);
                let mut context = super::regenerate::Context {
                    item: keys.map(|k| k.immutable(item.number)).unwrap_or_default(),
                    is_draft: item.draft,
                    owner: owner
                        .map(|u| (u.name.clone(), u.address.clone()))
                        .unwrap_or_default(),
                };
                if self.switches.on("value-varies") {
                    context.item = uuid::Uuid::new_v4().simple().to_string();
                    return super::regenerate::regenerate(item.content.mime(), &context).into();
                }
                item.content.rendered(&context)
            }
        }
    }
}

fn no_mailbox() -> Box<super::http::Answer> {
    error(404, "ErrorInvalidUser", "The requested user is invalid.")
}

fn seeded(object_id: &str, language: seed::Language, folders: Vec<seed::Folder>) -> Mailbox {
    let mut mailbox = Mailbox::new(object_id, language);
    for folder in folders {
        let number = seeded_folder(&mut mailbox, &folder.path, folder.hidden);
        for message in folder.messages {
            mailbox.add(number, seeded_item(message));
        }
    }
    mailbox
}

/// Makes the folders of a path that are not there yet.
pub(super) fn seeded_folder(mailbox: &mut Mailbox, path: &[String], hidden: bool) -> u64 {
    let mut at = ids::ROOT;
    for (level, name) in path.iter().enumerate() {
        let known = (level == 0)
            .then(|| mailbox.well_known(name).flatten())
            .flatten();
        at = match known.or_else(|| mailbox.child(at, name)) {
            Some(number) => number,
            None => mailbox.create_folder(at, name, hidden && level + 1 == path.len()),
        };
    }
    at
}

fn seeded_item(message: seed::Message) -> Item {
    let mut item = Item::new(Arc::new(Content::new(message.mime)), message.received);
    item.read = message.read;
    item.draft = message.draft;
    item.categories = message.categories;
    if message.flagged {
        item.flag = json!({"flagStatus": "flagged"});
    }
    // MS-OXOMSG: last verb 102 is reply, 104 forward; the icon index goes with it.
    for (done, verb, icon) in [
        (message.answered, "102", "261"),
        (message.forwarded, "104", "262"),
    ] {
        if done {
            item.extended.insert("Integer 0x1081".into(), verb.into());
            item.extended.insert("Integer 0x1080".into(), icon.into());
        }
    }
    item
}

/// Unix seconds.
pub(super) fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// `2025-01-14T16:11:39Z`.
pub(super) fn timestamp(unix: i64) -> String {
    chrono::DateTime::from_timestamp(unix, 0)
        .unwrap_or_default()
        .format("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}
