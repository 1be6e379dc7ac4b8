//! Where requests go: paths under the mailbox, and links as the service gave them (pure).
//!
//! A link is followed only to the scheme, host and port of the configured root, since the token goes
//! with it; its octets stay as they are (surprise 42).

use url::Url;

/// Percent-encodes everything but unreserved characters (RFC 3986 section 2.3): ids hold `=`.
pub(super) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for octet in text.bytes() {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(octet));
            }
            _ => out.push_str(&format!("%{octet:02X}")),
        }
    }
    // A lone `.` or `..` would be resolved away.
    match out.as_str() {
        "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        _ => out,
    }
}

/// The scope in which a mailbox's paths stand: `/me`, or `/users/{address}`.
pub(super) fn scope(mailbox: Option<&str>) -> String {
    match mailbox {
        None => "/me".to_owned(),
        Some(address) => format!("/users/{}", segment(address).replace("%40", "@")),
    }
}

/// `{root}/v1.0{path}`.
pub(super) fn under(root: &Url, path: &str) -> Result<Url, url::ParseError> {
    let root = root.as_str().trim_end_matches('/');
    Url::parse(&format!("{root}/v1.0{path}"))
}

/// The link as an address, if it leads to the root's scheme, host and port.
pub(super) fn link(root: &Url, link: &str) -> Option<Url> {
    let url = Url::parse(link).ok()?;
    let same = url.scheme() == root.scheme()
        && url.host() == root.host()
        && url.port_or_known_default() == root.port_or_known_default();
    let plain = url.username().is_empty() && url.password().is_none();
    (same && plain).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> Url {
        Url::parse("https://graph.microsoft.com").unwrap()
    }

    #[test]
    fn ids_are_encoded_once() {
        assert_eq!(segment("AAMk-_0="), "AAMk-_0%3D");
        assert_eq!(segment("a/b+c ü"), "a%2Fb%2Bc%20%C3%BC");
        let url = under(&root(), &format!("/me/messages/{}/$value", segment("A="))).unwrap();
        assert_eq!(
            url.as_str(),
            "https://graph.microsoft.com/v1.0/me/messages/A%3D/$value"
        );
        assert_eq!(scope(Some("a+b@example.com")), "/users/a%2Bb@example.com");
    }

    #[test]
    fn links_keep_their_octets() {
        for text in [
            "https://graph.microsoft.com/v1.0/me/mailFolders('AAMk%3D')/messages/delta?$skiptoken=aB.c_d-e~f",
            "https://graph.microsoft.com/v1.0/me/mailFolders('AAMkAD=')/messages/delta?$deltatoken=R0us%2B%2f%3d",
            "https://graph.microsoft.com/v1.0/users('x%40example.com')/messages?%24skip=10&%24select=id%2csubject&a=b+c%20d",
            "https://graph.microsoft.com/v1.0/me/messages?$filter=a%20eq%20%27b%27&$skiptoken=(x);y,z!*@:/?[]{}|^`",
        ] {
            assert_eq!(link(&root(), text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn links_elsewhere_are_refused() {
        for text in [
            "https://graph.microsoft.com.evil.example/v1.0/x",
            "https://evil.example/v1.0/x",
            "http://graph.microsoft.com/v1.0/x",
            "https://graph.microsoft.com:8443/v1.0/x",
            "https://graph.microsoft.com@evil.example/v1.0/x",
            "https://user@graph.microsoft.com/v1.0/x",
            "//graph.microsoft.com/v1.0/x",
            "/v1.0/x",
            "file:///etc/x",
            "",
        ] {
            assert!(link(&root(), text).is_none(), "{text}");
        }
        assert!(link(&root(), "https://GRAPH.microsoft.com:443/v1.0/x").is_some());
    }
}
