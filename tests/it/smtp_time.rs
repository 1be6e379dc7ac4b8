//! How long an SMTP connection may take, with the clock turned by hand.

use base64::{Engine, engine::general_purpose::STANDARD};
use postern::{
    auth::Authenticator,
    mail::{AccountName, Secret},
    net::Stream,
    smtp::{Limits, Server},
    spool::{Couriers, Options, Spool},
    store::Store,
};
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    task::JoinHandle,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

const GOODBYE: &str = "421 4.4.2 ";

struct Stand {
    server: Arc<Server>,
    password: String,
    _dir: tempfile::TempDir,
}

impl Stand {
    /// While the clock still runs: what the disk does takes real time.
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), Secret::new([7; 32])).await.unwrap();
        let anna = AccountName::new("anna");
        let logins = vec![("anna".to_owned(), anna.clone())];
        let auth = Authenticator::open(store.clone(), Secret::new([8; 32]), logins);
        let auth = auth.await.unwrap();
        let password = auth.add_password(&anna, "test").await.unwrap();
        let spool = Spool::open(store, Couriers::default(), Options::default());
        Self {
            server: Arc::new(Server {
                auth,
                spool: spool.await.unwrap(),
                acceptor: None,
                host: "localhost".to_owned(),
                limits: Limits::default(),
            }),
            password: password.expose().clone(),
            _dir: dir,
        }
    }

    /// The client's end, greeted.
    async fn connect(&self) -> (DuplexStream, JoinHandle<()>) {
        let (mut client, ours) = tokio::io::duplex(1 << 20);
        let here = "127.0.0.1:1".parse().unwrap();
        let server = Arc::clone(&self.server);
        let stop = CancellationToken::new();
        let served = server.connection(Stream::plain(ours), false, here, here, stop);
        let served = tokio::spawn(served);
        says(&mut client, "220 ").await;
        (client, served)
    }
}

/// Whatever comes in one piece ends with such a line.
async fn says(client: &mut DuplexStream, start: &str) {
    let mut piece = [0; 4096];
    let count = client.read(&mut piece).await.unwrap();
    let text = String::from_utf8_lossy(&piece[..count]).into_owned();
    let last = text.lines().last().unwrap_or_default();
    assert!(last.starts_with(start), "{text}");
}

/// Sends `octets` again and again, until the connection ends; how long that took.
async fn repeat(mut client: DuplexStream, octets: &[u8], pause: Duration) -> (Duration, String) {
    let begun = Instant::now();
    let mut heard = Vec::new();
    while begun.elapsed() < Duration::from_secs(3600) {
        let _ = client.write_all(octets).await;
        let mut piece = [0; 4096];
        match tokio::time::timeout(pause, client.read(&mut piece)).await {
            Ok(Ok(0) | Err(_)) => break,
            Ok(Ok(count)) => {
                heard.extend_from_slice(&piece[..count]);
                sleep(pause).await;
            }
            Err(_) => {}
        }
    }
    (begun.elapsed(), String::from_utf8(heard).unwrap())
}

fn about(took: Duration, seconds: u64) -> bool {
    took >= Duration::from_secs(seconds - 5) && took <= Duration::from_secs(seconds + 25)
}

#[tokio::test]
async fn without_a_login_every_connection_ends_in_time() {
    let stand = Stand::start().await;
    tokio::time::pause();
    // Silence; a line that never ends; commands without an end.
    for octets in [&b""[..], b"x", b"NOOP\r\n"] {
        let (client, served) = stand.connect().await;
        let (took, heard) = repeat(client, octets, Duration::from_secs(10)).await;
        let octets = String::from_utf8_lossy(octets);
        assert!(about(took, 180), "{octets:?}: {took:?}");
        assert!(heard.contains(GOODBYE), "{octets:?}: {heard}");
        served.await.unwrap();
    }
}

#[tokio::test]
async fn after_a_login_each_command_has_its_time() {
    let stand = Stand::start().await;
    let (mut client, served) = stand.connect().await;
    client.write_all(b"EHLO x\r\n").await.unwrap();
    says(&mut client, "250 ").await;
    let plain = STANDARD.encode(format!("\0anna\0{}", stand.password));
    let auth = format!("AUTH PLAIN {plain}\r\n");
    client.write_all(auth.as_bytes()).await.unwrap();
    says(&mut client, "235 ").await;
    tokio::time::pause();
    for _ in 0..5 {
        sleep(Duration::from_secs(200)).await;
        client.write_all(b"NOOP\r\n").await.unwrap();
        says(&mut client, "250 ").await;
    }
    let (took, heard) = repeat(client, b"x", Duration::from_secs(10)).await;
    assert!(about(took, 300), "{took:?}");
    assert!(heard.contains(GOODBYE), "{heard}");
    served.await.unwrap();
}
