//! Named switches: where the service is unpredictable or the dossier knows two answers.
//!
//! [`TABLE`] is the whole list; `GET /switch` of the admin API shows it with the present values.

use serde_json::{Map, Value, json};

/// Name, default (JSON), what it does.
pub(super) const TABLE: &[(&str, &str, &str)] = &[
    // Entra ID
    (
        "access-token-seconds",
        "3599",
        "life of access tokens issued from now on",
    ),
    (
        "device-seconds",
        "900",
        "life of device codes issued from now on",
    ),
    (
        "device-interval",
        "null",
        "poll interval of device codes (null: 1 s with auto-approve, else 5 s)",
    ),
    ("slow-down", "0", "the next N polls are told to slow down"),
    (
        "auto-approve",
        "null",
        "device codes approve themselves after a second (null: as started)",
    ),
    (
        "auto-approve-user",
        "\"\"",
        "for whom; empty: login_hint, else the first user without a sign-in",
    ),
    (
        "refresh-revoked",
        "false",
        "every refresh token is refused (AADSTS50173)",
    ),
    (
        "refresh-old-revoked",
        "false",
        "a refresh token works once only: the rotated-out one is refused",
    ),
    (
        "refresh-omitted",
        "false",
        "a refresh answers without a new refresh token",
    ),
    (
        "entra-busy",
        "0",
        "the next N token requests are answered temporarily_unavailable",
    ),
    (
        "cae-token-seconds",
        "86399",
        "life of access tokens whose client declared cp1",
    ),
    (
        "token-loop-limit",
        "200",
        "identical refresh requests in five minutes before AADSTS50196 (0: never)",
    ),
    (
        "entra-interaction-required",
        "false",
        "policies are refused at the token endpoint as interaction_required, not invalid_grant",
    ),
    (
        "entra-suberror-omitted",
        "false",
        "errors of the token endpoint have no suberror",
    ),
    (
        "entra-description-lines",
        "false",
        "error descriptions have line ends before Trace ID, as older answers do, and not blanks",
    ),
    (
        "scope-full-form",
        "false",
        "token answers name Graph's scopes with their resource",
    ),
    (
        "scopes-accumulate",
        "false",
        "an access token holds every scope that was ever consented to",
    ),
    (
        "personal-shared-invalid-grant",
        "false",
        ".Shared scopes of a personal account: invalid_grant, not invalid_scope",
    ),
    (
        "challenge-among-others",
        "false",
        "a 401 carries another WWW-Authenticate field before Bearer's",
    ),
    (
        "raop-marker",
        "false",
        "the refusal of an application access policy has the newer text with [RAOP]",
    ),
    // Whole API
    (
        "latency-ms",
        "0",
        "each Graph request takes this long, while it counts as in flight",
    ),
    (
        "throttle-concurrency",
        "4",
        "requests in flight for an app and mailbox before 429",
    ),
    (
        "throttle-retry-after",
        "1",
        "seconds in a 429's Retry-After; \"date\": as a date; null: no header",
    ),
    (
        "rate-limit",
        "10000",
        "requests in ten minutes for an app and mailbox before 429",
    ),
    ("body-cap", "4194304", "octets of a request body before 413"),
    (
        "shared-denied-as",
        "403",
        "status without rights on another's mailbox: 403 or 404",
    ),
    // Folders
    (
        "folder-exists-status",
        "409",
        "status of ErrorFolderExists: 400 or 409",
    ),
    (
        "folder-delta-counts",
        "true",
        "the folder delta lists folders whose counts changed",
    ),
    // Message delta
    (
        "delta-page-cap",
        "1000",
        "largest delta page, whatever odata.maxpagesize says",
    ),
    (
        "delta-empty-page",
        "0",
        "the next N delta answers are empty pages with a nextLink",
    ),
    (
        "delta-duplicates",
        "false",
        "a delta page tells each entry twice",
    ),
    (
        "delta-replay",
        "0",
        "a new round tells the last N changes again",
    ),
    (
        "delta-tombstones",
        "0",
        "the next N delta pages begin with the removal of an unknown item",
    ),
    (
        "delta-partial-read",
        "true",
        "a read-state change alone comes as id, isRead and parentFolderId only",
    ),
    (
        "delta-expand",
        "false",
        "delta honours $expand=singleValueExtendedProperties",
    ),
    (
        "delta-aba-loss",
        "true",
        "with immutable ids, an item that left and returned between two rounds is only removed",
    ),
    (
        "delta-hides-moved-in",
        "false",
        "with immutable ids, a moved item does not show in its destination's delta",
    ),
    (
        "delta-id-format-strict",
        "false",
        "a delta link used with the other id format: SyncStateInvalid",
    ),
    (
        "delta-seconds",
        "0",
        "delta and next links older than this answer 410 (0: never)",
    ),
    // Messages
    (
        "folder-id-respelled",
        "false",
        "a message's parentFolderId is spelled AQMk, as some answers have it, and not as its folder's id",
    ),
    (
        "delete-to",
        "\"deleteditems\"",
        "where DELETE puts a message: deleteditems or recoverable",
    ),
    (
        "mime-folder-post",
        "false",
        "MIME may be posted to mailFolders/{id}/messages",
    ),
    (
        "filter-rule",
        "true",
        "$orderby with a $filter that does not start with it: 400 InefficientFilter",
    ),
    (
        "conflict-412",
        "0",
        "the next N PATCH requests answer 412 ErrorIrresolvableConflict",
    ),
    (
        "size-extra",
        "2100",
        "octets that 0x0E08 counts for any item, on top of header, text and attachments",
    ),
    // Sending
    (
        "deliver-ms",
        "1000",
        "from acceptance to the recipient's Inbox",
    ),
    (
        "sent-ms",
        "300",
        "from acceptance to the copy in Sent Items",
    ),
    (
        "alias-from",
        "false",
        "MIME may name an alias of the mailbox in From (else the primary address replaces it)",
    ),
];

