//! One process owns a data folder: a lock on `lock`, held for the process's life.
//!
//! `owner` beside it says who that is, for people and for the command line: the process id, then
//! the path of the control socket. It is a hint only; the lock alone decides. Other users of this
//! computer can reach neither the folder nor the lock: with it they could keep the owner out.

use super::{Error, Result};
use crate::control;
use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

/// The right to use a data folder; given back when dropped.
#[derive(Debug)]
pub(super) struct Owner {
    _lock: File,
    data_dir: PathBuf,
    socket: PathBuf,
}

impl Owner {
    /// Makes the folder when it is not there; its mode is 0700 from then on. [`Error::Owned`] when another process has it.
    pub(super) fn take(data_dir: &Path) -> Result<Self> {
        private_folder(data_dir).map_err(Error::file(data_dir))?;
        let path = data_dir.join("lock");
        let lock = private_file(&path).map_err(Error::file(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(owned(data_dir)),
            Err(TryLockError::Error(error)) => return Err(Error::file(&path)(error)),
        }
        let socket = control::socket_path(data_dir).map_err(Error::file(data_dir))?;
        let note = format!("{}\n{}\n", std::process::id(), socket.display());
        let path = data_dir.join("owner");
        fs::write(&path, note).map_err(Error::file(&path))?;
        Ok(Self {
            _lock: lock,
            data_dir: data_dir.to_owned(),
            socket,
        })
    }

    /// Where this process's control socket belongs.
    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.data_dir.join("owner"));
        // Only a folder made for the socket alone is empty: elsewhere this fails, as it should.
        if let Some(folder) = self.socket.parent() {
            let _ = fs::remove_dir(folder);
        }
    }
}

fn owned(data_dir: &Path) -> Error {
    let note = fs::read_to_string(data_dir.join("owner")).unwrap_or_default();
    let mut lines = note.lines();
    Error::Owned {
        data_dir: data_dir.to_owned(),
        pid: lines.next().and_then(|pid| pid.parse().ok()),
        socket: lines.next().map(PathBuf::from),
    }
}

fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    #[cfg(unix)]
    close_to_others(path, fs::metadata(path)?, 0o700);
    Ok(())
}

fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    close_to_others(path, file.metadata()?, 0o600);
    Ok(file)
}

/// What was there before may be open to others. Where the file system knows no modes, or the folder
/// is another user's, that can only be told: what is secret in it has a mode of its own.
#[cfg(unix)]
fn close_to_others(path: &Path, now: fs::Metadata, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    if now.permissions().mode() & 0o077 == 0 {
        return;
    }
    if let Err(error) = fs::set_permissions(path, fs::Permissions::from_mode(mode)) {
        let path = path.display();
        tracing::warn!(%path, %error, "other users of this computer may get in here");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_folder_that_was_open_to_others_is_closed() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let open = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        drop(Owner::take(&data).unwrap());
        assert_eq!((mode(&data), mode(&data.join("lock"))), (0o700, 0o600));
        open(&data, 0o755);
        open(&data.join("lock"), 0o644);
        let _owner = Owner::take(&data).unwrap();
        assert_eq!((mode(&data), mode(&data.join("lock"))), (0o700, 0o600));
    }

    #[test]
    fn the_second_is_told_who_is_first() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("a/b");
        let first = Owner::take(&data).unwrap();
        let refused = Owner::take(&data).unwrap_err();
        let told = refused.to_string();
        let pid = format!("(pid {})", std::process::id());
        assert!(told.contains(&pid), "{told}");
        assert!(told.contains(&*data.to_string_lossy()), "{told}");
        assert!(
            matches!(refused, Error::Owned { socket: Some(s), .. } if s == data.join("control.sock"))
        );
        drop(first);
        assert!(!data.join("owner").exists());
        assert!(Owner::take(&data).is_ok());
    }
}
