//! Sign-in, sync and sending under both answers: where nobody knows which of two the service gives, Postern
//! lives with either.
//!
//! Every other answer that `GET /switch` names is tried alone, and then two mixtures of them all, decided by a
//! seed. What must hold is the same each time: nothing is lost, nothing comes twice, a UID never changes its
//! message, and the limits are kept.

use crate::{
    sync_world::{ANNA, NOW, World, mailbox, mails, mime, rows},
    write::{flags, uids},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::StreamExt;
use postern::{
    account::{Account, FlagChange, Selected},
    mail::{AccountName, Envelope, ErrorClass, Uid},
    sandbox::{Seeding, seed},
    spool::{self, Couriers, Patience, Route, Spool},
};
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

const BEN: &str = "ben@example.com";
const PROJECT: &str = "Projekt";
/// Suites that run at once: each waits more than it works.
const AT_ONCE: usize = 3;
/// Switches outside of sending that could matter to large mails, which take most of the time.
const LARGE: &[&str] = &["body-cap-as", "clock-skew-seconds", "silent-200"];
const PATIENCE: Duration = Duration::from_secs(20);

/// Milliseconds where the real one has seconds and minutes.
const HASTY: Patience = Patience {
    pauses: (50, 400),
    give_up: 60_000,
    looks: (50, 100),
    doubt: 5_000,
    settle: 700,
    access: 100,
    order: 5_000,
    turn: 200,
};

fn tenant() -> seed::Tenant {
    let mut tenant = seed::mailbox_of(Vec::new(), NOW);
    let mut ben = tenant.users[0].clone();
    ben.object_id = "00000000-0000-4000-8000-000000000b0b".to_owned();
    (ben.address, ben.display_name) = (BEN.to_owned(), "Ben".to_owned());
    tenant.users[0].folders[0].messages = mails(6);
    tenant.users[0].folders.push(seed::Folder {
        path: vec![PROJECT.to_owned()],
        hidden: false,
        messages: Vec::new(),
    });
    tenant.users.push(ben);
    tenant
}

/// A world, and what its client has seen so far.
struct Suite {
    world: World,
    spool: Spool,
    stop: CancellationToken,
    worker: tokio::task::JoinHandle<()>,
    hides_moved_in: bool,
    /// Folder and UID, and the subject they stand for, now and for ever.
    seen: BTreeMap<(String, u32), String>,
}

impl Drop for Suite {
    fn drop(&mut self) {
        self.stop.cancel();
        self.worker.abort();
    }
}

impl Suite {
    async fn start(switches: &Value) -> Self {
        let mut all = json!({"deliver-ms": 50, "sent-ms": 50});
        for (name, value) in switches.as_object().unwrap() {
            all[name] = value.clone();
        }
        let world = World::under(tenant(), Seeding::Regenerated, &all).await;
        let route = Route {
            graph: world.graph.clone(),
            mailbox: ANNA.to_owned(),
            send_only: false,
        };
        let couriers = Couriers::from([(AccountName::new("anna"), route)]);
        let options = spool::Options {
            patience: HASTY,
            ..spool::Options::default()
        };
        let spool = Spool::open(world.whole.clone(), couriers, options).await;
        let spool = spool.unwrap();
        let stop = CancellationToken::new();
        let worker = {
            let (spool, stop) = (spool.clone(), stop.clone());
            tokio::spawn(async move { spool.run(stop).await })
        };
        Self {
            world,
            spool,
            stop,
            worker,
            hides_moved_in: all["delta-hides-moved-in"] == true,
            seen: BTreeMap::new(),
        }
    }

    /// What a folder shows, asked anew; holds it against what was seen before.
    async fn look(&mut self, name: &str) -> (Account, Selected, BTreeMap<u32, (String, String)>) {
        let account = self.world.account();
        let begun = Instant::now();
        let selected = loop {
            match account.select(&mailbox(name)).await {
                Ok(selected) => break selected,
                // On a busy machine a request may be given up; a client asks again.
                Err(error) if begun.elapsed() < PATIENCE => {
                    let class = error.class();
                    let passing = matches!(class, ErrorClass::Temporary { .. });
                    assert!(passing, "{name}: {error:?}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(error) => panic!("{name}: {error:?}"),
            }
        };
        let mut shown = BTreeMap::new();
        for (uid, subject, flags) in rows(&account, &selected).await {
            let known = self.seen.entry((name.to_owned(), uid));
            let known = known.or_insert_with(|| subject.clone());
            assert_eq!(*known, subject, "UID {uid} in {name} changed its message");
            shown.insert(uid, (subject, flags));
        }
        (account, selected, shown)
    }

    /// The subjects of a folder once they are these, in any order.
    async fn shows(&mut self, name: &str, subjects: &[&str]) -> (Account, Selected) {
        let mut wanted = subjects.to_vec();
        wanted.sort_unstable();
        let begun = Instant::now();
        loop {
            let (account, selected, shown) = self.look(name).await;
            let mut now: Vec<_> = shown.values().map(|(s, _)| s.as_str()).collect();
            now.sort_unstable();
            if now == wanted {
                return (account, selected);
            }
            let late = begun.elapsed() > PATIENCE;
            assert!(!late, "{name} shows {now:?} and not {wanted:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn uid(&self, name: &str, subject: &str) -> Uid {
        let found = self.seen.iter().rev();
        let mut found = found.filter(|((f, _), s)| f == name && *s == subject);
        Uid::new(found.next().unwrap().0.1).unwrap()
    }

    async fn item(&self, folder: &str, subject: &str) -> Value {
        let told = self
            .world
            .get(&format!("items?mailbox={ANNA}&folder={folder}"))
            .await;
        let items = told["items"].as_array().unwrap();
        let found: Vec<_> = items.iter().filter(|i| i["subject"] == subject).collect();
        assert_eq!(found.len(), 1, "{subject} in {folder}: {told}");
        let id = found[0]["id"].as_str().unwrap();
        self.world
            .get(&format!("item?mailbox={ANNA}&item={id}"))
            .await
    }

    async fn octets(
        &self,
        account: &Account,
        folder: postern::store::mailboxes::FolderKey,
        uid: Uid,
    ) -> Vec<u8> {
        let rows = account.messages(folder, &[uid]).await.unwrap();
        account.octets(&rows[0], 0..u64::MAX).await.unwrap()
    }

    /// First sync, new mail, reading, flags both ways.
    async fn reading(&mut self) {
        let (account, inbox) = self
            .shows("INBOX", &["m1", "m2", "m3", "m4", "m5", "m6"])
            .await;
        let order: Vec<_> = self.seen.values().map(String::as_str).collect();
        assert_eq!(order, ["m1", "m2", "m3", "m4", "m5", "m6"], "by date");
        let third = uids([3])[0];
        let octets = self.octets(&account, inbox.folder.key, third).await;
        let text = String::from_utf8_lossy(&octets);
        assert!(text.contains("Text of m3"), "{text}");
        let row = account.messages(inbox.folder.key, &[third]).await.unwrap();
        let served = account.served(&row).await.remove(0).unwrap();
        assert_eq!(served.size, octets.len() as u64, "RFC822.SIZE is exact");
        // Downloaded again, it may be another rendering; what a UID gives may not change.
        self.world.store.cache_remove(row[0].key).await.unwrap();
        let (account, inbox, shown) = self.look("INBOX").await;
        let again = self.octets(&account, inbox.folder.key, third).await;
        let (_, _, after) = self.look("INBOX").await;
        if shown.contains_key(&3) && after.contains_key(&3) {
            assert_eq!(
                String::from_utf8_lossy(&again),
                String::from_utf8_lossy(&octets),
                "other octets for the same UID"
            );
        }
        let subject = after.values().filter(|(s, _)| s == "m3").count();
        assert_eq!(subject, 1, "m3 is there once: {after:?}");

        self.world.deliver(json!("inbox"), &mime("new")).await;
        let seven = ["m1", "m2", "m3", "m4", "m5", "m6", "new"];
        let (account, inbox) = self.shows("INBOX", &seven).await;
        let stored = account
            .store_flags(
                inbox.folder.key,
                &uids([1]),
                FlagChange::Add,
                &flags("\\Seen \\Flagged"),
            )
            .await
            .unwrap();
        assert!(stored.failed.is_empty(), "{:?}", stored.failed);
        let cloud = self.item("inbox", "m1").await;
        assert_eq!(
            (&cloud["read"], &cloud["flag"]),
            (&json!(true), &json!("flagged"))
        );
        let second = self.item("inbox", "m2").await["id"].clone();
        let change = json!({"read": true, "flag": "flagged"});
        self.world.change(second.as_str().unwrap(), change).await;
        let begun = Instant::now();
        loop {
            let (_, _, shown) = self.look("INBOX").await;
            let both = |uid: u32| shown.get(&uid).map(|(_, flags)| flags.as_str());
            if both(1) == Some("\\Flagged \\Seen") && both(2) == Some("\\Flagged \\Seen") {
                break;
            }
            assert!(begun.elapsed() < PATIENCE, "{shown:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Moves on both sides, there and back, expunge, and a link that expired.
    async fn moving(&mut self) {
        let (account, inbox, _) = self.look("INBOX").await;
        let fourth = self.uid("INBOX", "m4");
        let moved = account
            .move_to(inbox.folder.key, &[fourth], &mailbox(PROJECT))
            .await
            .unwrap();
        assert!(moved.failed.is_empty(), "{:?}", moved.failed);
        self.shows(PROJECT, &["m4"]).await;
        self.item(PROJECT, "m4").await;
        let fifth = self.item("inbox", "m5").await["id"].clone();
        let fifth = fifth.as_str().unwrap();
        self.world.change(fifth, json!({"move": [PROJECT]})).await;
        if self.hides_moved_in {
            // Nothing tells the folder of it until somebody touches it: Postern does not find it sooner.
            self.world.change(fifth, json!({"touch": true})).await;
        }
        self.shows(PROJECT, &["m4", "m5"]).await;
        let sixth = self.item("inbox", "m6").await["id"].clone();
        for to in [json!([PROJECT]), json!("inbox")] {
            let there = json!({"move": to});
            self.world.change(sixth.as_str().unwrap(), there).await;
        }
        let left = ["m1", "m2", "m3", "m6", "new"];
        let (account, inbox) = self.shows("INBOX", &left).await;
        let second = [self.uid("INBOX", "m2")];
        let deleted = flags("\\Deleted");
        let marked = account.store_flags(inbox.folder.key, &second, FlagChange::Add, &deleted);
        marked.await.unwrap();
        let gone = account.expunge(inbox.folder.key, None).await.unwrap();
        assert_eq!((gone.uids, gone.failed.len()), (second.to_vec(), 0));
        let left = ["m1", "m3", "m6", "new"];
        self.shows("INBOX", &left).await;
        let there = self.world.ids("inbox").await;
        assert_eq!(there.len(), left.len(), "gone from the cloud's Inbox too");
        self.world.post("expire", json!({"mailbox": ANNA})).await;
        self.shows("INBOX", &left).await;
        self.shows(PROJECT, &["m4", "m5"]).await;
    }

    /// APPEND of a mail and of a large draft.
    async fn appending(&mut self, large: bool) {
        let account = self.world.account();
        account.status(&mailbox(PROJECT)).await.unwrap();
        let octets = mime("kept");
        let appended = account
            .append(
                &mailbox(PROJECT),
                &flags("\\Seen"),
                Some(NOW),
                octets.clone(),
            )
            .await;
        let uid = appended.unwrap().1;
        let (account, project) = self.shows(PROJECT, &["kept", "m4", "m5"]).await;
        let again = self.octets(&account, project.folder.key, uid).await;
        assert_eq!(again, octets, "reads back octet for octet");
        assert_eq!(self.item(PROJECT, "kept").await["read"], true);
        if !large {
            return;
        }
        let large = file("draft", 1_250_000);
        let account = self.world.account();
        let appended = account
            .append(&mailbox("Drafts"), &flags("\\Draft"), None, large.clone())
            .await;
        match appended {
            Ok((_, uid)) => {
                let (account, drafts) = self.shows("Drafts", &["draft"]).await;
                let again = self.octets(&account, drafts.folder.key, uid).await;
                assert!(again == large, "a large draft reads back");
                self.item("drafts", "draft").await;
                let (key, deleted) = (drafts.folder.key, flags("\\Deleted"));
                let only = [uid];
                let marked = account.store_flags(key, &only, FlagChange::Add, &deleted);
                marked.await.unwrap();
                account.expunge(drafts.folder.key, None).await.unwrap();
            }
            // Told, so the client keeps it; then it is not here either.
            Err(error) => {
                let (_, _, shown) = self.look("Drafts").await;
                assert!(shown.is_empty(), "{error}, and yet {shown:?}");
            }
        }
    }

    /// A small mail and a large one: each goes to whom RCPT TO named, once.
    async fn sending(&mut self, large: bool) {
        let small = [
            "From: anna@example.com\r\nTo: ben@example.com\r\nSubject: small\r\nX-Own: 1\r\n\
             Message-ID: <small@example.com>\r\nDate: Mon, 05 Jan 2026 08:00:00 +0000\r\n\r\nhello\r\n",
        ]
        .concat()
        .into_bytes();
        let hidden = "hidden@example.net";
        self.submit(&[BEN, hidden], &small).await;
        if large {
            self.submit(&[BEN], &file("large", 2_250_000)).await;
        }
        let count = 1 + usize::from(large);
        let begun = Instant::now();
        let accepted = loop {
            let told = self.world.get("submissions").await;
            let list = told["submissions"].as_array().unwrap().clone();
            let copies = self.world.ids("sentitems").await.len();
            if list.len() >= count && copies >= count && self.delivered().await >= count {
                break list;
            }
            assert!(
                begun.elapsed() < 2 * PATIENCE,
                "{copies} in Sent Items; accepted: {list:?}; journal: {}",
                self.world.get("journal").await
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let by = |subject: &str| {
            let found: Vec<_> = accepted
                .iter()
                .filter(|a| a["subject"] == subject)
                .collect();
            assert_eq!(found.len(), 1, "{subject} once: {accepted:?}");
            let mut people: Vec<_> = found[0]["recipients"]
                .as_array()
                .unwrap()
                .iter()
                .map(|r| r.as_str().unwrap().to_owned())
                .collect();
            people.sort_unstable();
            people
        };
        assert_eq!(by("small"), [BEN, hidden]);
        if large {
            assert_eq!(by("large"), [BEN]);
        }
        assert_eq!(self.delivered().await, count);
        let begun = Instant::now();
        while !self.world.ids("drafts").await.is_empty() {
            assert!(begun.elapsed() < PATIENCE, "a draft was left behind");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let sent = ["small", "large"];
        self.shows("Sent Items", &sent[..count]).await;
    }

    async fn delivered(&self) -> usize {
        let told = self
            .world
            .get(&format!("items?mailbox={BEN}&folder=inbox"))
            .await;
        told["items"].as_array().unwrap().len()
    }

    async fn submit(&self, recipients: &[&str], message: &[u8]) {
        let envelope = Envelope {
            reverse_path: ANNA.to_owned(),
            recipients: recipients.iter().map(|r| (*r).to_owned()).collect(),
            ..Envelope::default()
        };
        let incoming = self.spool.begin(&AccountName::new("anna"), envelope).await;
        let mut incoming = incoming.unwrap();
        for piece in message.chunks(65_536) {
            incoming.write(piece).await.unwrap();
        }
        incoming.commit().await.unwrap();
    }

    /// Access tokens are forgotten, three times over: each time the refresh token must do.
    async fn signing_in(&mut self) {
        for _ in 0..3 {
            self.world.post("revoke", json!({"access": true})).await;
            self.world.account().folders().await.unwrap();
        }
    }

    async fn whole(mut self, large: bool) {
        self.reading().await;
        self.signing_in().await;
        self.moving().await;
        self.appending(large).await;
        self.sending(large).await;
        self.signing_in().await;
        let told = self.world.get("traffic").await;
        for pair in told["traffic"].as_array().unwrap() {
            assert_eq!(pair["refused"], 0, "over a limit: {told}");
            assert!(pair["peak"].as_u64() <= Some(4), "{told}");
        }
    }
}

/// Text with an attachment of so many octets.
fn file(subject: &str, octets: usize) -> Vec<u8> {
    let data = STANDARD.encode(vec![b'x'; octets]);
    let lines = data.as_bytes().chunks(76);
    let file: String = lines
        .map(|line| format!("{}\r\n", std::str::from_utf8(line).unwrap()))
        .collect();
    format!(
        "From: anna@example.com\r\nTo: ben@example.com\r\nSubject: {subject}\r\n\
         Date: Mon, 05 Jan 2026 08:00:00 +0000\r\nMessage-ID: <{subject}@example.com>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=own\r\n\r\n--own\r\n\
         Content-Type: text/plain\r\n\r\nText of {subject}\r\n--own\r\n\
         Content-Type: application/octet-stream; name=f.bin\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=f.bin\r\n\r\n{file}--own--\r\n"
    )
    .into_bytes()
}

/// Runs the suites under each of these, a few at a time; what failed, with the reason.
async fn failures(positions: Vec<(Value, bool)>) -> Vec<String> {
    let suites = positions.into_iter().map(|(switches, large)| async move {
        let told = switches.to_string();
        let run = async move { Suite::start(&switches).await.whole(large).await };
        let begun = Instant::now();
        let outcome = tokio::spawn(run).await;
        eprintln!("{:>6.1} s under {told}", begun.elapsed().as_secs_f32());
        (told, outcome)
    });
    let outcomes: Vec<_> = futures_util::stream::iter(suites)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let failed = outcomes.into_iter().filter_map(|(switches, outcome)| {
        let panic = outcome.err()?.into_panic();
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        Some(format!("under {switches}: {}", text.unwrap_or_default()))
    });
    failed.collect()
}

struct Other {
    name: String,
    answers: Vec<Value>,
    /// Large mails are tried too.
    large: bool,
}

/// Every switch that has other answers, with them.
async fn others() -> Vec<Other> {
    let world = World::with_inbox(Vec::new()).await;
    let told = world.get("switch").await;
    let switches = told["switches"].as_array().unwrap().iter();
    let switches = switches.map(|s| Other {
        name: s["name"].as_str().unwrap().to_owned(),
        answers: s["others"].as_array().unwrap().clone(),
        large: s["part"] == "sending" || LARGE.contains(&s["name"].as_str().unwrap()),
    });
    switches.filter(|s| !s.answers.is_empty()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_suites_hold_with_every_default() {
    let failed = failures(vec![(json!({}), true)]).await;
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_suites_hold_under_every_other_answer_alone() {
    let mut positions = Vec::new();
    for Other {
        name,
        answers,
        large,
    } in others().await
    {
        let alone = answers
            .into_iter()
            .map(|other| (json!({&name: other}), large));
        positions.extend(alone);
    }
    assert!(positions.len() > 40, "{}", positions.len());
    let only = std::env::var("POSTERN_POSITION").unwrap_or_default();
    positions.retain(|(p, _)| p.to_string().contains(&only));
    let failed = failures(positions).await;
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

/// Each switch stands at its default, or at one of its other answers, as chance has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_suites_hold_under_two_mixtures() {
    let others = others().await;
    let mixture = |mut seed: u64| {
        let mut mixed = Map::new();
        for Other { name, answers, .. } in &others {
            // Knuth's MMIX numbers; the high bits are the good ones.
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let choice = (seed >> 33) as usize % (answers.len() + 1);
            if let Some(answer) = answers.get(choice) {
                mixed.insert(name.clone(), answer.clone());
            }
        }
        if mixed.contains_key("refresh-old-revoked") {
            // No client could go on: the old token dead, and no new one.
            mixed.remove("refresh-omitted");
        }
        Value::Object(mixed)
    };
    let failed = failures(vec![(mixture(20_260_105), true), (mixture(4), true)]).await;
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}
