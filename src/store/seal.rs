//! Sealing of what mail says: XChaCha20-Poly1305 with a key of its own for each purpose.
//!
//! A sealed record opens only at its place: purpose, owner, index and whether it is the last one
//! are bound in, so that records cannot be swapped, shortened or taken elsewhere.

use super::error::{Error, Result};
use crate::mail::Secret;
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use ring::{
    hkdf,
    rand::{SecureRandom, SystemRandom},
};
use std::fmt;
use zeroize::Zeroizing;

const NONCE: usize = 24;

/// Where a record belongs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) owner: &'a [u8],
    pub(super) index: u64,
    pub(super) last: bool,
}

/// Seals and opens records of one purpose.
#[derive(Clone)]
pub(super) struct Sealer {
    cipher: XChaCha20Poly1305,
    random: SystemRandom,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// `purpose` keeps keys apart: the same place under another purpose does not open.
    pub(super) fn new(key: &Secret<[u8; 32]>, purpose: &str) -> Result<Self> {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"postern store 1");
        let mut own = Zeroizing::new([0; 32]);
        salt.extract(key.expose())
            .expand(&[purpose.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(own.as_mut()))
            .map_err(|_| Error::Crypto)?;
        Ok(Self {
            cipher: XChaCha20Poly1305::new(own.as_ref().into()),
            random: SystemRandom::new(),
        })
    }

    /// Octets that no one can guess.
    pub(super) fn random<const N: usize>(&self) -> Result<[u8; N]> {
        let mut octets = [0; N];
        let filled = self.random.fill(&mut octets);
        filled.map(|()| octets).map_err(|_| Error::Crypto)
    }

    pub(super) fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>> {
        let nonce: [u8; NONCE] = self.random()?;
        let payload = Payload {
            msg: plain,
            aad: &bound(place),
        };
        let sealed = self.cipher.encrypt(XNonce::from_slice(&nonce), payload);
        let sealed = sealed.map_err(|_| Error::Crypto)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// `None` when the record was altered, belongs elsewhere, or was sealed with another key.
    pub(super) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE)?;
        let payload = Payload {
            msg: sealed,
            aad: &bound(place),
        };
        let nonce = XNonce::from_slice(nonce);
        self.cipher.decrypt(nonce, payload).ok()
    }
}

fn bound(place: Place<'_>) -> Vec<u8> {
    let mut aad = Vec::with_capacity(place.owner.len() + 9);
    aad.extend_from_slice(&place.index.to_be_bytes());
    aad.push(u8::from(place.last));
    aad.extend_from_slice(place.owner);
    aad
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_opens_only_at_its_place() {
        let key = Secret::new([7; 32]);
        let sealer = Sealer::new(&key, "a").unwrap();
        let place = |owner, index, last| Place { owner, index, last };
        let here = place(b"one".as_slice(), 3, false);
        let sealed = sealer.seal(here, b"text").unwrap();
        assert_eq!(sealed.len(), 4 + NONCE + 16);
        assert_eq!(sealer.open(here, &sealed).unwrap(), b"text");
        for other in [
            place(b"two", 3, false),
            place(b"one", 4, false),
            place(b"one", 3, true),
        ] {
            assert!(sealer.open(other, &sealed).is_none(), "{other:?}");
        }
        assert!(
            Sealer::new(&key, "b")
                .unwrap()
                .open(here, &sealed)
                .is_none()
        );
        for i in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[i] ^= 1;
            assert!(sealer.open(here, &altered).is_none(), "octet {i}");
            assert!(sealer.open(here, &sealed[..i]).is_none(), "cut at {i}");
        }
    }
}
