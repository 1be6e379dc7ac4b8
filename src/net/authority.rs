//! The local certificate authorities: two for each data folder ([`Address`] tells why), made on the
//! first start.
//!
//! Whoever trusts it must not have to trust this program beyond this computer: critical name
//! constraints (RFC 5280 section 4.2.1.10) confine it to loopback and the host's own name. Its
//! key never lies on disk unsealed: callers keep [`Authority::to_sealed`] in the vault.

use super::tls::{Error, Result};
use crate::mail::Secret;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, SanType, SerialNumber,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use time::{Duration, OffsetDateTime};
use tokio_rustls::rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject,
};
use zeroize::Zeroize;

/// Clients are told by hand to trust the authority: not again before ten years.
const AUTHORITY_LIFETIME: Duration = Duration::days(3650);
/// Clocks of client and server may differ, and virtual machines wake up late.
const CLOCK_SKEW: Duration = Duration::hours(1);

const LOOPBACK: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
];

/// Whether `127.0.0.1` is a DNS name too.
///
/// mbsync, fetchmail and s-nail compare an address as text with the DNS names, so they want it. But
/// it is no DNS name (RFC 5280 section 4.2.1.6): NSS (Thunderbird) and webpki refuse a certificate
/// that holds it under an authority that constrains DNS names, and every certificate of an
/// authority that has it among its constraints. So there is an authority for each kind of client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address {
    /// As an address only: right for everyone who compares addresses as addresses.
    Proper,
    /// As a DNS name too.
    AsName,
}

/// Signs certificates for this computer.
pub struct Authority {
    certificate: CertificateDer<'static>,
    key: KeyPair,
    issuer: Issuer<'static, KeyPair>,
    host: Option<String>,
    address: Address,
    /// Unix seconds.
    ends: i64,
}

/// A server certificate with its key and the authority behind it.
#[derive(Debug)]
pub struct Leaf {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

impl Authority {
    /// A new one, for loopback and for `host` if that is a DNS name.
    pub fn create(host: &str, now: OffsetDateTime) -> Result<Self> {
        Self::create_for(host, Address::Proper, now)
    }

    /// As [`Authority::create`], for one kind of client.
    pub fn create_for(host: &str, address: Address, now: OffsetDateTime) -> Result<Self> {
        let key = new_key()?;
        let host = dns_name(host);
        let mut params = CertificateParams::default();
        let shown = host.as_deref().unwrap_or("localhost");
        let shown = match address {
            Address::Proper => format!("Postern local CA {shown}"),
            Address::AsName => format!("Postern local CA {shown} (address as name)"),
        };
        params.distinguished_name = name(&shown);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.name_constraints = Some(constraints(host.as_deref(), address));
        params.not_before = now - CLOCK_SKEW;
        params.not_after = now + AUTHORITY_LIFETIME;
        params.serial_number = Some(serial());
        let certificate = params.self_signed(&key)?.der().clone();
        let ends = params.not_after.unix_timestamp();
        Self::assemble(certificate, key, host, address, ends)
    }

    /// From what [`Authority::to_sealed`] gave.
    pub fn from_sealed(pem: &Secret<Vec<u8>>) -> Result<Self> {
        const DAMAGED: Error = Error::Authority("the stored authority is damaged");
        let text = std::str::from_utf8(pem.expose()).map_err(|_| DAMAGED)?;
        let head = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        let host = head("host: ").filter(|host| !host.is_empty());
        let ends = head("ends: ").and_then(|ends| ends.parse().ok());
        let address = match head("address: ") {
            Some("proper") => Address::Proper,
            Some("as-name") => Address::AsName,
            _ => return Err(DAMAGED),
        };
        let certificate = CertificateDer::from_pem_slice(pem.expose()).map_err(|_| DAMAGED)?;
        let key = PrivatePkcs8KeyDer::from_pem_slice(pem.expose()).map_err(|_| DAMAGED)?;
        let key = KeyPair::from_pkcs8_der_and_sign_algo(&key, &rcgen::PKCS_ECDSA_P256_SHA256)?;
        Self::assemble(
            certificate,
            key,
            host.map(str::to_owned),
            address,
            ends.ok_or(DAMAGED)?,
        )
    }

    /// Host name, end, certificate and private key, for the vault: PEM after three lines of text.
    pub fn to_sealed(&self) -> Secret<Vec<u8>> {
        let host = self.host().unwrap_or_default();
        let address = match self.address {
            Address::Proper => "proper",
            Address::AsName => "as-name",
        };
        let mut text = format!("host: {host}\naddress: {address}\nends: {}\n", self.ends);
        text.push_str(&self.certificate_pem());
        let mut key = self.key.serialize_pem();
        text.push_str(&key);
        key.zeroize();
        Secret::new(text.into_bytes())
    }

