//! Mailboxes for measurements and for golden tests: one user, one folder.

use super::{Folder, Language, Message, Tenant, User, chance::Chance, letter::date};

/// Seconds between two mails of a large mailbox.
const SPACING: i64 = 600;

const SENDERS: &[(&str, &str)] = &[
    ("Clara Conrad", "clara.conrad@example.net"),
    ("David Dietz", "d.dietz@example.org"),
    ("Emma Evers", "emma@example.net"),
    ("Farid Farahani", "farid.farahani@example.org"),
    ("Grace Grant", "grace@example.net"),
    ("Hakan Hoffmann", "hoffmann@example.org"),
    ("Monitoring", "noreply@example.net"),
];

const SUBJECTS: &[&str] = &[
    "Angebot",
    "Auftrag",
    "Build report",
    "Lieferschein",
    "Meeting notes",
    "Rechnung",
    "Status",
    "Ticket",
    "Travel request",
];

const CATEGORIES: &[&str] = &["Blue category", "Projekt", "Rot"];

/// `count` small mails, ten minutes apart, the newest at `now`.
pub(super) fn large(count: usize, now: i64) -> Tenant {
    let mut chance = Chance::new(50_000);
    let oldest = now.saturating_sub(SPACING.saturating_mul(count.try_into().unwrap_or(i64::MAX)));
    let messages = (1..=count).map(|n| {
        let received = oldest.saturating_add(SPACING.saturating_mul(n.try_into().unwrap_or(0)));
        small(n, received, &mut chance)
    });
    lone_tenant(messages.collect())
}

fn small(n: usize, received: i64, chance: &mut Chance) -> Message {
    let (name, address) = chance.pick(SENDERS);
    let subject = chance.pick(SUBJECTS);
    let at = date(received, 0);
    let lines = usize::try_from(chance.below(6)).unwrap_or(0);
    let body = "The quick report of the day says: all is well here.\r\n".repeat(1 + lines);
    let mime = format!(
        "Received: from mail.example.net (192.0.2.25) by mx1.example.com with ESMTPS\r\n id {n:08x}; {at}\r\n\
         Date: {at}\r\nFrom: {name} <{address}>\r\nTo: Anna Albrecht <anna@example.com>\r\n\
         Subject: {subject} {n}\r\nMessage-ID: <{n}.{:016x}@example.net>\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n{body}",
        chance.next()
    );
    Message {
        mime: mime.into_bytes(),
        received,
        read: chance.percent(80),
        flagged: chance.percent(4),
        answered: chance.percent(15),
        forwarded: chance.percent(3),
        categories: match chance.percent(5) {
            true => vec![chance.pick(CATEGORIES).to_owned()],
            false => Vec::new(),
        },
        draft: false,
    }
}

/// These octets and no others, a minute apart, unread; the last one is the newest.
pub(super) fn mailbox_of(mails: Vec<Vec<u8>>, now: i64) -> Tenant {
    let count = i64::try_from(mails.len()).unwrap_or(0);
    let messages = mails.into_iter().zip(0_i64..).map(|(mime, n)| Message {
        mime,
        received: now.saturating_sub(60 * (count - n)),
        ..Message::default()
    });
    lone_tenant(messages.collect())
}

fn lone_tenant(messages: Vec<Message>) -> Tenant {
    let anna = User {
        object_id: "5f1c2d3e-0000-4000-8000-00000000a001".to_owned(),
        display_name: "Anna Albrecht".to_owned(),
        address: "anna@example.com".to_owned(),
        aliases: Vec::new(),
        language: Language::English,
        signs_in: true,
        full_access: Vec::new(),
        folders: vec![Folder {
            path: vec!["inbox".to_owned()],
            hidden: false,
            messages,
        }],
    };
    tenant(vec![anna])
}

pub(super) fn tenant(users: Vec<User>) -> Tenant {
    Tenant {
        display_name: "Beispiel GmbH".to_owned(),
        id: "5f1c2d3e-0000-4000-8000-000000000001".to_owned(),
        domain: "example.com".to_owned(),
        client_id: "5f1c2d3e-0000-4000-8000-00000000c001".to_owned(),
        users,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn inbox(tenant: &Tenant) -> &[Message] {
        &tenant.users[0].folders[0].messages
    }

    #[test]
    fn a_large_mailbox_is_quick_to_make_and_varied() {
        let started = std::time::Instant::now();
        let tenant = large(50_000, 1_750_000_000);
        // Half a second or so even unoptimised on a busy machine; this is no bench.
        assert!(started.elapsed().as_secs() < 10);
        let mails = inbox(&tenant);
        assert_eq!(mails.len(), 50_000);
        assert!(mails.is_sorted_by(|a, b| a.received < b.received));
        assert_eq!(mails.last().unwrap().received, 1_750_000_000);
        let octets: usize = mails.iter().map(|mail| mail.mime.len()).sum();
        assert!(octets < 50_000_000);
        let share = |of: fn(&Message) -> bool| mails.iter().filter(|mail| of(mail)).count();
        assert!((35_000..45_000).contains(&share(|mail| mail.read)));
        assert!(share(|mail| mail.flagged) > 1_000 && share(|mail| mail.answered) > 5_000);
        assert!(share(|mail| mail.forwarded) > 1_000);
        assert!(share(|mail| !mail.categories.is_empty()) > 2_000);
    }

    #[test]
    fn small_mails_parse_and_have_own_ids() {
        let tenant = large(500, 1_750_000_000);
        let parsed = inbox(&tenant).iter().map(|mail| {
            let parsed = mail_parser::MessageParser::new().parse(&mail.mime).unwrap();
            assert_eq!(parsed.date().unwrap().to_timestamp(), mail.received);
            parsed.message_id().unwrap().to_owned()
        });
        assert_eq!(parsed.collect::<HashSet<_>>().len(), 500);
        assert_eq!(
            inbox(&large(500, 1_750_000_000))[7].mime,
            inbox(&tenant)[7].mime
        );
        assert!(inbox(&large(0, 0)).is_empty());
    }

    #[test]
    fn given_mails_keep_their_octets_and_order() {
        let mails = vec![b"\n\0 first".to_vec(), Vec::new(), b"A: b\r\n\r\n".to_vec()];
        let tenant = mailbox_of(mails.clone(), 1_000);
        let kept: Vec<_> = inbox(&tenant)
            .iter()
            .map(|mail| mail.mime.clone())
            .collect();
        assert_eq!(kept, mails);
        assert!(inbox(&tenant).is_sorted_by(|a, b| a.received < b.received));
        assert!(
            inbox(&tenant)
                .iter()
                .all(|mail| !mail.read && mail.received < 1_000)
        );
    }
}
