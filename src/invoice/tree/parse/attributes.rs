//! Inside of a tag: attributes, and the namespaces that they declare (Namespaces in XML 1.0).

use super::{
    Att, MEMO, Memo, Name, Reader, SIDE, Span, Step, XML, XMLNS, class, illegal, name_at, names,
};

impl<'s> Reader<'s> {
    /// Up to `>`; true for an empty-element tag.
    pub(super) fn attributes(&mut self) -> Step<bool> {
        let first = self.atts.len();
        loop {
            let spaced = self.spaces();
            match self.peek() {
                Some(b'>') => {
                    self.at += 1;
                    return Ok(false);
                }
                Some(b'/') if self.eat("/>") => return Ok(true),
                None => return Err("the file ends inside of a tag".to_owned()),
                Some(_) => {}
            }
            let start = self.at;
            let qname = name_at(self.src, start);
            if qname.is_empty() || !spaced {
                return Err("this tag cannot be read: attributes are written  name=\"value\"  with white space before".to_owned());
            }
            self.at += qname.len();
            self.spaces();
            if !self.eat("=") {
                return Err(format!("\"=\" is missing after the attribute {qname}"));
            }
            self.spaces();
            let value = self.attribute_value(qname)?;
            if qname == "xmlns" || qname.starts_with("xmlns:") {
                self.declare(qname.strip_prefix("xmlns:").unwrap_or(""), value)?;
                continue;
            }
            if self.atts.len() - first >= self.limits.attributes
                || qname.len() > usize::from(u16::MAX)
            {
                return Err(format!(
                    "an element has more than {} attributes",
                    self.limits.attributes
                ));
            }
            let prefix = qname.split_once(':').map_or(0, |(p, _)| p.len() as u16 + 1);
            self.atts.push(Att {
                at: start as u32,
                len: qname.len() as u16,
                prefix,
                namespace: 0,
                value,
            });
        }
    }

    pub(super) fn attribute_value(&mut self, qname: &str) -> Step<Span> {
        let quote = self.peek().filter(|q| matches!(q, b'"' | b'\''));
        let quote = quote.ok_or_else(|| format!("the value of {qname} is not in quotes"))?;
        self.at += 1;
        let start = self.at;
        let mut side: Option<usize> = None;
        let mut from = start;
        loop {
            let byte = self
                .peek()
                .ok_or_else(|| format!("the value of {qname} does not end"))?;
            if byte == quote {
                break;
            }
            let special = match class(byte) {
                0 | 2 => false,
                1 => byte != b' ',
                4 => return Err(illegal(byte)),
                _ => byte != 0xEF,
            };
            if byte == 0xEF {
                self.noncharacter()?;
            }
            if !special {
                self.at += 1;
                continue;
            }
            side.get_or_insert(self.side.len());
            self.side
                .push_str(self.src.get(from..self.at).unwrap_or(""));
            match byte {
                b'<' => {
                    return Err(format!(
                        "\"<\" may not stand in the value of {qname}; write &lt;"
                    ));
                }
                b'&' => {
                    let c = self.reference()?;
                    self.side.push(c);
                }
                _ => {
                    self.at += if self.rest().starts_with("\r\n") {
                        2
                    } else {
                        1
                    };
                    self.side.push(' ');
                }
            }
            from = self.at;
        }
        let end = self.at;
        self.at += 1;
        Ok(match side {
            None => Span {
                at: start as u32,
                len: (end - start) as u32,
            },
            Some(at) => {
                self.side.push_str(self.src.get(from..end).unwrap_or(""));
                Span {
                    at: at as u32 | SIDE,
                    len: (self.side.len() - at) as u32,
                }
            }
        })
    }

    pub(super) fn value(&self, span: Span) -> &str {
        let from = if span.at & SIDE == 0 {
            self.src
        } else {
            &self.side
        };
        let at = (span.at & !SIDE) as usize;
        from.get(at..at + span.len as usize).unwrap_or("")
    }

