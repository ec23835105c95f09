//! Somebody else's leave, beside the guard's.

use std::sync::{Arc, Mutex};

use egress::{Ask, Asking, EgressError, Limits, Permission};
use url::Url;

use crate::support::{Answer, FakeDns, Peer, client, ok, opening, small_limits};

/// Notes what it is asked and permits what does not end in `secret`.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Permission for Notes {
    fn ask<'a>(&'a self, url: &'a Url) -> Asking<'a> {
        self.0.lock().unwrap().push(url.to_string());
        let permitted = !url.path().ends_with("secret");
        Box::pin(async move {
            // It may take its time.
            tokio::task::yield_now().await;
            let no = || EgressError::NotPermitted("not that one".to_owned());
            permitted.then_some(()).ok_or_else(no)
        })
    }
}

#[tokio::test]
async fn every_hop_is_asked_for_before_it_is_made() {
    let secret = Peer::forbidden().await;
    let page = Peer::redirecting(&format!("http://other.test:{}/secret", secret.port())).await;
    let dns = FakeDns::default().says("page.test", &["127.0.0.1"]);
    let dns = dns.says("other.test", &["127.0.0.1"]);
    let pairs = [("page.test", &page), ("other.test", &secret)];
    let pairs = pairs.map(|(name, peer)| format!("{name}:{}", peer.port()));
    let client = client(opening(&pairs), &Arc::new(dns));
    let notes = Notes::default();
    let ask = Ask {
        permission: Some(&notes),
        ..Ask::accepting("*/*")
    };
    let start = format!("http://{}/", pairs[0]);
    let error = client.fetch(&start, &ask).await.unwrap_err();
    assert_eq!(error, EgressError::NotPermitted("not that one".to_owned()));
    assert_eq!(
        *notes.0.lock().unwrap(),
        [start, format!("http://{}/secret", pairs[1])]
    );
    assert_eq!((page.accepted(), secret.accepted()), (1, 0));

    // The guard comes first: nobody is asked about what it refuses.
    let error = client.fetch("http://127.0.0.1/", &ask).await.unwrap_err();
    assert!(matches!(error, EgressError::Refused(_)), "{error}");
    assert_eq!(notes.0.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn other_limits_hold_on_the_same_connections() {
    let kept = String::from_utf8(ok("text/plain", "0123456789")).unwrap();
    let kept = kept.replace("Connection: close\r\n", "").into_bytes();
    let page = Peer::answering(Answer::Dialogue(vec![kept.clone(), kept])).await;
    let dns = FakeDns::default().says("page.test", &["127.0.0.1"]);
    let pair = format!("page.test:{}", page.port());
    let client = client(opening(std::slice::from_ref(&pair)), &Arc::new(dns));
    let url = format!("http://{pair}/");
    let whole = client.get(&url, "*/*").await.unwrap();
    assert_eq!(&whole.body[..], b"0123456789");
    let limits = Limits {
        body_bytes: 4,
        ..small_limits()
    };
    let cut = client.limited(limits).get(&url, "*/*").await.unwrap();
    assert_eq!((&cut.body[..], cut.truncated), (&b"0123"[..], true));
    assert_eq!(page.accepted(), 1);
}
