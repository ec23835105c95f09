//! A forward proxy that the operator declared: it is told the address that was checked, never the
//! name, so that the guard is the same behind it (RFC 9110 section 9.3.6, CONNECT).

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::destination::CheckedAddress;
use crate::policy::HostPort;

/// Addresses that the proxy is asked for, one after the other, within the time to connect.
const ADDRESSES_TRIED: usize = 2;
/// Bytes of a proxy's answer; more is not one.
const ANSWER_LIMIT: usize = 8 * 1024;

/// A tunnel through the proxy to the first of these addresses that it reaches.
pub(crate) async fn tunnel(
    proxy: &HostPort,
    addresses: &[CheckedAddress],
) -> io::Result<TcpStream> {
    let mut outcome = Err(io::ErrorKind::NotConnected.into());
    for address in addresses.iter().take(ADDRESSES_TRIED) {
        outcome = connect(proxy, *address).await;
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

async fn connect(proxy: &HostPort, address: CheckedAddress) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect((proxy.bare_host(), proxy.port())).await?;
    stream.set_nodelay(true)?;
    let target = address.socket();
    let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let answer = head(&mut stream).await?;
    let status = answer.split(|byte| *byte == b' ').nth(1);
    match status {
        Some([b'2', _, _]) => Ok(stream),
        _ => Err(io::ErrorKind::ConnectionRefused.into()),
    }
}

/// The head of the answer, byte by byte: what follows it belongs to the tunnel.
async fn head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == ANSWER_LIMIT {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.push(stream.read_u8().await?);
    }
    Ok(head)
}
