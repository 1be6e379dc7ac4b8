//! The handle of an element, and the steps that XPath would take from it.

use std::borrow::Cow;

use super::{MIXED, Node, Tree, chars};
use crate::invoice::names::{self, Name};

/// An element. Copy it freely.
#[derive(Clone, Copy)]
pub struct El<'t> {
    tree: &'t Tree,
    index: u32,
}

/// An attribute that is not a namespace declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attr<'t> {
    /// As written, with prefix.
    pub qname: &'t str,
    pub local: &'t str,
    /// Empty without prefix.
    pub namespace: &'t str,
    pub value: &'t str,
}

impl PartialEq for El<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl Eq for El<'_> {}

static NO_NODE: Node = Node {
    name: names::UNKNOWN,
    flags: 0,
    parent: 0,
    end: 0,
    at: 0,
    text: super::Span { at: 0, len: 0 },
    atts: 0,
};

impl<'t> El<'t> {
    pub(super) fn new(tree: &'t Tree, index: u32) -> Self {
        El { tree, index }
    }

    fn node(self) -> &'t Node {
        self.tree.nodes.get(self.index as usize).unwrap_or(&NO_NODE)
    }

    pub fn tree(self) -> &'t Tree {
        self.tree
    }

    pub fn name(self) -> Name {
        self.node().name
    }

    pub fn is(self, name: Name) -> bool {
        self.name() == name
    }

    /// The name as written, with prefix.
    pub fn qname(self) -> &'t str {
        chars::name_at(&self.tree.text, self.node().at as usize + 1)
    }

    pub fn local(self) -> &'t str {
        let known = self.name().local();
        if known.is_empty() {
            self.qname().rsplit(':').next().unwrap_or("")
        } else {
            known
        }
    }

    /// The namespace's URI; empty for none.
    pub fn namespace(self) -> &'t str {
        let known = self.name().uri();
        if !known.is_empty() {
            return known;
        }
        let foreign = &self.tree.foreign;
        foreign
            .binary_search_by_key(&self.index, |f| f.0)
            .ok()
            .and_then(|i| foreign.get(i))
            .and_then(|f| self.tree.namespaces.get(usize::from(f.1)))
            .map_or("", String::as_str)
    }

    /// Place in document order, from 0.
    pub fn order(self) -> u32 {
        self.index
    }

    /// The document from the start tag on, up to the element that follows the subtree.
    fn raw(self) -> &'t str {
        self.tree.text.get(self.offset()..).unwrap_or("")
    }

    /// Octet offset of the start tag in the decoded text.
    pub(super) fn offset(self) -> usize {
        self.node().at as usize
    }

    pub fn parent(self) -> Option<El<'t>> {
        (self.index != 0).then(|| El::new(self.tree, self.node().parent))
    }

    /// Parent, its parent, up to the root.
    pub fn ancestors(self) -> impl Iterator<Item = El<'t>> {
        std::iter::successors(self.parent(), |e| e.parent())
    }

    /// `ancestor::NAME`
    pub fn has_ancestor(self, name: Name) -> bool {
        self.ancestors().any(|a| a.is(name))
    }

    pub fn children(self) -> Children<'t> {
        Children {
            tree: self.tree,
            next: self.index + 1,
            end: self.node().end,
        }
    }

    pub fn has_children(self) -> bool {
        self.node().end > self.index + 1
    }

    /// The first child of this name.
    pub fn child(self, name: Name) -> Option<El<'t>> {
        self.children().find(|c| c.is(name))
    }

    /// `exists(NAME)`
    pub fn has(self, name: Name) -> bool {
        self.child(name).is_some()
    }

    /// The children of this name.
    pub fn all(self, name: Name) -> impl Iterator<Item = El<'t>> + Clone {
        self.children().filter(move |c| c.is(name))
    }

    /// `count(NAME)`
    pub fn count(self, name: Name) -> usize {
        self.all(name).count()
    }

    /// The nodes of a relative path, in document order: `a/b/c`.
    pub fn path<'n>(self, names: &'n [Name]) -> Path<'t, 'n> {
        Path {
            names,
            open: vec![self.children()],
        }
    }

    /// The first node of a relative path.
    pub fn first(self, names: &[Name]) -> Option<El<'t>> {
        match names {
            [] => Some(self),
            [only] => self.child(*only),
            [first, rest @ ..] => self.all(*first).find_map(|c| c.first(rest)),
        }
    }

    /// All elements below, in document order.
    pub fn descendants(self) -> impl Iterator<Item = El<'t>> {
        (self.index + 1..self.node().end).map(move |i| El::new(self.tree, i))
    }

    /// `descendant::NAME`
    pub fn below(self, name: Name) -> impl Iterator<Item = El<'t>> {
        self.descendants().filter(move |d| d.is(name))
    }

    /// `preceding-sibling::NAME`, in document order.
    pub fn before(self, name: Name) -> impl Iterator<Item = El<'t>> {
        let siblings = self.parent().map(El::children);
        siblings
            .into_iter()
            .flatten()
            .take_while(move |s| *s != self)
            .filter(move |s| s.is(name))
    }

    /// Text of an element without children; empty for others, which hold white space there.
    pub fn text(self) -> &'t str {
        self.tree.str(self.node().text)
    }

    /// `string()`: the text of the element and all below it.
    pub fn string(self) -> Cow<'t, str> {
        if self.has_children() {
            Cow::Owned(chars::string_value(self.raw()))
        } else {
            Cow::Borrowed(self.text())
        }
    }

    /// `normalize-space()`
    pub fn normalized(self) -> Cow<'t, str> {
        match self.string() {
            Cow::Borrowed(text) => normalize_space(text),
            Cow::Owned(text) => Cow::Owned(normalize_space(&text).into_owned()),
        }
    }

    /// Whether text other than white space stands beside child elements.
    pub fn mixed(self) -> bool {
        self.node().flags & MIXED != 0
    }

    /// The value of the attribute without namespace of this name.
    pub fn attr(self, local: &str) -> Option<&'t str> {
        self.attrs()
            .find(|a| a.namespace.is_empty() && a.qname == local)
            .map(|a| a.value)
    }

    pub fn attrs(self) -> impl Iterator<Item = Attr<'t>> {
        let tree = self.tree;
        let from = self.node().atts as usize;
        let next = tree.nodes.get(self.index as usize + 1);
        let to = next.map_or(tree.atts.len(), |n| n.atts as usize);
        tree.atts.get(from..to).unwrap_or(&[]).iter().map(|a| {
            let start = a.at as usize;
            let qname = tree
                .text
                .get(start..start + usize::from(a.len))
                .unwrap_or("");
            Attr {
                qname,
                local: qname.get(usize::from(a.prefix)..).unwrap_or(""),
                namespace: tree
                    .namespaces
                    .get(usize::from(a.namespace))
                    .map_or("", String::as_str),
                value: tree.str(a.value),
            }
        })
    }
}

