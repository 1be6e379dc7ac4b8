//! The demo's app passwords, kept in a file of mode 0600 so that a second start can show the card
//! again. Only the demo does that: elsewhere a password is shown once and known to nobody.

use crate::{
    app::{App, Error, Result},
    mail::Secret,
};
use std::{collections::BTreeMap, io::Write, net::Ipv4Addr, path::Path};

const FILE: &str = "demo-passwords.json";
const LABEL: &str = "demo";

/// One for each name, in order: the kept one if it still works, else a new one.
pub(super) async fn of(
    app: &App,
    data_dir: &Path,
    names: impl Iterator<Item = &str>,
) -> Result<Vec<Secret<String>>> {
    let path = data_dir.join(FILE);
    let kept = std::fs::read(&path).ok();
    let kept = kept.and_then(|text| serde_json::from_slice(&text).ok());
    let mut kept: BTreeMap<String, String> = kept.unwrap_or_default();
    let mut passwords = Vec::new();
    for name in names {
        let password = match kept.get(name).map(|kept| Secret::new(kept.clone())) {
            Some(password) if works(app, name, &password).await => password,
            _ => {
                let account = app.base().seat(name)?.name();
                let password = app.base().auth.add_password(account, LABEL).await?;
                kept.insert(name.to_owned(), password.expose().clone());
                password
            }
        };
        passwords.push(password);
    }
    let text = serde_json::to_vec_pretty(&kept).unwrap_or_default();
    write_private(&path, &text)?;
    Ok(passwords)
}

async fn works(app: &App, name: &str, password: &Secret<String>) -> bool {
    let here = Ipv4Addr::LOCALHOST.into();
    app.base().auth.login(name, password, here).await.is_ok()
}

/// Readable by this user only, from its first octet on.
pub(super) fn write_private(path: &Path, text: &[u8]) -> Result<()> {
    let _ = std::fs::remove_file(path);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut file| file.write_all(text))
        .map_err(Error::file(path))
}
