//! The tables of each file, as steps from one schema to the next. A step that was released never changes.

use super::db::Kind;

/// Credentials, pins and submissions: what belongs to no single mailbox.
pub(super) const SPOOL: Kind = Kind {
    application: 0x5073_7401,
    migrations: &[SPOOL_1, SPOOL_2],
    synchronous: "FULL",
    shrinks: false,
    advice: "Stop Postern, keep a copy, and move spool.db, spool.db-wal and spool.db-shm away \
             (or put a backup in their place): accounts then sign in anew, and app passwords \
             have to be made anew.",
};

/// Folders, UIDs, flags, and what was served.
pub(super) const STATE: Kind = Kind {
    application: 0x5073_7402,
    migrations: &[STATE_1, STATE_2, STATE_3],
    synchronous: "FULL",
    shrinks: false,
    advice: "Stop Postern, keep a copy, and move state.db, state.db-wal and state.db-shm away \
             (or put a backup in their place): the mailbox is then listed anew, and mail \
             programs see new UIDVALIDITYs and download again.",
};

/// MIME bytes; may be deleted at any time, so nothing waits for the disk.
pub(super) const CACHE: Kind = Kind {
    application: 0x5073_7403,
    migrations: &[CACHE_1],
    synchronous: "OFF",
    shrinks: true,
    advice: "It is only a cache: delete it.",
};

const SPOOL_1: &str = "
CREATE TABLE credentials (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    principal TEXT NOT NULL,
    accounts TEXT NOT NULL,          -- JSON array of account names
    rights INTEGER NOT NULL,
    hash BLOB NOT NULL,
    label TEXT NOT NULL,
    networks TEXT NOT NULL,          -- JSON array of CIDR networks
    created INTEGER NOT NULL,
    expires INTEGER
) STRICT;
CREATE TABLE pins (
    account TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    object_id TEXT NOT NULL,
    root TEXT,
    state TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE states (
    name TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    object_id TEXT NOT NULL,
    root TEXT NOT NULL,
    UNIQUE (tenant_id, object_id, root)
) STRICT, WITHOUT ROWID;
";

// `due` is NULL where only a person can help. Times are Unix milliseconds.
const SPOOL_2: &str = "
CREATE TABLE submissions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    file TEXT NOT NULL UNIQUE,       -- name under spool/
    size INTEGER NOT NULL,
    reverse_path TEXT NOT NULL,
    recipients TEXT NOT NULL,        -- JSON array
    eight_bit INTEGER NOT NULL,
    smtputf8 INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    state TEXT NOT NULL,
    step TEXT NOT NULL,              -- what may exist in the cloud
    due INTEGER,
    attempts INTEGER NOT NULL,
    began INTEGER,                   -- the last attempt
    doubted INTEGER,                 -- in doubt since
    message_id TEXT,
    draft TEXT,                      -- immutable id
    reason TEXT,
    report TEXT,                     -- that the sender has yet to get
    changed INTEGER NOT NULL
) STRICT;
CREATE INDEX submissions_due ON submissions (account, due, id) WHERE due IS NOT NULL;
";

