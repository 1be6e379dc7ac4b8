//! Sequence sets (RFC 3501 section 9): numbers and ranges, of message numbers or of UIDs.

use super::{
    Fault,
    token::{Cursor, Read},
};

/// One end of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Never zero.
    Number(u32),
    /// `*`: the largest number in use.
    Last,
}

/// In the order in which the client wrote it. Clients send sets of 40 kB and more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceSet(pub Vec<(Bound, Bound)>);

impl SequenceSet {
    /// Ranges ascending and apart, `*` standing for `last`. Without a `last` (an empty mailbox) only
    /// what is named by number is left.
    pub fn resolve(&self, last: Option<u32>) -> Vec<(u32, u32)> {
        let number = |bound| match bound {
            Bound::Number(n) => Some(n),
            Bound::Last => last,
        };
        let ends = self.0.iter();
        let ends = ends.filter_map(|(a, b)| Some((number(*a)?, number(*b)?)));
        // A range is the same in either direction.
        let mut ranges: Vec<_> = ends.map(|(a, b)| (a.min(b), a.max(b))).collect();
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (low, high) in ranges {
            match merged.last_mut() {
                Some(before) if low <= before.1.saturating_add(1) => before.1 = before.1.max(high),
                _ => merged.push((low, high)),
            }
        }
        merged
    }

    /// The largest number that is named, `*` not counted.
    pub fn highest_named(&self) -> u32 {
        let numbers = self.0.iter().flat_map(|(a, b)| [*a, *b]);
        let numbers = numbers.map(|bound| match bound {
            Bound::Number(n) => n,
            Bound::Last => 0,
        });
        numbers.max().unwrap_or(0)
    }
}

pub(super) fn sequence_set(cursor: &mut Cursor<'_>) -> Read<SequenceSet> {
    let mut ranges = Vec::new();
    loop {
        let low = bound(cursor)?;
        let high = if cursor.take(b':') {
            bound(cursor)?
        } else {
            low
        };
        ranges.push((low, high));
        if !cursor.take(b',') {
            return Ok(SequenceSet(ranges));
        }
    }
}

fn bound(cursor: &mut Cursor<'_>) -> Read<Bound> {
    if cursor.take(b'*') {
        return Ok(Bound::Last);
    }
    cursor.nz_number().map(Bound::Number)
}

/// Whether a sequence set starts here: nothing else in SEARCH starts with a digit or `*`.
pub(super) fn starts_set(cursor: &Cursor<'_>) -> Result<bool, Fault> {
    let first = cursor.peek().ok_or(Fault::Syntax)?;
    Ok(first.is_ascii_digit() || first == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Read<SequenceSet> {
        let mut cursor = Cursor::new(text.as_bytes());
        let set = sequence_set(&mut cursor)?;
        cursor.end().map(|()| set)
    }

    #[test]
    fn sets_are_sorted_merged_and_clipped_to_nothing() {
        let resolve = |text: &str, last| read(text).unwrap().resolve(last);
        assert_eq!(resolve("3", Some(9)), [(3, 3)]);
        assert_eq!(resolve("5:2,9,1:3", Some(9)), [(1, 5), (9, 9)]);
        assert_eq!(resolve("*", Some(9)), [(9, 9)]);
        assert_eq!(resolve("12:*", Some(9)), [(9, 12)]);
        assert_eq!(resolve("*:4", Some(9)), [(4, 9)]);
        assert_eq!(resolve("1:*,7", None), [(7, 7)]);
        assert_eq!(
            resolve("4294967295,1:4294967295", Some(1)),
            [(1, 4_294_967_295)]
        );
    }

    #[test]
    fn what_is_no_set() {
        for bad in [
            "",
            "0",
            "1,",
            ",1",
            "1:",
            ":1",
            "1:2:3",
            "1 2",
            "a",
            "-1",
            "4294967296",
            "**",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn forty_kilobytes() {
        let text: Vec<_> = (1..=8_000).map(|n| (n * 2).to_string()).collect();
        let set = read(&text.join(",")).unwrap();
        assert_eq!(set.resolve(None).len(), 8_000);
        assert_eq!(set.highest_named(), 16_000);
    }
}
