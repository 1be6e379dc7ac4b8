//! Chance without chance: a small generator (SplitMix64) that gives the same numbers in every run.

/// A sequence of numbers decided by its seed.
#[derive(Debug, Clone)]
pub(in crate::sandbox) struct Chance(u64);

impl Chance {
    pub(in crate::sandbox) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(in crate::sandbox) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 up to, but not including, `end` (0 where `end` is 0).
    pub(in crate::sandbox) fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }

    /// True in `percent` of a hundred cases.
    pub(in crate::sandbox) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of the choices; `T`'s default where there is none.
    pub(in crate::sandbox) fn pick<T: Copy + Default>(&mut self, choices: &[T]) -> T {
        let index = usize::try_from(self.below(choices.len() as u64)).unwrap_or(0);
        choices.get(index).copied().unwrap_or_default()
    }

    /// `count` octets that no compressor shortens.
    pub(in crate::sandbox) fn octets(&mut self, count: usize) -> Vec<u8> {
        let mut octets = Vec::with_capacity(count + 8);
        while octets.len() < count {
            octets.extend_from_slice(&self.next().to_le_bytes());
        }
        octets.truncate(count);
        octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_sequence_and_another_seed_another() {
        let (mut a, mut b, mut c) = (Chance::new(7), Chance::new(7), Chance::new(8));
        assert_eq!(a.octets(33), b.octets(33));
        assert_ne!(a.octets(33), c.octets(33));
        // The reference value of SplitMix64 for seed 0.
        assert_eq!(Chance::new(0).next(), 0xE220_A839_7B1D_CDAF);
    }

    #[test]
    fn choices_stay_in_range_and_none_is_no_fault() {
        let mut chance = Chance::new(1);
        assert!((0..1000).all(|_| chance.below(10) < 10));
        assert_eq!(chance.below(0), 0);
        assert_eq!(chance.pick::<u8>(&[]), 0);
    }
}
