//! Entra's refusals: AADSTS numbers, the `error` and `suberror` that go with each, and their JSON (dossier 01
//! sections 2 and 8; Entra: authentication and authorization error codes).
//!
//! The pairing of number and `error` is documented in part only. Where two are known, `token` is what the
//! token endpoint says and `front` what an authorize redirect says; a switch makes the token endpoint say the
//! latter too.

use crate::sandbox::{
    http::{Answer, Call, Payload, put},
    world::{World, now},
};
use serde_json::{Value, json};

/// How a number is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    pub(super) number: u32,
    /// `error` at the token endpoint.
    pub(super) token: &'static str,
    /// `error` at a redirect.
    pub(super) front: &'static str,
    pub(super) suberror: &'static str,
    pub(super) text: &'static str,
}

const fn one(number: u32, error: &'static str, text: &'static str) -> Kind {
    Kind {
        number,
        token: error,
        front: error,
        suberror: "",
        text,
    }
}

const fn two(number: u32, suberror: &'static str, text: &'static str) -> Kind {
    Kind {
        number,
        token: "invalid_grant",
        front: "interaction_required",
        suberror,
        text,
    }
}

const fn sub(number: u32, suberror: &'static str, text: &'static str) -> Kind {
    Kind {
        number,
        token: "invalid_grant",
        front: "login_required",
        suberror,
        text,
    }
}

