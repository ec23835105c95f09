//! Tables: a grid of cells, with those that span others filled in so that each row and column can
//! be read by itself. Cells are not padded: a table would grow by its widest cell times its rows.

use std::collections::BTreeMap;

use dom_query::NodeRef;

/// No page has wider or longer spans that mean something.
const MAX_COLSPAN: usize = 50;
const MAX_ROWSPAN: usize = 500;
/// A longer text is not repeated in the rows that its cell spans.
const REPEATED: usize = 100;

/// A row of a table.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) cells: Vec<String>,
    pub(super) is_head: bool,
}

/// A cell before it has its place.
struct Cell<'a> {
    node: NodeRef<'a>,
    columns: usize,
    rows: usize,
}

/// Whether it is laid out as a table, and none: one column, or so declared.
pub(super) fn is_layout(table: &NodeRef<'_>) -> bool {
    let declared = table
        .attr("role")
        .is_some_and(|role| matches!(&*role, "presentation" | "none"));
    let rows = rows_of(table);
    let cells = rows.iter().map(|row| cells_of(row));
    let mut widest = 0;
    let mut has_blocks = false;
    let mut has_heads = false;
    for cell in cells.flat_map(|row| {
        widest = widest.max(row.len());
        row
    }) {
        has_heads |= cell.node.has_name("th");
        has_blocks |= has_block(&cell.node);
    }
    declared || widest < 2 || (has_blocks && !has_heads)
}

/// Whether something is in it that no cell of a table of data has.
fn has_block(cell: &NodeRef<'_>) -> bool {
    const BLOCKS: [&str; 9] = [
        "table",
        "h1",
        "h2",
        "h3",
        "h4",
        "pre",
        "blockquote",
        "form",
        "article",
    ];
    let mut below = cell.descendants_it();
    below.any(|node| {
        node.node_name()
            .is_some_and(|name| BLOCKS.contains(&&*name))
    })
}

/// Its own rows, not those of tables within.
pub(super) fn rows_of<'a>(table: &NodeRef<'a>) -> Vec<NodeRef<'a>> {
    let mut rows = Vec::new();
    for child in table.children_it(false) {
        match child.node_name().as_deref() {
            Some("tr") => rows.push(child),
            Some("thead" | "tbody" | "tfoot") => {
                rows.extend(child.children_it(false).filter(|row| row.has_name("tr")));
            }
            _ => {}
        }
    }
    rows
}

fn cells_of<'a>(row: &NodeRef<'a>) -> Vec<Cell<'a>> {
    let cells = row.children_it(false);
    let cells = cells.filter(|cell| cell.has_name("td") || cell.has_name("th"));
    cells
        .map(|node| {
            let span = |name: &str, most: usize| {
                let span = node.attr(name).and_then(|span| span.trim().parse().ok());
                span.unwrap_or(1_usize).clamp(1, most)
            };
            Cell {
                node,
                columns: span("colspan", MAX_COLSPAN),
                rows: span("rowspan", MAX_ROWSPAN),
            }
        })
        .collect()
}

/// The grid, with each cell as `write` writes it.
pub(super) fn grid(table: &NodeRef<'_>, mut write: impl FnMut(&NodeRef<'_>) -> String) -> Vec<Row> {
    let mut reaching = Reaching::new();
    let mut grid = Vec::new();
    let rows = rows_of(table);
    let count: usize = rows.iter().map(|row| cells_of(row).len()).sum();
    // Spans may not make the table many times as large as it is.
    let mut filled = 4 * count + 100;
    for row in rows {
        let cells = cells_of(&row);
        let within_thead = row.parent().is_some_and(|parent| parent.has_name("thead"));
        let is_head = within_thead || cells.iter().all(|cell| cell.node.has_name("th"));
        let mut line = Row {
            cells: Vec::new(),
            is_head: is_head && !cells.is_empty(),
        };
        for cell in cells {
            carry_over(&mut line.cells, &mut reaching);
            let text = write(&cell.node);
            let repeated = if text.len() <= REPEATED {
                text.as_str()
            } else {
                ""
            };
            let columns = cell.columns.min(filled + 1);
            filled -= columns - 1;
            for column in 0..columns {
                // In the head each column is told what it is; below, one is enough.
                let shown = match column {
                    0 => text.as_str(),
                    _ if line.is_head => repeated,
                    _ => "",
                };
                let rows = cell.rows.min(filled + 1);
                filled -= rows - 1;
                if rows > 1 {
                    let shown = if column == 0 { repeated } else { shown };
                    reaching.insert(line.cells.len(), (rows - 1, shown.to_owned()));
                }
                line.cells.push(shown.to_owned());
            }
        }
        carry_over_rest(&mut line.cells, &mut reaching, &mut filled);
        if line.cells.iter().any(|cell| !cell.is_empty()) {
            grid.push(line);
        }
    }
    grid
}

/// Text of a cell that reaches into later rows, by column: how many of them.
type Reaching = BTreeMap<usize, (usize, String)>;

/// What earlier rows put in this one behind its last cell, which may be far behind.
fn carry_over_rest(cells: &mut Vec<String>, reaching: &mut Reaching, filled: &mut usize) {
    carry_over(cells, reaching);
    while let Some((&last, _)) = reaching.last_key_value()
        && last > cells.len()
    {
        if *filled == 0 {
            reaching.clear();
            return;
        }
        *filled -= 1;
        cells.push(String::new());
        carry_over(cells, reaching);
    }
}

/// What earlier rows put in the next columns of this one.
fn carry_over(cells: &mut Vec<String>, reaching: &mut Reaching) {
    let column = |cells: &Vec<String>| cells.len();
    while let Some((rows, text)) = reaching.remove(&column(cells)) {
        if rows > 1 {
            reaching.insert(cells.len(), (rows - 1, text.clone()));
        }
        cells.push(text);
    }
}
