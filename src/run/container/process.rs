//! A program under way: its last line is the progress, all its lines go to the run's log, and a wish to stop ends it.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use crate::platform::text::{printable, shell_word, shortened};
use crate::run::{Context, Halt, Scribe, secrets};

/// Lines that are kept for messages.
const KEPT: usize = 200;
/// A line longer than this is cut in two.
const LONGEST: usize = 4 << 10;
/// How often commands are listened for and progress is written.
const EAR: Duration = Duration::from_secs(1);
/// Once a program has ended, whoever still holds its output is not waited for.
const AFTERWARDS: Duration = Duration::from_secs(1);
/// Characters of a command that a message names; it is whole in the log.
const NAMED: usize = 200;
/// Lines of a failure that are shown.
const SHOWN: usize = 8;

/// What no line shows, the longest first.
type Mask = Arc<[String]>;

/// How a program ended, and its last lines.
#[derive(Debug)]
pub(in crate::run) struct Ended {
    status: ExitStatus,
    pub(in crate::run) lines: Vec<String>,
}

impl Ended {
    pub(in crate::run) fn is_well(&self) -> bool {
        self.status.success()
    }

    /// `exit status: 1`.
    pub(in crate::run) fn status(&self) -> String {
        self.status.to_string()
    }

    /// The last lines, for a message.
    pub(in crate::run) fn tail(&self) -> String {
        let from = self.lines.len().saturating_sub(SHOWN);
        let said = self.lines[from..].join(" | ");
        if said.is_empty() { self.status.to_string() } else { format!("{}: {said}", self.status) }
    }
}

/// Why a program did not come to its end.
#[derive(Debug)]
pub(in crate::run) enum Cut {
    /// It never began.
    NotStarted(String),
    /// It began, and what became of it can't be told.
    Lost(String),
    /// The run ended it.
    Ended(Halt),
}

impl From<Cut> for Halt {
    fn from(cut: Cut) -> Halt {
        match cut {
            Cut::NotStarted(why) | Cut::Lost(why) => Halt::failed(why),
            Cut::Ended(halt) => halt,
        }
    }
}

/// Runs a program to its end. `secret` goes to its standard input, and nowhere else: a program that says it again is
/// not repeated, nor is one that says a secret of this process.
pub(in crate::run) async fn carry(
    scribe: &mut Scribe<'_>,
    mut command: Command,
    label: &str,
    secret: Option<&str>,
    context: &Context,
) -> Result<Ended, Cut> {
    let mut log = scribe.log().as_deref().map(open).transpose().map_err(Cut::NotStarted)?;
    note(&mut log, &format!("{label}: {}", told(&command)));
    command.stdin(if secret.is_some() { Stdio::piped() } else { Stdio::null() });
    // A group of its own, so that its helpers end with it.
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
    let mut child = command
        .spawn()
        .map_err(|error| Cut::NotStarted(format!("{} can't be started: {error}", shortened(&told(&command), NAMED))))?;
    if let (Some(secret), Some(mut stdin)) = (secret, child.stdin.take()) {
        // One that does not read it says by itself why.
        let _ = stdin.write_all(format!("{secret}\n").as_bytes()).await;
    }
    let (sender, mut lines) = mpsc::channel(64);
    let known = secrets::known(context);
    let mask: Mask = secret.filter(|secret| !secret.is_empty()).map(str::to_owned).into_iter().chain(known).collect();
    if let Some(out) = child.stdout.take() {
        tokio::spawn(read(out, sender.clone(), mask.clone()));
    }
    if let Some(err) = child.stderr.take() {
        tokio::spawn(read(err, sender.clone(), mask));
    }
    drop(sender);
    let mut kept: VecDeque<String> = VecDeque::new();
    let mut tick = tokio::time::interval(EAR);
    let mut keep = |line: String, log: &mut Option<File>| {
        note(log, &line);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(line);
        kept.back().cloned().unwrap_or_default()
    };
    let (mut last, mut speaks) = (String::new(), true);
    let status = loop {
        tokio::select! {
            line = lines.recv(), if speaks => match line {
                Some(line) => last = keep(line, &mut log),
                None => speaks = false,
            },
            status = child.wait() => break status.map_err(|error| Cut::Lost(format!("{label}: {error}")))?,
            _ = tick.tick() => {
                let told = scribe.hear().and_then(|()| match last.as_str() {
                    "" => scribe.progress(label, None),
                    last => scribe.progress(&format!("{label}: {last}"), None),
                });
                if let Err(halt) = told {
                    end(&mut child).await;
                    note(&mut log, &format!("{label}: ended by the run: {}", halt.words));
                    return Err(Cut::Ended(halt));
                }
            }
        }
    };
    drain(&mut lines, |line| {
        keep(line, &mut log);
    })
    .await;
    note(&mut log, &format!("{label}: {status}"));
    Ok(Ended { status, lines: kept.into_iter().collect() })
}

/// The lines that are still under way. One time for all of them: whoever still holds the output may go on for ever.
async fn drain(lines: &mut mpsc::Receiver<String>, mut keep: impl FnMut(String)) {
    let all = async {
        while let Some(line) = lines.recv().await {
            keep(line);
        }
    };
    // What is said after that is nobody's business: the program itself has ended.
    let _ = tokio::time::timeout(AFTERWARDS, all).await;
}

async fn end(child: &mut Child) {
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::TERM);
        if tokio::time::timeout(AFTERWARDS * 3, child.wait()).await.is_err() {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
    let _ = child.wait().await;
}

