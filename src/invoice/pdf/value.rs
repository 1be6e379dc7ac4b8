//! PDF's objects (ISO 32000-1, section 7.3).

/// Nesting of arrays and dictionaries.
const MAX_DEPTH: usize = 32;
/// Values in one object.
const MAX_VALUES: usize = 200_000;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// null, true, false, and numbers with a fraction: nobody asks for them here.
    Other,
    Integer(i64),
    Name(String),
    String(Vec<u8>),
    Array(Vec<Value>),
    Dictionary(Vec<(String, Value)>),
    Reference(u32),
    /// Its dictionary, and where its octets begin in the file.
    Stream(Vec<(String, Value)>, usize),
}

impl Value {
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Value::Dictionary(entries) | Value::Stream(entries, _) => {
                entries.iter().find(|e| e.0 == key).map(|e| &e.1)
            }
            _ => None,
        }
    }

    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Value::Name(name) => Some(name),
            _ => None,
        }
    }

    /// A text string: UTF-16 with its mark, UTF-8 with its mark, or PDFDocEncoding, which is Latin-1 where names of files are concerned.
    pub(super) fn text(&self) -> Option<String> {
        let Value::String(octets) = self else {
            return None;
        };
        Some(match octets.as_slice() {
            [0xFE, 0xFF, rest @ ..] => {
                let units = rest
                    .chunks_exact(2)
                    .map(|p| p.iter().fold(0, |u, b| u << 8 | u16::from(*b)));
                char::decode_utf16(units)
                    .map(|c| c.unwrap_or('\u{FFFD}'))
                    .collect()
            }
            [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
            latin => latin.iter().map(|b| char::from(*b)).collect(),
        })
    }
}

/// Reads values out of octets.
pub(super) struct Lexer<'o> {
    pub(super) octets: &'o [u8],
    pub(super) at: usize,
    budget: usize,
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | 9 | 10 | 12 | 13 | 32)
}

fn is_delimiter(byte: u8) -> bool {
    b"()<>[]{}/%".contains(&byte)
}

impl<'o> Lexer<'o> {
    pub(super) fn new(octets: &'o [u8], at: usize) -> Self {
        Lexer {
            octets,
            at,
            budget: MAX_VALUES,
        }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.octets.get(self.at).copied()
    }

    pub(super) fn rest(&self) -> &'o [u8] {
        self.octets.get(self.at..).unwrap_or(&[])
    }

    pub(super) fn space(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'%' {
                while self.peek().is_some_and(|b| b != b'\n' && b != b'\r') {
                    self.at += 1;
                }
            } else if !is_space(byte) {
                return;
            } else {
                self.at += 1;
            }
        }
    }

    pub(super) fn word(&mut self) -> &'o [u8] {
        let start = self.at;
        while self
            .peek()
            .is_some_and(|b| !is_space(b) && !is_delimiter(b))
        {
            self.at += 1;
        }
        self.octets.get(start..self.at).unwrap_or(&[])
    }

    pub(super) fn value(&mut self) -> Option<Value> {
        self.nested(0)
    }

    fn nested(&mut self, depth: usize) -> Option<Value> {
        self.budget = self.budget.checked_sub(1)?;
        if depth > MAX_DEPTH {
            return None;
        }
        self.space();
        match self.peek()? {
            b'/' => {
                self.at += 1;
                Some(Value::Name(unescaped(self.word())))
            }
            b'(' => self.literal(),
            b'<' if self.rest().starts_with(b"<<") => {
                self.at += 2;
                self.dictionary(depth)
            }
            b'<' => self.hexadecimal(),
            b'[' => {
                self.at += 1;
                let mut items = Vec::new();
                loop {
                    self.space();
                    if self.peek()? == b']' {
                        self.at += 1;
                        return Some(Value::Array(items));
                    }
                    items.push(self.nested(depth + 1)?);
                }
            }
            b'0'..=b'9' | b'+' | b'-' | b'.' => Some(self.number()),
            b'a'..=b'z' => {
                let word = self.word();
                matches!(word, b"null" | b"true" | b"false").then_some(Value::Other)
            }
            _ => None,
        }
    }

    fn number(&mut self) -> Value {
        let word = self.word();
        let Some(first) = std::str::from_utf8(word)
            .ok()
            .and_then(|w| w.parse::<i64>().ok())
        else {
            return Value::Other;
        };
        // "12 0 R" is a reference.
        let here = self.at;
        if let Ok(object) = u32::try_from(first) {
            self.space();
            let generation = self.word();
            self.space();
            if !generation.is_empty()
                && generation.iter().all(u8::is_ascii_digit)
                && self.word() == b"R"
            {
                return Value::Reference(object);
            }
        }
        self.at = here;
        Value::Integer(first)
    }

    fn dictionary(&mut self, depth: usize) -> Option<Value> {
        let mut entries = Vec::new();
        loop {
            self.space();
            match self.peek()? {
                b'>' if self.rest().starts_with(b">>") => {
                    self.at += 2;
                    return Some(Value::Dictionary(entries));
                }
                b'/' => {
                    self.at += 1;
                    let key = unescaped(self.word());
                    entries.push((key, self.nested(depth + 1)?));
                }
                _ => return None,
            }
        }
    }

    fn literal(&mut self) -> Option<Value> {
        let mut out = Vec::new();
        let mut open = 0_usize;
        loop {
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'(' => {
                    open += 1;
                    if open > 1 {
                        out.push(byte);
                    }
                }
                b')' => {
                    open -= 1;
                    if open == 0 {
                        return Some(Value::String(out));
                    }
                    out.push(byte);
                }
                b'\\' => self.escape(&mut out)?,
                _ => out.push(byte),
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'\r' => self.at += usize::from(self.peek() == Some(b'\n')),
            b'\n' => {}
            b'0'..=b'7' => {
                let mut code = u32::from(byte - b'0');
                for _ in 0..2 {
                    if let Some(digit @ b'0'..=b'7') = self.peek() {
                        code = code * 8 + u32::from(digit - b'0');
                        self.at += 1;
                    }
                }
                out.push((code & 0xFF) as u8);
            }
            other => out.push(other),
        }
        Some(())
    }

    fn hexadecimal(&mut self) -> Option<Value> {
        self.at += 1;
        let len = self.rest().iter().position(|b| *b == b'>')?;
        let body = self.rest().get(..len)?;
        self.at += len + 1;
        Some(Value::String(hexadecimal(body)))
    }
}

/// Pairs of hexadecimal digits, anything else passed over.
pub(super) fn hexadecimal(body: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = body
        .iter()
        .filter_map(|b| char::from(*b).to_digit(16))
        .map(|d| d as u8)
        .collect();
    digits
        .chunks(2)
        .map(|p| p.first().copied().unwrap_or(0) << 4 | p.get(1).copied().unwrap_or(0))
        .collect()
}

/// `#20` in a name is a space.
fn unescaped(word: &[u8]) -> String {
    let mut out = Vec::with_capacity(word.len());
    let mut rest = word;
    while let [byte, after @ ..] = rest {
        match (byte, after) {
            (b'#', [h, l, tail @ ..]) if h.is_ascii_hexdigit() && l.is_ascii_hexdigit() => {
                out.extend(hexadecimal(&[*h, *l]));
                rest = tail;
            }
            _ => {
                out.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
