//! kill -9 at each state of a MOVE, a COPY and an APPEND: after a restart nothing is lost, and the client's repetition works.
//!
//! The command runs in a process of its own (this test binary, started anew), against the sandbox and the data
//! directory of the test.

use crate::sync_world::{ANNA, NOW, World, mailbox, mails, mime, plain};
use crate::write::{flags, uids};
use postern::{
    account::Account,
    config,
    graph::{self, limiter::Limiter},
    mail::{AccountName, Flags, Secret, Uid},
    oauth::{self, source::TokenSource, vault::Vault},
    store::Store,
};
use serde_json::json;
use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

const PREFIX: &str = "POSTERN_CRASH_";

fn given(name: &str) -> String {
    std::env::var(format!("{PREFIX}{name}")).unwrap()
}

/// The account as the test's world has it, in this process.
async fn account_here() -> Account {
    let dir = PathBuf::from(given("DIR"));
    let cloud = config::Cloud {
        login_url: given("LOGIN").parse().unwrap(),
        graph_url: given("GRAPH").parse().unwrap(),
    };
    let account = config::Account {
        name: AccountName::new("anna"),
        mailbox: ANNA.to_owned(),
        user: ANNA.to_owned(),
        tenant: given("TENANT"),
        client_id: given("CLIENT"),
        sign_in: config::SignIn::Device,
        uses: config::Use::Mail,
        writing: config::Writing::default(),
        cloud: cloud.clone(),
    };
    let http = oauth::client::http(&cloud).unwrap();
    let vault = Arc::new(Vault::open(&dir).unwrap());
    let tokens = TokenSource::new(&account, http.clone(), vault).unwrap();
    let store = Store::open(&dir, Secret::new([7; 32])).await.unwrap();
    let store = store.mailbox("m1").await.unwrap();
    let graph = graph::Client::new(http, cloud.graph_url, None, tokens, Limiter::default());
    Account::new(account.name, store, graph)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "the process that the crash tests kill"]
async fn victim() {
    let account = account_here().await;
    let inbox = account.select(&mailbox("INBOX")).await.unwrap();
    let (folder, archive) = (inbox.folder.key, mailbox("Archive"));
    match given("WORK").as_str() {
        "move" => drop(account.move_to(folder, &uids([1, 2]), &archive).await),
        "copy" => drop(account.copy(folder, &uids([1, 2]), &archive).await),
        "append" => drop(append(&account).await),
        other => panic!("{other}"),
    }
    // Done: what comes now is the time before the client hears of it.
    tokio::time::sleep(Duration::from_secs(60)).await;
}

pub(crate) async fn append(account: &Account) -> postern::account::Result<Uid> {
    let flags = flags("\\Draft \\Flagged");
    let archive = mailbox("Archive");
    let appended = account.append(&archive, &flags, Some(NOW), mime("new"));
    appended.await.map(|(_, uid)| uid)
}

/// A process that is killed when it goes out of scope, or before.
pub(crate) struct Victim(Child);

impl Victim {
    pub(crate) fn start(world: &World, work: &str) -> Self {
        let sandbox = &world.sandbox;
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash_write::victim", "--ignored", "--nocapture"])
            .env(format!("{PREFIX}WORK"), work)
            .env(format!("{PREFIX}DIR"), world.dir.path())
            .env(format!("{PREFIX}LOGIN"), sandbox.login_url().as_str())
            .env(format!("{PREFIX}GRAPH"), sandbox.graph_url().as_str())
            .env(format!("{PREFIX}TENANT"), &world.tenant)
            .env(format!("{PREFIX}CLIENT"), &world.client_id)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }

