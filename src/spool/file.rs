//! A submission's message on its way from the disk to Graph: skimmed, read in chunks, and its files decoded
//! piece by piece, so that a mail of any size takes a few megabytes of memory.

use super::{
    courier::Courier,
    large::{Chunk, Part, Pieces},
    skim::Skim,
};
use crate::{
    graph::upload::{Attachment, Source},
    store::{self, Store, spool::Submission},
};
use bytes::Bytes;
use std::ops::Range;

/// Octets that are read at once.
const PIECE: u64 = 256 * 1024;

impl Courier<'_> {
    pub(super) async fn skim(&self, submission: &Submission) -> store::Result<Skim> {
        let mut skim = Skim::default();
        let mut at = 0;
        while at < submission.size {
            let end = submission.size.min(at + PIECE);
            let piece = self
                .ledger
                .store
                .submitted_range(submission, at, end)
                .await?;
            skim.push(&piece);
            at = end;
        }
        Ok(skim.finish())
    }

    pub(super) async fn read(
        &self,
        submission: &Submission,
        chunks: Vec<Chunk>,
    ) -> store::Result<Vec<u8>> {
        let mut out = Vec::new();
        for chunk in chunks {
            let octets = match chunk {
                Chunk::New(octets) => octets,
                Chunk::Kept(Range { start, end }) => {
                    let store = &self.ledger.store;
                    store.submitted_range(submission, start, end).await?
                }
            };
            match out.is_empty() {
                true => out = octets,
                false => out.extend(octets),
            }
        }
        Ok(out)
    }

    /// The file that a part holds. Never whole in memory, unless it is broken or quoted-printable.
    pub(super) async fn file<'a>(
        &'a self,
        submission: &'a Submission,
        part: &'a Part,
    ) -> store::Result<Attachment<File<'a>>> {
        let store = &self.ledger.store;
        let mut file = File {
            store,
            submission,
            part,
            content: Content::Base64(Reader::default()),
            size: 0,
            trouble: None,
        };
        let streamed = if part.is_base64() {
            file.measure().await?
        } else {
            let octets = usize::try_from(part.body.end - part.body.start).ok();
            file.content = Content::Plain;
            octets.filter(|_| part.is_plain())
        };
        if let Some(size) = streamed {
            file.size = size;
            return Ok(part.attachment(file));
        }
        let Range { start, end } = part.body;
        let octets = store.submitted_range(submission, start, end).await?;
        let octets = Bytes::from(part.decoded(octets));
        file.size = octets.len();
        file.content = Content::Whole(octets);
        Ok(part.attachment(file))
    }
}

/// A file that is read when it is wanted.
#[derive(Debug)]
pub(super) struct File<'a> {
    store: &'a Store,
    submission: &'a Submission,
    part: &'a Part,
    content: Content,
    /// Decoded.
    size: usize,
    trouble: Option<store::Error>,
}

#[derive(Debug)]
enum Content {
    Base64(Reader),
    /// As it stands in the message.
    Plain,
    Whole(Bytes),
}

/// How far decoding is.
#[derive(Debug, Default)]
struct Reader {
    /// Octets of the encoded part that were read.
    read: u64,
    pieces: Pieces,
    /// Decoded octets that are gone.
    given: usize,
    /// Decoded octets that wait.
    ready: Vec<u8>,
}

impl File<'_> {
    /// Why octets could not be had.
    pub(super) fn trouble(&self) -> Option<&store::Error> {
        self.trouble.as_ref()
    }

    /// Octets of the decoded part; `None` when it is not proper base64.
    async fn measure(&self) -> store::Result<Option<usize>> {
        let (mut pieces, mut size) = (Pieces::default(), 0);
        let mut at = self.part.body.start;
        while at < self.part.body.end {
            let end = self.part.body.end.min(at + PIECE);
            let piece = self.store.submitted_range(self.submission, at, end).await?;
            pieces.push(&piece);
            size += pieces.take().len();
            at = end;
        }
        Ok(pieces.finish().map(|last| size + last.len()))
    }

    async fn octets(&mut self, range: Range<usize>) -> store::Result<Bytes> {
        let body = &self.part.body;
        let reader = match &mut self.content {
            Content::Whole(octets) => {
                let end = range.end.min(octets.len());
                return Ok(octets.slice(range.start.min(end)..end));
            }
            Content::Plain => {
                let (start, end) = (
                    body.start + range.start as u64,
                    body.start + range.end as u64,
                );
                let octets = self
                    .store
                    .submitted_range(self.submission, start, end.min(body.end));
                return Ok(Bytes::from(octets.await?));
            }
            Content::Base64(reader) => reader,
        };
        if range.start < reader.given {
            *reader = Reader::default();
        }
        let mut out = Vec::with_capacity(range.end - range.start);
        loop {
            let skipped = range
                .start
                .saturating_sub(reader.given)
                .min(reader.ready.len());
            let wanted = range
                .end
                .saturating_sub(reader.given)
                .min(reader.ready.len());
            out.extend(reader.ready.drain(..wanted).skip(skipped));
            reader.given += wanted;
            let at = body.start + reader.read;
            if reader.given >= range.end || at >= body.end {
                return Ok(Bytes::from(out));
            }
            let end = body.end.min(at + PIECE);
            let piece = self.store.submitted_range(self.submission, at, end).await?;
            reader.read += end - at;
            reader.pieces.push(&piece);
            if end == body.end {
                let last = std::mem::take(&mut reader.pieces);
                reader.ready.extend(last.finish().unwrap_or_default());
            } else {
                reader.ready.extend(reader.pieces.take());
            }
        }
    }
}

impl Source for File<'_> {
    fn size(&self) -> usize {
        self.size
    }

    async fn read(&mut self, range: Range<usize>) -> Option<Bytes> {
        match self.octets(range).await {
            Ok(octets) => Some(octets),
            Err(error) => {
                self.trouble = Some(error);
                None
            }
        }
    }
}
