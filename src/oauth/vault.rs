//! Sealed records on disk: XChaCha20-Poly1305, the key in a file of mode 0600.
//!
//! Invariants: a record is replaced atomically and is durable when [`Vault::write`] returns; the
//! record's name is authenticated, so that one record cannot be passed off as another; nothing
//! readable by other users is ever opened.

use super::{Error, Result};
use crate::mail::Secret;
use chacha20poly1305::{
    Key, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use ring::rand::{SecureRandom, SystemRandom};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};
use zeroize::Zeroize;

const KEY_FILE: &str = "vault.key";
const RECORD_SUFFIX: &str = ".sealed";
/// First octets of a record: format and version.
const MAGIC: &[u8; 4] = b"PSV1";
/// XChaCha20 nonces are long enough to be drawn at random without a counter.
const NONCE_LEN: usize = 24;
/// Nothing that belongs in here is larger: a token record has some 4 KB.
const RECORD_LIMIT: u64 = 1 << 20;

/// Records named by short ASCII names (`token/anna`, `ca`), each a sealed file, replaced atomically
/// and durably (write, fsync, rename, fsync of the folder). Cheap to clone.
#[derive(Debug, Clone)]
pub struct Vault {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    key: Secret<[u8; 32]>,
}

impl Vault {
    /// Opens `data_dir/vault` (0700), making key and folder on the first start. Refuses a key file
    /// that others can read, and a vault whose key file is missing while records exist.
    pub fn open(data_dir: &Path) -> Result<Self> {
        let dir = data_dir.join("vault");
        make_dir(&dir).map_err(|e| at(&dir, "make", &e))?;
        let path = dir.join(KEY_FILE);
        if !path.exists() {
            if let Some(record) = any_record(&dir)? {
                return Err(Error::Vault(format!(
                    "{} is missing, but sealed records exist ({record}): put the key file back from a backup, \
                     or remove {} and sign in again",
                    path.display(),
                    dir.display()
                )));
            }
            make_key(&dir, &path)?;
        }
        let key = read_key(&path)?;
        Ok(Self {
            inner: Arc::new(Inner { dir, key }),
        })
    }

    /// `None` when there is no record of that name.
    pub fn read(&self, name: &str) -> Result<Option<Secret<Vec<u8>>>> {
        let path = self.path(name)?;
        let mut sealed = Vec::new();
        match File::open(&path) {
            Ok(file) => file
                .take(RECORD_LIMIT)
                .read_to_end(&mut sealed)
                .map_err(|e| at(&path, "read", &e))?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(at(&path, "open", &e)),
        };
        let (nonce, body) = sealed
            .strip_prefix(MAGIC)
            .and_then(|rest| rest.split_at_checked(NONCE_LEN))
            .ok_or_else(|| Error::Vault(format!("{}: not a sealed record", path.display())))?;
        let aad = name.as_bytes();
        self.cipher()
            .decrypt(XNonce::from_slice(nonce), Payload { msg: body, aad })
            .map(|plain| Some(Secret::new(plain)))
            .map_err(|_| {
                Error::Vault(format!(
                    "{}: cannot be opened with this key (damaged, or sealed with another key)",
                    path.display()
                ))
            })
    }

    /// Durable when it returns.
    pub fn write(&self, name: &str, value: &Secret<Vec<u8>>) -> Result<()> {
        let path = self.path(name)?;
        let mut nonce = [0; NONCE_LEN];
        fill_random(&mut nonce)?;
        let aad = name.as_bytes();
        let msg = value.expose().as_slice();
        let body = self
            .cipher()
            .encrypt(XNonce::from_slice(&nonce), Payload { msg, aad })
            .map_err(|_| Error::Vault(format!("{name}: sealing failed")))?;
        let sealed = [MAGIC.as_slice(), &nonce, &body].concat();
        replace(&self.inner.dir, &path, &sealed).map_err(|e| at(&path, "write", &e))
    }

