//! Reads a pipe to its end, however fast it comes.

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::Instant;

use super::flood::Raw;
use super::{Log, Stream};

/// Bytes taken from the pipe at once.
const CHUNK: usize = 16 * 1024;

/// Reads `pipe` into `log` until it is closed.
pub(in super::super) async fn drain(log: Log, stream: Stream, mut pipe: impl AsyncRead + Unpin) {
    let mut chunk = vec![0; CHUNK];
    let mut splitter = Splitter::new(log.0.limits.line_bytes);
    loop {
        let count = match log.due() {
            None => pipe.read(&mut chunk).await,
            Some(due) => match tokio::time::timeout_at(due, pipe.read(&mut chunk)).await {
                Ok(count) => count,
                Err(_) => {
                    log.settle(|flood, pass| flood.end(pass));
                    continue;
                }
            },
        };
        let (at, now) = ((log.0.now)(), Instant::now());
        let raw = |(bytes, is_cut)| Raw { at, stream, bytes, is_cut };
        match count {
            Ok(count) if count > 0 => log.take(splitter.feed(&chunk[..count]).into_iter().map(raw), now),
            Ok(_) | Err(_) => return log.take(splitter.rest().map(raw), now),
        }
    }
}

/// The bytes of a line, and whether there was more of it.
type Piece = (Vec<u8>, bool);

/// Cuts a stream into lines of a bounded length.
struct Splitter {
    most: usize,
    line: Vec<u8>,
    is_cut: bool,
}

impl Splitter {
    fn new(most: usize) -> Self {
        Self { most, line: Vec::new(), is_cut: false }
    }

    /// The lines that end in these bytes.
    fn feed(&mut self, mut bytes: &[u8]) -> Vec<Piece> {
        let mut lines = Vec::new();
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.add(&bytes[..end]);
            lines.push(self.cut());
            bytes = &bytes[end + 1..];
        }
        self.add(bytes);
        lines
    }

    /// The last line, when it has no end.
    fn rest(&mut self) -> Option<Piece> {
        if self.line.is_empty() { None } else { Some(self.cut()) }
    }

    fn add(&mut self, bytes: &[u8]) {
        let fits = bytes.len().min(self.most - self.line.len());
        self.line.extend_from_slice(&bytes[..fits]);
        self.is_cut |= fits < bytes.len();
    }

    fn cut(&mut self) -> Piece {
        (std::mem::take(&mut self.line), std::mem::take(&mut self.is_cut))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(parts: &[&[u8]], most: usize) -> Vec<Piece> {
        let mut splitter = Splitter::new(most);
        let mut lines: Vec<Piece> = parts.iter().flat_map(|part| splitter.feed(part)).collect();
        lines.extend(splitter.rest());
        lines
    }

    #[test]
    fn a_line_without_an_end_takes_bounded_room() {
        let mut splitter = Splitter::new(5);
        for _ in 0..1000 {
            assert_eq!(splitter.feed(b"abcdefgh"), []);
        }
        assert!(splitter.line.capacity() < 64);
        assert_eq!(splitter.feed(b"\nnext"), [(b"abcde".to_vec(), true)]);
        assert_eq!(splitter.rest(), Some((b"next".to_vec(), false)));
    }

    proptest! {
        #[test]
        fn where_the_chunks_end_does_not_matter(
            text in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'a')], 0..60),
            at in 0_usize..60,
        ) {
            let (left, right) = text.split_at(at.min(text.len()));
            let whole = split(&[&text], 4);
            prop_assert_eq!(split(&[left, right], 4), whole.clone());
            let ends = text.iter().filter(|byte| **byte == b'\n').count();
            prop_assert_eq!(whole.len(), ends + usize::from(text.last().is_some_and(|last| *last != b'\n')));
        }
    }
}
