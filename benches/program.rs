//! The real `postern` beside a sandbox in this process: what the benches share.
#![allow(dead_code, unreachable_pub, reason = "each bench uses its part")]

use std::{
    error::Error,
    fs,
    io::Write,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use postern::sandbox::{Options, Sandbox, Seeding, seed::Tenant};

pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// The real program; ended (SIGTERM, then waited for) when dropped.
pub struct Postern(Child);

impl Postern {
    pub fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Postern {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

pub fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Resident memory of a process in MB (`VmRSS`).
pub fn resident(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kb = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    let kb = kb.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok());
    kb.unwrap_or(f64::NAN) / 1024.0
}

fn config(dir: &Path, imap: u16, ports: [u16; 4], sandbox: &Sandbox, client_id: &str) -> String {
    let [tls, smtp, smtps, http] = ports;
    format!(
        "data_dir = {dir:?}\n\
         [imap]\nlisten = [\"127.0.0.1:{imap}\"]\ntls_listen = [\"127.0.0.1:{tls}\"]\n\
         [smtp]\nlisten = [\"127.0.0.1:{smtp}\"]\ntls_listen = [\"127.0.0.1:{smtps}\"]\n\
         [http]\nlisten = [\"127.0.0.1:{http}\"]\n\
         [cloud]\nlogin_url = \"{}\"\ngraph_url = \"{}\"\n\
         [[account]]\nname = \"anna\"\nmailbox = \"anna@example.com\"\ntenant = \"organizations\"\n\
         client_id = \"{client_id}\"\nsign_in = \"device\"\nuse = \"mail\"\n",
        sandbox.login_url(),
        sandbox.graph_url(),
        dir = dir.join("data"),
    )
}

/// Starts `postern run`; returns it with the time until the IMAP port took a connection.
pub fn start(config: &Path, imap: u16) -> Outcome<(Postern, Duration)> {
    let begun = Instant::now();
    let child = Command::new(env!("CARGO_BIN_EXE_postern"))
        .args(["run", "--config"])
        .arg(config)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let postern = Postern(child);
    while begun.elapsed() < Duration::from_secs(10) {
        if TcpStream::connect(("127.0.0.1", imap)).is_ok() {
            return Ok((postern, begun.elapsed()));
        }
        std::thread::sleep(Duration::from_micros(500));
    }
    Err("postern run did not listen within 10 s".into())
}

pub fn postern(args: &[&str], config: &Path) -> Outcome<String> {
    let out = Command::new(env!("CARGO_BIN_EXE_postern"))
        .args(args)
        .arg("--config")
        .arg(config)
        .output()?;
    if !out.status.success() {
        return Err(format!("postern {args:?}: {}", String::from_utf8_lossy(&out.stderr)).into());
    }
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

pub fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// A sandbox, a config file for it, and an app password for `anna`.
pub struct Stage {
    pub sandbox: Sandbox,
    pub dir: tempfile::TempDir,
    pub config: PathBuf,
    pub password: String,
    pub imap: u16,
    pub smtp: u16,
}

impl Stage {
    pub fn set(runtime: &tokio::runtime::Runtime, tenant: Tenant) -> Outcome<Self> {
        let dir = tempfile::tempdir()?;
        let client_id = tenant.client_id.clone();
        let sandbox = runtime.block_on(Sandbox::start(Options {
            tenant,
            seeding: Seeding::Regenerated,
            graph_port: 0,
            login_port: 0,
            admin_port: 0,
            auto_approve: true,
        }))?;
        let (imap, smtp) = (free_port()?, free_port()?);
        let ports = [free_port()?, smtp, free_port()?, free_port()?];
        let file = dir.path().join("postern.toml");
        fs::write(&file, config(dir.path(), imap, ports, &sandbox, &client_id))?;
        postern(&["account", "login", "anna"], &file)?;
        let password = postern(&["account", "password", "add", "anna"], &file)?;
        let password = password.lines().find(|l| !l.trim().is_empty());
        let password = password.unwrap_or_default().trim().to_owned();
        Ok(Self {
            sandbox,
            dir,
            config: file,
            password,
            imap,
            smtp,
        })
    }

    pub fn start(&self) -> Outcome<(Postern, Duration)> {
        start(&self.config, self.imap)
    }
}

/// Unix seconds.
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map(|d| d.as_secs() as i64).unwrap_or_default()
}