    /// SIGKILL, and its end.
    fn kill(mut self) {
        self.0.kill().unwrap();
        let status = self.0.wait().unwrap();
        assert!(
            !status.success(),
            "it was to be killed in the middle of its work"
        );
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until `reached`, a little longer, and kills.
pub(crate) async fn kill_when(victim: Victim, mut reached: impl AsyncFnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !reached().await {
        assert!(Instant::now() < until, "the state was never reached");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    victim.kill();
}

/// The sandbox does what is asked and answers late.
fn late(path: &str) -> serde_json::Value {
    json!({"host": "graph", "method": "POST", "path": path, "times": 9, "after": true, "delay": 20.0})
}

/// Whether every scripted fault was met.
async fn no_faults(world: &World) -> bool {
    let waiting = world.get("faults").await;
    waiting["faults"].as_array().is_some_and(Vec::is_empty)
}

async fn world() -> World {
    let world = World::with_inbox(mails(3)).await;
    world.look("INBOX").await;
    world.look("Archive").await;
    world.look("Drafts").await;
    world
}

/// The subjects in a mailbox as a process that just started shows them.
async fn subjects(world: &World, name: &str) -> Vec<String> {
    let rows = world.look(name).await;
    rows.into_iter().map(|(_, subject, _)| subject).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_move_loses_nothing() {
    // Before Graph has it; after it did it; after the commit.
    for state in ["before", "done", "committed"] {
        let world = world().await;
        match state {
            "before" => {
                let deaf =
                    json!({"host": "graph", "path": "$batch", "do": "silence", "seconds": 20});
                world.post("faults", deaf).await;
            }
            "done" => drop(world.post("faults", late("$batch")).await),
            _ => {}
        }
        let victim = Victim::start(&world, "move");
        match state {
            "before" => kill_when(victim, async || no_faults(&world).await).await,
            "done" => kill_when(victim, async || world.ids("archive").await.len() == 2).await,
            _ => {
                let archive = mailbox("Archive");
                kill_when(victim, async || {
                    let row = world.store.folder_by_name(&archive).await.unwrap();
                    row.unwrap().messages == 2
                })
                .await;
            }
        }
        world.heal().await;
        let (inbox, archive) = match state {
            "before" => ("1 m1, 2 m2, 3 m3", ""),
            _ => ("3 m3", "1 m1, 2 m2"),
        };
        for _ in 0..2 {
            assert_eq!(plain(&world.look("INBOX").await), inbox, "{state}");
            assert_eq!(plain(&world.look("Archive").await), archive, "{state}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_copy_loses_nothing_and_may_be_repeated() {
    for done in [true, false] {
        let world = world().await;
        if done {
            world.post("faults", late("$batch")).await;
        }
        let victim = Victim::start(&world, "copy");
        kill_when(victim, async || world.ids("archive").await.len() == 2).await;
        world.heal().await;
        assert_eq!(plain(&world.look("INBOX").await), "1 m1, 2 m2, 3 m3");
        assert_eq!(plain(&world.look("Archive").await), "1 m1, 2 m2");
        let account = world.account();
        let inbox = account.select(&mailbox("INBOX")).await.unwrap();
        let archive = mailbox("Archive");
        let again = account
            .copy(inbox.folder.key, &uids([1]), &archive)
            .await
            .unwrap();
        assert_eq!(again.pairs, [(uids([1])[0], uids([3])[0])]);
        assert_eq!(plain(&world.look("Archive").await), "1 m1, 2 m2, 3 m1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_append_loses_nothing_and_may_be_repeated() {
    // Made in Drafts; moved to its folder; committed.
    for state in ["made", "moved", "committed"] {
        let world = world().await;
        match state {
            "made" => drop(world.post("faults", late("/me/messages")).await),
            "moved" => drop(world.post("faults", late("/move")).await),
            _ => {}
        }
        let victim = Victim::start(&world, "append");
        match state {
            "made" => kill_when(victim, async || world.ids("drafts").await.len() == 1).await,
            "moved" => kill_when(victim, async || world.ids("archive").await.len() == 1).await,
            _ => {
                let archive = mailbox("Archive");
                kill_when(victim, async || {
                    let row = world.store.folder_by_name(&archive).await.unwrap();
                    row.unwrap().messages == 1
                })
                .await;
            }
        }
        world.heal().await;
        let stray = ["new".to_owned()];
        let (drafts, archive): (&[String], &[String]) = match state {
            "made" => (&stray, &[]),
            _ => (&[], &stray),
        };
        assert_eq!(subjects(&world, "Drafts").await, drafts, "{state}");
        assert_eq!(subjects(&world, "Archive").await, archive, "{state}");
        let account = world.account();
        let uid = append(&account).await.unwrap();
        let selected = account.select(&mailbox("Archive")).await.unwrap();
        assert_eq!(selected.snapshot.rows.len(), archive.len() + 1);
        let row = account
            .messages(selected.folder.key, &[uid])
            .await
            .unwrap()
            .remove(0);
        assert_eq!(row.flags, flags("\\Draft \\Flagged"));
        assert_ne!(row.flags, Flags::default());
        let octets = account.octets(&row, 0..u64::MAX).await.unwrap();
        assert_eq!(octets, mime("new"));
    }
}
