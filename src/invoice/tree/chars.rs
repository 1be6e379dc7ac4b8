//! Characters and names of XML, references, and the value of an element that holds others.

/// The name (with colons) that starts at an octet; empty if none does.
pub(super) fn name_at(text: &str, at: usize) -> &str {
    let rest = text.get(at..).unwrap_or("");
    let mut end = 0;
    let bytes = rest.as_bytes();
    loop {
        match bytes.get(end) {
            Some(b'a'..=b'z' | b'A'..=b'Z' | b'_' | b':') => end += 1,
            Some(b'0'..=b'9' | b'-' | b'.') if end > 0 => end += 1,
            Some(0x80..) => match rest.get(end..).and_then(|r| r.chars().next()) {
                Some(c) if name_start(c) || (end > 0 && name_inside(c)) => end += c.len_utf8(),
                _ => break,
            },
            _ => break,
        }
    }
    rest.get(..end).unwrap_or("")
}

/// Whether no name goes on at this octet.
pub(super) fn name_ends(text: &str, at: usize) -> bool {
    match text.get(at..).and_then(|r| r.chars().next()) {
        Some(c) if c.is_ascii() => {
            !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '-' | '.'))
        }
        Some(c) => !(name_start(c) || name_inside(c)),
        None => true,
    }
}

/// NameStartChar beyond ASCII.
fn name_start(c: char) -> bool {
    matches!(c, '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}'
        | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

/// What NameChar adds beyond ASCII.
fn name_inside(c: char) -> bool {
    matches!(c, '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

pub(super) fn illegal(byte: u8) -> String {
    format!("the control character {byte:#04x} may not stand in XML")
}

/// Char, for comments, instructions and CDATA.
pub(super) fn legal(text: &str) -> Result<(), String> {
    for c in text.chars() {
        match c {
            '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'.. => {}
            c if (c as u32) < 0x20 => return Err(illegal(c as u8)),
            _ => return Err("U+FFFE and U+FFFF may not stand in XML".to_owned()),
        }
    }
    Ok(())
}

/// Line ends become line feeds (XML 1.0, section 2.11).
pub(super) fn push_lines(out: &mut String, text: &str) {
    let mut pieces = text.split('\r');
    out.push_str(pieces.next().unwrap_or(""));
    for piece in pieces {
        if !piece.starts_with('\n') {
            out.push('\n');
        }
        out.push_str(piece);
    }
}

/// The character that `&...;` at the start of the text stands for, and its length there.
pub(super) fn reference(text: &str) -> Result<(char, usize), String> {
    let body = text.strip_prefix('&').unwrap_or(text);
    // Longer than any that is known: do not look through the rest of the file for the semicolon.
    let end = body.bytes().take(64).position(|b| b == b';');
    let Some(name) = end.and_then(|e| body.get(..e)) else {
        return Err("\"&\" may not stand alone; write &amp;".to_owned());
    };
    let c = match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => {
            let code = match name.strip_prefix('#') {
                Some(digits) => match digits.strip_prefix('x') {
                    Some(hex) => code(hex, 16),
                    None => code(digits, 10),
                },
                None => {
                    return Err(format!(
                        "the entity &{name}; is not known; only those of XML itself are"
                    ));
                }
            };
            code.and_then(char::from_u32)
                .filter(|c| legal(c.encode_utf8(&mut [0; 4])).is_ok())
        }
    };
    let c = c.ok_or_else(|| format!("&{name}; is no character of XML"))?;
    Ok((c, name.len() + 2))
}

fn code(digits: &str, radix: u32) -> Option<u32> {
    let plain = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    plain
        .then(|| u32::from_str_radix(digits, radix).ok())
        .flatten()
}

/// `string()` of the element whose start tag begins the text. The text was read before: it is well-formed.
pub(super) fn string_value(mut rest: &str) -> String {
    let mut out = String::new();
    let mut depth = 0_usize;
    while let Some(at) = rest.find('<') {
        unescape(&mut out, rest.get(..at).unwrap_or(""));
        rest = rest.get(at..).unwrap_or("");
        let skip = |end: &str| rest.find(end).map_or(rest.len(), |e| e + end.len());
        let len = if rest.starts_with("<!--") {
            rest.get(4..)
                .and_then(|r| r.find("-->"))
                .map_or(rest.len(), |e| e + 7)
        } else if let Some(body) = rest.strip_prefix("<![CDATA[") {
            push_lines(&mut out, body.split("]]>").next().unwrap_or(""));
            skip("]]>")
        } else if rest.starts_with("<?") {
            skip("?>")
        } else if rest.starts_with("</") {
            depth = depth.saturating_sub(1);
            skip(">")
        } else {
            let len = tag_length(rest);
            let empty = rest.get(..len).is_some_and(|t| t.ends_with("/>"));
            depth += usize::from(!empty);
            len
        };
        if depth == 0 {
            break;
        }
        rest = rest.get(len..).unwrap_or("");
    }
    out
}

/// Length of a start tag; ">" may stand in attribute values.
fn tag_length(tag: &str) -> usize {
    let mut quote = None;
    for (at, b) in tag.bytes().enumerate() {
        match (quote, b) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(b),
            (Some(q), b) if q == b => quote = None,
            _ => {}
        }
    }
    tag.len()
}

fn unescape(out: &mut String, mut text: &str) {
    while let Some(at) = text.find('&') {
        push_lines(out, text.get(..at).unwrap_or(""));
        text = text.get(at..).unwrap_or("");
        let Ok((c, len)) = reference(text) else { break };
        out.push(c);
        text = text.get(len..).unwrap_or("");
    }
    push_lines(out, text);
}
