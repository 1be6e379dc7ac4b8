//! STORE (RFC 3501 section 6.4.6): which properties Graph is told, and the commit of what it took.
//!
//! Only what differs is told. Categories are replaced as a whole by Graph (surprise 62), so they are
//! asked for first: those that IMAP cannot show stay. `\Deleted` is ours alone; `\Draft` cannot be changed.

use super::{FlagChange, PORTION, Stored};
use crate::{
    account::{Error, FolderKey, Inner, MessageRow, Result, ViewRow, flags, merge},
    graph::{self, types::Message},
    mail::{Flags, Keyword, RemoteId, SystemFlag, Uid},
    store::{messages::MessageKey, writes::FlagEdit},
};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

pub(super) async fn run(
    inner: &Inner,
    folder: FolderKey,
    uids: &[Uid],
    change: FlagChange,
    flags: &Flags,
) -> Result<Stored> {
    if let Some(keyword) = flags.keywords().find(|k| flags::category(k).is_none()) {
        return Err(Error::Keyword(keyword.as_str().to_owned()));
    }
    let rows = inner.store.bare_messages(folder, uids.to_vec()).await?;
    let mut stored = Stored::default();
    let (mut local, mut remote) = (Vec::new(), Vec::new());
    for row in rows {
        let edit = edit(&row.flags, change, flags);
        match is_ours_alone(&edit) {
            true => local.push((row.key, edit)),
            false => remote.push((row, edit)),
        }
    }
    commit(inner, folder, local, &mut stored.changed).await?;
    for portion in remote.chunks(PORTION) {
        let done = tell(inner, portion, &mut stored.failed).await;
        commit(inner, folder, done, &mut stored.changed).await?;
    }
    stored.changed.sort_unstable_by_key(|row| row.uid);
    Ok(stored)
}

/// Rows that need nothing told are committed as well: the answer shows them as they are now.
async fn commit(
    inner: &Inner,
    folder: FolderKey,
    edits: Vec<(MessageKey, FlagEdit)>,
    shown: &mut Vec<ViewRow>,
) -> Result<()> {
    if edits.is_empty() {
        return Ok(());
    }
    let turns = match edits.iter().all(|(_, edit)| is_ours_alone(edit)) {
        true => Vec::new(),
        // A page that was asked for before would take back what Graph was told.
        false => super::carry::turns(inner, &[folder]).await,
    };
    shown.extend(inner.store.edit_flags(folder, edits).await?);
    drop(turns);
    inner.hub.announce(folder);
    Ok(())
}

/// What of `flags` differs from what a message has.
pub(super) fn edit(has: &Flags, change: FlagChange, flags: &Flags) -> FlagEdit {
    let draft = SystemFlag::Draft as u8;
    let (on, off) = match change {
        FlagChange::Set => (flags.bits(), has.bits()),
        FlagChange::Add => (flags.bits(), 0),
        FlagChange::Remove => (0, flags.bits()),
    };
    let on_bits = on & !has.bits() & !draft;
    let off_bits = off & has.bits() & !on & !draft;
    let named = |word: &&Keyword| flags.has_keyword(word);
    let (on_words, off_words): (Vec<_>, Vec<_>) = match change {
        FlagChange::Set => (
            flags.keywords().filter(|w| !has.has_keyword(w)).collect(),
            has.keywords().filter(|w| !named(w)).collect(),
        ),
        FlagChange::Add => (
            flags.keywords().filter(|w| !has.has_keyword(w)).collect(),
            Vec::new(),
        ),
        FlagChange::Remove => (Vec::new(), has.keywords().filter(named).collect()),
    };
    FlagEdit {
        on: Flags::from_parts(on_bits, on_words.into_iter().cloned()),
        off: Flags::from_parts(off_bits, off_words.into_iter().cloned()),
        change_key: None,
    }
}

pub(super) fn is_ours_alone(edit: &FlagEdit) -> bool {
    let told = !(SystemFlag::Deleted as u8);
    (edit.on.bits() | edit.off.bits()) & told == 0 && !recategorises(edit)
}

fn recategorises(edit: &FlagEdit) -> bool {
    edit.on
        .keywords()
        .chain(edit.off.keywords())
        .next()
        .is_some()
}

