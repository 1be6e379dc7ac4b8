//! TLS of the local listeners: own CA with critical name constraints and a leaf renewed while running, or PEM files.
//!
//! An unreadable or mismatched PEM file is an error at the start, never a silent fallback. While
//! running, the certificate in force stays until a better one is there.

use super::authority::{Authority, Leaf};
use crate::{config::TlsFiles, mail::ErrorClass};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, RwLock},
    time::SystemTime,
};
use time::{Duration, OffsetDateTime};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, ServerConfig,
        crypto::CryptoProvider,
        pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
        server::{ClientHello, ResolvesServerCert},
        sign::CertifiedKey,
    },
};
use tokio_util::sync::CancellationToken;

/// 90 days: short enough that renewal is no rare event, long enough for a computer that sleeps.
pub const LEAF_LIFETIME: Duration = Duration::days(90);
/// How often files on disk are compared with what was read.
const FILE_POLL: std::time::Duration = std::time::Duration::from_secs(60);

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Authority(&'static str),
    #[error("cannot make a certificate: {0}")]
    Issue(#[from] rcgen::Error),
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    #[error("tls.{key} = {}: {what}", path.display())]
    File {
        key: &'static str,
        path: PathBuf,
        what: String,
    },
}

impl Error {
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::File { .. } | Self::Authority(_) => ErrorClass::Permanent,
            Self::Issue(_) | Self::Tls(_) => ErrorClass::Bug,
        }
    }
}

pub type Result<T> = std::result::Result<T, Error>;

/// Makes server sides of TLS; the certificate behind it can change while running. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Acceptor {
    config: Arc<ServerConfig>,
    current: Arc<Current>,
}

/// The certificate in force.
#[derive(Debug)]
struct Current {
    key: RwLock<Arc<CertifiedKey>>,
    /// For clients that want `127.0.0.1` as a DNS name; `None` with the user's own certificate.
    textual: RwLock<Option<Arc<CertifiedKey>>>,
    origin: Origin,
}

/// Start and end.
type Term = (OffsetDateTime, OffsetDateTime);

#[derive(Debug)]
struct Authorities {
    proper: Authority,
    /// For clients that take an address for a name.
    textual: Option<Authority>,
}

struct Issued {
    key: CertifiedKey,
    textual: Option<CertifiedKey>,
    term: Term,
}

impl Authorities {
    fn issue(&self, now: OffsetDateTime, lifetime: Duration) -> Result<Issued> {
        let leaf = self.proper.issue(now, lifetime)?;
        let term = (leaf.not_before, leaf.not_after);
        let textual = self.textual.as_ref();
        let textual = textual.map(|authority| certified(authority.issue(now, lifetime)?));
        Ok(Issued {
            key: certified(leaf)?,
            textual: textual.transpose()?,
            term,
        })
    }
}

#[derive(Debug)]
enum Origin {
    Local {
        authorities: Box<Authorities>,
        lifetime: Duration,
        /// Start and end of the certificate in force.
        term: RwLock<Term>,
    },
    Files {
        files: TlsFiles,
        read: RwLock<Stamp>,
    },
}

type Stamp = (Option<SystemTime>, Option<SystemTime>);

impl ResolvesServerCert for Current {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let textual = self.textual.read().ok().and_then(|key| key.clone());
        match textual {
            Some(key) if compares_as_text(&hello) => Some(key),
            _ => self.key.read().ok().map(|key| Arc::clone(&key)),
        }
    }
}

/// Whether the client connects to an address and takes it for a DNS name.
///
/// Who connects by name says so (SNI, RFC 6066 section 3, where an address may not stand) and gets the
/// proper certificate. OpenSSL and GnuTLS, on which mbsync, fetchmail and s-nail are built, offer
/// signatures with RSASSA-PSS keys (RFC 8446 section 4.2.3). NSS and webpki, which refuse an address
/// among the DNS names, don't, nor do Go's library, Schannel and Apple's.
fn compares_as_text(hello: &ClientHello<'_>) -> bool {
    if hello.server_name().is_some() {
        return false;
    }
    /// rsa_pss_pss_sha256, _sha384, _sha512.
    const PSS_KEYS: [u16; 3] = [0x0809, 0x080a, 0x080b];
    let mut offered = hello.signature_schemes().iter();
    offered.any(|scheme| PSS_KEYS.contains(&u16::from(*scheme)))
}

/// The ciphers of this program, named in full wherever TLS is set up.
pub fn provider() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}

impl Acceptor {
    /// Certificates of one local authority, each good for `lifetime` ([`LEAF_LIFETIME`]).
    pub fn local(authority: Authority, lifetime: Duration) -> Result<Self> {
        Self::of(
            Authorities {
                proper: authority,
                textual: None,
            },
            lifetime,
        )
    }

    /// As [`Acceptor::local`], with certificates of `textual` for clients that take an address for
    /// a name ([`Address`](super::authority::Address) tells why).
    pub fn local_for_all(
        proper: Authority,
        textual: Authority,
        lifetime: Duration,
    ) -> Result<Self> {
        let textual = Some(textual);
        Self::of(Authorities { proper, textual }, lifetime)
    }

