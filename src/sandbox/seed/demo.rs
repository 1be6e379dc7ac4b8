//! The tenant of the demo: Anna's, Ben's and the shared mailbox, with their folders.

use super::{
    Language, Tenant, User, bulk,
    cast::{ANNA, BEN, CLARA, GRACE, RECHNUNG},
    desk::{DAY, Desk, Marks, OLDEST, READ, UNREAD},
    entity::{Entity, Transfer},
    invoices,
    letter::Person,
    shapes::{bodies, charsets, headers, multiparts, nested, reports, sealed},
    traffic,
};

pub(super) fn tenant(now: i64) -> Tenant {
    bulk::tenant(vec![anna(now), ben(now), rechnung(now)])
}

fn anna(now: i64) -> User {
    let mut desk = Desk::new(ANNA, true, now);
    let inbox = ["inbox"];
    let projects = ["inbox", "Projekte"];
    let rebuilding = ["inbox", "Projekte", "Umbau Lager"];
    let odd = ["inbox", "Projekte", "Messe Köln / Stand 7 & Bühne 🎪"];
    for path in [inbox.as_slice(), &projects, &rebuilding, &odd] {
        desk.folder(path, false);
    }
    desk.folder(&["inbox", "Projekte", "Leer"], false);
    desk.folder(&["Ablage"], false);
    desk.folder(&["Ablage", "2024"], false);
    desk.folder(&["Ablage", "2024", "Verträge"], false);
    desk.folder(&["Versteckte Regeln"], true);
    bodies::fill(&mut desk, &inbox);
    reports::fill(&mut desk, &inbox);
    headers::fill(&mut desk, &inbox);
    charsets::fill(&mut desk, &rebuilding);
    multiparts::fill(&mut desk, &projects);
    nested::fill(&mut desk, &odd);
    sealed::fill(&mut desk, &["Ablage", "2024", "Verträge"]);
    traffic::fill(&mut desk, &inbox, 84, OLDEST);
    traffic::fill(&mut desk, &projects, 12, 200 * DAY);
    traffic::fill(&mut desk, &rebuilding, 8, 90 * DAY);
    traffic::fill(&mut desk, &["archive"], 12, OLDEST);
    traffic::fill(&mut desk, &["deleteditems"], 6, 20 * DAY);
    traffic::fill(&mut desk, &["Versteckte Regeln"], 2, 20 * DAY);
    junk(&mut desk);
    drafts(&mut desk, CLARA);
    welcome(&mut desk, "Willkommen bei der Beispiel GmbH");
    User {
        aliases: vec!["a.albrecht@example.com".to_owned()],
        full_access: vec![RECHNUNG.1.to_owned()],
        ..user(0xa001, Language::German, desk)
    }
}

fn ben(now: i64) -> User {
    let mut desk = Desk::new(BEN, false, now);
    desk.folder(&["inbox", "Builds"], false);
    bodies::fill(&mut desk, &["inbox"]);
    multiparts_small(&mut desk, &["inbox"]);
    traffic::fill(&mut desk, &["inbox"], 28, OLDEST);
    traffic::fill(&mut desk, &["inbox", "Builds"], 8, 60 * DAY);
    traffic::fill(&mut desk, &["archive"], 5, OLDEST);
    drafts(&mut desk, GRACE);
    welcome(&mut desk, "Welcome to Beispiel GmbH");
    user(0xb001, Language::English, desk)
}

fn rechnung(now: i64) -> User {
    let mut desk = Desk::new(RECHNUNG, true, now);
    invoices::fill(&mut desk, &["inbox"], 26);
    desk.folder(&["inbox", "Bezahlt"], false);
    invoices::fill(&mut desk, &["inbox", "Bezahlt"], 5);
    User {
        signs_in: false,
        ..user(0xc101, Language::German, desk)
    }
}

fn user(number: u16, language: Language, desk: Desk) -> User {
    User {
        object_id: format!("5f1c2d3e-0000-4000-8000-00000000{number:04x}"),
        display_name: desk.owner.0.to_owned(),
        address: desk.owner.1.to_owned(),
        aliases: Vec::new(),
        language,
        signs_in: true,
        full_access: Vec::new(),
        folders: desk.into_folders(),
    }
}

/// The signed and the nested ones, for the other mailbox too.
fn multiparts_small(desk: &mut Desk, path: &[&str]) {
    sealed::fill(desk, path);
    nested::fill(desk, path);
}

