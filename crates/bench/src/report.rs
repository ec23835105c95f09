//! What was measured, as a table to read and to paste.

use std::fmt::{self, Write as _};

use crate::stats::Spread;

/// What a figure is meant to reach.
#[derive(Debug, Clone, Copy)]
pub enum Goal {
    /// At least this much.
    AtLeast(f64),
    /// At most this much.
    AtMost(f64),
    /// Nothing: it is there to be compared with what it was.
    Recorded,
}

/// One figure.
#[derive(Debug, Clone)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// The median of ours, in words.
    pub ours: String,
    /// The median of the control, in words.
    pub control: String,
    /// What is compared with the goal: the median over the rounds, and its range.
    pub result: Spread,
    /// Its unit; of a ratio, none.
    pub unit: &'static str,
    /// What it is meant to reach.
    pub goal: Goal,
}

/// Figures in the order in which they were measured, and what belongs to them.
#[derive(Debug, Default)]
pub struct Report {
    figures: Vec<Figure>,
    notes: Vec<String>,
}

impl Report {
    /// Adds a figure.
    pub fn add(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    /// Adds a sentence below the table.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }
}

impl Figure {
    fn verdict(&self) -> &'static str {
        let met = match self.goal {
            Goal::AtLeast(least) => self.result.median >= least,
            Goal::AtMost(most) => self.result.median <= most,
            Goal::Recorded => return "",
        };
        if met { "met" } else { "**missed**" }
    }

    fn goal(&self) -> String {
        match self.goal {
            Goal::AtLeast(least) => format!("≥ {}", with_unit(least, self.unit)),
            Goal::AtMost(most) => format!("≤ {}", with_unit(most, self.unit)),
            Goal::Recorded => String::new(),
        }
    }

    fn result(&self) -> String {
        let Spread {
            least,
            median,
            most,
        } = self.result;
        let mut text = with_unit(median, self.unit);
        if (most - least).abs() > f64::EPSILON {
            // Writing into a String cannot fail.
            let _ = write!(text, " ({}–{})", number(least), number(most));
        }
        text
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| figure | ours | control | result | goal | |")?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        for figure in &self.figures {
            let Figure {
                name,
                ours,
                control,
                ..
            } = figure;
            let (result, goal, verdict) = (figure.result(), figure.goal(), figure.verdict());
            writeln!(
                f,
                "| {name} | {ours} | {control} | {result} | {goal} | {verdict} |"
            )?;
        }
        for note in &self.notes {
            write!(f, "\n{note}\n")?;
        }
        Ok(())
    }
}

/// A number with as many digits as mean something.
pub fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 1000.0 => thousands(value),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn with_unit(value: f64, unit: &str) -> String {
    if unit.is_empty() {
        number(value)
    } else {
        format!("{} {unit}", number(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_says_whether_its_goal_is_met() {
        let mut report = Report::default();
        let figure = Figure {
            name: "keep-alive".to_owned(),
            ours: "81,343/s".to_owned(),
            control: "99,337/s".to_owned(),
            result: Spread::of([0.8, 0.82, 0.9]),
            unit: "",
            goal: Goal::AtLeast(0.9),
        };
        report.add(figure.clone());
        report.add(Figure {
            result: Spread::of([12.0]),
            unit: "MB",
            goal: Goal::AtMost(15.0),
            ..figure
        });
        let text = report.to_string();
        assert!(
            text.contains("| 0.82 (0.80–0.90) | ≥ 0.90 | **missed** |"),
            "{text}"
        );
        assert!(text.contains("| 12.0 MB | ≤ 15.0 MB | met |"), "{text}");
    }

    #[test]
    fn numbers_keep_the_digits_that_mean_something() {
        let shown = [1_234_567.0, 123.4, 12.34, 1.234].map(number);
        assert_eq!(shown, ["1,234,567", "123", "12.3", "1.23"]);
    }
}
