//! Whether a Graph request may do what it wants: its token, its scopes or application permissions, and the
//! rights on the mailbox that it names (dossier 01 sections 5, 9 and 10; 05 section 4).

use super::{
    directory,
    entra::{Access, Challenge},
    http::{
        Answer, Call, Outcome, Payload, access_denied, bad_request, error, not_found,
        percent_encode,
    },
    route::{Ctx, Target},
    world::{World, now},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::time::Instant;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Read,
    Write,
    Send,
}

/// Whose token a request carries, if it is known and alive.
pub(super) fn peek<'a>(world: &'a World, call: &Call) -> Option<&'a Access> {
    let access = world.entra.access.get(bearer(call)?)?;
    (access.expires > Instant::now()).then_some(access)
}

fn bearer(call: &Call) -> Option<&str> {
    let (scheme, token) = call.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The token of a request, or the 401.
pub(super) fn authenticate(world: &World, call: &Call) -> Outcome<Access> {
    let refuse = |message: &str| unauthorized(world, message, "");
    let token = bearer(call).unwrap_or("");
    if token.is_empty() {
        return Err(refuse("Access token is empty."));
    }
    let Some(access) = world.entra.access.get(token) else {
        return Err(match token.split('.').count() {
            3 => refuse("Access token validation failure. Signing key is invalid."),
            _ => refuse(
                "IDX14100: JWT is not well formed, there are no dots (.).\nThe token needs to be in JWS or JWE Compact Serialization Format.",
            ),
        });
    };
    if !access.is_for_graph() {
        return Err(refuse("Access token validation failure. Invalid audience."));
    }
    if access.expires <= Instant::now() {
        return Err(refuse("Lifetime validation failed, the token is expired."));
    }
    if let Some(why) = challenged(world, access) {
        let claims =
            json!({"access_token": {"nbf": {"essential": true, "value": now().to_string()}}});
        let claims = STANDARD.encode(claims.to_string());
        let message = format!(
            "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: {why}"
        );
        let extra = format!(", error=\"insufficient_claims\", claims=\"{claims}\"");
        let mut answer = unauthorized(world, &message, &extra);
        if world.entra.challenge.is_some_and(|c| c.forbidden) {
            answer.status = 403;
        }
        return Err(answer);
    }
    Ok(access.clone())
}

fn unauthorized(world: &World, message: &str, extra: &str) -> Box<Answer> {
    let login = world.directory.cloud.login;
    let challenge = format!(
        "Bearer realm=\"\", authorization_uri=\"https://{login}/common/oauth2/authorize\", client_id=\"00000003-0000-0000-c000-000000000000\"{extra}"
    );
    let mut answer = error(401, "InvalidAuthenticationToken", message);
    if world.switches.on("challenge-among-others") {
        answer.headers.push((
            "www-authenticate".to_owned(),
            "PoP realm=\"\", nonce=\"none\"".to_owned(),
        ));
    }
    answer
        .headers
        .push(("www-authenticate".to_owned(), challenge));
    answer
}

/// Why continuous access evaluation challenges a token. Clients that never declared `cp1` are left alone.
fn challenged(world: &World, access: &Access) -> Option<&'static str> {
    let person = access.user.and_then(|at| world.directory.person(at));
    let revoked = person.is_some_and(|p| p.disabled || p.deleted || access.stamp < p.valid_from);
    if access.evaluated && revoked {
        return Some("TokenIssuedBeforeRevocationTimestamp");
    }
    let Challenge {
        since, everyone, ..
    } = world.entra.challenge?;
    let outdated = access.issued < since || !access.with_claims;
    (outdated && (everyone || access.evaluated)).then_some("TokenCreatedWithOutdatedPolicies")
}

/// Finds the mailbox and checks that the token may do what it wants there.
pub(super) fn reach(ctx: &Ctx<'_>, who: Option<&str>, need: Need) -> Outcome<Target> {
    let Some(own) = ctx.access.user else {
        return alone(ctx, who, need);
    };
    let at = match who {
        None => own,
        Some(who) => find(ctx.world, who)?,
    };
    if !ctx.access.may(delegated(need, at == own)) {
        return Err(access_denied());
    }
    has_mailbox(ctx.world, at)?;
    if at != own && !has_rights(ctx.world, own, at) {
        return Err(match ctx.world.switches.number("shared-denied-as") {
            404 => not_found(),
            _ => access_denied(),
        });
    }
    Ok(target(ctx.world, at, who))
}

fn find(world: &World, who: &str) -> Outcome<usize> {
    world.user(who).ok_or_else(|| {
        error(
            404,
            "ErrorInvalidUser",
            &format!("The requested user '{who}' is invalid."),
        )
    })
}

/// Any of these delegated scopes will do. The `.Shared` ones cover the own mailbox too.
fn delegated(need: Need, own: bool) -> &'static [&'static str] {
    match (need, own) {
        (Need::Read, true) => &[
            "Mail.Read",
            "Mail.ReadBasic",
            "Mail.ReadWrite",
            "Mail.Read.Shared",
            "Mail.ReadBasic.Shared",
            "Mail.ReadWrite.Shared",
        ],
        (Need::Read, false) => &[
            "Mail.Read.Shared",
            "Mail.ReadBasic.Shared",
            "Mail.ReadWrite.Shared",
        ],
        (Need::Write, true) => &["Mail.ReadWrite", "Mail.ReadWrite.Shared"],
        (Need::Write, false) => &["Mail.ReadWrite.Shared"],
        (Need::Send, true) => &["Mail.Send", "Mail.Send.Shared"],
        (Need::Send, false) => &["Mail.Send.Shared"],
    }
}

