//! Tables for a terminal, written row by row: the widths are settled before the first row, so a
//! million rows take no memory. What does not fit is shortened, never wrapped.

use std::io;

use anstyle::{AnsiColor, Style};
use console::{Term, measure_text_width, truncate_str};
use token_core::Timestamp;

use super::output::Output;
use super::when::{distance, minute};

const GAP: &str = "  ";
const HEAD: Style = Style::new().bold();
const DIM: Style = AnsiColor::BrightBlack.on_default();

/// A column: its title, and between which widths it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    pub(crate) least: usize,
    pub(crate) most: usize,
    is_time: bool,
}

/// The same from its three parts.
pub(crate) const fn column(title: &'static str, least: usize, most: usize) -> Column {
    Column {
        title,
        least,
        most,
        is_time: false,
    }
}

/// A column of times: how far away, and when where there is room.
pub(crate) const fn time(title: &'static str) -> Column {
    Column {
        is_time: true,
        ..column(title, NEAR, NEAR_AND_WHEN)
    }
}

const NEAR: usize = 10;
const NEAR_AND_WHEN: usize = NEAR + 2 + 16;

/// What stands in a row.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    /// A text, cut at its end.
    Text(String),
    /// The same, of less weight.
    Dim(String),
    /// The first and the second, or the first alone where there is no room for both.
    Pair(String, String),
    /// How far away a time is, and when it is.
    Time(Timestamp),
    /// What is not there.
    Nothing(&'static str),
}

impl Cell {
    pub(crate) fn text(text: &(impl ToString + ?Sized)) -> Self {
        Self::Text(text.to_string())
    }

    fn fitted(&self, width: usize, now: Timestamp) -> (String, Style) {
        let cut = |text: &str| truncate_str(text, width, "…").into_owned();
        match self {
            Self::Text(text) => (cut(text), Style::new()),
            Self::Dim(text) => (cut(text), DIM),
            Self::Nothing(text) => (cut(text), DIM),
            Self::Pair(first, second) => {
                let both = format!("{first} {second}");
                let fits = measure_text_width(&both) <= width;
                (cut(if fits { &both } else { first }), Style::new())
            }
            Self::Time(at) => {
                let near = format!("{:<NEAR$}", distance(*at, now));
                Self::Pair(near, format!(" {}", minute(*at))).fitted(width, now)
            }
        }
    }
}

/// The widths that a table has.
#[derive(Debug, Clone)]
pub(crate) struct Table<const N: usize> {
    columns: [Column; N],
    widths: [usize; N],
    now: Timestamp,
}

impl<const N: usize> Table<N> {
    /// For the terminal that there is; without one nothing is shortened for lack of room.
    pub(crate) fn new(columns: [Column; N], now: Timestamp) -> Self {
        let terminal = Term::stdout();
        let width = terminal.is_term().then(|| usize::from(terminal.size().1));
        Self::within(columns, width, now)
    }

    fn within(columns: [Column; N], width: Option<usize>, now: Timestamp) -> Self {
        let mut widths = columns.map(|column| column.most);
        if let Some(width) = width {
            let room = width.saturating_sub(GAP.len() * N.saturating_sub(1));
            shorten_times(&columns, &mut widths, room);
            // The widest gives first, so that what is short stays whole.
            while widths.iter().sum::<usize>() > room {
                let giving = widths.iter_mut().zip(&columns);
                let giving =
                    giving.filter(|(width, column)| !column.is_time && **width > column.least);
                match giving.max_by_key(|(width, _)| **width) {
                    Some((width, _)) => *width -= 1,
                    None => break,
                }
            }
        }
        Self {
            columns,
            widths,
            now,
        }
    }

    /// The titles.
    pub(crate) fn head(&self, output: &mut Output) -> io::Result<()> {
        let titles = self.columns.iter().zip(self.widths).map(|(column, width)| {
            let dated = column.is_time && width == column.most;
            let zone = if dated { " (UTC)" } else { "" };
            (format!("{}{zone}", column.title), HEAD)
        });
        output.line(&self.line(&titles.collect::<Vec<_>>()))
    }

    /// One row.
    pub(crate) fn row(&self, output: &mut Output, cells: &[Cell; N]) -> io::Result<()> {
        let fitted: Vec<_> = cells
            .iter()
            .zip(self.widths)
            .map(|(cell, width)| cell.fitted(width, self.now))
            .collect();
        output.line(&self.line(&fitted))
    }

    fn line(&self, cells: &[(String, Style)]) -> String {
        let padded = cells.iter().zip(self.widths).map(|((text, style), width)| {
            let room = width.saturating_sub(measure_text_width(text));
            format!("{style}{text}{style:#}{:room$}", "")
        });
        padded.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    }
}

/// Leaves times without their dates, from the left, until the texts are half as wide as they may be.
fn shorten_times<const N: usize>(columns: &[Column; N], widths: &mut [usize; N], room: usize) {
    let texts: usize = columns
        .iter()
        .filter(|column| !column.is_time)
        .map(|column| column.least.midpoint(column.most))
        .sum();
    for at in 0..N {
        let times = widths
            .iter()
            .zip(columns)
            .filter(|(_, column)| column.is_time);
        if texts + times.map(|(width, _)| width).sum::<usize>() <= room {
            return;
        }
        if let (Some(column), Some(width)) = (columns.get(at), widths.get_mut(at))
            && column.is_time
        {
            *width = column.least;
        }
    }
}

/// The first characters of an identifier, enough to tell it from others; the whole with `--full`.
pub(crate) fn short(id: &str, full: bool) -> String {
    const SHOWN: usize = 10;
    if full || id.chars().count() <= SHOWN + 3 {
        return id.to_owned();
    }
    let shown: String = id.chars().take(SHOWN).collect();
    format!("{shown}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000);

    fn line(width: Option<usize>) -> String {
        let columns = [column("WHO", 6, 20), column("SERVICE", 7, 10), time("ENDS")];
        let table = Table::within(columns, width, NOW);
        let cells = [
            Cell::text("somebody-with-a-long-name"),
            Cell::text("fetch"),
            Cell::Time(Timestamp(NOW.0 + 3600)),
        ];
        let fitted: Vec<_> = cells
            .iter()
            .zip(table.widths)
            .map(|(cell, width)| cell.fitted(width, NOW))
            .collect();
        anstream::adapter::strip_str(&table.line(&fitted)).to_string()
    }

    #[test]
    fn a_table_takes_the_room_that_there_is_and_no_more() {
        assert_eq!(
            line(None),
            "somebody-with-a-lon…  fetch       in 1 h      2027-01-15 09:00"
        );
        for width in 27..100 {
            assert!(measure_text_width(&line(Some(width))) <= width, "{width}");
        }
        assert_eq!(line(Some(40)), "somebody-with-a…  fetch       in 1 h");
        // Below the least of all there is no less.
        assert_eq!(line(Some(5)), "someb…  fetch    in 1 h");
    }

    #[test]
    fn an_identifier_is_shortened_unless_asked_for_whole() {
        assert_eq!(short("abcdefghijklm", false), "abcdefghijklm");
        assert_eq!(short("abcdefghijklmn", false), "abcdefghij…");
        assert_eq!(short("abcdefghijklmn", true), "abcdefghijklmn");
    }
}
