//! Who may send as whom: send as, send on behalf, own aliases (dossier 04 section 5).

use super::{
    http::{Outcome, access_denied, error},
    route::{Ctx, Target},
};

/// What the rights make of the sender that a message names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    /// The mailbox's primary address, whatever the message says.
    Primary,
    /// As the message says.
    Named,
    /// As the message says, on behalf of whom the message names: this user is the `Sender`.
    OnBehalf(usize),
}

/// Checks the From of a message that goes out from `target`. `trusts_from` is false where MIME may not
/// name an alias (a switch says otherwise).
pub(super) fn sender(
    ctx: &Ctx<'_>,
    target: &Target,
    from: Option<&str>,
    trusts_from: bool,
) -> Outcome<Sender> {
    let Some(owner) = ctx.world.users.get(target.at) else {
        return Ok(Sender::Primary);
    };
    let own_from = from.is_none_or(|f| owner.is(f));
    let at = match from {
        Some(from) if !own_from => ctx.world.user(from).ok_or_else(denied)?,
        _ => target.at,
    };
    let Some(user) = ctx.access.user else {
        // An application is the mailbox that it names, and no other.
        return match own_from {
            true => Ok(named(ctx, from, &owner.address, trusts_from)),
            false => Err(denied()),
        };
    };
    if at == user {
        return Ok(match own_from {
            true => named(ctx, from, &owner.address, trusts_from),
            false => Sender::Named,
        });
    }
    if !ctx.access.may(&["Mail.Send.Shared"]) {
        return Err(access_denied());
    }
    let person = ctx.world.directory.person(user);
    if person.is_some_and(|p| p.send_as.contains(&at)) {
        return Ok(match own_from {
            true => named(ctx, from, &owner.address, trusts_from),
            false => Sender::Named,
        });
    }
    if person.is_some_and(|p| p.send_on_behalf.contains(&at)) {
        return Ok(Sender::OnBehalf(user));
    }
    // Full access alone opens a mailbox; it sends nothing.
    Err(denied())
}

/// The mailbox's own name: its primary address, or an alias where that is honoured.
fn named(ctx: &Ctx<'_>, from: Option<&str>, primary: &str, trusts_from: bool) -> Sender {
    match from {
        None => Sender::Primary,
        Some(from) if from.eq_ignore_ascii_case(primary) => Sender::Named,
        Some(_) if trusts_from || ctx.world.switches.on("alias-from") => Sender::Named,
        Some(_) => Sender::Primary,
    }
}

fn denied() -> Box<super::http::Answer> {
    error(
        403,
        "ErrorSendAsDenied",
        "The user account which was used to submit this request does not have the right to send mail on behalf of the specified sending account., Cannot submit message.",
    )
}
