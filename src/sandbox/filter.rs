//! `$filter`: the part of OData's expressions that mail clients use (dossier 03 section 2).

use super::{
    extended,
    http::{Outcome, bad_request, error},
};
use serde_json::Value;

/// Parts of an expression: more are refused, since an expression is walked by recursion.
const MOST_TOKENS: usize = 1000;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    /// Path, operator, literal.
    Compare(String, Op, Value),
    /// `contains`, `startswith` or `endswith`.
    Text(String, String, String),
    /// `categories/any(c: c eq 'x')`.
    Any(String, Value),
    /// An extended property's normalized id and what its value must be.
    Extended(String, Test),
}

/// Of an extended property, whose value is a text: numbers and Booleans are compared as what they are.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Compare(Op, Value),
    Text(String, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

/// Where an expression looks values up: a property path such as `from/emailAddress/address`, or an
/// extended property.
pub(super) trait Lookup {
    fn path(&self, path: &str) -> Option<Value>;
    fn extended(&self, id: &str) -> Option<String>;
}

pub(super) fn parse(text: &str) -> Outcome<Expr> {
    let tokens = tokens(text)?;
    if tokens.len() > MOST_TOKENS {
        return Err(too_complex());
    }
    let mut parser = Parser { tokens, at: 0 };
    let expr = parser.or()?;
    match parser.peek() {
        None => Ok(expr),
        Some(_) => Err(invalid()),
    }
}

pub(super) fn too_complex() -> Box<super::http::Answer> {
    error(
        400,
        "ErrorRestrictionTooComplex",
        "The restriction or sort order is too complex for this operation., Cannot query rows in a table.",
    )
}

fn invalid() -> Box<super::http::Answer> {
    bad_request("Invalid filter clause: the expression could not be understood.")
}

impl Expr {
    pub(super) fn holds(&self, of: &dyn Lookup) -> bool {
        match self {
            Self::And(a, b) => a.holds(of) && b.holds(of),
            Self::Or(a, b) => a.holds(of) || b.holds(of),
            Self::Not(a) => !a.holds(of),
            Self::Compare(path, op, literal) => {
                compare(&of.path(path).unwrap_or(Value::Null), *op, literal)
            }
            Self::Text(how, path, part) => {
                let value = of.path(path);
                text_holds(
                    value.as_ref().and_then(Value::as_str).unwrap_or(""),
                    how,
                    part,
                )
            }
            Self::Any(path, literal) => {
                let list = of.path(path);
                list.as_ref()
                    .and_then(Value::as_array)
                    .is_some_and(|l| l.contains(literal))
            }
            Self::Extended(id, test) => of.extended(id).is_some_and(|v| test.holds(&v)),
        }
    }

    /// Properties in the order in which the text names them.
    pub(super) fn properties<'a>(&'a self, out: &mut Vec<&'a str>) {
        match self {
            Self::And(a, b) | Self::Or(a, b) => {
                a.properties(out);
                b.properties(out);
            }
            Self::Not(a) => a.properties(out),
            Self::Compare(path, ..) | Self::Text(_, path, _) | Self::Any(path, _) => out.push(path),
            Self::Extended(..) => out.push("singleValueExtendedProperties"),
        }
    }
}

impl Test {
    fn holds(&self, value: &str) -> bool {
        match self {
            Self::Text(how, part) => text_holds(value, how, part),
            Self::Compare(op, literal) => {
                let typed = match literal {
                    Value::Number(_) => value.parse::<i64>().map_or(Value::Null, Value::from),
                    Value::Bool(_) => value.parse::<bool>().map_or(Value::Null, Value::from),
                    _ => Value::from(value),
                };
                compare(&typed, *op, literal)
            }
        }
    }
}

fn text_holds(value: &str, how: &str, part: &str) -> bool {
    let (value, part) = (value.to_lowercase(), part.to_lowercase());
    match how {
        "startswith" => value.starts_with(&part),
        "endswith" => value.ends_with(&part),
        _ => value.contains(&part),
    }
}

