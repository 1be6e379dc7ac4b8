//! A submission's message as a file: chunks of 64 KiB, each sealed for (file, index, last), so that a
//! range can be read alone and none can be swapped, cut off or taken elsewhere.

use super::io_error;
use crate::{
    mail::Secret,
    store::{
        error::{Error, Result},
        private_dir,
        seal::{Place, Sealer},
    },
};
use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

const CHUNK: usize = 64 * 1024;

/// What sealing adds: nonce and tag.
const SEAL: usize = 40;

/// Chunks that go to the disk together.
const BURST: usize = 4;

/// The folder of the files.
#[derive(Debug, Clone)]
pub(in crate::store) struct Messages {
    dir: PathBuf,
    sealer: Sealer,
}

impl Messages {
    pub(in crate::store) fn open(dir: PathBuf, key: &Secret<[u8; 32]>) -> Result<Self> {
        private_dir(&dir)?;
        let sealer = Sealer::new(key, "spool")?;
        Ok(Self { dir, sealer })
    }

    pub(super) fn writer(&self) -> Result<MessageWriter> {
        let name: [u8; 16] = self.sealer.random()?;
        let name = name.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let path = self.dir.join(&name);
        let mut options = fs::OpenOptions::new();
        options.create_new(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(io_error(&path))?;
        Ok(MessageWriter {
            dir: self.dir.clone(),
            unfinished: Unfinished { path: Some(path) },
            tail: Some(Tail {
                file,
                sealer: self.sealer.clone(),
                owner: name.clone().into_bytes(),
                index: 0,
                pending: Vec::new(),
            }),
            name,
            size: 0,
        })
    }

    /// Octets `start..end` of a message of `size` octets.
    pub(super) async fn read(
        &self,
        name: String,
        size: u64,
        start: u64,
        end: u64,
    ) -> Result<Vec<u8>> {
        let this = self.clone();
        let work = move || this.read_here(&name, size, start, end);
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| Error::Gone)?
    }

    fn read_here(&self, name: &str, size: u64, start: u64, end: u64) -> Result<Vec<u8>> {
        let path = self.dir.join(name);
        let end = end.min(size);
        let mut out = Vec::new();
        if start >= end {
            return Ok(out);
        }
        out.reserve_exact(usize::try_from(end - start).map_err(|_| Error::Gone)?);
        let chunk = CHUNK as u64;
        let last = size.saturating_sub(1) / chunk;
        let first = start / chunk;
        let mut file = File::open(&path).map_err(io_error(&path))?;
        file.seek(SeekFrom::Start(first * (chunk + SEAL as u64)))
            .map_err(io_error(&path))?;
        for index in first..=(end - 1) / chunk {
            let plain = (size - index * chunk).min(chunk);
            let mut sealed = vec![0; usize::try_from(plain).unwrap_or(CHUNK) + SEAL];
            file.read_exact(&mut sealed).map_err(io_error(&path))?;
            let place = Place {
                owner: name.as_bytes(),
                index,
                last: index == last,
            };
            let opened = self.sealer.open(place, &sealed);
            let opened = opened.ok_or_else(|| Error::Tampered { file: path.clone() })?;
            let from = start.saturating_sub(index * chunk);
            let to = (end - index * chunk).min(plain);
            let within = |n: u64| usize::try_from(n).unwrap_or(CHUNK);
            out.extend_from_slice(opened.get(within(from)..within(to)).unwrap_or_default());
        }
        Ok(out)
    }

    pub(super) fn remove(&self, name: &str) {
        let path = self.dir.join(name);
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(file = %path.display(), %error, "not removed");
        }
    }

    /// Removes every file that `live` does not name.
    pub(super) async fn sweep(&self, live: HashSet<String>) -> Result<()> {
        let this = self.clone();
        let work = move || {
            for entry in fs::read_dir(&this.dir).map_err(io_error(&this.dir))? {
                let name = entry.map_err(io_error(&this.dir))?.file_name();
                let ours = name.to_str().filter(|name| !live.contains(*name));
                if let Some(name) = ours {
                    this.remove(name);
                }
            }
            Ok(())
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| Error::Gone)?
    }
}

/// A message on its way to the disk; holds a few chunks in memory at most. Dropped before it became
/// a submission, its file goes.
#[derive(Debug)]
pub struct MessageWriter {
    dir: PathBuf,
    name: String,
    size: u64,
    /// `None` while a burst is on its way; stays so when that failed or was given up.
    tail: Option<Tail>,
    unfinished: Unfinished,
}

/// Removes the file when dropped, while there is a path.
#[derive(Debug)]
struct Unfinished {
    path: Option<PathBuf>,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // Err: gone already; the sweep at the next start looks again.
            let _ = fs::remove_file(path);
        }
    }
}

#[derive(Debug)]
struct Tail {
    file: File,
    sealer: Sealer,
    owner: Vec<u8>,
    index: u64,
    pending: Vec<u8>,
}

impl MessageWriter {
    /// Octets written so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends octets. After an error, or when its future was dropped, the writer is of no more use.
    pub async fn write(&mut self, octets: &[u8]) -> Result<()> {
        let mut tail = self.tail.take().ok_or(Error::Gone)?;
        self.size += octets.len() as u64;
        for piece in octets.chunks(BURST * CHUNK) {
            tail.pending.extend_from_slice(piece);
            if tail.pending.len() >= BURST * CHUNK {
                tail = self.blocking(move || tail.flush()).await?;
            }
        }
        self.tail = Some(tail);
        Ok(())
    }

    /// Writes the rest, syncs the file and its folder. Returns name and size.
    pub(super) async fn finish(mut self) -> Result<(String, u64)> {
        let tail = self.tail.take().ok_or(Error::Gone)?;
        let dir = self.dir.clone();
        self.blocking(move || {
            tail.finish()?;
            sync_dir(&dir)
        })
        .await?;
        self.unfinished.path = None;
        Ok((std::mem::take(&mut self.name), self.size))
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|_| Error::Gone)?
            .map_err(io_error(&self.dir.join(&self.name)))
    }
}

impl Tail {
    /// Seals and writes whole chunks, but for one that may be the last.
    fn flush(mut self) -> io::Result<Self> {
        let whole = self.pending.len().saturating_sub(1) / CHUNK * CHUNK;
        let rest = self.pending.split_off(whole);
        let whole = std::mem::replace(&mut self.pending, rest);
        for chunk in whole.chunks(CHUNK) {
            self.put(chunk, false)?;
        }
        Ok(self)
    }

    fn finish(self) -> io::Result<()> {
        let mut tail = self.flush()?;
        let last = std::mem::take(&mut tail.pending);
        tail.put(&last, true)?;
        tail.file.sync_all()
    }

    fn put(&mut self, plain: &[u8], last: bool) -> io::Result<()> {
        let place = Place {
            owner: &self.owner,
            index: self.index,
            last,
        };
        let sealed = self.sealer.seal(place, plain).map_err(io::Error::other)?;
        self.index += 1;
        self.file.write_all(&sealed)
    }
}

#[cfg(unix)]
fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(not(unix))]
fn sync_dir(_dir: &Path) -> io::Result<()> {
    Ok(())
}