#[derive(Debug)]
pub(super) struct Switches {
    values: Map<String, Value>,
}

impl Switches {
    pub(super) fn new() -> Self {
        let values = TABLE
            .iter()
            .map(|(name, default, _)| {
                let value = serde_json::from_str(default).unwrap_or(Value::Null);
                ((*name).to_owned(), value)
            })
            .collect();
        Self { values }
    }

    /// Sets a switch. An unknown name is an error that lists the known ones.
    pub(super) fn set(&mut self, name: &str, value: Value) -> Result<(), String> {
        match self.values.get_mut(name) {
            Some(slot) => {
                *slot = value;
                Ok(())
            }
            None => Err(format!("no switch {name:?}; there are {}", names())),
        }
    }

    /// Back to the default of every switch.
    pub(super) fn reset(&mut self) {
        *self = Self::new();
    }

    pub(super) fn on(&self, name: &str) -> bool {
        self.values
            .get(name)
            .is_some_and(|v| *v == Value::Bool(true))
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.values.get(name).and_then(Value::as_bool)
    }

    /// Never so large that a time computed from it overflows.
    pub(super) fn number(&self, name: &str) -> u64 {
        let number = self.values.get(name).and_then(Value::as_u64);
        number.unwrap_or(0).min(1_000_000_000_000)
    }

    pub(super) fn value(&self, name: &str) -> &Value {
        self.values.get(name).unwrap_or(&Value::Null)
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.value(name).as_str().unwrap_or("")
    }

    /// Takes one off a counting switch; true if there was one.
    pub(super) fn take(&mut self, name: &str) -> bool {
        let left = self.number(name);
        if left > 0 {
            self.values.insert(name.to_owned(), json!(left - 1));
        }
        left > 0
    }

    pub(super) fn list(&self) -> Value {
        TABLE
            .iter()
            .map(|(name, default, what)| {
                json!({"name": name, "value": self.value(name), "default": default, "what": what})
            })
            .collect()
    }
}

fn names() -> String {
    let names: Vec<_> = TABLE.iter().map(|(name, ..)| *name).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_json_and_unknown_names_are_refused() {
        for (name, default, _) in TABLE {
            assert!(serde_json::from_str::<Value>(default).is_ok(), "{name}");
        }
        let mut switches = Switches::new();
        assert!(switches.set("delta-teeth", json!(1)).is_err());
        switches.set("slow-down", json!(1)).unwrap();
        assert!(switches.take("slow-down"));
        assert!(!switches.take("slow-down"));
        assert_eq!(switches.number("delta-page-cap"), 1000);
    }
}
