//! The part of a text that one answer shows. Counted in characters (Unicode scalar values), so
//! that no cut falls inside one, and exact, so that `start_index + max_length` skips nothing.

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Window<'a> {
    /// The part.
    pub(crate) shown: &'a str,
    /// Where it begins, in characters.
    pub(crate) start: usize,
    /// Where it ends: where the next one begins.
    pub(crate) end: usize,
    /// The length of the whole text, in characters.
    pub(crate) total: usize,
}

impl<'a> Window<'a> {
    /// At most `length` characters from `start` on; empty where the text has ended before.
    pub(crate) fn of(text: &'a str, start: usize, length: usize) -> Self {
        let total = text.chars().count();
        let start = start.min(total);
        let end = start.saturating_add(length).min(total);
        let byte = |at: usize| {
            text.char_indices()
                .nth(at)
                .map_or(text.len(), |(byte, _)| byte)
        };
        Self {
            shown: text.get(byte(start)..byte(end)).unwrap_or_default(),
            start,
            end,
            total,
        }
    }

    /// Characters after this window.
    pub(crate) fn remaining(&self) -> usize {
        self.total - self.end
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Window;

    proptest! {
        #[test]
        fn windows_join_to_the_whole(text in any::<String>(), length in 1_usize..40) {
            let mut joined = String::new();
            let mut start = 0;
            loop {
                let window = Window::of(&text, start, length);
                prop_assert_eq!(window.start, start);
                joined.push_str(window.shown);
                if window.remaining() == 0 {
                    break;
                }
                // What a model does that reads nothing but its own arguments.
                start += length;
                prop_assert_eq!(window.end, start);
            }
            prop_assert_eq!(joined, text);
        }

        #[test]
        fn any_start_is_exact(text in any::<String>(), start: usize, length: usize) {
            let window = Window::of(&text, start, length);
            let expected: String = text.chars().skip(start).take(length).collect();
            prop_assert_eq!(window.shown, expected);
            prop_assert_eq!(window.total, text.chars().count());
        }
    }
}
