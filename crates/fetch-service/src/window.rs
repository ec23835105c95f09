//! The part of a text that one answer shows. Counted in characters (Unicode scalar values), so
//! that no cut falls inside one.
//!
//! A window is exactly what was asked for: a model that goes on at `start_index + max_length`
//! skips nothing. So it does not end early at the end of a block; instead the answer names the last
//! block end in it as the place to go on at, and the block that is cut is shown again, whole.

use crate::arguments::Span;

/// A block end is looked for in the last part of a window of this size, so that little is repeated.
const LOOKED_AT: usize = 5;
/// Below it, no block would fit.
const WORTH_IT: usize = 200;

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Window<'a> {
    /// The part.
    pub(crate) shown: &'a str,
    /// Where it begins, in characters.
    pub(crate) start: usize,
    /// Where it ends.
    pub(crate) end: usize,
    /// Where to go on: at `end`, or at the last block end before it.
    pub(crate) next: usize,
    /// The length of the whole text, in characters.
    pub(crate) total: usize,
}

impl<'a> Window<'a> {
    /// At most `span.length` characters from `span.start` on; empty where the text has ended
    /// before.
    pub(crate) fn of(text: &'a str, span: Span) -> Self {
        let total = text.chars().count();
        let start = span.start.min(total);
        let end = start.saturating_add(span.length).min(total);
        let (_, rest) = text.split_at(byte_of(text, start));
        let (shown, rest) = rest.split_at(byte_of(rest, end - start));
        let next = if rest.is_empty() {
            end
        } else {
            start + block_end(shown, end - start)
        };
        Self {
            shown,
            start,
            end,
            next,
            total,
        }
    }

    /// Characters after this window.
    pub(crate) fn remaining(&self) -> usize {
        self.total - self.end
    }
}

fn byte_of(text: &str, char: usize) -> usize {
    text.char_indices()
        .nth(char)
        .map_or(text.len(), |(byte, _)| byte)
}

/// The end of the last paragraph in the last part of the text, or else of the last line there, or
/// else of the text: in characters.
fn block_end(text: &str, length: usize) -> usize {
    if length < WORTH_IT {
        return length;
    }
    let from = byte_of(text, length - length / LOOKED_AT);
    let Some(tail) = text.get(from..) else {
        return length;
    };
    let end = tail
        .rfind("\n\n")
        .map(|at| at + 2)
        .or_else(|| tail.rfind('\n').map(|at| at + 1));
    let left_over = end.and_then(|end| tail.get(end..)).unwrap_or_default();
    length - left_over.chars().count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Span, Window};

    fn window(text: &str, start: usize, length: usize) -> Window<'_> {
        Window::of(text, Span { start, length })
    }

    #[test]
    fn the_next_window_begins_with_a_block() {
        let block = format!("{}\n\n", "word ".repeat(30).trim_end());
        let text = block.repeat(20);
        let size = block.chars().count();
        let first = window(&text, 0, 1000);
        assert_eq!((first.end, first.next), (1000, size * 6));
        assert_eq!(first.shown.chars().count(), 1000);
        assert!(window(&text, first.next, 1000).shown.starts_with("word"));
        // Lines where there is no paragraph; the end where there is neither.
        let lines = "0123456789012345678\n".repeat(100);
        assert_eq!(window(&lines, 0, 1007).next, 1000);
        assert_eq!(window(&"x".repeat(3000), 0, 1000).next, 1000);
    }

    /// Blocks, lines and characters of all sizes.
    fn any_text() -> impl Strategy<Value = String> {
        let pieces = proptest::sample::select(vec![
            "word ",
            "\n",
            "\n\n",
            "größer",
            "日本語",
            "🦊",
            "e\u{301}",
            "\u{0}",
            "| a | b |\n",
        ]);
        proptest::collection::vec(pieces, 0..400).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn a_model_that_adds_max_length_skips_nothing(text in any_text(), length in 1_usize..400) {
            let mut joined = String::new();
            for start in (0..).step_by(length) {
                let window = window(&text, start, length);
                joined.push_str(window.shown);
                if window.remaining() == 0 {
                    break;
                }
                prop_assert_eq!(window.end, start + length);
            }
            prop_assert_eq!(joined, text);
        }

        #[test]
        fn a_model_that_goes_on_where_it_is_told_skips_nothing(
            text in any_text(), length in 1_usize..400,
        ) {
            let mut joined = String::new();
            let mut start = 0;
            loop {
                let window = window(&text, start, length);
                prop_assert_eq!(window.start, start);
                prop_assert!(window.end - window.next <= length / 5);
                let kept = window.next - start;
                joined.extend(window.shown.chars().take(kept));
                if window.remaining() == 0 {
                    break;
                }
                prop_assert!(window.next > start, "no way on");
                start = window.next;
            }
            prop_assert_eq!(joined, text);
        }

        #[test]
        fn any_start_is_exact(text in any::<String>(), start: usize, length: usize) {
            let window = window(&text, start, length);
            let expected: String = text.chars().skip(start).take(length).collect();
            prop_assert_eq!(window.shown, expected);
            prop_assert_eq!(window.total, text.chars().count());
        }
    }
}
