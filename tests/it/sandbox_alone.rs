//! `postern sandbox`: a client that knows nothing but the card, and a script.

use crate::program::{Running, postern, run};
use serde_json::{Value, json};
use std::path::Path;

/// The program's card, and an HTTP client.
fn start(home: &Path, args: &[&str]) -> (Running, Value, reqwest::Client) {
    let mut command = postern(home);
    command.args(["sandbox", "--json"]).args(args);
    let mut running = Running::start(&mut command, home.join("log"));
    let card = serde_json::from_str(&running.line()).unwrap();
    // Another test may have installed it already.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    (running, card, http)
}

/// The commands that the card shows, done by a program: a token for `user`.
async fn token(card: &Value, http: &reqwest::Client, user: &str) -> String {
    let text = |name: &str| card[name].as_str().unwrap();
    let base = format!("{}/{}/oauth2/v2.0", text("login"), text("tenant_id"));
    let client = text("client_id");
    let fields = [("client_id", client), ("scope", text("scopes"))];
    let device = http.post(format!("{base}/devicecode")).form(&fields);
    let device: Value = device.send().await.unwrap().json().await.unwrap();
    let approve = json!({"user_code": device["user_code"], "user": user});
    let approve = http
        .post(format!("{}/approve", text("admin")))
        .json(&approve);
    assert_eq!(approve.send().await.unwrap().status(), 200);
    let fields = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", client),
        ("device_code", device["device_code"].as_str().unwrap()),
    ];
    let token = http.post(format!("{base}/token")).form(&fields);
    let token: Value = token.send().await.unwrap().json().await.unwrap();
    token["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_script_decides_what_clients_meet() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(
        home.path().join("bad-day.toml"),
        "messages = 40\n[switches]\ndelta-page-cap = 7\n[[fault]]\npath = \"/messages\"\nfrom = 2\n\
         to = 3\nstatus = 503\nheaders = { Retry-After = 9 }\nbody = \"<html>\"\n",
    )
    .unwrap();
    let (mut running, card, http) = start(home.path(), &["--script", "bad-day.toml"]);
    let token = token(&card, &http, "anna@example.com").await;
    let graph = card["graph"].as_str().unwrap();
    let get = async |path: &str| {
        let request = http.get(format!("{graph}/v1.0/me/mailFolders/inbox/{path}"));
        let answer = request.bearer_auth(&token).send().await.unwrap();
        let status = answer.status().as_u16();
        let wait = answer.headers().get("retry-after").cloned();
        let body = answer.text().await.unwrap();
        (status, wait.map(|w| w.to_str().unwrap().to_owned()), body)
    };
    let (status, _, body) = get("messages?$top=1&$count=true").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["@odata.count"]), (200, &json!(40)));
    for _ in 0..2 {
        let met = get("messages/delta").await;
        assert_eq!(met, (503, Some("9".to_owned()), "<html>".to_owned()));
    }
    let (status, _, body) = get("messages/delta").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, body["value"].as_array().unwrap().len()), (200, 7));
    let journal = http.get(format!("{}/journal", card["admin"].as_str().unwrap()));
    let journal: Value = journal.send().await.unwrap().json().await.unwrap();
    let met = journal["entries"].as_array().unwrap().iter();
    let met: Vec<_> = met.filter(|e| e["fault"] == "answer").collect();
    assert_eq!(met.len(), 2, "{journal}");
    running.terminate();
    assert!(running.wait().success());
}

#[test]
fn mistakes_in_a_script_are_told_before_anything_starts() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("s.toml");
    std::fs::write(&file, "[switches]\nlatency = 1\n[[fault]]\nstatus = 1\n").unwrap();
    let told = run(postern(home.path()).args(["sandbox", "--script", "s.toml"]));
    assert_eq!((told.0, told.1.as_str()), (2, ""));
    assert!(
        told.2
            .contains("s.toml: line 2, switches.latency: no switch"),
        "{}",
        told.2
    );
    assert!(
        told.2.contains("\nline 4, fault.status: 1 is not"),
        "{}",
        told.2
    );
    let none = run(postern(home.path()).args(["sandbox", "--script", "none.toml"]));
    assert_eq!(none.0, 2);
    assert!(none.2.contains("none.toml"), "{}", none.2);
}

#[test]
fn the_card_names_all_that_a_client_needs() {
    let home = tempfile::tempdir().unwrap();
    let mut command = postern(home.path());
    command.arg("sandbox");
    let mut running = Running::start(&mut command, home.path().join("log"));
    let mut out = std::io::BufReader::new(running.child.stdout.take().unwrap());
    let mut card = String::new();
    while !card.contains("Ctrl-C") {
        let read = std::io::BufRead::read_line(&mut out, &mut card).unwrap();
        assert!(read > 0, "{card}");
    }
    for part in [
        "/v1.0",
        "client id",
        "scopes",
        "anna@example.com",
        "devicecode",
        "opens rechnung@example.com",
    ] {
        assert!(card.contains(part), "{part}: {card}");
    }
    running.terminate();
    assert!(running.wait().success());
}

#[tokio::test]
async fn https_is_for_this_computer_and_trusts_one_file() {
    let home = tempfile::tempdir().unwrap();
    let mut command = postern(home.path());
    command.args(["sandbox", "--listen", "0.0.0.0"]);
    let (code, _, told) = run(&mut command);
    assert_eq!(code, 1);
    assert!(
        told.contains("127.0.0.1") && told.contains("0.0.0.0"),
        "{told}"
    );
    let (mut running, card, _) = start(home.path(), &["--ca-file", "ca.pem", "--pages"]);
    let pem = std::fs::read(home.path().join("ca.pem")).unwrap();
    let authority = reqwest::Certificate::from_pem(&pem).unwrap();
    let https = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([authority])
        .build()
        .unwrap();
    let login = card["login"].as_str().unwrap().replace("http:", "https:");
    let form = [
        ("client_id", card["client_id"].as_str().unwrap()),
        ("scope", "Mail.Read"),
    ];
    let code = https.post(format!("{login}/organizations/oauth2/v2.0/devicecode"));
    let code: Value = code.form(&form).send().await.unwrap().json().await.unwrap();
    // Without auto-approval a client may poll as seldom as Entra says.
    assert_eq!(code["interval"], 5, "{code}");
    assert!(
        code["verification_uri"]
            .as_str()
            .unwrap()
            .starts_with(&login)
    );
    running.terminate();
    assert!(running.wait().success());
}
