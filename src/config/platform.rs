//! Where this platform keeps a program's data and its settings.

use std::{env, path::PathBuf};

/// `$XDG_DATA_HOME/postern` or `~/.local/share/postern`; on macOS
/// `~/Library/Application Support/postern`; on Windows `%LOCALAPPDATA%\postern`.
pub fn default_data_dir() -> Option<PathBuf> {
    let base = if cfg!(windows) {
        absolute("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        home_dir().map(|home| home.join("Library/Application Support"))
    } else {
        absolute("XDG_DATA_HOME").or_else(|| home_dir().map(|home| home.join(".local/share")))
    };
    base.map(|base| base.join("postern"))
}

/// `postern.toml` in `$XDG_CONFIG_HOME/postern` or `~/.config/postern`; on macOS in
/// `~/Library/Application Support/postern`; on Windows in `%APPDATA%\postern`.
pub fn default_config_file() -> Option<PathBuf> {
    let base = if cfg!(windows) {
        absolute("APPDATA")
    } else if cfg!(target_os = "macos") {
        home_dir().map(|home| home.join("Library/Application Support"))
    } else {
        absolute("XDG_CONFIG_HOME").or_else(|| home_dir().map(|home| home.join(".config")))
    };
    base.map(|base| base.join("postern").join("postern.toml"))
}

/// The user's home folder, if the environment names one.
pub fn home_dir() -> Option<PathBuf> {
    absolute(if cfg!(windows) { "USERPROFILE" } else { "HOME" })
}

/// A folder from the environment; relative ones are invalid (XDG base directory specification).
fn absolute(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env::var_os(name)?);
    path.is_absolute().then_some(path)
}
