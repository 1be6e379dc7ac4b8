//! What is said where the official rules stop with a type error.

use super::{en, xr};
use crate::invoice::report::Rule;

const EN: &str = "The rules stop at {element} (\"{value}\"): {rule} needs {wanted} there. Correct this element; only then can the rest be checked.";
const DE: &str = "Die Regeln brechen bei {element} (\"{value}\") ab: {rule} braucht dort {wanted}. Berichtigen Sie dieses Element; erst dann kann der \
     Rest geprüft werden.";

pub(crate) const EN_STOPS: Rule = en::fatal("POSTERN-EN-STOPS", &[], EN, DE);
pub(crate) const XR_STOPS: Rule = xr::fatal("POSTERN-XR-STOPS", &[], EN, DE);
