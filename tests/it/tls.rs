//! TLS of the local listeners: the authority, its constraints, renewal, own files.

use postern::{
    config::TlsFiles,
    net::{
        Acceptor, Authority, Stream,
        authority::Address,
        tls::{LEAF_LIFETIME, provider},
    },
};
use rcgen::SanType;
use std::{
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};
use time::{Duration, OffsetDateTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

fn strict(host: &str) -> Result<Authority, postern::net::tls::Error> {
    Authority::create(host, now())
}

fn textual(host: &str) -> Authority {
    Authority::create_for(host, Address::AsName, now()).unwrap()
}

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn trusting(ca_pem: &str) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap();
    roots.add(ca).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// One handshake over memory and a few octets both ways; the end-entity certificate of the server.
async fn talk(acceptor: &Acceptor, ca_pem: &str, name: &str) -> std::io::Result<Vec<u8>> {
    let (client, server) = tokio::io::duplex(64 * 1024);
    let acceptor = acceptor.clone();
    let server = tokio::spawn(async move {
        let mut stream = Stream::plain(server).accept_tls(&acceptor).await?;
        assert!(stream.is_tls());
        stream.write_all(b"hello\r\n").await?;
        stream.flush().await?;
        let mut bye = [0; 3];
        stream.read_exact(&mut bye).await?;
        std::io::Result::Ok(bye)
    });
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut stream = trusting(ca_pem).connect(name, client).await?;
    let mut hello = [0; 7];
    stream.read_exact(&mut hello).await?;
    assert_eq!(&hello, b"hello\r\n");
    stream.write_all(b"bye").await?;
    stream.flush().await?;
    assert_eq!(&server.await.unwrap()?, b"bye");
    let chain = stream.get_ref().1.peer_certificates().unwrap();
    Ok(chain[0].to_vec())
}

#[tokio::test]
async fn every_name_of_this_computer_is_served() {
    let authority = strict("Desk.example.com").unwrap();
    let ca = authority.certificate_pem();
    assert_eq!(authority.host(), Some("desk.example.com"));
    let acceptor = Acceptor::local(authority, LEAF_LIFETIME).unwrap();
    for name in ["localhost", "desk.example.com", "127.0.0.1", "::1"] {
        talk(&acceptor, &ca, name)
            .await
            .unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    for name in ["example.com", "127.0.0.2", "evil.example.com"] {
        assert!(talk(&acceptor, &ca, name).await.is_err(), "{name}");
    }
}

/// Both kinds of client against one server: rustls here as NSS does it, and OpenSSL, which wants
/// the address among the names.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_takes_an_address_for_a_name_is_served_too() {
    let dir = tempfile::tempdir().unwrap();
    let proper = strict("desk").unwrap();
    let textual = textual("desk");
    let ca = proper.certificate_pem();
    let both = ca.clone() + &textual.certificate_pem();
    std::fs::write(dir.path().join("first.pem"), &ca).unwrap();
    std::fs::write(dir.path().join("ca.pem"), both).unwrap();
    let acceptor = Acceptor::local_for_all(proper, textual, LEAF_LIFETIME).unwrap();
    for name in ["localhost", "desk", "127.0.0.1", "::1"] {
        talk(&acceptor, &ca, name).await.unwrap();
    }
    let listener = postern::net::Listener::bind("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    let at = listener.local_addr().to_string();
    let server = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await;
            if let Ok(mut stream) = stream.accept_tls(&acceptor).await {
                let _ = stream.shutdown().await;
            }
        }
    });
    for check in [
        ["-verify_hostname", "localhost"],
        ["-verify_hostname", "desk"],
        ["-verify_hostname", "127.0.0.1"],
        ["-verify_ip", "127.0.0.1"],
        ["-verify_ip", "::1"],
    ] {
        let dir = dir.path().to_owned();
        let connect = ["s_client", "-connect", &at, "-CAfile", "ca.pem"].map(str::to_owned);
        let args = connect.into_iter().chain(check.map(str::to_owned));
        let args: Vec<String> = args.chain(["-verify_return_error".to_owned()]).collect();
        let said = tokio::task::spawn_blocking(move || {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            openssl(&dir, &args)
        });
        let said = said.await.unwrap();
        assert!(said.contains("Verification: OK"), "{check:?}: {said}");
    }
    // Who says a name needs to trust the first authority alone.
    let (dir, at) = (dir.path().to_owned(), at.clone());
    let said = tokio::task::spawn_blocking(move || {
        let trust = ["-CAfile", "first.pem", "-verify_return_error"];
        let name = ["-servername", "localhost", "-verify_hostname", "localhost"];
        let args = [&["s_client", "-connect", &at][..], &trust, &name].concat();
        openssl(&dir, &args)
    });
    let said = said.await.unwrap();
    assert!(said.contains("Verification: OK"), "{said}");
    server.abort();
}

#[tokio::test]
async fn another_authority_is_not_trusted() {
    let acceptor = Acceptor::local(strict("desk").unwrap(), LEAF_LIFETIME);
    let stranger = strict("desk").unwrap();
    let refused = talk(&acceptor.unwrap(), &stranger.certificate_pem(), "localhost").await;
    assert!(refused.is_err());
}

