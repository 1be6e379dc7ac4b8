//! App passwords: how they look, and what of them is kept.

use super::AccountKey;
use crate::{mail::Secret, store::Error};
use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use zeroize::Zeroizing;

/// 32 letters that are read aloud and typed without mistake: no i, l, o, u.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Seven groups of four letters of five bits: 140 bits.
const LENGTH: usize = 28;
const GROUP: usize = 4;

/// Longer ones are no app passwords; nobody gets us to hash megabytes.
const LONGEST: usize = 256;

/// A new one, as `xxxx-xxxx-xxxx-xxxx-xxxx-xxxx-xxxx`.
pub(super) fn generate() -> Result<Secret<String>, Error> {
    let mut octets = Zeroizing::new([0u8; LENGTH]);
    let filled = SystemRandom::new().fill(octets.as_mut());
    filled.map_err(|_| Error::Crypto)?;
    let mut text = String::with_capacity(LENGTH + LENGTH / GROUP);
    for (i, octet) in octets.iter().enumerate() {
        if i > 0 && i % GROUP == 0 {
            text.push('-');
        }
        // 256 is a multiple of 32: each letter is as likely as any other.
        let letter = LETTERS.get(usize::from(octet % 32));
        text.extend(letter.map(|l| char::from(*l)));
    }
    Ok(Secret::new(text))
}

/// What the store keeps: HMAC-SHA-256 with the installation's key. Case, dashes and spaces do not
/// matter, and letters that look like another one are taken for it.
pub(super) fn hash(key: &AccountKey, password: &Secret<String>) -> [u8; 32] {
    let mut folded = Zeroizing::new(Vec::with_capacity(LONGEST));
    folded.extend(password.expose().bytes().take(LONGEST).filter_map(fold));
    if password.expose().len() > LONGEST {
        // No password folds to this.
        folded.clear();
        folded.push(b' ');
    }
    let tag = hmac::sign(&key.0, &folded);
    let mut hash = [0; 32];
    hash.iter_mut().zip(tag.as_ref()).for_each(|(h, t)| *h = *t);
    hash
}

fn fold(letter: u8) -> Option<u8> {
    match letter.to_ascii_lowercase() {
        b'-' | b' ' => None,
        b'i' | b'l' => Some(b'1'),
        b'o' => Some(b'0'),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_readable_and_never_the_same() {
        let mut seen = std::collections::HashSet::new();
        let mut letters = std::collections::HashSet::new();
        for _ in 0..200 {
            let password = generate().unwrap();
            let text = password.expose();
            assert_eq!(text.len(), 34);
            assert!(text.split('-').all(|group| group.len() == 4));
            letters.extend(text.bytes().filter(|b| *b != b'-'));
            assert!(seen.insert(text.clone()));
        }
        assert_eq!(letters.len(), 32, "every letter comes up");
    }

    #[test]
    fn typing_it_another_way_is_the_same_password() {
        let key = AccountKey::new(&Secret::new([1; 32]));
        let of = |text: &str| hash(&key, &Secret::new(text.to_owned()));
        let right = of("0a1b-cdef");
        for same in ["0A1B-CDEF", "0a1bcdef", "oalb cdef", " OAIB-CD-EF "] {
            assert_eq!(of(same), right, "{same}");
        }
        for other in ["", "0a1b-cdeg", "0a1b-cdeff", "0a1bcde"] {
            assert_ne!(of(other), right, "{other}");
        }
        let long = "0a1bcdef".to_owned() + &"-".repeat(300);
        assert_ne!(of(&long), right);
        let other = AccountKey::new(&Secret::new([2; 32]));
        assert_ne!(hash(&other, &Secret::new("0a1b-cdef".to_owned())), right);
    }
}
