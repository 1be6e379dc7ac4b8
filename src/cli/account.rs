//! `postern account …`: sign in, app passwords, the list.

use super::{Outcome, command_runtime, config_file::ConfigFile, note, say};
use crate::{
    app,
    control::{AccountStatus, PasswordInfo, Reply, Request},
};
use anyhow::anyhow;
use chrono::DateTime;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum AccountCommand {
    /// Sign an account in at Microsoft: shows an address and a code, waits, checks who signed in
    Login(Login),
    /// App passwords: what mail programs log in with
    #[command(subcommand)]
    Password(PasswordCommand),
    /// All accounts and how they are
    List(ListAccounts),
}

#[derive(Debug, Args)]
pub(super) struct Login {
    /// The account's name in the config file
    name: String,
    /// Let another person in than the one who signed in before
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    file: ConfigFile,
}

#[derive(Debug, Subcommand)]
pub(super) enum PasswordCommand {
    /// Make one; it is printed once
    Add(PasswordAdd),
    /// Number, date and label of each
    List(PasswordList),
    /// Remove one by its number
    Remove(PasswordRemove),
}

#[derive(Debug, Args)]
pub(super) struct PasswordAdd {
    name: String,
    /// What it is for, such as a device
    #[arg(long, default_value = "mail program")]
    label: String,
    #[command(flatten)]
    file: ConfigFile,
}

#[derive(Debug, Args)]
pub(super) struct PasswordList {
    name: String,
    #[command(flatten)]
    file: ConfigFile,
}

#[derive(Debug, Args)]
pub(super) struct PasswordRemove {
    name: String,
    /// As `password list` shows it
    number: i64,
    #[command(flatten)]
    file: ConfigFile,
}

#[derive(Debug, Args)]
pub(super) struct ListAccounts {
    #[command(flatten)]
    file: ConfigFile,
}

impl AccountCommand {
    pub(super) fn run(self) -> Outcome {
        let (request, file) = self.request();
        let config = file.load()?;
        let added = match &request {
            Request::PasswordAdd { account, .. } => Some(account.clone()),
            _ => None,
        };
        let runtime = command_runtime()?;
        let reply = runtime.block_on(app::ask(config, request, show_prompt))?;
        runtime.shutdown_background();
        if let Some(account) = added {
            note(&format!(
                "App password for account {account}, shown this once (login: {account}, or the mailbox's address):"
            ));
        }
        tell(reply)
    }

    fn request(self) -> (Request, ConfigFile) {
        match self {
            Self::Login(login) => {
                let (account, replace) = (login.name, login.replace);
                (Request::Login { account, replace }, login.file)
            }
            Self::Password(PasswordCommand::Add(add)) => {
                let (account, label) = (add.name, add.label);
                (Request::PasswordAdd { account, label }, add.file)
            }
            Self::Password(PasswordCommand::List(list)) => {
                (Request::PasswordList { account: list.name }, list.file)
            }
            Self::Password(PasswordCommand::Remove(remove)) => {
                let (account, id) = (remove.name, remove.number);
                (Request::PasswordRemove { account, id }, remove.file)
            }
            Self::List(list) => (Request::Accounts, list.file),
        }
    }
}

fn show_prompt(reply: Reply) {
    if let Reply::Prompt {
        verification_uri,
        user_code,
        expires_in,
        ..
    } = reply
    {
        note(&format!(
            "Open {verification_uri} in a browser, type the code {user_code}, and sign in.\n\
             Waiting; the code is good for {} minutes …",
            expires_in / 60
        ));
    }
}

fn tell(reply: Reply) -> Outcome {
    match reply {
        Reply::Accounts { accounts } => say(&account_table(&accounts))?,
        Reply::SignedIn { account, user } => {
            say(&format!("Account {account} is signed in as {user}."))?;
        }
        Reply::Password { password } => say(password.expose())?,
        Reply::Passwords { passwords } => say(&password_table(&passwords))?,
        Reply::Done => say("Done.")?,
        Reply::Failed { message } => return Err(anyhow!(message).into()),
        Reply::Prompt { .. } => return Err(anyhow!("the server stopped half-way").into()),
    }
    Ok(())
}

fn account_table(accounts: &[AccountStatus]) -> String {
    let width = |of: fn(&AccountStatus) -> &str| {
        accounts
            .iter()
            .map(|a| of(a).chars().count())
            .max()
            .unwrap_or(0)
    };
    let (name, mailbox) = (width(|a| &a.name), width(|a| &a.mailbox));
    let lines = accounts.iter().map(|account| {
        let shared = if account.user.eq_ignore_ascii_case(&account.mailbox) {
            String::new()
        } else {
            format!(" (as {})", account.user)
        };
        format!(
            "{:name$}  {:mailbox$}  {}{shared}",
            account.name, account.mailbox, account.state
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn password_table(passwords: &[PasswordInfo]) -> String {
    if passwords.is_empty() {
        return "No app passwords.".to_owned();
    }
    let lines = passwords.iter().map(|password| {
        let made = DateTime::from_timestamp(password.created, 0);
        let made = made.map_or_else(String::new, |time| time.format("%Y-%m-%d").to_string());
        format!("{:>4}  {made}  {}", password.id, password.label)
    });
    lines.collect::<Vec<_>>().join("\n")
}
