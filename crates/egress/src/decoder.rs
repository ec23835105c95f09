//! Content codings (RFC 9110 section 8.4.1): gzip, br and zstd, whatever they unfold to, into a
//! body of limited size.

use std::io::{self, Write};

use brotli_decompressor::DecompressorWriter;
use flate2::write::MultiGzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

/// What is asked for.
pub(crate) const ACCEPT_ENCODING: &str = "gzip, br, zstd";
/// RFC 9659 section 3: a window of 8 MiB, and no more memory than that for whoever serves.
const ZSTD_WINDOW_LOG: u32 = 23;
/// Bytes that a brotli decoder hands on at once.
const BROTLI_BUFFER: usize = 16 * 1024;

/// The coding that a response names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Identity,
    Gzip,
    Brotli,
    Zstd,
}

impl Coding {
    /// The one coding of these headers; `None` for several, or for one that was not asked for.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(CONTENT_ENCODING).into_iter();
        let coding = values.next().map_or(b"identity".as_slice(), |value| {
            value.as_bytes().trim_ascii()
        });
        if values.next().is_some() {
            return None;
        }
        match coding.to_ascii_lowercase().as_slice() {
            b"identity" | b"" => Some(Self::Identity),
            b"gzip" | b"x-gzip" => Some(Self::Gzip),
            b"br" => Some(Self::Brotli),
            b"zstd" => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// Decodes into memory, up to a limit.
pub(crate) enum Decoder {
    Identity(Limited),
    Gzip(Box<MultiGzDecoder<Limited>>),
    Brotli(Box<DecompressorWriter<Limited>>),
    Zstd(zstd::stream::write::Decoder<'static, Limited>),
}

impl Decoder {
    pub(crate) fn new(coding: Coding, limit: usize) -> io::Result<Self> {
        let body = Limited {
            bytes: Vec::new(),
            limit,
            overflown: false,
        };
        Ok(match coding {
            Coding::Identity => Self::Identity(body),
            Coding::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(body))),
            Coding::Brotli => Self::Brotli(Box::new(DecompressorWriter::new(body, BROTLI_BUFFER))),
            Coding::Zstd => {
                let mut decoder = zstd::stream::write::Decoder::new(body)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                Self::Zstd(decoder)
            }
        })
    }

    /// Takes a piece of the body as it came.
    pub(crate) fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        match self {
            Self::Identity(body) => body.write_all(piece),
            Self::Gzip(decoder) => decoder.write_all(piece),
            Self::Zstd(decoder) => decoder.write_all(piece),
            // It takes no more once its stream has ended; what follows is nobody's.
            Self::Brotli(decoder) => write_until_end(decoder.as_mut(), piece),
        }
    }

    /// Whether the body has more bytes than the limit; those up to it are there.
    pub(crate) fn is_overflown(&mut self) -> bool {
        self.body().overflown
    }

    /// What was decoded; an error if the coding's own end was not reached.
    pub(crate) fn finish(mut self) -> io::Result<Vec<u8>> {
        match &mut self {
            Self::Identity(_) => {}
            Self::Gzip(decoder) => decoder.try_finish()?,
            Self::Brotli(decoder) => decoder.close()?,
            Self::Zstd(decoder) => decoder.do_finish()?,
        }
        Ok(self.cut())
    }

    /// What was decoded so far.
    pub(crate) fn cut(mut self) -> Vec<u8> {
        // What cannot be flushed is beyond the limit.
        let _ = match &mut self {
            Self::Identity(body) => body.flush(),
            Self::Gzip(decoder) => decoder.flush(),
            Self::Brotli(decoder) => decoder.flush(),
            Self::Zstd(decoder) => decoder.flush(),
        };
        std::mem::take(&mut self.body().bytes)
    }

    fn body(&mut self) -> &mut Limited {
        match self {
            Self::Identity(body) => body,
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Brotli(decoder) => decoder.get_mut(),
            Self::Zstd(decoder) => decoder.get_mut(),
        }
    }
}

fn write_until_end(decoder: &mut impl Write, mut piece: &[u8]) -> io::Result<()> {
    while !piece.is_empty() {
        let taken = decoder.write(piece)?;
        if taken == 0 {
            break;
        }
        piece = piece.get(taken..).unwrap_or_default();
    }
    Ok(())
}

/// Bytes in memory, up to a limit; more is an error for whoever writes.
pub(crate) struct Limited {
    bytes: Vec<u8>,
    limit: usize,
    overflown: bool,
}

impl Write for Limited {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let room = self.limit.saturating_sub(self.bytes.len());
        let fits = piece.get(..room).unwrap_or(piece);
        self.bytes.extend_from_slice(fits);
        if fits.len() < piece.len() {
            self.overflown = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