    /// Durable when it returns; a record that is not there is removed already.
    pub fn remove(&self, name: &str) -> Result<()> {
        let path = self.path(name)?;
        match fs::remove_file(&path) {
            Ok(()) => sync_dir(&self.inner.dir).map_err(|e| at(&path, "remove", &e)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(at(&path, "remove", &e)),
        }
    }

    /// A key for another purpose (HKDF-SHA-256, RFC 5869, with `purpose` as info).
    pub fn subkey(&self, purpose: &str) -> Secret<[u8; 32]> {
        let salt = ring::hkdf::Salt::new(ring::hkdf::HKDF_SHA256, b"postern vault v1");
        let mut key = [0; 32];
        // Expanding to one hash length cannot fail (RFC 5869 section 2.3: the limit is 255 of them).
        let filled = salt
            .extract(self.inner.key.expose())
            .expand(&[purpose.as_bytes()], ring::hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut key));
        debug_assert!(filled.is_ok());
        let secret = Secret::new(key);
        key.zeroize();
        secret
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        // The sealing key is a subkey too: the key file's octets are never used directly.
        XChaCha20Poly1305::new(Key::from_slice(self.subkey("records").expose()))
    }

    /// One flat folder: what a file name may not hold, on any platform, is written `%XX`.
    fn path(&self, name: &str) -> Result<PathBuf> {
        if name.is_empty() || name.len() > 100 || !name.is_ascii() {
            return Err(Error::Vault(format!("{name:?} is no record name")));
        }
        let mut file = String::new();
        for c in name.chars() {
            match c {
                'a'..='z' | '0'..='9' | '-' | '_' => file.push(c),
                _ => file.push_str(&format!("%{:02x}", u32::from(c))),
            }
        }
        Ok(self.inner.dir.join(file + RECORD_SUFFIX))
    }
}

fn at(path: &Path, verb: &str, error: &io::Error) -> Error {
    Error::Vault(format!("cannot {verb} {}: {error}", path.display()))
}

fn fill_random(out: &mut [u8]) -> Result<()> {
    SystemRandom::new()
        .fill(out)
        .map_err(|_| Error::Vault("the system gives no random numbers".to_owned()))
}

fn any_record(dir: &Path) -> Result<Option<String>> {
    let entries = fs::read_dir(dir).map_err(|e| at(dir, "list", &e))?;
    Ok(entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .find(|name| name.ends_with(RECORD_SUFFIX)))
}

fn make_key(dir: &Path, path: &Path) -> Result<()> {
    let mut key = [0; 32];
    fill_random(&mut key)?;
    let made = create(dir, path, &key).map_err(|e| at(path, "make", &e));
    key.zeroize();
    made
}

/// Makes a file that is not there yet, whole or not at all. Where another process was quicker, its file
/// stays.
fn create(dir: &Path, path: &Path, octets: &[u8]) -> io::Result<()> {
    let beside = beside(dir);
    let made = write_private(&beside, octets).and_then(|()| match fs::hard_link(&beside, path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // Not every file system has links.
        Err(_) => fs::rename(&beside, path),
        Ok(()) => Ok(()),
    });
    // Gone already after a rename.
    let _ = fs::remove_file(&beside);
    made.and_then(|()| sync_dir(dir))
}

fn read_key(path: &Path) -> Result<Secret<[u8; 32]>> {
    let mut file = File::open(path).map_err(|e| at(path, "open", &e))?;
    refuse_shared(&file, path)?;
    let mut octets = Vec::with_capacity(64);
    (&mut file)
        .take(64)
        .read_to_end(&mut octets)
        .map_err(|e| at(path, "read", &e))?;
    let key = <[u8; 32]>::try_from(octets.as_slice()).map(Secret::new);
    octets.zeroize();
    key.map_err(|_| {
        Error::Vault(format!(
            "{}: a key file has 32 octets, this one has not",
            path.display()
        ))
    })
}

#[cfg(unix)]
fn refuse_shared(file: &File, path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let meta = file.metadata().map_err(|e| at(path, "look at", &e))?;
    let mode = meta.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(Error::Vault(format!(
        "{} can be used by others (mode {mode:04o}): take that away with `chmod 600 {}`; if somebody \
         may have read it, sign in again afterwards",
        path.display(),
        path.display()
    )))
}

