//! From the folder tree to mailbox names (pure).
//!
//! Names follow from parents and display names, so that renaming a folder renames all below it. The
//! Inbox is INBOX. A folder whose parent is not among the shown ones is at the top, whatever the
//! reason: no folder with mail is ever lost. Two folders never share a name, also where Exchange gives two.

use crate::{
    graph::types::Folder,
    mail::{MailboxName, RemoteId, Role},
};
use std::collections::{HashMap, HashSet, VecDeque};

/// A folder that IMAP shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub remote: RemoteId,
    pub parent: Option<RemoteId>,
    pub display_name: String,
    pub role: Option<Role>,
    /// Its name so far: of two that want the same, the one that has it keeps it.
    pub current: Option<MailboxName>,
}

/// Containers of things that are not mail (MS-OXOSFLD 2.2.8, MS-OXOCFG); children such as `IPF.Contact.GalContacts` too.
const NOT_MAIL: &[&str] = &[
    "IPF.Appointment",
    "IPF.Birthday",
    "IPF.Configuration",
    "IPF.Contact",
    "IPF.Files",
    "IPF.Journal",
    "IPF.ShortcutFolder",
    "IPF.SkypeTeams",
    "IPF.StickyNote",
    "IPF.StoreItem",
    "IPF.Task",
];

/// Whether IMAP shows the folder, as far as the folder itself tells. An unknown class is mail.
pub fn is_mail(folder: &Folder) -> bool {
    let class = folder.container_class.as_deref().unwrap_or_default();
    let not_mail = NOT_MAIL.iter().any(|known| {
        class
            .get(..known.len())
            .is_some_and(|c| c.eq_ignore_ascii_case(known))
            && matches!(class.as_bytes().get(known.len()), None | Some(b'.'))
    });
    !folder.is_hidden && !folder.is_search_folder && !not_mail
}

/// The name of each node.
pub fn names(nodes: &[Node]) -> HashMap<RemoteId, MailboxName> {
    let ids: HashSet<&RemoteId> = nodes.iter().map(|node| &node.remote).collect();
    let mut below: HashMap<Option<&RemoteId>, Vec<&Node>> = HashMap::new();
    for node in nodes {
        let top = node.role == Some(Role::Inbox);
        let parent = node.parent.as_ref().filter(|p| !top && ids.contains(p));
        below.entry(parent).or_default().push(node);
    }
    let mut names = HashMap::new();
    name_level(None, below.remove(&None).unwrap_or_default(), &mut names);
    let mut queue: VecDeque<&RemoteId> = names_in_order(nodes, &names);
    loop {
        while let Some(parent) = queue.pop_front() {
            let Some(children) = below.remove(&Some(parent)) else {
                continue;
            };
            queue.extend(children.iter().map(|child| &child.remote));
            let name = names.get(parent).cloned();
            name_level(name.as_ref(), children, &mut names);
        }
        // What is left hangs in a ring of parents: its least id goes to the top.
        let Some(lost) = nodes
            .iter()
            .filter(|node| !names.contains_key(&node.remote))
            .min_by_key(|node| &node.remote)
        else {
            return names;
        };
        if let Some(parent) = &lost.parent
            && let Some(siblings) = below.get_mut(&Some(parent))
        {
            siblings.retain(|node| node.remote != lost.remote);
        }
        name_level(None, vec![lost], &mut names);
        queue.push_back(&lost.remote);
    }
}

fn names_in_order<'a>(
    nodes: &'a [Node],
    named: &HashMap<RemoteId, MailboxName>,
) -> VecDeque<&'a RemoteId> {
    nodes
        .iter()
        .map(|node| &node.remote)
        .filter(|id| named.contains_key(*id))
        .collect()
}

/// Names siblings, each apart from the others and from what is named already.
fn name_level(
    parent: Option<&MailboxName>,
    mut siblings: Vec<&Node>,
    names: &mut HashMap<RemoteId, MailboxName>,
) {
    siblings.sort_by_key(|node| {
        let has_it = node.current.as_ref() == Some(&wanted(parent, node));
        (node.role.is_none(), !has_it, &node.remote)
    });
    // Levels below different parents cannot meet; the top is named in several goes.
    let mut taken: HashSet<MailboxName> = match parent {
        Some(_) => HashSet::new(),
        None => names.values().cloned().collect(),
    };
    let mut second = Vec::new();
    for node in siblings {
        let name = wanted(parent, node);
        if taken.insert(name.clone()) {
            names.insert(node.remote.clone(), name);
        } else {
            second.push(node);
        }
    }
    for node in second {
        let name = another(parent, node, &taken);
        taken.insert(name.clone());
        names.insert(node.remote.clone(), name);
    }
}

fn wanted(parent: Option<&MailboxName>, node: &Node) -> MailboxName {
    match node.role {
        Some(Role::Inbox) => MailboxName::inbox(),
        _ => MailboxName::child(parent, display(node)),
    }
}

fn display(node: &Node) -> &str {
    match node.display_name.as_str() {
        "" => "(no name)",
        name => name,
    }
}

