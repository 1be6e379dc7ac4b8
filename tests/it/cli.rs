//! The command line, and the server that it talks to.

use crate::program::{Imap, Running, http_status, port_base, postern, run};
use base64::{Engine, engine::general_purpose::STANDARD};
use postern::sandbox::{Options, Sandbox, Seeding, seed};
use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    os::unix::{fs::PermissionsExt, net::UnixStream},
    path::{Path, PathBuf},
    time::Duration,
};

const NOBODY: &str = "http://127.0.0.1:9/";

/// A config file in `home` for one account; the server's ports start at `base`.
fn config(home: &Path, base: u16, login: &str, graph: &str, mailbox: &str) -> PathBuf {
    let [imap, imaps, smtp, smtps, http] = [0, 1, 2, 3, 4].map(|offset| {
        let port = base + offset;
        format!("[\"127.0.0.1:{port}\", \"[::1]:{port}\"]")
    });
    let text = format!(
        "data_dir = \"data\"\n[imap]\nlisten = {imap}\ntls_listen = {imaps}\n\
         [smtp]\nlisten = {smtp}\ntls_listen = {smtps}\n[http]\nlisten = {http}\n\
         [cloud]\nlogin_url = \"{login}\"\ngraph_url = \"{graph}\"\n\
         [[account]]\nname = \"anna\"\nmailbox = \"{mailbox}\"\ntenant = \"organizations\"\n\
         client_id = \"{}\"\n",
        seed::mailbox_of(Vec::new(), 0).client_id
    );
    let path = home.join("postern.toml");
    std::fs::write(&path, text).unwrap();
    path
}

fn server(home: &Path, base: u16) -> Running {
    let mut command = postern(home);
    command.args(["run", "--config", "postern.toml"]);
    let mut server = Running::start(&mut command, home.join("log"));
    server.wait_for_port(base);
    server
}

fn ask(home: &Path, args: &[&str]) -> (i32, String, String) {
    run(postern(home).args(args).args(["--config", "postern.toml"]))
}

#[test]
fn check_tells_every_problem_with_exit_code_2() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("postern.toml");
    std::fs::write(&path, "[imap]\nlisen = []\n[[account]]\nname = \"anna\"\n").unwrap();
    let (code, out, told) = ask(home.path(), &["check"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(
        told.starts_with("error: 4 problems in postern.toml\n"),
        "{told}"
    );
    assert!(
        told.contains("line 2, imap.lisen: no such key\n      instead: `listen`"),
        "{told}"
    );
    for command in [&["run"][..], &["account", "list"], &["certs"]] {
        assert_eq!(ask(home.path(), command).0, 2, "{command:?}");
    }
    config(home.path(), 2000, NOBODY, NOBODY, "anna@example.com");
    let (code, out, told) = ask(home.path(), &["check"]);
    assert_eq!((code, told.as_str()), (0, ""));
    assert!(out.contains("is right") && out.contains("anna"), "{out}");
    assert!(!home.path().join("data").exists(), "check made something");
}

#[test]
fn the_config_file_is_searched_for_and_named() {
    let home = tempfile::tempdir().unwrap();
    let (code, _, told) = run(postern(home.path()).arg("check"));
    assert_eq!(code, 2);
    assert!(
        told.contains("no config file") && told.contains("--config FILE"),
        "{told}"
    );
    let settings = home.path().join("xdg/postern");
    std::fs::create_dir_all(&settings).unwrap();
    config(&settings, 2000, NOBODY, NOBODY, "anna@example.com");
    let xdg = home.path().join("xdg");
    let mut check = postern(home.path());
    let (code, _, told) = run(check.arg("check").env("XDG_CONFIG_HOME", &xdg));
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("xdg/postern/postern.toml"), "{told}");
    config(home.path(), 2000, NOBODY, NOBODY, "anna@example.com");
    let (code, _, told) = run(check.env("XDG_CONFIG_HOME", &xdg));
    assert_eq!((code, told.trim_end()), (0, "config file: postern.toml"));
}

