//! Content codings: gzip, br and zstd, whole, broken and unasked for.

use std::io::Write;
use std::sync::Arc;

use crate::support::{
    Answer, FakeDns, Peer, client, encoded, limited_client, opening, small_limits,
};
use egress::{EgressError, Fetched, Limits};

pub(crate) fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn brotli(plain: &[u8]) -> Vec<u8> {
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
    encoder.write_all(plain).unwrap();
    encoder.into_inner()
}

pub(crate) fn zstd(plain: &[u8]) -> Vec<u8> {
    zstd::encode_all(plain, 3).unwrap()
}

async fn fetch(answer: Answer) -> Result<Fetched, EgressError> {
    let page = Peer::answering(answer).await;
    let dns = FakeDns::default().says("page.test", &["127.0.0.1"]);
    let pair = format!("page.test:{}", page.port());
    let client = client(opening(std::slice::from_ref(&pair)), &Arc::new(dns));
    client.get(&format!("http://{pair}/"), "*/*").await
}

#[tokio::test]
async fn what_was_asked_for_is_decoded() {
    let plain = b"plain text, ".repeat(1000);
    for (coding, body) in [
        ("gzip", gzip(&plain)),
        ("x-gzip", gzip(&plain)),
        ("GZIP", gzip(&plain)),
        ("br", brotli(&plain)),
        ("zstd", zstd(&plain)),
        ("identity", plain.clone()),
    ] {
        let fetched = fetch(encoded(coding, &body)).await.unwrap();
        assert_eq!(&fetched.body[..], plain, "{coding}");
        assert_eq!(fetched.wire_bytes, body.len(), "{coding}");
        assert!(!fetched.truncated, "{coding}");
        // They would describe bytes that the caller does not have.
        assert!(!fetched.headers.contains_key("content-encoding"));
        assert!(!fetched.headers.contains_key("content-length"));
    }
}

#[tokio::test]
async fn members_and_frames_one_after_another_are_one_body() {
    for (coding, body) in [
        ("gzip", [gzip(b"one "), gzip(b"two")].concat()),
        ("zstd", [zstd(b"one "), zstd(b"two")].concat()),
    ] {
        let fetched = fetch(encoded(coding, &body)).await.unwrap();
        assert_eq!(&fetched.body[..], b"one two", "{coding}");
    }
}

#[tokio::test]
async fn what_follows_the_end_of_a_brotli_stream_is_left_out() {
    let body = [brotli(b"whole"), b"garbage".to_vec()].concat();
    let fetched = fetch(encoded("br", &body)).await.unwrap();
    assert_eq!(&fetched.body[..], b"whole");
}

#[tokio::test]
async fn a_coding_without_a_body_is_an_empty_body() {
    for coding in ["gzip", "br", "zstd"] {
        let fetched = fetch(encoded(coding, b"")).await.unwrap();
        assert!(fetched.body.is_empty(), "{coding}");
    }
}

#[tokio::test]
async fn an_encoding_that_was_not_asked_for_is_an_error() {
    for coding in ["deflate", "compress", "gzip, br", "zstd-dict", "utf-8"] {
        let error = fetch(encoded(coding, b"x")).await.unwrap_err();
        assert_eq!(error, EgressError::Encoding, "{coding}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_in_its_coding_or_ends_too_soon_is_an_error() {
    let plain = b"plain text, ".repeat(1000);
    for (coding, body) in [
        ("gzip", gzip(&plain)),
        ("br", brotli(&plain)),
        ("zstd", zstd(&plain)),
    ] {
        let half = &body[..body.len() / 2];
        let error = fetch(encoded(coding, half)).await.unwrap_err();
        assert_eq!(error, EgressError::Encoding, "{coding} cut");
        let error = fetch(encoded(coding, b"<html>")).await.unwrap_err();
        assert_eq!(error, EgressError::Encoding, "{coding} not at all");
    }
}

/// Bytes are counted as they come, too, so that what does not unfold is bounded as well.
#[tokio::test]
async fn a_compressed_body_is_cut_at_the_limit_of_its_compressed_bytes() {
    let mut noise = 1u32;
    let plain: Vec<u8> = std::iter::repeat_with(|| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise.to_be_bytes()[0]
    })
    .take(400_000)
    .collect();
    for (coding, body) in [
        ("gzip", gzip(&plain)),
        ("br", brotli(&plain)),
        ("zstd", zstd(&plain)),
    ] {
        let page = Peer::answering(encoded(coding, &body)).await;
        let dns = FakeDns::default().says("page.test", &["127.0.0.1"]);
        let pair = format!("page.test:{}", page.port());
        let limits = Limits {
            wire_bytes: 200_000,
            body_bytes: 1_000_000,
            ..small_limits()
        };
        let policy = opening(std::slice::from_ref(&pair));
        let client = limited_client(policy, &Arc::new(dns), limits);
        let url = format!("http://{pair}/");
        let fetched = client.get(&url, "*/*").await.unwrap();
        assert!(fetched.truncated, "{coding}");
        assert_eq!(fetched.wire_bytes, 200_000, "{coding}");
        assert!(plain.starts_with(&fetched.body), "{coding}");
        assert!(fetched.body.len() > 50_000, "{coding}");
    }
}
