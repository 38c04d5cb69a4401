//! Rows as lines of a screen.

use crate::database::Rows;
use crate::platform::text::{printable, shortened};

/// Longest cell, in characters.
const WIDEST: usize = 40;
/// Longest line, in characters.
const LINE: usize = 200;

/// The header and each row that was kept, its columns one below the other; a row's number keeps like rows apart.
pub(super) fn lines(rows: &Rows) -> Vec<String> {
    if rows.columns.is_empty() || rows.rows.is_empty() {
        return Vec::new();
    }
    let cut = |text: &String| shortened(&printable(text), WIDEST).into_owned();
    let numbers = std::iter::once("#".to_owned()).chain((1..=rows.rows.len()).map(|number| number.to_string()));
    let table: Vec<Vec<String>> = std::iter::once(&rows.columns)
        .chain(&rows.rows)
        .zip(numbers)
        .map(|(row, number)| std::iter::once(number).chain(row.iter().map(cut)).collect())
        .collect();
    let width = |column: usize| {
        table.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..=rows.columns.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}", width = *width));
        let line = cells.collect::<Vec<_>>().join("  ");
        shortened(line.trim_end(), LINE).into_owned()
    };
    let mut lines: Vec<String> = table.iter().map(line).collect();
    let kept = rows.rows.len() as u64;
    if rows.count > kept {
        lines.push(format!("… and {} more rows", rows.count - kept));
    }
    lines
}

/// `3 rows`.
pub(super) fn count(rows: u64) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_columns_are_cut_and_carry_no_escape() {
        let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let rows = Rows {
            columns: row(&["pid", "state"]),
            rows: vec![row(&["4711", "idle\u{1b}[2J"]), row(&["7", &"x".repeat(100)])],
            count: 5,
        };
        let lines = lines(&rows);
        assert_eq!(lines[..2], ["#  pid   state", "1  4711  idle·[2J"]);
        assert!(lines[2].ends_with('…') && lines[2].chars().count() < 60, "{lines:?}");
        assert_eq!(lines[3], "… and 3 more rows");
    }
}
