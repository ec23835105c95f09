//! The way between a verifier and Redis, which a test can cut, silence and heal.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What happens to connections, which are numbered as they come.
#[derive(Debug, Clone, Copy)]
struct Way {
    /// New connections are taken.
    open: bool,
    /// What Redis says arrives.
    flowing: bool,
    /// Connections before this one are closed.
    closed_before: u64,
    /// Of connections before this one nothing is ever heard again, not even their end.
    mute_before: u64,
    next: u64,
}

/// One verifier's way to Redis.
pub(crate) struct Link {
    pub(crate) address: SocketAddr,
    way: watch::Sender<Way>,
}

impl Link {
    pub(crate) async fn to(redis: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (way, ways) = watch::channel(Way {
            open: true,
            flowing: true,
            closed_before: 0,
            mute_before: 0,
            next: 0,
        });
        let numbers = way.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let mut number = 0;
                numbers.send_modify(|way| {
                    number = way.next;
                    way.next += 1;
                });
                if ways.borrow().open {
                    tokio::spawn(carry(client, redis, number, ways.clone()));
                }
            }
        });
        Self { address, way }
    }

    /// Every connection ends, and none is taken.
    pub(crate) fn cut(&self) {
        self.way.send_modify(|way| {
            way.open = false;
            way.closed_before = way.next;
        });
    }

    /// What Redis says is held back, the end of a connection too; nobody is told.
    pub(crate) fn silence(&self) {
        self.way.send_modify(|way| way.flowing = false);
    }

    /// What Redis says on the present connections is lost, as where a router forgets them; new
    /// ones work.
    pub(crate) fn forget(&self) {
        self.way.send_modify(|way| way.mute_before = way.next);
    }

    /// What was held back arrives, and connections are taken again.
    pub(crate) fn heal(&self) {
        self.way.send_modify(|way| {
            way.open = true;
            way.flowing = true;
        });
    }
}

async fn carry(client: TcpStream, redis: SocketAddr, number: u64, mut ways: watch::Receiver<Way>) {
    let Ok(server) = TcpStream::connect(redis).await else {
        return;
    };
    let (client, server) = (client.into_split(), server.into_split());
    let mut until_closed = ways.clone();
    tokio::select! {
        _ = until_closed.wait_for(|way| number < way.closed_before) => {}
        () = answers(server.0, client.1, number, &mut ways) => {}
        // It ends with the client, of which the other half finds out.
        () = questions(client.0, server.1) => {}
    }
}

async fn questions(mut client: OwnedReadHalf, mut server: OwnedWriteHalf) {
    let mut buffer = vec![0; 4096];
    while let Ok(read @ 1..) = client.read(&mut buffer).await {
        if server.write_all(&buffer[..read]).await.is_err() {
            // Redis is gone; whether the client is told is for the answers' way to say.
            std::future::pending::<()>().await;
        }
    }
}

async fn answers(
    mut server: OwnedReadHalf,
    mut client: OwnedWriteHalf,
    number: u64,
    ways: &mut watch::Receiver<Way>,
) {
    let mut buffer = vec![0; 4096];
    loop {
        let read = server.read(&mut buffer).await.unwrap_or(0);
        let arrives = |way: &Way| way.flowing && number >= way.mute_before;
        if ways.wait_for(arrives).await.is_err() || read == 0 {
            return;
        }
        if client.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
