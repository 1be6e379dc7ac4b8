//! Tokens of structured fields (RFC 5322 section 3.2, RFC 2045 section 5.1) over raw octets.
//!
//! Octets above 0x7F count as letters of an atom (RFC 6532). Comments may nest to any depth: they are
//! counted, not descended into. Every step takes at least one octet or says that it could not.

/// A reading position in one field's value. Line ends of folding may still be inside.
#[derive(Debug, Clone)]
pub(crate) struct Lexer<'a> {
    rest: &'a [u8],
    /// The text of the comment skipped last: old addresses keep the name there.
    pub(crate) comment: Option<Vec<u8>>,
    /// A quoted string without its end was met: there is no use in looking for another one.
    unquoted: bool,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(value: &'a [u8]) -> Self {
        Self {
            rest: value,
            comment: None,
            unquoted: false,
        }
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Steps over one octet.
    pub(crate) fn bump(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    /// Steps over `octet` if it comes next.
    pub(crate) fn eat(&mut self, octet: u8) -> bool {
        let found = self.peek() == Some(octet);
        if found {
            self.bump();
        }
        found
    }

    /// The octets up to the first that does not satisfy `keep`.
    pub(crate) fn run(&mut self, keep: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|b| !keep(*b));
        let (run, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        run
    }

    /// Skips white space, line ends and comments (CFWS, RFC 5322 section 3.2.2).
    pub(crate) fn skip_cfws(&mut self) {
        loop {
            self.run(is_space);
            if self.peek() != Some(b'(') {
                return;
            }
            self.skip_comment();
        }
    }

    fn skip_comment(&mut self) {
        let (mut depth, mut text) = (0_usize, Vec::new());
        while let Some(octet) = self.peek() {
            self.bump();
            match octet {
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            match octet {
                b'(' if depth == 1 => {}
                b'\\' => {
                    text.extend(self.peek());
                    self.bump();
                }
                b'\r' | b'\n' => {}
                _ => text.push(octet),
            }
        }
        self.comment = Some(text);
    }

    /// A quoted string without its quotes and backslashes, folding undone. `None`, and nothing taken,
    /// when none starts here or the closing quote is missing; the latter makes every later quote a bare one,
    /// so that the end is looked for once.
    pub(crate) fn quoted_string(&mut self) -> Option<Vec<u8>> {
        if self.peek() != Some(b'"') || self.unquoted {
            return None;
        }
        let mut at = self.rest.iter().skip(1);
        let mut text = Vec::new();
        let mut taken = 1;
        while let Some(octet) = at.next() {
            taken += 1;
            match octet {
                b'"' => {
                    self.rest = self.rest.get(taken..).unwrap_or_default();
                    self.skip_cfws();
                    return Some(text);
                }
                b'\\' => {
                    text.extend(at.next());
                    taken += 1;
                }
                b'\r' | b'\n' => {}
                octet => text.push(*octet),
            }
        }
        self.unquoted = true;
        None
    }

    /// Atom characters, `.` among them when `dots`; may be empty. CFWS after it is skipped.
    pub(crate) fn atom(&mut self, dots: bool) -> &'a [u8] {
        let atom = self.run(|b| is_atext(b) || dots && b == b'.');
        self.skip_cfws();
        atom
    }

    /// A token of MIME (RFC 2045 section 5.1); may be empty. CFWS after it is skipped.
    pub(crate) fn token(&mut self) -> &'a [u8] {
        let token = self.run(is_token);
        self.skip_cfws();
        token
    }
}

pub(crate) fn is_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\r' | b'\n')
}

/// RFC 5322 section 3.2.3, and RFC 6532 section 3.2 for the upper half.
pub(crate) fn is_atext(octet: u8) -> bool {
    octet >= 0x80 || octet.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&octet)
}

fn is_token(octet: u8) -> bool {
    octet > b' ' && octet != 0x7F && !b"()<>@,;:\\\"/[]?=".contains(&octet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_nest_and_escape_without_recursion() {
        let mut lexer = Lexer::new(b" (a (b) \\) c\r\n d) x");
        lexer.skip_cfws();
        assert_eq!(lexer.peek(), Some(b'x'));
        assert_eq!(lexer.comment.unwrap(), b"a (b) ) c d");
        let deep = vec![b'('; 1_000_000];
        let mut lexer = Lexer::new(&deep);
        lexer.skip_cfws();
        assert_eq!(lexer.peek(), None);
    }

    #[test]
    fn quoted_strings_unfold_and_need_their_end() {
        let mut lexer = Lexer::new(b"\"a \\\" b\r\n c\" (x) d");
        assert_eq!(lexer.quoted_string().unwrap(), b"a \" b c");
        assert_eq!(lexer.peek(), Some(b'd'));
        let mut lexer = Lexer::new(b"\"open");
        assert_eq!(lexer.quoted_string(), None);
        assert_eq!(lexer.peek(), Some(b'"'));
    }
}
