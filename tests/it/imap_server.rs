//! Listeners and connections: TLS from the start, limits, stopping; and a whole mailbox read once.

use super::imap_stack::{ANNA, Client, NOW, Stack, small_world};
use postern::{
    imap::{Limits, Room, Server},
    net::Listener,
    sandbox::{Seeding, seed},
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpStream, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

async fn serve(
    server: Arc<Server>,
    tls: bool,
    stop: &CancellationToken,
) -> (SocketAddr, JoinHandle<()>) {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    let address = listener.local_addr();
    (
        address,
        tokio::spawn(server.serve(listener, tls, stop.clone())),
    )
}

async fn connect(address: SocketAddr) -> Client {
    Client::over(TcpStream::connect(address).await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listeners_serve_plain_and_tls_and_stop() {
    let stack = Stack::start(small_world(), Seeding::Verbatim).await;
    let stop = CancellationToken::new();
    let (plain, plain_done) = serve(Arc::clone(&stack.server), false, &stop).await;
    let (tls, tls_done) = serve(Arc::clone(&stack.server), true, &stop).await;
    let mut one = connect(plain).await;
    assert!(one.line().await.contains(" STARTTLS AUTH=PLAIN"));
    let mut two = connect(tls).await;
    two.tls(&stack).await;
    let greeting = two.line().await;
    assert!(
        greeting.starts_with("* OK [CAPABILITY IMAP4rev1 "),
        "{greeting}"
    );
    assert!(!greeting.contains("STARTTLS") && greeting.contains("AUTH=LOGIN"));
    let lines = two
        .command(&format!("LOGIN {ANNA} {}", stack.password))
        .await;
    assert!(lines[0].starts_with("t OK"), "{lines:?}");
    // Someone who speaks no TLS at the TLS port, and someone who hangs up at once, harm nobody.
    let mut three = connect(tls).await;
    three.try_send(b"a1 NOOP\r\n").await;
    drop(connect(plain).await);
    assert_eq!(two.command("NOOP").await, ["t OK Done"]);
    stop.cancel();
    assert!(one.line().await.starts_with("* BYE "));
    assert!(two.line().await.starts_with("* BYE "));
    for done in [plain_done, tls_done] {
        timeout(Duration::from_secs(12), done)
            .await
            .unwrap()
            .unwrap();
    }
    assert!(TcpStream::connect(plain).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_client_too_many_is_told_so() {
    let stack = Stack::start(small_world(), Seeding::Verbatim).await;
    let server = Arc::new(Server {
        auth: stack.server.auth.clone(),
        registry: stack.server.registry.clone(),
        acceptor: None,
        limits: Limits { connections: 1 },
        room: Room::default(),
    });
    let stop = CancellationToken::new();
    let (address, _done) = serve(server, false, &stop).await;
    let mut one = connect(address).await;
    assert!(!one.line().await.contains("STARTTLS"), "no certificate");
    assert!(one.command("STARTTLS").await[0].starts_with("t BAD"));
    let mut two = connect(address).await;
    assert!(two.line().await.starts_with("* BYE [UNAVAILABLE]"));
    assert!(two.line_or_end().await.is_none());
    one.command("LOGOUT").await;
    for _ in 0..50 {
        let mut three = connect(address).await;
        if three.line().await.starts_with("* OK") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the place of the first was never free again");
}

/// What a client downloads of the demo mailbox fits together: sizes, sums of parts, structures.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_of_every_shape_is_consistent() {
    let stack = Stack::start(seed::demo(NOW), Seeding::Regenerated).await;
    let mut client = stack.log_in().await;
    let lines = client.command("SELECT INBOX").await;
    let exists = lines
        .iter()
        .find_map(|line| line.strip_prefix("* ")?.strip_suffix(" EXISTS"));
    let exists: usize = exists.unwrap().parse().unwrap();
    assert!(exists > 20, "{lines:?}");
    client
        .send(b"f FETCH 1:* (RFC822.SIZE BODY.PEEK[HEADER] BODY.PEEK[TEXT] BODY.PEEK[] BODYSTRUCTURE ENVELOPE)\r\n")
        .await;
    for number in 1..=exists {
        let response = client.response().await;
        let text: String = response.iter().copied().map(char::from).collect();
        let head = format!("* {number} FETCH (RFC822.SIZE ");
        let rest = text
            .strip_prefix(&head)
            .unwrap_or_else(|| panic!("{text:.200}"));
        let size: usize = rest.split(' ').next().unwrap().parse().unwrap();
        let header = literal(rest, "BODY[HEADER] ");
        let body = literal(
            &rest[rest.find("BODY[HEADER] ").unwrap() + header.len()..],
            "BODY[TEXT] ",
        );
        let whole = format!("{header}{body}");
        assert_eq!(whole.chars().count(), size, "message {number}");
        assert!(
            rest.contains(&format!("BODY[] {{{size}}}\r\n{whole}")),
            "message {number}"
        );
    }
    assert!(client.line().await.starts_with("f OK"));
}

/// The octets (as Latin-1) that follow `name`.
fn literal(text: &str, name: &str) -> String {
    let rest = &text[text.find(name).unwrap() + name.len()..];
    let Some(rest) = rest.strip_prefix('{') else {
        assert!(rest.starts_with("\"\""), "{rest:.100}");
        return String::new();
    };
    let (size, rest) = rest.split_once("}\r\n").unwrap();
    rest.chars().take(size.parse().unwrap()).collect()
}
