//! Exact decimals: `xs:decimal` (XML Schema Part 2, section 3.2.3) with the arithmetic of XPath 2.0 as the official rules see it.
//!
//! Sums, differences and products are exact without limit: an `i128` while it suffices (38 digits), a big integer beyond. Quotients have 18
//! decimal places, and as many more as the dividend has more than the divisor, rounded half down, as Saxon does it. `round` is XPath's: half towards positive infinity.
//!
//! A text that is no decimal is no value: [`Decimal::parse`] gives `None`. The official rules behave in two ways there, and a rule must pick
//! the one that its text has: `xs:decimal(.)` stops the whole stylesheet (only possible where the XSD failed already, since every amount is
//! `xs:decimal` in the schemas), `number(.)` gives NaN, for which every comparison but `!=` is false: [`number`].

use std::{cmp::Ordering, fmt, iter::Sum, ops};

use num_bigint::{BigInt, Sign};

/// Longest numeral that is read: no amount needs more, and reading is quadratic beyond `i128`.
const MAX_DIGITS: usize = 1000;

/// value = mantissa / 10^scale
#[derive(Clone, Debug)]
pub struct Decimal {
    mantissa: Mantissa,
    scale: u32,
}

#[derive(Clone, Debug)]
enum Mantissa {
    Small(i128),
    Big(Box<BigInt>),
}

use Mantissa::{Big, Small};

impl Mantissa {
    fn big(&self) -> BigInt {
        match self {
            Small(m) => BigInt::from(*m),
            Big(m) => (**m).clone(),
        }
    }

    fn from_big(m: BigInt) -> Mantissa {
        i128::try_from(&m).map_or_else(|_| Big(Box::new(m)), Small)
    }

    fn times_power(&self, exponent: u32) -> Mantissa {
        if let (Small(m), Some(p)) = (self, 10_i128.checked_pow(exponent))
            && let Some(product) = m.checked_mul(p)
        {
            return Small(product);
        }
        Mantissa::from_big(self.big() * BigInt::from(10).pow(exponent))
    }

    fn sign(&self) -> Ordering {
        match self {
            Small(m) => m.cmp(&0),
            Big(m) => match m.sign() {
                Sign::Minus => Ordering::Less,
                Sign::NoSign => Ordering::Equal,
                Sign::Plus => Ordering::Greater,
            },
        }
    }
}

impl Decimal {
    pub const ZERO: Decimal = Decimal {
        mantissa: Small(0),
        scale: 0,
    };
    pub const ONE: Decimal = Decimal {
        mantissa: Small(1),
        scale: 0,
    };
    pub const HUNDRED: Decimal = Decimal {
        mantissa: Small(100),
        scale: 0,
    };

    /// `mantissa / 10^scale`: `Decimal::new(15, 1)` is 1.5.
    pub const fn new(mantissa: i64, scale: u32) -> Decimal {
        Decimal {
            mantissa: Small(mantissa as i128),
            scale,
        }
    }

