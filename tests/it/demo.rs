//! `postern demo`, from its first line to its end.

use crate::program::{Imap, Running, greeting, http_status, port_base, postern, run};
use serde_json::Value;
use std::{net::TcpStream, path::Path, sync::Arc};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};

type Tls = StreamOwned<ClientConnection, TcpStream>;

fn start(home: &Path, base: u16) -> (Running, Value) {
    let mut command = postern(home);
    let base = base.to_string();
    command.args(["demo", "--json", "--data", "data", "--port-base", &base]);
    let mut demo = Running::start(&mut command, home.join("log"));
    let card = serde_json::from_str(&demo.line()).unwrap();
    (demo, card)
}

/// Over TLS, with nothing trusted but the card's authority.
fn connect(card: &Value) -> Imap<Tls> {
    let ca = card["ca_file"].as_str().unwrap();
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(ca).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(postern::net::tls::provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let host = card["imap"]["host"].as_str().unwrap().to_owned();
    let port = u16::try_from(card["imap"]["tls_port"].as_u64().unwrap()).unwrap();
    let tcp = TcpStream::connect((host.as_str(), port)).unwrap();
    tcp.set_read_timeout(Some(crate::program::PATIENCE))
        .unwrap();
    let name = ServerName::try_from(host).unwrap();
    let tls = ClientConnection::new(Arc::new(config), name).unwrap();
    Imap::new(StreamOwned::new(tls, tcp))
}

fn login(card: &Value, index: usize) -> Imap<Tls> {
    let account = &card["accounts"][index];
    let mut imap = connect(card);
    imap.ok(&format!(
        "LOGIN {} {}",
        account["user"].as_str().unwrap(),
        account["password"].as_str().unwrap()
    ));
    imap
}

/// UIDVALIDITY, UIDNEXT and EXISTS of INBOX.
fn inbox(imap: &mut Imap<Tls>) -> Vec<String> {
    let lines = imap.ok("SELECT INBOX");
    let wanted = ["UIDVALIDITY", "UIDNEXT", "EXISTS"];
    let mut found: Vec<_> = lines
        .into_iter()
        .filter(|line| wanted.iter().any(|word| line.contains(word)))
        .collect();
    found.sort();
    assert_eq!(found.len(), 3, "{found:?}");
    found
}

#[test]
fn the_demo_serves_what_its_card_says_and_keeps_its_state() {
    let home = tempfile::tempdir().unwrap();
    let base = port_base();
    let (mut demo, card) = start(home.path(), base);
    assert_eq!(card["imap"]["port"], base);
    assert_eq!(card["imap"]["tls_port"], base + 1);
    assert_eq!(card["smtp"]["port"], base + 2);
    assert_eq!(card["smtp"]["tls_port"], base + 3);
    assert_eq!(card["http"], format!("http://127.0.0.1:{}", base + 4));
    for (key, offset) in [("graph", 5), ("login", 6), ("admin", 7)] {
        assert_eq!(card[key], format!("http://127.0.0.1:{}", base + offset));
    }
    let names: Vec<_> = card["accounts"].as_array().unwrap().iter().collect();
    let names: Vec<_> = names.iter().map(|a| a["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["anna", "ben", "rechnung"]);
    assert_eq!(card["accounts"][2]["mailbox"], "rechnung@example.com");

    let mut anna = login(&card, 0);
    let list = anna.ok("LIST \"\" *").join("\n");
    assert!(list.contains("\"Gesendete Elemente\""), "{list}");
    let first = inbox(&mut anna);
    let exists = anna.ok("UID SEARCH ALL").join(" ");
    assert!(exists.split(' ').count() > 20, "{exists}");
    let list = login(&card, 1).ok("LIST \"\" *").join("\n");
    assert!(list.contains("\"Sent Items\""), "{list}");
    inbox(&mut login(&card, 2));
    let (_, refused) = connect(&card).command("LOGIN anna wrong");
    assert!(
        refused.starts_with("NO [AUTHENTICATIONFAILED]"),
        "{refused}"
    );
    assert!(http_status(base + 4, "/healthz", "localhost").contains(" 200 "));
    assert!(greeting(base + 2).starts_with("220 "));
    whoever_comes_second_is_refused(home.path(), base, &demo);

    demo.terminate();
    assert_eq!(demo.wait().code(), Some(0), "{}", demo.log());
    let (mut demo, again) = start(home.path(), base);
    assert_eq!(card, again, "passwords or ports changed");
    let mut anna = login(&again, 0);
    assert_eq!(inbox(&mut anna), first, "UIDs were not kept");
    demo.terminate();
    assert_eq!(demo.wait().code(), Some(0), "{}", demo.log());
}

fn whoever_comes_second_is_refused(home: &Path, base: u16, demo: &Running) {
    let pid = format!("(pid {})", demo.pid());
    let (code, out, told) = run(postern(home).args(["run", "--config", "data/postern.toml"]));
    assert_eq!((code, out.as_str()), (1, ""), "{told}");
    assert!(
        told.contains("error: the data folder") && told.contains(&pid),
        "{told}"
    );
    let config = std::fs::read(home.join("data/postern.toml")).unwrap();
    let (other, base) = (port_base().to_string(), base.to_string());
    let again = ["demo", "--data", "data", "--port-base", &other];
    let (code, _, told) = run(postern(home).args(again));
    assert!(code == 1 && told.contains(&pid), "{told}");
    assert_eq!(
        std::fs::read(home.join("data/postern.toml")).unwrap(),
        config
    );
    let (code, _, told) = run(postern(home).args(["demo", "--port-base", &base]));
    assert_eq!(code, 1, "{told}");
    assert!(
        told.contains("error: cannot listen on 127.0.0.1:"),
        "{told}"
    );
}

#[test]
fn a_folder_of_somebodys_own_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let (base, own) = (port_base().to_string(), "[[account]]\nname = \"work\"\n");
    let refused = || {
        let args = ["demo", "--data", ".", "--port-base", &base];
        let (code, out, told) = run(postern(home.path()).args(args));
        assert_eq!((code, out.as_str()), (1, ""), "{told}");
        assert!(!home.path().join("lock").exists());
        told
    };
    for name in ["postern.toml", "mbsyncrc"] {
        let file = home.path().join(name);
        std::fs::write(&file, own).unwrap();
        let told = refused();
        assert!(told.contains(name), "{told}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), own);
        std::fs::remove_file(&file).unwrap();
    }
    std::fs::create_dir(home.path().join("vault")).unwrap();
    let told = refused();
    assert!(told.contains("choose an empty folder"), "{told}");
    assert!(!home.path().join("postern.toml").exists());
}

#[test]
fn a_busy_port_is_named() {
    let home = tempfile::tempdir().unwrap();
    for offset in [0, 1, 4, 5, 7] {
        let base = port_base();
        let busy = std::net::TcpListener::bind(("127.0.0.1", base + offset)).unwrap();
        let (code, out, told) =
            run(postern(home.path()).args(["demo", "--port-base", &base.to_string()]));
        assert_eq!((code, out.as_str()), (1, ""), "{told}");
        let want = format!("error: cannot listen on {}", busy.local_addr().unwrap());
        assert!(told.starts_with(&want), "{told}");
    }
}

#[test]
fn without_a_folder_nothing_is_left() {
    let home = tempfile::tempdir().unwrap();
    let tmp = home.path().join("tmp");
    std::fs::create_dir(&tmp).unwrap();
    let base = port_base().to_string();
    let mut command = postern(home.path());
    command
        .env("TMPDIR", &tmp)
        .args(["demo", "--port-base", &base]);
    let mut demo = Running::start(&mut command, home.path().join("log"));
    let first = demo.line();
    assert_eq!(
        first.trim_end(),
        "Postern serves the sandbox tenant Beispiel GmbH."
    );
    assert_eq!(std::fs::read_dir(&tmp).unwrap().count(), 1);
    demo.terminate();
    assert_eq!(demo.wait().code(), Some(0), "{}", demo.log());
    assert_eq!(
        std::fs::read_dir(&tmp).unwrap().count(),
        0,
        "{}",
        demo.log()
    );
}
