//! Decompression bombs: a gigabyte each, cut at the limit, in little memory.

use std::sync::Arc;

use crate::codings::{brotli, gzip, zstd};
use crate::support::{Answer, FakeDns, Peer, encoded, limited_client, opening, small_limits};
use egress::{EgressClient, EgressError, Limits};

const GIGABYTE: usize = 1 << 30;
const MEGABYTE: usize = 1 << 20;

/// A deflate stream of a thousand times the same block, behind a gzip header.
fn gzip_bomb() -> Vec<u8> {
    let mut block = Vec::with_capacity(MEGABYTE);
    let mut compress = flate2::Compress::new(flate2::Compression::best(), false);
    // A full flush ends at a byte and looks back at nothing, so that the block can be repeated.
    let flush = flate2::FlushCompress::Full;
    compress
        .compress_vec(&vec![0; MEGABYTE], &mut block, flush)
        .unwrap();
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    [header.to_vec(), block.repeat(GIGABYTE / MEGABYTE)].concat()
}

/// A zstd frame of 8192 blocks that each say: 128 KiB of zeros (RFC 8878 section 3.1.1.2).
fn zstd_bomb(window_descriptor: u8) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, window_descriptor];
    let blocks = GIGABYTE / (128 * 1024);
    for number in 1..=blocks {
        let last = u32::from(number == blocks);
        let header = (128 * 1024) << 3 | 1 << 1 | last;
        let [low, middle, high, _] = u32::to_le_bytes(header);
        frame.extend([low, middle, high, 0]);
    }
    frame
}

/// Windows of 8 MiB and of 16 MiB (RFC 8878 section 3.1.1.1.2).
const WINDOW_8_MIB: u8 = 13 << 3;
const WINDOW_16_MIB: u8 = 14 << 3;

/// A brotli stream whose second block is repeated a thousand times.
fn brotli_bomb() -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
    let mut block = || {
        encoder.write_all(&vec![0; MEGABYTE]).unwrap();
        encoder.flush().unwrap();
        encoder.get_ref().clone()
    };
    let (first, both) = (block(), block());
    let second = both.strip_prefix(first.as_slice()).unwrap();
    let seconds = second.repeat(GIGABYTE / MEGABYTE);
    [first, seconds].concat()
}

fn limits() -> Limits {
    Limits {
        total: std::time::Duration::from_mins(1),
        wire_bytes: 10 * MEGABYTE,
        body_bytes: 10 * MEGABYTE,
        ..small_limits()
    }
}

async fn page(answer: Answer, limits: Limits) -> (Peer, EgressClient, String) {
    let page = Peer::answering(answer).await;
    let dns = FakeDns::default().says("page.test", &["127.0.0.1"]);
    let pair = format!("page.test:{}", page.port());
    let policy = opening(std::slice::from_ref(&pair));
    let client = limited_client(policy, &Arc::new(dns), limits);
    (page, client, format!("http://{pair}/"))
}

#[tokio::test]
async fn a_bomb_of_a_gigabyte_is_cut_at_the_limit() {
    for (coding, bomb) in [
        ("gzip", gzip_bomb()),
        ("br", brotli_bomb()),
        ("zstd", zstd_bomb(WINDOW_8_MIB)),
    ] {
        assert!(bomb.len() < 2 * MEGABYTE, "{coding}");
        let (_page, client, url) = page(encoded(coding, &bomb), limits()).await;
        let fetched = client.get(&url, "*/*").await.unwrap();
        assert!(fetched.truncated, "{coding}");
        assert_eq!(fetched.body.len(), 10 * MEGABYTE, "{coding}");
        assert!(fetched.body.iter().all(|byte| *byte == 0), "{coding}");
    }
}

#[tokio::test]
async fn a_body_that_unfolds_to_exactly_the_limit_is_whole() {
    let plain = vec![b'x'; 10 * MEGABYTE];
    for (coding, body) in [
        ("gzip", gzip(&plain)),
        ("br", brotli(&plain)),
        ("zstd", zstd(&plain)),
    ] {
        let (_page, client, url) = page(encoded(coding, &body), limits()).await;
        let fetched = client.get(&url, "*/*").await.unwrap();
        assert!(!fetched.truncated, "{coding}");
        assert_eq!(fetched.body.len(), plain.len(), "{coding}");
    }
}

#[tokio::test]
async fn a_zstd_window_of_more_than_8_mib_is_refused() {
    let bomb = zstd_bomb(WINDOW_16_MIB);
    let (_page, client, url) = page(encoded("zstd", &bomb), limits()).await;
    let error = client.get(&url, "*/*").await.unwrap_err();
    assert_eq!(error, EgressError::Encoding);
}

/// The high-water mark of a process that does nothing but fetch bombs.
#[tokio::test]
async fn bombs_cost_no_more_memory_than_the_limits() {
    if let Some(urls) = std::env::var_os("EGRESS_TEST_BOMBS") {
        let urls = urls.into_string().unwrap();
        let urls: Vec<&str> = urls.split(' ').collect();
        let pairs: Vec<String> = urls
            .iter()
            .map(|url| url.trim_matches('/').replace("http://", ""))
            .collect();
        let dns = FakeDns::default().says("page.test", &["127.0.0.1"]);
        let client = limited_client(opening(&pairs), &Arc::new(dns), limits());
        for url in urls {
            assert!(client.get(url, "*/*").await.unwrap().truncated);
        }
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
        let kilobytes: usize = kilobytes.parse().unwrap();
        // The body while it grows (twice the limit), a decoder's window, and the program itself.
        assert!(kilobytes < 64 * 1024, "{kilobytes} kB");
        return;
    }
    let mut pages = Vec::new();
    for (coding, bomb) in [
        ("gzip", gzip_bomb()),
        ("br", brotli_bomb()),
        ("zstd", zstd_bomb(WINDOW_8_MIB)),
    ] {
        pages.push(Peer::answering(encoded(coding, &bomb)).await);
    }
    let urls: Vec<String> = pages
        .iter()
        .map(|page| format!("http://page.test:{}/", page.port()))
        .collect();
    let output = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "bombs::bombs_cost_no_more_memory_than_the_limits",
        ])
        .env("EGRESS_TEST_BOMBS", urls.join(" "))
        .output();
    let output = output.await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(pages.iter().all(|page| page.accepted() == 1));
}