    /// The certificate that clients are to trust.
    pub fn certificate_pem(&self) -> String {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let body = BASE64_STANDARD.encode(&self.certificate);
        let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
        let mut rest = body.as_str();
        while let Some((line, tail)) = rest.split_at_checked(64.min(rest.len())) {
            if line.is_empty() {
                break;
            }
            pem.push_str(line);
            pem.push('\n');
            rest = tail;
        }
        pem + "-----END CERTIFICATE-----\n"
    }

    /// The host name that it may speak for; `None`: loopback only.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// It ends before certificates that it signs now would: time for another.
    pub fn is_worn_out(&self, now: OffsetDateTime) -> bool {
        now.unix_timestamp() + 2 * super::tls::LEAF_LIFETIME.whole_seconds() > self.ends
    }

    /// A certificate for this computer, good from now (less an hour) for `lifetime`.
    pub fn issue(&self, now: OffsetDateTime, lifetime: Duration) -> Result<Leaf> {
        self.issue_for(subject_alt_names(self.host(), self.address)?, now, lifetime)
    }

    /// As [`Authority::issue`], for any names: clients must refuse those outside the constraints.
    pub fn issue_for(
        &self,
        names: Vec<SanType>,
        now: OffsetDateTime,
        lifetime: Duration,
    ) -> Result<Leaf> {
        let key = new_key()?;
        let mut params = CertificateParams::default();
        params.distinguished_name = name("localhost");
        params.subject_alt_names = names;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.not_before = now - CLOCK_SKEW;
        params.not_after = now + lifetime;
        params.serial_number = Some(serial());
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Leaf {
            chain: vec![certificate.der().clone(), self.certificate.clone()],
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            not_before: params.not_before,
            not_after: params.not_after,
        })
    }

    fn assemble(
        certificate: CertificateDer<'static>,
        key: KeyPair,
        host: Option<String>,
        address: Address,
        ends: i64,
    ) -> Result<Self> {
        let signer = KeyPair::from_pkcs8_der_and_sign_algo(
            &PrivatePkcs8KeyDer::from(key.serialize_der()),
            &rcgen::PKCS_ECDSA_P256_SHA256,
        )?;
        Ok(Self {
            issuer: Issuer::from_ca_cert_der(&certificate, signer)?,
            certificate,
            key,
            host,
            address,
            ends,
        })
    }
}

impl Leaf {
    /// Certificates (leaf first) and key, as DER: for tests and own servers.
    pub fn to_der(&self) -> (Vec<Vec<u8>>, Secret<Vec<u8>>) {
        let chain = self.chain.iter().map(|c| c.to_vec()).collect();
        (chain, Secret::new(self.key.secret_der().to_vec()))
    }
}

/// This computer's name, as the system gives it; empty when it has none.
pub fn host_name() -> String {
    #[cfg(unix)]
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").unwrap_or_default();
    name
}

fn new_key() -> Result<KeyPair> {
    Ok(KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?)
}

/// RFC 5280 section 4.1.2.2: positive, at most 20 octets.
fn serial() -> SerialNumber {
    let mut octets = *uuid::Uuid::new_v4().as_bytes();
    if let Some(first) = octets.first_mut() {
        *first = *first & 0x7f | 0x40;
    }
    SerialNumber::from_slice(&octets)
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

fn subject_alt_names(host: Option<&str>, address: Address) -> Result<Vec<SanType>> {
    let mut names = Vec::new();
    for name in dns_names(host, address) {
        names.push(SanType::DnsName(name.try_into()?));
    }
    names.extend(LOOPBACK.map(SanType::IpAddress));
    Ok(names)
}

fn constraints(host: Option<&str>, address: Address) -> NameConstraints {
    let names = dns_names(host, address);
    let names = names.map(|name| GeneralSubtree::DnsName(name.to_owned()));
    let addresses = LOOPBACK.map(|ip| {
        let bits = if ip.is_ipv4() { 32 } else { 128 };
        GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(ip, bits))
    });
    NameConstraints {
        permitted_subtrees: names.chain(addresses).collect(),
        excluded_subtrees: Vec::new(),
    }
}

fn dns_names(host: Option<&str>, address: Address) -> impl Iterator<Item = &str> {
    let as_name = (address == Address::AsName).then_some("127.0.0.1");
    ["localhost"].into_iter().chain(host).chain(as_name)
}

/// A host name as a certificate may carry it: letters, digits, hyphens, dots (RFC 1034 section
/// 3.5), not an address, not one of the names that are there anyway.
fn dns_name(host: &str) -> Option<String> {
    let host = host.to_ascii_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let good = host.len() <= 253
        && host.split('.').all(label)
        && host.parse::<IpAddr>().is_err()
        && host != "localhost";
    good.then_some(host)
}
