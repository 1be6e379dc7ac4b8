//! The stored form of a [`Structure`]: its nodes in the order of the message, each with its count of
//! children. Empty values are left out.

use super::latin1::{self, Octets};
use super::{Body, Envelope, Structure};
use serde::{Deserialize, Serialize};

type Params = Vec<(String, Octets)>;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Node {
    /// Start of the header, start of the body, end of the body.
    #[serde(rename = "a")]
    at: (usize, usize, usize),
    #[serde(rename = "t")]
    media_type: (String, String),
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    params: Params,
    #[serde(rename = "e", with = "latin1")]
    encoding: Vec<u8>,
    #[serde(rename = "l", default, skip_serializing_if = "is_zero")]
    lines: usize,
    #[serde(rename = "x", default, skip_serializing_if = "Extra::is_empty")]
    extra: Extra,
    #[serde(rename = "c", default, skip_serializing_if = "is_zero")]
    children: usize,
    /// Of the message inside, for message/rfc822.
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    envelope: Option<Envelope>,
}

/// What most parts do not have.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Extra {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Octets>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Octets>,
    #[serde(skip_serializing_if = "Option::is_none")]
    md5: Option<Octets>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disposition: Option<(Octets, Params)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    language: Vec<Octets>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Octets>,
}

impl Extra {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl From<Structure> for Vec<Node> {
    fn from(root: Structure) -> Self {
        let mut nodes = Vec::new();
        let mut waiting = vec![root];
        while let Some(part) = waiting.pop() {
            let (node, children) = taken_apart(part);
            nodes.push(node);
            waiting.extend(children.into_iter().rev());
        }
        nodes
    }
}

fn taken_apart(part: Structure) -> (Node, Vec<Structure>) {
    let (children, envelope) = match part.content {
        Body::Leaf => (Vec::new(), None),
        Body::Multipart(parts) => (parts, None),
        Body::Message(inner, envelope) => (vec![*inner], Some(*envelope)),
    };
    let node = Node {
        at: (part.header.start, part.body.start, part.body.end),
        media_type: part.media_type,
        params: wrapped(part.params),
        encoding: part.encoding,
        lines: part.lines,
        extra: Extra {
            id: part.id.map(Octets),
            description: part.description.map(Octets),
            md5: part.md5.map(Octets),
            disposition: part.disposition.map(|(k, p)| (Octets(k), wrapped(p))),
            language: part.language.into_iter().map(Octets).collect(),
            location: part.location.map(Octets),
        },
        children: children.len(),
        envelope,
    };
    (node, children)
}

impl TryFrom<Vec<Node>> for Structure {
    type Error = &'static str;

    /// From the last node to the first, so that the children of a node are ready when it comes.
    fn try_from(nodes: Vec<Node>) -> Result<Self, Self::Error> {
        let mut ready: Vec<Self> = Vec::new();
        for node in nodes.into_iter().rev() {
            let Some(kept) = ready.len().checked_sub(node.children) else {
                return Err("a node with fewer children than it counts");
            };
            let children = ready.drain(kept..).rev().collect();
            ready.push(put_together(node, children)?);
        }
        match (ready.pop(), ready.pop()) {
            (Some(root), None) => Ok(root),
            _ => Err("not one root node"),
        }
    }
}

fn put_together(node: Node, mut children: Vec<Structure>) -> Result<Structure, &'static str> {
    let content = match (node.envelope, children.len()) {
        (Some(envelope), 1) => {
            let inner = children.remove(0);
            Body::Message(Box::new(inner), Box::new(envelope))
        }
        (Some(_), _) => return Err("a message inside that is not one"),
        (None, 0) => Body::Leaf,
        (None, _) => Body::Multipart(children),
    };
    let extra = node.extra;
    Ok(Structure {
        header: node.at.0..node.at.1,
        body: node.at.1..node.at.2,
        media_type: node.media_type,
        params: unwrapped(node.params),
        id: extra.id.map(|o| o.0),
        description: extra.description.map(|o| o.0),
        encoding: node.encoding,
        md5: extra.md5.map(|o| o.0),
        disposition: extra.disposition.map(|(k, p)| (k.0, unwrapped(p))),
        language: extra.language.into_iter().map(|o| o.0).collect(),
        location: extra.location.map(|o| o.0),
        lines: node.lines,
        content,
    })
}

fn wrapped(params: Vec<(String, Vec<u8>)>) -> Params {
    params.into_iter().map(|(n, v)| (n, Octets(v))).collect()
}

fn unwrapped(params: Params) -> Vec<(String, Vec<u8>)> {
    params.into_iter().map(|(n, v)| (n, v.0)).collect()
}