#[test]
fn wrong_arguments_are_exit_code_2() {
    let home = tempfile::tempdir().unwrap();
    for args in [
        &["fly"][..],
        &["demo", "--port-base", "65530"],
        &["account", "login"],
    ] {
        assert_eq!(run(postern(home.path()).args(args)).0, 2, "{args:?}");
    }
    config(home.path(), 2000, NOBODY, NOBODY, "anna@example.com");
    assert_eq!(ask(home.path(), &["check", "--log", "a=b=c"]).0, 2);
    let (code, _, told) = ask(home.path(), &["account", "login", "ben"]);
    assert!(
        code == 2 && told.contains("the config file has: anna"),
        "{told}"
    );
    assert_eq!(run(postern(home.path()).arg("--version")).0, 0);
}

#[test]
fn a_server_serves_is_asked_and_ends_on_sigterm() {
    let home = tempfile::tempdir().unwrap();
    let base = port_base();
    config(home.path(), base, NOBODY, NOBODY, "anna@example.com");
    let mut first = server(home.path(), base);
    assert!(http_status(base + 4, "/healthz", "localhost").contains(" 200 "));
    assert!(http_status(base + 4, "/", "localhost").contains(" 401 "));
    assert!(http_status(base + 4, "/healthz", "rebound.example").contains(" 421 "));
    let (code, out, told) = ask(home.path(), &["account", "list"]);
    assert_eq!(code, 0, "{told}");
    assert!(
        out.contains("not signed in: run `postern account login anna`"),
        "{out}"
    );

    let (code, password, told) = ask(home.path(), &["account", "password", "add", "anna"]);
    assert_eq!(code, 0, "{told}");
    let password = password.trim_end();
    assert!(password.len() >= 26 && !told.contains(password), "{told}");
    assert!(!first.log().contains(password));
    logs_in(base, password, true);
    let (_, list, _) = ask(home.path(), &["account", "password", "list", "anna"]);
    assert!(
        list.contains("mail program") && !list.contains(password),
        "{list}"
    );
    let number = list.split_whitespace().next().unwrap().to_owned();
    let remove = ["account", "password", "remove", "anna", &number];
    assert_eq!(ask(home.path(), &remove).0, 0);
    logs_in(base, password, false);
    assert_eq!(ask(home.path(), &remove).0, 1);

    let (code, _, told) = ask(home.path(), &["run"]);
    assert_eq!(code, 1);
    assert!(told.contains(&format!("(pid {})", first.pid())), "{told}");
    first.terminate();
    assert_eq!(first.wait().code(), Some(0), "{}", first.log());
    assert!(!home.path().join("data/control.sock").exists());
    assert!(!home.path().join("data/owner").exists());
    // Nothing runs now: the command opens the folder itself.
    let (code, out, told) = ask(home.path(), &["account", "password", "list", "anna"]);
    assert_eq!((code, out.trim_end()), (0, "No app passwords."), "{told}");
}

#[test]
fn whoever_says_nothing_holds_up_no_stop() {
    let home = tempfile::tempdir().unwrap();
    let base = port_base();
    config(home.path(), base, NOBODY, NOBODY, "anna@example.com");
    let mut server = server(home.path(), base);
    let connect = |offset| {
        let stream = TcpStream::connect(("127.0.0.1", base + offset)).unwrap();
        let patience = Some(Duration::from_secs(60));
        stream.set_read_timeout(patience).unwrap();
        BufReader::new(stream)
    };
    // No handshake where TLS comes first, none after STARTTLS, and half a request.
    let _silent = [connect(1), connect(3)];
    let mut upgrades = [connect(0), connect(2)];
    for (stream, command) in upgrades
        .iter_mut()
        .zip(["a STARTTLS", "EHLO x\r\nSTARTTLS"])
    {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        write!(stream.get_mut(), "{command}\r\n").unwrap();
        while !(line.starts_with("a OK") || line.starts_with("220 2")) {
            line.clear();
            assert!(stream.read_line(&mut line).unwrap() > 0, "no STARTTLS");
        }
    }
    let mut half = connect(4);
    write!(half.get_mut(), "GET /healthz HTTP/1.1\r\nHost: loc").unwrap();
    // Answered after those before it were taken.
    assert!(http_status(base + 4, "/healthz", "localhost").contains(" 200 "));
    let begun = std::time::Instant::now();
    server.terminate();
    assert_eq!(server.wait().code(), Some(0), "{}", server.log());
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(7), "{took:?}: {}", server.log());
}

