//! What is no HTML: images, PDF, JSON, feeds, and what cannot be shown.

use lopdf::content::{Content as Operations, Operation};
use lopdf::{Document, Object, Stream, dictionary};

use super::{Content, Form, Format, View, in_format, page, read, viewed};
use crate::reader::{Note, PdfFault, Unreadable};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n....";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0....";
const GIF: &[u8] = b"GIF89a....";
const WEBP: &[u8] = b"RIFF\x04\0\0\0WEBP....";

#[test]
fn images_are_images_if_they_are_what_they_are_declared_to_be() {
    for (declared, body) in [
        ("image/png", PNG),
        ("image/jpeg", JPEG),
        ("image/jpg", JPEG),
        ("image/gif", GIF),
        ("image/webp", WEBP),
    ] {
        for format in [Format::Markdown, Format::Text, Format::Raw] {
            let reading = viewed(&page(declared, body), &in_format(format)).unwrap();
            let Content::Image(image) = reading.content else {
                panic!("{declared}");
            };
            assert_eq!(image.bytes, body);
            assert_eq!(image.media_type, declared.replace("jpg", "jpeg"));
        }
    }
    let told = |declared: &str, body: Vec<u8>| {
        let error = read(&page(declared, body), Format::Markdown).unwrap_err();
        error.to_string()
    };
    let other = told("image/png", JPEG.to_vec());
    assert!(
        other.contains("declared as image/png") && other.contains("image/jpeg"),
        "{other}"
    );
    assert!(told("image/png", b"<html>".to_vec()).contains("image/png of 6 bytes"));
    assert!(told("image/avif", PNG.to_vec()).contains("image/avif"));
    let mut large = PNG.to_vec();
    large.resize(3_750_001, 0);
    assert!(told("image/png", large).contains("3750001 bytes is too large"));
}

#[test]
fn text_that_is_none_is_refused() {
    for content_type in ["text/html", "text/plain", "application/json"] {
        let error = read(&page(content_type, b"MZ\0\x01\x02".to_vec()), Format::Raw).unwrap_err();
        assert!(
            matches!(error, Unreadable::Binary { bytes: 5, .. }),
            "{error}"
        );
    }
}

#[test]
fn only_html_has_links_metadata_and_elements() {
    let selected = View {
        format: Format::Markdown,
        selector: Some(crate::reader::Selector::parse("p").unwrap()),
    };
    for content_type in [
        "text/plain",
        "application/json",
        "image/png",
        "application/pdf",
    ] {
        for view in [
            &in_format(Format::Links),
            &in_format(Format::Metadata),
            &selected,
        ] {
            let error = viewed(&page(content_type, "{}"), view).unwrap_err();
            assert!(
                error
                    .to_string()
                    .contains(&format!("{content_type} is not HTML")),
                "{error}"
            );
        }
    }
}

#[test]
fn unseen_characters_are_dropped_but_from_raw() {
    let body = "a\u{200b}b\u{e0041}c";
    for content_type in ["text/plain", "text/html"] {
        let text = |format| read(&page(content_type, body), format).unwrap().0;
        assert_eq!(text(Format::Markdown), "abc");
        assert_eq!(text(Format::Text), "abc");
        assert_eq!(text(Format::Raw), body);
    }
}

/// A PDF with these operations on each of its pages.
fn pdf(pages: usize, operations: &[Operation]) -> Vec<u8> {
    let mut document = Document::with_version("1.5");
    let tree = document.new_object_id();
    let font = document.add_object(dictionary! {
        "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Courier",
        "Encoding" => "WinAnsiEncoding",
    });
    let resources = document.add_object(dictionary! { "Font" => dictionary! { "F1" => font } });
    let kids: Vec<Object> = (0..pages)
        .map(|_| {
            let content = Operations {
                operations: operations.to_vec(),
            };
            let content = Stream::new(dictionary! {}, content.encode().unwrap());
            let content = document.add_object(content);
            let page = dictionary! { "Type" => "Page", "Parent" => tree, "Contents" => content };
            document.add_object(page).into()
        })
        .collect();
    let count = i64::try_from(kids.len()).unwrap();
    let pages = dictionary! {
        "Type" => "Pages", "Kids" => kids, "Count" => count, "Resources" => resources,
    };
    document.objects.insert(tree, pages.into());
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    document.trailer.set("Root", catalog);
    document.compress();
    let mut body = Vec::new();
    document.save_to(&mut body).unwrap();
    body
}

fn line(text: &str) -> Vec<Operation> {
    vec![
        Operation::new("BT", vec![]),
        Operation::new("Tf", vec!["F1".into(), 12.into()]),
        Operation::new("Td", vec![72.into(), 700.into()]),
        Operation::new("Tj", vec![Object::string_literal(text)]),
        Operation::new("ET", vec![]),
    ]
}

