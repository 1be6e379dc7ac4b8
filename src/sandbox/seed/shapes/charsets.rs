//! The same few words in the charsets that still travel, header and body.

use crate::sandbox::seed::{
    cast::{CLARA, JUERGEN, OLGA, TARO},
    desk::{DAY, Desk, READ, UNREAD},
    entity::{Entity, Transfer},
    letter::Person,
};

struct Sample {
    from: Person,
    charset: &'static str,
    transfer: Transfer,
    /// Raw Subject field.
    subject: &'static str,
    /// In the charset, with CRLF.
    body: Vec<u8>,
    age: i64,
}

pub(in crate::sandbox::seed) fn fill(desk: &mut Desk, path: &[&str]) {
    for sample in western().into_iter().chain(distant()) {
        let letter = desk.incoming(sample.from, "", sample.age * DAY).unnamed();
        let letter = letter.with("Subject", sample.subject);
        let kind = format!("text/plain; charset={}", sample.charset);
        let body = Entity::leaf(&kind, sample.transfer, &sample.body);
        let marks = if sample.age < 20 { UNREAD } else { READ };
        desk.put(path, &letter, &body, marks);
    }
}

fn western() -> Vec<Sample> {
    let sample = |charset, transfer, subject, body, age| Sample {
        from: JUERGEN,
        charset,
        transfer,
        subject,
        body,
        age,
    };
    vec![
        sample(
            "iso-8859-1",
            Transfer::QuotedPrintable,
            "=?ISO-8859-1?Q?Gr=FC=DFe_aus_K=F6ln?=",
            latin1("Schöne Grüße aus Köln, bis übermorgen!\r\n"),
            70,
        ),
        sample(
            "ISO-8859-15",
            Transfer::EightBit,
            "=?iso-8859-15?Q?Preis_in_=A4?=",
            latin1("Der Preis beträgt 100 ¤ für alles.\r\n"),
            75,
        ),
        sample(
            "windows-1252",
            Transfer::QuotedPrintable,
            "=?windows-1252?Q?=84Zitat=93_=96_100_=80?=",
            latin1("\u{84}Anführung\u{93} \u{96} und 100 \u{80}\u{85}\r\n"),
            80,
        ),
        sample(
            "iso-8859-2",
            Transfer::Base64,
            "=?iso-8859-2?B?UG96ZHJvd2llbmlhIHogo29kemk=?=",
            latin1("Serdecznie pozdrawiamy z £odzi\r\n"),
            85,
        ),
        Sample {
            from: CLARA,
            ..sample(
                "utf-7",
                Transfer::SevenBit,
                "=?utf-7?Q?Gr+APwA3w-e?=",
                b"Viele Gr+APwA3w-e, Clara\r\n".to_vec(),
                90,
            )
        },
        Sample {
            from: CLARA,
            ..sample(
                "utf-16le",
                Transfer::Base64,
                "UTF-16",
                "Grüße in sechzehn Bit 🚀\r\n"
                    .encode_utf16()
                    .flat_map(u16::to_le_bytes)
                    .collect(),
                95,
            )
        },
    ]
}

fn distant() -> Vec<Sample> {
    let sample = |from, charset, transfer, subject, body, age| Sample {
        from,
        charset,
        transfer,
        subject,
        body,
        age,
    };
    let gb18030 = [
        0xC4, 0xE3, 0xBA, 0xC3, 0xA3, 0xAC, 0xCA, 0xC0, 0xBD, 0xE7, 0x0D, 0x0A,
    ];
    let shift_jis = [
        0x82, 0xB1, 0x82, 0xF1, 0x82, 0xC9, 0x82, 0xBF, 0x82, 0xCD, 0x0D, 0x0A,
    ];
    let big5 = [0xA7, 0x41, 0xA6, 0x6E, 0x0D, 0x0A];
    vec![
        sample(
            OLGA,
            "koi8-r",
            Transfer::Base64,
            "=?koi8-r?B?8NLJ18XU?=",
            koi8r("Привет из Новосибирска, до встречи\r\n"),
            15,
        ),
        sample(
            TARO,
            "iso-2022-jp",
            Transfer::SevenBit,
            "=?ISO-2022-JP?B?GyRCJDMkcyRLJEEkTxsoQg==?=",
            b"\x1B$B$3$s$K$A$O\x1B(B, Anna-san\r\n".to_vec(),
            18,
        ),
        sample(
            TARO,
            "shift_jis",
            Transfer::Base64,
            "=?shift_jis?B?grGC8YLJgr+CzQ==?=",
            shift_jis.to_vec(),
            100,
        ),
        sample(
            TARO,
            "gb18030",
            Transfer::Base64,
            "=?gb18030?B?xOO6w6OsysC95w==?=",
            gb18030.to_vec(),
            105,
        ),
        sample(
            TARO,
            "big5",
            Transfer::QuotedPrintable,
            "=?big5?B?p0Gmbg==?=",
            big5.to_vec(),
            110,
        ),
        sample(
            OLGA,
            "utf-8",
            Transfer::EightBit,
            "=?UTF-8?B?zprOsc67zrfOvM6tz4HOsSDwn4yN?=",
            "Καλημέρα, שלום, مرحبا, 안녕 🌍\r\n".into(),
            12,
        ),
        sample(
            OLGA,
            "x-unbekannt",
            Transfer::QuotedPrintable,
            "Unknown charset",
            b"Byte \xFF means nothing here\r\n".to_vec(),
            115,
        ),
    ]
}

/// Each character as the octet of its number; the C1 controls thus stand for Windows' own characters.
fn latin1(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| u8::try_from(c).unwrap_or(b'?'))
        .collect()
}

/// RFC 1489: lower-case letters from 0xC0 in this order, upper-case ones 0x20 higher.
fn koi8r(text: &str) -> Vec<u8> {
    const ORDER: &str = "юабцдефгхийклмнопярстужвьызшэщчъ";
    let letter = |c: char| {
        let lower = c.to_lowercase().next()?;
        let at = u8::try_from(ORDER.chars().position(|known| known == lower)?).ok()?;
        Some(at + if lower == c { 0xC0 } else { 0xE0 })
    };
    text.chars()
        .map(|c| letter(c).or(u8::try_from(c).ok()).unwrap_or(b'?'))
        .collect()
}