#[cfg(not(unix))]
fn refuse_shared(_file: &File, _path: &Path) -> Result<()> {
    // Access lists are inherited from the user's profile folder there.
    Ok(())
}

#[cfg(unix)]
fn make_dir(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)?;
    // One that was there before may be wider.
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn make_dir(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)
}

/// Write beside, fsync, rename, fsync of the folder: after a crash the old octets or the new ones.
fn replace(dir: &Path, path: &Path, octets: &[u8]) -> io::Result<()> {
    let beside = beside(dir);
    let written = write_private(&beside, octets)
        .and_then(|()| fs::rename(&beside, path))
        .and_then(|()| sync_dir(dir));
    if written.is_err() {
        // Best effort: the rename may have taken it away already.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn beside(dir: &Path) -> PathBuf {
    dir.join(format!(".{}.tmp", uuid::Uuid::new_v4().simple()))
}

fn write_private(path: &Path, octets: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(octets)?;
    file.sync_all()
}

#[cfg(unix)]
fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(not(unix))]
fn sync_dir(_dir: &Path) -> io::Result<()> {
    // No such call there; the file system journals renames.
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret<Vec<u8>> {
        Secret::new(text.as_bytes().to_vec())
    }

    #[test]
    fn records_survive_a_reopen_and_are_not_readable_on_disk() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::open(dir.path()).unwrap();
        vault
            .write("token/anna", &secret("a refresh token"))
            .unwrap();
        vault.write("token/anna", &secret("a newer one")).unwrap();
        let again = Vault::open(dir.path()).unwrap();
        assert_eq!(
            again.read("token/anna").unwrap(),
            Some(secret("a newer one"))
        );
        assert_eq!(again.read("token/ben").unwrap(), None);
        assert_eq!(
            vault.subkey("x").expose(),
            again.subkey("x").expose(),
            "subkeys last"
        );
        assert_ne!(vault.subkey("x").expose(), vault.subkey("y").expose());
        for entry in fs::read_dir(dir.path().join("vault")).unwrap() {
            let octets = fs::read(entry.unwrap().path()).unwrap();
            assert!(!String::from_utf8_lossy(&octets).contains("newer"));
        }
        again.remove("token/anna").unwrap();
        again.remove("token/anna").unwrap();
        assert_eq!(vault.read("token/anna").unwrap(), None);
    }

    #[test]
    fn a_record_under_another_name_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::open(dir.path()).unwrap();
        vault.write("token/anna", &secret("hers")).unwrap();
        let (from, to) = (
            vault.path("token/anna").unwrap(),
            vault.path("token/ben").unwrap(),
        );
        fs::copy(&from, to).unwrap();
        assert!(vault.read("token/ben").is_err());
        let mut octets = fs::read(&from).unwrap();
        *octets.last_mut().unwrap() ^= 1;
        fs::write(&from, octets).unwrap();
        assert!(vault.read("token/anna").is_err(), "a flipped bit is seen");
    }

    #[test]
    fn names_never_leave_the_folder_or_collide() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::open(dir.path()).unwrap();
        let names = ["../x", "a/b", "a%2fb", "A", "a", "."];
        let files: std::collections::BTreeSet<_> = names
            .iter()
            .map(|n| vault.path(n).unwrap().to_string_lossy().to_lowercase())
            .collect();
        assert_eq!(files.len(), names.len());
        assert!(files.iter().all(|f| !f.contains("..")));
        assert!(vault.path("").is_err() && vault.path("ü").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_refused_and_so_is_a_lost_one() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::open(dir.path()).unwrap();
        vault.write("ca", &secret("x")).unwrap();
        let key = dir.path().join("vault").join(KEY_FILE);
        assert_eq!(
            fs::metadata(&key).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let folder = fs::metadata(dir.path().join("vault")).unwrap();
        assert_eq!(folder.permissions().mode() & 0o777, 0o700);
        fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
        let error = Vault::open(dir.path()).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
        fs::remove_file(&key).unwrap();
        let error = Vault::open(dir.path()).unwrap_err().to_string();
        assert!(error.contains("missing"), "{error}");
    }
}
