//! Whether a folder may be a demo's. What a person keeps there is neither overwritten nor served:
//! files that the demo writes anew begin with [`MARK`], and a folder with data but without the
//! demo's own config file belongs to someone's server.

use crate::app::{Error, Result};
use std::{io, path::Path};

/// The first line of what the demo writes anew.
pub(super) const MARK: &str = "# Written anew at each start of `postern demo`.";

/// The config file that the demo writes.
pub(super) const CONFIG: &str = "postern.toml";
/// What the card's mbsync command reads.
pub(super) const MBSYNC: &str = "mbsyncrc";
/// Tokens, outgoing mail and what is known of mailboxes.
const DATA: &[&str] = &["vault", "spool", "spool.db", "mailboxes"];

/// What stands in a file's place.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    TheDemos,
    Foreign,
}

/// Reads only. [`Error::NotADemo`] says what stands in the way and what to do.
pub(super) fn check(data_dir: &Path) -> Result<()> {
    let config = look(&data_dir.join(CONFIG))?;
    for (name, found) in [(CONFIG, &config), (MBSYNC, &look(&data_dir.join(MBSYNC))?)] {
        if *found == Found::Foreign {
            return Err(Error::NotADemo(format!(
                "{} was not written by the demo, which would overwrite it: choose an empty folder \
                 for --data, or move that file away",
                data_dir.join(name).display()
            )));
        }
    }
    let data = DATA
        .iter()
        .find(|name| data_dir.join(name).symlink_metadata().is_ok());
    match data {
        Some(name) if config == Found::Nothing => Err(Error::NotADemo(format!(
            "{} holds the data of a server ({name}) and no demo's postern.toml: choose an empty \
             folder for --data",
            data_dir.display()
        ))),
        _ => Ok(()),
    }
}

fn look(path: &Path) -> Result<Found> {
    // A link is nobody's but the user's: writing through it would overwrite what it leads to.
    match path.symlink_metadata() {
        Ok(meta) if meta.is_file() => {}
        Ok(_) => return Ok(Found::Foreign),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(Error::file(path)(error)),
    }
    let text = std::fs::read(path).map_err(Error::file(path))?;
    let first = text.split(|&octet| octet == b'\n').next();
    Ok(match first {
        Some(first) if first.trim_ascii_end() == MARK.as_bytes() => Found::TheDemos,
        _ => Found::Foreign,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn refusal(dir: &Path) -> String {
        check(dir).unwrap_err().to_string()
    }

    #[test]
    fn what_a_person_keeps_is_not_taken() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        assert!(check(&dir.join("none")).is_ok());
        assert!(check(dir).is_ok());
        for name in [CONFIG, MBSYNC] {
            for own in ["", "IMAPAccount work\n", "[[account]]\n# Written anew\n"] {
                fs::write(dir.join(name), own).unwrap();
                let told = refusal(dir);
                assert!(told.contains(name) && told.contains("--data"), "{told}");
            }
            fs::remove_file(dir.join(name)).unwrap();
        }
        for name in DATA {
            fs::create_dir(dir.join(name)).unwrap();
            let told = refusal(dir);
            assert!(told.contains(&format!("({name})")), "{told}");
            fs::remove_dir(dir.join(name)).unwrap();
        }
    }

    #[test]
    fn an_earlier_demo_is_gone_on_with() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        for name in [CONFIG, MBSYNC] {
            fs::write(dir.join(name), format!("{MARK}\r\nx = 1\r\n")).unwrap();
        }
        fs::create_dir(dir.join("vault")).unwrap();
        assert!(check(dir).is_ok());
        fs::remove_file(dir.join(CONFIG)).unwrap();
        assert!(refusal(dir).contains("(vault)"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_not_written_through() {
        let dir = tempfile::tempdir().unwrap();
        let elsewhere = dir.path().join("elsewhere");
        fs::write(&elsewhere, MARK).unwrap();
        std::os::unix::fs::symlink(&elsewhere, dir.path().join(CONFIG)).unwrap();
        assert!(refusal(dir.path()).contains(CONFIG));
    }
}
