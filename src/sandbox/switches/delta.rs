//! Message delta.

use super::{Switch, switch};

pub(super) const TABLE: &[Switch] = &[
    switch(
        "delta-page-cap",
        "1000",
        &["2"],
        "largest delta page, whatever odata.maxpagesize says",
    ),
    switch(
        "delta-empty-page",
        "0",
        &["3"],
        "the next N delta answers are empty pages with a nextLink",
    ),
    switch(
        "delta-duplicates",
        "false",
        &["true"],
        "a delta page tells each entry twice",
    ),
    switch(
        "delta-replay",
        "0",
        &["3"],
        "a new round tells the last N changes again",
    ),
    switch(
        "delta-tombstones",
        "0",
        &["3"],
        "the next N delta pages begin with the removal of an unknown item",
    ),
    switch(
        "delta-partial-read",
        "true",
        &["false"],
        "a read-state change alone comes as id, isRead and parentFolderId only",
    ),
    switch(
        "delta-expand",
        "false",
        &["true"],
        "delta honours $expand=singleValueExtendedProperties (open point 4)",
    ),
    switch(
        "delta-aba-loss",
        "true",
        &["false"],
        "with immutable ids, an item that left and returned between two rounds is only removed (open point 5)",
    ),
    switch(
        "delta-hides-moved-in",
        "false",
        &["true"],
        "with immutable ids, a moved item does not show in its destination's delta (open point 5)",
    ),
    switch(
        "delta-id-format-strict",
        "false",
        &["true"],
        "a delta link used with the other id format: SyncStateInvalid",
    ),
    switch(
        "delta-seconds",
        "0",
        &[],
        "delta and next links older than this answer 410 (0: never)",
    ),
    switch(
        "delta-removed-reason",
        "\"deleted\"",
        &["\"changed\""],
        "reason of @removed",
    ),
    switch(
        "delta-gone-location",
        "false",
        &["true"],
        "a 410 names in Location where to begin anew",
    ),
];
