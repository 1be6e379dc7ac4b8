//! Every key that the file may hold: what is not here is refused, and the JSON schema beside the
//! example file names exactly these (a test compares them).

/// Section, and its keys; the first section is the top of the file.
pub const KEYS: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "data_dir", "imap", "smtp", "http", "tls", "cloud", "account",
        ],
    ),
    ("imap", &["listen", "tls_listen"]),
    ("smtp", &["listen", "tls_listen", "max_message_size"]),
    ("http", &["listen", "tls_listen"]),
    ("tls", &["cert", "key"]),
    ("cloud", &["name", "login_url", "graph_url"]),
    (
        "account",
        &[
            "name",
            "mailbox",
            "user",
            "tenant",
            "client_id",
            "sign_in",
            "use",
            "append",
            "expunge",
            "cloud",
        ],
    ),
];

/// The keys of one section.
pub(super) fn of(section: &str) -> &'static [&'static str] {
    KEYS.iter()
        .find(|(name, _)| *name == section)
        .map_or(&[], |(_, keys)| keys)
}

/// The known key that a mistyped one was probably meant to be: at most a third of its letters wrong.
pub(super) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase().replace('-', "_");
    known
        .iter()
        .map(|candidate| (distance(&word, candidate), *candidate))
        .filter(|(distance, candidate)| distance * 3 <= candidate.len().max(3))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours that lead from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |line: &[usize], k: usize| line.get(k).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&above, j) + usize::from(x != y))
                .min(at(&above, j + 1) + 1)
                .min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_find_their_key() {
        let keys = of("account");
        for (typo, meant) in [
            ("client-id", Some("client_id")),
            ("clientid", Some("client_id")),
            ("mailbxo", Some("mailbox")),
            ("signin", Some("sign_in")),
            ("Use", Some("use")),
            ("usr", Some("use")),
            ("password", None),
            ("x", None),
        ] {
            assert_eq!(nearest(typo, keys), meant, "{typo}");
        }
    }

    #[test]
    fn swapped_neighbours_count_once() {
        assert_eq!(distance("lisetn", "listen"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "abc"), 0);
    }
}
