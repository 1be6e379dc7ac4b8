//! The objects of a PDF file: where each lies, and the octets of streams.

use std::collections::BTreeMap;

use super::{
    MAX_INFLATED, NoInvoice,
    value::{Lexer, Value, hexadecimal, is_space},
};

/// More objects than this have only files that want to hurt.
const MAX_OBJECTS: usize = 1_000_000;

#[derive(Clone, Copy)]
enum Place {
    /// After `obj`.
    File(usize),
    /// In an object stream that was inflated: which one, and where.
    Stream(usize, usize),
}

pub(super) struct File<'o> {
    octets: &'o [u8],
    places: BTreeMap<u32, Place>,
    streams: Vec<Vec<u8>>,
    root: Option<Value>,
    pub(super) encrypted: bool,
    inflated: usize,
}

impl<'o> File<'o> {
    pub(super) fn read(octets: &'o [u8]) -> Result<File<'o>, NoInvoice> {
        let mut file = File {
            octets,
            places: BTreeMap::new(),
            streams: Vec::new(),
            root: None,
            encrypted: false,
            inflated: 0,
        };
        let mut at = 0;
        while let Some(found) = next_keyword(octets, at) {
            match found {
                Keyword::Object { number, body } => {
                    at = file.object(number, body)?;
                    if file.places.len() > MAX_OBJECTS {
                        return Err(NoInvoice::Damaged("it has too many objects"));
                    }
                }
                Keyword::Trailer(body) => {
                    at = body;
                    if let Some(trailer) = Lexer::new(octets, body).value() {
                        file.trailer(&trailer);
                    }
                }
            }
        }
        Ok(file)
    }

    fn trailer(&mut self, trailer: &Value) {
        self.encrypted |= trailer.get("Encrypt").is_some();
        if let Some(root) = trailer.get("Root") {
            self.root = Some(root.clone());
        }
    }

    /// Notes where the object is; gives where it ends.
    fn object(&mut self, number: u32, body: usize) -> Result<usize, NoInvoice> {
        self.places.insert(number, Place::File(body));
        let Some((value, end)) = object_at(self.octets, body) else {
            return Ok(body);
        };
        let Value::Stream(_, start) = &value else {
            return Ok(end);
        };
        let end = start + self.stream_length(&value, *start);
        match value.get("Type").and_then(Value::name) {
            Some("XRef") => self.trailer(&value),
            Some("ObjStm") => self.object_stream(&value)?,
            _ => {}
        }
        Ok(end)
    }

    fn object_stream(&mut self, stream: &Value) -> Result<(), NoInvoice> {
        let (Some(Value::Integer(count)), Some(Value::Integer(first))) =
            (stream.get("N"), stream.get("First"))
        else {
            return Ok(());
        };
        let Ok(first) = usize::try_from(*first) else {
            return Ok(());
        };
        let octets = self.decoded(stream)?;
        let mut lexer = Lexer::new(&octets, 0);
        for _ in 0..(*count).clamp(0, 100_000) {
            let (Some(Value::Integer(number)), Some(Value::Integer(offset))) =
                (lexer.value(), lexer.value())
            else {
                break;
            };
            if let (Ok(number), Ok(offset)) = (u32::try_from(number), usize::try_from(offset)) {
                self.places.insert(
                    number,
                    Place::Stream(self.streams.len(), first.saturating_add(offset)),
                );
            }
        }
        self.streams.push(octets);
        Ok(())
    }

    fn resolve(&self, number: u32) -> Option<Value> {
        match *self.places.get(&number)? {
            Place::File(at) => object_at(self.octets, at).map(|o| o.0),
            Place::Stream(stream, at) => Lexer::new(self.streams.get(stream)?, at).value(),
        }
    }

    /// The value, or what it refers to.
    pub(super) fn follow(&self, value: Option<&Value>) -> Option<Value> {
        let mut value = value?.clone();
        for _ in 0..8 {
            match value {
                Value::Reference(number) => value = self.resolve(number)?,
                other => return Some(other),
            }
        }
        None
    }

    pub(super) fn catalog(&self) -> Option<Value> {
        self.follow(self.root.as_ref())
    }

    /// Every file specification that embeds a file.
    pub(super) fn all_specifications(&self) -> Vec<Value> {
        let all = self.places.keys().filter_map(|n| self.resolve(*n));
        all.filter(|v| v.get("EF").is_some()).take(1000).collect()
    }

    /// By /Length where that is true, else up to `endstream`.
    fn stream_length(&self, stream: &Value, start: usize) -> usize {
        let rest = self.octets.get(start..).unwrap_or(&[]);
        if let Some(Value::Integer(length)) = self.follow(stream.get("Length"))
            && let Ok(length) = usize::try_from(length)
            && let Some(after) = rest.get(length..)
        {
            let gap = after.iter().take(3).take_while(|b| is_space(**b)).count();
            if after
                .get(gap..)
                .is_some_and(|a| a.starts_with(b"endstream"))
            {
                return length;
            }
        }
        let length = find(rest, b"endstream").unwrap_or(rest.len());
        let body = rest.get(..length).unwrap_or(rest);
        let body = body.strip_suffix(b"\n").unwrap_or(body);
        body.strip_suffix(b"\r").unwrap_or(body).len()
    }

    /// A stream's octets, its filters undone.
    pub(super) fn decoded(&mut self, stream: &Value) -> Result<Vec<u8>, NoInvoice> {
        let Value::Stream(_, start) = stream else {
            return Err(NoInvoice::Damaged("an embedded file is no stream"));
        };
        let length = self.stream_length(stream, *start);
        let mut octets = self
            .octets
            .get(*start..start + length)
            .unwrap_or(&[])
            .to_vec();
        let filters = match self.follow(stream.get("Filter")) {
            Some(Value::Array(filters)) => filters
                .iter()
                .filter_map(|f| self.follow(Some(f)))
                .collect(),
            Some(filter @ Value::Name(_)) => vec![filter],
            _ => Vec::new(),
        };
        if filters.len() > 4 {
            return Err(NoInvoice::Damaged("a stream has too many filters"));
        }
        for filter in &filters {
            octets = match filter.name() {
                Some("FlateDecode" | "Fl") => self.inflate(&octets)?,
                Some("ASCIIHexDecode" | "AHx") => hexadecimal(&octets),
                _ => {
                    return Err(NoInvoice::Damaged(
                        "a stream has a filter that is not supported",
                    ));
                }
            };
        }
        Ok(octets)
    }

    fn inflate(&mut self, octets: &[u8]) -> Result<Vec<u8>, NoInvoice> {
        let left = MAX_INFLATED - self.inflated;
        let out = miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(octets, left);
        let out = out.map_err(|e| match e.status {
            miniz_oxide::inflate::TINFLStatus::HasMoreOutput => {
                NoInvoice::Damaged("it inflates to more than is allowed")
            }
            _ => NoInvoice::Damaged("a stream cannot be inflated"),
        })?;
        self.inflated += out.len();
        Ok(out)
    }
}

/// The value after `obj`, and where it ends; a stream's octets begin where its value says.
fn object_at(octets: &[u8], at: usize) -> Option<(Value, usize)> {
    let mut lexer = Lexer::new(octets, at);
    let value = lexer.value()?;
    let end = lexer.at;
    lexer.space();
    if let Value::Dictionary(entries) = value {
        if lexer.word() != b"stream" {
            return Some((Value::Dictionary(entries), end));
        }
        lexer.at += usize::from(lexer.peek() == Some(b'\r'));
        lexer.at += usize::from(lexer.peek() == Some(b'\n'));
        return Some((Value::Stream(entries, lexer.at), lexer.at));
    }
    Some((value, end))
}

enum Keyword {
    Object { number: u32, body: usize },
    Trailer(usize),
}

/// The next `N G obj` or `trailer`.
fn next_keyword(octets: &[u8], from: usize) -> Option<Keyword> {
    let mut at = from;
    loop {
        let rest = octets.get(at..)?;
        let hit = rest.windows(3).position(|w| w == b"obj" || w == b"tra")?;
        at += hit + 3;
        let rest = octets.get(at..)?;
        if octets.get(at - 3) == Some(&b't') {
            if rest.starts_with(b"iler") {
                return Some(Keyword::Trailer(at + 4));
            }
        } else if let Some(number) = octets.get(from..at - 3).and_then(header) {
            return Some(Keyword::Object { number, body: at });
        }
    }
}

/// The object number of `N G ` at the end of the octets.
fn header(before: &[u8]) -> Option<u32> {
    fn digits(text: &[u8]) -> (&[u8], &[u8]) {
        let count = text
            .iter()
            .rev()
            .take(10)
            .take_while(|b| b.is_ascii_digit())
            .count();
        text.split_at(text.len() - count)
    }
    fn spaces(text: &[u8]) -> &[u8] {
        let count = text
            .iter()
            .rev()
            .take(10)
            .take_while(|b| is_space(**b))
            .count();
        text.split_at(text.len() - count).0
    }
    let (rest, generation) = digits(spaces(before));
    let trimmed = spaces(rest);
    let (_, number) = digits(trimmed);
    if generation.is_empty() || trimmed.len() == rest.len() {
        return None;
    }
    std::str::from_utf8(number).ok()?.parse().ok()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}