    /// The lexical form of `xs:decimal`, white space around it allowed: sign, digits, a point; no exponent, no group separators.
    pub fn parse(text: &str) -> Option<Decimal> {
        let text = text.trim_matches([' ', '\t', '\n', '\r']);
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |d: &str| d.bytes().all(|b| b.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !plain(whole) || !plain(fraction) {
            return None;
        }
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        if whole.len() + fraction.len() > MAX_DIGITS {
            return None;
        }
        let mantissa = if whole.len() + fraction.len() <= 38 {
            let digits = whole.bytes().chain(fraction.bytes());
            let m = digits.fold(0_i128, |m, d| m * 10 + i128::from(d - b'0'));
            Small(if negative { -m } else { m })
        } else {
            let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
            let m = BigInt::parse_bytes(&digits, 10)?;
            Mantissa::from_big(if negative { -m } else { m })
        };
        Some(Decimal {
            mantissa,
            scale: fraction.len() as u32,
        })
    }

    fn aligned(&self, other: &Decimal) -> (Mantissa, Mantissa, u32) {
        let scale = self.scale.max(other.scale);
        (
            self.mantissa.times_power(scale - self.scale),
            other.mantissa.times_power(scale - other.scale),
            scale,
        )
    }

    fn plus(&self, other: &Decimal) -> Decimal {
        let (a, b, scale) = self.aligned(other);
        let mantissa = match (&a, &b) {
            (Small(x), Small(y)) => x.checked_add(*y).map(Small),
            _ => None,
        };
        Decimal {
            mantissa: mantissa.unwrap_or_else(|| Mantissa::from_big(a.big() + b.big())),
            scale,
        }
    }

    fn negated(&self) -> Decimal {
        let mantissa = match &self.mantissa {
            Small(m) => m.checked_neg().map(Small),
            Big(_) => None,
        };
        Decimal {
            mantissa: mantissa.unwrap_or_else(|| Mantissa::from_big(-self.mantissa.big())),
            scale: self.scale,
        }
    }

    fn times(&self, other: &Decimal) -> Decimal {
        let mantissa = match (&self.mantissa, &other.mantissa) {
            (Small(x), Small(y)) => x.checked_mul(*y).map(Small),
            _ => None,
        };
        Decimal {
            mantissa: mantissa
                .unwrap_or_else(|| Mantissa::from_big(self.mantissa.big() * other.mantissa.big())),
            scale: self.scale + other.scale,
        }
    }

    /// The scale without trailing zeros.
    fn needed_scale(&self) -> u32 {
        let Small(mut m) = self.mantissa else {
            return self.places();
        };
        let mut scale = self.scale;
        while scale > 0 && m % 10 == 0 {
            m /= 10;
            scale -= 1;
        }
        scale
    }

    /// `div`; `None` by zero, where XPath stops with an error.
    pub fn div(&self, by: &Decimal) -> Option<Decimal> {
        if by.is_zero() {
            return None;
        }
        let scale = 18 + self.needed_scale().saturating_sub(by.needed_scale());
        // self / by at this scale: mantissas at a common scale cancel.
        let (a, b, _) = self.aligned(by);
        let (a, b) = (a.times_power(scale).big(), b.big());
        let (mut q, r) = (&a / &b, &a % &b);
        let twice: BigInt = r * 2;
        if twice.magnitude() > b.magnitude() {
            q += if (a.sign() == Sign::Minus) == (b.sign() == Sign::Minus) {
                1
            } else {
                -1
            };
        }
        Some(Decimal {
            mantissa: Mantissa::from_big(q),
            scale,
        })
    }

    /// `round(x * 10^places) div 10^places`: half towards positive infinity.
    pub fn round(&self, places: u32) -> Decimal {
        if self.scale <= places {
            return self.clone();
        }
        let drop = self.scale - places;
        let half = Decimal {
            mantissa: Small(5),
            scale: places + 1,
        };
        let raised = self.plus(&half);
        let drop = drop.max(raised.scale - places);
        let mantissa = match (&raised.mantissa, 10_i128.checked_pow(drop)) {
            (Small(m), Some(p)) => Small(m.div_euclid(p)),
            _ => {
                let (m, p) = (raised.mantissa.big(), BigInt::from(10).pow(drop));
                let q = &m / &p;
                let inexact = &q * &p != m;
                Mantissa::from_big(if m.sign() == Sign::Minus && inexact {
                    q - 1
                } else {
                    q
                })
            }
        };
        Decimal {
            mantissa,
            scale: places,
        }
    }

    /// The greatest whole number that is not greater.
    pub fn floor(&self) -> Decimal {
        let rounded = self.round(0);
        if rounded > *self {
            rounded - Decimal::ONE
        } else {
            rounded
        }
    }

    pub fn abs(&self) -> Decimal {
        if self.is_negative() {
            self.negated()
        } else {
            self.clone()
        }
    }

    pub fn is_zero(&self) -> bool {
        self.mantissa.sign() == Ordering::Equal
    }

    /// Less than zero.
    pub fn is_negative(&self) -> bool {
        self.mantissa.sign() == Ordering::Less
    }

    /// Decimal places without trailing zeros.
    pub fn places(&self) -> u32 {
        let text = self.to_string();
        text.split_once('.').map_or(0, |(_, f)| f.len() as u32)
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident, |$a:ident, $b:ident| $body:expr) => {
        impl ops::$trait<&Decimal> for &Decimal {
            type Output = Decimal;
            fn $method(self, other: &Decimal) -> Decimal {
                let ($a, $b) = (self, other);
                $body
            }
        }
        impl ops::$trait<Decimal> for Decimal {
            type Output = Decimal;
            fn $method(self, other: Decimal) -> Decimal {
                ops::$trait::$method(&self, &other)
            }
        }
        impl ops::$trait<&Decimal> for Decimal {
            type Output = Decimal;
            fn $method(self, other: &Decimal) -> Decimal {
                ops::$trait::$method(&self, other)
            }
        }
        impl ops::$trait<Decimal> for &Decimal {
            type Output = Decimal;
            fn $method(self, other: Decimal) -> Decimal {
                ops::$trait::$method(self, &other)
            }
        }
    };
}
operator!(Add, add, |a, b| a.plus(b));
operator!(Sub, sub, |a, b| a.plus(&b.negated()));
operator!(Mul, mul, |a, b| a.times(b));

impl ops::Neg for Decimal {
    type Output = Decimal;
    fn neg(self) -> Decimal {
        self.negated()
    }
}

impl ops::Neg for &Decimal {
    type Output = Decimal;
    fn neg(self) -> Decimal {
        self.negated()
    }
}

impl ops::AddAssign<&Decimal> for Decimal {
    fn add_assign(&mut self, other: &Decimal) {
        *self = self.plus(other);
    }
}

impl ops::AddAssign for Decimal {
    fn add_assign(&mut self, other: Decimal) {
        *self = self.plus(&other);
    }
}

impl Sum for Decimal {
    fn sum<I: Iterator<Item = Decimal>>(iter: I) -> Decimal {
        iter.fold(Decimal::ZERO, |a, b| a + b)
    }
}

impl From<i64> for Decimal {
    fn from(n: i64) -> Decimal {
        Decimal::new(n, 0)
    }
}

impl Default for Decimal {
    fn default() -> Decimal {
        Decimal::ZERO
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Decimal) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        match (
            self.aligned(other),
            self.mantissa.sign().cmp(&other.mantissa.sign()),
        ) {
            ((Small(a), Small(b), _), _) => a.cmp(&b),
            ((a, b, _), Ordering::Equal) => a.big().cmp(&b.big()),
            (_, signs) => signs,
        }
    }
}

