//! Sites that mean ill or go on for ever: each is bounded by the limits, and nobody else waits.

use std::time::Duration;

use actix_web::web::Bytes;
use actix_web::{Error, HttpResponse};
use futures_util::StreamExt as _;
use futures_util::stream::{repeat, unfold};
use serde_json::json;

use crate::support::{Service, Site, person, somebody_else};

const MEGABYTE: usize = 1 << 20;

/// A gigabyte of one letter: a block that looks back at nothing, a thousand times, behind gzip's header.
fn bomb() -> Vec<u8> {
    let mut block = Vec::with_capacity(MEGABYTE);
    let mut compress = flate2::Compress::new(flate2::Compression::best(), false);
    let flush = flate2::FlushCompress::Full;
    compress
        .compress_vec(&vec![b'x'; MEGABYTE], &mut block, flush)
        .unwrap();
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    [header.to_vec(), block.repeat(1024)].concat()
}

fn site() -> Site {
    let bomb = Bytes::from(bomb());
    Site::answering(move |request, _| {
        let mut response = HttpResponse::Ok();
        response.content_type("text/plain");
        match request.path() {
            "/large" => {
                let pieces = repeat(Bytes::from(vec![b'x'; MEGABYTE])).take(50);
                response.streaming(pieces.map(Ok::<_, Error>))
            }
            "/bomb" => response
                .insert_header(("Content-Encoding", "gzip"))
                .body(bomb.clone()),
            "/drip" => response.streaming(unfold((), |()| async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                Some((Ok::<_, Error>(Bytes::from_static(b".")), ()))
            })),
            "/" => response.body("hello"),
            path => {
                let number: u32 = path.trim_start_matches('/').parse().unwrap();
                let location = format!("/{}", (number + 1) % 10_000);
                let mut response = HttpResponse::Found();
                response.insert_header(("Location", location)).finish()
            }
        }
    })
}

#[actix_web::test]
async fn each_is_bounded_and_others_are_not_kept_waiting() {
    let site = site();
    let service = Service::opened_with(&site.url, &[("FETCH_ROBOTS", "ignore")]);
    let hostile = |path: &'static str, says: &'static str| {
        let (service, url) = (&service, format!("{}{path}", site.url));
        async move {
            let (_, answer) = service
                .fetch_as(&somebody_else(), json!({ "url": url }))
                .await;
            assert!(answer.contains(says), "{path}: {answer}");
        }
    };
    let others = async {
        for _ in 0..20 {
            let (is_error, answer) = service
                .fetch_as(&person(), json!({ "url": format!("{}/", site.url) }))
                .await;
            assert!(!is_error && answer.contains("hello"), "{answer}");
        }
    };
    let bounded = async {
        tokio::join!(
            hostile("/large", "only 10485760 bytes were read"),
            hostile("/bomb", "only 10485760 bytes were read"),
            hostile("/0", "more than 5 redirects"),
            others,
        );
    };
    // It goes on for as long as it is let, which is half a minute: all others are through by then.
    tokio::select! {
        () = bounded => {}
        () = hostile("/drip", "not complete within the time limit") => panic!("it was first"),
    }
}

/// Another fetch server has the first of them.
#[actix_web::test]
async fn no_argument_of_the_tool_opens_the_guard() {
    let secret = Site::answering(|_, _| HttpResponse::Ok().content_type("text/plain").body("S"));
    let service = Service::start(&[]);
    for name in [
        "allow_private_hosts",
        "allow_private_ips",
        "allow_hosts",
        "EGRESS_ALLOW_HOSTS",
        "proxy",
        "headers",
    ] {
        for value in [json!(true), json!(secret.url.trim_start_matches("http://"))] {
            let port_80 = json!({ "url": "http://127.0.0.1/", name: value });
            let (is_error, answer) = service.fetch(port_80).await;
            assert!(
                is_error && answer.contains("rule `address`"),
                "{name}: {answer}"
            );
            let arguments = json!({ "url": secret.url, name: value });
            let (is_error, answer) = service.fetch(arguments).await;
            assert!(
                is_error && answer.contains("rule `port`"),
                "{name}: {answer}"
            );
        }
    }
    assert_eq!(secret.asked("/"), 0);
}
