//! The real binary on a real terminal: what a person sees, and what their shell finds afterwards.

use std::cell::Cell;
use std::io::Write;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use portable_pty::CommandBuilder;

use crate::harness::{Ended, Terminal};

const WIDE: (u16, u16) = (120, 40);

/// The demo with its first picture on the screen.
fn demo(arguments: &[&str], size: (u16, u16), env: &[(&str, &str)]) -> Terminal {
    let terminal = Terminal::plantao(&[&["demo"], arguments].concat(), size, env);
    terminal.wait_until("the first picture", |screen| {
        let text = screen.contents();
        text.contains("analytics-production") && text.contains("ECS analytics-api") && text.contains("live")
    });
    terminal
}

fn restored(ended: &Ended) {
    assert_eq!(ended.restored, Ok(()), "{ended:?}");
}

#[test]
fn the_demo_shows_the_whole_platform_and_q_gives_the_terminal_back() {
    for size in [(80, 24), WIDE] {
        let mut terminal = demo(&["--scenario", "bad-deploy"], size, &[]);
        for panel in ["Now", "ECS analytics-api", "RDS analytics", "Alarms", "Timeline"] {
            terminal.wait_for(panel);
        }
        terminal.type_keys("q");
        assert_eq!(terminal.end(), Ended { code: 0, restored: Ok(()) }, "{size:?}");
    }
}

#[test]
fn each_screen_is_one_key_away() {
    let mut terminal = demo(&[], WIDE, &[]);
    for (key, shown) in [
        ("2", "Deployments"),
        ("3", "restorable"),
        ("4", "API-HighErrorRate"),
        ("?", "to the last line"),
        // Closed by the same key: escape followed at once by a key would be that key with Alt.
        ("?:", "Go to anything"),
        ("overview\r", "Timeline"),
        ("/zzz", "matches the filter"),
    ] {
        terminal.type_keys(key);
        terminal.wait_for(shown);
    }
    terminal.type_keys("\u{1b}");
    terminal.wait_until("the filter to be gone", |screen| !screen.contents().contains("matches the filter"));
    terminal.type_keys("\u{3}");
    restored(&terminal.end());
}

#[test]
fn a_click_of_a_real_terminal_selects_and_a_second_one_opens() {
    let mut terminal = demo(&[], (80, 24), &[]);
    let row = Cell::new(0);
    terminal.wait_until("the alarms", |screen| {
        let found = screen.contents().lines().position(|line| line.contains("API-SlowResponse"));
        found.inspect(|found| row.set(found + 1)).is_some()
    });
    let click = format!("\u{1b}[<0;5;{0}M\u{1b}[<0;5;{0}m", row.get());
    terminal.type_keys(&click.repeat(2));
    terminal.wait_for("fires when");
    let asked = String::from_utf8_lossy(&terminal.transcript()).into_owned();
    assert!(asked.contains("\u{1b}[?1000h"));
    assert!(!asked.contains("\u{1b}[?1003h"), "each movement of the pointer would be sent over the line");
    terminal.type_keys("q");
    restored(&terminal.end());
}

#[test]
fn a_resize_storm_ends_with_the_right_screen() {
    let mut terminal = demo(&[], WIDE, &[]);
    for round in 0..20_u16 {
        for size in [(1, 1), (200, 50), (40, 10), (3, 2), (80, 24), (1, 40), (250 - round, 1), (60 + round, 20)] {
            terminal.resize(size);
            terminal.type_keys(["1", "2", "3", "4", "?"][usize::from(round % 5)]);
        }
    }
    terminal.resize((100, 30));
    // Help was opened and closed eight times in each fifth round.
    terminal.type_keys("1");
    // The footer on the last of 30 lines, the header's clock in the last of 100 columns.
    terminal.wait_until("the overview at 100×30", |screen| {
        let text = screen.contents();
        let lines: Vec<&str> = text.lines().collect();
        lines.len() == 30 && lines[0].contains("analytics-production") && text.contains("Timeline")
    });
    terminal.type_keys("q");
    restored(&terminal.end());
}

#[test]
fn a_signal_that_ends_it_gives_the_terminal_back() {
    for (signal, code) in [("TERM", 143), ("HUP", 129), ("INT", 130), ("QUIT", 131)] {
        let terminal = demo(&[], (80, 24), &[]);
        terminal.signal(signal);
        assert_eq!(terminal.end(), Ended { code, restored: Ok(()) }, "SIG{signal}");
    }
}

#[test]
fn ctrl_z_gives_the_shell_back_and_fg_the_dashboard() {
    let mut shell = CommandBuilder::new("/bin/sh");
    shell.args(["-i"]);
    let mut terminal = Terminal::start(shell, (100, 30), &[("PS1", "ready> "), ("ENV", "/dev/null")]);
    terminal.wait_for("ready>");
    terminal.type_keys(&format!("{} demo\r", env!("CARGO_BIN_EXE_plantao")));
    terminal.wait_for("ECS analytics-api");
    terminal.type_keys("\u{1a}");
    terminal.wait_until("the shell's prompt", |screen| {
        !screen.alternate_screen() && !screen.hide_cursor() && screen.contents().trim_end().ends_with("ready>")
    });
    terminal.type_keys("echo $((40 + 2))\r");
    terminal.wait_for("42");
    terminal.type_keys("fg\r");
    terminal.wait_until("the dashboard again", |screen| {
        screen.alternate_screen() && screen.contents().contains("ECS analytics-api")
    });
    terminal.type_keys("2");
    terminal.wait_for("Deployments");
    terminal.type_keys("q");
    // Not before the prompt: until it has ended, plantao reads the line too.
    terminal.wait_until("the shell again", |screen| {
        !screen.alternate_screen() && screen.contents().trim_end().ends_with("ready>")
    });
    terminal.type_keys("exit\r");
    restored(&terminal.end());
}