/// Tells Graph of a portion; the edits that it took.
async fn tell(
    inner: &Inner,
    portion: &[(MessageRow, FlagEdit)],
    failed: &mut Vec<(Uid, Error)>,
) -> Vec<(MessageKey, FlagEdit)> {
    let mut answers = match told(inner, portion).await {
        Ok(answers) => answers,
        Err(error) => {
            failed.extend(super::all_failed(
                portion.iter().map(|(row, _)| row.uid),
                &error,
            ));
            return Vec::new();
        }
    };
    let mut done = Vec::with_capacity(portion.len());
    for (row, edit) in portion {
        match answers.remove(&row.remote) {
            Some(Ok(message)) => {
                let change_key = echo(row, message);
                let edit = FlagEdit {
                    change_key,
                    ..edit.clone()
                };
                done.push((row.key, edit));
            }
            Some(Err(error)) => failed.push((row.uid, super::of_message(error))),
            None => failed.push((row.uid, Error::MessageGone)),
        }
    }
    done
}

/// The changeKey by which the delta's echo of our own change is no news. It covers whatever others changed before,
/// too: not taken where the content may be another, so that the delta tells of that.
fn echo(row: &MessageRow, answer: Message) -> Option<String> {
    let keeps = !merge::content_may_differ(row, &flags::told(&answer));
    answer.change_key.filter(|_| keeps)
}

async fn told(
    inner: &Inner,
    portion: &[(MessageRow, FlagEdit)],
) -> graph::Result<HashMap<RemoteId, graph::Result<Message>>> {
    let asked: Vec<RemoteId> = portion
        .iter()
        .filter(|(_, edit)| recategorises(edit))
        .map(|(row, _)| row.remote.clone())
        .collect();
    let mut now: HashMap<_, _> = match asked.is_empty() {
        true => HashMap::new(),
        false => inner.graph.messages(&asked).await?.into_iter().collect(),
    };
    let mut answers = HashMap::new();
    let mut patches = Vec::with_capacity(portion.len());
    for (row, edit) in portion {
        let categories = match now.remove(&row.remote) {
            None => None,
            Some(Ok(message)) => Some(message.categories.unwrap_or_default()),
            Some(Err(error)) => {
                answers.insert(row.remote.clone(), Err(error));
                continue;
            }
        };
        let patch = patch(&row.flags, edit, categories.as_deref());
        patches.push((row.remote.clone(), patch));
    }
    answers.extend(inner.graph.update_many(&patches).await?);
    Ok(answers)
}

/// The PATCH for an edit. `categories` are those that Graph has now, where they change.
pub(super) fn patch(has: &Flags, edit: &FlagEdit, categories: Option<&[String]>) -> Value {
    let mut patch = Map::new();
    let turned = |flag| match (edit.on.has(flag), edit.off.has(flag)) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    if let Some(read) = turned(SystemFlag::Seen) {
        patch.insert("isRead".to_owned(), json!(read));
    }
    if let Some(flagged) = turned(SystemFlag::Flagged) {
        let status = if flagged { "flagged" } else { "notFlagged" };
        patch.insert("flag".to_owned(), json!({ "flagStatus": status }));
    }
    let (answered, forwarded) = (turned(SystemFlag::Answered), turned(SystemFlag::Forwarded));
    if answered.is_some() || forwarded.is_some() {
        let verb = verb(has, answered, forwarded);
        let seen = turned(SystemFlag::Seen).unwrap_or(has.has(SystemFlag::Seen));
        let properties = verb_properties(verb, seen);
        patch.insert("singleValueExtendedProperties".to_owned(), properties);
    }
    if let Some(categories) = categories.filter(|_| recategorises(edit)) {
        patch.insert(
            "categories".to_owned(),
            json!(recategorised(categories, edit)),
        );
    }
    Value::Object(patch)
}

/// What was done last with a message (PidTagLastVerbExecuted).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Nothing,
    Replied,
    Forwarded,
}