// `messages_view` covers a snapshot, `messages_changed` a resynchronisation: neither touches the table.
// Served facts outlive their message for a while (`departed`), so that a message that
// was moved finds them again in its new folder; hence no foreign key.
const STATE_1: &str = "
CREATE TABLE meta (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    incarnation BLOB NOT NULL,       -- random; cache.db names it
    last_uid_validity INTEGER NOT NULL,
    folders_link TEXT
) STRICT;
INSERT INTO meta VALUES (1, randomblob(16), 0, NULL);
CREATE TABLE folders (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    remote TEXT NOT NULL UNIQUE,
    parent TEXT,
    display_name TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT,
    uid_validity INTEGER NOT NULL UNIQUE CHECK (uid_validity > 0),
    uid_next INTEGER NOT NULL DEFAULT 1,
    highest_modseq INTEGER NOT NULL DEFAULT 1,
    listed INTEGER NOT NULL DEFAULT 0,
    link TEXT,
    staged_link TEXT,
    messages INTEGER NOT NULL DEFAULT 0,
    unseen INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX folders_name ON folders (name);
CREATE TABLE messages (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    folder INTEGER NOT NULL REFERENCES folders (key) ON DELETE CASCADE,
    uid INTEGER NOT NULL CHECK (uid > 0),
    remote TEXT NOT NULL,
    flags INTEGER NOT NULL,
    keywords TEXT NOT NULL,          -- separated by spaces
    modseq INTEGER NOT NULL,
    born INTEGER NOT NULL,           -- its first modseq
    internal_date INTEGER NOT NULL,
    change_key TEXT,
    subject TEXT,
    message_id TEXT,
    store_size INTEGER,
    summary TEXT,
    UNIQUE (folder, uid),
    UNIQUE (remote, folder)
) STRICT;
CREATE INDEX messages_view ON messages (folder, uid, flags, keywords, modseq);
CREATE INDEX messages_changed ON messages (folder, modseq, uid, flags, keywords);
CREATE TABLE expunged (
    folder INTEGER NOT NULL REFERENCES folders (key) ON DELETE CASCADE,
    modseq INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    born INTEGER NOT NULL,
    PRIMARY KEY (folder, modseq, uid)
) STRICT, WITHOUT ROWID;
CREATE TABLE stage (
    folder INTEGER NOT NULL REFERENCES folders (key) ON DELETE CASCADE,
    remote TEXT NOT NULL,
    received INTEGER,
    told INTEGER NOT NULL,           -- which flags are told
    flags INTEGER NOT NULL,
    keywords TEXT,
    change_key TEXT,
    subject TEXT,
    message_id TEXT,
    store_size INTEGER,
    summary TEXT,
    PRIMARY KEY (folder, remote)
) STRICT;
CREATE TABLE served (
    message INTEGER PRIMARY KEY,
    size INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    facts BLOB NOT NULL              -- header, boundaries, structure: compressed, sealed
) STRICT;
CREATE TABLE departed (
    message INTEGER PRIMARY KEY,
    folder INTEGER NOT NULL,
    remote TEXT NOT NULL
) STRICT;
CREATE INDEX departed_remote ON departed (remote);
CREATE TABLE subscriptions (
    name TEXT PRIMARY KEY,
    automatic INTEGER NOT NULL       -- with the folder, not by a client's wish
) STRICT, WITHOUT ROWID;
";

// Bound to remote ids, which are immutable: what a client wrote goes with the message, whoever moves it.
const STATE_2: &str = "
CREATE TABLE copies (                -- made by COPY, not long ago
    source TEXT NOT NULL,
    copy TEXT NOT NULL,
    made INTEGER NOT NULL,
    PRIMARY KEY (source, copy)
) STRICT, WITHOUT ROWID;
CREATE TABLE appended (
    remote TEXT PRIMARY KEY,
    undraft INTEGER NOT NULL,        -- a draft for Graph, and none for us
    original INTEGER NOT NULL UNIQUE,
    chunks INTEGER NOT NULL,
    doubted INTEGER NOT NULL DEFAULT 0,
    rendered BLOB,                   -- facts of Graph's rendering, sealed
    rendered_size INTEGER,
    rendered_sha256 BLOB,
    alone INTEGER                    -- since when it has no message
) STRICT, WITHOUT ROWID;
CREATE TABLE originals (
    id INTEGER PRIMARY KEY AUTOINCREMENT
) STRICT;
CREATE TABLE original_chunks (
    id INTEGER PRIMARY KEY,          -- original * 2^20 + n
    sealed BLOB NOT NULL
) STRICT;
";

// What Graph sends and what a client appends are one mail: see `awaited`.
const STATE_3: &str = "
CREATE TABLE awaited (               -- another copy of it may come
    folder INTEGER NOT NULL REFERENCES folders (key) ON DELETE CASCADE,
    message_id TEXT NOT NULL,
    own TEXT,                        -- the copy that is here
    since INTEGER NOT NULL,
    PRIMARY KEY (folder, message_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE duplicates (            -- has to go from the cloud, and never shows
    remote TEXT PRIMARY KEY,
    kept TEXT NOT NULL,
    folder INTEGER NOT NULL REFERENCES folders (key) ON DELETE CASCADE,
    gone INTEGER                     -- since when
) STRICT, WITHOUT ROWID;
";

// Chunk n of blob b is row b * 2^20 + n: one lookup, and a blob is one range.
const CACHE_1: &str = "
CREATE TABLE meta (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    incarnation BLOB NOT NULL
) STRICT;
CREATE TABLE blobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    size INTEGER NOT NULL,
    used INTEGER NOT NULL,
    complete INTEGER NOT NULL
) STRICT;
CREATE INDEX blobs_used ON blobs (used);
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT;
CREATE TABLE entries (
    message INTEGER PRIMARY KEY,
    blob INTEGER NOT NULL,
    ticket BLOB NOT NULL             -- salt and size of the blob, sealed for this message
) STRICT;
CREATE INDEX entries_blob ON entries (blob);
";
