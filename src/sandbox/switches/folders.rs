//! Folders and the folder delta.

use super::{Switch, switch};

pub(super) const TABLE: &[Switch] = &[
    switch(
        "folder-exists-status",
        "409",
        &["400"],
        "status of ErrorFolderExists: 400 or 409 (open point 9)",
    ),
    switch(
        "folder-delta-counts",
        "true",
        &["false"],
        "the folder delta lists folders whose counts changed (open point 18)",
    ),
    switch(
        "default-folder-status",
        "403",
        &["400"],
        "status of deleting, moving or renaming a default folder (open point 9)",
    ),
    switch(
        "folder-move-status",
        "201",
        &["200"],
        "status of moving and copying a folder (open point 9)",
    ),
    switch(
        "hidden-folders",
        "true",
        &["false"],
        "includeHiddenFolders is honoured (open point 18)",
    ),
];