/// Canonical: no trailing zeros, no exponent.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = match &self.mantissa {
            Small(m) => m.unsigned_abs().to_string(),
            Big(m) => m.magnitude().to_string(),
        };
        let scale = self.scale as usize;
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = padded
            .split_at_checked(padded.len() - scale)
            .unwrap_or((&padded, ""));
        let fraction = fraction.trim_end_matches('0');
        let sign = if self.is_negative() { "-" } else { "" };
        let point = if fraction.is_empty() { "" } else { "." };
        f.pad(&format!("{sign}{whole}{point}{fraction}"))
    }
}

/// `number()`: `xs:double` of the text, NaN where it is none.
pub fn number(text: &str) -> f64 {
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    match text {
        "INF" => f64::INFINITY,
        "-INF" => f64::NEG_INFINITY,
        // Rust reads "inf", "nan" and "infinity" too.
        _ if text
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E')) =>
        {
            text.parse().unwrap_or(f64::NAN)
        }
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn reads_what_xml_schema_allows() {
        for (text, value) in [
            ("1", "1"),
            ("+1.50", "1.5"),
            ("-.5", "-0.5"),
            ("5.", "5"),
            ("  007\n", "7"),
            ("-0.00", "0"),
        ] {
            assert_eq!(d(text).to_string(), value, "{text}");
        }
        for text in [
            "", " ", ".", "-", "+-1", "1e3", "1,5", "1.234,56", "1 000", "1..2", "INF", "NaN", "٣",
            "0x1",
        ] {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
        assert!(Decimal::parse(&"9".repeat(MAX_DIGITS + 1)).is_none());
        assert_eq!(d(&format!("1.{}", "0".repeat(5000))), Decimal::ONE);
    }

    #[test]
    fn stays_exact_beyond_38_digits() {
        let nines = d(&"9".repeat(40));
        assert_eq!(
            (&nines + Decimal::ONE).to_string(),
            format!("1{}", "0".repeat(40))
        );
        let tiny = d(&format!("0.{}1", "0".repeat(50)));
        assert_eq!((&nines + &tiny - &nines), tiny);
        assert!(&nines + &tiny > nines);
        assert_eq!((&nines * &nines).div(&nines), Some(nines.clone()));
        assert!(-&nines < tiny);
    }

    #[test]
    fn rounds_half_up_towards_positive_infinity() {
        for (text, places, value) in [
            ("2.5", 0, "3"),
            ("-2.5", 0, "-2"),
            ("-2.51", 0, "-3"),
            ("10.235", 2, "10.24"),
            ("-10.235", 2, "-10.23"),
            ("-10.236", 2, "-10.24"),
            ("1.2", 2, "1.2"),
            ("0.004", 2, "0"),
            ("-0.005", 2, "0"),
        ] {
            assert_eq!(d(text).round(places).to_string(), value, "{text}");
        }
        let long = d(&format!("{}.5", "9".repeat(45)));
        assert_eq!(long.round(0).to_string(), format!("1{}", "0".repeat(45)));
        assert_eq!(
            (-&long).round(0).to_string(),
            format!("-{}", "9".repeat(45))
        );
        assert_eq!(d("-1.5").floor().to_string(), "-2");
        assert_eq!(d("1.9").floor().to_string(), "1");
    }

    #[test]
    fn divides_to_18_places_half_down() {
        assert_eq!(
            d("1").div(&d("3")).unwrap().to_string(),
            "0.333333333333333333"
        );
        assert_eq!(
            d("2").div(&d("-3")).unwrap().to_string(),
            "-0.666666666666666667"
        );
        assert_eq!(
            d("0.0000000000000000005").div(&d("1")).unwrap().to_string(),
            "0.0000000000000000005"
        );
        assert_eq!(
            d("5").div(&d("10000000000000000000")).unwrap().to_string(),
            "0"
        );
        let long = d("123456789.12300").div(&d("3.70")).unwrap();
        assert_eq!(long.to_string(), "33366699.76297297297297297297");
        assert_eq!(
            d("3").div(&d("524288")).unwrap().to_string(),
            "0.000005722045898437"
        );
        assert_eq!(d("12.5").div(&d("100")).unwrap(), d("0.125"));
        assert_eq!(d("1").div(&d("0.00")), None);
    }

    #[test]
    fn number_is_a_double_or_nan() {
        assert_eq!(number(" 1e2 "), 100.0);
        assert_eq!(number("-INF"), f64::NEG_INFINITY);
        assert!(number("inf").is_nan());
        assert!(number("").is_nan());
        assert!(number("1,5").is_nan());
    }
}
