//! AADSTS numbers that people meet, and what to do about each (Entra: error code reference).
//!
//! Numbers choose words, and tell a policy that only an administrator can change from a sign-in that
//! has run out; everything else is decided on `error`.

/// Too many identical token requests: a client in a loop. Back off for minutes.
pub const LOOP: u32 = 50196;

/// The same sign-in would end the same way: account, app or policy must be changed first.
pub fn needs_administrator(number: u32) -> bool {
    matches!(
        number,
        50057
            | 50105
            | 50131
            | 53000..=53004
            | 53010
            | 530032
            | 530035
            | 65005
            | 650052..=650054
            | 650056
            | 650057
            | 90072
            | 90094
            | 90095
            | 500014
            | 500021
            | 500022
            | 500212
            | 500213
    )
}

/// One line: what it means and what helps.
pub fn advice(number: u32) -> Option<&'static str> {
    Some(match number {
        16000 => "this account does not belong to the tenant; choose another one",
        50020 | 50034 | 51004 | 90072 => {
            "the user is not known in this tenant; check `tenant` and `user` in the config file"
        }
        50053 => "the account is locked after too many attempts; wait, or ask the administrator",
        50055 | 50144 => "the password has expired; change it in the browser",
        50057 => "the account is disabled; ask the administrator",
        50059 | 50128 => {
            "the tenant cannot be told from the request; set `tenant` to its id or domain"
        }
        50074 | 50076 | 50078 => "a second factor is asked for",
        50072 | 50079 => "a second factor must be set up first; the browser leads through it",
        50097 | 50129 | 50155 => "the tenant asks for a registered device",
        50105 => "the user is not assigned to this application; ask the administrator to assign it",
        50131 | 53000..=53003 | 530032 => {
            "a Conditional Access policy of the tenant blocks this sign-in; ask the administrator to \
             allow it for this application"
        }
        530035 => "the tenant's security defaults block this sign-in; ask the administrator",
        53004 | 53010 => "the second factor cannot be registered from here; ask the administrator",
        50132 | 50133 | 50173 => "the password was changed, or sessions were revoked",
        50158 => "another check is asked for (terms of use, a third-party factor)",
        50194 | 9002332 => {
            "the application is registered for other accounts than `tenant` says; set `tenant` to \
             the tenant's id or domain"
        }
        LOOP => "the login service found too many identical requests; waiting some minutes",
        54005 | 70008 => "the sign-in has expired or was used already",
        65001 => "nobody has consented to the permissions that this account asks for",
        65004 => "the consent was declined",
        65005 | 650052..=650054 | 650056 | 650057 => {
            "the application's registered permissions do not fit; the administrator must add Microsoft \
             Graph's delegated mail permissions"
        }
        90094 | 90095 => {
            "the tenant wants an administrator to consent to this application's permissions"
        }
        70000 => "the stored sign-in is not valid for this application (was `client_id` changed?)",
        70001 | 700016 => {
            "the application is not known in this tenant; check `client_id` and `tenant`"
        }
        7000112 => "the application is disabled in this tenant; ask the administrator",
        7000218 => {
            "the application is not registered as a public client: in its registration, under \
             Authentication, switch on \"Allow public client flows\""
        }
        700025 => "the application is a public client, but a secret was sent",
        7000215 | 70002 => "the client secret is wrong (the secret's value is meant, not its id)",
        7000222 => "the client secret has expired",
        700082 => "the sign-in has expired: it was not used for 90 days",
        700084 => {
            "the application is registered as a single-page application, whose sign-ins last a day; \
             register it under \"Mobile and desktop applications\""
        }
        70043 => "the tenant asks for a new sign-in from time to time, and that time is over",
        70011 | 28002 | 28003 => {
            "the permissions asked for are not valid here; check `[cloud]` and `use`"
        }
        90002 => "the tenant does not exist in this cloud; check `tenant` and `[cloud]`",
        90038 | 90051 | 900382 | 900432 => {
            "the tenant is in another national cloud; set `[cloud]` accordingly"
        }
        500011 | 500014 => {
            "Microsoft Graph is not available to this tenant; check `[cloud]` and the subscription"
        }
        500021 | 500022 | 500212 | 500213 => {
            "a restriction between tenants blocks this sign-in; ask the administrator"
        }
        500208 => "this kind of account does not fit the tenant; sign in with another one",
        70018 => "the code was not accepted",
        70019 | 70020 => "the code has expired",
        _ => return None,
    })
}
