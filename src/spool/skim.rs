//! A message without the inside of its long unbroken stretches, read piece by piece: enough for its
//! structure, whatever the size of its files (pure).
//!
//! Structure hangs on blank lines and on lines that begin with a hyphen (RFC 2046 section 5.1.1), and on header
//! fields. Between two such lines everything beyond [`START`] octets but the last few is left out, so a part's
//! bounds and its header stay.

use std::ops::Range;

/// Octets of a stretch that are kept: more than any header block that means well.
const START: usize = 64 * 1024;

/// Octets kept at the end of a stretch: its line end, and something before it.
const END: usize = 4;

#[derive(Debug, Default)]
pub(super) struct Skim {
    kept: Vec<u8>,
    gaps: Vec<Gap>,
    /// Octets of the stretch so far, those left out as well.
    stretch: usize,
    /// The last octets of a stretch of which something is left out.
    end: Vec<u8>,
    /// What is left out since the last gap was closed.
    left_out: u64,
    /// Octets of the line so far, but for CR.
    line: usize,
}

/// Octets that are not in `kept`.
#[derive(Debug, Clone, Copy)]
struct Gap {
    at: usize,
    /// All that is left out up to here.
    octets: u64,
}

impl Skim {
    pub(super) fn push(&mut self, mut piece: &[u8]) {
        while let Some((octet, rest)) = piece.split_first() {
            piece = rest;
            self.take(*octet);
            if self.end.len() == END && self.line > 0 {
                piece = self.skip(piece);
            }
        }
    }

    /// The rest of a line of which nothing need be kept but its end.
    fn skip<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        let line = piece.iter().position(|b| *b == b'\n');
        let (line, rest) = piece.split_at(line.unwrap_or(piece.len()));
        if let Some((skipped, end)) = line.split_last_chunk::<END>() {
            self.left_out += (END + skipped.len()) as u64;
            self.line += line.len();
            self.end = end.to_vec();
        } else {
            line.iter().for_each(|octet| self.take(*octet));
        }
        rest
    }

    /// The end of the message.
    pub(super) fn finish(mut self) -> Self {
        self.close();
        self
    }

    pub(super) fn kept(&self) -> &[u8] {
        &self.kept
    }

    /// Octets of the message.
    pub(super) fn size(&self) -> u64 {
        self.kept.len() as u64 + self.gaps.last().map_or(0, |gap| gap.octets)
    }

    /// Where these octets of `kept` are in the message, and what lies between them.
    pub(super) fn original(&self, kept: &Range<usize>) -> Range<u64> {
        let start = self.place(kept.start);
        let end = match kept.end.checked_sub(1) {
            Some(last) if kept.end > kept.start => self.place(last) + 1,
            _ => start,
        };
        start..end
    }

    fn place(&self, kept: usize) -> u64 {
        let before = self.gaps.partition_point(|gap| gap.at <= kept);
        let gap = before.checked_sub(1).and_then(|at| self.gaps.get(at));
        kept as u64 + gap.map_or(0, |gap| gap.octets)
    }

    fn take(&mut self, octet: u8) {
        let blank = octet == b'\n' && self.line == 0;
        let hyphen = octet == b'-' && self.line == 0;
        match octet {
            b'\n' => self.line = 0,
            b'\r' => {}
            _ => self.line += 1,
        }
        if blank || hyphen {
            self.close();
            self.kept.push(octet);
            return;
        }
        self.stretch += 1;
        // What is kept before a gap does not end a line, else what follows the gap might begin one.
        let within = self.stretch <= START || matches!(self.kept.last(), Some(b'\r' | b'\n'));
        if within && self.end.is_empty() {
            self.kept.push(octet);
            return;
        }
        if self.end.len() == END {
            self.end.remove(0);
            self.left_out += 1;
        }
        self.end.push(octet);
    }

    fn close(&mut self) {
        if self.left_out > 0 {
            let before = self.gaps.last().map_or(0, |gap| gap.octets);
            self.gaps.push(Gap {
                at: self.kept.len(),
                octets: before + self.left_out,
            });
            self.left_out = 0;
        }
        self.kept.append(&mut self.end);
        self.stretch = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime;

    fn skim(message: &[u8], piece: usize) -> Skim {
        let mut skim = Skim::default();
        message.chunks(piece).for_each(|piece| skim.push(piece));
        skim.finish()
    }

    fn message(eol: &str, file: &str) -> Vec<u8> {
        let mut out = format!(
            "Subject: s{eol}Content-Type: multipart/mixed; boundary=b{eol}{eol}--b{eol}{eol}text{eol}"
        );
        for name in ["one", "two"] {
            out += &format!("--b{eol}Content-Type: a/b; name={name}{eol}{eol}{file}{eol}");
        }
        (out + "--b--" + eol).into_bytes()
    }

    fn ranges(structure: &mime::Structure, out: &mut Vec<Range<usize>>) {
        out.extend([structure.header.clone(), structure.body.clone()]);
        if let mime::Body::Multipart(children) = &structure.content {
            children.iter().for_each(|child| ranges(child, out));
        }
    }

    /// The structure of what is kept is that of the message, octet by octet.
    #[test]
    fn nothing_of_the_structure_is_lost() {
        let lines = |eol: &str| format!("{}{eol}", "x".repeat(74)).repeat(4000);
        for eol in ["\r\n", "\n"] {
            let last = eol.repeat(2);
            for file in [
                lines(eol),
                lines(eol).trim_end().to_owned(),
                "y".repeat(300_000),
                lines(eol) + &last,
                lines(eol) + "z",
                lines("\r\n--no\r\n"),
                format!("{}-- b", lines(eol)),
                "short".to_owned(),
                String::new(),
            ] {
                let message = message(eol, &file);
                let skim = skim(&message, 1000);
                assert_eq!(skim.size(), message.len() as u64);
                let (mut kept, mut all) = (Vec::new(), Vec::new());
                ranges(&mime::parse(skim.kept()), &mut kept);
                ranges(&mime::parse(&message), &mut all);
                let kept = kept.iter().map(|range| skim.original(range));
                let all = all.iter().map(|r| r.start as u64..r.end as u64);
                assert_eq!(kept.collect::<Vec<_>>(), all.collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn large_files_leave_little() {
        let message = message("\r\n", &"QUFBQUFB\r\n".repeat(500_000));
        for piece in [7, 4096, 1 << 20] {
            let skim = skim(&message, piece);
            assert!(skim.kept().len() < 200_000, "{}", skim.kept().len());
        }
    }
}