/// Without a sign-in the password is right all the same; what comes then is another refusal.
fn logs_in(base: u16, password: &str, good: bool) {
    let stream = TcpStream::connect(("127.0.0.1", base)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let (_, last) = Imap::new(stream).command(&format!("LOGIN anna {password}"));
    assert_eq!(!last.contains("[AUTHENTICATIONFAILED]"), good, "{last}");
}

#[test]
fn the_socket_is_private_and_survives_nonsense() {
    let home = tempfile::tempdir().unwrap();
    let base = port_base();
    config(home.path(), base, NOBODY, NOBODY, "anna@example.com");
    let mut server = server(home.path(), base);
    // Commands wait for the socket, which comes a moment after the ports.
    assert_eq!(ask(home.path(), &["account", "list"]).0, 0);
    let socket = home.path().join("data/control.sock");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&socket), 0o600);
    assert_eq!(mode(&home.path().join("data")), 0o700);
    assert_eq!(mode(&home.path().join("data/ca.pem")), 0o644);
    let say = |line: &str| {
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.write_all(line.as_bytes()).unwrap();
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).unwrap();
        answer
    };
    assert!(say("nonsense\n").starts_with("{\"answer\":\"failed\",\"message\":\"not a request"));
    assert!(say("{\"do\":\"fly\"}\n").contains("\"failed\""));
    drop(UnixStream::connect(&socket).unwrap());
    assert!(say("{\"do\":\"accounts\"}\n").contains("\"name\":\"anna\""));
    assert_eq!(say("{\"do\":\"stop\"}\n"), "{\"answer\":\"done\"}\n");
    assert_eq!(server.wait().code(), Some(0), "{}", server.log());
}

#[test]
fn a_killed_server_leaves_nothing_in_the_way() {
    let outer = tempfile::tempdir().unwrap();
    // Longer than a socket's path may be.
    let home = outer.path().join("a-folder-with-a-long-name/".repeat(5));
    std::fs::create_dir_all(&home).unwrap();
    let base = port_base();
    config(&home, base, NOBODY, NOBODY, "anna@example.com");
    let mut first = server(&home, base);
    assert_eq!(ask(&home, &["account", "list"]).0, 0);
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    let mut second = server(&home, base);
    let (code, out, told) = ask(&home, &["account", "list"]);
    assert_eq!(code, 0, "{told}");
    assert!(out.contains("anna"), "{out}");
    second.terminate();
    assert_eq!(second.wait().code(), Some(0), "{}", second.log());
}

#[test]
fn an_unreadable_certificate_is_no_silent_fallback() {
    let home = tempfile::tempdir().unwrap();
    let base = port_base();
    let path = config(home.path(), base, NOBODY, NOBODY, "anna@example.com");
    let text = std::fs::read_to_string(&path).unwrap();
    let tls = "[tls]\ncert = \"none.pem\"\nkey = \"none.key\"\n";
    std::fs::write(&path, text.replace("[smtp]", &format!("{tls}[smtp]"))).unwrap();
    let (code, _, told) = ask(home.path(), &["run"]);
    assert_eq!(code, 1);
    assert!(
        told.contains("error: tls.cert = ") && told.contains("none.pem"),
        "{told}"
    );
}

#[test]
fn certs_names_the_authority_that_the_server_uses() {
    let home = tempfile::tempdir().unwrap();
    let base = port_base();
    config(home.path(), base, NOBODY, NOBODY, "anna@example.com");
    let (code, before, told) = ask(home.path(), &["certs"]);
    assert_eq!(code, 0, "{told}");
    let _server = server(home.path(), base);
    let (_, after, _) = ask(home.path(), &["certs"]);
    assert_eq!(before, after);
    let ca = home.path().join("data/ca.pem");
    assert!(after.contains(&format!("mbsync          CertificateFile {}", ca.display())));
}

/// A sandbox with one user, Anna, who signs in whenever anyone asks.
fn sandbox(runtime: &tokio::runtime::Runtime) -> Sandbox {
    let options = Options {
        tenant: seed::mailbox_of(
            vec![b"Subject: one\r\n\r\nText\r\n".to_vec()],
            1_750_000_000,
        ),
        seeding: Seeding::Verbatim,
        graph_port: 0,
        login_port: 0,
        admin_port: 0,
        auto_approve: true,
    };
    runtime.block_on(Sandbox::start(options)).unwrap()
}

