//! Where words go: lines, blank lines, what each line begins with, and markup that opens with the
//! first word in it and closes before the space after the last.

/// With marks, or without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::reader) enum Style {
    Markdown,
    Text,
}

/// What lines within lists and quotes begin with grows no longer than this: a hostile page could
/// nest them, and repeats it at each of its lines.
const MAX_PREFIX: usize = 16;

fn is_space(char: char) -> bool {
    char.is_ascii_whitespace() || char == '\u{a0}'
}

/// Text as it grows.
#[derive(Debug)]
pub(super) struct Writer {
    out: String,
    pub(super) style: Style,
    /// Line breaks owed before the next word: 2 are a blank line.
    breaks: u8,
    /// A space is owed before the next word.
    space: bool,
    /// What each line begins with.
    prefix: String,
    /// What the next line begins with instead: with the mark of a list item.
    first: Option<String>,
    /// How much of the prefix a blank line has.
    blank_prefix: usize,
    /// Marks owed before the next word.
    opening: Vec<&'static str>,
    /// Marks that stand in the text and are not closed.
    open: Vec<&'static str>,
    /// Within something that has one line: a link, a heading, a cell.
    one_line: usize,
}

/// What is restored when a list item or a quotation ends.
#[derive(Debug)]
pub(super) struct Indented {
    prefix: String,
    first: Option<String>,
}

impl Writer {
    pub(super) fn new(style: Style) -> Self {
        Self {
            out: String::new(),
            style,
            breaks: 0,
            space: false,
            prefix: String::new(),
            first: None,
            blank_prefix: 0,
            opening: Vec::new(),
            open: Vec::new(),
            one_line: 0,
        }
    }

    pub(super) fn finish(self) -> String {
        let text = self.out.trim_end();
        text.trim_start_matches('\n').to_owned()
    }

    /// Words, with every run of white space as one space.
    pub(super) fn words(&mut self, text: &str) {
        let mut is_first = true;
        for word in text.split(is_space) {
            // Between two parts, and before or after them, there was white space.
            self.space |= !is_first;
            is_first = false;
            if !word.is_empty() {
                self.begin();
                self.out.push_str(word);
            }
        }
    }

    /// Something that is not to be broken or collapsed, such as code.
    pub(super) fn verbatim(&mut self, text: &str) {
        self.begin();
        self.out.push_str(text);
    }

    /// Lines that keep their white space, each after the prefix.
    pub(super) fn lines(&mut self, text: &str) {
        for line in text.split('\n') {
            self.break_line();
            self.begin();
            self.out.push_str(line);
            // An empty line is a line.
            self.breaks = 1;
        }
    }

    /// The next word begins a block.
    pub(super) fn break_block(&mut self) {
        // Not between the mark of a list item and its first word.
        if self.first.is_none() {
            self.break_with(2);
        }
    }

    /// The next word begins a line.
    pub(super) fn break_line(&mut self) {
        if self.first.is_none() {
            self.break_with(1);
        }
    }

    fn break_with(&mut self, breaks: u8) {
        if self.one_line > 0 {
            self.space = true;
            return;
        }
        self.blank_prefix = self.blank_prefix.min(self.prefix.len());
        self.breaks = self.breaks.max(breaks);
    }

    /// At most a line break is owed: the items of a list stand together.
    pub(super) fn tighten(&mut self) {
        self.breaks = self.breaks.min(1);
    }

    /// A list item or quotation begins: its first line with `mark`, others with `rest`.
    pub(super) fn indent(&mut self, mark: &str, rest: &str) -> Indented {
        let before = Indented {
            prefix: self.prefix.clone(),
            first: self.first.take(),
        };
        let mut first = before.first.as_ref().unwrap_or(&before.prefix).clone();
        if first.len() < 2 * MAX_PREFIX {
            first.push_str(mark);
        }
        self.first = Some(first);
        if self.prefix.len() < MAX_PREFIX {
            self.prefix.push_str(rest);
        }
        before
    }

    /// It ends; if nothing was written, its mark goes too.
    pub(super) fn outdent(&mut self, indented: Indented) {
        let is_empty = self.first.is_some();
        self.first = indented.first.filter(|_| is_empty);
        self.prefix = indented.prefix;
        self.blank_prefix = self.blank_prefix.min(self.prefix.len());
    }

    /// A mark that opens before the next word, and closes after the last with [`Self::close`];
    /// false where there is none to close. Within itself it is none: each line would repeat it.
    #[must_use]
    pub(super) fn open(&mut self, mark: &'static str) -> bool {
        let is_open = self.open.contains(&mark) || self.opening.contains(&mark);
        let opens = self.style == Style::Markdown && !is_open;
        if opens {
            self.opening.push(mark);
        }
        opens
    }

    /// Closes the mark opened last, if there was a word in it.
    pub(super) fn close(&mut self, closing: &str) {
        if self.opening.pop().is_none() {
            self.open.pop();
            self.out.push_str(closing);
        }
    }

    /// What is written by `inside` has one line.
    pub(super) fn enter_line(&mut self) {
        self.one_line += 1;
    }

    pub(super) fn leave_line(&mut self) {
        self.one_line -= 1;
    }

    /// Whether anything was written.
    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    /// Pays what is owed before a word.
    fn begin(&mut self) {
        if self.breaks > 0 || self.out.is_empty() {
            self.begin_line();
        } else if let Some(first) = self.first.take() {
            // The item begins where the page began no line.
            self.out.push('\n');
            self.out.push_str(&first);
        } else if self.space {
            self.out.push(' ');
        }
        self.space = false;
        for mark in std::mem::take(&mut self.opening) {
            self.out.push_str(mark);
            self.open.push(mark);
        }
    }

    fn begin_line(&mut self) {
        // Emphasis does not reach over lines; of a link, nothing does (it has one line).
        let open = std::mem::take(&mut self.open);
        for mark in open.iter().rev() {
            self.out.push_str(mark);
        }
        self.opening.splice(0..0, open);
        if !self.out.is_empty() {
            for blank in 0..self.breaks {
                if blank > 0 {
                    let prefix = self.prefix.get(..self.blank_prefix).unwrap_or_default();
                    self.out.push_str(prefix.trim_end());
                }
                self.out.push('\n');
            }
        }
        let first = self.first.take();
        self.out.push_str(first.as_deref().unwrap_or(&self.prefix));
        self.blank_prefix = self.prefix.len();
        self.breaks = 0;
    }
}