    pub(super) fn declare(&mut self, prefix: &'s str, value: Span) -> Step {
        let uri = self.value(value).to_owned();
        let wrong = match prefix {
            "xml" => uri != XML,
            "xmlns" => true,
            "" => uri == XML || uri == XMLNS,
            _ => uri.is_empty() || uri == XML || uri == XMLNS || prefix.contains(':'),
        };
        if wrong {
            return Err(format!(
                "the prefix \"{prefix}\" may not be bound to \"{uri}\""
            ));
        }
        if self
            .scope
            .iter()
            .skip(self.pending)
            .any(|(p, _)| *p == prefix)
        {
            return Err(format!("the prefix \"{prefix}\" is declared twice"));
        }
        if self.scope.len() >= self.limits.namespaces || self.namespaces.len() >= 4096 {
            return Err("too many namespace declarations".to_owned());
        }
        let known = self.namespaces.iter().position(|n| *n == uri);
        let index = known.unwrap_or_else(|| {
            self.namespaces.push(uri);
            self.namespaces.len() - 1
        });
        self.scope.push((prefix, index as u16));
        self.generation += 1;
        Ok(())
    }

    pub(super) fn close_scope(&mut self, scope: usize) {
        if self.scope.len() > scope {
            self.scope.truncate(scope);
            self.generation += 1;
        }
    }

    pub(super) fn namespace_of(&self, prefix: &str) -> Step<u16> {
        let bound = self.scope.iter().rev().find(|(p, _)| *p == prefix);
        match (bound, prefix) {
            (Some((_, index)), _) => Ok(*index),
            (None, "") => Ok(0),
            (None, "xml") => Ok(1),
            (None, _) => Err(format!("the prefix \"{prefix}\" is not declared")),
        }
    }

    pub(super) fn resolve(&mut self, qname: &'s str) -> Step<(Name, u16)> {
        let hash = qname.bytes().fold(qname.len(), |h, b| {
            h.wrapping_mul(31).wrapping_add(usize::from(b))
        });
        let slot = hash % MEMO;
        if let Some(memo) = self.memo.get(slot)
            && memo.generation == self.generation
            && memo.qname == qname
        {
            return Ok((Name(memo.name), memo.namespace));
        }
        let (prefix, local) = qname.split_once(':').unwrap_or(("", qname));
        if (local.len() < qname.len() && prefix.is_empty())
            || name_at(local, 0) != local
            || local.contains(':')
            || local.is_empty()
        {
            return Err(format!("<{qname}> is not a name"));
        }
        let namespace = self.namespace_of(prefix)?;
        let name = self
            .namespaces
            .get(usize::from(namespace))
            .map_or(names::UNKNOWN, |uri| Name::of(uri, local));
        if let Some(memo) = self.memo.get_mut(slot) {
            *memo = Memo {
                qname,
                generation: self.generation,
                name: name.0,
                namespace,
            };
        }
        Ok((name, namespace))
    }

    pub(super) fn resolve_attributes(&mut self, first: usize) -> Step {
        for i in first..self.atts.len() {
            let Some(att) = self.atts.get(i).copied() else {
                break;
            };
            let start = att.at as usize;
            let qname = self
                .src
                .get(start..start + usize::from(att.len))
                .unwrap_or("");
            let (prefix, local) = qname
                .split_at_checked(usize::from(att.prefix))
                .unwrap_or(("", qname));
            let mut namespace = 0;
            if let Some(prefix) = prefix.strip_suffix(':') {
                if prefix.is_empty()
                    || local.is_empty()
                    || local.contains(':')
                    || name_at(local, 0) != local
                {
                    return Err(format!("\"{qname}\" is not a name for an attribute"));
                }
                namespace = self.namespace_of(prefix)?;
                if let Some(att) = self.atts.get_mut(i) {
                    att.namespace = namespace;
                }
            }
            let twice = self.atts.iter().take(i).skip(first).any(|a| {
                let start = a.at as usize;
                let other = self
                    .src
                    .get(start + usize::from(a.prefix)..start + usize::from(a.len));
                a.namespace == namespace && other == Some(local)
            });
            if twice {
                return Err(format!("the attribute {qname} stands twice in one tag"));
            }
        }
        Ok(())
    }
}