#[test]
fn only_the_configured_user_is_signed_in() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = sandbox(&runtime);
    let (login, graph) = (sandbox.login_url(), sandbox.graph_url());
    let home = tempfile::tempdir().unwrap();
    let base = port_base();
    let ben = "ben@example.com";
    config(home.path(), base, login.as_str(), graph.as_str(), ben);
    let (code, out, told) = ask(home.path(), &["account", "login", "anna"]);
    assert_eq!((code, out.as_str()), (1, ""), "{told}");
    assert!(told.contains("type the code "), "{told}");
    let want = "error: signed in as anna@example.com, expected ben@example.com: nothing was kept";
    assert!(told.contains(want), "{told}");
    let (_, out, _) = ask(home.path(), &["account", "list"]);
    assert!(out.contains("not signed in"), "{out}");

    let anna = "anna@example.com";
    config(home.path(), base, login.as_str(), graph.as_str(), anna);
    let (code, out, told) = ask(home.path(), &["account", "login", "anna"]);
    assert_eq!(code, 0, "{told}");
    assert_eq!(
        out.trim_end(),
        "Account anna is signed in as anna@example.com."
    );
    let (_, out, _) = ask(home.path(), &["account", "list"]);
    assert!(out.contains("  signed in"), "{out}");
    runtime.block_on(sandbox.stop());
}

#[test]
fn a_sign_in_while_the_server_runs_is_taken_up_at_once() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = sandbox(&runtime);
    let home = tempfile::tempdir().unwrap();
    let base = port_base();
    let (login, graph) = (sandbox.login_url(), sandbox.graph_url());
    config(
        home.path(),
        base,
        login.as_str(),
        graph.as_str(),
        "anna@example.com",
    );
    let mut first = server(home.path(), base);
    let (_, password, _) = ask(home.path(), &["account", "password", "add", "anna"]);
    let (code, _, told) = ask(home.path(), &["account", "login", "anna"]);
    assert_eq!(code, 0, "{told}");
    wait_until_ready(home.path());
    let inbox = || {
        let stream = TcpStream::connect(("127.0.0.1", base)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let mut imap = Imap::new(stream);
        imap.ok(&format!("LOGIN anna {}", password.trim_end()));
        let mut lines = imap.ok("SELECT INBOX");
        lines.sort();
        lines
    };
    let seen = inbox();
    assert!(seen.contains(&"* 1 EXISTS".to_owned()), "{seen:?}");
    first.terminate();
    assert_eq!(first.wait().code(), Some(0), "{}", first.log());
    // Known mail is served although the cloud is away.
    runtime.block_on(sandbox.stop());
    let mut second = server(home.path(), base);
    let begun = std::time::Instant::now();
    loop {
        let (_, out, _) = ask(home.path(), &["account", "list"]);
        if out.contains("offline: ") {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{out}");
        std::thread::sleep(Duration::from_millis(100));
    }
    let still = inbox();
    assert!(still.contains(&"* 1 EXISTS".to_owned()), "{still:?}");
    let validity = |lines: &[String]| lines.iter().find(|l| l.contains("UIDVALIDITY")).cloned();
    assert_eq!(validity(&seen), validity(&still));
    second.terminate();
    assert_eq!(second.wait().code(), Some(0), "{}", second.log());
}

#[test]
fn an_account_for_sending_only_says_whether_it_can_send() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = sandbox(&runtime);
    let (home, base) = (tempfile::tempdir().unwrap(), port_base());
    let (login, graph) = (sandbox.login_url(), sandbox.graph_url());
    let cloud = postern::config::Cloud {
        login_url: login.clone(),
        graph_url: graph.clone(),
    };
    let http = postern::oauth::client::http(&cloud).unwrap();
    let anna = "anna@example.com";
    let file = config(home.path(), base, login.as_str(), graph.as_str(), anna);
    let text = std::fs::read_to_string(&file).unwrap() + "use = \"send\"\n";
    std::fs::write(&file, text).unwrap();
    let mut server = server(home.path(), base);
    let (_, password, _) = ask(home.path(), &["account", "password", "add", "anna"]);
    let password = password.trim_end();
    let list = || ask(home.path(), &["account", "list"]).1;
    let not = "not signed in: run `postern account login anna`";
    assert!(list().contains(not), "{}", list());
    is_not_read(base, password);
    submit(base + 2, password);
    // Tried by now, and held: nobody is signed in.
    std::thread::sleep(Duration::from_secs(2));
    let begun = std::time::Instant::now();
    let (code, _, told) = ask(home.path(), &["account", "login", "anna"]);
    assert_eq!(code, 0, "{told}");
    wait_until_ready(home.path());
    assert!(list().contains("  ready, for sending only"), "{}", list());
    is_not_read(base, password);
    let sent = || {
        let url = sandbox.admin_url().join("submissions").unwrap();
        let answer = async { http.get(url).send().await.unwrap().text().await.unwrap() };
        runtime.block_on(answer).contains("Released")
    };
    while !sent() {
        let log = server.log();
        assert!(begun.elapsed() < Duration::from_secs(40), "held on: {log}");
        std::thread::sleep(Duration::from_millis(100));
    }
    server.terminate();
    assert_eq!(server.wait().code(), Some(0), "{}", server.log());
    runtime.block_on(sandbox.stop());
}

