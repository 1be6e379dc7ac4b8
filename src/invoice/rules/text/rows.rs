//! What the rows of tables say: a path that EN 16931 does not use, or that occurs too often. English and German.

pub(crate) const ABSENT: (&str, &str) = (
    "{path} is not used in an invoice after EN 16931, so the recipient will not see it. Remove it, or put its content where it is read.",
    "{path} wird in einer Rechnung nach EN 16931 nicht verwendet, der Empfänger sieht es also nicht. Entfernen Sie es, oder schreiben Sie den \
     Inhalt dorthin, wo er gelesen wird.",
);
pub(crate) const AT_MOST_ONE: (&str, &str) = (
    "{path} occurs {count} times, but an invoice after EN 16931 has it once at most. Keep one.",
    "{path} kommt {count}-mal vor, eine Rechnung nach EN 16931 hat es höchstens einmal. Behalten Sie eines.",
);
pub(crate) const EXACTLY_ONE: (&str, &str) = (
    "{path} occurs {count} times, but an invoice after EN 16931 has it exactly once. Correct that.",
    "{path} kommt {count}-mal vor, eine Rechnung nach EN 16931 hat es genau einmal. Berichtigen Sie das.",
);