/// Every number of the dossier. The texts say the same as Microsoft's, in other words.
#[rustfmt::skip]
const TABLE: &[Kind] = &[
    one(16000, "interaction_required", "The account is not known to this tenant, or several accounts are signed in: another one has to be picked."),
    one(28002, "invalid_scope", "The scope asked for is not valid in a request for an access token."),
    one(28003, "invalid_scope", "The scope of a request that redeems an authorization code must not be empty."),
    one(50011, "invalid_request", "The redirect URI of the request is not among those registered for the application."),
    one(50012, "invalid_client", "The assertion could not be authenticated: its signature is wrong."),
    one(50020, "invalid_grant", "The account does not exist in this tenant and must be invited there first."),
    one(50027, "invalid_client", "The client assertion is no valid token."),
    one(50033, "temporarily_unavailable", "A transient error has occurred. Try again."),
    one(50034, "invalid_grant", "The user account does not exist in this directory."),
    one(50053, "invalid_grant", "The account is locked after too many attempts to sign in with a wrong user ID or password."),
    sub(50055, "user_password_expired", "The password has expired."),
    one(50057, "invalid_grant", "The user account is disabled."),
    one(50058, "login_required", "A silent sign-in was asked for, but nobody is signed in."),
    one(50059, "invalid_request", "Neither the request nor a credential in it tells the tenant."),
    two(50072, "basic_action", "A second factor must be enrolled to get access."),
    two(50074, "basic_action", "Strong authentication is required."),
    two(50076, "basic_action", "A policy, or a new location, asks for multi-factor authentication."),
    two(50078, "basic_action", "The proof of multi-factor authentication has aged out: it must be given again."),
    two(50079, "basic_action", "A policy, or a new location, asks the user to enrol for multi-factor authentication."),
    sub(50085, "", "The refresh token needs a sign-in at the social identity provider."),
    one(50087, "temporarily_unavailable", "A transient error has occurred. Try again."),
    sub(50089, "", "The flow token has expired. Sign in again."),
    two(50097, "additional_action", "Device authentication is required."),
    one(50105, "access_denied", "The administrator has limited the application to users assigned to it, and this user is not."),
    one(50126, "invalid_grant", "The user name or the password is wrong."),
    one(50128, "invalid_request", "The domain name is not valid: no tenant can be told from the request."),
    two(50129, "additional_action", "The device is not joined to the workplace, which is required."),
    two(50131, "message_only", "Conditional Access refuses the sign-in: device state, location or suspicious activity."),
    sub(50132, "bad_token", "The session is over: the password has expired or was changed."),
    sub(50133, "bad_token", "The session is over: the password has expired or was changed."),
    sub(50144, "user_password_expired", "The password of the on-premises account has expired."),
    one(50147, "invalid_request", "The code challenge is missing, or its size is wrong."),
    one(50148, "invalid_grant", "The code verifier is missing, or does not match the code challenge of the authorization request."),
    one(50149, "invalid_request", "The code challenge method is not valid."),
    two(50155, "additional_action", "Device authentication failed for this user."),
    two(50158, "additional_action", "An external challenge, such as terms of use, has not been met."),
    sub(50173, "bad_token", "The grant is over since it was revoked: sign in again. The password may have been changed."),
    one(50194, "invalid_request", "The application is not registered as multi-tenant, so the /common endpoint is not for it. Use the tenant's."),
    one(50196, "invalid_grant", "The server ended the operation: the client is in a loop of identical requests."),
    two(53000, "message_only", "The device does not comply with the policies that access requires."),
    two(53001, "message_only", "The device is not joined to a domain, which access requires."),
    two(53002, "protection_policy_required", "The application is not among those approved for Conditional Access."),
    two(53003, "message_only", "Conditional Access policies block the token."),
    two(53004, "message_only", "Multi-factor authentication cannot be set up: suspicious activity was found."),
    two(53010, "message_only", "Multi-factor authentication cannot be set up from this place or device."),
    one(54005, "invalid_grant", "The authorization code was redeemed already. Get a new one, or use the refresh token."),
    Kind { number: 65001, token: "invalid_grant", front: "consent_required", suberror: "consent_required",
        text: "Neither the user nor an administrator has consented to the application's use of these permissions. Send an interactive authorization request." },
    one(65004, "access_denied", "The user declined to consent to the application."),
    one(65005, "invalid_resource", "The application asks for a resource that its registration does not list."),
    sub(70000, "bad_token", "The grant is not valid: it is malformed, unknown, or another application's."),
    one(70001, "unauthorized_client", "The application is disabled, or not known to the tenant."),
    one(70002, "invalid_client", "The credentials are not valid."),
    one(70003, "unsupported_grant_type", "The grant type is not supported."),
    one(70007, "invalid_request", "The response mode is not supported for this kind of response."),
    sub(70008, "token_expired", "The authorization code or refresh token has expired. Sign in again."),
    one(70011, "invalid_scope", "The scope of the request is not valid."),
    one(70012, "server_error", "A server error occurred at the sign-in with a personal account. Try again."),
    one(70016, "authorization_pending", "OAuth 2.0 device flow error. Authorization is pending. Continue polling."),
    one(70018, "bad_verification_code", "The device code is not known."),
    one(70019, "expired_token", "The device code has expired."),
    one(70020, "expired_token", "The device code has expired. Start over."),
    one(70021, "authorization_declined", "The user declined the request."),
    sub(70043, "token_expired", "The refresh token has expired by the sign-in frequency that Conditional Access sets."),
    one(90002, "invalid_request", "The tenant is not found. Check its ID, and whether this is its cloud."),
    one(90006, "server_error", "The external service returned an error that may go by. Try again."),
    one(90012, "temporarily_unavailable", "The request timed out. Try again."),
    one(90013, "invalid_request", "Invalid input from the user."),
    one(90014, "invalid_request", "A required field of the request is missing."),
    one(90023, "invalid_request", "The request has a value that is not supported."),
    one(90024, "temporarily_unavailable", "A transient budget was exceeded. Try again."),
    one(90033, "temporarily_unavailable", "A transient error has occurred. Try again."),
    one(90038, "invalid_request", "The tenant belongs to another national cloud."),
    one(90051, "invalid_request", "The national cloud of the request is not valid."),
    one(90055, "temporarily_unavailable", "The tenant sends too many requests."),
    one(90072, "invalid_grant", "The external account does not exist in this tenant and cannot use the application there."),
    Kind { number: 90094, token: "invalid_grant", front: "consent_required", suberror: "consent_required",
        text: "The application asks for permissions that an administrator must consent to." },
    Kind { number: 90095, token: "invalid_grant", front: "access_denied", suberror: "consent_required",
        text: "An administrator must consent; the request for it was sent." },
    one(500011, "invalid_resource", "The resource principal was not found in the tenant: it is not installed there, or the request went to the wrong tenant."),
    one(500014, "invalid_resource", "The service principal of the resource is disabled: a subscription has lapsed, or an administrator switched it off."),
    one(500021, "access_denied", "Access to the tenant is denied by the restrictions of this network."),
    one(500022, "access_denied", "Access to the tenant is denied by its restrictions."),
    one(500112, "invalid_grant", "The redirect URI does not match the one of the authorization request."),
    one(500113, "invalid_request", "No redirect URI is registered for the application."),
    one(500208, "invalid_grant", "Accounts of this kind cannot sign in here: the domain does not fit the account type."),
    one(500212, "access_denied", "The user's home tenant does not allow access to this one."),
    one(500213, "access_denied", "This tenant does not allow access for users of others."),
    one(501481, "invalid_grant", "The code verifier does not match the code challenge of the authorization request."),
    one(501491, "invalid_request", "The code challenge has a wrong size."),
    two(530032, "message_only", "A Conditional Access policy of the tenant blocks the sign-in."),
    two(530035, "message_only", "Security defaults block the access."),
    one(650052, "invalid_client", "The application needs a service that the organization does not subscribe to or has not enabled."),
    one(650053, "invalid_client", "The application asks for a scope that the resource does not have."),
    one(650054, "invalid_client", "The application asks for a resource that has been removed or is not available."),
    one(650056, "invalid_client", "The application is misconfigured: its registration lists no permissions, or an administrator has not consented."),
    one(650057, "invalid_resource", "The application asks for a resource that its registration does not list."),
    one(700005, "invalid_grant", "The code was issued by another tenant than the one it is redeemed at."),
    one(700016, "unauthorized_client", "The application was not found in the directory. It may not be installed there, and nobody has consented to it."),
    one(700021, "invalid_client", "The issuer of the client assertion is another application than client_id names."),
    one(700022, "invalid_scope", "The scope names more than one resource."),
    one(700023, "invalid_scope", "The scope names no resource."),
    one(700024, "invalid_client", "The client assertion is not within its time of validity."),
    one(700025, "invalid_client", "The client is public: neither 'client_assertion' nor 'client_secret' may be presented."),
    one(700027, "invalid_client", "The signature of the client assertion cannot be verified: the key is not registered, or another one signed."),
    one(700054, "unsupported_response_type", "The response type 'id_token' is not enabled for the application."),
    Kind { number: 700082, token: "invalid_grant", front: "login_required", suberror: "token_expired",
        text: "The refresh token has expired due to inactivity." },
    Kind { number: 700084, token: "invalid_grant", front: "login_required", suberror: "token_expired",
        text: "The refresh token was issued to a single page app and has a fixed, limited lifetime that is over." },
    one(900144, "invalid_request", "The request must contain a parameter that it lacks."),
    one(900382, "invalid_request", "Confidential clients are not supported across national clouds."),
    one(900432, "invalid_request", "Confidential clients are not supported across national clouds."),
    one(7000112, "unauthorized_client", "The application is disabled."),
    one(7000215, "invalid_client", "The client secret is wrong. The secret's value must be sent, not its ID."),
    one(7000218, "invalid_client", "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."),
    one(7000222, "invalid_client", "The client secret has expired. Add a new one to the registration."),
    one(9001023, "invalid_request", "The grant type is not supported over the /common or /consumers endpoints. Use the tenant's."),
    one(9002313, "invalid_request", "The request is malformed or not valid."),
    one(9002332, "invalid_request", "The application is for organizational accounts only: the /consumers endpoint is not for it."),
];

