//! Where the socket lies.

use std::{
    io,
    path::{Path, PathBuf},
};

/// `sun_path` has 108 octets on Linux, 104 on macOS, with a NUL at the end (unix(7)).
const LONGEST: usize = 103;

/// `control.sock` in the data folder; where that path is too long for a socket, a folder of this
/// user in `$XDG_RUNTIME_DIR` or the temporary folder. Servers tell clients which (`app`'s owner
/// file), so that both need not have the same environment.
pub fn socket_path(data_dir: &Path) -> io::Result<PathBuf> {
    let plain = data_dir.join("control.sock");
    if plain.as_os_str().len() <= LONGEST {
        return Ok(plain);
    }
    let digest = ring::digest::digest(
        &ring::digest::SHA256,
        data_dir.as_os_str().as_encoded_bytes(),
    );
    let hash: String = digest
        .as_ref()
        .iter()
        .take(8)
        .map(|octet| format!("{octet:02x}"))
        .collect();
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let folders = runtime
        .into_iter()
        .chain([std::env::temp_dir(), PathBuf::from("/tmp")]);
    for folder in folders.filter(|folder| folder.is_dir()) {
        let own = folder.join(format!("postern-{}-{hash}", user_id()));
        let path = own.join("control.sock");
        if path.as_os_str().len() <= LONGEST {
            private_folder(&own)?;
            return Ok(path);
        }
    }
    Err(io::Error::other(format!(
        "{} is too long for a socket, and no temporary folder has a shorter path",
        plain.display()
    )))
}

#[cfg(unix)]
pub(super) fn user_id() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
pub(super) fn user_id() -> u32 {
    0
}

/// Made with mode 0700; one that was there must be a folder of ours that nobody else may enter.
#[cfg(unix)]
fn private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    match std::fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = std::fs::symlink_metadata(path)?;
    if found.is_dir() && found.uid() == user_id() && found.mode() & 0o077 == 0 {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!(
            "{} must be a folder that only this user may enter",
            path.display()
        ),
    ))
}

#[cfg(not(unix))]
fn private_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_folder_has_a_short_socket() {
        let short = socket_path(Path::new("/data")).unwrap();
        assert_eq!(short, Path::new("/data/control.sock"));
        let long = PathBuf::from(format!("/{}", "x".repeat(200)));
        let path = socket_path(&long).unwrap();
        assert!(path.as_os_str().len() <= LONGEST, "{path:?}");
        assert_ne!(path, socket_path(&long.join("y")).unwrap());
        let folder = path.parent().unwrap();
        assert!(folder.is_dir());
        std::fs::remove_dir(folder).unwrap();
        std::fs::remove_dir(socket_path(&long.join("y")).unwrap().parent().unwrap()).unwrap();
    }
}
