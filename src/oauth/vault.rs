//! Sealed records on disk: XChaCha20-Poly1305, the key in a file of mode 0600.

use super::Result;
use crate::mail::Secret;
use std::path::Path;

/// Records named by short ASCII names (`token/anna`, `ca`), each a sealed file, replaced atomically
/// and durably (write, fsync, rename, fsync of the folder). Cheap to clone.
#[derive(Debug, Clone)]
pub struct Vault {}

impl Vault {
    /// Opens `data_dir/vault` (0700), making key and folder on the first start. Refuses a key file
    /// that others can read, and a vault whose key file is missing while records exist.
    pub fn open(_data_dir: &Path) -> Result<Self> {
        todo!()
    }
    pub fn read(&self, _name: &str) -> Result<Option<Secret<Vec<u8>>>> {
        todo!()
    }
    /// Durable when it returns.
    pub fn write(&self, _name: &str, _value: &Secret<Vec<u8>>) -> Result<()> {
        todo!()
    }
    pub fn remove(&self, _name: &str) -> Result<()> {
        todo!()
    }
    /// A key for another purpose (HKDF-SHA-256 with `purpose` as info).
    pub fn subkey(&self, _purpose: &str) -> Secret<[u8; 32]> {
        todo!()
    }
}
