//! Headers out of the ordinary: long subjects, none, crowds of recipients, lists, senders of many kinds.

use crate::sandbox::seed::{
    cast::{ANNA, BARE, BEN, CLARA, COUNSEL, GRACE, JUERGEN, NEWS, OLGA},
    desk::{DAY, Desk, HOUR, Marks, READ, UNREAD},
    entity::{Entity, Transfer},
    letter::{Letter, Person},
    words::html,
};

pub(in crate::sandbox::seed) fn fill(desk: &mut Desk, path: &[&str]) {
    subjects(desk, path);
    recipients(desk, path);
    senders(desk, path);
    newsletter(desk, path);
    requests(desk, path);
}

fn note(desk: &mut Desk, path: &[&str], letter: Letter, marks: Marks) {
    let body = Entity::text(
        "text/plain",
        Transfer::QuotedPrintable,
        "Kurz zur Kenntnis, schöne Grüße\n",
    );
    desk.put(path, &letter, &body, marks);
}

fn subjects(desk: &mut Desk, path: &[&str]) {
    let letter = desk.incoming(JUERGEN, "", 5 * HOUR).unnamed();
    note(desk, path, letter, UNREAD);
    let letter = desk.incoming(JUERGEN, "", 33 * DAY);
    note(desk, path, letter, READ);
    let long = "A subject that goes on and on, as people write who put the whole mail up there, "
        .repeat(4);
    let letter = desk.incoming(GRACE, long.trim_end(), 34 * DAY);
    note(desk, path, letter, READ);
    let long =
        "Überblick über die Änderungen an den Verträgen für München, Nürnberg und Düsseldorf ✅ "
            .repeat(3);
    let letter = desk.incoming(CLARA, long.trim_end(), 8 * HOUR);
    note(desk, path, letter, UNREAD);
    let letter = desk.incoming(
        OLGA,
        "Вопрос по договору № 12: сроки, оплата и всё остальное",
        35 * DAY,
    );
    note(desk, path, letter, READ);
    let mixed = "=?utf-8?q?Caf=C3=A9?= at\r\n =?iso-8859-1?q?caf=E9?= =?us-ascii?q?_three?=";
    let letter = desk
        .incoming(GRACE, "", 36 * DAY)
        .unnamed()
        .with("Subject", mixed);
    note(desk, path, letter, READ);
    let letter = desk.incoming(CLARA, "AW: WG: Re: Fwd: Angebot \"Dach\" <eilt>", 37 * DAY);
    note(desk, path, letter, READ);
}

const CROWD: &[Person] = &[
    BEN,
    CLARA,
    JUERGEN,
    GRACE,
    OLGA,
    ("Dörte Dietz", "d.dietz@example.org"),
    ("Emma Evers", "emma@example.net"),
    ("Hoffmann, Hakan", "hoffmann@example.org"),
    ("", "empfang@example.com"),
    ("Kim Keller", "kim@example.net"),
];

fn recipients(desk: &mut Desk, path: &[&str]) {
    let mut letter = desk.incoming(CLARA, "Einladung zum Sommerfest", 38 * DAY);
    letter.to.extend(CROWD.iter().cycle().take(60));
    letter.cc = CROWD.iter().copied().cycle().take(45).collect();
    note(desk, path, letter, READ);
    let mut letter = desk.incoming(CLARA, "Verteiler ohne Namen", 39 * DAY);
    letter.to.clear();
    note(desk, path, letter, READ);
    let mut letter = desk.incoming(GRACE, "To a group", 41 * DAY);
    letter.to = vec![ANNA];
    let group = "Building team: \"Keller, Kim\" <kim@example.net>,\r\n emma@example.net;, Ben Baker <ben@example.com>";
    note(desk, path, letter.with("Cc", group), READ);
    let mut letter = desk.incoming(GRACE, "Only in copy", 42 * DAY);
    letter.cc = std::mem::take(&mut letter.to);
    note(desk, path, letter, READ);
}

fn senders(desk: &mut Desk, path: &[&str]) {
    let mut letter = desk.incoming(COUNSEL, "Vertragsentwurf", 26 * HOUR);
    letter.sender = Some(("Sekretariat", "sekretariat@example.net"));
    letter.reply_to = Some(("Kanzlei Lenz", "akte-4711@example.net"));
    let flagged = Marks {
        flagged: true,
        categories: &["Wichtig & Dringend", "Verträge"],
        ..READ
    };
    note(desk, path, letter, flagged);
    let letter = desk.incoming(BARE, "Toner fast leer", 4 * DAY);
    note(desk, path, letter, UNREAD);
    let mut letter = desk.incoming(JUERGEN, "Lange Reise", 43 * DAY);
    letter.zone = -570;
    let odd = "=?utf-8?B?SmFuYSDFoGVya292w6E=?= (on the road)\r\n <jana@example.net>, emma@example.net (Emma)";
    note(desk, path, letter.with("Cc", odd), READ);
}

fn newsletter(desk: &mut Desk, path: &[&str]) {
    for week in 0..6 {
        let subject = format!("Bauwelt Wochenschau {}: Holz, Beton & Förderung", 40 - week);
        let mut letter = desk
            .incoming(NEWS, &subject, (3 + 7 * week) * DAY)
            .with("List-Id", "Bauwelt Wochenschau <wochenschau.example.org>")
            .with(
                "List-Unsubscribe",
                "<mailto:leave@example.org?subject=unsubscribe>,\r\n <https://www.example.org/leave?u=0815>",
            )
            .with("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
            .with("List-Post", "NO")
            .with("List-Help", "<mailto:help@example.org>")
            .with("Precedence", "bulk")
            .with("X-Mailer", "Wochenschau 3.1")
            .with("Feedback-ID", "17:wochenschau:example");
        letter.reply_to = Some(("", "redaktion@example.org"));
        let text = "Guten Morgen,\n\ndie Themen der Woche: Holzpreise fallen, neue Förderung für Dächer.\n\nIhre Redaktion\n";
        let parts = vec![
            Entity::text("text/plain", Transfer::QuotedPrintable, text),
            Entity::text("text/html", Transfer::QuotedPrintable, &html(text)),
        ];
        let body = desk.multipart("alternative", parts);
        desk.put(path, &letter, &body, if week == 0 { UNREAD } else { READ });
    }
}

/// Importance, sensitivity, a wished-for receipt, and fields of one's own.
fn requests(desk: &mut Desk, path: &[&str]) {
    let letter = desk
        .incoming(CLARA, "Dringend: Freigabe bis heute Abend", 3 * HOUR)
        .with("Importance", "high")
        .with("X-Priority", "1")
        .with("Sensitivity", "Company-Confidential")
        .with(
            "Disposition-Notification-To",
            "Clara Conrad <clara.conrad@example.net>",
        )
        .with("X-Projekt", "Umbau Lager")
        .with("X-Projekt", "zweite Zeile desselben Felds")
        .with("Keywords", "Freigabe, Lager")
        .with("Comments", "=?utf-8?Q?Bitte_pr=C3=BCfen?=");
    let marks = Marks {
        flagged: true,
        categories: &["Rot"],
        ..UNREAD
    };
    note(desk, path, letter, marks);
}
