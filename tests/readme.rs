//! The README's commands exist and mean what they say.

use std::path::Path;
use std::process::Command;

fn readme() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Commands within a line of prose or a table: `plantao status [--json]`, with all that is optional.
fn spans(text: &str) -> Vec<String> {
    let inside = text.split("```").step_by(2).flat_map(|prose| prose.split('`').skip(1).step_by(2));
    inside.filter(|span| span.starts_with("plantao ")).map(|span| span.replace(['[', ']'], "")).collect()
}

fn shell_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut language = None;
    for line in text.lines() {
        match (line.trim_start().strip_prefix("```"), language) {
            (Some(name), None) => language = Some(name.trim()),
            (Some(_), Some(_)) => language = None,
            (None, Some("sh" | "bash" | "console" | "shell")) => lines.push(line.trim().to_owned()),
            _ => {}
        }
    }
    lines
}

/// What follows `plantao` in a command of its own, without what the shell takes for itself.
fn arguments(line: &str) -> Option<Vec<&str>> {
    let line = line.strip_prefix("$ ").unwrap_or(line);
    let line = line.split(" #").next().unwrap_or(line);
    let mut words = line.split_whitespace().skip_while(|word| word.contains('='));
    let first = words.next()?;
    if first == "cargo" {
        (words.next()? == "run").then_some(())?;
        words.find(|word| *word == "--")?;
    } else if first.rsplit('/').next() != Some("plantao") {
        return None;
    }
    Some(words.take_while(|word| !matches!(*word, "|" | ">" | "<" | "&&" | "||" | ";" | "2>&1")).collect())
}

/// Whether the command line takes these arguments: `--help` at the end stops it from doing anything.
fn parses(arguments: &[&str]) -> Result<(), String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plantao"));
    let output = command.args(arguments).arg("--help").output().map_err(|e| e.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

#[test]
fn every_command_in_the_readme_is_one_that_plantao_takes() {
    let (text, mut tried) = (readme(), 0);
    for line in shell_lines(&text).into_iter().chain(spans(&text)) {
        if let Some(arguments) = arguments(&line) {
            parses(&arguments).unwrap_or_else(|why| panic!("README.md says `{line}`, but\n{why}"));
            tried += 1;
        }
    }
    assert!(tried >= 10, "only {tried} commands of plantao were found in the README");
}

#[test]
fn the_readme_starts_with_the_demo_and_the_tests() {
    let commands = shell_lines(&readme());
    let demo = commands.iter().position(|c| c.starts_with("cargo run") && c.contains(" -- demo"));
    let tests = commands.iter().position(|c| c == "cargo test");
    assert!(matches!((demo, tests), (Some(0..=2), Some(0..=2))), "demo {demo:?}, tests {tests:?} of {commands:?}");
}

#[test]
fn a_command_that_does_not_exist_is_noticed() {
    assert!(parses(&["demo", "--scenarios", "calm"]).is_err());
    assert!(parses(&["dance"]).is_err());
    let text = "```sh\n$ cargo run -q -- demo --speed 5  # faster\nA=1 plantao status --json | jq .\nls\n```\n```toml\nplantao no\n```";
    let lines = shell_lines(text);
    let found: Vec<_> = lines.iter().filter_map(|line| arguments(line)).collect();
    assert_eq!(found, [vec!["demo", "--speed", "5"], vec!["status", "--json"]]);
    assert_eq!(
        spans("a `plantao status [--json]` b `q`\n```sh\n`plantao no`\n```\n`plantao man`"),
        ["plantao status --json", "plantao man"]
    );
}

#[test]
fn what_it_costs_to_leave_plantao_open_is_what_the_sample_platform_asks_for() {
    let platform = plantao::platform::file::sample();
    let (minutes, metrics) = (24.0 * 60.0, platform.gauges.len());
    let dollars = metrics as f64 * minutes * platform.prices.thousand_metrics / 1_000.0;
    let said = format!("{metrics} metrics a minute, about ${dollars:.2} a day");
    assert!(readme().contains(&said), "README.md does not say: {said}");
}