/// `name (2)` and so on; the one it has, if that is such a one.
fn another(parent: Option<&MailboxName>, node: &Node, taken: &HashSet<MailboxName>) -> MailboxName {
    let numbered = |n: usize| MailboxName::child(parent, &format!("{} ({n})", display(node)));
    // One more than there are names: one of them is free.
    let mut free = (2..=taken.len() + 2)
        .map(numbered)
        .filter(|name| !taken.contains(name));
    let first = free.next();
    let current = match first.as_ref() == node.current.as_ref() {
        true => None,
        false => free.find(|name| Some(name) == node.current.as_ref()),
    };
    current
        .or(first)
        .unwrap_or_else(|| numbered(taken.len() + 3))
}

/// Sorts as LIST shows: INBOX first, parents before children.
pub fn list_order(name: &MailboxName) -> (bool, Vec<String>) {
    let levels: Vec<String> = name
        .as_str()
        .split(crate::mail::DELIMITER)
        .map(str::to_owned)
        .collect();
    (levels.first().is_none_or(|top| top != "INBOX"), levels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: &str, parent: &str, display: &str) -> Node {
        Node {
            remote: RemoteId::new(id),
            parent: Some(RemoteId::new(parent)),
            display_name: display.to_owned(),
            role: None,
            current: None,
        }
    }

    fn named(nodes: &[Node]) -> Vec<(String, String)> {
        let names = names(nodes);
        let mut list: Vec<_> = names
            .iter()
            .map(|(id, name)| (id.to_string(), name.to_string()))
            .collect();
        list.sort();
        list
    }

    fn inbox() -> Node {
        Node {
            role: Some(Role::Inbox),
            ..node("i", "root", "Posteingang")
        }
    }

    #[track_caller]
    fn check(nodes: &[Node], want: &[(&str, &str)]) {
        let want: Vec<_> = want
            .iter()
            .map(|(id, name)| ((*id).to_owned(), (*name).to_owned()))
            .collect();
        assert_eq!(named(nodes), want);
        let mut turned = nodes.to_vec();
        turned.reverse();
        assert_eq!(named(&turned), want, "the order of entries must not matter");
    }

    #[test]
    fn children_may_come_before_their_parents() {
        check(
            &[
                node("c", "b", "Angebote"),
                node("b", "a", "2026"),
                node("a", "root", "Projekte"),
                node("x", "i", "Chef/in"),
                inbox(),
            ],
            &[
                ("a", "Projekte"),
                ("b", "Projekte/2026"),
                ("c", "Projekte/2026/Angebote"),
                ("i", "INBOX"),
                ("x", "INBOX/Chef=2Fin"),
            ],
        );
    }

    #[test]
    fn orphans_and_rings_end_at_the_top() {
        check(
            &[
                node("a", "hidden", "A"),
                node("p", "q", "P"),
                node("q", "p", "Q"),
                node("s", "s", "Self"),
            ],
            &[("a", "A"), ("p", "P"), ("q", "P/Q"), ("s", "Self")],
        );
    }

    #[test]
    fn a_user_folder_called_inbox_is_another_one() {
        check(
            &[inbox(), node("u", "root", "inbox"), node("v", "u", "x")],
            &[("i", "INBOX"), ("u", "=69nbox"), ("v", "=69nbox/x")],
        );
    }

    #[test]
    fn case_makes_a_difference_and_equal_names_are_numbered() {
        check(
            &[
                node("a", "root", "Ablage"),
                node("b", "root", "ablage"),
                node("c", "root", "Ablage"),
                node("d", "c", "in c"),
                node("e", "root", "Ablage (2)"),
                node("f", "root", ""),
            ],
            &[
                ("a", "Ablage"),
                ("b", "ablage"),
                ("c", "Ablage (3)"),
                ("d", "Ablage (3)/in c"),
                ("e", "Ablage (2)"),
                ("f", "(no name)"),
            ],
        );
    }

    #[test]
    fn who_has_a_name_keeps_it() {
        let mut late = node("z", "root", "Ablage");
        late.current = Some(MailboxName::child(None, "Ablage"));
        let mut third = node("b", "root", "Ablage");
        third.current = Some(MailboxName::child(None, "Ablage (3)"));
        check(
            &[node("a", "root", "Ablage"), third, late],
            &[("a", "Ablage (2)"), ("b", "Ablage (3)"), ("z", "Ablage")],
        );
    }

    #[test]
    fn only_known_classes_are_not_mail() {
        let of = |class: &str| {
            is_mail(&Folder {
                container_class: Some(class.to_owned()),
                ..Folder::default()
            })
        };
        for mail in [
            "IPF.Note",
            "IPF.Note.OutlookHomepage",
            "IPF.Imap",
            "IPF",
            "",
            "IPF.Tasks",
            "IPF.ä",
        ] {
            assert!(of(mail), "{mail}");
        }
        for other in [
            "IPF.Contact",
            "ipf.contact.moc.quickcontacts",
            "IPF.Task",
            "IPF.StickyNote",
        ] {
            assert!(!of(other), "{other}");
        }
        assert!(!is_mail(&Folder {
            is_hidden: true,
            ..Folder::default()
        }));
        assert!(!is_mail(&Folder {
            is_search_folder: true,
            ..Folder::default()
        }));
    }

    #[test]
    fn list_order_puts_parents_first() {
        let mut names =
            ["b/a", "INBOX/x", "a b", "b", "a", "a/z", "INBOX"].map(MailboxName::from_client);
        names.sort_by_key(list_order);
        let order: Vec<_> = names.iter().map(MailboxName::as_str).collect();
        assert_eq!(order, ["INBOX", "INBOX/x", "a", "a/z", "a b", "b", "b/a"]);
    }
}
