//! Modified UTF-7 for mailbox names (RFC 3501 section 5.1.3), strict both ways.

/// Not modified UTF-7: raw 8-bit, an open shift, bad base64, printable ASCII or half a surrogate
/// pair inside one. Two spellings of one name would be two names to the client, so none but the
/// canonical one is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

pub fn encode(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut shifted: Vec<u16> = Vec::new();
    for c in name.chars() {
        if !matches!(c, ' '..='~') {
            shifted.extend_from_slice(c.encode_utf16(&mut [0; 2]));
            continue;
        }
        unshift(&mut shifted, &mut out);
        out.push(c);
        if c == '&' {
            out.push('-');
        }
    }
    unshift(&mut shifted, &mut out);
    out
}

/// Writes what is shifted, in base64 without padding, `,` for `/`.
fn unshift(units: &mut Vec<u16>, out: &mut String) {
    if units.is_empty() {
        return;
    }
    out.push('&');
    let (mut bits, mut count) = (0u32, 0);
    for unit in units.drain(..) {
        bits = bits << 16 | u32::from(unit);
        count += 16;
        while count >= 6 {
            count -= 6;
            push_digit(bits >> count, out);
        }
        bits &= (1 << count) - 1;
    }
    if count > 0 {
        push_digit(bits << (6 - count), out);
    }
    out.push('-');
}

fn push_digit(bits: u32, out: &mut String) {
    let digit = DIGITS.get((bits & 63) as usize).copied().unwrap_or(b'A');
    out.push(char::from(digit));
}

pub fn decode(name: &[u8]) -> Result<String, Malformed> {
    let mut out = String::with_capacity(name.len());
    let mut rest = name.iter().copied();
    while let Some(octet) = rest.next() {
        match octet {
            b'&' => {
                let digits: Vec<u8> = rest.by_ref().take_while(|&b| b != b'-').collect();
                if digits.is_empty() {
                    out.push('&');
                } else {
                    out.push_str(&shifted(&digits)?);
                }
            }
            b' '..=b'~' => out.push(char::from(octet)),
            _ => return Err(Malformed),
        }
    }
    // One spelling for each name: an open shift, two shifts side by side and stray bits fail here.
    (encode(&out).as_bytes() == name)
        .then_some(out)
        .ok_or(Malformed)
}

fn shifted(digits: &[u8]) -> Result<String, Malformed> {
    let mut units = Vec::with_capacity(digits.len());
    let (mut bits, mut count) = (0u32, 0);
    for digit in digits {
        let value = DIGITS.iter().position(|d| d == digit).ok_or(Malformed)?;
        bits = bits << 6 | u32::try_from(value).map_err(|_| Malformed)?;
        count += 6;
        if count >= 16 {
            count -= 16;
            units.push(u16::try_from(bits >> count & 0xFFFF).map_err(|_| Malformed)?);
            bits &= (1 << count) - 1;
        }
    }
    String::from_utf16(&units).map_err(|_| Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_names() {
        for (plain, wire) in [
            ("INBOX", "INBOX"),
            ("R&D", "R&-D"),
            ("Entwürfe", "Entw&APw-rfe"),
            ("Gelöschte Elemente", "Gel&APY-schte Elemente"),
            ("台北/日本語", "&U,BTFw-/&ZeVnLIqe-"),
            ("🚀", "&2D3egA-"),
            ("&&", "&-&-"),
            ("", ""),
        ] {
            assert_eq!(encode(plain), wire);
            assert_eq!(decode(wire.as_bytes()).as_deref(), Ok(plain));
        }
    }

    #[test]
    fn malformed_names() {
        for bad in [
            "&",
            "a&AP",
            "&APw",
            "&APx-",
            "&AP\u{FC}-",
            "&!-",
            "&AGE-",
            "&2D0-",
            "&3gA-",
            "ü",
            "a\tb",
            "&APw-&APw-",
            "&AA-",
        ] {
            assert_eq!(decode(bad.as_bytes()), Err(Malformed), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_name_comes_back(name in any::<String>()) {
            let wire = encode(&name);
            prop_assert!(wire.bytes().all(|b| (b' '..=b'~').contains(&b)));
            prop_assert_eq!(decode(wire.as_bytes()), Ok(name));
        }

        #[test]
        fn decoding_never_panics_and_is_one_to_one(wire in any::<Vec<u8>>()) {
            if let Ok(name) = decode(&wire) {
                prop_assert_eq!(encode(&name).into_bytes(), wire);
            }
        }
    }
}
