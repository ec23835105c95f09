//! Lists, descriptions and quotations: what each line within them begins with.

use dom_query::NodeRef;

use super::Walk;

impl Walk {
    /// A list, numbered from `number` if there is one.
    pub(super) fn list(&mut self, node: &NodeRef<'_>, mut number: Option<u64>) {
        self.begin_list();
        for child in node.children_it(false) {
            if !child.has_name("li") {
                self.node(&child);
                continue;
            }
            self.to.break_line();
            if let Some(number) = &mut number {
                let given = child.attr("value").and_then(|value| value.parse().ok());
                *number = given.unwrap_or(*number);
                self.item(&child, &format!("{number}. "));
                *number = number.saturating_add(1);
            } else {
                self.item(&child, "- ");
            }
        }
        self.end_list();
    }

    fn begin_list(&mut self) {
        if self.list_depth == 0 {
            self.to.break_block();
        } else {
            self.to.break_line();
        }
        self.list_depth += 1;
    }

    fn end_list(&mut self) {
        self.list_depth -= 1;
        if self.list_depth == 0 {
            self.to.break_block();
        } else {
            self.to.break_line();
        }
    }

    pub(super) fn item(&mut self, node: &NodeRef<'_>, mark: &str) {
        self.to.break_line();
        let indented = self.to.indent(mark, &" ".repeat(mark.len()));
        self.children(node);
        self.to.outdent(indented);
        self.to.break_line();
        self.to.tighten();
    }

    pub(super) fn description(&mut self, node: &NodeRef<'_>) {
        self.to.break_line();
        let indented = self.to.indent(": ", "  ");
        self.children(node);
        self.to.outdent(indented);
        self.to.break_line();
        self.to.tighten();
    }

    pub(super) fn quotation(&mut self, node: &NodeRef<'_>) {
        self.to.break_block();
        let indented = self.to.indent("> ", "> ");
        let depth = std::mem::take(&mut self.list_depth);
        self.children(node);
        self.list_depth = depth;
        self.to.outdent(indented);
        self.to.break_block();
    }
}

/// The number that a list begins with.
pub(super) fn start_of(list: &NodeRef<'_>) -> u64 {
    let start = list
        .attr("start")
        .and_then(|start| start.trim().parse().ok());
    start.unwrap_or(1)
}
