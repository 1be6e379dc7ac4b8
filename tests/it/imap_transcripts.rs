//! Plays every story in `tests/transcripts/imap` against the real stack.
//!
//! `C:` is sent with CRLF, `S:` is one line that must come (`…` stands for anything). `C2:` and `S2:`
//! are a second client's, `R:` and `T:` what a client from another computer says and hears. `#` is a comment. `!` acts:
//! `deliver SUBJECT`, `delete MESSAGE-ID`, `read MESSAGE-ID`, `fault JSON`, `heal`, `wait SECONDS`, `tls`, `shut` (half-close), `end` (the server
//! must close), `send N` (N times x, no line end), `tls`/`shut`/`end`/`send` for the client that spoke last. `{PASSWORD}` is the app
//! password, `{PASSWORD+}` a literal's announcement of its length, `{PLAIN}` the message of SASL PLAIN in base64; `\xNN` is an octet in hexadecimal.

use super::imap_stack::{ANNA, Client, Stack, small_world};
use base64::{Engine, engine::general_purpose::STANDARD};
use postern::sandbox::Seeding;
use serde_json::json;
use std::{collections::BTreeMap, fs};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_imap_transcript() {
    if std::env::var_os("SHOW_LOG").is_some() {
        let shown = tracing_subscriber::fmt().with_env_filter("postern=trace,warn");
        let _ = shown.with_test_writer().try_init();
    }
    let only = std::env::var("TRANSCRIPT").unwrap_or_default();
    let mut stories = tokio::task::JoinSet::new();
    // Each story has a world of its own: not all at once.
    let turns = std::sync::Arc::new(tokio::sync::Semaphore::new(8));
    let mut count = 0;
    for entry in fs::read_dir("tests/transcripts/imap").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.contains(&only) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let turn = std::sync::Arc::clone(&turns);
        stories.spawn(async move {
            let _turn = turn.acquire_owned().await;
            (name.clone(), play(name, text).await)
        });
        count += 1;
    }
    let mut failed = Vec::new();
    while let Some(done) = stories.join_next().await {
        match done {
            Ok((_, Ok(()))) => {}
            Ok((name, Err(why))) => failed.push(format!("{name}:{why}")),
            Err(panic) => failed.push(panic.to_string()),
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    assert!(count > 10 || !only.is_empty(), "no transcripts found");
}

struct Player {
    stack: Stack,
    clients: BTreeMap<String, Client>,
    /// Who spoke last.
    last: String,
}

async fn play(name: String, text: String) -> Result<(), String> {
    let stack = Stack::start(small_world(), Seeding::Verbatim).await;
    let mut player = Player {
        stack,
        clients: BTreeMap::new(),
        last: String::new(),
    };
    for (number, line) in text.lines().enumerate() {
        let step = player.step(line).await;
        step.map_err(|why| format!("{}: {why}", number + 1))?;
    }
    for (who, client) in &mut player.clients {
        if client.says_more().await {
            return Err(format!("{name} {who}: unread: {:?}", client.line().await));
        }
    }
    Ok(())
}

impl Player {
    async fn step(&mut self, line: &str) -> Result<(), String> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "" | "#" => Ok(()),
            "C:" | "C2:" | "R:" => {
                let mut octets = self.octets(rest);
                octets.extend_from_slice(b"\r\n");
                self.client(word).try_send(&octets).await;
                Ok(())
            }
            "S:" | "S2:" | "T:" => {
                let wanted = self.octets(rest);
                let mut got = self.client(word).line_or_end().await;
                // A sign of life, where this machine is slow.
                while got.as_deref() == Some(b"* OK Still working") {
                    got = self.client(word).line_or_end().await;
                }
                let got = got.ok_or_else(|| format!("closed, wanted {rest}"))?;
                if fits(&wanted, &got) {
                    return Ok(());
                }
                Err(format!(
                    "\n  wanted {rest}\n  got    {}",
                    String::from_utf8_lossy(&got)
                ))
            }
            "!" => self.act(rest).await,
            _ => Err(format!("unknown line {line}")),
        }
    }

    fn client(&mut self, word: &str) -> &mut Client {
        let who = match word {
            "C:" | "S:" => "1",
            "C2:" | "S2:" => "2",
            _ => "remote",
        };
        self.last = who.to_owned();
        let stack = &self.stack;
        let connect = || stack.connect(who != "remote");
        self.clients.entry(who.to_owned()).or_insert_with(connect)
    }

    fn octets(&self, text: &str) -> Vec<u8> {
        let plain = STANDARD.encode(format!("\0anna\0{}", self.stack.password));
        let text = text
            .replace("{PASSWORD}", &self.stack.password)
            .replace("{PASSWORD64}", &STANDARD.encode(&self.stack.password))
            .replace(
                "{PASSWORD+}",
                &format!("{{{}+}}", self.stack.password.len()),
            )
            .replace("{PLAIN}", &plain);
        let mut parts = text.split("\\x");
        let mut out = parts.next().unwrap_or_default().as_bytes().to_vec();
        for part in parts {
            let (hex, rest) = part.split_at(2);
            out.push(u8::from_str_radix(hex, 16).unwrap());
            out.extend_from_slice(rest.as_bytes());
        }
        out
    }

    async fn act(&mut self, what: &str) -> Result<(), String> {
        let (word, rest) = what.split_once(' ').unwrap_or((what, ""));
        let last = self.clients.get_mut(&self.last);
        match word {
            "deliver" => {
                let mime = format!(
                    "From: ben@example.com\r\nTo: {ANNA}\r\nSubject: {rest}\r\nMessage-ID: <{rest}@example.com>\r\n\
                     Date: Thu, 1 Jan 2026 12:00:00 +0000\r\n\r\nHello\r\n"
                );
                self.stack.deliver(mime.as_bytes()).await;
            }
            "delete" => {
                let body = json!({"mailbox": ANNA, "item": rest, "delete": true});
                self.stack.change("item", body).await;
            }
            "read" => {
                let body = json!({"mailbox": ANNA, "item": rest, "read": true});
                self.stack.change("item", body).await;
            }
            "fault" => {
                let body = serde_json::from_str(rest).map_err(|e| e.to_string())?;
                self.stack.admin("faults", body).await;
            }
            "heal" => self.stack.heal().await,
            "wait" => {
                let seconds = rest.parse().map_err(|_| "no number")?;
                tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
            }
            "stop" => self.stack.stop.cancel(),
            "tls" => last.unwrap().tls(&self.stack).await,
            "shut" => last.unwrap().half_close().await,
            "send" => {
                let count = rest.parse().map_err(|_| "no number")?;
                last.unwrap().try_send(&vec![b'x'; count]).await;
            }
            "end" => {
                if let Some(line) = last.unwrap().line_or_end().await {
                    let line = String::from_utf8_lossy(&line).into_owned();
                    return Err(format!("not closed, but said {line}"));
                }
            }
            _ => return Err(format!("unknown act {what}")),
        }
        Ok(())
    }
}

/// `…` stands for any octets.
fn fits(wanted: &[u8], got: &[u8]) -> bool {
    let mark = "…".as_bytes();
    let Some(at) = wanted.windows(mark.len()).position(|w| w == mark) else {
        return wanted == got;
    };
    let rest = &wanted[at + mark.len()..];
    got.starts_with(&wanted[..at]) && (at..=got.len()).any(|from| fits(rest, &got[from..]))
}
