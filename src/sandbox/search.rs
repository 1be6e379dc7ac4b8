//! `$search`: the part of KQL that mail search takes (dossier 03 section 2).
//!
//! Without a property a word is looked for in sender, subject and body. Words between spaces must all
//! hold; OR binds weaker than AND; the operators are written in capitals. A search finds words and
//! their beginnings, not any part of a text, and a thousand messages at most, newest first.

use super::{
    http::{Answer, Outcome, bad_request},
    mailbox::Item,
    mimeview::{Person, Props},
    world::timestamp,
};

/// Results of one search.
pub(super) const MOST: usize = 1000;
/// Terms: a search is walked by recursion.
const MOST_TERMS: usize = 200;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Query {
    And(Vec<Query>),
    Or(Vec<Query>),
    Not(Box<Query>),
    /// Property in small letters (empty for none), value in small letters.
    Term(String, Value),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Word(String),
    Phrase(String),
    Compare(String, String),
    Range(String, String),
}

const PROPERTIES: &[&str] = &[
    "attachment",
    "bcc",
    "body",
    "cc",
    "from",
    "hasattachment",
    "hasattachments",
    "importance",
    "kind",
    "participants",
    "received",
    "recipients",
    "sent",
    "size",
    "subject",
    "to",
];

/// Takes the option's value: it must stand in double quotes, and inner ones behind a backslash.
pub(super) fn parse(text: &str) -> Outcome<Query> {
    let inner = text
        .trim()
        .strip_prefix('"')
        .and_then(|t| t.strip_suffix('"'))
        .ok_or_else(|| invalid(text))?;
    let mut plain = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => plain.push(chars.next().ok_or_else(|| invalid(text))?),
            '"' => return Err(invalid(text)),
            c => plain.push(c),
        }
    }
    let tokens = tokens(&plain).ok_or_else(|| invalid(text))?;
    if tokens.is_empty() || tokens.len() > MOST_TERMS {
        return Err(invalid(text));
    }
    let mut parser = Parser { tokens, at: 0 };
    let query = parser.or().ok_or_else(|| invalid(text))?;
    match parser.at == parser.tokens.len() {
        true => Ok(query),
        false => Err(invalid(text)),
    }
}

fn invalid(text: &str) -> Box<Answer> {
    bad_request(&format!(
        "Syntax error: the value of $search is not valid: {text}"
    ))
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Not,
    Term(String, Value),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == '(' || first == ')' {
            out.push(if first == '(' {
                Token::Open
            } else {
                Token::Close
            });
            rest = rest.get(1..)?.trim_start();
            continue;
        }
        let (token, behind) = term(rest)?;
        out.push(token);
        rest = behind.trim_start();
    }
    Some(out)
}

/// One word, phrase, or property with its value.
fn term(text: &str) -> Option<(Token, &str)> {
    if let Some((phrase, rest)) = quoted(text) {
        return Some((Token::Term(String::new(), Value::Phrase(phrase?)), rest));
    }
    let end = text
        .find(|c: char| c.is_whitespace() || "():<>=\"".contains(c))
        .unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let operator = [":", ">=", "<=", "<>", ">", "<", "="]
        .into_iter()
        .find(|o| rest.starts_with(o));
    let Some(operator) = operator else {
        let token = match word {
            "AND" => Token::And,
            "OR" => Token::Or,
            "NOT" => Token::Not,
            // `+word` must be there, `-word` must not: the first is what happens anyway.
            _ if word.is_empty() => return None,
            _ => Token::Term(
                String::new(),
                Value::Word(word.trim_start_matches('+').to_lowercase()),
            ),
        };
        return Some((token, rest));
    };
    let property = word.to_ascii_lowercase();
    if !PROPERTIES.contains(&property.as_str()) {
        return None;
    }
    let rest = rest.get(operator.len()..)?;
    // `size:>100` and `size>100` are the same.
    let inner = [">=", "<=", ">", "<", "="]
        .into_iter()
        .find(|o| rest.starts_with(o));
    let (operator, rest) = match inner {
        Some(inner) if operator == ":" => (inner, rest.get(inner.len()..)?),
        _ => (operator, rest),
    };
    let (value, phrase, rest) = match quoted(rest) {
        Some((phrase, rest)) => (phrase?, true, rest),
        None => {
            let end = rest
                .find(|c: char| c.is_whitespace() || "()".contains(c))
                .unwrap_or(rest.len());
            let (value, rest) = rest.split_at(end);
            (value.to_lowercase(), false, rest)
        }
    };
    if value.is_empty() {
        return None;
    }
    let value = match value.split_once("..") {
        Some((from, to)) if !phrase => Value::Range(from.to_owned(), to.to_owned()),
        _ if operator != ":" => Value::Compare(operator.to_owned(), value),
        _ if phrase => Value::Phrase(value),
        _ => Value::Word(value),
    };
    Some((Token::Term(property, value), rest))
}

