//! The Graph client over real HTTP: a scripted server for the faults, the sandbox for the rest.

use futures_util::StreamExt;
use postern::{
    config::{Account, Cloud, SignIn, Use},
    graph::{
        Client, Error, Pace, Priority,
        limiter::Limiter,
        types::{Entry, Link},
    },
    mail::{AccountName, ErrorClass, RemoteId, Secret},
    oauth::{self, device::DeviceLogin, source::TokenSource, vault::Vault},
};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use url::Url;

/// A request as the scripted server got it.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) line: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Got {
    pub(crate) fn is_login(&self) -> bool {
        self.line.contains("/oauth2/")
    }

    pub(crate) fn header(&self, name: &str) -> Vec<String> {
        let matching = |line: &str| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name)
                .then(|| value.trim().to_owned())
        };
        self.head.lines().filter_map(matching).collect()
    }
}

/// What the scripted server does about a request.
pub(crate) enum Step {
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// After this long.
    Late(Duration, Box<Step>),
    Reset,
    Silence,
    /// Chunked, cut off without the last chunk.
    Truncated(Vec<u8>),
}

pub(crate) fn ok(body: Value) -> Step {
    Step::Answer(200, vec![], body.to_string().into_bytes())
}

fn status(status: u16) -> Step {
    Step::Answer(status, vec![], vec![])
}

type Script = dyn Fn(&Got, usize) -> Step + Send + Sync;

/// Login host and Graph on one port. The script gets each Graph request with its number, from 0;
/// `tokens` gets each request to the login host likewise.
pub(crate) struct Fake {
    pub(crate) url: Url,
    got: Arc<Mutex<Vec<Got>>>,
    /// Most requests to Graph that were open at the same time.
    peak: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fake {
    pub(crate) async fn start(
        tokens: impl Fn(&Got, usize) -> Step + Send + Sync + 'static,
        graph: impl Fn(&Got, usize) -> Step + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let got = Arc::new(Mutex::new(Vec::new()));
        let (open, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let scripts: Arc<[Box<Script>; 2]> = Arc::new([Box::new(tokens), Box::new(graph)]);
        let (seen, most) = (got.clone(), peak.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, scripts) = (seen.clone(), scripts.clone());
                let (open, most) = (open.clone(), most.clone());
                tokio::spawn(async move { serve(stream, &seen, &scripts, &open, &most).await });
            }
        });
        Self {
            url: url.parse().unwrap(),
            got,
            peak,
            task,
        }
    }

    /// Every token request succeeds.
    pub(crate) async fn graph(graph: impl Fn(&Got, usize) -> Step + Send + Sync + 'static) -> Self {
        Self::start(token_step, graph).await
    }

    pub(crate) fn to_graph(&self) -> Vec<Got> {
        let got = self.got.lock().unwrap();
        got.iter().filter(|g| !g.is_login()).cloned().collect()
    }

    pub(crate) fn to_login(&self) -> Vec<Got> {
        let got = self.got.lock().unwrap();
        got.iter().filter(|g| g.is_login()).cloned().collect()
    }
}

async fn serve(
    mut stream: TcpStream,
    seen: &Mutex<Vec<Got>>,
    scripts: &[Box<Script>; 2],
    open: &AtomicUsize,
    most: &AtomicUsize,
) {
    let Some(got) = read_request(&mut stream).await else {
        return;
    };
    let mut step = {
        let mut seen = seen.lock().unwrap();
        let login = got.is_login();
        let number = seen.iter().filter(|g| g.is_login() == login).count();
        seen.push(got.clone());
        drop(seen);
        scripts[usize::from(!login)](&got, number)
    };
    let graph = !got.is_login();
    if graph {
        most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
    }
    while let Step::Late(wait, then) = step {
        tokio::time::sleep(wait).await;
        step = *then;
    }
    if graph {
        open.fetch_sub(1, Ordering::SeqCst);
    }
    let octets = match step {
        Step::Answer(status, headers, body) => {
            let mut head = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n", body.len());
            for (name, value) in headers {
                head += &format!("{name}: {value}\r\n");
            }
            [head.as_bytes(), b"connection: close\r\n\r\n", &body].concat()
        }
        Step::Truncated(body) => {
            let head = format!(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n",
                body.len()
            );
            [head.as_bytes(), &body, b"\r\n"].concat()
        }
        Step::Silence => {
            tokio::time::sleep(Duration::from_secs(30)).await;
            return;
        }
        Step::Reset => {
            let socket = socket2_linger(stream);
            drop(socket);
            return;
        }
        Step::Late(..) => unreachable!(),
    };
    let _ = stream.write_all(&octets).await;
    let _ = stream.shutdown().await;
}

