//! CIDR networks (RFC 4632, RFC 4291 section 2.3) that a credential may be used from.

use std::net::IpAddr;

/// Whether `network` (`192.0.2.0/24`, `2001:db8::/32`, or one address) holds `peer`. One that
/// cannot be read holds nobody.
pub(super) fn holds(network: &str, peer: IpAddr) -> bool {
    let (address, length) = match network.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (network, None),
    };
    let Ok(address) = address.trim().parse::<IpAddr>() else {
        return false;
    };
    let (bits, all) = match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    };
    let length = match length.map(|l| l.trim().parse::<u32>()) {
        None => all,
        Some(Ok(length)) if length <= all => length,
        Some(_) => return false,
    };
    // A peer that came over a dual-stack socket.
    let peer = match (peer.to_canonical(), all) {
        (IpAddr::V4(v4), 32) => u128::from(v4.to_bits()) << 96,
        (IpAddr::V6(v6), 128) => v6.to_bits(),
        _ => return false,
    };
    (bits ^ peer).checked_shr(128 - length).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_whom_they_should() {
        let cases = [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.6", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("192.0.2.0/24", "::ffff:192.0.2.1", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "::1", true),
            ("::1", "::1", true),
            ("192.0.2.0/33", "192.0.2.0", false),
            ("192.0.2.0/x", "192.0.2.0", false),
            ("nonsense", "192.0.2.0", false),
            ("", "192.0.2.0", false),
        ];
        for (network, peer, held) in cases {
            assert_eq!(
                holds(network, peer.parse().unwrap()),
                held,
                "{network} {peer}"
            );
        }
    }
}