    fn of(authorities: Authorities, lifetime: Duration) -> Result<Self> {
        let issued = authorities.issue(OffsetDateTime::now_utc(), lifetime)?;
        let origin = Origin::Local {
            authorities: Box::new(authorities),
            lifetime,
            term: RwLock::new(issued.term),
        };
        Self::build(issued.key, issued.textual, origin)
    }

    /// The user's own certificate.
    pub fn files(files: TlsFiles) -> Result<Self> {
        let read = RwLock::new(stamp(&files));
        let key = load(&files)?;
        Self::build(key, None, Origin::Files { files, read })
    }

    fn build(key: CertifiedKey, textual: Option<CertifiedKey>, origin: Origin) -> Result<Self> {
        let current = Arc::new(Current {
            key: RwLock::new(Arc::new(key)),
            textual: RwLock::new(textual.map(Arc::new)),
            origin,
        });
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        // One ticket instead of two: each is a write of its own right after the handshake.
        config.send_tls13_tickets = 1;
        Ok(Self {
            config: Arc::new(config),
            current,
        })
    }

    pub(super) fn rustls(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }

    /// The certificate in force, as DER, leaf first.
    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        let key = self.current.key.read();
        key.map(|key| key.cert.clone()).unwrap_or_default()
    }

    /// Puts a new certificate in force when a third of the life of the present one is left, or
    /// when its files changed. `true` when it did. On an error the present one stays.
    pub fn refresh(&self, now: OffsetDateTime) -> Result<bool> {
        match &self.current.origin {
            Origin::Local {
                authorities,
                lifetime,
                term,
            } => {
                let (start, end) = term.read().map_or((now, now), |term| *term);
                if now < end - (end - start) / 3 && now >= start {
                    return Ok(false);
                }
                let fresh = authorities.issue(now, *lifetime)?;
                self.put(fresh.key);
                if let Ok(mut current) = self.current.textual.write() {
                    *current = fresh.textual.map(Arc::new);
                }
                if let Ok(mut term) = term.write() {
                    *term = fresh.term;
                }
            }
            Origin::Files { files, read } => {
                let found = stamp(files);
                if read.read().is_ok_and(|read| *read == found) {
                    return Ok(false);
                }
                // Noted before it is read: a fault is told once, and the next change tried again.
                if let Ok(mut read) = read.write() {
                    *read = found;
                }
                self.put(load(files)?);
            }
        }
        Ok(true)
    }

    /// Keeps the certificate fresh until `stop` fires.
    pub async fn keep_fresh(&self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.pause()) => {}
            }
            match self.refresh(OffsetDateTime::now_utc()) {
                Ok(false) => {}
                Ok(true) => tracing::info!("TLS certificate renewed"),
                Err(error) => {
                    tracing::error!(%error, "TLS certificate not renewed; the old one stays")
                }
            }
        }
    }

    /// At least ten looks in a certificate's life, and one a day: the clock stands still while a
    /// computer sleeps, so one long wait would end too late.
    fn pause(&self) -> std::time::Duration {
        let day = std::time::Duration::from_secs(24 * 3600);
        match &self.current.origin {
            Origin::Files { .. } => FILE_POLL,
            Origin::Local { lifetime, .. } => {
                let tenth = std::time::Duration::try_from(*lifetime / 10);
                tenth.unwrap_or(day).min(day)
            }
        }
    }

    fn put(&self, key: CertifiedKey) {
        if let Ok(mut current) = self.current.key.write() {
            *current = Arc::new(key);
        }
    }
}

fn certified(leaf: Leaf) -> Result<CertifiedKey> {
    Ok(CertifiedKey::from_der(leaf.chain, leaf.key, &provider())?)
}

fn load(files: &TlsFiles) -> Result<CertifiedKey> {
    let fault = |key, path: &Path, what: String| Error::File {
        key,
        path: path.to_owned(),
        what,
    };
    let chain: Vec<_> = CertificateDer::pem_file_iter(&files.cert)
        .and_then(Iterator::collect)
        .map_err(|error| fault("cert", &files.cert, describe(&error, "certificate")))?;
    if chain.is_empty() {
        let what = "the file holds no PEM certificate".to_owned();
        return Err(fault("cert", &files.cert, what));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| fault("key", &files.key, describe(&error, "private key")))?;
    CertifiedKey::from_der(chain, key, &provider()).map_err(|error| {
        let what = match error {
            rustls::Error::InconsistentKeys(_) => format!(
                "the key does not belong to the certificate in {}",
                files.cert.display()
            ),
            other => format!("not usable: {other}"),
        };
        fault("key", &files.key, what)
    })
}

fn describe(error: &pem::Error, wanted: &str) -> String {
    match error {
        pem::Error::Io(error) => format!("cannot be read: {error}"),
        pem::Error::NoItemsFound => format!("the file holds no PEM {wanted}"),
        other => format!("not a PEM file: {other}"),
    }
}

fn stamp(files: &TlsFiles) -> Stamp {
    let modified = |path: &Path| std::fs::metadata(path).and_then(|m| m.modified()).ok();
    (modified(&files.cert), modified(&files.key))
}