fn compare(value: &Value, op: Op, literal: &Value) -> bool {
    use std::cmp::Ordering;
    let ordering = match (value, literal) {
        (Value::String(a), Value::String(b)) => {
            let b = b.strip_prefix('\0').unwrap_or(b);
            a.to_lowercase().cmp(&b.to_lowercase())
        }
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => a
            .as_f64()
            .partial_cmp(&b.as_f64())
            .unwrap_or(Ordering::Equal),
        (Value::Null, Value::Null) => Ordering::Equal,
        _ => return op == Op::Ne,
    };
    match op {
        Op::Eq => ordering.is_eq(),
        Op::Ne => ordering.is_ne(),
        Op::Gt => ordering.is_gt(),
        Op::Ge => ordering.is_ge(),
        Op::Lt => ordering.is_lt(),
        Op::Le => ordering.is_le(),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Mark(char),
}

fn tokens(text: &str) -> Outcome<Vec<Token>> {
    let mut out = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ' ' => {}
            '(' | ')' | ',' => out.push(Token::Mark(c)),
            '\'' => {
                let mut value = String::new();
                loop {
                    match chars.next() {
                        Some('\'') if chars.peek() == Some(&'\'') => {
                            chars.next();
                            value.push('\'');
                        }
                        Some('\'') => break,
                        Some(c) => value.push(c),
                        None => return Err(invalid()),
                    }
                }
                out.push(Token::Text(value));
            }
            _ => {
                let mut word = c.to_string();
                while let Some(c) = chars.next_if(|c| !" (),'".contains(*c)) {
                    word.push(c);
                }
                out.push(Token::Word(word));
            }
        }
    }
    Ok(out)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Outcome<Token> {
        let token = self.tokens.get(self.at).cloned().ok_or_else(invalid)?;
        self.at += 1;
        Ok(token)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(w)) if w.eq_ignore_ascii_case(word))
    }

    fn mark(&mut self, mark: char) -> Outcome<()> {
        (self.next()? == Token::Mark(mark))
            .then_some(())
            .ok_or_else(invalid)
    }

    fn word(&mut self) -> Outcome<String> {
        match self.next()? {
            Token::Word(word) => Ok(word),
            _ => Err(invalid()),
        }
    }

    fn text(&mut self) -> Outcome<String> {
        match self.next()? {
            Token::Text(text) => Ok(text),
            _ => Err(invalid()),
        }
    }

    fn or(&mut self) -> Outcome<Expr> {
        let mut left = self.and()?;
        while self.is_word("or") {
            self.at += 1;
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Outcome<Expr> {
        let mut left = self.unary()?;
        while self.is_word("and") {
            self.at += 1;
            left = Expr::And(Box::new(left), Box::new(self.unary()?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Outcome<Expr> {
        if self.is_word("not") {
            self.at += 1;
            return Ok(Expr::Not(Box::new(self.unary()?)));
        }
        if self.peek() == Some(&Token::Mark('(')) {
            self.at += 1;
            let inner = self.or()?;
            self.mark(')')?;
            return Ok(inner);
        }
        let word = self.word()?;
        let lower = word.to_ascii_lowercase();
        if lower == "cast" {
            // `cast(ep/value, Edm.Int32)`: the literal's own type says the same.
            self.mark('(')?;
            let path = self.word()?;
            self.mark(',')?;
            self.word()?;
            self.mark(')')?;
            let op = self.op()?;
            return Ok(Expr::Compare(path, op, self.literal()?));
        }
        if matches!(lower.as_str(), "contains" | "startswith" | "endswith") {
            self.mark('(')?;
            let path = self.word()?;
            self.mark(',')?;
            let part = self.text()?;
            self.mark(')')?;
            return Ok(Expr::Text(lower, path, part));
        }
        match word.strip_suffix("/any") {
            Some(path) => self.any(path),
            None => {
                let op = self.op()?;
                let literal = self.literal()?;
                Ok(Expr::Compare(word, op, literal))
            }
        }
    }

    fn op(&mut self) -> Outcome<Op> {
        match self.word()?.to_ascii_lowercase().as_str() {
            "eq" => Ok(Op::Eq),
            "ne" => Ok(Op::Ne),
            "gt" => Ok(Op::Gt),
            "ge" => Ok(Op::Ge),
            "lt" => Ok(Op::Lt),
            "le" => Ok(Op::Le),
            _ => Err(invalid()),
        }
    }

    fn literal(&mut self) -> Outcome<Value> {
        Ok(match self.next()? {
            Token::Text(text) => Value::String(text),
            Token::Word(word) => match word.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                number if number.parse::<i64>().is_ok() => {
                    number.parse::<i64>().map_or(Value::Null, Value::from)
                }
                // Dates stand without quotes, and are told from texts by this mark.
                other => Value::String(format!("\0{other}")),
            },
            Token::Mark(_) => return Err(invalid()),
        })
    }

    /// `any(c: c eq 'x')`, or `any(ep: ep/id eq '…' and ep/value eq '…')`.
    fn any(&mut self, path: &str) -> Outcome<Expr> {
        self.mark('(')?;
        // `a:a eq 'x'` and `a: a eq 'x'` are both written.
        let variable = self.word()?;
        match variable.split_once(':') {
            Some((_, "")) => {}
            Some((_, rest)) => {
                self.at -= 1;
                if let Some(token) = self.tokens.get_mut(self.at) {
                    *token = Token::Word(rest.to_owned());
                }
            }
            None => return Err(invalid()),
        }
        let inner = self.or()?;
        self.mark(')')?;
        match inner {
            Expr::Compare(_, Op::Eq, literal) if path != "singleValueExtendedProperties" => {
                Ok(Expr::Any(path.to_owned(), literal))
            }
            Expr::And(a, b) => match (*a, *b) {
                (Expr::Compare(at, Op::Eq, Value::String(id)), value) if at.ends_with("/id") => {
                    let id = extended::normalize(&id).ok_or_else(invalid)?;
                    let test = match value {
                        Expr::Compare(at, op, literal) if at.ends_with("/value") => {
                            Test::Compare(op, literal)
                        }
                        Expr::Text(how, at, part) if at.ends_with("/value") => {
                            Test::Text(how, part)
                        }
                        _ => return Err(invalid()),
                    };
                    Ok(Expr::Extended(id, test))
                }
                _ => Err(invalid()),
            },
            _ => Err(invalid()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    struct Fixed(Value);
    impl Lookup for Fixed {
        fn path(&self, path: &str) -> Option<Value> {
            self.0.pointer(&format!("/{path}")).cloned()
        }
        fn extended(&self, id: &str) -> Option<String> {
            (id == "Integer 0x1081").then(|| "102".into())
        }
    }

    #[test]
    fn expressions_hold_where_they_should() {
        let of = Fixed(json!({
            "isRead": false, "subject": "It's late", "receivedDateTime": "2025-01-02T00:00:00Z",
            "from": {"emailAddress": {"address": "a@example.com"}}, "categories": ["x"],
        }));
        for (text, holds) in [
            ("(isRead eq false AND subject eq 'it''s late')", true),
            (
                "receivedDateTime ge 2025-01-01T00:00:00Z and receivedDateTime lt 2025-01-02T00:00:00Z",
                false,
            ),
            ("from/emailAddress/address eq 'A@example.com'", true),
            ("contains(subject,'LATE') or isRead eq true", true),
            ("not startswith(subject, 'It')", false),
            ("categories/any(a:a eq 'x')", true),
            (
                "singleValueExtendedProperties/any(ep: ep/id eq 'Integer 0x1081' and ep/value eq '102')",
                true,
            ),
            (
                "singleValueExtendedProperties/any(ep:ep/id eq 'Integer 0x1081' and cast(ep/value, Edm.Int32) ge 103)",
                false,
            ),
            (
                "singleValueExtendedProperties/any(ep: ep/id eq 'Integer 0x1081' and contains(ep/value,'02'))",
                true,
            ),
        ] {
            assert_eq!(parse(text).unwrap().holds(&of), holds, "{text}");
        }
        for text in [
            "isRead",
            "isRead eq",
            "(isRead eq true",
            "a b c",
            "",
            "subject eq 'x",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
