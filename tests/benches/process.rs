//! The binary as a process on a terminal.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::harness::Terminal;
use super::{Figure, spread};

const SIZE: (u16, u16) = (120, 40);
const CREDENTIALS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "demo"), ("AWS_SECRET_ACCESS_KEY", "demo"), ("AWS_REGION", "us-east-1")];

/// The dashboard on the sample platform at an endpoint.
fn dashboard(endpoint: &str) -> (Terminal, Instant) {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-platform.toml");
    fs::write(&file, plantao::platform::file::SAMPLE).expect("the platform file can be written");
    let began = Instant::now();
    let arguments = ["--config", &file.to_string_lossy(), "--endpoint-url", endpoint];
    (Terminal::plantao(&arguments, SIZE, &CREDENTIALS), began)
}

/// A port that accepts and never answers.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    (listener, url)
}

/// The served demo, in a process of its own, so that only the dashboard is measured.
struct Served(Child, String);

impl Served {
    fn calm() -> Served {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plantao"));
        command.args(["demo", "--serve", "--scenario", "calm"]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the demo starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let url = lines.next().expect("a first line").expect("it can be read");
        std::thread::spawn(move || lines.for_each(drop));
        Served(child, url)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// From exec to the first byte and to the first whole frame, with AWS silent.
pub fn start() -> Vec<Figure> {
    let (_listener, url) = silent();
    let (mut bytes, mut frames) = (Vec::new(), Vec::new());
    for _ in 0..40 {
        let (mut terminal, began) = dashboard(&url);
        terminal.wait_until("the first frame", |screen| screen.contents().contains("quit"));
        let (first, last) = terminal.came().expect("it has written");
        bytes.push(first - began);
        frames.push(last - began);
        terminal.type_keys("q");
        terminal.end();
    }
    let how = "120×40, from before fork and exec to the byte on the terminal, AWS silent";
    vec![
        Figure { what: "first byte", goal: "", measured: spread(bytes), how },
        Figure { what: "first whole frame", goal: "12 ms", measured: spread(frames), how },
    ]
}

/// From key to first byte.
pub fn keys() -> Vec<Figure> {
    let served = Served::calm();
    let (healthy, _) = dashboard(&served.1);
    healthy.wait_for("live");
    let (_listener, url) = silent();
    let (hanging, _) = dashboard(&url);
    hanging.wait_for("analytics-production");
    let how = "`1` … `4` in turn, from the write to the first byte read back";
    vec![
        Figure { what: "key answered, healthy", goal: "5 ms p99", measured: spread(latencies(healthy)), how },
        Figure {
            what: "key answered, every backend hangs",
            goal: "5 ms p99",
            measured: spread(latencies(hanging)),
            how,
        },
    ]
}

fn latencies(mut terminal: Terminal) -> Vec<Duration> {
    let mut times = Vec::new();
    for round in 0..300 {
        // A pause of its own for each key, so that none waits behind the frame of the one before.
        std::thread::sleep(Duration::from_millis(15));
        let before = terminal.written();
        let began = Instant::now();
        terminal.type_keys(["2", "3", "4", "1"][round % 4]);
        times.push(terminal.wait_written(before).saturating_duration_since(began));
    }
    terminal.type_keys("q");
    terminal.end();
    times
}

/// What an open dashboard costs when nothing happens.
pub fn idle() -> Vec<Figure> {
    const WINDOW: Duration = Duration::from_mins(2);
    let served = Served::calm();
    let (mut terminal, _) = dashboard(&served.1);
    terminal.wait_for("live");
    // The first burst of questions is no idling.
    std::thread::sleep(Duration::from_secs(10));
    let (written, before) = (terminal.written(), cpu(terminal.pid()));
    let mut seconds: Vec<_> = (0..WINDOW.as_secs())
        .map(|_| {
            let before = terminal.written();
            std::thread::sleep(Duration::from_secs(1));
            terminal.written() - before
        })
        .collect();
    seconds.sort_unstable();
    let tick = seconds[seconds.len() / 2];
    let bytes = (terminal.written() - written) as f64 / WINDOW.as_secs_f64();
    let share = cpu(terminal.pid()).saturating_sub(before).as_secs_f64() / WINDOW.as_secs_f64() * 100.0;
    let resident = resident(terminal.pid());
    terminal.type_keys("q");
    terminal.end();
    let how = "120 s on the calm demo in another process, clock ticking, all sources asked at their cadence";
    vec![
        Figure {
            what: "idle: written",
            goal: "25 bytes a tick",
            measured: format!("{tick} bytes a tick, {bytes:.0} bytes/s with all that changes"),
            how,
        },
        Figure { what: "idle: CPU", goal: "0.1 % of a core", measured: format!("{share:.2} %"), how },
        Figure { what: "idle: resident", goal: "20 MiB", measured: format!("{resident:.1} MiB"), how },
    ]
}

/// Time on a processor so far, of all its threads (proc(5): the first number of schedstat, in nanoseconds).
fn cpu(pid: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("it runs").flatten();
    let told = threads.filter_map(|thread| fs::read_to_string(thread.path().join("schedstat")).ok());
    told.filter_map(|text| text.split_whitespace().next()?.parse().ok()).map(Duration::from_nanos).sum()
}

/// Resident memory in MiB.
fn resident(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}

/// The binary that was measured.
pub fn size() -> Vec<Figure> {
    let bytes = fs::metadata(env!("CARGO_BIN_EXE_plantao")).expect("it was built").len();
    vec![Figure {
        what: "release binary",
        goal: "16 MiB",
        measured: format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20)),
        how: "stripped, LTO, panics abort",
    }]
}