/// The application without a user: permissions for every mailbox, narrowed by an access policy, or given
/// by Exchange for some.
fn alone(ctx: &Ctx<'_>, who: Option<&str>, need: Need) -> Outcome<Target> {
    let who = who.ok_or_else(|| {
        bad_request("/me request is only valid with delegated authentication flow.")
    })?;
    let at = find(ctx.world, who)?;
    let wanted: &[&str] = match need {
        Need::Read => &[
            "Mail.Read",
            "Mail.ReadBasic",
            "Mail.ReadBasic.All",
            "Mail.ReadWrite",
        ],
        Need::Write => &["Mail.ReadWrite"],
        Need::Send => &["Mail.Send"],
    };
    let by_entra = ctx
        .access
        .roles
        .iter()
        .any(|r| wanted.contains(&r.as_str()));
    let app = ctx.world.directory.app(&ctx.access.client);
    let named = |list: &[String]| list.iter().any(|m| ctx.world.user(m) == Some(at));
    let by_exchange = app.is_some_and(|app| {
        app.exchange_roles.iter().any(|(role, mailboxes)| {
            let role = role.strip_prefix("Application ").unwrap_or(role);
            wanted.contains(&role) && mailboxes.as_deref().is_none_or(named)
        })
    });
    if !by_exchange {
        if !by_entra {
            return Err(access_denied());
        }
        let policy = app.and_then(|app| app.access_policy.as_deref());
        if policy.is_some_and(|list| !named(list)) {
            let text = match ctx.world.switches.on("raop-marker") {
                true => {
                    "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings."
                }
                false => "Access to OData is disabled.",
            };
            return Err(error(403, "ErrorAccessDenied", text));
        }
    }
    has_mailbox(ctx.world, at)?;
    Ok(target(ctx.world, at, Some(who)))
}

fn has_mailbox(world: &World, at: usize) -> Outcome<()> {
    if !world.directory.exchange {
        let text = format!(
            "The tenant for tenant guid '{}' does not exist.",
            world.tenant.id
        );
        return Err(error(401, "OrganizationFromTenantGuidNotFound", &text));
    }
    let state = world.directory.person(at).map(|p| p.mailbox);
    match state {
        Some(directory::Mailbox::Ready) | None => Ok(()),
        Some(directory::Mailbox::None | directory::Mailbox::OnPremises) => Err(error(
            404,
            "MailboxNotEnabledForRESTAPI",
            "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
        )),
    }
}

fn target(world: &World, at: usize, who: Option<&str>) -> Target {
    let id = world.users.get(at).map(|u| u.object_id.clone());
    let name = who.map_or_else(|| id.unwrap_or_default(), str::to_owned);
    Target {
        at,
        context: format!("users('{}')", percent_encode(&name)),
        plain: format!("users('{name}')"),
        path: who.map_or_else(|| "me".to_owned(), |w| format!("users('{w}')")),
    }
}

/// Full access to another's mailbox.
pub(super) fn has_rights(world: &World, user: usize, mailbox: usize) -> bool {
    let granted = world
        .users
        .get(user)
        .map(|u| u.full_access.as_slice())
        .unwrap_or_default();
    world
        .users
        .get(mailbox)
        .is_some_and(|m| granted.iter().any(|a| m.is(a)))
}

/// A token that may read basics only: neither bodies nor attachments nor extended properties.
pub(super) fn is_basic(access: &Access) -> bool {
    const MORE: &[&str] = &[
        "Mail.Read",
        "Mail.ReadWrite",
        "Mail.Read.Shared",
        "Mail.ReadWrite.Shared",
    ];
    let basic = |name: &String| name.starts_with("Mail.ReadBasic");
    let more = |name: &String| MORE.contains(&name.as_str());
    let all = || access.scopes.iter().chain(&access.roles);
    all().any(basic) && !all().any(more)
}

/// Refuses what a basic token must not ask for.
pub(super) fn basic_may_ask(call: &Call, rest: &[&str]) -> Outcome<()> {
    let inside = rest
        .iter()
        .any(|s| s.eq_ignore_ascii_case("$value") || s.eq_ignore_ascii_case("attachments"));
    let looks = ["expand", "search"]
        .iter()
        .any(|o| call.option(o).is_some());
    match inside || looks {
        true => Err(access_denied()),
        false => Ok(()),
    }
}

/// Takes out of an answer what a basic token does not see.
pub(super) fn strip_to_basic(answer: &mut Answer) {
    const HIDDEN: &[&str] = &[
        "body",
        "bodyPreview",
        "uniqueBody",
        "attachments",
        "extensions",
        "singleValueExtendedProperties",
        "multiValueExtendedProperties",
    ];
    let Payload::Json(body) = &mut answer.payload else {
        return;
    };
    let strip = |value: &mut Value| {
        if let Value::Object(map) = value {
            map.retain(|name, _| !HIDDEN.contains(&name.as_str()));
        }
    };
    strip(body);
    if let Some(Value::Array(list)) = body.get_mut("value") {
        list.iter_mut().for_each(strip);
    }
}
