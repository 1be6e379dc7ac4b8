//! What no single key can tell: combinations that cannot work.

use super::read::{Placed, Reader};
use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
};

/// One address cannot be listened on twice, nor beside the wildcard of its family.
pub(super) fn addresses<'a>(
    reader: &Reader<'_>,
    all: impl Iterator<Item = &'a Placed<SocketAddr>>,
) {
    let mut seen: Vec<&Placed<SocketAddr>> = Vec::new();
    for place in all {
        // Port 0 is any free one, each time another.
        if place.value.port() == 0 {
            continue;
        }
        if let Some(other) = seen.iter().find(|o| collide(o.value, place.value)) {
            // Complain where the file can be changed: a default has no line of its own.
            let (culprit, other) = if place.at == 0 {
                (*other, place)
            } else {
                (place, *other)
            };
            culprit.complain(
                reader,
                format!("{} is taken by {} already", culprit.value, other.key),
                "another port",
            );
        }
        seen.push(place);
    }
}

fn collide(a: SocketAddr, b: SocketAddr) -> bool {
    let wild = |ip: IpAddr| ip.is_unspecified();
    a.port() == b.port()
        && a.is_ipv4() == b.is_ipv4()
        && (a.ip() == b.ip() || wild(a.ip()) || wild(b.ip()))
}

/// Names that must differ between accounts, compared without regard to case.
#[derive(Default)]
pub(super) struct Logins(HashMap<String, String>);

impl Logins {
    /// `whose` is the account's name; a login of the same account may repeat itself.
    pub(super) fn claim(&mut self, reader: &Reader<'_>, login: &Placed<String>, whose: &str) {
        let folded = login.value.to_lowercase();
        match self.0.get(&folded) {
            Some(other) if other != whose => login.complain(
                reader,
                format!(
                    "account \"{other}\" has \"{}\" already, so a login by it would be ambiguous",
                    login.value
                ),
                "a name and a mailbox of its own for each account",
            ),
            Some(_) => {}
            None => {
                self.0.insert(folded, whose.to_owned());
            }
        }
    }
}