#[test]
fn a_dropped_line_ends_the_process() {
    let mut terminal = demo(&[], (80, 24), &[]);
    terminal.hang_up();
    terminal.end();
}

#[test]
fn a_dropped_line_ends_the_process_even_when_nobody_tells_it() {
    // Under nohup no signal comes: only reading and writing fail. A program that goes on would spin for ever.
    let line = format!("trap '' HUP; exec {} demo", env!("CARGO_BIN_EXE_plantao"));
    let mut terminal = Terminal::shell(&line, (80, 24), &[]);
    terminal.wait_for("ECS analytics-api");
    terminal.hang_up();
    terminal.end();
}

#[test]
fn a_terminal_that_cannot_show_it_gets_a_clear_refusal() {
    let terminal = Terminal::plantao(&["demo"], (80, 24), &[("TERM", "dumb")]);
    terminal.wait_for("plantao demo --serve");
    let written = terminal.transcript();
    assert!(!written.contains(&0x1b), "{:?}", String::from_utf8_lossy(&written));
    let ended = terminal.end();
    assert_ne!(ended.code, 0);
    restored(&ended);
}

#[test]
fn a_pipe_gets_a_clear_refusal_too() {
    let output = Command::new(env!("CARGO_BIN_EXE_plantao"))
        .arg("demo")
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    assert!(!output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("plantao demo --serve") && !said.contains('\u{1b}'), "{said:?}");
}

/// A look at everything, then everything that was written.
fn tour(env: &[(&str, &str)]) -> Vec<u8> {
    let mut terminal = demo(&["--scenario", "bad-deploy"], WIDE, env);
    for (key, shown) in [("2", "Deployments"), ("4", "RDS-Down"), ("?", "to the last line"), ("?1", "Timeline")] {
        terminal.type_keys(key);
        terminal.wait_for(shown);
    }
    let written = terminal.transcript();
    terminal.type_keys("q");
    restored(&terminal.end());
    written
}

/// The colour parameters of every SGR sequence.
fn colours(written: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(written);
    text.split("\u{1b}[")
        .skip(1)
        .filter_map(|rest| {
            let end = rest.find(|c: char| !(c.is_ascii_digit() || c == ';' || c == ':'))?;
            (rest[end..].starts_with('m')).then(|| rest[..end].to_owned())
        })
        .filter(|sgr| {
            sgr.split([';', ':'])
                .filter_map(|n| n.parse::<u32>().ok())
                .any(|n| matches!(n, 30..=38 | 40..=48 | 90..=107))
        })
        .collect()
}

#[test]
fn no_color_is_obeyed() {
    assert_ne!(colours(&tour(&[])), [""; 0], "this test sees colours where there are some");
    assert_eq!(colours(&tour(&[("NO_COLOR", "1")])), [""; 0]);
}

#[test]
fn a_terminal_of_sixteen_colours_gets_those_and_no_other() {
    for (term, colorterm) in [("xterm", ""), ("linux", ""), ("screen", "")] {
        let seen = colours(&tour(&[("TERM", term), ("COLORTERM", colorterm)]));
        assert!(!seen.is_empty(), "{term}: colours are seen where there are some");
        assert!(!seen.iter().any(|sgr| sgr.contains("38;") || sgr.contains("48;")), "{term}: {seen:?}");
    }
}

#[test]
fn no_terminal_is_told_a_palette_of_our_own_so_dark_and_light_stay_readable() {
    for env in [
        [("TERM", "xterm-256color"), ("COLORTERM", ""), ("COLORFGBG", "15;0")],
        [("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("COLORFGBG", "0;15")],
        [("TERM", "tmux-256color"), ("COLORTERM", ""), ("COLORFGBG", "")],
        [("TERM", "screen-256color"), ("COLORTERM", ""), ("COLORFGBG", "0;15")],
    ] {
        let seen = colours(&tour(&env));
        assert!(!seen.is_empty());
        for sgr in seen {
            let numbers: Vec<&str> = sgr.split(';').collect();
            // No colour by its components, no text that is white or black whatever it stands on, no ground.
            assert!(!sgr.contains("38;2") && !sgr.contains("48;"), "{env:?}: {sgr}");
            let forced = |n: &&str| matches!(*n, "30" | "37" | "97" | "40" | "47" | "107");
            assert!(!numbers.iter().any(forced), "{env:?}: {sgr}");
        }
    }
}

#[test]
fn a_locale_that_is_not_utf8_gets_ascii() {
    let written = tour(&[("LANG", "C")]);
    let foreign: Vec<u8> = written.into_iter().filter(|byte| !byte.is_ascii()).collect();
    assert!(foreign.is_empty(), "{:?}", String::from_utf8_lossy(&foreign));
}

#[test]
fn keys_are_answered_while_every_backend_hangs() {
    // Accepts every connection and never answers: the listener's backlog does it.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", silent.local_addr().expect("an address"));
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(plantao::platform::file::SAMPLE.as_bytes()).expect("it can be written");
    let config = file.path().to_string_lossy().into_owned();
    let keys = [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_ENDPOINT_URL", &endpoint)];
    let mut terminal = Terminal::plantao(&["--config", &config], WIDE, &keys);
    terminal.wait_for("analytics-production");
    let asked = Instant::now();
    for (key, shown) in [("2", "Deployments"), ("?", "to the last line"), ("?1", "Timeline")] {
        terminal.type_keys(key);
        terminal.wait_for(shown);
    }
    // Far more than three frames take on a busy machine, far less than the 4 s after which a call gives up.
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    terminal.type_keys("q");
    restored(&terminal.end());
}