/// Its lines, one by one; a carriage return ends one too, as progress bars use it.
async fn read(mut from: impl AsyncRead + Unpin, to: mpsc::Sender<String>, mask: Mask) {
    let (mut line, mut bytes) = (Vec::new(), vec![0; 8 << 10]);
    let mask = &*mask;
    while let Ok(count) = from.read(&mut bytes).await {
        for byte in &bytes[..count] {
            let ends = matches!(byte, b'\n' | b'\r');
            if !ends && line.len() >= LONGEST {
                line = hidden(line, mask);
            }
            if ends || line.len() >= LONGEST {
                // A secret is not cut in two, as neither half would be known for one.
                let rest = if ends { Vec::new() } else { line.split_off(line.len() - begun(&line, mask)) };
                if !send(&mut line, &to, mask).await {
                    return;
                }
                line = rest;
            }
            if !ends {
                line.push(*byte);
            }
        }
        if count == 0 {
            send(&mut line, &to, mask).await;
            return;
        }
    }
}

/// A line without the secrets.
fn hidden(line: Vec<u8>, mask: &[String]) -> Vec<u8> {
    if mask.is_empty() {
        return line;
    }
    let text = String::from_utf8_lossy(&line).into_owned();
    secrets::hide(mask, text).into_bytes()
}

/// How many bytes at the end of a line may be the beginning of a secret.
fn begun(line: &[u8], mask: &[String]) -> usize {
    let of =
        |secret: &[u8]| (1..secret.len().min(line.len() + 1)).rev().find(|length| line.ends_with(&secret[..*length]));
    mask.iter().filter_map(|secret| of(secret.as_bytes())).max().unwrap_or_default()
}

async fn send(line: &mut Vec<u8>, to: &mpsc::Sender<String>, mask: &[String]) -> bool {
    let bytes = hidden(std::mem::take(line), mask);
    let text = String::from_utf8_lossy(&bytes);
    let text = printable(text.trim_end());
    text.trim().is_empty() || to.send(text.into_owned()).await.is_ok()
}

fn open(path: &Path) -> Result<File, String> {
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    file.map_err(|error| format!("the run's log {} can't be written: {error}", path.display()))
}

/// A log that is full is no reason to stop a deploy.
fn note(log: &mut Option<File>, line: &str) {
    if let Some(log) = log {
        let _ = writeln!(log, "{line}");
    }
}

/// The command as it could be typed.
fn told(command: &Command) -> String {
    let command = command.as_std();
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<String> = words.map(|word| shell_word(&word.to_string_lossy())).collect();
    printable(&words.join(" ")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(bytes: &'static [u8]) -> Vec<String> {
        masked(bytes, None).await
    }

    async fn masked(bytes: &[u8], secret: Option<&str>) -> Vec<String> {
        let (sender, mut receiver) = mpsc::channel(1_000);
        read(bytes, sender, secret.map(str::to_owned).into_iter().collect()).await;
        let mut lines = Vec::new();
        while let Some(line) = receiver.recv().await {
            lines.push(line);
        }
        lines
    }

    #[tokio::test]
    async fn a_progress_bar_is_many_lines_and_an_escape_reaches_no_terminal() {
        assert_eq!(lines(b"10 %\r20 %\r\n\n done").await, ["10 %", "20 %", " done"]);
        assert!(!lines(b"\x1b[31mred\x1b[0m\n").await[0].contains('\u{1b}'));
        assert_eq!(lines(b"not utf-8: \xff\n").await, ["not utf-8: \u{fffd}"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_does_not_wait_for_ever_for_a_chatty_child_that_its_script_left_behind() {
        let (sender, mut receiver) = mpsc::channel(64);
        tokio::spawn(async move {
            while sender.send("still here".to_owned()).await.is_ok() {
                tokio::time::sleep(AFTERWARDS / 10).await;
            }
        });
        let (began, mut kept) = (tokio::time::Instant::now(), 0);
        let drained = tokio::time::timeout(AFTERWARDS * 60, drain(&mut receiver, |_| kept += 1)).await;
        assert!(drained.is_ok(), "a run that waits here hears nobody");
        assert!(began.elapsed() <= AFTERWARDS * 2 && kept >= 5, "{kept} lines in {:?}", began.elapsed());
    }

    #[tokio::test]
    async fn a_line_without_an_end_does_not_fill_the_memory() {
        static LONG: [u8; 3 * LONGEST] = [b'x'; 3 * LONGEST];
        let lines = lines(&LONG).await;
        assert_eq!(lines.iter().map(String::len).collect::<Vec<_>>(), [LONGEST; 3]);
    }

    #[tokio::test]
    async fn a_secret_that_a_program_says_again_is_in_no_line_wherever_it_stands() {
        let secret = format!("hunter2{}", "s".repeat(2_500));
        assert_eq!(masked(format!("got {secret}!\nfine\n").as_bytes(), Some(&secret)).await, ["got …!", "fine"]);
        for before in [0, LONGEST - 2_600, LONGEST - 2_000, LONGEST - 1, LONGEST, LONGEST + 1] {
            let said = format!("{}{secret}{secret}{}", "x".repeat(before), "y".repeat(LONGEST));
            let lines = masked(said.as_bytes(), Some(&secret)).await;
            let all = format!("{}……{}", "x".repeat(before), "y".repeat(LONGEST));
            assert!(lines.concat() == all, "{before}");
        }
        let long = "k".repeat(2 * LONGEST);
        let lines = masked(format!("a{long}b\n").as_bytes(), Some(&long)).await;
        assert!(lines.concat() == "a…b", "{} bytes", lines.concat().len());
    }
}
