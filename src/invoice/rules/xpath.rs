//! What the official tests use of XPath 2.0, on our tree: comparison of untyped values, casts, white space, and the type errors that stop them.
//!
//! An untyped value is a string against a string, a double against a number, a boolean against a boolean. A comparison of node sets holds if
//! it holds for one pair. A cast or a string function takes at most one node; two are a [`Fault`], and so is a value that is no number.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::invoice::decimal::{Decimal, number};
use crate::invoice::names::Name;
use crate::invoice::tree::El;
pub(crate) use crate::invoice::tree::normalize_space;

/// A relative path of child steps.
pub(crate) type Steps = &'static [Name];

/// What a test found.
pub(crate) enum Outcome {
    Holds,
    /// With the values for the places of the message.
    Fires(Vec<String>),
}

/// Why a test cannot be carried out; the official rules stop there.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Several elements or attributes where one is expected: document order of the second.
    Several(u32),
    /// The content is not of the type: document order of the element.
    Type(u32, &'static str),
}

pub(crate) type Test = Result<Outcome, Fault>;

pub(crate) fn holds(holds: bool) -> Test {
    Ok(if holds {
        Outcome::Holds
    } else {
        Outcome::Fires(Vec::new())
    })
}

pub(crate) fn holds_or<const N: usize>(holds: bool, values: impl FnOnce() -> [String; N]) -> Test {
    Ok(if holds {
        Outcome::Holds
    } else {
        Outcome::Fires(values().into())
    })
}

/// For the tests that fire because their context is there.
pub(crate) fn fires<const N: usize>(values: [String; N]) -> Test {
    Ok(Outcome::Fires(values.into()))
}

pub(crate) fn exists(el: El<'_>, steps: Steps) -> bool {
    el.first(steps).is_some()
}

pub(crate) fn count(el: El<'_>, steps: Steps) -> usize {
    el.path(steps).count()
}

/// The node of a sequence that must have at most one.
pub(crate) fn at_most_one<'t>(
    nodes: impl IntoIterator<Item = El<'t>>,
) -> Result<Option<El<'t>>, Fault> {
    let mut nodes = nodes.into_iter();
    let first = nodes.next();
    match nodes.next() {
        Some(second) => Err(Fault::Several(second.order())),
        None => Ok(first),
    }
}

pub(crate) fn one<'t>(el: El<'t>, steps: Steps) -> Result<Option<El<'t>>, Fault> {
    match steps {
        [name] => at_most_one(el.all(*name)),
        _ => at_most_one(el.path(steps)),
    }
}

fn space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

pub(crate) fn blank(text: &str) -> bool {
    text.chars().all(space)
}

pub(crate) fn is_blank(el: El<'_>) -> bool {
    blank(&el.string())
}

/// `normalize-space(path) != ''`
pub(crate) fn filled(el: El<'_>, steps: Steps) -> Test {
    holds(one(el, steps)?.is_some_and(|e| !is_blank(e)))
}

/// `normalize-space(parents/path) != ''`
pub(crate) fn filled_of<'t>(parents: impl Iterator<Item = El<'t>>, steps: Steps) -> Test {
    holds(at_most_one(parents.flat_map(|p| p.path(steps)))?.is_some_and(|e| !is_blank(e)))
}

/// `path[boolean(normalize-space(.))]`
pub(crate) fn any_filled(el: El<'_>, steps: Steps) -> bool {
    el.path(steps).any(|e| !is_blank(e))
}

/// `normalize-space(path)`; empty for none.
pub(crate) fn normalized<'t>(el: El<'t>, steps: Steps) -> Result<Cow<'t, str>, Fault> {
    Ok(one(el, steps)?.map_or(Cow::Borrowed(""), El::normalized))
}

/// `string(path)`, `path` as the argument of a string function; empty for none.
pub(crate) fn string<'t>(el: El<'t>, steps: Steps) -> Result<Cow<'t, str>, Fault> {
    Ok(one(el, steps)?.map_or(Cow::Borrowed(""), El::string))
}

/// `path = 'value'`
pub(crate) fn any_is(el: El<'_>, steps: Steps, value: &str) -> bool {
    el.path(steps).any(|e| e.string() == value)
}