#[test]
fn a_pdf_is_its_text() {
    let body = pdf(2, &line("Minutes (of 4 May)"));
    let (text, form) = read(&page("application/pdf", body), Format::Markdown).unwrap();
    assert_eq!(text, "Minutes (of 4 May)\n\nMinutes (of 4 May)");
    assert_eq!(form, Form::Pdf);
}

#[test]
fn a_pdf_that_has_no_text_or_is_damaged_says_so() {
    let told = |body: Vec<u8>| read(&page("application/pdf", body), Format::Markdown).unwrap_err();
    assert_eq!(told(pdf(3, &[])), PdfFault::WithoutText { pages: 3 }.into());
    assert_eq!(
        told(b"%PDF-1.7 and no more".to_vec()),
        PdfFault::Broken.into()
    );
}

#[test]
fn a_pdf_bomb_is_refused_before_it_is_unfolded() {
    let zeros = "0 ".repeat(1_000_000);
    let filler = vec![Operation::new("Tj", vec![Object::string_literal(zeros)])];
    let body = pdf(40, &filler);
    assert!(body.len() < 1_000_000, "{}", body.len());
    let error = read(&page("application/pdf", body), Format::Markdown).unwrap_err();
    assert_eq!(error, PdfFault::TooLarge.into());
    let many = b"%PDF-1.4 stream\x78\x9c endstream".repeat(60_000);
    let error = read(&page("application/pdf", many), Format::Markdown).unwrap_err();
    assert_eq!(error, PdfFault::TooLarge.into());
}

#[test]
fn no_cut_of_a_pdf_breaks_the_reader() {
    let whole = pdf(2, &line("Text"));
    for end in (0..whole.len()).step_by(7) {
        let cut = whole.get(..end).unwrap().to_vec();
        let _ = read(&page("application/pdf", cut), Format::Markdown);
    }
}

#[test]
fn notes_say_what_was_left_out() {
    let note = Note::SomePages { read: 3, pages: 9 };
    assert_eq!(
        note.to_string(),
        "only 3 of 9 pages were read; the document is too large"
    );
}

#[test]
fn feeds_have_many_dialects() {
    let list =
        |content_type: &str, body: &str| read(&page(content_type, body), Format::Markdown).unwrap();
    for (content_type, body, expected) in [
        (
            "application/rdf+xml",
            "<rdf:RDF xmlns:rdf='r' xmlns='http://purl.org/rss/1.0/'><channel><title>T</title></channel>\
             <item><title>A</title><link>http://a.test/</link></item></rdf:RDF>",
            "# T\n\n## [A](http://a.test/)",
        ),
        (
            "text/xml",
            "<rss><channel><title>T</title><image><title>I</title><link>http://i.test</link></image>\
             <item><title>A &amp;amp; B</title><guid>http://a.test/1</guid><author>x@y.test</author></item>\
             <item><guid>7</guid><title/></item></channel>",
            "# T\n\n## [A & B](http://a.test/1)\n\nx@y.test\n\n## (untitled)",
        ),
        (
            "application/atom+xml",
            "<feed><title>T</title><entry><title>A</title><link rel='enclosure' href='/e'/>\
             <link href='/a'/><author><name>N</name><email>e</email></author></entry></feed>",
            "# T\n\n## [A](https://example.com/a)\n\nN",
        ),
    ] {
        assert_eq!(list(content_type, body), (expected.to_owned(), Form::Feed));
    }
    // What is no feed stays as it is.
    for (content_type, body) in [
        ("text/xml", "<urlset><url>x</url></urlset>"),
        ("text/xml", "rss"),
        ("application/xml", ""),
    ] {
        assert_eq!(list(content_type, body), (body.to_owned(), Form::AsServed));
    }
}

#[test]
fn a_feed_of_very_many_entries_says_how_many_are_left_out() {
    let xml = format!(
        "<rss><channel>{}</channel></rss>",
        "<item><title>x</title></item>".repeat(2_500)
    );
    let items = vec![r#"{"title":"x"}"#; 2_500].join(",");
    let json = format!(r#"{{"version":"https://jsonfeed.org/version/1.1","items":[{items}]}}"#);
    for (content_type, body) in [
        ("application/rss+xml", xml),
        ("application/feed+json", json),
    ] {
        let (text, form) = read(&page(content_type, body), Format::Markdown).unwrap();
        assert_eq!(form, Form::Feed);
        assert_eq!(text.matches("## x").count(), 2_000, "{content_type}");
        assert!(text.ends_with("(500 more entries are not shown)"), "{text}");
    }
}
