//! The other side: servers on loopback that count who comes, and a name server that says what a
//! test wants it to say.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use egress::{EgressClient, EgressPolicy, HostPort, Limits, Lookup, Resolver};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// One listener; every connection that reaches it is counted before a byte is read.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    seen: Arc<Seen>,
}

/// What came in, and what went out.
#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<String>>,
    sent: AtomicUsize,
    ended: Notify,
}

/// What a peer does with a connection.
pub(crate) enum Answer {
    /// Writes these bytes and closes.
    Whole(Vec<u8>),
    /// Writes the head, then one byte every 20 ms, for ever.
    Drip(&'static str),
    /// Writes the head, then this byte for ever.
    Flood(&'static str, u8),
    /// Writes this and then nothing, without closing.
    Stall(&'static str),
    /// Says nothing.
    Silence,
    /// Each of these in turn, the last one for ever.
    Turns(Vec<Vec<u8>>),
    /// Answers what is read with these, one after the other on one connection.
    Dialogue(Vec<Vec<u8>>),
    /// Redirects from `/0` to `/1` and so on, and answers at this number.
    Count(usize),
    /// A body of so many bytes.
    Bytes(usize),
}

impl Peer {
    pub(crate) async fn answering(answer: Answer) -> Self {
        Self::at("127.0.0.1:0", answer).await
    }

    /// Its `Location` may name another peer.
    pub(crate) async fn redirecting(location: &str) -> Self {
        Self::answering(Answer::Whole(redirect(location))).await
    }

    /// A listener that nobody may reach.
    pub(crate) async fn forbidden() -> Self {
        Self::answering(Answer::Whole(ok("text/plain", "secret"))).await
    }

    pub(crate) async fn at(address: &str, answer: Answer) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        let seen = Arc::new(Seen::default());
        let (answer, seeing) = (Arc::new(answer), Arc::clone(&seen));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seeing));
                tokio::spawn(async move {
                    let _ = Box::pin(serve(stream, &answer, &seen)).await;
                    seen.ended.notify_one();
                });
            }
        });
        Self {
            address,
            accepted,
            seen,
        }
    }

    /// The heads of the requests that came.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap().clone()
    }

    /// Waits until a connection is over; the bytes of the body that were sent.
    pub(crate) async fn ended(&self) -> usize {
        self.seen.ended.notified().await;
        self.seen.sent.load(Ordering::SeqCst)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: TcpStream, answer: &Answer, seen: &Seen) -> std::io::Result<()> {
    let mut request = vec![0; 4096];
    let length = stream.read(&mut request).await?;
    request.truncate(length);
    let request = String::from_utf8_lossy(&request).into_owned();
    let turn = {
        let mut requests = seen.requests.lock().unwrap();
        requests.push(request.clone());
        requests.len() - 1
    };
    match answer {
        Answer::Whole(bytes) => stream.write_all(bytes).await,
        Answer::Turns(turns) => {
            let bytes = turns.get(turn).or(turns.last()).unwrap();
            stream.write_all(bytes).await
        }
        Answer::Dialogue(answers) => {
            for (number, answer) in answers.iter().enumerate() {
                if number > 0 {
                    let mut more = vec![0; 4096];
                    let length = stream.read(&mut more).await?;
                    more.truncate(length);
                    let more = String::from_utf8_lossy(&more).into_owned();
                    seen.requests.lock().unwrap().push(more);
                }
                stream.write_all(answer).await?;
            }
            Ok(())
        }
        Answer::Count(last) => {
            let path = request.split(' ').nth(1).unwrap();
            let number: usize = path.trim_start_matches('/').parse().unwrap();
            let bytes = if number == *last {
                ok("text/plain", "arrived")
            } else {
                redirect(&format!("/{}", number + 1))
            };
            stream.write_all(&bytes).await
        }
        Answer::Bytes(length) => {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            let piece = [b'x'; 16 * 1024];
            for _ in 0..length / piece.len() {
                stream.write_all(&piece).await?;
                seen.sent.fetch_add(piece.len(), Ordering::SeqCst);
            }
            Ok(())
        }
        Answer::Drip(head) => {
            stream.write_all(head.as_bytes()).await?;
            loop {
                tokio::time::sleep(Duration::from_millis(20)).await;
                stream.write_all(b".").await?;
            }
        }
        Answer::Flood(head, byte) => {
            stream.write_all(head.as_bytes()).await?;
            loop {
                stream.write_all(&[*byte; 16 * 1024]).await?;
            }
        }
        Answer::Stall(beginning) => {
            stream.write_all(beginning.as_bytes()).await?;
            std::future::pending().await
        }
        Answer::Silence => std::future::pending().await,
    }
}

pub(crate) fn ok(content_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A body in a content coding.
pub(crate) fn encoded(coding: &str, body: &[u8]) -> Answer {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n"
    );
    Answer::Whole([head.as_bytes(), body].concat())
}

pub(crate) fn redirect(location: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\
         Connection: close\r\n\r\n"
    )
    .into_bytes()
}

/// A name server that answers each name with its answers in turn, the last one for ever.
#[derive(Default)]
pub(crate) struct FakeDns {
    answers: HashMap<String, Vec<Vec<IpAddr>>>,
    asked: Mutex<HashMap<String, usize>>,
}

impl FakeDns {
    pub(crate) fn says(mut self, name: &str, addresses: &[&str]) -> Self {
        let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
        self.answers
            .entry(name.to_owned())
            .or_default()
            .push(addresses);
        self
    }

    pub(crate) fn asked(&self, name: &str) -> usize {
        self.asked.lock().unwrap().get(name).copied().unwrap_or(0)
    }
}

impl Resolver for FakeDns {
    fn lookup<'a>(&'a self, name: &'a str) -> Lookup<'a> {
        let name = name.trim_end_matches('.');
        Box::pin(async move {
            let mut asked = self.asked.lock().unwrap();
            let turn = asked.entry(name.to_owned()).or_default();
            let answers = self.answers.get(name).ok_or(std::io::ErrorKind::NotFound)?;
            let answer = answers.get(*turn).or(answers.last());
            *turn += 1;
            Ok(answer.cloned().unwrap_or_default())
        })
    }
}

/// A policy that opens exactly these pairs.
pub(crate) fn opening(pairs: &[String]) -> EgressPolicy {
    let pairs = pairs.iter().map(|pair| HostPort::parse(pair).unwrap());
    EgressPolicy::strict().open(pairs)
}

/// Limits small enough for a test to run into.
pub(crate) fn small_limits() -> Limits {
    Limits {
        connect: Duration::from_secs(2),
        first_byte: Duration::from_millis(500),
        idle: Duration::from_millis(500),
        total: Duration::from_secs(2),
        redirects: 5,
        header_bytes: 4096,
        wire_bytes: 64 * 1024,
        body_bytes: 64 * 1024,
    }
}

pub(crate) fn client(policy: EgressPolicy, dns: &Arc<FakeDns>) -> EgressClient {
    limited_client(policy, dns, small_limits())
}

pub(crate) fn limited_client(
    policy: EgressPolicy,
    dns: &Arc<FakeDns>,
    limits: Limits,
) -> EgressClient {
    let resolver = Arc::clone(dns) as _;
    EgressClient::with_resolver(policy, limits, "test-agent/1", resolver).unwrap()
}