/// The row of a number; numbers that no table knows are told as a malformed request.
pub(super) fn kind(number: u32) -> Kind {
    let found = TABLE.iter().find(|k| k.number == number).copied();
    found.unwrap_or(Kind {
        number,
        ..one(number, "invalid_request", "The request is refused.")
    })
}

pub(super) fn is_known(number: u32) -> bool {
    TABLE.iter().any(|k| k.number == number)
}

/// Status at the token endpoint.
fn status(error: &str) -> u16 {
    match error {
        "invalid_client" => 401,
        "temporarily_unavailable" => 503,
        "server_error" => 500,
        _ => 400,
    }
}

/// A refusal in the words of the table.
pub(super) fn refuse(world: &World, call: &Call, number: u32) -> Answer {
    refusal(world, call, number, kind(number).text)
}

/// A refusal with a text of its own.
pub(super) fn refusal(world: &World, call: &Call, number: u32, text: &str) -> Answer {
    let kind = kind(number);
    let policy = kind.front == "interaction_required";
    let error = match policy && world.switches.on("entra-interaction-required") {
        true => kind.front,
        false => kind.token,
    };
    named(world, call, error, number, text)
}

/// A refusal under another `error` than the table's (`slow_down` has no number of its own).
pub(super) fn named(world: &World, call: &Call, error: &str, number: u32, text: &str) -> Answer {
    let traces = Traces::of(call);
    let kind = kind(number);
    let mut body = json!({
        "error": error,
        "error_description": traces.describe(world, number, text),
        "error_codes": [number],
        "timestamp": traces.timestamp,
        "trace_id": traces.trace,
        "correlation_id": traces.correlation,
    });
    // Recorded pending answers have no error_uri.
    if number != 70016 {
        let page = format!("{}/error?code={number}", call.base);
        put(&mut body, "error_uri", page.into());
    }
    if !kind.suberror.is_empty() && !world.switches.on("entra-suberror-omitted") {
        put(&mut body, "suberror", kind.suberror.into());
    }
    if kind.token != kind.front && kind.front == "interaction_required" {
        // What the interactive request has to carry back.
        let claims = r#"{"access_token":{"capolids":{"essential":true,"values":["c1a0b2c3-0000-4000-8000-000000000001"]}}}"#;
        put(&mut body, "claims", claims.into());
    }
    let answer = json_answer(status(error), body).with("x-ms-request-id", traces.trace);
    match status(error) {
        503 => answer.with("retry-after", "1"),
        _ => answer,
    }
}

