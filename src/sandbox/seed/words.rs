//! What office mail says, in German and in English, with room for a project, a number and a day.

use super::chance::Chance;

/// A subject and its paragraphs; `{p}` is a project, `{n}` a number, `{d}` a day.
pub(super) type Topic = (&'static str, &'static [&'static str]);

const PROJECTS: &[&str] = &[
    "Umbau Lager",
    "Messe Köln",
    "Brücke Nord",
    "ERP-Einführung",
    "Website",
    "Dachsanierung",
];
const DAYS_DE: &[&str] = &["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag"];
const DAYS_EN: &[&str] = &["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"];

const GERMAN: &[Topic] = &[
    (
        "Protokoll {p} vom {d}",
        &[
            "anbei das Protokoll unserer Besprechung zu {p}.",
            "Offen sind noch {n} Punkte. Bitte bis {d} ergänzen, was fehlt.",
        ],
    ),
    (
        "Angebot Nr. {n} – {p}",
        &[
            "vielen Dank für Ihre Anfrage. Gern bieten wir Ihnen die Leistungen zu {p} an.",
            "Der Preis beträgt {n},00 € zuzüglich Umsatzsteuer. Wir halten uns vier Wochen daran gebunden.",
        ],
    ),
    (
        "Terminverschiebung {p}",
        &[
            "leider müssen wir den Termin am {d} verschieben, da zwei Kollegen krank sind.",
            "Passt Ihnen der {d} darauf, gleiche Uhrzeit?",
        ],
    ),
    (
        "Rückfrage zur Bestellung {n}",
        &[
            "in der Bestellung {n} fehlt die Menge für Position 3.",
            "Können Sie uns diese heute noch nennen? Sonst geht die Lieferung erst am {d} hinaus.",
        ],
    ),
    (
        "Urlaubsübergabe",
        &[
            "ab {d} bin ich für zwei Wochen nicht da. {p} übernimmt in der Zeit Dörte.",
            "Die Unterlagen liegen im Projektordner, die Passwörter im Tresor.",
        ],
    ),
    (
        "Schlüssel für Raum {n}",
        &[
            "der Schlüssel liegt ab {d} am Empfang. Bitte quittieren.",
            "Grüße aus dem zweiten Stock!",
        ],
    ),
    (
        "Mängelliste {p}, Stand {d}",
        &[
            "die Begehung hat {n} Mängel ergeben, davon drei wesentliche.",
            "Die Fotos folgen getrennt, weil sie für eine Mail zu groß sind.",
        ],
    ),
    (
        "Kurz wegen {p}",
        &["hast du am {d} zehn Minuten? Es geht um das Budget ({n} T€)."],
    ),
    (
        "Kuchen in der Küche 🍰",
        &["es ist wieder so weit: ab 15 Uhr gibt es Kuchen für alle. Wer zuerst kommt …"],
    ),
];

const ENGLISH: &[Topic] = &[
    (
        "Notes from the {p} call",
        &[
            "Here are the notes from {d}. There are {n} open actions, most of them mine.",
            "Please correct whatever I got wrong before we send it to the customer.",
        ],
    ),
    (
        "Quote {n} for review",
        &[
            "Could you look over the numbers by {d}? The customer wants them before lunch.",
            "I rounded the hours up, as we did last time.",
        ],
    ),
    (
        "Build {n} is broken",
        &[
            "The nightly run failed in two of the tests. The log is below the fold.",
            "Nobody is blocked, but it would be good to have it green by {d}.",
        ],
    ),
    (
        "Travel on {d}",
        &[
            "The train leaves at 07:12 from platform 4; seats are booked in coach {n}.",
            "I'll bring the coffee. You bring the slides.",
        ],
    ),
    (
        "Draft contract – {p}",
        &[
            "The lawyers sent it back with {n} comments. None looks like trouble.",
            "Section 7 (liability) still says £ where it should say €.",
        ],
    ),
    (
        "Lunch?",
        &["The new place on the corner opens on {d}. I'm going at half past twelve."],
    ),
    (
        "Ticket #{n}: printer offline",
        &[
            "The printer on the second floor is offline again. Somebody has pulled the cable.",
            "Closed as solved; reopen if it happens before {d}.",
        ],
    ),
];

/// A filled-in subject and text in the desk's language.
pub(super) fn topic(german: bool, chance: &mut Chance) -> (String, String) {
    let (topics, days) = if german {
        (GERMAN, DAYS_DE)
    } else {
        (ENGLISH, DAYS_EN)
    };
    let (subject, paragraphs) = chance.pick(topics);
    let project = chance.pick(PROJECTS);
    let number = (100 + chance.below(8_900)).to_string();
    let day = chance.pick(days);
    let fill = |text: &str| {
        let text = text.replace("{p}", project);
        text.replace("{n}", &number).replace("{d}", day)
    };
    let (open, close) = greetings(german, chance);
    let text = format!("{open}\n\n{}\n\n{close}\n", fill(&paragraphs.join("\n\n")));
    (fill(subject), text)
}

fn greetings(german: bool, chance: &mut Chance) -> (&'static str, &'static str) {
    const DE: &[(&str, &str)] = &[
        ("Hallo zusammen,", "Viele Grüße"),
        ("Guten Tag,", "Mit freundlichen Grüßen"),
        ("Liebe Kolleginnen und Kollegen,", "Schöne Grüße aus Köln"),
    ];
    const EN: &[(&str, &str)] = &[
        ("Hi,", "Best"),
        ("Hello all,", "Thanks"),
        ("Dear colleagues,", "Kind regards"),
    ];
    chance.pick(if german { DE } else { EN })
}

/// The text as simple HTML.
pub(super) fn html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
    let paragraphs = escaped.trim_end().split("\n\n");
    let marked: String = paragraphs
        .map(|paragraph| format!("<p>{}</p>\n", paragraph.replace('\n', "<br>\n")))
        .collect();
    format!("<html><head><meta charset=\"utf-8\"></head>\n<body>\n{marked}</body></html>\n")
}