/// Of an account with mailbox too: mail that waits for a sign-in goes once there is one, though it was tried in vain
/// before.
#[test]
fn mail_that_waits_for_a_sign_in_goes_after_it() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = sandbox(&runtime);
    let (home, base) = (tempfile::tempdir().unwrap(), port_base());
    let (login, graph) = (sandbox.login_url(), sandbox.graph_url());
    let cloud = postern::config::Cloud {
        login_url: login.clone(),
        graph_url: graph.clone(),
    };
    let http = postern::oauth::client::http(&cloud).unwrap();
    let anna = "anna@example.com";
    config(home.path(), base, login.as_str(), graph.as_str(), anna);
    let mut server = server(home.path(), base);
    let (_, password, _) = ask(home.path(), &["account", "password", "add", "anna"]);
    let password = password.trim_end();
    submit(base + 2, password);
    let begun = std::time::Instant::now();
    while !server.log().contains("to=\"held\"") {
        let log = server.log();
        assert!(begun.elapsed() < Duration::from_secs(40), "not held: {log}");
        std::thread::sleep(Duration::from_millis(100));
    }
    let begun = std::time::Instant::now();
    let (code, _, told) = ask(home.path(), &["account", "login", "anna"]);
    assert_eq!(code, 0, "{told}");
    let sent = || {
        let url = sandbox.admin_url().join("submissions").unwrap();
        let answer = async { http.get(url).send().await.unwrap().text().await.unwrap() };
        runtime.block_on(answer).contains("Released")
    };
    while !sent() {
        let log = server.log();
        assert!(begun.elapsed() < Duration::from_secs(40), "held on: {log}");
        std::thread::sleep(Duration::from_millis(100));
    }
    server.terminate();
    assert_eq!(server.wait().code(), Some(0), "{}", server.log());
    runtime.block_on(sandbox.stop());
}

fn is_not_read(base: u16, password: &str) {
    let stream = TcpStream::connect(("127.0.0.1", base)).unwrap();
    let patience = Some(Duration::from_secs(60));
    stream.set_read_timeout(patience).unwrap();
    let (_, last) = Imap::new(stream).command(&format!("LOGIN anna {password}"));
    assert_eq!(
        last,
        "NO [UNAVAILABLE] The account cannot be read here: postern account list says why"
    );
}

/// One mail by SMTP.
fn submit(port: u16, password: &str) {
    let plain = STANDARD.encode(format!("\0anna\0{password}"));
    let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", port)).unwrap());
    let mut say = |text: &str, wanted: &str| {
        stream.get_mut().write_all(text.as_bytes()).unwrap();
        let mut line = String::new();
        while line.as_bytes().get(3) != Some(&b' ') {
            line.clear();
            assert!(stream.read_line(&mut line).unwrap() > 0, "after {text}");
        }
        assert!(line.starts_with(wanted), "{text}: {line}");
    };
    say("", "220");
    say("EHLO x\r\n", "250");
    say(&format!("AUTH PLAIN {plain}\r\n"), "235");
    say("MAIL FROM:<anna@example.com>\r\n", "250");
    say("RCPT TO:<ben@example.net>\r\n", "250");
    say("DATA\r\n", "354");
    let mail =
        "From: anna@example.com\r\nTo: ben@example.net\r\nSubject: Released\r\n\r\nx\r\n.\r\n";
    say(mail, "250");
}

fn wait_until_ready(home: &Path) {
    let begun = std::time::Instant::now();
    loop {
        let (_, out, _) = ask(home, &["account", "list"]);
        if out.contains("  ready") {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{out}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
