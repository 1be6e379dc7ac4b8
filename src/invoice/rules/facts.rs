//! What rules need of the whole document, computed once.

use super::Syntax;
use crate::invoice::tree::{El, Tree};

/// Facts of one document.
pub struct Facts<'t> {
    pub tree: &'t Tree,
    pub root: El<'t>,
    pub syntax: Syntax,
}

impl<'t> Facts<'t> {
    pub fn new(tree: &'t Tree, syntax: Syntax) -> Facts<'t> {
        Facts {
            tree,
            root: tree.root(),
            syntax,
        }
    }
}
