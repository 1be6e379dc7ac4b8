//! The `[[account]]` tables.

use super::{
    Account, Cloud, SignIn, Use, Writing, check, cloud,
    read::{Placed, Reader, Section},
};
use crate::mail::AccountName;

/// What an account looks like, for complaints about a file without one.
const EXAMPLE: &str = "\
[[account]] with name, mailbox, tenant and client_id (config/postern.example.toml shows one)";

const GUID: &str = "\"11111111-2222-3333-4444-555555555555\"";

pub(super) fn accounts(
    reader: &Reader<'_>,
    top: &Section<'_, '_>,
    cloud: Option<&Cloud>,
) -> Vec<Account> {
    let Some(value) = top.value("account") else {
        top.complain("account", "the file names no account", EXAMPLE);
        return Vec::new();
    };
    let at = value.span().start;
    let Some(array) = value.get_ref().as_array() else {
        let what = "accounts are a list of sections, each under two brackets";
        reader.complain(at, "account", what, "[[account]]");
        return Vec::new();
    };
    if array.is_empty() {
        reader.complain(at, "account", "the file names no account", EXAMPLE);
    }
    let mut names = check::Logins::default();
    let mut list = Vec::new();
    for element in array.iter() {
        let at = element.span().start;
        let Some(table) = element.get_ref().as_table() else {
            reader.complain(at, "account", "an account is a section", "[[account]]");
            continue;
        };
        let section = Section::open(reader, "account", at, Some(table));
        list.extend(account(reader, &section, cloud, &mut names, list.len()));
    }
    list
}

fn account(
    reader: &Reader<'_>,
    section: &Section<'_, '_>,
    default_cloud: Option<&Cloud>,
    logins: &mut check::Logins,
    index: usize,
) -> Option<Account> {
    let name = section.required("name", "\"anna\"");
    let name = name.filter(|name| is_name(reader, name));
    let mailbox = section.required("mailbox", "\"anna@example.com\"");
    let mailbox = mailbox.filter(|address| is_address(reader, address));
    let user = section.string("user", "\"anna@example.com\"");
    let user = user.filter(|address| is_address(reader, address));
    let tenant = section.required("tenant", "\"example.com\"");
    let tenant = tenant.filter(|tenant| is_tenant(reader, tenant));
    let client_id = section.required("client_id", GUID);
    let client_id = client_id.filter(|id| is_client_id(reader, id));
    let sign_in = section.choice("sign_in", &[("device", SignIn::Device)]);
    let uses = section.choice(
        "use",
        &[
            ("mail", Use::Mail),
            ("read", Use::Read),
            ("send", Use::Send),
        ],
    );
    let writing = Writing {
        append_faithfully: section
            .choice("append", &[("outlook", false), ("faithful", true)])
            .unwrap_or_default(),
        expunge_for_good: section
            .choice("expunge", &[("deleted-items", false), ("delete", true)])
            .unwrap_or_default(),
    };
    let own_cloud = cloud::by_name(section, "cloud");
    claim(reader, logins, name.as_ref(), mailbox.as_ref(), index);
    let mailbox = mailbox?.value;
    Some(Account {
        name: AccountName::new(name?.value),
        user: user.map_or_else(|| mailbox.clone(), |user| user.value),
        mailbox,
        tenant: tenant?.value,
        client_id: client_id?.value.to_lowercase(),
        sign_in: sign_in.unwrap_or(SignIn::Device),
        uses: uses.unwrap_or(Use::Mail),
        writing,
        cloud: own_cloud.or_else(|| default_cloud.cloned())?,
    })
}

/// Both a name and an address log in, so both must lead to one account only.
fn claim(
    reader: &Reader<'_>,
    logins: &mut check::Logins,
    name: Option<&Placed<String>>,
    mailbox: Option<&Placed<String>>,
    index: usize,
) {
    // Two accounts of one name are two accounts still: the place in the file tells them apart.
    let whose = match name {
        Some(name) => format!("{} ({})", name.value, index + 1),
        None => format!("({})", index + 1),
    };
    for login in [name, mailbox].into_iter().flatten() {
        logins.claim(reader, login, &whose);
    }
}

/// Names stand in logs, lists, logins and as names of files: plain letters only.
fn is_name(reader: &Reader<'_>, name: &Placed<String>) -> bool {
    let good = name.value.len() <= 64
        && name.value.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if !good {
        name.complain(
            reader,
            format!("\"{}\" cannot be an account's name", name.value),
            "up to 64 of a-z, A-Z, 0-9, `-`, `_` and `.`, a letter or digit first",
        );
    }
    good
}

fn is_address(reader: &Reader<'_>, address: &Placed<String>) -> bool {
    let good = address
        .value
        .split_once('@')
        .is_some_and(|(local, domain)| {
            !local.is_empty()
                && domain.contains('.')
                && !domain.contains('@')
                && !domain.starts_with('.')
                && !domain.ends_with('.')
                && !address
                    .value
                    .chars()
                    .any(|c| c.is_whitespace() || c.is_control() || "<>(),;:\\\"[]/?#%".contains(c))
        });
    if !good {
        address.complain(
            reader,
            format!("\"{}\" is not a mail address", address.value),
            "an address such as \"anna@example.com\"",
        );
    }
    good
}

/// Personal accounts (`common`, `consumers`) have no mailbox that this program can serve.
fn is_tenant(reader: &Reader<'_>, tenant: &Placed<String>) -> bool {
    let text = tenant.value.as_str();
    let domain = text.contains('.')
        && !text.starts_with(['.', '-'])
        && !text.ends_with('.')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
    let good = text == "organizations" || domain || is_guid(text);
    if !good {
        tenant.complain(
            reader,
            format!("\"{text}\" is not a tenant of Microsoft 365"),
            "the tenant's id (a GUID), one of its domains, or \"organizations\"",
        );
    }
    good
}

fn is_client_id(reader: &Reader<'_>, id: &Placed<String>) -> bool {
    let good = is_guid(&id.value);
    if !good {
        id.complain(
            reader,
            format!("\"{}\" is not an application (client) id", id.value),
            format!("the GUID that the app registration shows, such as {GUID}"),
        );
    }
    good
}

fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.chars().enumerate().all(|(i, c)| match i {
            8 | 13 | 18 | 23 => c == '-',
            _ => c.is_ascii_hexdigit(),
        })
}