/// `@name = path`, for the strings of the path.
pub(crate) fn attr_in(el: El<'_>, name: &str, values: &[Cow<'_, str>]) -> bool {
    el.attr(name)
        .is_some_and(|a| values.iter().any(|v| *v == a))
}

pub(crate) fn strings<'t>(el: El<'t>, steps: Steps) -> Vec<Cow<'t, str>> {
    el.path(steps).map(El::string).collect()
}

/// `xs:decimal(node)`
pub(crate) fn decimal(el: El<'_>) -> Result<Decimal, Fault> {
    Decimal::parse(el.string().trim_matches(space)).ok_or(Fault::Type(el.order(), "decimal"))
}

/// `xs:decimal(path)`
pub(crate) fn decimal_at(el: El<'_>, steps: Steps) -> Result<Option<Decimal>, Fault> {
    one(el, steps)?.map(decimal).transpose()
}

/// `number`-like cast that a comparison with a number makes: to double.
pub(crate) fn double(el: El<'_>) -> Result<f64, Fault> {
    let text = el.string();
    let value = number(&text);
    if value.is_nan() && text.trim_matches(space) != "NaN" {
        return Err(Fault::Type(el.order(), "number"));
    }
    Ok(value)
}

/// A decimal where XPath makes it a double, to compare it with one.
pub(crate) fn to_double(value: &Decimal) -> f64 {
    number(&value.to_string())
}

/// `xs:decimal(double)`: exactly what the double is in binary.
pub(crate) fn from_double(value: f64) -> Option<Decimal> {
    // No double has more decimal places than this.
    Decimal::parse(&format!("{value:.1074}"))
}

