//! Query options: which a resource knows, how often, with which values, and which exclude one another
//! (dossier 03 section 2; surprises 54 and 55).

use super::http::{Answer, Call, Outcome, bad_request, error};

/// The options that a resource takes, without their `$`.
pub(super) const LIST: &[&str] = &[
    "select",
    "expand",
    "filter",
    "search",
    "orderby",
    "top",
    "skip",
    "count",
    "skiptoken",
];
pub(super) const FOLDERS: &[&str] = &[
    "select", "expand", "filter", "orderby", "top", "skip", "count",
];
pub(super) const ONE: &[&str] = &["select", "expand"];
pub(super) const DELTA: &[&str] = &[
    "select",
    "expand",
    "filter",
    "orderby",
    "top",
    "skiptoken",
    "deltatoken",
];

/// Refuses system options that are unknown, not for this resource, or given twice, and `$count` that is
/// no Boolean. Names without `$` that nobody knows are the client's own.
pub(super) fn check(call: &Call, known: &[&str]) -> Outcome<()> {
    let mut seen: Vec<String> = Vec::new();
    for (name, value) in &call.query {
        let bare = name.trim_start_matches('$').to_ascii_lowercase();
        if !known.contains(&bare.as_str()) {
            if name.starts_with('$') {
                return Err(bad_request(&format!(
                    "The query parameter '{name}' is not supported."
                )));
            }
            continue;
        }
        if seen.contains(&bare) {
            return Err(bad_request(&format!(
                "Query option '${bare}' was specified more than once, but it must be specified at most once."
            )));
        }
        if bare == "count" && !["true", "false"].contains(&value.to_ascii_lowercase().as_str()) {
            return Err(bad_request(&format!(
                "Invalid value '{value}' for $count query option found. Valid values are 'true' and 'false'."
            )));
        }
        seen.push(bare);
    }
    Ok(())
}

/// What does not go together with `$search`.
pub(super) fn check_search(call: &Call) -> Outcome<()> {
    if call.option("search").is_none() {
        return Ok(());
    }
    for (name, shown, code) in [
        ("orderby", "$orderBy", "SearchWithOrderBy"),
        ("filter", "$filter", "SearchWithFilter"),
        ("count", "$count", "SearchWithCount"),
        ("skip", "$skip", "SearchWithSkip"),
    ] {
        if call.option(name).is_some() {
            return Err(excluded(shown, code));
        }
    }
    Ok(())
}

fn excluded(name: &str, code: &str) -> Box<Answer> {
    error(
        400,
        code,
        &format!("The query parameter '{name}' is not supported with '$search'."),
    )
}

pub(super) fn counted(call: &Call) -> bool {
    call.option("count")
        .is_some_and(|c| c.eq_ignore_ascii_case("true"))
}

/// `$top` (1 to `most`) and `$skip`.
pub(super) fn paging(call: &Call, default: usize, most: usize) -> Outcome<(usize, usize)> {
    let number = |name: &str, default: usize, range: std::ops::RangeInclusive<usize>| {
        match call
        .option(name)
    {
        None => Ok(default),
        Some(text) => text
            .parse()
            .ok()
            .filter(|n| range.contains(n))
            .ok_or_else(|| {
                bad_request(&format!(
                    "Invalid value '{text}' for ${name} query option found. The ${name} query option requires an integer from {} to {}.",
                    range.start(),
                    range.end()
                ))
            }),
    }
    };
    let top = number("top", default, 1..=most)?;
    Ok((top, number("skip", 0, 0..=i32::MAX as usize)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderMap, Method};
    use bytes::Bytes;

    fn call(query: &str) -> Call {
        let target = format!("/me/messages?{query}");
        Call::new(Method::GET, &target, HeaderMap::new(), Bytes::new(), "")
    }

    #[test]
    fn options_are_checked() {
        for good in ["$select=id&top=3", "mine=1", "$count=TRUE", "$skip=0"] {
            assert!(check(&call(good), LIST).is_ok(), "{good}");
        }
        for bad in ["$levels=3", "$count=yes", "$top=1&top=2"] {
            assert!(check(&call(bad), LIST).is_err(), "{bad}");
        }
        for bad in [
            "$top=0",
            "$top=1001",
            "$top=x",
            "$skip=-1",
            "$top=99999999999999999999",
        ] {
            assert!(paging(&call(bad), 10, 1000).is_err(), "{bad}");
        }
        assert_eq!(paging(&call("top=7&$skip=2"), 10, 1000).unwrap(), (7, 2));
        assert!(check_search(&call("$search=%22a%22&$top=3")).is_ok());
        assert!(check_search(&call("$search=%22a%22&$filter=isRead eq true")).is_err());
    }
}
