//! RSA keys of 2048 bits, made while running: Entra signs with RS256, and a key in the source would be
//! a secret there.
//!
//! The crypto library signs with RSA but makes no keys, so the primes are found here (FIPS 186-5, appendix
//! A.1.3: random candidates, Miller-Rabin). Good enough for a sandbox; nothing else may use it.

use num_bigint::BigUint;
use ring::{
    rand::{SecureRandom, SystemRandom},
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use std::sync::{Arc, LazyLock};

const EXPONENT: u32 = 65_537;
/// Octets of a prime.
const HALF: usize = 128;
/// FIPS 186-5 table B.1 asks for four to five rounds at this size.
const ROUNDS: usize = 6;

/// A key pair, and its form for files (PKCS #8).
#[derive(Debug)]
pub(super) struct Key {
    pub(super) pair: RsaKeyPair,
    pub(super) pkcs8: Vec<u8>,
    /// Modulus, big-endian.
    pub(super) modulus: Vec<u8>,
}

/// One for all sandboxes of a process: finding primes takes a fifth of a second, and tests start
/// hundreds. `None` only where the system gives no randomness.
static SIGNING: LazyLock<Option<Arc<Key>>> = LazyLock::new(|| Key::generate().map(Arc::new));

/// The key that tokens are signed with. The first call may take a while.
pub(super) fn signing() -> Option<Arc<Key>> {
    SIGNING.clone()
}

impl Key {
    pub(super) fn generate() -> Option<Self> {
        let random = SystemRandom::new();
        for _ in 0..8 {
            let (p, q) = (prime(&random)?, prime(&random)?);
            if let Some(key) = Self::of(&p, &q) {
                return Some(key);
            }
        }
        None
    }

    fn of(p: &BigUint, q: &BigUint) -> Option<Self> {
        if p == q {
            return None;
        }
        // The first factor is the larger one: qInv is q's inverse modulo p.
        let (p, q) = if p > q { (p, q) } else { (q, p) };
        let one = BigUint::from(1u8);
        let (p1, q1) = (p - &one, q - &one);
        let e = BigUint::from(EXPONENT);
        let d = e.modinv(&(&p1 * &q1))?;
        let parts = [
            p * q,
            e,
            d.clone(),
            p.clone(),
            q.clone(),
            &d % &p1,
            &d % &q1,
            q.modinv(p)?,
        ];
        let modulus = parts.first()?.to_bytes_be();
        let mut body = integer(&[0]);
        for part in &parts {
            body.extend(integer(&part.to_bytes_be()));
        }
        let pkcs8 = wrap(&sequence(&body));
        let pair = RsaKeyPair::from_pkcs8(&pkcs8).ok()?;
        Some(Self {
            pair,
            pkcs8,
            modulus,
        })
    }

    /// RS256 (RFC 7518 section 3.3).
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        let random = SystemRandom::new();
        let signed = self
            .pair
            .sign(&RSA_PKCS1_SHA256, &random, message, &mut signature);
        signed.ok().map(|()| signature)
    }
}

fn prime(random: &SystemRandom) -> Option<BigUint> {
    let small = small_primes();
    let e = BigUint::from(EXPONENT);
    let one = BigUint::from(1u8);
    for _ in 0..100 {
        let mut octets = [0u8; HALF];
        random.fill(&mut octets).ok()?;
        // The two highest bits make the modulus full length; the lowest makes it odd.
        if let (Some(first), Some(last)) = (octets.first().copied(), octets.last().copied()) {
            octets[0] = first | 0xC0;
            octets[HALF - 1] = last | 1;
        }
        let start = BigUint::from_bytes_be(&octets);
        let rests: Vec<u32> = small.iter().map(|s| rest(&start, *s)).collect();
        // A walk over odd numbers near the start: most fall to a small divisor at once.
        for step in (0u32..4_000).step_by(2) {
            let divided = small
                .iter()
                .zip(&rests)
                .any(|(s, rest)| (rest + step) % s == 0);
            if divided {
                continue;
            }
            let candidate = &start + step;
            let coprime = rest(&(&candidate - &one), EXPONENT) != 0;
            if coprime && e < candidate && is_prime(&candidate, random)? {
                return Some(candidate);
            }
        }
    }
    None
}

