//! Hostile PDFs: small ones that would take hours or all of the memory.

use std::fmt::Write as _;

use super::{Form, Format, Unreadable, page, read};
use crate::reader::PdfFault;

const CATALOG: &str = "<< /Type /Catalog /Pages 2 0 R >>";
const PAGES: &str = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>";
const TEXT: &str = "BT /F1 12 Tf (Hello) Tj ET";

/// A document of these objects, from 1 on, with more entries of its table that lead to the last one.
fn document(objects: &[String], entries: usize) -> Vec<u8> {
    let mut body = "%PDF-1.5\n".to_owned();
    let mut places = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        places.push(body.len());
        write!(body, "{} 0 obj\n{object}\nendobj\n", at + 1).unwrap();
    }
    let last = *places.last().unwrap();
    places.extend(std::iter::repeat_n(last, entries));
    let table = body.len();
    let size = places.len() + 1;
    write!(body, "xref\n0 {size}\n0000000000 65535 f \n").unwrap();
    for place in places {
        writeln!(body, "{place:010} 00000 n ").unwrap();
    }
    write!(
        body,
        "trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF"
    )
    .unwrap();
    body.into_bytes()
}

fn stream(entries: &str, content: &str) -> String {
    let length = content.len();
    format!("<< {entries} /Length {length} >>\nstream\n{content}\nendstream")
}

/// One page with these fonts and this content, and more objects.
fn one_page(fonts: &str, content: &str, more: &[String]) -> Vec<String> {
    let page = format!(
        "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << {fonts} >> >> >>"
    );
    let font = "<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>".to_owned();
    let first = [CATALOG.to_owned(), PAGES.to_owned(), page];
    [&first[..], &[stream("", content), font], more].concat()
}

fn reading(body: Vec<u8>) -> Result<(String, Form), Unreadable> {
    read(&page("application/pdf", body), Format::Markdown)
}

#[test]
fn one_object_that_is_named_many_times_is_not_read_each_time() {
    let large = format!("[{}]", "1 ".repeat(10_000));
    let objects = one_page("/F1 5 0 R", TEXT, &[large]);
    assert_eq!(reading(document(&objects, 0)).unwrap().0, "Hello");
    let bomb = document(&objects, 20_000);
    assert_eq!(reading(bomb), Err(PdfFault::TooLarge.into()));
}

#[test]
fn what_is_in_object_streams_is_read_once() {
    let font = "<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>";
    let large = format!("[{}]", "1 ".repeat(100_000));
    let begin = font.len() + 1;
    // The font, and then a thousand objects that all begin where the array does.
    let mut index = "50 0 ".to_owned();
    for number in 1000..2000 {
        write!(index, "{number} {begin} ").unwrap();
    }
    let content = format!("{index}{font} {large}");
    let entries = format!("/Type /ObjStm /N 1001 /First {}", index.len());
    let objects = one_page("/F1 50 0 R", TEXT, &[stream(&entries, &content)]);
    assert_eq!(reading(document(&objects, 0)).unwrap().0, "Hello");
    // And one that is too large by itself.
    let many = stream(
        "/Type /ObjStm /N 1 /First 4",
        &format!("9 0 [{}]", "1 ".repeat(2_000_001)),
    );
    let objects = one_page("/F1 5 0 R", TEXT, &[many]);
    assert_eq!(
        reading(document(&objects, 0)),
        Err(PdfFault::TooLarge.into())
    );
}

#[test]
fn a_page_of_too_many_operations_or_fonts_is_left_out() {
    let operations = format!("{} {TEXT}", "q ".repeat(300_000));
    let objects = one_page("/F1 5 0 R", &operations, &[]);
    assert_eq!(
        reading(document(&objects, 0)),
        Err(PdfFault::TooLarge.into())
    );
    let map = "<0000> <0041>\n".repeat(30_000);
    let map = format!("{} beginbfchar\n{map}endbfchar", 30_000);
    let font = "<< /Type /Font /Subtype /Type0 /ToUnicode 6 0 R >>".to_owned();
    let more = [stream("", &map), font];
    let fonts: Vec<_> = (0..100).map(|at| format!("/F{at} 7 0 R")).collect();
    let objects = one_page(&fonts.join(" "), TEXT, &more);
    assert_eq!(
        reading(document(&objects, 0)),
        Err(PdfFault::TooLarge.into())
    );
}

#[test]
fn a_font_that_cannot_be_used_leaves_what_is_written_in_others() {
    let untyped = "<< /Subtype /Type1 /BaseFont /Courier >>".to_owned();
    let broken = stream("/Filter /FlateDecode", "no map");
    let unmapped = "<< /Type /Font /Subtype /Type0 /ToUnicode 7 0 R >>".to_owned();
    let text = format!("BT /F2 12 Tf (Lost) Tj ET {TEXT}");
    let more = [untyped, broken, unmapped];
    for fonts in ["/F1 5 0 R /F2 6 0 R", "/F1 5 0 R /F2 8 0 R"] {
        let objects = one_page(fonts, &text, &more);
        let (read, _) = reading(document(&objects, 0)).unwrap();
        assert!(read.contains("Hello"), "{fonts}: {read}");
    }
}

#[test]
fn an_encrypted_pdf_says_so_however_it_is_written() {
    for name in ["/Encrypt", "/Enc#72ypt", "/#45ncrypt"] {
        let objects = one_page("/F1 5 0 R", TEXT, &[]);
        let body = String::from_utf8(document(&objects, 0)).unwrap();
        let body = body.replace("/Root", &format!("{name} 5 0 R /Root"));
        assert_eq!(reading(body.into_bytes()), Err(PdfFault::Encrypted.into()));
    }
    let other = one_page("/F1 5 0 R", TEXT, &["/EncryptMetadata".to_owned()]);
    assert!(reading(document(&other, 0)).is_ok());
}
