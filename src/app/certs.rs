//! The certificate of the local listeners, and where its authority is kept.

use super::{Error, Result, owner::Owner};
use crate::{
    config::Config,
    net::{
        Acceptor, Authority,
        authority::{Address, host_name},
        tls::LEAF_LIFETIME,
    },
    oauth::vault::Vault,
};
use std::{
    io,
    path::{Path, PathBuf},
};
use time::OffsetDateTime;
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject};

/// The authorities' certificates in the data folder: what clients are to trust.
pub const CA_FILE: &str = "ca.pem";
/// The authorities' records in the vault.
const RECORDS: [(&str, Address); 2] = [("ca", Address::Proper), ("ca-name", Address::AsName)];

/// By the config's own files, or by the local authority, made on the first start.
pub(super) fn acceptor(config: &Config, vault: &Vault) -> Result<Acceptor> {
    match &config.tls {
        Some(files) => Ok(Acceptor::files(files.clone())?),
        None => {
            let [proper, textual] = authorities(&config.data_dir, vault)?;
            Ok(Acceptor::local_for_all(proper, textual, LEAF_LIFETIME)?)
        }
    }
}

/// The data folder's authorities; their certificates are in [`CA_FILE`] when this returns.
fn authorities(data_dir: &Path, vault: &Vault) -> Result<[Authority; 2]> {
    let [proper, textual] = RECORDS;
    let both = [kept_or_new(vault, proper)?, kept_or_new(vault, textual)?];
    let host = host_name();
    let [proper, textual] = &both;
    if proper
        .host()
        .is_some_and(|known| !known.eq_ignore_ascii_case(&host))
    {
        tracing::info!(
            host,
            "the host has another name now: the certificate keeps the old one"
        );
    }
    let pem = proper.certificate_pem() + &textual.certificate_pem();
    publish(&data_dir.join(CA_FILE), &pem)?;
    Ok(both)
}

fn kept_or_new(vault: &Vault, (record, address): (&str, Address)) -> Result<Authority> {
    let now = OffsetDateTime::now_utc();
    let kept = vault.read(record)?;
    let kept = kept.map(|pem| Authority::from_sealed(&pem)).transpose()?;
    match kept {
        Some(authority) if !authority.is_worn_out(now) => return Ok(authority),
        Some(_) => tracing::warn!("the local authority has ended: clients must trust the new one"),
        None => {}
    }
    let authority = Authority::create_for(&host_name(), address, now)?;
    vault.write(record, &authority.to_sealed())?;
    Ok(authority)
}

/// Path of the authorities' certificates, and the SHA-256 fingerprint of each. Made now when no server
/// has made them yet.
pub fn ca(config: &Config) -> Result<(PathBuf, Vec<String>)> {
    let path = config.data_dir.join(CA_FILE);
    if !path.exists() {
        let _owner = Owner::take(&config.data_dir)?;
        authorities(&config.data_dir, &Vault::open(&config.data_dir)?)?;
    }
    let certificates: std::result::Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(&path).and_then(Iterator::collect);
    let certificates = certificates.map_err(|error| {
        let what = io::Error::other(format!("no PEM certificate: {error}"));
        Error::file(&path)(what)
    })?;
    let fingerprint = |der: &CertificateDer<'_>| {
        let digest = ring::digest::digest(&ring::digest::SHA256, der);
        let octets: Vec<_> = digest.as_ref().iter().map(|o| format!("{o:02X}")).collect();
        octets.join(":")
    };
    let fingerprints = certificates.iter().map(fingerprint).collect();
    Ok((path, fingerprints))
}

fn publish(path: &Path, pem: &str) -> Result<()> {
    if std::fs::read_to_string(path).is_ok_and(|there| there == pem) {
        return Ok(());
    }
    std::fs::write(path, pem).map_err(Error::file(path))?;
    // A certificate is public, whatever the umask says.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))
            .map_err(Error::file(path))?;
    }
    Ok(())
}