/// `path op number`, for one node at least: how the untyped node compares with the number.
///
/// The reference processor orders doubles totally there, so that -0.00 is less than 0 and not equal to it; a plain -0 is read as an integer
/// where the number is one.
pub(crate) fn any_number<'t>(
    nodes: impl Iterator<Item = El<'t>>,
    number: Number,
    test: fn(Ordering) -> bool,
) -> Result<bool, Fault> {
    for node in nodes {
        let text = node.string();
        let text = text.trim_matches(space);
        let whole = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (value, number) = match number {
            Number::Whole(n)
                if whole.len() <= 15
                    && !whole.is_empty()
                    && whole.bytes().all(|b| b.is_ascii_digit()) =>
            {
                (double(node)? + 0.0, f64::from(n))
            }
            Number::Whole(n) => (double(node)?, f64::from(n)),
            Number::Double(n) => (double(node)?, n),
        };
        if test(value.total_cmp(&number)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What an untyped node is compared with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    /// An integer literal.
    Whole(i32),
    Double(f64),
}

pub(crate) const ZERO: Number = Number::Whole(0);

/// `xs:boolean(node)`
pub(crate) fn boolean(el: El<'_>) -> Result<bool, Fault> {
    match el.string().trim_matches(space) {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Fault::Type(el.order(), "true or false")),
    }
}

/// `path = true()` or `path = false()`, for one node at least.
pub(crate) fn any_boolean<'t>(
    nodes: impl Iterator<Item = El<'t>>,
    value: bool,
) -> Result<bool, Fault> {
    for node in nodes {
        if boolean(node)? == value {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `contains(list, text)` where the list is a text with a space around each code, and the text may have spaces too.
pub(crate) fn listed(list: &[&str], text: &str) -> bool {
    list.contains(&text) || format!(" {} ", list.join(" ")).contains(text)
}

/// `xs:date(node)`, as minutes; without a time zone it is one in UTC.
pub(crate) fn date(el: El<'_>) -> Result<i64, Fault> {
    let text = el.string();
    let text = text.trim_matches(space);
    minutes(text).ok_or(Fault::Type(el.order(), "date"))
}

fn minutes(text: &str) -> Option<i64> {
    let (negative, rest) = text
        .strip_prefix('-')
        .map_or((false, text), |rest| (true, rest));
    let (year, rest) = rest.split_once('-')?;
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if year.len() < 4 || year.len() > 9 || !digits(year) {
        return None;
    }
    let (date, zone) = rest.split_at_checked(5)?;
    let (month, day) = date.split_once('-')?;
    if month.len() != 2 || day.len() != 2 || !digits(month) || !digits(day) {
        return None;
    }
    let (year, month, day): (i64, i64, i64) =
        (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let year = if negative { -year } else { year };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if day < 1 || day > longest {
        return None;
    }
    let offset = match zone {
        "" | "Z" => 0,
        _ => {
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            let (hours, minutes) = zone.strip_prefix(['+', '-'])?.split_once(':')?;
            if hours.len() != 2 || minutes.len() != 2 || !digits(hours) || !digits(minutes) {
                return None;
            }
            let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
            sign * (hours * 60 + minutes)
        }
    };
    // Days since 1 March of the year 0, in the proleptic Gregorian calendar.
    let (y, m) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days =
        y * 365 + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (m * 153 + 2) / 5 + day;
    Some(days * 1440 - offset)
}

/// `fn:round` of a double: half towards positive infinity.
pub(crate) fn round(value: f64) -> f64 {
    let floor = value.floor();
    let rounded = if value - floor >= 0.5 {
        floor + 1.0
    } else {
        floor
    };
    // Minus a little rounds to minus zero.
    if rounded == 0.0 {
        rounded.copysign(value)
    } else {
        rounded
    }
}

/// `round(value * 10 * 10) div 100`
pub(crate) fn round_cents(value: f64) -> f64 {
    round(value * 10.0 * 10.0) / 100.0
}

/// `sum(path)` of untyped nodes: doubles, added in document order.
pub(crate) fn sum<'t>(nodes: impl Iterator<Item = El<'t>>) -> Result<f64, Fault> {
    let mut sum = None;
    for node in nodes {
        let value = double(node)?;
        sum = Some(sum.map_or(value, |sum: f64| sum + value));
    }
    Ok(sum.unwrap_or(0.0))
}

/// `string-length(substring-after(path, '.')) <= 2`, with the value if not.
pub(crate) fn two_decimals(el: El<'_>, steps: Steps) -> Test {
    let value = string(el, steps)?;
    let after = value
        .split_once('.')
        .map_or(0, |(_, after)| after.chars().count());
    holds_or(after <= 2, || [value.into_owned()])
}

/// `round(sum(path) * 10 * 10) div 100` as something to compare with; without nodes the sum is the integer 0.
pub(crate) fn sum_in_cents<'t>(nodes: impl Iterator<Item = El<'t>>) -> Result<Number, Fault> {
    let mut nodes = nodes.peekable();
    if nodes.peek().is_none() {
        return Ok(ZERO);
    }
    Ok(Number::Double(round_cents(sum(nodes)?)))
}

/// What a message shows of an element's value.
pub(crate) fn shown(el: Option<El<'_>>) -> String {
    const LONGEST: usize = 80;
    let Some(el) = el else {
        return "–".to_owned();
    };
    let text = el.normalized();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or("")),
        None => text.into_owned(),
    }
}

pub(crate) fn shown_decimal(value: Option<Decimal>) -> String {
    value.map_or_else(|| "–".to_owned(), |v| v.to_string())
}

/// What a message shows of a number that was calculated.
pub(crate) fn shown_number(number: Number) -> String {
    let value = match number {
        Number::Whole(n) => f64::from(n),
        Number::Double(n) => n,
    };
    let text = format!("{value:.2}");
    if (value - text.parse().unwrap_or(value)).abs() < 1e-7 {
        text
    } else {
        value.to_string()
    }
}

/// The values of an attribute of the elements, as an argument that takes at most one.
pub(crate) fn one_attr<'t>(
    nodes: impl Iterator<Item = El<'t>>,
    name: &str,
) -> Result<Option<&'t str>, Fault> {
    Ok(at_most_one(nodes.filter(|n| n.attr(name).is_some()))?.and_then(|n| n.attr(name)))
}

/// Whether the parents are these, nearest last.
pub(crate) fn under(el: El<'_>, parents: Steps) -> bool {
    let mut at = el;
    for name in parents.iter().rev() {
        match at.parent() {
            Some(parent) if parent.is(*name) => at = parent,
            _ => return false,
        }
    }
    true
}

/// Whether the path from the root to the element is this, without the element itself.
pub(crate) fn rooted(el: El<'_>, parents: Steps) -> bool {
    under(el, parents) && el.ancestors().count() == parents.len()
}
