//! The config file: the example, its schema, and every way to get it wrong.

use postern::config::{Config, KEYS, SignIn, Use, Writing};
use serde_json::Value;
use std::{collections::BTreeSet, path::Path};

const ACCOUNT: &str = "[[account]]\nname = \"anna\"\nmailbox = \"anna@example.com\"\n\
    tenant = \"example.com\"\nclient_id = \"11111111-2222-3333-4444-555555555555\"\n";

fn parse(text: &str) -> Result<Config, postern::config::Problems> {
    Config::parse(text, Path::new("/etc/postern/postern.toml"))
}

#[test]
fn the_example_is_right_and_shows_the_defaults() {
    let path = Path::new("config/postern.example.toml");
    let example = Config::load(path).unwrap();
    let bare = Config::load(path).map(|c| c.accounts[0].clone()).unwrap();
    let small = parse(ACCOUNT).unwrap();
    assert_eq!(small.accounts, [bare], "defaults differ from the example");
    assert_eq!(small.imap, example.imap);
    assert_eq!(small.smtp, example.smtp);
    assert_eq!(small.http, example.http);
    assert_eq!(small.smtp.max_message_size, 35_000_000);
    assert_eq!(example.tls, None);
    let shared = &example.accounts[1];
    assert!(shared.is_shared() && !example.accounts[0].is_shared());
    assert_eq!(shared.user, "anna@example.com");
    assert_eq!((shared.sign_in, shared.uses), (SignIn::Device, Use::Mail));
    assert_eq!(
        shared.cloud.graph_url.as_str(),
        "https://graph.microsoft.com/"
    );
}

#[test]
fn what_becomes_of_written_mail_can_be_chosen() {
    let of = |lines: &str| parse(&format!("{ACCOUNT}{lines}")).unwrap().accounts[0].writing;
    assert_eq!(of(""), Writing::default());
    let both = of("append = \"faithful\"\nexpunge = \"delete\"\n");
    assert!(both.append_faithfully && both.expunge_for_good);
    assert!(parse(&format!("{ACCOUNT}append = \"mime\"\n")).is_err());
}

/// The ten lines at the head of the example, its comment signs taken off.
#[test]
fn the_short_form_in_the_example_is_right() {
    let text = std::fs::read_to_string("config/postern.example.toml").unwrap();
    let short: String = text
        .lines()
        .skip_while(|line| !line.contains("[[account]]"))
        .take_while(|line| line.starts_with("#   "))
        .map(|line| format!("{}\n", line.trim_start_matches('#')))
        .collect();
    assert_eq!(short.lines().count(), 5, "{short}");
    assert_eq!(parse(&short).unwrap().accounts[0].name.as_str(), "anna");
}

