//! Everyday mail to fill the folders: notes, threads with answers, files, invitations.

use super::{
    cast::{ENGLISH, GERMANS},
    desk::{DAY, Desk, HOUR, Marks, OLDEST, READ, UNREAD},
    entity::{Entity, Transfer, crlf},
    files,
    letter::Person,
    words,
};

/// Files `count` mails from the last `span` minutes, most of them recent. Some are answered: the answer
/// lies in `sentitems`, so that up to a quarter more mails are made.
pub(super) fn fill(desk: &mut Desk, path: &[&str], count: i64, span: i64) {
    let people = if desk.german { GERMANS } else { ENGLISH };
    for n in 1..=count {
        // Quadratic: half of the mails are from the last quarter of the span.
        let age = (span.min(OLDEST) * n * n / (count * count)).max(20 * n);
        let from = desk.chance.pick(people);
        mail(desk, path, from, age);
    }
}

fn mail(desk: &mut Desk, path: &[&str], from: Person, age: i64) {
    let (subject, text) = words::topic(desk.german, &mut desk.chance);
    let letter = desk.incoming(from, &subject, age);
    let body = body(desk, &text);
    let answered = desk.chance.percent(20) && age > HOUR;
    let marks = Marks {
        answered,
        ..marks(desk, age)
    };
    desk.put(path, &letter, &body, marks);
    if !answered {
        return;
    }
    let subject = if desk.german {
        format!("AW: {subject}")
    } else {
        format!("Re: {subject}")
    };
    let mut answer = desk.outgoing(vec![from], &subject, age - age / 9);
    answer.references = vec![letter.message_id.clone()];
    let quoted: String = text.lines().map(|line| format!("> {line}\n")).collect();
    let words = if desk.german {
        "Danke, das passt so. Grüße"
    } else {
        "Thanks, works for me."
    };
    let body = Entity::text(
        "text/plain",
        Transfer::QuotedPrintable,
        &format!("{words}\n\n{quoted}"),
    );
    desk.put(&["sentitems"], &answer, &body, READ);
    if desk.chance.percent(50) {
        let mut again = desk.incoming(from, &subject, age - age / 8);
        again.references = vec![letter.message_id, answer.message_id];
        let marks = self::marks(desk, age);
        desk.put(path, &again, &body, marks);
    }
}

fn marks(desk: &mut Desk, age: i64) -> Marks {
    const CATEGORIES: &[&[&str]] = &[
        &["Blue category"],
        &["Büro"],
        &["Projekt", "Büro"],
        &["Rot"],
    ];
    let read = desk.chance.percent(if age < DAY { 25 } else { 92 });
    Marks {
        flagged: desk.chance.percent(6),
        forwarded: desk.chance.percent(4),
        categories: match desk.chance.percent(9) {
            true => desk.chance.pick(CATEGORIES),
            false => &[],
        },
        ..if read { READ } else { UNREAD }
    }
}

fn body(desk: &mut Desk, text: &str) -> Entity {
    let plain = Entity::text("text/plain", Transfer::QuotedPrintable, text);
    match desk.chance.below(10) {
        0..=2 => plain,
        3 => Entity::text("text/plain", Transfer::EightBit, text),
        4 => Entity::leaf(
            "text/plain; charset=utf-8; format=flowed",
            Transfer::EightBit,
            crlf(text).as_bytes(),
        ),
        5..=7 => {
            let rich = Entity::text("text/html", Transfer::QuotedPrintable, &words::html(text));
            desk.multipart("alternative", vec![plain, rich])
        }
        8 => {
            let page = files::pdf("Beispiel GmbH");
            let file = Entity::file("application/pdf", "Anlage.pdf", &page);
            desk.multipart("mixed", vec![plain, file])
        }
        _ => {
            let photo = Entity::file("image/png", "Foto.png", &files::png(32, [20, 140, 60]));
            desk.multipart("mixed", vec![plain, photo])
        }
    }
}
