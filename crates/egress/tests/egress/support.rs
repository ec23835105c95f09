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

/// One listener; every connection that reaches it is counted before a byte is read.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    accepted: Arc<AtomicUsize>,
}

/// What a peer does with a connection.
pub(crate) enum Answer {
    /// Writes these bytes and closes.
    Whole(Vec<u8>),
    /// Writes the head, then one byte every 20 ms, for ever.
    Drip(&'static str),
    /// Writes the head, then zeros for ever.
    Flood(&'static str),
    /// Says nothing.
    Silence,
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
        let answer = Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, Arc::clone(&answer)));
            }
        });
        Self { address, accepted }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: TcpStream, answer: Arc<Answer>) -> std::io::Result<()> {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request).await?;
    match &*answer {
        Answer::Whole(bytes) => stream.write_all(bytes).await,
        Answer::Drip(head) => {
            stream.write_all(head.as_bytes()).await?;
            loop {
                tokio::time::sleep(Duration::from_millis(20)).await;
                stream.write_all(b".").await?;
            }
        }
        Answer::Flood(head) => {
            stream.write_all(head.as_bytes()).await?;
            loop {
                stream.write_all(&[0; 16 * 1024]).await?;
            }
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
        idle: Duration::from_millis(500),
        total: Duration::from_secs(2),
        redirects: 5,
        header_bytes: 4096,
        body_bytes: 64 * 1024,
    }
}

pub(crate) fn client(policy: EgressPolicy, dns: &Arc<FakeDns>) -> EgressClient {
    let resolver: Arc<dyn Resolver> = Arc::clone(dns) as _;
    EgressClient::with_resolver(policy, small_limits(), "test-agent/1", &resolver).unwrap()
}