/// A thief of the authority's key cannot speak for others: clients refuse what lies outside.
#[test]
fn a_certificate_outside_the_constraints_is_refused() {
    let authority = strict("desk").unwrap();
    let dns = |name: &str| vec![SanType::DnsName(name.try_into().unwrap())];
    let ip = |ip: &str| vec![SanType::IpAddress(ip.parse().unwrap())];
    let judge = |names: Vec<SanType>, client: &str| {
        let leaf = authority.issue_for(names, now(), LEAF_LIFETIME).unwrap();
        verify(&authority, &leaf.to_der().0[0], client)
    };
    assert_eq!(judge(dns("localhost"), "localhost"), Ok(()));
    assert_eq!(judge(dns("desk"), "desk"), Ok(()));
    assert_eq!(judge(ip("127.0.0.1"), "127.0.0.1"), Ok(()));
    for (names, client) in [
        (dns("mail.example.com"), "mail.example.com"),
        (dns("desk2"), "desk2"),
        (ip("192.0.2.1"), "192.0.2.1"),
        (ip("127.0.0.2"), "127.0.0.2"),
        (ip("2001:db8::1"), "2001:db8::1"),
    ] {
        let refused = judge(names, client).unwrap_err();
        assert!(refused.contains("NameConstraint"), "{client}: {refused}");
    }
}

/// By webpki, as rustls does it.
fn verify(authority: &Authority, leaf: &[u8], name: &str) -> Result<(), String> {
    use tokio_rustls::rustls::{
        client::{WebPkiServerVerifier, danger::ServerCertVerifier},
        pki_types::UnixTime,
    };
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(authority.certificate_pem().as_bytes()).unwrap();
    roots.add(ca).unwrap();
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(provider()))
            .build()
            .unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let leaf = CertificateDer::from(leaf.to_vec());
    verifier
        .verify_server_cert(&leaf, &[], &name, &[], UnixTime::now())
        .map(|_| ())
        .map_err(|error| format!("{error:?}"))
}

/// OpenSSL reads constraints by itself: a second opinion.
#[test]
fn openssl_agrees() {
    let dir = tempfile::tempdir().unwrap();
    let authority = strict("desk").unwrap();
    let ca = dir.path().join("ca.pem");
    std::fs::write(&ca, authority.certificate_pem()).unwrap();
    let text = openssl(dir.path(), &["x509", "-in", "ca.pem", "-noout", "-text"]);
    for want in [
        "X509v3 Name Constraints: critical",
        "DNS:localhost",
        "DNS:desk",
        "IP:127.0.0.1/255.255.255.255",
        "X509v3 Basic Constraints: critical",
        "CA:TRUE, pathlen:0",
        "CN = Postern local CA desk",
    ] {
        let squeezed = text.replace("CN=", "CN = ");
        assert!(squeezed.contains(want), "{want} is not in {text}");
    }
    let leaf = authority.issue(now(), LEAF_LIFETIME).unwrap();
    let judge = |leaf: &postern::net::authority::Leaf, check: &[&str]| {
        std::fs::write(dir.path().join("leaf.der"), &leaf.to_der().0[0]).unwrap();
        openssl(
            dir.path(),
            &[
                "x509", "-inform", "DER", "-in", "leaf.der", "-out", "leaf.pem",
            ],
        );
        let mut args = vec!["verify", "-CAfile", "ca.pem", "-purpose", "sslserver"];
        args.extend(check);
        args.push("leaf.pem");
        openssl(dir.path(), &args)
    };
    for check in [
        ["-verify_hostname", "localhost"],
        ["-verify_hostname", "desk"],
        ["-verify_ip", "127.0.0.1"],
        ["-verify_ip", "::1"],
    ] {
        let said = judge(&leaf, &check);
        assert!(said.contains("leaf.pem: OK"), "{check:?}: {said}");
    }
    let outside = vec![SanType::DnsName("mail.example.com".try_into().unwrap())];
    let outside = authority.issue_for(outside, now(), LEAF_LIFETIME).unwrap();
    let said = judge(&outside, &["-verify_hostname", "mail.example.com"]);
    assert!(said.contains("permitted subtree violation"), "{said}");
}

