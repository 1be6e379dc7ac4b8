//! Messages: ids, reading, changing, deleting.

use super::{Switch, switch};

pub(super) const TABLE: &[Switch] = &[
    switch(
        "folder-id-respelled",
        "false",
        &["true"],
        "a message's parentFolderId is spelled AQMk, as some answers have it, and not as its folder's id",
    ),
    switch(
        "delete-to",
        "\"deleteditems\"",
        &["\"recoverable\""],
        "where DELETE puts a message: deleteditems or recoverable (open point 2)",
    ),
    switch(
        "mime-folder-post",
        "false",
        &["true"],
        "MIME may be posted to mailFolders/{id}/messages (open point 1)",
    ),
    switch(
        "filter-rule",
        "true",
        &["false"],
        "$orderby with a $filter that does not start with it: 400 InefficientFilter",
    ),
    switch(
        "conflict-412",
        "0",
        &["2"],
        "the next N PATCH requests answer 412 ErrorIrresolvableConflict (open point 15)",
    ),
    switch(
        "size-extra",
        "2100",
        &[],
        "octets that 0x0E08 counts for any item, on top of header, text and attachments",
    ),
    switch(
        "nondraft-flags",
        "\"both\"",
        &["\"1\"", "\"4\""],
        "the value of Integer 0x0E07 that makes a message no draft: 1, 4 or both (open point 6)",
    ),
    switch(
        "mapi-patch",
        "false",
        &["true"],
        "PATCH accepts the date tags 0x0E06 and 0x0039 (open point 6)",
    ),
    switch(
        "silent-200",
        "false",
        &["true"],
        "MIME of 2.2 MB and more is answered 200, and nothing is made (open point 7)",
    ),
    switch(
        "value-varies",
        "false",
        &["true"],
        "each `$value` is another rendering: its generated boundaries change (open point 8)",
    ),
    switch(
        "value-bcc",
        "true",
        &["false"],
        "`$value` shows Bcc of drafts and sent mail (open point 8)",
    ),
    switch(
        "put-value",
        "false",
        &["true"],
        "PUT of `$value` replaces a draft (open point 13); else 405",
    ),
    switch(
        "imap-uid",
        "\"stable\"",
        &["\"absent\"", "\"unstable\""],
        "Integer 0x0E23: there and stable, absent, or another after each change (open point 14)",
    ),
    switch(
        "if-match",
        "true",
        &["false"],
        "If-Match is honoured (open point 15)",
    ),
    switch(
        "sent-patch-code",
        "\"ErrorInvalidPropertySet\"",
        &["\"ErrorInvalidPropertyUpdateSentMessage\""],
        "code for changing what is fixed once sent",
    ),
    switch(
        "draft-flag",
        "true",
        &["false"],
        "a PATCH of flag has an effect on drafts",
    ),
    switch(
        "same-folder-move",
        "\"new-id\"",
        &["\"400\""],
        "a move to where the message is: it gets a new classic id, or 400",
    ),
    switch(
        "move-location",
        "true",
        &["false"],
        "move and copy of a message answer with Location",
    ),
    switch(
        "purge-to",
        "\"nowhere\"",
        &["\"recoverable\""],
        "permanentDelete: the message is gone, or still found by its immutable id among the recoverable items",
    ),
];
