//! LIST and LSUB (RFC 3501 sections 6.3.8 and 6.3.9), CHILDREN (RFC 3348), SPECIAL-USE (RFC 6154).

use super::{failed, pattern::Matcher};
use crate::{
    account::FolderRow,
    imap::{
        conn::Result,
        reply::Reply,
        session::Session,
        wire::{Pattern, encode},
    },
    mail::{DELIMITER, MailboxName, Role},
};
use std::collections::{BTreeMap, BTreeSet};

/// Longer than any name; the work grows with it.
const LONGEST: usize = 1024;

pub async fn list(session: &mut Session, pattern: &Pattern) -> Result<Reply> {
    if pattern.valid && pattern.pattern.is_empty() {
        return Ok(delimiter(session, "LIST"));
    }
    let Some((matcher, account)) = begin(session, pattern) else {
        return Ok(Reply::ok("Nothing matches"));
    };
    let folders = match session.conn.patiently(account.folders()).await? {
        Ok(folders) => folders,
        Err(error) => return Ok(failed(&error, "LIST")),
    };
    for entry in tree(&folders) {
        if matcher.matches(&entry.name) {
            write(session.conn.out(), "LIST", &entry.attributes(), &entry.name);
        }
        session.conn.relieve().await?;
    }
    Ok(Reply::ok("That is all"))
}

/// Subscribed names, whether they exist or not. For `%`, a level above a subscribed name counts too.
pub async fn lsub(session: &mut Session, pattern: &Pattern) -> Result<Reply> {
    if pattern.valid && pattern.pattern.is_empty() {
        return Ok(delimiter(session, "LSUB"));
    }
    let Some((matcher, account)) = begin(session, pattern) else {
        return Ok(Reply::ok("Nothing matches"));
    };
    let names = match session.conn.patiently(account.subscriptions()).await? {
        Ok(names) => names,
        Err(error) => return Ok(failed(&error, "LSUB")),
    };
    // True: subscribed; false: only something below it is.
    let mut shown: BTreeMap<MailboxName, bool> = BTreeMap::new();
    if matcher.has_percent() {
        let above = names.iter().flat_map(ancestors);
        shown.extend(above.map(|name| (name, false)));
    }
    shown.extend(names.into_iter().map(|name| (name, true)));
    for (name, subscribed) in &shown {
        if matcher.matches(name) {
            let attributes: &[&str] = if *subscribed { &[] } else { &["\\Noselect"] };
            write(session.conn.out(), "LSUB", attributes, name);
        }
        session.conn.relieve().await?;
    }
    Ok(Reply::ok("That is all"))
}

fn begin(session: &Session, pattern: &Pattern) -> Option<(Matcher, crate::account::Account)> {
    let short = pattern.reference.len() + pattern.pattern.len() <= LONGEST;
    let user = session.user().filter(|_| pattern.valid && short)?;
    let matcher = Matcher::new(&pattern.reference, &pattern.pattern);
    Some((matcher, user.account.clone()))
}

/// An empty pattern asks for the delimiter. Names here have no root.
fn delimiter(session: &mut Session, verb: &str) -> Reply {
    let line = format!("* {verb} (\\Noselect) \"{DELIMITER}\" \"\"\r\n");
    session.conn.say(&line);
    Reply::ok("That is all")
}

/// A line of the answer.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    name: MailboxName,
    role: Option<Role>,
    exists: bool,
    has_children: bool,
}

impl Entry {
    fn attributes(&self) -> Vec<&'static str> {
        let children = if self.has_children {
            "\\HasChildren"
        } else {
            "\\HasNoChildren"
        };
        let unselectable = (!self.exists).then_some("\\Noselect");
        let special = self.role.and_then(Role::attribute);
        let all = unselectable.into_iter().chain([children]).chain(special);
        all.collect()
    }
}

/// Every mailbox in the account's order, then the levels above one that are no mailboxes themselves.
fn tree(folders: &[FolderRow]) -> Vec<Entry> {
    let known: BTreeSet<_> = folders.iter().map(|row| &row.name).collect();
    let parents: BTreeSet<_> = folders
        .iter()
        .flat_map(|row| ancestors(&row.name))
        .collect();
    let existing = folders.iter().map(|row| Entry {
        name: row.name.clone(),
        role: row.role,
        exists: true,
        has_children: parents.contains(&row.name),
    });
    let missing = parents.iter().filter(|name| !known.contains(name));
    let missing = missing.map(|name| Entry {
        name: name.clone(),
        role: None,
        exists: false,
        has_children: true,
    });
    existing.chain(missing).collect()
}

fn ancestors(name: &MailboxName) -> impl Iterator<Item = MailboxName> + use<> {
    std::iter::successors(name.parent(), MailboxName::parent)
}

fn write(out: &mut Vec<u8>, verb: &str, attributes: &[&str], name: &MailboxName) {
    let attributes = attributes.join(" ");
    encode::text(out, &format!("* {verb} ({attributes}) \"{DELIMITER}\" "));
    encode::mailbox(out, name);
    encode::text(out, "\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        account::FolderKey,
        mail::{ModSeq, RemoteId, UidValidity},
    };

    fn folder(key: i64, name: &str, role: Option<Role>) -> FolderRow {
        FolderRow {
            key: FolderKey(key),
            remote: RemoteId::new(key.to_string()),
            parent: None,
            display_name: name.to_owned(),
            name: MailboxName::from_client(name),
            role,
            uid_validity: UidValidity::new(1).unwrap(),
            uid_next: 1,
            highest_modseq: ModSeq(0),
            listed: false,
            link: None,
            messages: 0,
            unseen: 0,
            subscribed: true,
        }
    }

    #[test]
    fn attributes_of_a_tree() {
        let folders = [
            folder(1, "INBOX", Some(Role::Inbox)),
            folder(2, "Entwürfe", Some(Role::Drafts)),
            folder(3, "INBOX/a", None),
            folder(4, "x/y/z", None),
        ];
        let shown: Vec<_> = tree(&folders)
            .iter()
            .map(|entry| format!("{} {}", entry.name, entry.attributes().join(" ")))
            .collect();
        assert_eq!(
            shown,
            [
                "INBOX \\HasChildren",
                "Entwürfe \\HasNoChildren \\Drafts",
                "INBOX/a \\HasNoChildren",
                "x/y/z \\HasNoChildren",
                "x \\Noselect \\HasChildren",
                "x/y \\Noselect \\HasChildren",
            ]
        );
    }
}
