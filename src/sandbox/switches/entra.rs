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
    switch(
        "cae-token-seconds",
        "86399",
        &[],
        "life of access tokens whose client declared cp1",
    ),
    switch(
        "token-loop-limit",
        "200",
        &[],
        "identical refresh requests in five minutes before AADSTS50196 (0: never)",
    ),
    switch(
        "entra-interaction-required",
        "false",
        &["true"],
        "policies are refused at the token endpoint as interaction_required, not invalid_grant (open point 16)",
    ),
    switch(
        "entra-suberror-omitted",
        "false",
        &["true"],
        "errors of the token endpoint have no suberror (open point 16)",
    ),
    switch(
        "entra-description-lines",
        "false",
        &["true"],
        "error descriptions have line ends before Trace ID, as older answers do, and not blanks",
    ),
    switch(
        "scope-full-form",
        "false",
        &["true"],
        "token answers name Graph's scopes with their resource",
    ),
    switch(
        "scopes-accumulate",
        "false",
        &["true"],
        "an access token holds every scope that was ever consented to",
    ),
    switch(
        "personal-shared-invalid-grant",
        "false",
        &["true"],
        ".Shared scopes of a personal account: invalid_grant, not invalid_scope (open point 19)",
    ),
    switch(
        "challenge-among-others",
        "false",
        &["true"],
        "a 401 carries another WWW-Authenticate field before Bearer's",
    ),
    switch(
        "raop-marker",
        "false",
        &["true"],
        "the refusal of an application access policy has the newer text with [RAOP]",
    ),
];