fn junk(desk: &mut Desk) {
    let from = ("Lotterie International", "gewinn@example.org");
    for (subject, n) in [
        "Sie haben gewonnen!!!",
        "Letzte Mahnung",
        "=?x?= Sonderangebot",
    ]
    .into_iter()
    .zip(1..)
    {
        let letter = desk
            .incoming(from, subject, n * DAY)
            .with("X-Spam-Flag", "YES")
            .with("X-Spam-Score", "12.4");
        let body = Entity::text(
            "text/html",
            Transfer::Base64,
            "<p>Klicken Sie <a href=\"http://example.org/\">hier</a>!</p>\n",
        );
        desk.put(&["junkemail"], &letter, &body, UNREAD);
    }
}

/// One with a blind copy, one just begun.
fn drafts(desk: &mut Desk, to: Person) {
    let draft = Marks {
        draft: true,
        ..READ
    };
    let mut letter = desk.outgoing(vec![to], "Entwurf: Angebot", 90);
    letter.bcc = vec![("Kim Keller", "kim@example.net")];
    let body = Entity::text(
        "text/plain",
        Transfer::QuotedPrintable,
        "Noch nicht fertig, schöne Grüße\n",
    );
    desk.put(&["drafts"], &letter, &body, draft);
    let letter = desk.outgoing(Vec::new(), "", 3 * DAY);
    let body = Entity::text("text/plain", Transfer::SevenBit, "");
    desk.put(&["drafts"], &letter, &body, draft);
}

/// The newest mail of the mailbox.
fn welcome(desk: &mut Desk, subject: &str) {
    let letter = desk.incoming(GRACE, subject, 3);
    let text = "This mailbox is invented, and so is everyone who writes to it. Read, flag, move and delete as you like.\n";
    let body = Entity::text("text/plain", Transfer::SevenBit, text);
    desk.put(&["inbox"], &letter, &body, UNREAD);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::seed::Message;
    use std::collections::HashSet;

    const NOW: i64 = 1_750_000_000;

    fn mails(user: &User) -> impl Iterator<Item = &Message> {
        user.folders.iter().flat_map(|folder| &folder.messages)
    }

    #[test]
    fn mailboxes_have_the_promised_size_and_folders() {
        let tenant = tenant(NOW);
        let [anna, ben, rechnung] = tenant.users.as_slice() else {
            panic!("three users")
        };
        let counts = [anna, ben, rechnung].map(|user| mails(user).count());
        assert!((220..=280).contains(&counts[0]), "{counts:?}");
        assert!((70..=110).contains(&counts[1]), "{counts:?}");
        assert!((28..=35).contains(&counts[2]), "{counts:?}");
        assert!(!rechnung.signs_in && anna.full_access == ["rechnung@example.com"]);
        let odd = anna.folders.iter().filter(|folder| {
            folder
                .path
                .iter()
                .any(|level| level.contains('/') && level.contains('&'))
        });
        assert_eq!(odd.count(), 1);
        assert_eq!(
            anna.folders.iter().filter(|folder| folder.hidden).count(),
            1
        );
        assert!(
            anna.folders
                .iter()
                .any(|folder| folder.path.len() == 3 && folder.messages.is_empty())
        );
        for user in &tenant.users {
            let known = |path: &[String]| user.folders.iter().any(|folder| folder.path == path);
            let default = |path: &[String]| path.len() == 1 && path[0] == "inbox";
            let parents = user
                .folders
                .iter()
                .map(|folder| &folder.path[..folder.path.len() - 1]);
            let named = |path: &[String]| path.is_empty() || known(path) || default(path);
            assert!(
                parents.into_iter().all(named),
                "a folder without its parent"
            );
        }
        let paths: HashSet<_> = anna.folders.iter().map(|folder| &folder.path).collect();
        assert_eq!(paths.len(), anna.folders.len());
    }

    #[test]
    fn the_world_is_the_same_each_time_and_moves_with_the_clock() {
        let (one, two, later) = (tenant(NOW), tenant(NOW), tenant(NOW + 3_600));
        for ((a, b), c) in one.users.iter().zip(&two.users).zip(&later.users) {
            for ((a, b), c) in mails(a).zip(mails(b)).zip(mails(c)) {
                assert!(a.mime == b.mime && a.received == b.received);
                assert_eq!(a.received + 3_600, c.received);
            }
        }
    }

    #[test]
    fn dates_reach_from_eighteen_months_ago_to_just_now() {
        let tenant = tenant(NOW);
        for user in &tenant.users {
            let newest = mails(user).map(|mail| mail.received).max().unwrap();
            let oldest = mails(user).map(|mail| mail.received).min().unwrap();
            assert!(
                (0..=3_600).contains(&(NOW - newest)),
                "{}: {}",
                user.address,
                NOW - newest
            );
            assert!(
                (300 * 86_400..=550 * 86_400).contains(&(NOW - oldest)),
                "{}",
                user.address
            );
        }
    }
}
