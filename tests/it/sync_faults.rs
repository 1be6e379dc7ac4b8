//! Sync where Graph does not show a folder, or spells its id in another way than its own answers do.

use crate::sync_world::{ANNA, NOW, World, mailbox, mails, mime, plain, seeded};
use postern::{
    mail::ErrorClass,
    sandbox::{Seeding, seed},
};
use serde_json::{Value, json};

const INBOX: &str = "INBOX";

async fn world_of(folders: &[&str]) -> World {
    let mut tenant = seed::mailbox_of(Vec::new(), NOW);
    for name in folders {
        tenant.users[0].folders.push(seed::Folder {
            path: vec![(*name).to_owned()],
            hidden: false,
            messages: vec![seeded("x", 1)],
        });
    }
    World::new(tenant, Seeding::Regenerated).await
}

async fn names(world: &World) -> Vec<String> {
    let account = world.account();
    let link = world.store.folders_link().await.unwrap();
    let folders = account.folders().await.unwrap();
    let next = world.store.folders_link().await.unwrap();
    assert_ne!(link, next, "the round must end");
    folders.iter().map(|f| f.name.to_string()).collect()
}

async fn refuse(world: &World, path: &str, answer: (u16, &str)) {
    let (status, code) = answer;
    let body = match code {
        "" => Value::String("<html>no</html>".to_owned()),
        code => json!({"error": {"code": code, "message": "no"}}),
    };
    let fault = json!({"host": "graph", "method": "GET", "path": path, "times": 10_000,
        "status": status, "body": body});
    world.post("faults", fault).await;
}

const ANSWERS: [(u16, &str); 3] = [
    (403, "ErrorAccessDenied"),
    (500, "ErrorInternalServerError"),
    (404, ""),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_folder_that_cannot_be_read_does_not_stop_the_others() {
    for answer in ANSWERS {
        let world = world_of(&["A"]).await;
        names(&world).await;
        let row = world.store.folder_by_name(&mailbox("A")).await.unwrap();
        let id = row.unwrap().remote;
        world
            .post(
                "folder",
                json!({"mailbox": ANNA, "folder": ["A"], "delete": true}),
            )
            .await;
        world
            .post("folder", json!({"mailbox": ANNA, "create": ["B"]}))
            .await;
        refuse(&world, &format!("{id}?$select"), answer).await;
        let told = names(&world).await;
        assert!(told.contains(&"A".to_owned()), "not proven gone: {told:?}");
        assert!(told.contains(&"B".to_owned()), "{answer:?}: {told:?}");
        world.heal().await;
        // Another process: whoever opens it finds that it is gone, and then LIST knows.
        let account = world.account();
        let error = account.select(&mailbox("A")).await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::NotFound, "{error}");
        let told = account.folders().await.unwrap();
        assert!(!told.iter().any(|f| f.name.to_string() == "A"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_well_known_folder_that_cannot_be_read_counts_as_not_there() {
    for answer in ANSWERS {
        let world = World::with_inbox(mails(1)).await;
        refuse(&world, "mailFolders/archive", answer).await;
        refuse(&world, "mailFolders/scheduled", answer).await;
        let told = names(&world).await;
        assert!(told.contains(&"Archive".to_owned()), "{answer:?}: {told:?}");
        assert_eq!(plain(&world.look(INBOX).await), "1 m1");
    }
    let world = World::with_inbox(mails(1)).await;
    refuse(&world, "mailFolders/inbox", ANSWERS[0]).await;
    world.account().folders().await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_id_in_another_spelling_loses_no_mail() {
    let world = World::with_inbox(mails(3)).await;
    world.switch("folder-id-respelled", json!(true)).await;
    world.look(INBOX).await;
    world.look("Archive").await;
    world.deliver(json!("inbox"), &mime("m4")).await;
    assert_eq!(plain(&world.look(INBOX).await), "1 m1, 2 m2, 3 m3, 4 m4");
    let ids = world.ids("inbox").await;
    world.change(&ids[1], json!({"move": "archive"})).await;
    world.change(&ids[1], json!({"move": "inbox"})).await;
    world.change(&ids[2], json!({"move": "archive"})).await;
    assert_eq!(plain(&world.look(INBOX).await), "1 m1, 2 m2, 4 m4");
    assert_eq!(plain(&world.look("Archive").await), "1 m3");
    // The folders move too, and are told in the other spelling.
    world.change(&ids[0], json!({"delete": true})).await;
    assert_eq!(plain(&world.look(INBOX).await), "2 m2, 4 m4");
}
