//! TLS with the sandbox's own authority, on the same ports as plain HTTP: the first octet of a connection tells.
//!
//! Official clients refuse logins without https. The authority lives as long as the sandbox; its certificate is
//! at `GET /ca` of the admin API, and in a file for who wants one.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};
use time::{Duration, OffsetDateTime};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring::default_provider,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

/// RFC 8446 section 5.1: a ClientHello comes in a handshake record. No HTTP request begins with this octet.
pub(super) const HANDSHAKE: u8 = 0x16;
const LIFE: Duration = Duration::days(30);

/// Authority and server certificate.
pub(super) struct Tls {
    pub(super) authority: String,
    pub(super) acceptor: TlsAcceptor,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    pub(super) fn new() -> io::Result<Self> {
        let (authority, chain, key) = certificates().map_err(io::Error::other)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            authority,
            acceptor: TlsAcceptor::from(Arc::new(config)),
        })
    }
}

type Chain = Vec<tokio_rustls::rustls::pki_types::CertificateDer<'static>>;

fn certificates() -> Result<(String, Chain, Vec<u8>), rcgen::Error> {
    let now = OffsetDateTime::now_utc();
    let begin = now - Duration::hours(1);
    let mut root = CertificateParams::default();
    root.distinguished_name
        .push(DnType::CommonName, "Postern sandbox authority");
    root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (root.not_before, root.not_after) = (begin, now + LIFE);
    let root_key = KeyPair::generate()?;
    let authority = root.self_signed(&root_key)?;
    let issuer = Issuer::new(root, root_key);

    let mut leaf = CertificateParams::new(vec!["localhost".to_owned()])?;
    leaf.distinguished_name
        .push(DnType::CommonName, "localhost");
    leaf.subject_alt_names.extend([
        SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)),
    ]);
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Strict verifiers (RFC 5280 section 4.2.1.1) want it.
    leaf.use_authority_key_identifier_extension = true;
    (leaf.not_before, leaf.not_after) = (begin, now + LIFE);
    let key = KeyPair::generate()?;
    let leaf = leaf.signed_by(&key, &issuer)?;
    Ok((
        authority.pem(),
        vec![leaf.der().clone()],
        key.serialize_der(),
    ))
}
