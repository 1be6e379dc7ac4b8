//! Takes typed values out of parsed TOML and collects what is wrong on the way.

use super::{
    keys,
    problem::{Problem, Problems},
};
use std::{
    cell::RefCell,
    ops::Range,
    path::{Path, PathBuf},
};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// The text, and the problems found so far.
pub(super) struct Reader<'t> {
    text: &'t str,
    path: &'t Path,
    problems: RefCell<Vec<(usize, Problem)>>,
}

/// A value, with its place for later complaints.
#[derive(Debug, Clone)]
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) key: String,
    pub(super) at: usize,
}

/// A table of the file whose keys are checked.
pub(super) struct Section<'r, 't> {
    reader: &'r Reader<'t>,
    name: &'static str,
    /// Octet where it starts: where a missing key is reported.
    at: usize,
    table: Option<&'r DeTable<'t>>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str, path: &'t Path) -> Self {
        Self {
            text,
            path,
            problems: RefCell::default(),
        }
    }

    /// `None` when the text is no TOML: nothing else is looked at then, since half a file would
    /// only bring complaints that are none.
    pub(super) fn table(&self) -> Option<Spanned<DeTable<'t>>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let at = error.span().map_or(0, |span| span.start);
            self.complain(at, "", format!("not TOML: {}", error.message()), "");
        }
        errors.is_empty().then_some(table)
    }

    pub(super) fn complain(
        &self,
        at: usize,
        key: &str,
        what: impl Into<String>,
        instead: impl Into<String>,
    ) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let problem = Problem {
            line: before.matches('\n').count() + 1,
            column: before.get(start..).unwrap_or("").chars().count() + 1,
            key: key.to_owned(),
            what: what.into(),
            instead: instead.into(),
        };
        self.problems.borrow_mut().push((at, problem));
    }

    pub(super) fn is_content(&self) -> bool {
        self.problems.borrow().is_empty()
    }

    pub(super) fn into_problems(self) -> Problems {
        let mut list = self.problems.into_inner();
        list.sort_by_key(|(at, _)| *at);
        Problems {
            file: self.path.to_owned(),
            list: list.into_iter().map(|(_, problem)| problem).collect(),
        }
    }

    /// A path of the file: `~/` is the home folder, a relative one counts from the file's folder.
    pub(super) fn resolve(&self, path: &Placed<String>) -> Option<PathBuf> {
        let Some(rest) = path.value.strip_prefix("~/") else {
            let folder = self.path.parent().unwrap_or(Path::new(""));
            let joined = folder.join(&path.value);
            return Some(std::path::absolute(&joined).unwrap_or(joined));
        };
        let home = super::home_dir();
        if home.is_none() {
            self.complain(
                path.at,
                &path.key,
                "`~` names no folder here, since the environment has no home folder",
                "the path in full",
            );
        }
        Some(home?.join(rest))
    }
}

impl<'r, 't> Section<'r, 't> {
    /// Refuses unknown keys. `table` is `None` for a section that the file leaves out.
    pub(super) fn open(
        reader: &'r Reader<'t>,
        name: &'static str,
        at: usize,
        table: Option<&'r DeTable<'t>>,
    ) -> Self {
        let section = Self {
            reader,
            name,
            at,
            table,
        };
        let known = keys::of(name);
        for (key, _) in table.into_iter().flatten() {
            if !known.contains(&key.get_ref().as_ref()) {
                section.refuse_unknown(key.get_ref(), key.span(), known);
            }
        }
        section
    }

    fn refuse_unknown(&self, key: &str, span: Range<usize>, known: &[&str]) {
        let instead = match keys::nearest(key, known) {
            Some(near) => format!("`{near}`"),
            None => format!("one of {}", known.join(", ")),
        };
        self.reader
            .complain(span.start, &self.path(key), "no such key", instead);
    }

    pub(super) fn path(&self, key: &str) -> String {
        if self.name.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.name)
        }
    }

    pub(super) fn is_given(&self) -> bool {
        self.table.is_some()
    }

    /// The whole section has a problem that belongs to `key`.
    pub(super) fn complain(&self, key: &str, what: impl Into<String>, instead: impl Into<String>) {
        self.reader
            .complain(self.at, &self.path(key), what, instead);
    }

    pub(super) fn value(&self, key: &str) -> Option<&'r Spanned<DeValue<'t>>> {
        self.table?.get(key)
    }

    /// A table inside this one, absent or not; the wrong type is a problem.
    pub(super) fn section(&self, name: &'static str) -> Section<'r, 't> {
        let value = self.value(name);
        let table = value.and_then(|value| value.get_ref().as_table());
        if let (Some(value), None) = (value, table) {
            self.wrong_type(name, value, "a section", &format!("[{name}]"));
        }
        let at = value.map_or(self.at, |value| value.span().start);
        Section::open(self.reader, name, at, table)
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'t>>, wanted: &str, instead: &str) {
        let found = article(value.get_ref().type_str());
        self.reader.complain(
            value.span().start,
            &self.path(key),
            format!("{wanted} is wanted, not {found}"),
            instead,
        );
    }

    /// A string that is not empty; `example` is a value as it may be written.
    pub(super) fn string(&self, key: &str, example: &str) -> Option<Placed<String>> {
        let value = self.value(key)?;
        let instead = format!("{key} = {example}");
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_type(key, value, "a string", &instead);
            return None;
        };
        let at = value.span().start;
        let key = self.path(key);
        if text.trim() != text || text.is_empty() {
            let what = "the text is empty, or starts or ends with a space";
            self.reader.complain(at, &key, what, instead);
            return None;
        }
        let value = text.to_owned();
        Some(Placed { value, key, at })
    }

    /// A string that must be there.
    pub(super) fn required(&self, key: &str, example: &str) -> Option<Placed<String>> {
        if self.value(key).is_none() {
            self.complain(key, "missing", format!("{key} = {example}"));
        }
        self.string(key, example)
    }

    /// An array of strings; elements of another type are problems.
    pub(super) fn strings(&self, key: &str, example: &str) -> Option<Vec<Placed<String>>> {
        let value = self.value(key)?;
        let instead = format!("{key} = {example}");
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(key, value, "an array of strings", &instead);
            return None;
        };
        let mut list = Vec::new();
        for element in array.iter() {
            match element.get_ref().as_str() {
                Some(text) => list.push(Placed {
                    value: text.to_owned(),
                    key: self.path(key),
                    at: element.span().start,
                }),
                None => self.wrong_type(key, element, "an array of strings", &instead),
            }
        }
        Some(list)
    }

    /// One of a few words; `None` when absent or wrong.
    pub(super) fn choice<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Option<T> {
        let first = words.first().map_or("", |(word, _)| word);
        let given = self.string(key, &format!("\"{first}\""))?;
        let found = words.iter().find(|(word, _)| *word == given.value);
        if found.is_none() {
            let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            let near = keys::nearest(&given.value, &known);
            let instead = match near {
                Some(near) => format!("{key} = \"{near}\""),
                None => format!("{key} = \"{}\"", known.join("\", or \"")),
            };
            let what = format!("\"{}\" is not known here", given.value);
            self.reader.complain(given.at, &given.key, what, instead);
        }
        found.map(|(_, value)| *value)
    }
}

impl<T> Placed<T> {
    pub(super) fn complain(
        &self,
        reader: &Reader<'_>,
        what: impl Into<String>,
        instead: impl Into<String>,
    ) {
        reader.complain(self.at, &self.key, what, instead);
    }
}

fn article(noun: &str) -> String {
    let an = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if an { "an" } else { "a" })
}
