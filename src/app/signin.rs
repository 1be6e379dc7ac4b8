//! Signing an account in, and proving that the right person did.

use super::{Base, Error, Result, seat::Seat};
use crate::{
    graph::Client,
    oauth::device::{DeviceLogin, Prompt},
};

/// Runs the device code flow for an account. `show` gets what the user must do.
///
/// Nothing is kept unless the one who signed in is the configured user (mail, userPrincipalName or
/// a proxy address of `/me`) and the same as before; `replace` lets another one in. Returns the
/// user's address.
pub(super) async fn sign_in(
    base: &Base,
    seat: &Seat,
    replace: bool,
    show: impl AsyncFnOnce(Prompt),
) -> Result<String> {
    let link = seat.link()?;
    let (mut login, prompt) = DeviceLogin::start(&link.tokens).await?;
    show(prompt).await;
    let identity = login.wait().await?;
    let Some(token) = login.access_token() else {
        return Err(Error::WrongUser("nobody signed in".to_owned()));
    };
    let account = &seat.account;
    let user = Client::whoami(&link.http, &account.cloud.graph_url, &token).await?;
    let shown = user.mail.as_ref().or(user.user_principal_name.as_ref());
    let shown = shown.unwrap_or(&user.id).clone();
    if !user.is(&account.user) {
        return Err(Error::WrongUser(format!(
            "signed in as {shown}, expected {}: nothing was kept; sign in as {} instead, or set \
             `user = \"{shown}\"` for account {}",
            account.user, account.user, account.name
        )));
    }
    let earlier = base.store.pin(&account.name).await?;
    let same = earlier.is_none_or(|pin| {
        pin.tenant_id == identity.tenant_id && pin.object_id == identity.object_id
    });
    if !same && !replace {
        return Err(Error::WrongUser(format!(
            "{shown} is not the user who signed in to account {} before, although the address \
             is the same: nothing was kept; if that is right, run `postern account login {} \
             --replace` (mail programs will then load the mailbox anew)",
            account.name, account.name
        )));
    }
    base.store
        .set_pin(&account.name, &identity.tenant_id, &identity.object_id)
        .await?;
    login.keep().await?;
    seat.signed_in.notify_one();
    Ok(shown)
}