/// What a refusal says to find it again in the logs.
pub(super) struct Traces {
    pub(super) trace: String,
    /// The client's own id for its request, if it sent one.
    pub(super) correlation: String,
    pub(super) timestamp: String,
}

impl Traces {
    pub(super) fn of(call: &Call) -> Self {
        let sent = call.header("client-request-id");
        let sent = sent.filter(|id| uuid::Uuid::parse_str(id).is_ok());
        Self {
            trace: uuid::Uuid::new_v4().to_string(),
            correlation: sent.map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned),
            timestamp: chrono::DateTime::from_timestamp(now(), 0)
                .unwrap_or_default()
                .format("%Y-%m-%d %H:%M:%SZ")
                .to_string(),
        }
    }

    /// Newer answers have blanks before `Trace ID`, older ones line ends.
    pub(super) fn describe(&self, world: &World, number: u32, text: &str) -> String {
        let gap = match world.switches.on("entra-description-lines") {
            true => "\r\n",
            false => " ",
        };
        format!(
            "AADSTS{number}: {text}{gap}Trace ID: {}{gap}Correlation ID: {}{gap}Timestamp: {}",
            self.trace, self.correlation, self.timestamp
        )
    }
}

pub(super) fn json_answer(status: u16, body: Value) -> Answer {
    Answer {
        status,
        headers: Vec::new(),
        payload: Payload::Raw("application/json; charset=utf-8", body.to_string().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_without_doubles() {
        let numbers: Vec<_> = TABLE.iter().map(|k| k.number).collect();
        assert!(numbers.windows(2).all(|w| w[0] < w[1]), "{numbers:?}");
        assert!(is_known(53003) && !is_known(1));
        assert_eq!(kind(65001).front, "consent_required");
    }
}