/// Exchange keeps one verb for the two flags: the one just set, else one that stays.
fn verb(has: &Flags, answered: Option<bool>, forwarded: Option<bool>) -> Verb {
    let stays = |turned: Option<bool>, flag| turned.unwrap_or(has.has(flag));
    if forwarded == Some(true) {
        Verb::Forwarded
    } else if answered == Some(true) || stays(answered, SystemFlag::Answered) {
        Verb::Replied
    } else if stays(forwarded, SystemFlag::Forwarded) {
        Verb::Forwarded
    } else {
        Verb::Nothing
    }
}

/// PidTagLastVerbExecuted and PidTagIconIndex (surprise 63).
pub(super) fn verb_properties(verb: Verb, seen: bool) -> Value {
    let (verb, icon) = match verb {
        Verb::Replied => ("102", "261"),
        Verb::Forwarded => ("104", "262"),
        Verb::Nothing if seen => ("0", "256"),
        Verb::Nothing => ("0", "257"),
    };
    json!([
        {"id": "Integer 0x1081", "value": verb},
        {"id": "Integer 0x1080", "value": icon},
    ])
}

fn recategorised(categories: &[String], edit: &FlagEdit) -> Vec<String> {
    let shown_as = |category: &str, flags: &Flags| {
        flags::keyword(category).is_some_and(|word| flags.has_keyword(&word))
    };
    let mut now: Vec<String> = categories
        .iter()
        .filter(|category| !shown_as(category, &edit.off))
        .cloned()
        .collect();
    for word in edit.on.keywords() {
        let there = now
            .iter()
            .any(|category| flags::keyword(category).as_ref() == Some(word));
        if !there {
            now.extend(flags::category(word));
        }
    }
    now
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &str) -> Flags {
        let mut flags = Flags::default();
        for name in names.split_whitespace() {
            match SystemFlag::from_wire(name) {
                Some(flag) => flags.set(flag, true),
                None => flags.set_keyword(Keyword::new(name).unwrap(), true),
            }
        }
        flags
    }

    fn names(flags: &Flags) -> String {
        flags.wire_names().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn only_what_differs_is_changed() {
        use FlagChange::{Add, Remove, Set};
        let cases = [
            ("\\Seen", Add, "\\Seen \\Deleted", "\\Deleted", ""),
            ("\\Seen a", Set, "\\Flagged b", "\\Flagged b", "\\Seen a"),
            ("\\Seen a b", Remove, "\\Seen \\Flagged A c", "", "\\Seen a"),
            ("\\Draft", Set, "", "", ""),
            ("", Add, "\\Draft", "", ""),
            ("\\Seen", Set, "\\Seen", "", ""),
        ];
        for (has, change, flags, on, off) in cases {
            let edit = edit(&of(has), change, &of(flags));
            assert_eq!(names(&edit.on), on, "{has} {change:?} {flags}");
            assert_eq!(names(&edit.off), off, "{has} {change:?} {flags}");
        }
    }

    #[test]
    fn one_verb_stands_for_two_flags() {
        let of_edit = |has: &str, change, flags: &str| {
            let has = of(has);
            let patch = patch(&has, &edit(&has, change, &of(flags)), None);
            patch["singleValueExtendedProperties"][0]["value"]
                .as_str()
                .map(str::to_owned)
        };
        use FlagChange::{Add, Remove};
        for (has, change, flags, verb) in [
            ("", Add, "\\Answered", Some("102")),
            ("", Add, "$Forwarded", Some("104")),
            ("\\Answered", Add, "$Forwarded", Some("104")),
            ("$Forwarded", Add, "\\Answered", Some("102")),
            ("\\Answered $Forwarded", Remove, "\\Answered", Some("104")),
            ("\\Answered $Forwarded", Remove, "$Forwarded", Some("102")),
            ("\\Answered", Remove, "\\Answered", Some("0")),
            ("\\Answered", Add, "\\Seen", None),
        ] {
            let got = of_edit(has, change, flags);
            assert_eq!(got.as_deref(), verb, "{has} {change:?} {flags}");
        }
    }

    #[test]
    fn categories_that_no_keyword_shows_stay() {
        let long = "x".repeat(200);
        let has = [long.clone(), "Rot".to_owned(), "a b".to_owned()];
        let edit = edit(&of("Rot a_b"), FlagChange::Set, &of("rot Neu_c"));
        let want = [long, "Rot".to_owned(), "Neu c".to_owned()];
        assert_eq!(recategorised(&has, &edit), want);
    }
}
