//! How far a vacuum of several tables is.

use std::fmt::Write as _;

use crate::database::{Progress, TableName, Work};
use crate::platform::text::printable;

/// The way through all tables.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Way {
    /// Tables that are over.
    over: usize,
    /// All of them.
    of: usize,
    /// How far the present one is: it never goes back, whatever round the server is in.
    share: f64,
}

impl Way {
    /// The `number`th table `of` all is begun.
    pub(super) fn begin(&mut self, number: usize, of: usize) {
        *self = Way { over: number.saturating_sub(1), of, share: 0.0 };
    }

    /// The present table is over.
    pub(super) fn end(&mut self) -> f64 {
        self.share = 1.0;
        self.fraction()
    }

    /// The present table is so far.
    pub(super) fn go(&mut self, progress: &Progress) -> f64 {
        self.share = self.share.max(share(progress));
        self.fraction()
    }

    /// Of everything, 0 to 1.
    fn fraction(&self) -> f64 {
        (self.over as f64 + self.share) / self.of.max(1) as f64
    }

    /// `public.events (1 of 3): scanning heap 34 %`. It changes once a per cent: what is said is synced to disk.
    pub(super) fn words(&self, table: &TableName, progress: &Progress) -> String {
        let mut words = table.to_string();
        if self.of > 1 {
            let _ = write!(words, " ({} of {})", self.over + 1, self.of);
        }
        if let Some(blocked) = &progress.blocked {
            let by: Vec<String> = blocked.by.iter().map(|session| format!("pid {}", session.pid)).collect();
            return format!("{words}: waits for a lock that {} has", by.join(" and "));
        }
        if progress.phase.is_empty() {
            return format!("{words}: begins");
        }
        let toast = if progress.toast { " of its TOAST table" } else { "" };
        let _ = write!(words, ": {}{toast}", printable(&progress.phase));
        if let Some(share) = progress.share() {
            let _ = write!(words, " {:.0} %", (share * 100.0).floor());
        }
        words
    }
}

/// How much of a table's work is done, about: what each phase takes of the whole is only known afterwards.
fn share(progress: &Progress) -> f64 {
    let (from, to) = match (progress.work, progress.phase.as_str()) {
        (Work::Waiting, _) | (Work::Vacuum, "initializing") => (0.0, 0.0),
        (Work::Vacuum, _) if progress.toast => (0.8, 0.8),
        (Work::Vacuum, "scanning heap") => (0.0, 0.5),
        (Work::Vacuum, "vacuuming indexes") => (0.5, 0.65),
        (Work::Vacuum, "vacuuming heap") => (0.65, 0.8),
        (Work::Vacuum, _) => (0.8, 0.8),
        (Work::Rewrite, "rebuilding index" | "performing final cleanup") => (0.6, 0.6),
        (Work::Rewrite, _) => (0.0, 0.6),
        (Work::Analyze, _) => (0.85, 1.0),
    };
    from + (to - from) * progress.share().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(phase: &str, scanned: i64) -> Progress {
        Progress { work: Work::Vacuum, phase: phase.to_owned(), blocks: 100, scanned, ..Progress::default() }
    }

    #[test]
    fn a_bar_never_goes_back_and_the_words_say_what_goes_on() {
        let mut way = Way::default();
        way.begin(2, 4);
        let table = TableName::new("public", "events");
        assert_eq!(way.words(&table, &at("scanning heap", 34)), "public.events (2 of 4): scanning heap 34 %");
        let fractions = [at("scanning heap", 50), at("vacuuming indexes", 50), at("scanning heap", 60)];
        let seen: Vec<f64> = fractions.iter().map(|progress| way.go(progress)).collect();
        assert!(seen.is_sorted() && seen[0] > 0.25 && seen[2] < 0.5, "{seen:?}");
        assert!((way.end() - 0.5).abs() < 1e-9);
    }
}