/// A phrase at the beginning: `None` for none, and inside for one that does not end.
fn quoted(text: &str) -> Option<(Option<String>, &str)> {
    let inner = text.strip_prefix('"')?;
    Some(match inner.split_once('"') {
        Some((phrase, rest)) => (Some(phrase.to_lowercase()), rest),
        None => (None, ""),
    })
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn take(&mut self, token: &Token) -> bool {
        let there = self.tokens.get(self.at) == Some(token);
        self.at += usize::from(there);
        there
    }

    fn or(&mut self) -> Option<Query> {
        let mut all = vec![self.and()?];
        while self.take(&Token::Or) {
            all.push(self.and()?);
        }
        Some(match all.len() {
            1 => all.pop()?,
            _ => Query::Or(all),
        })
    }

    fn and(&mut self) -> Option<Query> {
        let mut all = vec![self.not()?];
        loop {
            let joined = self.take(&Token::And);
            match self.tokens.get(self.at) {
                None | Some(Token::Or | Token::Close | Token::And) if !joined => break,
                _ => all.push(self.not()?),
            }
        }
        Some(match all.len() {
            1 => all.pop()?,
            _ => Query::And(all),
        })
    }

    fn not(&mut self) -> Option<Query> {
        if self.take(&Token::Not) {
            return Some(Query::Not(Box::new(self.not()?)));
        }
        if self.take(&Token::Open) {
            let inner = self.or()?;
            return self.take(&Token::Close).then_some(inner);
        }
        let Some(Token::Term(property, value)) = self.tokens.get(self.at).cloned() else {
            return None;
        };
        self.at += 1;
        Some(Query::Term(property, value))
    }
}

impl Query {
    pub(super) fn holds(&self, item: &Item) -> bool {
        match self {
            Self::And(all) => all.iter().all(|q| q.holds(item)),
            Self::Or(all) => all.iter().any(|q| q.holds(item)),
            Self::Not(inner) => !inner.holds(item),
            Self::Term(property, value) => term_holds(item, property, value),
        }
    }
}

fn term_holds(item: &Item, property: &str, value: &Value) -> bool {
    let props = item.content.props();
    let texts: Vec<String> = match property {
        "" => vec![from(props), props.subject.clone(), plain(props)],
        "subject" => vec![props.subject.clone()],
        "body" => vec![plain(props)],
        "from" => vec![from(props)],
        "to" => people(&props.to),
        "cc" => people(&props.cc),
        "bcc" => people(&props.bcc),
        "recipients" => [&props.to, &props.cc, &props.bcc]
            .map(|l| people(l))
            .concat(),
        "participants" => {
            let mut all = [&props.to, &props.cc, &props.bcc]
                .map(|l| people(l))
                .concat();
            all.push(from(props));
            all
        }
        "attachment" => props.attachments.iter().map(|a| a.name.clone()).collect(),
        "importance" => vec![
            item.importance
                .as_deref()
                .unwrap_or(props.importance)
                .to_owned(),
        ],
        "kind" => vec![kind(props).to_owned()],
        "hasattachment" | "hasattachments" => {
            let has = props.attachments.iter().any(|a| !a.inline);
            return match value {
                Value::Word(v) | Value::Phrase(v) => {
                    ["true", "yes", "1"].contains(&v.as_str()) == has
                }
                _ => false,
            };
        }
        "size" => return number_holds(item.content.mime().len() as u64, value),
        "received" => return date_holds(item.received, value),
        "sent" => {
            return date_holds(item.sent.or(props.sent).unwrap_or(item.received), value);
        }
        _ => return false,
    };
    match value {
        Value::Word(word) => texts.iter().any(|t| has_word(&t.to_lowercase(), word)),
        Value::Phrase(phrase) | Value::Compare(_, phrase) => {
            texts.iter().any(|t| has_word(&t.to_lowercase(), phrase))
        }
        Value::Range(..) => false,
    }
}

fn plain(props: &Props) -> String {
    if props.html {
        super::mimeview::text_of(&props.body)
    } else {
        props.body.clone()
    }
}

fn from(props: &Props) -> String {
    props.from.as_ref().map(one).unwrap_or_default()
}

fn one(person: &Person) -> String {
    format!("{} {}", person.name, person.address)
}

fn people(list: &[Person]) -> Vec<String> {
    list.iter().map(one).collect()
}

fn kind(props: &Props) -> &'static str {
    if props.class.starts_with("IPM.Schedule") {
        "meetings"
    } else {
        "email"
    }
}

