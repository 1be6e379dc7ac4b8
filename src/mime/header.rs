//! Header blocks and fields over raw octets (RFC 5322 section 2.2).
//!
//! A field is a line and its continuation lines. A line without a colon is kept as a field without a name:
//! it loses nothing and stops nothing, as servers in the field do it.

use super::lex::is_space;

/// One field. `raw` is all of it with its line ends, `value` what follows the colon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    /// Without white space at its end; empty when the line has no colon.
    pub(crate) name: &'a [u8],
    pub(crate) value: &'a [u8],
    pub(crate) raw: &'a [u8],
}

impl Field<'_> {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// The value with its folding undone: line ends go, the white space after them stays. White space
    /// before the value goes, on its first line only.
    pub(crate) fn unfolded(&self) -> Vec<u8> {
        let blank = self.value.iter().position(|b| !matches!(b, b' ' | b'\t'));
        let value = self.value.get(blank.unwrap_or(self.value.len())..);
        let value = value.unwrap_or_default();
        value
            .iter()
            .enumerate()
            .filter(|(at, octet)| match octet {
                b'\n' => false,
                b'\r' => !matches!(value.get(at + 1), Some(b'\n')),
                _ => true,
            })
            .map(|(_, octet)| *octet)
            .collect()
    }
}

/// The fields of a header block, in their order, up to the blank line.
pub(crate) fn fields(header: &[u8]) -> Fields<'_> {
    Fields { rest: header }
}

pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let first = line_len(self.rest);
        if first == 0 || is_blank(self.rest.get(..first)?) {
            return None;
        }
        let mut end = first;
        while let Some(b' ' | b'\t') = self.rest.get(end) {
            end += line_len(self.rest.get(end..)?);
        }
        let (raw, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(field(raw, first))
    }
}

/// The colon must be on the first line: a name is never folded.
fn field(raw: &[u8], first_line: usize) -> Field<'_> {
    let line = raw.get(..first_line).unwrap_or(raw);
    let colon = line.iter().position(|b| *b == b':').filter(|at| *at > 0);
    let (name, value) = match colon {
        Some(at) => (line.get(..at), raw.get(at + 1..)),
        None => (None, Some(raw)),
    };
    Field {
        name: name.unwrap_or_default().trim_ascii_end(),
        value: trim_line_end(value.unwrap_or_default()),
        raw,
    }
}

fn trim_line_end(octets: &[u8]) -> &[u8] {
    let octets = octets.strip_suffix(b"\n").unwrap_or(octets);
    octets.strip_suffix(b"\r").unwrap_or(octets)
}

/// Octets of the first line with its LF; zero at the end only.
pub(crate) fn line_len(octets: &[u8]) -> usize {
    let lf = octets.iter().position(|b| *b == b'\n');
    lf.map_or(octets.len(), |at| at + 1)
}

/// A line that ends a header block.
pub(crate) fn is_blank(line: &[u8]) -> bool {
    matches!(line, b"\r\n" | b"\n")
}

/// White space of any length becomes one space, none stays at the ends: how text for human readers is told
/// in an ENVELOPE.
pub(crate) fn collapsed(text: &[u8]) -> Vec<u8> {
    let words = text.split(|b| is_space(*b)).filter(|w| !w.is_empty());
    let mut out = Vec::with_capacity(text.len());
    for word in words {
        if !out.is_empty() {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(header: &[u8]) -> Vec<(String, String)> {
        fields(header)
            .map(|f| {
                (
                    String::from_utf8_lossy(f.name).into(),
                    String::from_utf8_lossy(f.value).into(),
                )
            })
            .collect()
    }

    #[test]
    fn fields_fold_and_may_lack_a_colon() {
        let found = listed(b"A : 1\r\n 2\r\nno colon\r\nB:\r\n\r\nC: not header\r\n");
        let want = [("A", " 1\r\n 2"), ("", "no colon"), ("B", "")];
        let found: Vec<_> = found.iter().map(|(n, v)| (&n[..], &v[..])).collect();
        assert_eq!(found, want);
    }

    #[test]
    fn unfolding_takes_line_ends_only() {
        let field = fields(b"S: \t a\r\n\t b\rc\r\n").next().unwrap();
        assert_eq!(field.unfolded(), b"a\t b\rc");
        assert_eq!(collapsed(b"\ta \t\r\n b "), b"a b");
    }
}
