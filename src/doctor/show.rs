//! The report as text and as JSON.

use std::fmt::Write as _;

use serde_json::json;

use super::{Check, Outcome, Report};
use crate::platform::lines::{escape, wrap};

const WIDTH: usize = 80;

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Note => "note",
            Outcome::Warn => "warn",
            Outcome::Fail => "FAIL",
        }
    }
}

impl Report {
    /// As text, 80 columns wide, without colours.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let mut group = "";
        for check in &self.checks {
            if check.group != group {
                let _ = writeln!(out, "{}{}", if group.is_empty() { "" } else { "\n" }, check.group);
                group = check.group;
            }
            out.push_str(&line(check));
        }
        let count = |outcome| self.checks.iter().filter(|check| check.outcome == outcome).count();
        let (fail, warn) = (count(Outcome::Fail), count(Outcome::Warn));
        let _ = match (fail, warn) {
            (0, 0) => writeln!(out, "\nall well"),
            (0, warn) => writeln!(out, "\nnothing to mend, {}", warnings(warn)),
            (fail, 0) => writeln!(out, "\n{fail} to mend"),
            (fail, warn) => writeln!(out, "\n{fail} to mend, {}", warnings(warn)),
        };
        out
    }

    /// As JSON: `failed`, and `checks` with `group`, `what`, `outcome` (`ok`, `note`, `warn`, `fail`),
    /// `found` and `remedy`.
    pub fn json(&self) -> String {
        escape(&format!("{:#}\n", json!({ "format": 1, "failed": self.failed(), "checks": self.checks })))
    }
}

fn warnings(count: usize) -> String {
    if count == 1 { "1 warning".to_owned() } else { format!("{count} warnings") }
}

fn line(check: &Check) -> String {
    let first = format!("  {:<5} ", check.outcome.word());
    // What is wrong with a file comes with its own lines, whose columns matter.
    let mut out = if check.found.contains('\n') {
        let mut out = wrap(&first, 8, &check.what, WIDTH);
        for line in check.found.lines() {
            let _ = writeln!(out, "{}", format!("        {line}").trim_end());
        }
        out
    } else {
        wrap(&first, 8, &format!("{}: {}", check.what, check.found), WIDTH)
    };
    if let Some(remedy) = &check.remedy {
        out.push_str(&wrap("        -> ", 11, remedy, WIDTH));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_mend_stands_under_what_is_wrong() {
        let checks = vec![
            Check::new("AWS", "region", Outcome::Ok, "us-east-1"),
            Check::new("AWS", "credentials", Outcome::Fail, "expired\u{1b}[2J").remedy("run \"aws sso login\""),
            Check::new("tools", "git", Outcome::Note, "not found"),
        ];
        let report = Report { checks };
        assert_eq!(
            report.text(),
            "AWS\n  ok    region: us-east-1\n  FAIL  credentials: expired·[2J\n        -> run \"aws sso login\"\n\n\
             tools\n  note  git: not found\n\n1 to mend\n"
        );
        assert!(report.failed());
        let json: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
        assert_eq!(json["checks"][1]["outcome"], "fail");
    }
}