impl std::fmt::Debug for El<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{} #{}>", self.qname(), self.index)
    }
}

/// The children of an element.
#[derive(Clone)]
pub struct Children<'t> {
    tree: &'t Tree,
    next: u32,
    end: u32,
}

impl<'t> Iterator for Children<'t> {
    type Item = El<'t>;

    fn next(&mut self) -> Option<El<'t>> {
        if self.next >= self.end {
            return None;
        }
        let el = El::new(self.tree, self.next);
        self.next = el.node().end;
        Some(el)
    }
}

/// The nodes of a path.
pub struct Path<'t, 'n> {
    names: &'n [Name],
    /// One for each step that is under way.
    open: Vec<Children<'t>>,
}

impl<'t> Iterator for Path<'t, '_> {
    type Item = El<'t>;

    fn next(&mut self) -> Option<El<'t>> {
        loop {
            let depth = self.open.len();
            let name = *self.names.get(depth.checked_sub(1)?)?;
            match self.open.last_mut()?.find(|c| c.is(name)) {
                Some(el) if depth == self.names.len() => return Some(el),
                Some(el) => self.open.push(el.children()),
                None => {
                    self.open.pop();
                }
            }
        }
    }
}

/// `normalize-space()`: XML white space trimmed and collapsed; borrowed where it was so already.
pub fn normalize_space(text: &str) -> Cow<'_, str> {
    let space = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r');
    let trimmed = text.trim_matches(space);
    let bytes = trimmed.as_bytes();
    let plain =
        !bytes.iter().any(|b| matches!(b, b'\t' | b'\n' | b'\r')) && !trimmed.contains("  ");
    if plain {
        return Cow::Borrowed(trimmed);
    }
    let mut out = String::with_capacity(trimmed.len());
    for word in trimmed.split(space).filter(|w| !w.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    Cow::Owned(out)
}
