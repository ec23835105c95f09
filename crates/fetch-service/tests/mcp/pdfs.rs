//! PDFs, read by a process of their own: what a hostile one does there leaves the service as it was.

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use lopdf::{Document, Object, Stream, dictionary};
use serde_json::json;

use crate::support::{Service, Site};

const GOOD: &[u8] = include_bytes!("../corpus/pages/minutes.pdf");
const IN_GOOD: &str = "Minutes of the parish council";
const TOO_COSTLY: &str = "the PDF takes too much time or memory to read";
const SOON: Duration = Duration::from_secs(4);

/// Each stream's length is in the next object, which is a stream. The library goes from one to the
/// next within the one before.
fn endless_lengths() -> Vec<u8> {
    const DEPTH: usize = 20_000;
    let mut body = b"%PDF-1.5\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", DEPTH + 1);
    for number in 1..=DEPTH {
        writeln!(table, "{:010} 00000 n ", body.len()).unwrap();
        let object = format!("{number} 0 obj<</Length {} 0 R>>stream\n", number + 1);
        body.extend(object.into_bytes());
    }
    let begin = body.len();
    body.extend(table.into_bytes());
    let size = DEPTH + 1;
    let trailer = format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{begin}\n%%EOF");
    body.extend(trailer.into_bytes());
    body
}

/// A character for each of four thousand million codes.
const LARGE_MAP: &str = "/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CMapName /Large def
1 begincodespacerange
<00000000> <FFFFFFFE>
endcodespacerange
1 beginbfrange
<00000000> <FFFFFFFE> <0041>
endbfrange
endcmap
CMapName currentdict /CMap defineresource pop
end
end
";

fn large_font() -> Vec<u8> {
    let mut document = Document::with_version("1.5");
    let tree = document.new_object_id();
    let map = document.add_object(Stream::new(dictionary! {}, LARGE_MAP.into()));
    let font = dictionary! { "Type" => "Font", "Subtype" => "Type0", "ToUnicode" => map };
    let font = document.add_object(font);
    let text = b"BT /F1 12 Tf (Hello) Tj ET".to_vec();
    let text = document.add_object(Stream::new(dictionary! {}, text));
    let page = document.add_object(dictionary! {
        "Type" => "Page", "Parent" => tree, "Contents" => text,
        "Resources" => dictionary! { "Font" => dictionary! { "F1" => font } },
    });
    let kids: Vec<Object> = vec![page.into()];
    let pages = dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => 1 };
    document.objects.insert(tree, pages.into());
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    document.trailer.set("Root", catalog);
    let mut body = Vec::new();
    document.save_to(&mut body).unwrap();
    body
}

/// Streams that begin within one another, and two million blocks of nothing after them, which each of
/// them unfolds.
fn slow_streams() -> Vec<u8> {
    let stream = b"stream\x78\x9c\0\x08\0\xf7\xff".repeat(4000);
    let nothing = b"\0\0\0\xff\xff".repeat(2_000_000);
    // The last one's eight bytes come first.
    [b"%PDF-1.5\n".to_vec(), stream, vec![b'x'; 8], nothing].concat()
}

fn site() -> Site {
    let pages = [
        ("/good", Bytes::from_static(GOOD)),
        ("/lengths", endless_lengths().into()),
        ("/font", large_font().into()),
        ("/slow", slow_streams().into()),
    ];
    Site::answering(move |request, _| {
        let page = pages.iter().find(|(path, _)| *path == request.path());
        let body = page.map(|(_, body)| body.clone()).unwrap_or_default();
        HttpResponse::Ok()
            .content_type("application/pdf")
            .body(body)
    })
}

fn opened_to(site: &Site) -> Service {
    Service::opened_with(&site.url, &[("FETCH_ROBOTS", "ignore")])
}

/// What this process has of memory at most, in bytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
    kilobytes.parse::<u64>().unwrap() * 1024
}

/// The processes that this one started, those included that have ended and were not waited for.
fn children() -> usize {
    let own = std::process::id().to_string();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let stats = processes.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
    let parents = stats.filter_map(|stat| {
        let (_, after_name) = stat.rsplit_once(") ")?;
        after_name.split(' ').nth(1).map(ToOwned::to_owned)
    });
    parents.filter(|parent| *parent == own).count()
}

async fn are_children(count: usize) -> bool {
    let begun = Instant::now();
    while children() != count && begun.elapsed() < SOON {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    children() == count
}

#[actix_web::test]
async fn a_pdf_that_ends_its_process_or_fills_its_memory_is_refused_and_nothing_else() {
    let site = site();
    let service = opened_to(&site);
    let before = peak();
    for path in ["/lengths", "/font"] {
        let hostile = json!({ "url": format!("{}{path}", site.url) });
        let (is_error, answer) = service.fetch(hostile).await;
        assert!(is_error && answer.contains(TOO_COSTLY), "{path}: {answer}");
        let good = json!({ "url": format!("{}/good", site.url) });
        let (is_error, answer) = service.fetch(good).await;
        assert!(!is_error && answer.contains(IN_GOOD), "{path}: {answer}");
        assert!(are_children(0).await, "{path}");
    }
    let more = peak() - before;
    assert!(more < 100 << 20, "{more} bytes more");
}

#[actix_web::test]
async fn a_pdf_that_nobody_waits_for_leaves_no_process() {
    let site = site();
    let service = opened_to(&site);
    let message = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "fetch", "arguments": { "url": format!("{}/slow", site.url) } }
    });
    let client = actix_web::rt::spawn(service.post(&message).send());
    assert!(are_children(1).await, "it is read");
    // It has some seconds.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(children(), 1);
    client.abort();
    assert!(are_children(0).await, "it is ended");
}
