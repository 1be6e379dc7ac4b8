//! The people of the demo, all invented.

use super::letter::Person;

pub(super) const ANNA: Person = ("Anna Albrecht", "anna@example.com");
pub(super) const BEN: Person = ("Ben Baker", "ben@example.com");
pub(super) const RECHNUNG: Person = ("Rechnungseingang", "rechnung@example.com");

pub(super) const CLARA: Person = ("Clara Conrad", "clara.conrad@example.net");
pub(super) const JUERGEN: Person = ("Jürgen Groß", "j.gross@example.net");
pub(super) const OLGA: Person = ("Ольга Соколова", "olga@example.org");
pub(super) const TARO: Person = ("山田太郎", "taro@example.org");
pub(super) const GRACE: Person = ("Grace Grant", "grace@example.org");
pub(super) const COUNSEL: Person = (
    "Lenz, Dr. Maria (Kanzlei \"Lenz & Söhne\")",
    "kanzlei@example.net",
);
pub(super) const POSTMASTER: Person = ("Mail Delivery System", "MAILER-DAEMON@example.net");
pub(super) const NEWS: Person = ("Bauwelt Wochenschau", "news@example.org");
pub(super) const BARE: Person = ("", "scanner@example.com");

/// Who writes to the German desks.
pub(super) const GERMANS: &[Person] = &[
    CLARA,
    JUERGEN,
    BEN,
    ("Dörte Dietz", "d.dietz@example.org"),
    ("Emma Evers", "emma@example.net"),
    ("Farid Farahani", "farid.farahani@example.org"),
    ("Hoffmann, Hakan", "hoffmann@example.org"),
    ("Stadtwerke Musterstadt", "kundenservice@example.net"),
    ("Ines Jäger", "ines.jaeger@example.net"),
];

/// Who writes to the English desk.
pub(super) const ENGLISH: &[Person] = &[
    ANNA,
    GRACE,
    ("Kim Keller", "kim@example.net"),
    ("O'Neill, Liam", "liam.oneill@example.org"),
    ("Build server", "builds@example.com"),
    ("Mónica Muñoz", "monica@example.net"),
    ("Priya Patel", "priya.patel@example.org"),
];

/// Suppliers of the mailbox for invoices.
pub(super) const SUPPLIERS: &[Person] = &[
    ("Bürobedarf Beck", "rechnung@beck.example.net"),
    ("Druckerei Zahn & Co. KG", "buchhaltung@zahn.example.org"),
    ("Kaffee Kontor", "invoice@kontor.example.net"),
    ("Cloud Hosting Ltd", "billing@hosting.example.org"),
    ("Reinigung Krämer", "kraemer@example.net"),
];
