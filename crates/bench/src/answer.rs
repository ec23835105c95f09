//! The least HTTP/1.1 client there is: one request at a time over a kept connection,
//! without a copy that is not needed, so that what is measured is the other side.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use memchr::memmem;

const PATIENCE: Duration = Duration::from_secs(10);

/// A connection with its buffer.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    chunk: Box<[u8]>,
    buffer: Vec<u8>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The head, status line included.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The headers, in the order in which they came.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.head.lines().skip(1);
        lines.filter_map(|line| {
            line.split_once(':')
                .map(|(name, value)| (name, value.trim()))
        })
    }
}

impl Connection {
    /// A new one.
    pub fn to(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream,
            chunk: vec![0; 8192].into(),
            buffer: Vec::with_capacity(16 * 1024),
        })
    }

    /// Sends a request and reads its answer.
    pub fn ask(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.send(request)?;
        self.receive()
    }

    /// Sends a request. Its answer must be received before the next.
    pub fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.write_all(request)
    }

    /// Reads an answer, and takes it apart.
    pub fn receive(&mut self) -> io::Result<Answer> {
        let (head, body) = self.read()?;
        let (head, rest) = self.buffer.split_at(head);
        let head = String::from_utf8_lossy(head).into_owned();
        let body = rest.get(..body).unwrap_or_default().to_vec();
        let status = head.get(9..12).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| broken("no status"))?;
        Ok(Answer { status, head, body })
    }

    /// Reads an answer that must be a 200 and says nothing else.
    pub fn receive_ok(&mut self) -> io::Result<()> {
        let (head, body) = self.read()?;
        if self.buffer.starts_with(b"HTTP/1.1 200 ") {
            return Ok(());
        }
        let answer = self.buffer.get(..head + body).unwrap_or_default();
        Err(broken(&format!(
            "an answer that is no 200:\n{}",
            String::from_utf8_lossy(answer)
        )))
    }

    /// Reads one answer; how long its head is, and its body.
    fn read(&mut self) -> io::Result<(usize, usize)> {
        const END: &[u8] = b"\r\n\r\n";
        self.buffer.clear();
        let head = loop {
            self.read_some()?;
            if let Some(end) = memmem::find(&self.buffer, END) {
                break end + END.len();
            }
        };
        let body = content_length(self.buffer.get(..head).unwrap_or_default())?;
        while self.buffer.len() < head + body {
            self.read_some()?;
        }
        Ok((head, body))
    }

    fn read_some(&mut self) -> io::Result<()> {
        let count = self.stream.read(&mut self.chunk)?;
        if count == 0 {
            return Err(broken("the connection was closed"));
        }
        self.buffer
            .extend_from_slice(self.chunk.get(..count).unwrap_or_default());
        Ok(())
    }
}

/// RFC 9112 section 6.3. Nothing that is asked here answers in chunks.
fn content_length(head: &[u8]) -> io::Result<usize> {
    let head = str::from_utf8(head).map_err(|_| broken("the head is no text"))?;
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    let mut lengths = lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    match lengths.next() {
        Some((_, length)) => length
            .trim()
            .parse()
            .map_err(|_| broken("content-length is no number")),
        None => Ok(0),
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn answers_are_read_to_their_end_and_not_beyond() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let served = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            for (head, body) in [
                (
                    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-User-Id: a:b\r\n\r\n",
                    "hello",
                ),
                ("HTTP/1.1 401 Unauthorized\r\n\r\n", ""),
            ] {
                let mut request = [0; 4];
                stream.read_exact(&mut request).unwrap();
                stream.write_all(head.as_bytes()).unwrap();
                stream.write_all(body.as_bytes()).unwrap();
            }
        });
        let mut connection = Connection::to(address).unwrap();
        let first = connection.ask(b"GET ").unwrap();
        assert_eq!((first.status, first.body.as_slice()), (200, &b"hello"[..]));
        assert!(first.headers().any(|header| header == ("X-User-Id", "a:b")));
        connection.send(b"GET ").unwrap();
        let refused = connection.receive_ok().unwrap_err().to_string();
        assert!(refused.contains("401"), "{refused}");
        served.join().unwrap();
    }
}
