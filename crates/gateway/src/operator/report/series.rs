//! How many there were over time.

use serde::Serialize;

/// Into how many parts a window is cut.
pub(crate) const PARTS: usize = 56;

/// A number for each part of a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Series(Vec<u64>);

impl Default for Series {
    fn default() -> Self {
        Self(vec![0; PARTS])
    }
}

impl Series {
    pub(crate) fn add(&mut self, part: usize, count: u64) {
        if let Some(value) = self.0.get_mut(part) {
            *value = value.saturating_add(count);
        }
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.iter().fold(0, |sum, part| sum.saturating_add(*part))
    }

    pub(crate) fn most(&self) -> u64 {
        self.0.iter().copied().max().unwrap_or_default()
    }

    /// One character for each part; a part with anything in it is never empty.
    pub(crate) fn sparkline(&self) -> String {
        const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        let most = self.most().max(1);
        let bar = |value: &u64| match value {
            0 => ' ',
            value => {
                let height = value
                    .saturating_mul(BARS.len() as u64)
                    .div_ceil(most)
                    .max(1)
                    - 1;
                let bar = usize::try_from(height).ok().and_then(|at| BARS.get(at));
                bar.copied().unwrap_or('█')
            }
        };
        self.0.iter().map(bar).collect()
    }

    /// The bars as the path of an SVG, in a box of 10 for each part by `height`.
    pub(crate) fn path(&self, height: u64) -> String {
        let most = self.most().max(1);
        let mut path = Vec::new();
        for (part, value) in self.0.iter().enumerate() {
            if *value > 0 {
                let tall = (value * height).div_ceil(most).max(2);
                path.push(format!("M{} {height}v-{tall}h8v{tall}z", part * 10 + 1));
            }
        }
        path.concat()
    }
}
