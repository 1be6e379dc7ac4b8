//! The commands whose grammar `imap-codec` reads for us.

use super::{Command, Fault, Name, decode::mailbox as name_of};
use crate::mail::{MailboxName, Secret};
use imap_codec::{
    CommandCodec,
    decode::Decoder,
    imap_types::{
        auth::AuthMechanism,
        command::{Command as Decoded, CommandBody},
        core::{AString, IString},
        mailbox::Mailbox,
    },
};

/// Hands the whole command, tag included, to the codec.
pub(super) fn decode(command: &[u8]) -> Result<Command, Fault> {
    with_decoded(command, |decoded| convert(decoded.body))?
}

/// The codec wants the line end that framing cut off; a literal must have its announcement in the
/// form that the codec knows, which is that of the wire.
pub(super) fn with_decoded<T>(
    command: &[u8],
    f: impl FnOnce(Decoded<'_>) -> T,
) -> Result<T, Fault> {
    let line = [command, b"\r\n"].concat();
    match CommandCodec::default().decode(&line) {
        Ok(([], decoded)) => Ok(f(decoded)),
        _ => Err(Fault::Syntax),
    }
}

fn convert(body: CommandBody<'_>) -> Result<Command, Fault> {
    Ok(match body {
        CommandBody::Capability => Command::Capability,
        CommandBody::Noop => Command::Noop,
        CommandBody::Logout => Command::Logout,
        CommandBody::Id { .. } => Command::Id,
        CommandBody::Authenticate {
            mechanism,
            initial_response,
        } => Command::Authenticate {
            mechanism: mechanism_name(&mechanism),
            initial: initial_response.map(|r| Secret::new(r.declassify().to_vec())),
        },
        CommandBody::Login { username, password } => Command::Login {
            user: octets(&username)?.to_vec(),
            password: Secret::new(octets(password.declassify())?.to_vec()),
        },
        CommandBody::Enable { .. } => Command::Enable,
        CommandBody::Namespace => Command::Namespace,
        // No parameter is offered (CONDSTORE, QRESYNC): one is an error.
        CommandBody::Select {
            mailbox,
            parameters,
        } if parameters.is_empty() => Command::Select(name(&mailbox)),
        CommandBody::Examine {
            mailbox,
            parameters,
        } if parameters.is_empty() => Command::Examine(name(&mailbox)),
        CommandBody::Subscribe { mailbox } => Command::Subscribe(name(&mailbox)),
        CommandBody::Unsubscribe { mailbox } => Command::Unsubscribe(name(&mailbox)),
        CommandBody::Check => Command::Check,
        CommandBody::Close => Command::Close,
        CommandBody::Unselect => Command::Unselect,
        CommandBody::Idle => Command::Idle,
        _ => return Err(Fault::Syntax),
    })
}

fn mechanism_name(mechanism: &AuthMechanism<'_>) -> String {
    mechanism.to_string().to_ascii_uppercase()
}

pub(super) fn name(mailbox: &Mailbox<'_>) -> Name {
    match mailbox {
        Mailbox::Inbox => Some(MailboxName::inbox()),
        Mailbox::Other(other) => octets(other.inner()).ok().and_then(name_of),
    }
}

/// Raw UTF-8 in a quoted string needs UTF8=ACCEPT (RFC 6855), which is not offered.
pub(super) fn octets<'a>(text: &'a AString<'_>) -> Result<&'a [u8], Fault> {
    Ok(match text {
        AString::Atom(atom) => atom.as_ref().as_bytes(),
        AString::String(IString::Quoted(quoted)) => quoted.as_ref().as_bytes(),
        AString::String(IString::Literal(literal)) => literal.as_ref(),
        AString::String(IString::QuotedUtf8(_)) => return Err(Fault::Syntax),
    })
}
