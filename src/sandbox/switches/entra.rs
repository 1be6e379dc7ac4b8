//! Entra ID: codes, tokens, refresh.

use super::{Switch, switch};

pub(super) const TABLE: &[Switch] = &[
    switch(
        "access-token-seconds",
        "3599",
        &[],
        "life of access tokens issued from now on",
    ),
    switch(
        "device-seconds",
        "900",
        &[],
        "life of device codes issued from now on",
    ),
    switch(
        "device-interval",
        "null",
        &[],
        "poll interval of device codes (null: 1 s with auto-approve, else 5 s)",
    ),
    switch(
        "slow-down",
        "0",
        &["2"],
        "the next N polls are told to slow down",
    ),
    switch(
        "auto-approve",
        "null",
        &[],
        "device codes approve themselves after a second (null: as started)",
    ),
    switch(
        "auto-approve-user",
        "\"\"",
        &[],
        "for whom; empty: login_hint, else the first user without a sign-in",
    ),
    switch(
        "refresh-revoked",
        "false",
        &[],
        "every refresh token is refused (AADSTS50173)",
    ),
    switch(
        "refresh-old-revoked",
        "false",
        &["true"],
        "a refresh token works once only: the rotated-out one is refused",
    ),
    switch(
        "refresh-omitted",
        "false",
        &["true"],
        "a refresh answers without a new refresh token (open point 16)",
    ),
    switch(
        "entra-busy",
        "0",
        &["2"],
        "the next N token requests are answered temporarily_unavailable",
    ),
];
