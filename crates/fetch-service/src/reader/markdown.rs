//! A tree as Markdown, or as text without marks. Words are not escaped: a model reads them, and
//! looks for them as they are on the page.

mod code;
mod lists;
mod table;
mod writer;

use dom_query::NodeRef;

pub(super) use writer::Style;
use writer::Writer;

/// Elements that begin and end a block, and mean nothing else here.
const BLOCKS: [&str; 24] = [
    "address",
    "article",
    "aside",
    "body",
    "caption",
    "center",
    "details",
    "dialog",
    "div",
    "dl",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "header",
    "hgroup",
    "main",
    "nav",
    "p",
    "section",
    "summary",
    "table",
    "tr",
];
/// Elements that a reader has no use for.
const SKIPPED: [&str; 15] = [
    "button", "embed", "frame", "frameset", "head", "link", "map", "meta", "noscript", "script",
    "select", "style", "svg", "template", "textarea",
];

/// Writes the nodes one after the other.
pub(super) fn write<'a>(nodes: impl IntoIterator<Item = NodeRef<'a>>, style: Style) -> String {
    let mut walk = Walk {
        to: Writer::new(style),
        list_depth: 0,
        in_cell: false,
    };
    for node in nodes {
        walk.to.break_block();
        walk.node(&node);
    }
    walk.to.finish()
}

struct Walk {
    to: Writer,
    list_depth: usize,
    /// A table in a cell is no table: the bars of both would be one.
    in_cell: bool,
}

impl Walk {
    fn children(&mut self, node: &NodeRef<'_>) {
        for child in node.children_it(false) {
            self.node(&child);
        }
    }

