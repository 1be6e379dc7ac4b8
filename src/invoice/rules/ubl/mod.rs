//! The rules for UBL 2.1 invoices and credit notes.

use super::engine::{Cx, Pattern};

pub(crate) struct Facts<'t> {
    _cx: std::marker::PhantomData<&'t ()>,
}

impl<'t> Facts<'t> {
    pub(crate) fn new(_: &Cx<'t>) -> Self {
        Facts {
            _cx: std::marker::PhantomData,
        }
    }
}

pub(crate) const PATTERNS: &[Pattern] = &[];
