//! The tenant of the demo.

use super::{
    Folder, Language, Message, Tenant, User, bulk,
    entity::{Entity, Transfer},
    letter::Letter,
};

pub(super) fn tenant(now: i64) -> Tenant {
    let letter = Letter {
        from: ("Clara Conrad", "clara.conrad@example.net"),
        to: vec![("Anna Albrecht", "anna@example.com")],
        subject: Some("Besprechung am Montag".to_owned()),
        sent: now - 300,
        zone: 60,
        message_id: "<first@example.net>".to_owned(),
        ..Letter::default()
    };
    let body = Entity::text(
        "text/plain",
        Transfer::QuotedPrintable,
        "Bis Montag, schöne Grüße\n",
    );
    let first = Message {
        mime: letter.render(&body),
        received: now - 296,
        ..Message::default()
    };
    bulk::tenant(vec![User {
        object_id: "5f1c2d3e-0000-4000-8000-00000000a001".to_owned(),
        display_name: "Anna Albrecht".to_owned(),
        address: "anna@example.com".to_owned(),
        aliases: Vec::new(),
        language: Language::German,
        signs_in: true,
        full_access: Vec::new(),
        folders: vec![Folder {
            path: vec!["inbox".to_owned()],
            hidden: false,
            messages: vec![first],
        }],
    }])
}
