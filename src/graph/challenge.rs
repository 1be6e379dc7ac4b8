//! Claims challenges (Entra: claims challenge; RFC 9110 section 11.6.1).

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

const EITHER_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, EITHER_PADDING);

/// The JSON text of the `claims` that an `insufficient_claims` challenge asks for, among several
/// challenges in any order.
pub(super) fn claims(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .filter(|value| parameter(value, "error").is_some_and(|e| e == "insufficient_claims"))
        .find_map(|value| decode(parameter(value, "claims")?))
}

/// base64 in either alphabet, padded or not, wrapped or not.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let plain: String = text
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            c => c,
        })
        .collect();
    URL_SAFE.decode(plain).ok()
}

/// `name="value"` or `name=value`; the name must not be the tail of a longer one.
fn parameter<'a>(challenge: &'a str, name: &str) -> Option<&'a str> {
    let mut from = 0;
    loop {
        let at = from + challenge.get(from..)?.find(name)?;
        from = at + name.len();
        let before = challenge.get(..at)?.chars().next_back();
        let Some(value) = challenge.get(from..)?.trim_start().strip_prefix('=') else {
            continue;
        };
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-') {
            continue;
        }
        let value = value.trim_start();
        return match value.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next(),
            None => value.split([',', ' ']).next(),
        };
    }
}

fn decode(text: &str) -> Option<String> {
    let json = String::from_utf8(base64(text)?).ok()?;
    serde_json::from_str::<serde_json::Value>(&json)
        .ok()?
        .is_object()
        .then_some(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn the_claims_are_found_among_other_challenges() {
        let json = r#"{"access_token":{"nbf":{"essential":true,"value":"1600000000"}}}"#;
        let engine = base64::engine::general_purpose::STANDARD_NO_PAD;
        let value = format!(
            "Bearer realm=\"\", authorization_uri=\"https://login.example.com/a\", claims=\"{}\", error=\"insufficient_claims\"",
            engine.encode(json)
        );
        let got = claims(&headers(&["Negotiate", "Bearer realm=\"x\"", &value]));
        assert_eq!(got.as_deref(), Some(json));
    }

    #[test]
    fn other_challenges_ask_for_nothing() {
        for value in [
            "Bearer realm=\"\"",
            "Bearer error=\"invalid_token\", claims=\"e30\"",
            "Bearer error=\"insufficient_claims\"",
            "Bearer error=\"insufficient_claims\", claims=\"%%\"",
            "Bearer x_error=\"insufficient_claims\", claims=\"e30\"",
        ] {
            assert_eq!(claims(&headers(&[value])), None, "{value}");
        }
    }

    #[test]
    fn base64_in_any_dress() {
        let octets: Vec<u8> = (0..=255).collect();
        for engine in [
            &base64::engine::general_purpose::STANDARD,
            &base64::engine::general_purpose::URL_SAFE,
        ] {
            let text = engine.encode(&octets);
            let wrapped = format!("{}\r\n{}", &text[..76], &text[76..]);
            for text in [text.as_str(), text.trim_end_matches('='), &wrapped] {
                assert_eq!(super::base64(text).as_ref(), Some(&octets));
            }
        }
        assert_eq!(super::base64("From: a\r\n"), None);
    }
}
