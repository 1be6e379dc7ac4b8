//! What the demo tells its user, for eyes and for programs.

use super::{
    ground::{MARK, MBSYNC},
    passwords::write_private,
};
use crate::app::{Error, Result};
use serde::Serialize;
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Addresses and logins of a running demo. Serialises to the line that `--json` prints.
#[derive(Clone, Serialize)]
pub struct Card {
    pub imap: Host,
    pub smtp: Host,
    pub http: String,
    pub accounts: Vec<CardAccount>,
    pub ca_file: PathBuf,
    /// The sandbox's Graph root.
    pub graph: String,
    /// Its Entra ID.
    pub login: String,
    /// Its journal, deliveries, faults.
    pub admin: String,
}

/// Where a protocol is served.
#[derive(Debug, Clone, Serialize)]
pub struct Host {
    pub host: &'static str,
    /// STARTTLS.
    pub port: u16,
    /// TLS from the first octet.
    pub tls_port: u16,
}

#[derive(Clone, Serialize)]
pub struct CardAccount {
    pub name: String,
    /// The login name.
    pub user: String,
    /// The app password: the card is its one showing.
    pub password: String,
    pub mailbox: String,
}

impl Host {
    pub(super) fn new(port: u16, tls_port: u16) -> Self {
        Self {
            host: "127.0.0.1",
            port,
            tls_port,
        }
    }
}

/// The card is printed by its `Display` alone, never into a log.
impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Card")
            .field("imap", &self.imap)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Postern serves the sandbox tenant Beispiel GmbH.\n")?;
        writeln!(f, "  {:<10} {:<24} app password", "user", "mailbox")?;
        for account in &self.accounts {
            let (user, mailbox) = (&account.user, &account.mailbox);
            writeln!(f, "  {user:<10} {mailbox:<24} {}", account.password)?;
        }
        let (imap, smtp) = (&self.imap, &self.smtp);
        writeln!(
            f,
            "\n  IMAP       localhost, port {} (STARTTLS) or {} (TLS)",
            imap.port, imap.tls_port
        )?;
        writeln!(
            f,
            "  SMTP       localhost, port {} (STARTTLS) or {} (TLS)",
            smtp.port, smtp.tls_port
        )?;
        writeln!(f, "  HTTP       {}/healthz", self.http)?;
        writeln!(f, "  CA file    {}", self.ca_file.display())?;
        writeln!(f, "  sandbox    Graph {}, login {}", self.graph, self.login)?;
        writeln!(f, "             admin {}\n", self.admin)?;
        self.commands(f)?;
        self.thunderbird(f)?;
        write!(f, "\nCtrl-C ends it.")
    }
}

impl Card {
    fn first(&self) -> (&str, &str) {
        let first = self.accounts.first();
        first.map_or(("", ""), |a| (&a.user, &a.password))
    }

    /// Three that work when pasted into a shell.
    fn commands(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (user, password) = self.first();
        let ca = quoted(&self.ca_file);
        let port = self.imap.tls_port;
        writeln!(f, "Three commands to try:\n")?;
        writeln!(
            f,
            "  curl --cacert {ca} -u {user}:{password} 'imaps://localhost:{port}/'\n"
        )?;
        writeln!(
            f,
            "  curl --cacert {ca} -u {user}:{password} \\\n    \
             'imaps://localhost:{port}/INBOX;MAILINDEX=1;SECTION=HEADER'\n"
        )?;
        writeln!(
            f,
            "  mbsync -c {} -a        # pulls {user}'s mail into a Maildir beside the CA file\n",
            quoted(&self.mbsync_file())
        )
    }

    fn thunderbird(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (user, _) = self.first();
        let port = self.imap.tls_port;
        write!(
            f,
            "Thunderbird: Settings > Privacy & Security > Manage Certificates > Authorities >\n\
             Import the CA file and tick \"identify websites\". Then a new account, configured by\n\
             hand: IMAP, localhost, port {port}, SSL/TLS, Normal password, user name {user}; for\n\
             outgoing mail localhost, port {}, SSL/TLS.\n",
            self.smtp.tls_port
        )
    }

    fn mbsync_file(&self) -> PathBuf {
        self.ca_file.with_file_name(MBSYNC)
    }

    /// What the card's mbsync command reads: it holds the app password, so it is private.
    pub(super) fn write_mbsync_file(&self, data_dir: &Path) -> Result<()> {
        let mail = data_dir.join("maildir");
        std::fs::create_dir_all(&mail).map_err(Error::file(&mail))?;
        let (user, password) = self.first();
        let mail = mail.display();
        let text = format!(
            "{MARK}\n\nIMAPAccount demo\nHost localhost\nPort {port}\nUser {user}\nPass {password}\n\
             SSLType IMAPS\nCertificateFile \"{ca}\"\n\n\
             IMAPStore cloud\nAccount demo\n\n\
             MaildirStore here\nPath \"{mail}/\"\nInbox \"{mail}/INBOX\"\nSubFolders Verbatim\n\n\
             Channel all\nFar :cloud:\nNear :here:\nPatterns *\nCreate Near\nSync Pull\n\
             SyncState *\nCopyArrivalDate yes\n",
            port = self.imap.tls_port,
            ca = self.ca_file.display(),
        );
        write_private(&self.mbsync_file(), text.as_bytes())
    }
}

/// For a POSIX shell.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if text.chars().all(plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_line_is_as_promised() {
        let card = Card {
            imap: Host::new(1, 2),
            smtp: Host::new(3, 4),
            http: "http://127.0.0.1:5".to_owned(),
            accounts: vec![CardAccount {
                name: "anna".to_owned(),
                user: "anna".to_owned(),
                password: "p".to_owned(),
                mailbox: "anna@example.com".to_owned(),
            }],
            ca_file: PathBuf::from("/x/ca.pem"),
            graph: "g".to_owned(),
            login: "l".to_owned(),
            admin: "a".to_owned(),
        };
        assert_eq!(
            serde_json::to_string(&card).unwrap(),
            "{\"imap\":{\"host\":\"127.0.0.1\",\"port\":1,\"tls_port\":2},\
             \"smtp\":{\"host\":\"127.0.0.1\",\"port\":3,\"tls_port\":4},\
             \"http\":\"http://127.0.0.1:5\",\"accounts\":[{\"name\":\"anna\",\"user\":\"anna\",\
             \"password\":\"p\",\"mailbox\":\"anna@example.com\"}],\"ca_file\":\"/x/ca.pem\",\
             \"graph\":\"g\",\"login\":\"l\",\"admin\":\"a\"}"
        );
        assert!(!format!("{card:?}").contains("password"));
        assert_eq!(quoted(Path::new("/a b/c'd")), "'/a b/c'\\''d'");
    }
}