fn openssl(dir: &Path, args: &[&str]) -> String {
    let out = Command::new("openssl")
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()
        .expect("openssl is needed for this test");
    let text = [out.stdout, out.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn the_certificate_is_renewed_while_running() {
    let authority = strict("desk").unwrap();
    let ca = authority.certificate_pem();
    let lifetime = Duration::days(90);
    let acceptor = Acceptor::local(authority, lifetime).unwrap();
    let first = talk(&acceptor, &ca, "localhost").await.unwrap();
    assert!(!acceptor.refresh(now() + Duration::days(59)).unwrap());
    assert_eq!(talk(&acceptor, &ca, "localhost").await.unwrap(), first);
    assert!(acceptor.refresh(now() + Duration::days(61)).unwrap());
    assert_ne!(acceptor.chain()[0].to_vec(), first);
    assert!(!acceptor.refresh(now() + Duration::days(62)).unwrap());
}

/// With the clock that runs: a life of 3 s, renewed by the task behind a server's back.
#[tokio::test]
async fn a_short_life_is_renewed_by_itself() {
    let authority = strict("desk").unwrap();
    let ca = authority.certificate_pem();
    // Begun an hour ago, as each is: what is left of 3 s is under a third at once.
    let acceptor = Acceptor::local(authority, Duration::seconds(3)).unwrap();
    let first = talk(&acceptor, &ca, "localhost").await.unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let task = {
        let (acceptor, stop) = (acceptor.clone(), stop.clone());
        tokio::spawn(async move { acceptor.keep_fresh(stop).await })
    };
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    // The first one has ended by now: without renewal this handshake would fail.
    let second = talk(&acceptor, &ca, "localhost").await.unwrap();
    assert_ne!(first, second);
    stop.cancel();
    task.await.unwrap();
}

#[test]
fn the_authority_comes_back_from_the_vault() {
    let authority = strict("desk").unwrap();
    let again = Authority::from_sealed(&authority.to_sealed()).unwrap();
    assert_eq!(again.certificate_pem(), authority.certificate_pem());
    assert_eq!(again.host(), Some("desk"));
    assert!(!again.is_worn_out(now()));
    assert!(again.is_worn_out(now() + Duration::days(3600)));
    let leaf = again.issue(now(), LEAF_LIFETIME).unwrap();
    assert_eq!(verify(&authority, &leaf.to_der().0[0], "localhost"), Ok(()));
    assert!(!format!("{authority:?}").contains("PRIVATE"));
    let broken = postern::mail::Secret::new(b"host: desk\nends: 1\n".to_vec());
    assert!(Authority::from_sealed(&broken).is_err());
}

#[test]
fn odd_host_names_are_left_out() {
    for host in ["", "my_host", "-x", "a..b", "192.0.2.1", "localhost", "ä"] {
        assert_eq!(strict(host).unwrap().host(), None, "{host}");
    }
}

fn write_leaf(authority: &Authority, cert: &Path, key: &Path) {
    let leaf = authority.issue(now(), LEAF_LIFETIME).unwrap();
    let (chain, secret) = leaf.to_der();
    std::fs::write(cert, pem("CERTIFICATE", &chain[0])).unwrap();
    std::fs::write(key, pem("PRIVATE KEY", secret.expose())).unwrap();
}

fn pem(kind: &str, der: &[u8]) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let body = BASE64_STANDARD.encode(der);
    format!("-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n")
}

#[tokio::test]
async fn own_files_are_used_and_read_again_when_they_change() {
    let dir = tempfile::tempdir().unwrap();
    let (cert, key) = (dir.path().join("c.pem"), dir.path().join("k.pem"));
    let authority = strict("desk").unwrap();
    let ca = authority.certificate_pem();
    write_leaf(&authority, &cert, &key);
    let files = TlsFiles {
        cert: cert.clone(),
        key: key.clone(),
    };
    let acceptor = Acceptor::files(files).unwrap();
    let first = talk(&acceptor, &ca, "localhost").await.unwrap();
    assert!(!acceptor.refresh(now()).unwrap());
    std::fs::write(&cert, "nonsense").unwrap();
    touch(&cert, 5);
    assert!(acceptor.refresh(now()).is_err());
    assert_eq!(talk(&acceptor, &ca, "localhost").await.unwrap(), first);
    write_leaf(&authority, &cert, &key);
    touch(&cert, 10);
    assert!(acceptor.refresh(now()).unwrap());
    assert_ne!(talk(&acceptor, &ca, "localhost").await.unwrap(), first);
}

/// Another time of change, however coarse the file system's clock.
fn touch(path: &Path, seconds: u64) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(seconds);
    file.set_modified(later).unwrap();
}

#[test]
fn unusable_files_are_errors_that_name_them() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let authority = strict("desk").unwrap();
    write_leaf(&authority, &at("c.pem"), &at("k.pem"));
    write_leaf(&authority, &at("c2.pem"), &at("k2.pem"));
    std::fs::write(at("empty.pem"), "").unwrap();
    for (cert, key, words) in [
        (
            "none.pem",
            "k.pem",
            &["tls.cert", "none.pem", "cannot be read"][..],
        ),
        (
            "c.pem",
            "none.pem",
            &["tls.key", "none.pem", "cannot be read"],
        ),
        (
            "empty.pem",
            "k.pem",
            &["tls.cert", "empty.pem", "no PEM certificate"],
        ),
        ("c.pem", "c.pem", &["tls.key", "no PEM private key"]),
        ("c.pem", "k2.pem", &["tls.key", "does not belong", "c.pem"]),
    ] {
        let files = TlsFiles {
            cert: at(cert),
            key: at(key),
        };
        let error = Acceptor::files(files).unwrap_err().to_string();
        for word in words {
            assert!(error.contains(word), "{cert}, {key}: {error}");
        }
    }
}