    fn node(&mut self, node: &NodeRef<'_>) {
        if node.is_text() {
            self.to.words(&node.text());
            return;
        }
        let Some(name) = node.node_name() else {
            // The document itself; comments have no children.
            return self.children(node);
        };
        match &*name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.heading(node, &name),
            "b" | "strong" => self.marked(node, "**"),
            "i" | "em" | "cite" | "dfn" | "var" => self.marked(node, "*"),
            "del" | "s" | "strike" => self.marked(node, "~~"),
            "sub" => self.raised(node, '_'),
            "sup" => self.raised(node, '^'),
            "q" => {
                self.to.verbatim("\"");
                self.children(node);
                self.to.verbatim("\"");
            }
            "a" => self.link(node),
            "img" => self.image(node),
            "input" => self.check_box(node),
            "br" => self.to.break_line(),
            "hr" => self.rule(),
            "code" | "kbd" | "samp" | "tt" => self.inline_code(node),
            "pre" | "listing" | "xmp" | "plaintext" => self.code_block(node),
            "ul" | "menu" | "dir" => self.list(node, None),
            "ol" => self.list(node, Some(lists::start_of(node))),
            // One that is in no list.
            "li" => self.item(node, "- "),
            "dt" => {
                self.to.break_block();
                self.marked(node, "**");
            }
            "dd" => self.description(node),
            "blockquote" => self.quotation(node),
            "table" if !self.in_cell && !table::is_layout(node) => self.table(node),
            "td" | "th" => {
                self.to.break_line();
                self.children(node);
            }
            "rt" => {
                self.to.words("(");
                self.children(node);
                self.to.words(")");
            }
            "rp" | "title" => {}
            name if SKIPPED.contains(&name) => {}
            name if BLOCKS.contains(&name) => {
                self.to.break_block();
                self.children(node);
                self.to.break_block();
            }
            _ => self.children(node),
        }
    }

    fn heading(&mut self, node: &NodeRef<'_>, name: &str) {
        const MARKS: [&str; 6] = ["# ", "## ", "### ", "#### ", "##### ", "###### "];
        let level = name.bytes().last().unwrap_or_default();
        let mark = MARKS.get(usize::from(level.wrapping_sub(b'1')));
        self.to.break_block();
        self.to.enter_line();
        let mark = mark.filter(|_| self.to.style == Style::Markdown);
        let indented = self.to.indent(mark.copied().unwrap_or_default(), "");
        self.children(node);
        self.to.outdent(indented);
        self.to.leave_line();
        self.to.break_block();
    }

    fn marked(&mut self, node: &NodeRef<'_>, mark: &'static str) {
        let opens = self.to.open(mark);
        self.children(node);
        if opens {
            self.to.close(mark);
        }
    }

    /// `x^2` and not `x2`; what is no formula stays as it is.
    fn raised(&mut self, node: &NodeRef<'_>, mark: char) {
        let text = node.text();
        let text = text.trim();
        let is_formula = text.len() <= 12
            && !text.is_empty()
            && text
                .chars()
                .all(|char| char.is_alphanumeric() || "+-−*n".contains(char));
        if !is_formula || node.find(&["a"]).iter().any(|link| link.has_attr("href")) {
            return self.children(node);
        }
        let mark = if text.chars().count() == 1 {
            format!("{mark}{text}")
        } else {
            format!("{mark}{{{text}}}")
        };
        self.to.verbatim(&mark);
    }

    fn link(&mut self, node: &NodeRef<'_>) {
        let href = node
            .attr("href")
            .filter(|_| self.to.style == Style::Markdown);
        let Some(href) = href else {
            return self.children(node);
        };
        self.to.enter_line();
        let opens = self.to.open("[");
        self.children(node);
        if opens {
            self.to.close(&format!("]({})", target(&href)));
        }
        self.to.leave_line();
    }

    fn image(&mut self, node: &NodeRef<'_>) {
        let tiny = |name: &str| {
            let size = node.attr(name);
            size.is_some_and(|size| matches!(size.trim_end_matches("px"), "0" | "1" | "2"))
        };
        let alt = node.attr("alt").unwrap_or_default();
        let alt = alt.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_decoration = alt.is_empty() && node.has_attr("alt");
        if is_decoration || (tiny("width") && tiny("height")) {
            return;
        }
        match (self.to.style, node.attr("src")) {
            (Style::Markdown, Some(src)) => {
                self.to.verbatim(&format!("![{alt}]({})", target(&src)));
            }
            _ if alt.is_empty() => {}
            _ => self.to.words(&format!("[image: {alt}]")),
        }
    }

    /// Of a list of tasks; elsewhere it is for clicking.
    fn check_box(&mut self, node: &NodeRef<'_>) {
        let is_task = node
            .parent()
            .is_some_and(|parent| parent.class().is_some_and(|class| class.contains("task")));
        if is_task && node.attr("type").is_some_and(|kind| &*kind == "checkbox") {
            let mark = if node.has_attr("checked") {
                "[x]"
            } else {
                "[ ]"
            };
            self.to.verbatim(mark);
        }
    }

    fn rule(&mut self) {
        self.to.break_block();
        if self.to.style == Style::Markdown && self.to.len() > 0 {
            self.to.verbatim("---");
        }
        self.to.break_block();
    }

    fn inline_code(&mut self, node: &NodeRef<'_>) {
        let text = node.text();
        let text = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        if text.is_empty() {
            return;
        }
        if self.to.style == Style::Text {
            return self.to.verbatim(&text);
        }
        let fence = code::fence(&text, 1);
        let space = if text.starts_with('`') || text.ends_with('`') {
            " "
        } else {
            ""
        };
        self.to
            .verbatim(&format!("{fence}{space}{text}{space}{fence}"));
    }

    fn code_block(&mut self, node: &NodeRef<'_>) {
        let text = code::text_of(node);
        if text.trim().is_empty() {
            return;
        }
        if self.to.style == Style::Markdown && code::is_listing(node, &text) {
            return self.listing(node);
        }
        self.to.break_block();
        if self.to.style == Style::Markdown {
            let fence = code::fence(&text, 3);
            let language = code::language(node).unwrap_or_default();
            self.to.lines(&format!("{fence}{language}"));
            self.to.lines(&text);
            self.to.lines(&fence);
        } else {
            self.to.lines(&text);
        }
        self.to.break_block();
    }

    /// A block of lines with links, such as a directory.
    fn listing(&mut self, node: &NodeRef<'_>) {
        self.to.break_block();
        for child in node.children_it(false) {
            if !child.is_text() {
                self.node(&child);
                continue;
            }
            for (number, line) in child.text().split('\n').enumerate() {
                if number > 0 {
                    self.to.break_line();
                }
                self.to.words(line);
            }
        }
        self.to.break_block();
    }

    fn table(&mut self, node: &NodeRef<'_>) {
        self.to.break_block();
        let caption = node
            .children_it(false)
            .find(|child| child.has_name("caption"));
        if let Some(caption) = caption {
            self.children(&caption);
            self.to.break_block();
        }
        let style = self.to.style;
        let mut rows = table::grid(node, |cell| cell_text(cell, style));
        let widest = rows.iter().map(|row| row.cells.len()).max();
        let (Some(first), Some(widest)) = (rows.first(), widest) else {
            return;
        };
        if style == Style::Markdown {
            let head = if first.is_head {
                rows.remove(0)
            } else {
                // Markdown's tables have a head, if an empty one.
                table::Row {
                    cells: vec![String::new(); widest],
                    is_head: true,
                }
            };
            self.row(&head.cells);
            self.row(&vec!["---".to_owned(); head.cells.len()]);
        }
        for row in rows {
            self.row(&row.cells);
        }
        self.to.break_block();
    }

    fn row(&mut self, cells: &[String]) {
        self.to.break_line();
        if self.to.style == Style::Markdown {
            self.to.verbatim(&format!("| {} |", cells.join(" | ")));
        } else {
            self.to.words(&cells.join(" | "));
        }
    }
}

/// A cell on one line.
fn cell_text(cell: &NodeRef<'_>, style: Style) -> String {
    let mut walk = Walk {
        to: Writer::new(style),
        list_depth: 0,
        in_cell: true,
    };
    walk.children(cell);
    let text = walk.to.finish();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<String> = lines.map(|line| line.replace('|', "\\|")).collect();
    match style {
        Style::Markdown => lines.join("<br>"),
        Style::Text => lines.join(" "),
    }
}

/// A URL that ends where the parenthesis does.
fn target(url: &str) -> String {
    url.replace('(', "%28")
        .replace(')', "%29")
        .replace(' ', "%20")
}