/// Closing with unread data in the buffer, or with linger zero, sends a reset.
fn socket2_linger(stream: TcpStream) -> std::net::TcpStream {
    #[allow(deprecated, reason = "zero never blocks")]
    stream.set_linger(Some(Duration::ZERO)).unwrap();
    stream.into_std().unwrap()
}

async fn read_request(stream: &mut TcpStream) -> Option<Got> {
    let mut octets = Vec::new();
    let end = loop {
        if let Some(at) = octets.windows(4).position(|w| w == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut octets).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(octets[..end].to_vec()).unwrap();
    let length = head
        .lines()
        .filter_map(|l| l.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.trim().parse().unwrap());
    while octets.len() < end + length {
        if stream.read_buf(&mut octets).await.ok()? == 0 {
            return None;
        }
    }
    Some(Got {
        line: head.lines().next().unwrap().to_owned(),
        body: String::from_utf8_lossy(&octets[end..]).into_owned(),
        head,
    })
}

/// The login host of a good day: device code at once, then tokens with numbers in them.
pub(crate) fn token_step(got: &Got, number: usize) -> Step {
    if got.line.contains("devicecode") {
        return ok(
            json!({"device_code": "dc", "user_code": "ABC", "interval": 0,
            "verification_uri": "http://localhost/device", "expires_in": "900"}),
        );
    }
    let host = got.header("host").remove(0);
    ok(
        json!({"token_type": "Bearer", "expires_in": 3599, "access_token": format!("at-{number}"),
        "refresh_token": format!("rt-{number}"), "id_token": id_token(&format!("http://{host}/"), "o-1")}),
    )
}

pub(crate) fn id_token(base: &str, oid: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let claims = json!({"aud": "app", "iss": format!("{base}t-1/v2.0"), "tid": "t-1", "oid": oid,
        "exp": 4_000_000_000_u64, "preferred_username": "anna@example.com"});
    let part = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!(
        "{}.{}.{}",
        part(json!({"alg": "none"})),
        part(claims),
        "c2ln"
    )
}

pub(crate) fn account(login: &Url, graph: &Url) -> Account {
    Account {
        name: AccountName::new("anna"),
        mailbox: "anna@example.com".to_owned(),
        user: "anna@example.com".to_owned(),
        tenant: "t-1".to_owned(),
        client_id: "app".to_owned(),
        sign_in: SignIn::Device,
        uses: Use::Mail,
        writing: postern::config::Writing::default(),
        cloud: Cloud {
            login_url: login.clone(),
            graph_url: graph.clone(),
        },
    }
}

pub(crate) async fn sign_in(source: &TokenSource) {
    let (mut login, _) = DeviceLogin::start(source).await.unwrap();
    login.wait().await.unwrap();
    login.keep().await.unwrap();
}

/// Milliseconds instead of seconds; a person waits three seconds.
fn quick() -> Pace {
    Pace {
        first_byte: Duration::from_millis(400),
        idle: Duration::from_millis(400),
        person: Duration::from_secs(3),
        background: Duration::from_secs(20),
        base: Duration::from_millis(20),
    }
}

/// A signed-in client of the fake.
async fn client(fake: &Fake) -> (Client, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let account = account(&fake.url, &fake.url);
    let http = oauth::client::http(&account.cloud).unwrap();
    let vault = Arc::new(Vault::open(dir.path()).unwrap());
    let source = TokenSource::new(&account, http.clone(), vault).unwrap();
    sign_in(&source).await;
    let client = Client::new(http, fake.url.clone(), None, source, Limiter::default());
    (client.with_pace(quick()), dir)
}

fn id(text: &str) -> RemoteId {
    RemoteId::new(text)
}

fn message(name: &str) -> Step {
    ok(json!({"id": name, "isRead": false}))
}

fn envelope(code: &str) -> Vec<u8> {
    json!({"error": {"code": code, "message": "m", "innerError": {"request-id": "r-1"}}})
        .to_string()
        .into_bytes()
}

/// The first answer is `first`, then all is well: the request must succeed, after `at_least`.
async fn recovers(first: impl Fn() -> Step + Send + Sync + 'static, at_least: Duration) {
    let fake = Fake::graph(move |_, n| if n == 0 { first() } else { message("m") }).await;
    let (client, _dir) = client(&fake).await;
    let start = Instant::now();
    assert_eq!(client.message(&id("m")).await.unwrap().id, "m");
    assert!(start.elapsed() >= at_least, "{:?}", start.elapsed());
    assert_eq!(fake.to_graph().len(), 2);
    assert_eq!(client.requests(), 2);
}

#[tokio::test]
async fn throttling_is_waited_out_as_told() {
    let with = |value: String| Step::Answer(429, vec![("retry-after", value)], vec![]);
    recovers(move || with("1".to_owned()), Duration::from_secs(1)).await;
    recovers(
        move || {
            let at = chrono::Utc::now() + chrono::Duration::seconds(2);
            with(at.format("%a, %d %b %Y %H:%M:%S GMT").to_string())
        },
        // The date has whole seconds.
        Duration::from_millis(900),
    )
    .await;
    recovers(|| status(429), Duration::from_millis(10)).await;
}

#[tokio::test]
async fn passing_faults_pass() {
    let none = Duration::ZERO;
    recovers(|| status(503), none).await;
    recovers(|| status(500), none).await;
    recovers(
        || {
            let html = vec![("content-type", "text/html".to_owned())];
            Step::Answer(502, html, b"<html><body>Bad gateway</body></html>".to_vec())
        },
        none,
    )
    .await;
    recovers(|| Step::Reset, none).await;
    recovers(|| Step::Truncated(b"{\"id\":".to_vec()), none).await;
    recovers(|| Step::Silence, Duration::from_millis(400)).await;
}

#[tokio::test]
async fn a_person_is_not_kept_waiting_for_an_hour() {
    let fake = Fake::graph(|_, _| Step::Answer(429, vec![("retry-after", "3600".into())], vec![]));
    let fake = fake.await;
    let (client, _dir) = client(&fake).await;
    let start = Instant::now();
    let error = client.message(&id("m")).await.unwrap_err();
    let ErrorClass::Temporary {
        retry_after: Some(wait),
    } = error.class()
    else {
        panic!("{error:?}");
    };
    assert_eq!(wait.as_secs(), 3600);
    // The whole mailbox pauses: the next one is not even sent.
    let error = client.message(&id("m")).await.unwrap_err();
    assert!(error.class().is_temporary(), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(3));
    assert_eq!(fake.to_graph().len(), 1);
}

#[tokio::test]
async fn silence_ends_with_an_error() {
    let fake = Fake::graph(|_, _| Step::Silence).await;
    let (client, _dir) = client(&fake).await;
    let start = Instant::now();
    let error = client.message(&id("m")).await.unwrap_err();
    assert!(error.class().is_temporary(), "{error:?}");
    assert!(
        start.elapsed() < Duration::from_secs(6),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn an_expired_token_is_renewed_once_and_the_request_repeated() {
    let fake = Fake::graph(|got, _| {
        match got.header("authorization")[0].as_str() {
            // The token of the sign-in (0: device code, 1: poll).
            "Bearer at-1" => {
                let challenge =
                    "Bearer realm=\"\", error=\"insufficient_claims\", claims=\"eyJhIjoxfQ\"";
                Step::Answer(
                    401,
                    vec![("www-authenticate", challenge.into())],
                    envelope("InvalidAuthenticationToken"),
                )
            }
            _ => message("m"),
        }
    })
    .await;
    let (client, _dir) = client(&fake).await;
    client.message(&id("m")).await.unwrap();
    client.message(&id("m")).await.unwrap();
    let tokens: Vec<_> = fake
        .to_graph()
        .iter()
        .map(|g| g.header("authorization").remove(0))
        .collect();
    assert_eq!(tokens, ["Bearer at-1", "Bearer at-2", "Bearer at-2"]);
    let refresh = fake.to_login().pop().unwrap();
    assert!(
        refresh.body.contains("claims=%7B%22a%22%3A1%7D"),
        "{}",
        refresh.body
    );
}

#[tokio::test]
async fn a_401_that_stays_is_denied_and_does_not_hammer() {
    let fake =
        Fake::graph(|_, _| Step::Answer(401, vec![], envelope("InvalidAuthenticationToken")));
    let fake = fake.await;
    let (client, _dir) = client(&fake).await;
    let error = client.message(&id("m")).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Denied);
    assert_eq!(error.request_id(), Some("r-1"));
    assert_eq!(fake.to_graph().len(), 2);
    for _ in 0..14 {
        client.message(&id("m")).await.unwrap_err();
    }
    assert!(fake.to_login().len() <= 2 + 10, "{}", fake.to_login().len());
}

#[tokio::test]
async fn errors_have_classes_and_hold_no_secret() {
    let fake = Fake::graph(|got, _| match got.line.as_str() {
        line if line.contains("gone") => Step::Answer(404, vec![], envelope("ErrorItemNotFound")),
        line if line.contains("html") => Step::Answer(404, vec![], b"<html>".to_vec()),
        line if line.contains("page") => Step::Answer(200, vec![], b"<html>".to_vec()),
        line if line.contains("moved") => Step::Answer(
            302,
            vec![("location", "http://127.0.0.1:9/".into())],
            vec![],
        ),
        _ => Step::Answer(403, vec![], envelope("ErrorAccessDenied")),
    })
    .await;
    let (client, _dir) = client(&fake).await;
    for (name, class) in [
        ("gone", ErrorClass::NotFound),
        ("html", ErrorClass::TEMPORARY),
        ("page", ErrorClass::TEMPORARY),
        ("moved", ErrorClass::TEMPORARY),
        ("other", ErrorClass::Denied),
    ] {
        let error = client.message(&id(name)).await.unwrap_err();
        assert_eq!(error.class(), class, "{name}: {error:?}");
        let text = format!("{error} {error:?} {client:?}");
        assert!(!text.contains("at-1") && !text.contains("rt-1"), "{text}");
    }
}

#[tokio::test]
async fn a_write_that_may_have_happened_is_not_repeated() {
    for (step, repeated) in [(500, false), (503, false), (504, false), (429, true)] {
        let fake = Fake::graph(move |_, n| if n == 0 { status(step) } else { status(202) }).await;
        let (client, _dir) = client(&fake).await;
        let sent = client.send_draft(&id("d")).await;
        assert_eq!(sent.is_ok(), repeated, "{step}");
        assert_eq!(fake.to_graph().len(), 1 + usize::from(repeated), "{step}");
        if let Err(error) = sent {
            assert!(error.may_have_happened(), "{step}");
        }
    }
    let fake = Fake::graph(|_, _| Step::Reset).await;
    let (client, _dir) = client(&fake).await;
    let error = client.send_draft(&id("d")).await.unwrap_err();
    assert!(error.may_have_happened(), "{error:?}");
    assert_eq!(fake.to_graph().len(), 1);
}

#[tokio::test]
async fn links_are_followed_as_they_came_and_only_at_home() {
    let link = "v1.0/me/mailFolders('AAMk%3D')/messages/delta?$skiptoken=aB%2bc.d_-~(x);y,z!*@:/?";
    let fake = Fake::graph(move |got, n| {
        let base = format!("http://{}/", got.header("host")[0]);
        match n {
            0 => ok(json!({"value": [], "@odata.nextLink": format!("{base}{link}")})),
            1 => ok(json!({"value": [{"id": "m", "@removed": {"reason": "deleted"}}, {"id": "n", "isRead": true}],
                "@odata.deltaLink": format!("{base}{link}&d")})),
            _ => ok(json!({"value": [], "@odata.nextLink": "http://127.0.0.1:1/v1.0/me?x"})),
        }
    })
    .await;
    let (client, _dir) = client(&fake).await;
    let page = client.message_delta(&id("AAMk="), None).await.unwrap();
    let Link::Next(next) = page.link else {
        panic!("{page:?}")
    };
    let page = client
        .message_delta(&id("AAMk="), Some(&next))
        .await
        .unwrap();
    assert!(matches!(page.link, Link::Delta(_)));
    assert_eq!(page.items[0], Entry::Removed(id("m")));
    assert!(matches!(&page.items[1], Entry::Changed(m) if m.is_read == Some(true)));
    let got = fake.to_graph();
    assert!(
        got[0]
            .line
            .contains("/mailFolders/AAMk%3D/messages/delta?$select="),
        "{}",
        got[0].line
    );
    assert_eq!(got[1].line, format!("GET /{link} HTTP/1.1"));
    for request in &got {
        let prefer = request.header("prefer").join(",");
        assert!(prefer.contains("IdType=\"ImmutableId\""), "{prefer}");
        assert!(prefer.contains("odata.maxpagesize=1000"), "{prefer}");
        assert!(request.header("user-agent")[0].starts_with("postern/"));
        assert_eq!(request.header("client-request-id").len(), 1);
    }
    // A page that leads elsewhere is refused, and so is a kept link of another host.
    let error = client.message_delta(&id("AAMk="), None).await.unwrap_err();
    assert!(matches!(error, Error::ForeignLink { .. }), "{error:?}");
    let foreign = "http://127.0.0.1:1/v1.0/me/mailFolders/x/messages/delta?$deltatoken=y";
    let error = client
        .message_delta(&id("x"), Some(foreign))
        .await
        .unwrap_err();
    assert!(error.needs_resync());
    assert_eq!(fake.to_graph().len(), 3);
}

#[tokio::test]
async fn an_expand_that_is_refused_is_left_out_from_then_on() {
    let fake = Fake::graph(|got, _| {
        if got.line.contains("$expand") {
            return Step::Answer(400, vec![], envelope("ErrorRestrictionTooComplex"));
        }
        let base = format!("http://{}/", got.header("host")[0]);
        ok(json!({"value": [{"id": "m"}], "@odata.deltaLink": format!("{base}v1.0/x?$deltatoken=1")}))
    })
    .await;
    let (client, _dir) = client(&fake).await;
    for _ in 0..2 {
        let page = client.message_delta(&id("f"), None).await.unwrap();
        assert!(matches!(&page.items[0], Entry::Changed(m) if !m.extended));
    }
    assert_eq!(fake.to_graph().len(), 3);
}

#[tokio::test]
async fn a_dead_link_asks_for_a_new_listing() {
    let fake = Fake::graph(|_, n| match n {
        0 => Step::Answer(410, vec![], envelope("syncStateNotFound")),
        1 => Step::Answer(400, vec![], envelope("BadRequest")),
        _ => Step::Answer(403, vec![], envelope("ErrorAccessDenied")),
    })
    .await;
    let (client, _dir) = client(&fake).await;
    let link = format!(
        "{}v1.0/me/mailFolders/f/messages/delta?$deltatoken=1",
        fake.url
    );
    for resync in [true, true, false] {
        let error = client
            .message_delta(&id("f"), Some(&link))
            .await
            .unwrap_err();
        assert_eq!(error.needs_resync(), resync, "{error:?}");
    }
}

#[tokio::test]
async fn a_broken_transfer_of_mime_is_an_error_of_the_stream() {
    let fake = Fake::graph(|_, n| match n {
        0 => Step::Truncated(b"Subject: x\r\n\r\nhal".to_vec()),
        1 => Step::Answer(
            200,
            vec![("content-type", "text/html".into())],
            b"<html>".to_vec(),
        ),
        _ => Step::Answer(
            200,
            vec![("content-type", "text/plain".into())],
            b"Subject: x\r\n\r\nfull".to_vec(),
        ),
    })
    .await;
    let (client, _dir) = client(&fake).await;
    let stream = client.mime(&id("m=")).await.unwrap();
    let pieces: Vec<_> = stream.collect().await;
    assert!(pieces.last().unwrap().is_err(), "{pieces:?}");
    assert!(client.mime(&id("m=")).await.is_err());
    let stream = client.mime(&id("m=")).await.unwrap();
    let pieces: Vec<_> = stream.map(|piece| piece.unwrap()).collect().await;
    assert_eq!(pieces.concat(), b"Subject: x\r\n\r\nfull");
    assert!(
        fake.to_graph()[2]
            .line
            .starts_with("GET /v1.0/me/messages/m%3D/$value ")
    );
}

/// Answers a `$batch`: each inner request through `inner`, in reverse order.
fn batch(got: &Got, inner: impl Fn(&Value) -> (u16, Value, Value)) -> Step {
    let asked: Value = serde_json::from_str(&got.body).unwrap();
    let mut responses: Vec<_> = asked["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|request| {
            assert_eq!(request["headers"]["Prefer"], "IdType=\"ImmutableId\"");
            let (status, headers, body) = inner(request);
            json!({"id": request["id"], "status": status, "headers": headers, "body": body})
        })
        .collect();
    responses.reverse();
    ok(json!({ "responses": responses }))
}

#[tokio::test]
async fn a_batch_has_an_outcome_for_each_and_repeats_only_what_was_throttled() {
    let fake = Fake::graph(|got, n| {
        batch(got, |request| {
            let url = request["url"].as_str().unwrap();
            match url.split(['/', '?']).nth(3).unwrap() {
                "m3" if n == 0 => (
                    429,
                    json!({"Retry-After": "1"}),
                    json!({"error": {"code": "ApplicationThrottled"}}),
                ),
                "m5" => (
                    404,
                    json!({}),
                    json!({"error": {"code": "ErrorItemNotFound"}}),
                ),
                name => (200, json!({}), json!({"id": name})),
            }
        })
    })
    .await;
    let (client, _dir) = client(&fake).await;
    let ids: Vec<_> = (0..23).map(|n| id(&format!("m{n}"))).collect();
    let start = Instant::now();
    let got = client.messages(&ids).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(got.len(), 23);
    for (n, (asked, outcome)) in got.iter().enumerate() {
        assert_eq!(asked, &ids[n]);
        match outcome {
            Ok(message) => assert_eq!(message.id, ids[n].as_str()),
            Err(error) => assert_eq!((n, error.class()), (5, ErrorClass::NotFound)),
        }
    }
    let sizes: Vec<_> = fake
        .to_graph()
        .iter()
        .map(|g| {
            serde_json::from_str::<Value>(&g.body).unwrap()["requests"]
                .as_array()
                .unwrap()
                .len()
        })
        .collect();
    assert_eq!(sizes, [20, 1, 3]);
}

#[tokio::test]
async fn a_repetition_that_fails_leaves_what_was_told_before() {
    let fake = Fake::graph(|got, n| match n {
        0 => batch(got, |request| match request["url"].as_str() {
            Some(url) if url.contains("/m1?") => (
                429,
                json!({"Retry-After": "0"}),
                json!({"error": {"code": "ApplicationThrottled"}}),
            ),
            _ => (200, json!({}), json!({"id": "m"})),
        }),
        _ => status(413),
    })
    .await;
    let (client, _dir) = client(&fake).await;
    let ids: Vec<_> = (0..23).map(|n| id(&format!("m{n}"))).collect();
    let got = client.messages(&ids).await.unwrap();
    let failed = |(_, outcome): &&(_, Result<_, Error>)| outcome.is_err();
    // The one that was open, and the second batch, which failed as a whole.
    let failed: Vec<_> = got
        .iter()
        .filter(failed)
        .map(|(id, _)| id.as_str())
        .collect();
    assert_eq!(failed, ["m1", "m20", "m21", "m22"]);
    for (_, outcome) in got.iter().filter(|(_, outcome)| outcome.is_err()) {
        let class = outcome.as_ref().unwrap_err().class();
        assert_eq!(class, ErrorClass::TooLarge);
    }
}

#[tokio::test]
async fn a_throttled_mailbox_rests_even_where_a_person_cannot_wait() {
    let fake = Fake::graph(|got, _| {
        batch(got, |_| {
            (
                429,
                json!({"Retry-After": "60"}),
                json!({"error": {"code": "ApplicationThrottled"}}),
            )
        })
    })
    .await;
    let (client, _dir) = client(&fake).await;
    let got = client.messages(&[id("m1")]).await.unwrap();
    assert!(got[0].1.is_err());
    let next = client.messages(&[id("m2")]).await;
    assert!(matches!(next, Err(Error::Paused { .. })), "{next:?}");
    assert_eq!(fake.to_graph().len(), 1, "nothing is sent into the pause");
}

#[tokio::test]
async fn mimes_in_a_batch_come_back_octet_for_octet() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let mime = b"Subject: \xfc\r\n\r\nbody\xff\r\n";
    let fake = Fake::graph(move |got, _| {
        batch(got, |request| {
            let body = match request["url"].as_str().unwrap() {
                "/me/messages/bad/$value" => json!("not base64, no header"),
                _ => json!(STANDARD.encode(mime)),
            };
            (200, json!({"Content-Type": "text/plain"}), body)
        })
    })
    .await;
    let (client, _dir) = client(&fake).await;
    let got = client.mimes(&[id("a"), id("bad")]).await.unwrap();
    assert_eq!(got[0].1.as_deref().unwrap(), mime);
    assert!(got[1].1.is_err());
}

