//! A cursor over one framed command: the terminals of RFC 3501 section 9.

use super::Fault;

pub(super) type Read<T> = Result<T, Fault>;

/// What is left to read of a command; literals stand in it as they came.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(command: &'a [u8]) -> Self {
        Self { rest: command }
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Takes `octet` if it is next.
    pub(super) fn take(&mut self, octet: u8) -> bool {
        match self.rest.split_first() {
            Some((&first, rest)) if first == octet => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    pub(super) fn expect(&mut self, octet: u8) -> Read<()> {
        self.take(octet).then_some(()).ok_or(Fault::Syntax)
    }

    pub(super) fn space(&mut self) -> Read<()> {
        self.expect(b' ')
    }

    pub(super) fn end(&self) -> Read<()> {
        self.at_end().then_some(()).ok_or(Fault::Syntax)
    }

    /// Takes `word` (upper case) if it is next in any case, whatever follows.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let head = self.rest.get(..word.len());
        if head.is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes())) {
            self.rest = self.rest.get(word.len()..).unwrap_or_default();
            return true;
        }
        false
    }

    /// The longest run of octets that `keep` accepts; may be empty.
    pub(super) fn run(&mut self, keep: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|&b| !keep(b));
        let (taken, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        taken
    }

    fn some(&mut self, keep: impl Fn(u8) -> bool) -> Read<&'a str> {
        let taken = self.run(keep);
        let text = std::str::from_utf8(taken).map_err(|_| Fault::Syntax)?;
        (!text.is_empty()).then_some(text).ok_or(Fault::Syntax)
    }

    pub(super) fn atom(&mut self) -> Read<&'a str> {
        self.some(is_atom_char)
    }

    /// Letters, digits, `.` and `-`: a keyword of the grammar, in upper case.
    pub(super) fn keyword(&mut self) -> Read<String> {
        let word = self.some(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')?;
        Ok(word.to_ascii_uppercase())
    }

    pub(super) fn number(&mut self) -> Read<u32> {
        let digits = self.some(|b| b.is_ascii_digit())?;
        digits.parse().map_err(|_| Fault::Syntax)
    }

    pub(super) fn nz_number(&mut self) -> Read<u32> {
        match self.number()? {
            0 => Err(Fault::Syntax),
            n => Ok(n),
        }
    }

    /// Quoted or literal. Octets as they came, 8-bit ones too: the caller knows the charset.
    pub(super) fn string(&mut self) -> Read<Vec<u8>> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'{') => self.literal(),
            _ => Err(Fault::Syntax),
        }
    }

    pub(super) fn astring(&mut self) -> Read<Vec<u8>> {
        match self.peek() {
            Some(b'"' | b'{') => self.string(),
            _ => self.some(is_astring_char).map(|s| s.as_bytes().to_vec()),
        }
    }

    /// `list-mailbox`: an astring in which wildcards may stand bare.
    pub(super) fn list_mailbox(&mut self) -> Read<Vec<u8>> {
        match self.peek() {
            Some(b'"' | b'{') => self.string(),
            _ => self
                .some(|b| is_astring_char(b) || b == b'%' || b == b'*')
                .map(|s| s.as_bytes().to_vec()),
        }
    }

    fn quoted(&mut self) -> Read<Vec<u8>> {
        self.expect(b'"')?;
        let mut out = Vec::new();
        loop {
            out.extend_from_slice(self.run(|b| !b"\"\\\r\n\0".contains(&b)));
            if self.take(b'"') {
                return Ok(out);
            }
            self.expect(b'\\')?;
            let escaped = self.peek().filter(|b| b"\"\\".contains(b));
            let escaped = escaped.ok_or(Fault::Syntax)?;
            self.expect(escaped)?;
            out.push(escaped);
        }
    }

    fn literal(&mut self) -> Read<Vec<u8>> {
        self.literal_octets().map(<[u8]>::to_vec)
    }

    /// A literal where it stands.
    pub(super) fn literal_octets(&mut self) -> Read<&'a [u8]> {
        self.expect(b'{')?;
        let size = self.number()? as usize;
        self.take(b'+');
        self.expect(b'}')?;
        self.take(b'\r');
        self.expect(b'\n')?;
        let octets = self.rest.get(..size).ok_or(Fault::Syntax)?;
        self.rest = self.rest.get(size..).unwrap_or_default();
        // CHAR8 excludes NUL (RFC 3501 section 9).
        (!octets.contains(&0))
            .then_some(octets)
            .ok_or(Fault::Syntax)
    }
}

pub(super) fn is_atom_char(b: u8) -> bool {
    b.is_ascii_graphic() && !b"(){%*\"\\]".contains(&b)
}

pub(super) fn is_astring_char(b: u8) -> bool {
    is_atom_char(b) || b == b']'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_in_every_form() {
        let read = |text: &str| Cursor::new(text.as_bytes()).astring();
        assert_eq!(read("abc] d"), Ok(b"abc]".to_vec()));
        assert_eq!(read(r#""a \"b\\" c"#), Ok(br#"a "b\"#.to_vec()));
        assert_eq!(read("{3}\r\na b c"), Ok(b"a b".to_vec()));
        assert_eq!(read("{3+}\r\na\"b c"), Ok(b"a\"b".to_vec()));
        assert_eq!(read("{0}\r\n"), Ok(vec![]));
        for bad in [
            "",
            "(",
            "\"abc",
            "\"a\\b\"",
            "{4}\r\nabc",
            "{x}\r\n",
            "{2}\r\na\0",
            "\"\u{0}\"",
        ] {
            assert_eq!(read(bad), Err(Fault::Syntax), "{bad:?}");
        }
    }

    #[test]
    fn numbers_have_32_bits() {
        assert_eq!(Cursor::new(b"4294967295").number(), Ok(u32::MAX));
        assert_eq!(Cursor::new(b"4294967296").number(), Err(Fault::Syntax));
        assert_eq!(Cursor::new(b"0").nz_number(), Err(Fault::Syntax));
        assert_eq!(Cursor::new(b"-1").number(), Err(Fault::Syntax));
    }
}
