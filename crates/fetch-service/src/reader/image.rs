//! Images, as the kinds that models see: PNG, JPEG, GIF and WebP.

use super::{Content, Image, MediaType, Page, Reading, Unreadable};

/// Clients hand models at most 5 MB of base64.
const MAX_BYTES: usize = 3_750_000;

/// The image, if it is what it is declared to be.
pub(super) fn read(page: &Page, declared: &MediaType) -> Result<Reading, Unreadable> {
    let bytes = page.body.len();
    let Some(media_type) = sniffed(&page.body) else {
        return Err(Unreadable::Binary {
            media_type: declared.clone(),
            bytes,
        });
    };
    // `image/jpg` is a common misspelling.
    let is_same = declared.essence() == media_type
        || (media_type == "image/jpeg" && declared.essence() == "image/jpg");
    if !is_same {
        return Err(Unreadable::OtherImage {
            declared: declared.clone(),
            media_type,
        });
    }
    if bytes > MAX_BYTES {
        return Err(Unreadable::LargeImage { media_type, bytes });
    }
    Ok(Reading {
        title: None,
        content: Content::Image(Image {
            media_type,
            bytes: page.body.clone(),
        }),
        notes: Vec::new(),
    })
}

/// The kind by the first bytes (WHATWG MIME Sniffing, section 6.1).
pub(super) fn sniffed(body: &[u8]) -> Option<&'static str> {
    match body {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("image/webp"),
        _ => None,
    }
}
