//! Parameters of Content-Type and Content-Disposition (RFC 2045 section 5.1), continued and extended ones
//! joined (RFC 2231), told as BODYSTRUCTURE shows them: an extended value stays encoded under `name*`.

use super::lex::Lexer;

/// Lower-cased name, value in raw octets.
pub type Param = (String, Vec<u8>);

/// Of one field; the longest file name that RFC 2231 cuts into pieces needs a tenth of it.
const MAX_PARAMS: usize = 200;

/// Reads `; name=value` to the end; what cannot be read is skipped up to the next semicolon.
pub(crate) fn params(lexer: &mut Lexer) -> Vec<Param> {
    let (mut plain, mut pieces) = (Vec::new(), Vec::new());
    while lexer.peek().is_some() && plain.len() + pieces.len() < MAX_PARAMS {
        lexer.run(|b| b != b';');
        lexer.bump();
        let Some((name, value)) = param(lexer) else {
            continue;
        };
        match Piece::of(&name, value) {
            Ok(piece) => pieces.push(piece),
            Err(value) => plain.push((name, value)),
        }
    }
    join(pieces, &mut plain);
    plain
}

/// The value of a parameter, its RFC 2231 form decoded to octets.
pub(crate) fn value_of(params: &[Param], name: &str) -> Option<Vec<u8>> {
    if let Some((_, value)) = params.iter().find(|(n, _)| n == name) {
        return Some(value.clone());
    }
    let extended = |n: &String| n.strip_suffix('*') == Some(name);
    let (_, value) = params.iter().find(|(n, _)| extended(n))?;
    // charset'language'value
    Some(percent_decoded(value.splitn(3, |b| *b == b'\'').last()?))
}

fn param(lexer: &mut Lexer) -> Option<Param> {
    lexer.skip_cfws();
    let name = lexer.token().to_ascii_lowercase();
    let name = String::from_utf8(name).ok().filter(|n| !n.is_empty())?;
    if !lexer.eat(b'=') {
        return None;
    }
    lexer.skip_cfws();
    let value = match lexer.quoted_string() {
        Some(value) => value,
        None => bare_value(lexer)?,
    };
    Some((name, value))
}

/// Should be a token, but file names with spaces and boundaries with `=` come unquoted: to the semicolon,
/// the comment or the end of the line.
fn bare_value(lexer: &mut Lexer) -> Option<Vec<u8>> {
    let value = lexer.run(|b| !matches!(b, b';' | b'(' | b'\r' | b'\n'));
    lexer.skip_cfws();
    Some(value.trim_ascii_end().to_vec()).filter(|v| !v.is_empty())
}

/// One `name*0`, `name*0*` or `name*`.
struct Piece {
    name: String,
    index: usize,
    extended: bool,
    value: Vec<u8>,
}

impl Piece {
    /// The value comes back when the name is a plain one.
    fn of(name: &str, value: Vec<u8>) -> Result<Self, Vec<u8>> {
        let Some((base, tail)) = name.split_once('*') else {
            return Err(value);
        };
        let digits = tail.strip_suffix('*').unwrap_or(tail);
        let index = match digits {
            "" => Some(0),
            _ => digits.parse().ok(),
        };
        match index {
            Some(index) if !base.is_empty() => Ok(Self {
                name: base.to_owned(),
                index,
                extended: tail.is_empty() || tail.ends_with('*'),
                value,
            }),
            _ => Err(value),
        }
    }
}

/// Joins the pieces of each name in the order of their numbers (RFC 2231 section 3).
fn join(mut pieces: Vec<Piece>, out: &mut Vec<Param>) {
    pieces.sort_by(|a, b| (&a.name, a.index).cmp(&(&b.name, b.index)));
    for group in pieces.chunk_by(|a, b| a.name == b.name) {
        let Some(first) = group.first() else { continue };
        let gapless = group.iter().enumerate().all(|(at, p)| p.index == at);
        if !gapless {
            out.extend(group.iter().map(|p| (p.shown_name(), p.value.clone())));
            continue;
        }
        let extended = group.iter().any(|p| p.extended);
        let mark = if extended { "*" } else { "" };
        let mut value = Vec::new();
        for piece in group {
            match extended && !piece.extended {
                true => percent_encode(&piece.value, &mut value),
                false => value.extend_from_slice(&piece.value),
            }
        }
        out.push((format!("{}{mark}", first.name), value));
    }
}

impl Piece {
    fn shown_name(&self) -> String {
        let mark = if self.extended { "*" } else { "" };
        format!("{}*{}{mark}", self.name, self.index)
    }
}

/// A plain piece among extended ones gets their form (RFC 2231 section 4.1).
fn percent_encode(plain: &[u8], out: &mut Vec<u8>) {
    for octet in plain {
        match octet {
            b'%' | b'\'' | b'*' | ..=b' ' | 0x7F.. => {
                out.extend_from_slice(format!("%{octet:02x}").as_bytes());
            }
            _ => out.push(*octet),
        }
    }
}

fn percent_decoded(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((first, tail)) = rest.split_first() {
        match (first, tail) {
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    out.push(high << 4 | low);
                    rest = after;
                }
                _ => {
                    out.push(b'%');
                    rest = tail;
                }
            },
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

pub(crate) fn hex(digit: u8) -> Option<u8> {
    u8::try_from(char::from(digit).to_digit(16)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(value: &str) -> Vec<(String, String)> {
        let text = |v: Vec<u8>| String::from_utf8(v).unwrap();
        let found = params(&mut Lexer::new(value.as_bytes()));
        found.into_iter().map(|(n, v)| (n, text(v))).collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn rfc_2045_section_5_1() {
        let want = [
            pair("charset", "us-ascii"),
            pair("x", "a;b \"c\""),
            pair("y", ""),
        ];
        assert_eq!(
            told("; Charset=us-ascii (plain) ;\r\n\tx=\"a;b \\\"c\\\"\"; y=\"\""),
            want
        );
    }

    #[test]
    fn common_mistakes_lose_no_parameter_after_them() {
        let want = [
            pair("name", "a b.pdf"),
            pair("boundary", "----=_x"),
            pair("z", "1"),
        ];
        assert_eq!(
            told(";; name=a b.pdf; junk; =x; e=; boundary=----=_x\r\n;z= 1"),
            want
        );
    }

    #[test]
    fn rfc_2231_pieces_are_joined_and_stay_encoded() {
        assert_eq!(told(";a*1=two;a*0=one"), [pair("a", "onetwo")]);
        assert_eq!(
            told(";a*0*=utf-8''%C3%A4;a*1=\"b c\""),
            [pair("a*", "utf-8''%C3%A4b%20c")]
        );
        assert_eq!(
            told(";a*=utf-8'de'x;a=y"),
            [pair("a", "y"), pair("a*", "utf-8'de'x")]
        );
        assert_eq!(told(";a*1=x;a*3*=y"), [pair("a*1", "x"), pair("a*3*", "y")]);
    }

    #[test]
    fn values_decode() {
        let list = params(&mut Lexer::new(b";a*0*=utf-8''%C3%A4%;a*1=b;c=%20"));
        assert_eq!(value_of(&list, "a").unwrap(), "ä%b".as_bytes());
        assert_eq!(value_of(&list, "c").unwrap(), b"%20");
        assert_eq!(value_of(&list, "d"), None);
    }
}
