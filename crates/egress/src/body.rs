//! A response's body: read piece by piece, counted before and after decompression, and cut at
//! either limit.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::decoder::{Coding, Decoder};
use crate::error::{EgressError, TimeLimit};
use crate::limits::Limits;
use crate::meter::Meter;

/// Compressed bytes that are unfolded before others get their turn: one piece can unfold to the
/// whole limit.
const PIECE: usize = 16 * 1024;

/// What was read.
pub(crate) struct Body {
    pub(crate) bytes: Bytes,
    pub(crate) truncated: bool,
    pub(crate) wire_bytes: usize,
}

/// Reads to the end or to a limit.
pub(crate) async fn read(
    mut incoming: Incoming,
    coding: Coding,
    limits: &Limits,
    meter: Option<&Meter>,
) -> Result<Body, EgressError> {
    let mut decoder = Decoder::new(coding, limits.body_bytes).map_err(|_| EgressError::Encoding)?;
    let mut wire_bytes = 0;
    while let Some(piece) = next(&mut incoming, limits).await? {
        if let Some(meter) = meter {
            meter.count(piece.len());
        }
        let room = limits.wire_bytes.saturating_sub(wire_bytes);
        let within = piece.get(..room).unwrap_or(&piece);
        wire_bytes += within.len();
        let outcome = unfold(within, &mut decoder).await;
        let overflown = decoder.is_overflown();
        if !overflown {
            outcome?;
        }
        if overflown || within.len() < piece.len() {
            return Ok(Body {
                bytes: decoder.cut().into(),
                truncated: true,
                wire_bytes,
            });
        }
    }
    // A coding may be named where there is no body to be in it (RFC 9110 section 8.6).
    let bytes = if wire_bytes == 0 {
        Vec::new()
    } else {
        decoder.finish().map_err(|_| EgressError::Encoding)?
    };
    Ok(Body {
        bytes: bytes.into(),
        truncated: false,
        wire_bytes,
    })
}

async fn unfold(bytes: &[u8], decoder: &mut Decoder) -> Result<(), EgressError> {
    for piece in bytes.chunks(PIECE) {
        decoder.write(piece).map_err(|_| EgressError::Encoding)?;
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// The next bytes; trailers are passed over.
async fn next(incoming: &mut Incoming, limits: &Limits) -> Result<Option<Bytes>, EgressError> {
    loop {
        let frame = tokio::time::timeout(limits.idle, incoming.frame()).await;
        let frame = frame.map_err(|_| EgressError::Timeout(TimeLimit::Idle))?;
        let Some(frame) = frame else {
            return Ok(None);
        };
        let frame = frame.map_err(|_| EgressError::Response)?;
        if let Ok(bytes) = frame.into_data() {
            return Ok(Some(bytes));
        }
    }
}