fn rest(number: &BigUint, small: u32) -> u32 {
    (number % small)
        .to_u32_digits()
        .first()
        .copied()
        .unwrap_or(0)
}

fn small_primes() -> Vec<u32> {
    let mut out: Vec<u32> = Vec::new();
    for n in (3..4_000).step_by(2) {
        if out.iter().take_while(|p| *p * *p <= n).all(|p| n % p != 0) {
            out.push(n);
        }
    }
    out
}

/// Miller-Rabin with random bases; base 2 first, which nearly all composites fail.
fn is_prime(n: &BigUint, random: &SystemRandom) -> Option<bool> {
    let one = BigUint::from(1u8);
    let minus = n - &one;
    let twos = minus.trailing_zeros().unwrap_or(0);
    let odd = &minus >> twos;
    for round in 0..ROUNDS {
        let base = if round == 0 {
            BigUint::from(2u8)
        } else {
            let mut octets = [0u8; HALF - 1];
            random.fill(&mut octets).ok()?;
            BigUint::from_bytes_be(&octets) + 2u8
        };
        let mut x = base.modpow(&odd, n);
        if x == one || x == minus {
            continue;
        }
        let mut passed = false;
        for _ in 1..twos {
            x = &x * &x % n;
            if x == minus {
                passed = true;
                break;
            }
        }
        if !passed {
            return Some(false);
        }
    }
    Some(true)
}

/// DER (X.690): tag, length, content.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let len = content.len();
    match u8::try_from(len) {
        Ok(short) if short < 0x80 => out.push(short),
        Ok(short) => out.extend([0x81, short]),
        Err(_) => {
            let [.., high, low] = len.to_be_bytes();
            out.extend([0x82, high, low]);
        }
    }
    out.extend_from_slice(content);
    out
}

fn sequence(content: &[u8]) -> Vec<u8> {
    tagged(0x30, content)
}

fn integer(magnitude: &[u8]) -> Vec<u8> {
    let mut content = Vec::with_capacity(magnitude.len() + 1);
    if magnitude.first().is_none_or(|b| *b >= 0x80) {
        content.push(0);
    }
    content.extend_from_slice(magnitude);
    tagged(0x02, &content)
}

/// PrivateKeyInfo (RFC 5958) with rsaEncryption (RFC 8017 appendix A.1).
fn wrap(key: &[u8]) -> Vec<u8> {
    const RSA_ENCRYPTION: [u8; 13] = [
        0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00,
    ];
    let mut body = integer(&[0]);
    body.extend(sequence(&RSA_ENCRYPTION));
    body.extend(tagged(0x04, key));
    sequence(&body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    #[test]
    fn primes_are_told_from_other_numbers() {
        let random = SystemRandom::new();
        for (number, prime) in [
            ("170141183460469231731687303715884105727", true),
            ("170141183460469231731687303715884105729", false),
            // A strong pseudoprime to the bases 2, 3, 5, 7 and 11.
            ("2152302898747", false),
        ] {
            let n: BigUint = number.parse().unwrap();
            assert_eq!(is_prime(&n, &random), Some(prime), "{number}");
        }
    }

    #[test]
    fn the_key_signs_what_others_verify() {
        let key = signing().unwrap();
        assert_eq!(key.modulus.len(), 256);
        let signature = key.sign(b"text").unwrap();
        let public = key.pair.public_key().as_ref().to_vec();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public);
        public.verify(b"text", &signature).unwrap();
        assert!(public.verify(b"other", &signature).is_err());
    }
}
