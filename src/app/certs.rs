//! The certificate of the local listeners, and where its authority is kept.

use super::{Error, Result, owner::Owner};
use crate::{
    config::Config,
    net::{Acceptor, Authority, authority::host_name, tls::LEAF_LIFETIME},
    oauth::vault::Vault,
};
use std::{
    io,
    path::{Path, PathBuf},
};
use time::OffsetDateTime;
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject};

/// The authority's certificate in the data folder: what clients are to trust.
pub const CA_FILE: &str = "ca.pem";
/// Name of the authority's record in the vault.
const RECORD: &str = "ca";

/// By the config's own files, or by the local authority, made on the first start.
pub(super) fn acceptor(config: &Config, vault: &Vault) -> Result<Acceptor> {
    match &config.tls {
        Some(files) => Ok(Acceptor::files(files.clone())?),
        None => Ok(Acceptor::local(
            authority(&config.data_dir, vault)?,
            LEAF_LIFETIME,
        )?),
    }
}

/// The data folder's authority; its certificate is in [`CA_FILE`] when this returns.
pub(super) fn authority(data_dir: &Path, vault: &Vault) -> Result<Authority> {
    let now = OffsetDateTime::now_utc();
    let kept = vault.read(RECORD)?;
    let kept = kept.map(|pem| Authority::from_sealed(&pem)).transpose()?;
    let authority = match kept {
        Some(authority) if !authority.is_worn_out(now) => authority,
        old => {
            if old.is_some() {
                tracing::warn!("the local authority has ended: clients must trust the new one");
            }
            let authority = Authority::create(&host_name(), now)?;
            vault.write(RECORD, &authority.to_sealed())?;
            authority
        }
    };
    let host = host_name();
    if authority
        .host()
        .is_some_and(|known| !known.eq_ignore_ascii_case(&host))
    {
        tracing::info!(
            host,
            "the host has another name now: the certificate keeps the old one"
        );
    }
    publish(&data_dir.join(CA_FILE), &authority.certificate_pem())?;
    Ok(authority)
}

/// Path of the authority's certificate and its SHA-256 fingerprint. Made now when no server has
/// made it yet.
pub fn ca(config: &Config) -> Result<(PathBuf, String)> {
    let path = config.data_dir.join(CA_FILE);
    if !path.exists() {
        let _owner = Owner::take(&config.data_dir)?;
        authority(&config.data_dir, &Vault::open(&config.data_dir)?)?;
    }
    let der = CertificateDer::from_pem_file(&path).map_err(|error| {
        let what = io::Error::other(format!("no PEM certificate: {error}"));
        Error::file(&path)(what)
    })?;
    let digest = ring::digest::digest(&ring::digest::SHA256, &der);
    let octets: Vec<_> = digest.as_ref().iter().map(|o| format!("{o:02X}")).collect();
    Ok((path, octets.join(":")))
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