#[test]
fn schema_and_parser_know_the_same_keys() {
    let text = std::fs::read_to_string("config/postern.schema.json").unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    let keys = |section: &Value| -> BTreeSet<String> {
        assert_eq!(section["additionalProperties"], false);
        section["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    let mut seen = 0;
    for (name, known) in KEYS {
        let section = match *name {
            "" => &schema,
            "account" => &schema["properties"]["account"]["items"],
            name => &schema["properties"][name],
        };
        let known: BTreeSet<_> = known.iter().map(|k| (*k).to_owned()).collect();
        assert_eq!(keys(section), known, "section {name:?}");
        seen += 1;
    }
    let sections = schema["properties"].as_object().unwrap().values();
    let nested = sections.filter(|v| v["type"] == "object" || v["type"] == "array");
    assert_eq!(seen, nested.count() + 1);
}

/// A key that is on the list but that no code reads would be ignored in silence: a date, which no
/// key takes, must be refused everywhere.
#[test]
fn every_known_key_is_read() {
    for (section, keys) in KEYS {
        for key in *keys {
            let text = match *section {
                "" => format!("{key} = 2020-02-02\n"),
                "account" => format!("[[account]]\n{key} = 2020-02-02\n"),
                name => format!("[{name}]\n{key} = 2020-02-02\n{ACCOUNT}"),
            };
            let full = if section.is_empty() {
                key.to_string()
            } else {
                format!("{section}.{key}")
            };
            let problems = parse(&text).unwrap_err();
            let found = problems
                .list
                .iter()
                .any(|p| p.key == full && p.what != "missing" && p.what != "no such key");
            assert!(found, "{full}: {problems}");
        }
    }
}

/// Text (an account is added below unless it names one), then line, key, and words of the message.
type Case = (&'static str, usize, &'static str, &'static [&'static str]);

const WRONG: &[Case] = &[
    ("[imap", 1, "", &["not TOML"]),
    ("x = ", 1, "", &["not TOML"]),
    (
        "colour = 1",
        1,
        "colour",
        &["no such key", "one of data_dir, imap"],
    ),
    (
        "dta_dir = \"/x\"",
        1,
        "dta_dir",
        &["no such key", "`data_dir`"],
    ),
    (
        "[imap]\nlisten = []\nlisen = []",
        3,
        "imap.lisen",
        &["`listen`"],
    ),
    (
        "[imap]\nlisten = \"127.0.0.1:1\"",
        2,
        "imap.listen",
        &["array", "[\"127.0.0.1:1143\""],
    ),
    (
        "[imap]\nlisten = [1143]",
        2,
        "imap.listen",
        &["not an integer"],
    ),
    (
        "[imap]\nlisten = [\"localhost:1143\"]",
        2,
        "imap.listen",
        &["IP address with a port", "127.0.0.1:1143"],
    ),
    (
        "[imap]\nlisten = [\"127.0.0.1\"]",
        2,
        "imap.listen",
        &["IP address with a port"],
    ),
    (
        "[imap]\nlisten = [\"127.0.0.1:70000\"]",
        2,
        "imap.listen",
        &["IP address with a port"],
    ),
    ("imap = 3", 1, "imap", &["a section", "[imap]"]),
    (
        "[imap]\nlisten = [\"127.0.0.1:2000\"]\ntls_listen = [\"127.0.0.1:2000\"]",
        3,
        "imap.tls_listen",
        &["127.0.0.1:2000 is taken by imap.listen already"],
    ),
    (
        "[http]\nlisten = [\"[::1]:1993\"]",
        2,
        "http.listen",
        &["taken by imap.tls_listen"],
    ),
    (
        "[imap]\nlisten = [\"127.0.0.1:8365\"]",
        2,
        "imap.listen",
        &["taken by http.listen"],
    ),
    (
        "[http]\nlisten = [\"0.0.0.0:1465\"]",
        2,
        "http.listen",
        &["taken by smtp.tls_listen"],
    ),
    (
        "[smtp]\nmax_message_size = 35",
        2,
        "smtp.max_message_size",
        &["a string is wanted, not an integer", "\"35 MB\""],
    ),
    (
        "[smtp]\nmax_message_size = \"35\"",
        2,
        "smtp.max_message_size",
        &["with its unit", "MB"],
    ),
    (
        "[smtp]\nmax_message_size = \"1 GB\"",
        2,
        "smtp.max_message_size",
        &["out of range"],
    ),
    (
        "[tls]\ncert = \"a.pem\"",
        1,
        "tls.key",
        &["missing", "key = "],
    ),
    (
        "[tls]\nkey = \"a.pem\"",
        1,
        "tls.cert",
        &["missing", "cert = "],
    ),
    (
        "[cloud]\nname = \"chine\"",
        2,
        "cloud.name",
        &["not known", "\"china\""],
    ),
    (
        "[cloud]\nname = \"mars\"",
        2,
        "cloud.name",
        &["\"global\", or \"us-gov-high\", or \"us-gov-dod\", or \"china\""],
    ),
    (
        "[cloud]\nname = \"global\"\nlogin_url = \"https://a.example\"\ngraph_url = \"https://b.example\"",
        1,
        "cloud.name",
        &["exclude each other"],
    ),
    (
        "[cloud]\nlogin_url = \"https://a.example\"",
        1,
        "cloud.graph_url",
        &["belong together"],
    ),
    (
        "[cloud]\nlogin_url = \"http://127.0.0.1:1\"\ngraph_url = \"http://graph.example.com\"",
        3,
        "cloud.graph_url",
        &["plain http", "https://"],
    ),
    (
        "[cloud]\nlogin_url = \"http://127.0.0.1.example.com\"\ngraph_url = \"http://[::1]:1\"",
        2,
        "cloud.login_url",
        &["plain http"],
    ),
    (
        "[cloud]\nlogin_url = \"ftp://a.example\"\ngraph_url = \"https://a.example\"",
        2,
        "cloud.login_url",
        &["ftp: is not served"],
    ),
    (
        "[cloud]\nlogin_url = \"a.example\"\ngraph_url = \"https://a.example\"",
        2,
        "cloud.login_url",
        &["no address"],
    ),
    ("data_dir = \"\"", 1, "data_dir", &["empty"]),
    ("account = []", 1, "account", &["names no account"]),
    (
        "[account]\nname = \"anna\"",
        1,
        "account",
        &["two brackets", "[[account]]"],
    ),
    ("account = [3]", 1, "account", &["[[account]]"]),
];

#[test]
fn each_problem_has_line_key_and_a_way_out() {
    for (text, line, key, words) in WRONG {
        let names_account = text.contains("account");
        let whole = if names_account {
            (*text).to_owned()
        } else {
            format!("{text}\n{ACCOUNT}")
        };
        let problems = parse(&whole).unwrap_err();
        let found = problems
            .list
            .iter()
            .find(|p| p.line == *line && p.key == *key);
        let found = found.unwrap_or_else(|| panic!("{text}: {problems}"));
        let told = found.to_string();
        for word in *words {
            assert!(told.contains(word), "{text}: {word:?} is not in {told}");
        }
        assert!(
            key.is_empty() || !found.instead.is_empty(),
            "{text}: no way out"
        );
        if !names_account {
            assert_eq!(problems.list.len(), 1, "{text}: {problems}");
        }
    }
}

/// One account's line replaced, and what is said about it.
const WRONG_ACCOUNT: &[(&str, &str, &str, &[&str])] = &[
    (
        "name",
        "name = \"anna b\"",
        "account.name",
        &["cannot be an account's name"],
    ),
    (
        "name",
        "name = \"../anna\"",
        "account.name",
        &["cannot be an account's name"],
    ),
    ("name", "", "account.name", &["missing", "name = \"anna\""]),
    (
        "mailbox",
        "mailbox = \"anna\"",
        "account.mailbox",
        &["not a mail address"],
    ),
    (
        "mailbox",
        "mailbox = \"a/../b@example.com\"",
        "account.mailbox",
        &["not a mail address"],
    ),
    (
        "tenant",
        "tenant = \"<tenant id>\"",
        "account.tenant",
        &["not a tenant"],
    ),
    (
        "tenant",
        "tenant = \"common\"",
        "account.tenant",
        &["\"organizations\""],
    ),
    (
        "client_id",
        "client_id = \"postern\"",
        "account.client_id",
        &["GUID"],
    ),
    (
        "client_id",
        "client-id = \"11111111-2222-3333-4444-555555555555\"",
        "account.client-id",
        &["`client_id`"],
    ),
    (
        "client_id",
        "client_id = 3",
        "account.client_id",
        &["a string is wanted, not an integer"],
    ),
    (
        "tenant",
        "tenant = \"example.com\"\nsign_in = \"browser\"",
        "account.sign_in",
        &["\"browser\" is not known", "\"device\""],
    ),
    (
        "tenant",
        "tenant = \"example.com\"\nuse = \"raed\"",
        "account.use",
        &["use = \"read\""],
    ),
    (
        "tenant",
        "tenant = \"example.com\"\ncloud = \"x\"",
        "account.cloud",
        &["\"global\""],
    ),
    (
        "tenant",
        "tenant = \"example.com\"\nuser = \"Anna\"",
        "account.user",
        &["not a mail address"],
    ),
    (
        "tenant",
        "tenant = \"example.com\"\npassword = \"x\"",
        "account.password",
        &["no such key"],
    ),
];

#[test]
fn accounts_are_checked_key_by_key() {
    for (replaced, by, key, words) in WRONG_ACCOUNT {
        let text: String = ACCOUNT
            .lines()
            .map(|l| {
                if l.starts_with(replaced) {
                    format!("{by}\n")
                } else {
                    format!("{l}\n")
                }
            })
            .collect();
        let problems = parse(&text).unwrap_err();
        let found = problems.list.iter().find(|p| p.key == *key);
        let told = found
            .unwrap_or_else(|| panic!("{by}: {problems}"))
            .to_string();
        for word in *words {
            assert!(told.contains(word), "{by}: {word:?} is not in {told}");
        }
    }
}

#[test]
fn two_accounts_must_not_share_a_login() {
    let second = |name: &str, mailbox: &str| {
        ACCOUNT
            .replace("\"anna\"", &format!("\"{name}\""))
            .replace("anna@example.com", mailbox)
    };
    for (name, mailbox, key) in [
        ("Anna", "other@example.com", "account.name"),
        ("other", "ANNA@example.com", "account.mailbox"),
    ] {
        let problems = parse(&format!("{ACCOUNT}{}", second(name, mailbox))).unwrap_err();
        assert_eq!(problems.list.len(), 1, "{problems}");
        assert_eq!(problems.list[0].key, key);
        assert!(problems.list[0].line > 5, "{problems}");
    }
    let good = format!("{ACCOUNT}{}", second("ben", "ben@example.com"));
    assert_eq!(parse(&good).unwrap().accounts.len(), 2);
}

#[test]
fn all_problems_are_told_at_once_in_order() {
    let text = "dat = 1\n[imap]\nlisten = [\"x\"]\n[smtp]\nmax_message_size = \"9\"\n\
        [cloud]\nname = \"x\"\n[[account]]\nname = \"\"\nuse = \"all\"\n";
    let problems = parse(text).unwrap_err();
    let lines: Vec<_> = problems.list.iter().map(|p| p.line).collect();
    assert_eq!(lines, [1, 3, 5, 7, 8, 8, 8, 9, 10], "{problems}");
    let told = problems.to_string();
    assert!(
        told.starts_with("9 problems in /etc/postern/postern.toml\n"),
        "{told}"
    );
    assert!(told.contains("line 3, imap.listen: \"x\" is not"), "{told}");
}

#[test]
fn paths_count_from_the_files_folder() {
    let text = format!("data_dir = \"data\"\n[tls]\ncert = \"c.pem\"\nkey = \"/k.pem\"\n{ACCOUNT}");
    let config = parse(&text).unwrap();
    assert_eq!(config.data_dir, Path::new("/etc/postern/data"));
    let tls = config.tls.unwrap();
    assert_eq!(tls.cert, Path::new("/etc/postern/c.pem"));
    assert_eq!(tls.key, Path::new("/k.pem"));
}

#[test]
fn a_sandbox_may_be_plain_and_keeps_its_path() {
    let text = format!(
        "[cloud]\nlogin_url = \"http://127.0.0.1:9000\"\ngraph_url = \"http://[::1]:9001/x\"\n{ACCOUNT}"
    );
    let cloud = parse(&text).unwrap().accounts[0].cloud.clone();
    assert_eq!(cloud.graph_url.as_str(), "http://[::1]:9001/x/");
    assert!(cloud.is_local());
}

#[test]
fn a_missing_file_says_which() {
    let error = Config::load(Path::new("/nonexistent/postern.toml")).unwrap_err();
    assert!(
        error.to_string().contains("/nonexistent/postern.toml"),
        "{error}"
    );
}
