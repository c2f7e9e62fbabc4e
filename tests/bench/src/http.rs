//! Just enough HTTP/1.1 over a kept connection, on both sides: the load and the stub servers must cost as little as
//! possible of the two cores that they share with what is measured.

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A kept connection to a server.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects to a port of this machine.
    pub(crate) async fn open(port: u16) -> std::io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 * 1024) })
    }

    /// Sends a whole request and waits for the whole answer; its status.
    pub(crate) async fn call(&mut self, request: &[u8]) -> Result<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let message =
            read_message(&mut self.stream, &mut self.buffer).await?.context("the server hung up")?;
        let status = self.buffer.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
        ensure!(self.buffer.len() == message.end, "more came back than one answer");
        status.and_then(|digits| digits.parse().ok()).context("the answer has no status")
    }
}

/// Where a message's head ends and its body begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Message {
    /// Where the body begins.
    pub body: usize,
    /// One past its end.
    pub end: usize,
}

/// Reads one message (request or answer with `Content-Length`) to the buffer's front; `None` at the end of the stream.
pub(crate) async fn read_message(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<Option<Message>> {
    loop {
        if let Some(message) = message(buffer)?
            && buffer.len() >= message.end
        {
            return Ok(Some(message));
        }
        if stream.read_buf(buffer).await? == 0 {
            if buffer.is_empty() {
                return Ok(None);
            }
            bail!("the connection ended within a message");
        }
    }
}

/// The bounds of the message at the buffer's front, once its head is there.
fn message(buffer: &[u8]) -> Result<Option<Message>> {
    let Some(body) = find(buffer, b"\r\n\r\n").map(|at| at + 4) else { return Ok(None) };
    let mut length = 0;
    for line in buffer[..body].split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        if line[..colon].eq_ignore_ascii_case(b"content-length") {
            length = std::str::from_utf8(&line[colon + 1..])?.trim().parse()?;
        }
    }
    Ok(Some(Message { body, end: body + length }))
}

/// Where `needle` first occurs.
pub(crate) fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_ends_where_its_length_says() {
        let answer = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(message(answer).unwrap(), Some(Message { body: answer.len() - 2, end: answer.len() }));
        assert_eq!(message(b"GET / HTTP/1.1\r\n\r\n").unwrap(), Some(Message { body: 18, end: 18 }));
        assert_eq!(message(b"GET / HTTP/1.1\r\ncontent-le").unwrap(), None);
        assert!(message(b"GET / HTTP/1.1\r\ncontent-length: x\r\n\r\n").is_err());
    }
}
