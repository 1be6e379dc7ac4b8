//! Sending and transport.

use super::{Switch, switch};

pub(super) const TABLE: &[Switch] = &[
    switch(
        "deliver-ms",
        "1000",
        &[],
        "from acceptance to the recipient's Inbox",
    ),
    switch(
        "sent-ms",
        "300",
        &[],
        "from acceptance to the copy in Sent Items",
    ),
    switch(
        "alias-from",
        "false",
        &["true"],
        "MIME may name an alias of the mailbox in From; else the primary address replaces it (open point 3)",
    ),
    switch(
        "send-minute-limit",
        "30",
        &[],
        "messages a minute that a mailbox may send",
    ),
    switch(
        "send-minute-as",
        "\"429\"",
        &["\"queue\""],
        "what happens beyond (open point 12): \"429\", or \"queue\" (202, and it goes out once there is room)",
    ),
    switch(
        "send-day-limit",
        "10000",
        &[],
        "recipients in 24 hours that a mailbox may write to",
    ),
    switch(
        "send-day-status",
        "403",
        &["400", "429"],
        "status of ErrorExceededMessageLimit beyond (open point 12)",
    ),
    switch(
        "mime-x-headers",
        "true",
        &["false"],
        "X- fields of submitted MIME are kept (open point 11)",
    ),
    switch(
        "mime-auto-submitted",
        "false",
        &["true"],
        "Auto-Submitted of submitted MIME is kept (open point 11)",
    ),
    switch(
        "mime-sender",
        "false",
        &["true"],
        "Sender of submitted MIME is kept (open point 11)",
    ),
];