/// Whether `wanted` (a word, or words in this order) begins at a word's beginning. A `*` at its end is
/// what the index does anyway.
fn has_word(text: &str, wanted: &str) -> bool {
    let wanted = wanted.trim_end_matches('*');
    !wanted.is_empty()
        && text.match_indices(wanted).any(|(at, _)| {
            let before = text.get(..at).and_then(|t| t.chars().next_back());
            before.is_none_or(|c| !c.is_alphanumeric())
        })
}

fn number_holds(have: u64, value: &Value) -> bool {
    let parse = |t: &str| t.parse::<u64>().ok();
    match value {
        Value::Word(v) | Value::Phrase(v) => parse(v) == Some(have),
        Value::Range(a, b) => parse(a)
            .zip(parse(b))
            .is_some_and(|(a, b)| (a..=b).contains(&have)),
        Value::Compare(op, v) => parse(v).is_some_and(|v| compared(op, have.cmp(&v))),
    }
}

fn compared(op: &str, found: std::cmp::Ordering) -> bool {
    match op {
        ">" => found.is_gt(),
        "<" => found.is_lt(),
        ">=" => found.is_ge(),
        "<=" => found.is_le(),
        "<>" => found.is_ne(),
        _ => found.is_eq(),
    }
}

/// Days: `2025-01-14`, or the American `01/14/2025`.
fn date_holds(unix: i64, value: &Value) -> bool {
    let have = timestamp(unix).get(..10).unwrap_or("").to_owned();
    let day = |text: &str| {
        let forms = ["%Y-%m-%d", "%m/%d/%Y"];
        let text = text
            .get(..10)
            .filter(|_| text.contains('t'))
            .unwrap_or(text);
        forms
            .iter()
            .find_map(|f| chrono::NaiveDate::parse_from_str(text, f).ok())
            .map(|d| d.format("%Y-%m-%d").to_string())
    };
    match value {
        Value::Word(v) | Value::Phrase(v) => day(v).is_some_and(|d| d == have),
        Value::Range(a, b) => day(a)
            .zip(day(b))
            .is_some_and(|(a, b)| (a..=b).contains(&have)),
        Value::Compare(op, v) => day(v).is_some_and(|d| compared(op, have.cmp(&d))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::mimeview::Content;
    use std::sync::Arc;

    #[test]
    fn a_search_finds_words_properties_and_their_combinations() {
        let mime = "From: Ben Muster <ben@example.com>\r\nTo: anna@example.com\r\nCc: Carl <carl@example.org>\r\n\
                    Subject: Quarterly report\r\nImportance: high\r\nMIME-Version: 1.0\r\n\
                    Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nThe numbers are fine.\r\n\
                    --b\r\nContent-Type: application/pdf; name=\"figures.pdf\"\r\nContent-Disposition: attachment; filename=\"figures.pdf\"\r\n\r\nx\r\n--b--\r\n";
        let item = Item::new(
            Arc::new(Content::new(mime.as_bytes().to_vec())),
            1_736_870_000,
        );
        for (search, holds) in [
            ("report", true),
            ("REPORT numbers", true),
            ("port", false),
            ("quarter*", true),
            ("subject:quarterly", true),
            ("subject:numbers", false),
            ("body:numbers", true),
            ("from:ben", true),
            ("from:anna", false),
            ("to:anna@example.com", true),
            ("cc:carl", true),
            ("bcc:carl", false),
            ("participants:carl AND participants:ben", true),
            ("attachment:figures", true),
            ("hasAttachments:true", true),
            ("hasattachment:false", false),
            ("importance:high", true),
            ("kind:email", true),
            ("received:2025-01-14", true),
            ("received>=2025-01-15", false),
            ("received:01/01/2025..01/31/2025", true),
            ("sent<2025-01-14", false),
            ("size>100", true),
            ("size:1..10", false),
            ("\\\"are fine\\\"", true),
            ("\\\"fine are\\\"", false),
            ("subject:\\\"quarterly report\\\"", true),
            ("nothing OR report", true),
            ("report AND nothing", false),
            ("report NOT nothing", true),
            ("report AND NOT numbers", false),
            ("(nothing OR report) AND from:ben", true),
        ] {
            let query = parse(&format!("\"{search}\"")).unwrap_or_else(|_| panic!("{search}"));
            assert_eq!(query.holds(&item), holds, "{search}");
        }
        for wrong in [
            "report",
            "\"report",
            "\"\"",
            "\"a AND\"",
            "\"OR a\"",
            "\"(a\"",
            "\"a)\"",
            "\"colour:red\"",
            "\"from:\"",
            "\"a \" b\"",
            "\"\\\"",
            "\"\\\"open\"",
            "\"NOT\"",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
