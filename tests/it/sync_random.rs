//! Random edits by other clients, random faults, random stops and restarts: at rest the store agrees with the
//! sandbox, and no UID ever named two messages.

use crate::sync_world::{ANNA, World, mailbox, mails, mime};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// IMAP name, and what the admin API calls it.
const FOLDERS: [(&str, &str); 3] = [
    ("INBOX", "inbox"),
    ("Archive", "archive"),
    ("Deleted Items", "deleteditems"),
];

/// Numbers that are the same at every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

struct Story {
    world: World,
    chance: Chance,
    delivered: usize,
    /// Folder and UID, and the message that it named when it was first seen.
    named: HashMap<(usize, u32), String>,
    log: Vec<String>,
}

impl Story {
    async fn edit(&mut self) {
        let place = self.chance.below(3);
        let ids = self.world.ids(FOLDERS[place].1).await;
        let what = self.chance.below(10);
        if what < 3 || ids.is_empty() {
            self.delivered += 1;
            let subject = format!("d{}", self.delivered);
            self.world
                .deliver(json!(FOLDERS[place].1), &mime(&subject))
                .await;
            return self.log.push(format!("deliver to {place}"));
        }
        let id = ids[self.chance.below(ids.len())].clone();
        let change = match what {
            3 => json!({"delete": true}),
            4..=6 => json!({"move": FOLDERS[self.chance.below(3)].1}),
            7 => json!({"read": self.chance.below(2) == 0}),
            8 => json!({"flag": (["flagged", "notFlagged"][self.chance.below(2)])}),
            _ => json!({"categories": [(["Rot", "Blau"][self.chance.below(2)])]}),
        };
        self.log
            .push(format!("{change} of {} in {place}", &id[id.len() - 6..]));
        self.world.change(&id, change).await;
    }

    async fn trouble(&mut self) {
        match self.chance.below(6) {
            0 => {
                let links = ["delta", "next", "all"][self.chance.below(3)];
                let body = json!({"mailbox": ANNA, "folder": FOLDERS[self.chance.below(3)].1, "links": links});
                self.world.post("expire", body).await;
                self.log.push(format!("expire {links}"));
            }
            1 => {
                self.world
                    .switch("delta-duplicates", json!(self.chance.below(2) == 0))
                    .await
            }
            2 => {
                self.world
                    .switch("delta-replay", json!(self.chance.below(4)))
                    .await
            }
            3 => {
                self.world
                    .switch("delta-empty-page", json!(self.chance.below(3)))
                    .await
            }
            4 => {
                let part = ["messages/delta", "$batch", "/messages?"][self.chance.below(3)];
                let skip = self.chance.below(4) as u64;
                self.world.fail(part, skip).await;
                self.log.push(format!("fail {part} after {skip}"));
            }
            _ => self.world.heal().await,
        }
    }

    /// A session of a process that just started looks at a folder; Graph may fail it.
    async fn look(&mut self, place: usize) -> Option<BTreeMap<String, String>> {
        let account = self.world.account();
        self.log.push(format!("look at {place}"));
        let selected = account.select(&mailbox(FOLDERS[place].0)).await.ok()?;
        let uids: Vec<_> = selected.snapshot.rows.iter().map(|row| row.uid).collect();
        let rows = account.messages(selected.folder.key, &uids).await.unwrap();
        let mut seen = BTreeMap::new();
        for row in rows {
            let remote = row.remote.to_string();
            let flags: Vec<_> = row.flags.wire_names().collect();
            assert!(
                seen.insert(remote.clone(), flags.join(" ")).is_none(),
                "twice in {place}"
            );
            let named = self
                .named
                .entry((place, row.uid.value()))
                .or_insert_with(|| remote.clone());
            assert_eq!(
                *named, remote,
                "UID {} of {place} names another message",
                row.uid
            );
        }
        Some(seen)
    }

    /// The same while the whole account works, stopped in the middle of whatever it does.
    async fn look_and_stop(&mut self, place: usize) {
        let wait = Duration::from_millis(self.chance.below(60) as u64);
        self.log.push(format!("stopped after {wait:?}"));
        let account = self.world.account();
        let stop = CancellationToken::new();
        let name = mailbox(FOLDERS[place].0);
        let looking = async {
            let _ = tokio::time::timeout(wait, account.select(&name)).await;
            stop.cancel();
        };
        tokio::join!(account.run(stop.clone()), looking);
    }

    /// What the sandbox has, as far as the admin API tells the flags.
    async fn truth(&self, place: usize) -> BTreeMap<String, bool> {
        let answer = self
            .world
            .get(&format!("items?mailbox={ANNA}&folder={}", FOLDERS[place].1))
            .await;
        let items = answer["items"].as_array().unwrap();
        let read = |item: &Value| item["read"] == true;
        items
            .iter()
            .map(|item| (item["id"].as_str().unwrap().to_owned(), read(item)))
            .collect()
    }
}

async fn story(seed: u64) {
    let world = World::with_inbox(mails(6)).await;
    world.switch("delta-page-cap", json!(3)).await;
    let mut story = Story {
        world,
        chance: Chance(seed),
        delivered: 0,
        named: HashMap::new(),
        log: Vec::new(),
    };
    story.world.account().folders().await.unwrap();
    for _ in 0..60 {
        match story.chance.below(9) {
            0..=4 => story.edit().await,
            5 => story.trouble().await,
            6 => {
                let place = story.chance.below(3);
                story.look_and_stop(place).await;
            }
            _ => {
                let place = story.chance.below(3);
                story.look(place).await;
            }
        }
    }
    story.world.heal().await;
    for (place, (name, _)) in FOLDERS.iter().enumerate() {
        let seen = story.look(place).await.expect("healed");
        let seen: BTreeMap<_, _> = seen
            .into_iter()
            .map(|(id, flags)| (id, flags.contains("\\Seen")))
            .collect();
        let truth = story.truth(place).await;
        assert_eq!(
            seen,
            truth,
            "seed {seed}, {}:\n{}",
            name,
            story.log.join("\n")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_rest_the_store_agrees_with_the_mailbox() {
    for seed in 1..=8 {
        story(seed).await;
    }
}