#[tokio::test]
async fn well_known_folders_are_asked_for_once() {
    let fake = Fake::graph(|got, _| {
        batch(got, |request| {
            let url = request["url"].as_str().unwrap();
            let name = url.split(['/', '?']).nth(3).unwrap();
            match name {
                "archive" | "conflicts" => (
                    404,
                    json!({}),
                    json!({"error": {"code": "ErrorItemNotFound"}}),
                ),
                name => (200, json!({}), json!({"id": format!("id-{name}")})),
            }
        })
    })
    .await;
    let (client, _dir) = client(&fake).await;
    let roles = client.well_known().await.unwrap();
    assert_eq!(roles.len(), 5);
    assert!(
        roles
            .iter()
            .all(|(role, id)| id.as_str() == format!("id-{}", role.well_known_name()))
    );
    assert_eq!(client.root().await.unwrap(), id("id-msgfolderroot"));
    assert!(client.unlisted().await.unwrap().contains(&id("id-outbox")));
    assert_eq!(fake.to_graph().len(), 1);
}

#[tokio::test]
async fn never_more_than_four_in_flight_and_a_batch_stands_alone() {
    let fake = Fake::graph(|got, _| {
        let wait = Duration::from_millis(30);
        if got.line.contains("$batch") {
            let answer = batch(got, |_| (200, json!({}), json!({"id": "m"})));
            return Step::Late(wait, Box::new(answer));
        }
        Step::Late(wait, Box::new(message("m")))
    })
    .await;
    let (client, _dir) = client(&fake).await;
    let mut tasks = Vec::new();
    for n in 0..24 {
        let client = client.with_priority(if n % 2 == 0 {
            Priority::Person
        } else {
            Priority::Background
        });
        tasks.push(tokio::spawn(async move {
            if n % 8 == 0 {
                let ids: Vec<_> = (0..6).map(|n| id(&n.to_string())).collect();
                client.messages(&ids).await.map(|_| ())
            } else {
                client.message(&id("m")).await.map(|_| ())
            }
        }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert!(fake.peak.load(Ordering::SeqCst) <= 4);
}

#[tokio::test]
async fn json_with_control_characters_is_read() {
    let fake = Fake::graph(|_, _| {
        Step::Answer(
            200,
            vec![],
            b"{\"id\":\"m\",\"subject\":\"a\x0bb\"}".to_vec(),
        )
    });
    let fake = fake.await;
    let (client, _dir) = client(&fake).await;
    let got = client.message(&id("m")).await.unwrap();
    assert_eq!(got.subject.as_deref(), Some("a\u{b}b"));
}

#[tokio::test]
async fn who_signed_in_is_checked_against_every_address() {
    let fake = Fake::graph(|_, n| match n {
        0 => status(503),
        _ => ok(
            json!({"id": "1", "userPrincipalName": "a.b@example.net", "mail": null,
            "proxyAddresses": ["SMTP:anna@example.com"]}),
        ),
    })
    .await;
    let http = oauth::client::http(&account(&fake.url, &fake.url).cloud).unwrap();
    let user = Client::whoami(&http, &fake.url, &Secret::new("at".to_owned()))
        .await
        .unwrap();
    assert!(user.is("Anna@Example.com"));
    let error = user.expect("ben@example.com").unwrap_err();
    assert_eq!(
        error.to_string(),
        "signed in as a.b@example.net, expected ben@example.com"
    );
    assert_eq!(error.class(), ErrorClass::Denied);
}

#[tokio::test]
async fn a_large_attachment_goes_up_in_pieces_without_the_token() {
    const SIZE: usize = 7_000_000;
    let taken = Arc::new(Mutex::new(Vec::new()));
    let pieces = taken.clone();
    let fake = Fake::graph(move |got, _| {
        let host = got.header("host").remove(0);
        if got.line.contains("createUploadSession") {
            let url = format!("http://{host}/api/session?authtoken=s3cret");
            let body = json!({"uploadUrl": url, "nextExpectedRanges": ["0-"]});
            return Step::Answer(201, vec![], body.to_string().into_bytes());
        }
        assert!(got.header("authorization").is_empty());
        let mut pieces = pieces.lock().unwrap();
        if got.line.starts_with("GET ") {
            let at: usize = pieces.iter().map(|(_, len)| len).sum();
            return ok(json!({"nextExpectedRanges": [format!("{at}-")]}));
        }
        let range = got.header("content-range").remove(0);
        if pieces.iter().any(|(own, _)| *own == range) {
            return status(416);
        }
        pieces.push((
            range,
            got.header("content-length")[0].parse::<usize>().unwrap(),
        ));
        match pieces.len() {
            // Taken, and the answer lost.
            1 => Step::Reset,
            2 => ok(json!({"ExpirationDateTime": "x", "nextExpectedRanges": ["6553600"]})),
            _ => status(201),
        }
    })
    .await;
    let (client, _dir) = client(&fake).await;
    let file = postern::graph::upload::Attachment {
        name: "a.bin".to_owned(),
        content_type: "application/octet-stream".to_owned(),
        content_id: None,
        is_inline: false,
        octets: vec![b'x'; SIZE].into(),
    };
    client.attach(&id("d"), &file).await.unwrap();
    let ranges: Vec<_> = taken
        .lock()
        .unwrap()
        .iter()
        .map(|(range, _)| range.clone())
        .collect();
    assert_eq!(
        ranges,
        [
            "bytes 0-3276799/7000000",
            "bytes 3276800-6553599/7000000",
            "bytes 6553600-6999999/7000000"
        ]
    );
}

#[tokio::test]
async fn packed_answers_are_unpacked() {
    let packed = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\xca\x4c\x51\xb2\x52\xca\x55\xd2\x51\x2a\x2e\x4d\xca\x4a\x4d\x2e\x01\xf2\x0a\x12\x93\xb3\x53\x53\x94\x6a\x01\xed\x29\x75\x4f\x1d\x00\x00\x00";
    let fake = Fake::graph(|_, _| {
        Step::Answer(
            200,
            vec![("content-encoding", "gzip".into())],
            packed.to_vec(),
        )
    })
    .await;
    let (client, _dir) = client(&fake).await;
    let got = client.message(&id("m")).await.unwrap();
    assert_eq!(got.subject.as_deref(), Some("packed"));
    assert!(fake.to_graph()[0].header("accept-encoding")[0].contains("gzip"));
}

/// A log at its most talkative.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_tells_request_ids_and_no_secret() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let fake = Fake::graph(|got, _| match got.header("authorization")[0].as_str() {
        "Bearer at-1" => Step::Answer(401, vec![], envelope("InvalidAuthenticationToken")),
        _ => Step::Answer(
            403,
            vec![("request-id", "r-77".into())],
            envelope("ErrorAccessDenied"),
        ),
    })
    .await;
    let (client, _dir) = client(&fake).await;
    client.message(&id("m")).await.unwrap_err();
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        text.contains("r-77") && text.contains("ErrorAccessDenied"),
        "{text}"
    );
    for secret in ["at-1", "at-2", "rt-1", "rt-2", "Bearer", "device_code=dc"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
