//! `BINARY healthcheck`: an image built from scratch has no curl, so each binary asks itself.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(2);

/// Asks `GET /health` of the service that listens on `address` (an unspecified address stands for
/// loopback). Success is a 200 within two seconds for each step; a failure is one line on standard
/// error.
pub fn run(address: SocketAddr) -> ExitCode {
    match ask(on_loopback(address)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed; the exit code still tells.
            let _ = writeln!(io::stderr(), "healthcheck: {address}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn on_loopback(mut address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => {
            address.set_ip(Ipv6Addr::LOCALHOST.into());
        }
        SocketAddr::V4(_) | SocketAddr::V6(_) => {}
    }
    address
}

fn ask(address: SocketAddr) -> io::Result<()> {
    const GOOD: &[u8] = b"HTTP/1.1 200";
    let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    let request = format!("GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut start = [0; GOOD.len()];
    stream.read_exact(&mut start)?;
    if start == GOOD {
        Ok(())
    } else {
        Err(io::Error::other("/health does not answer 200"))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::{SocketAddr, TcpListener};
    use std::thread;

    use super::{ask, on_loopback};

    /// Answers one connection, from a thread of its own.
    fn answering(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let head = BufReader::new(&stream).lines().map(Result::unwrap);
            assert!(head.take_while(|line| !line.is_empty()).count() > 1);
            stream.write_all(answer.as_bytes()).unwrap();
        });
        address
    }

    #[test]
    fn only_200_is_healthy() {
        assert!(ask(answering("HTTP/1.1 200 OK\r\n\r\n")).is_ok());
        assert!(ask(answering("HTTP/1.1 503 Service Unavailable\r\n\r\n")).is_err());
        assert!(ask(answering("")).is_err());
    }

    #[test]
    fn an_unspecified_address_is_asked_on_loopback() {
        let loopback = |text: &str| on_loopback(text.parse().unwrap()).to_string();
        assert_eq!(loopback("0.0.0.0:8000"), "127.0.0.1:8000");
        assert_eq!(loopback("[::]:8000"), "[::1]:8000");
        assert_eq!(loopback("192.0.2.1:8000"), "192.0.2.1:8000");
    }
}
