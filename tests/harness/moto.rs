//! moto, filled with the seed platform: an AWS that is not ours, so that the world is not its own judge.
//!
//! One server for the whole test process; each test has a region of its own in it. The server ends when its
//! standard input does, which is when this process ends, however it ends.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::{Value, json};

use super::python;

/// Tasks that moto says are running of each service: it starts none itself.
pub const RUNNING: u32 = 3;

const REGIONS: [&str; 29] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ca-central-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "ap-east-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "me-south-1",
    "af-south-1",
    "sa-east-1",
    "ap-southeast-4",
    "me-central-1",
    "il-central-1",
    "eu-south-2",
    "ca-west-1",
];

struct Server {
    port: u16,
    pipe: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    _child: Child,
}

/// An empty region of the account 123456789012.
pub struct Moto {
    /// `http://127.0.0.1:PORT`.
    pub endpoint: String,
    /// Nobody else's.
    pub region: &'static str,
    server: &'static Server,
}

/// What a region is filled with; [`Fill::default`] is the seed platform with nothing wrong but load.
pub struct Fill<'a> {
    /// The service and its task definition and scalable target; its cluster is there in any case.
    pub service: bool,
    /// These alarms are in `ALARM`, all others are `OK`.
    pub firing: &'a [&'a str],
    /// Three hours of each metric.
    pub metrics: bool,
    /// Tasks wanted.
    pub desired: u32,
    /// Beside the seed's one: with more than 99 RDS answers in several pages.
    pub databases: u32,
    /// Revisions of the task definition, at most three; the service is on the last one.
    pub revisions: u32,
}

impl Default for Fill<'_> {
    fn default() -> Self {
        Fill { service: true, firing: &[], metrics: true, desired: RUNNING, databases: 0, revisions: 1 }
    }
}

/// A region that no other test of this process has.
pub fn moto() -> Moto {
    static SERVER: OnceLock<Server> = OnceLock::new();
    static TAKEN: AtomicUsize = AtomicUsize::new(0);
    let server = SERVER.get_or_init(start);
    let region = REGIONS.get(TAKEN.fetch_add(1, Ordering::Relaxed)).expect("more tests than REGIONS: add some");
    Moto { endpoint: format!("http://127.0.0.1:{}", server.port), region, server }
}

fn start() -> Server {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/harness/moto_bridge.py");
    let python = python();
    let one_at_a_time = super::starting();
    let mut child = Command::new(python)
        .arg(&script)
        .env("MOTO_ECS_SERVICE_RUNNING", RUNNING.to_string())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{}: {e}", script.display()));
    drop(one_at_a_time);
    let stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let line = read_line(&mut stdout);
    let port = line.strip_prefix("ready ").and_then(|port| port.parse().ok());
    let port = port.unwrap_or_else(|| panic!("{} did not start; it said {line:?}", script.display()));
    Server { port, pipe: Mutex::new((stdin, stdout)), _child: child }
}

fn read_line(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).expect("moto's pipe can be read");
    line.trim_end().to_owned()
}

impl Moto {
    /// Fills the region; panics with moto's words if it cannot.
    pub fn fill(&self, fill: &Fill) -> &Self {
        let mut firing = String::new();
        for (i, name) in fill.firing.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(firing, "{comma}{name:?}").unwrap();
        }
        // Python's JSON reader knows the words `true` and `false` as Rust writes them.
        let options = format!(
            r#"{{"service":{},"firing":[{firing}],"metrics":{},"desired":{},"databases":{},"revisions":{}}}"#,
            fill.service, fill.metrics, fill.desired, fill.databases, fill.revisions
        );
        self.ask("fill", &options);
        self
    }

    /// Asks moto anything, by boto3: `call("ecs", "describe_services", json!({…}))`.
    pub fn call(&self, service: &str, operation: &str, arguments: &Value) -> Value {
        self.ask("call", &json!([service, operation, arguments]).to_string())
    }

    /// Every request to ECS that changes something and came from this region, as it came over the wire: `operation`,
    /// `at` (seconds), `sent`. The filling's own are among them.
    pub fn changes(&self) -> Vec<Value> {
        self.ask("changes", "{}").as_array().cloned().unwrap_or_default()
    }

    fn ask(&self, verb: &str, options: &str) -> Value {
        let mut pipe = self.server.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(pipe.0, "{verb} {} {options}", self.region).expect("moto is still there");
        let answer = read_line(&mut pipe.1);
        drop(pipe);
        let done = answer.strip_prefix("done ").and_then(|answer| serde_json::from_str(answer).ok());
        done.unwrap_or_else(|| panic!("moto, asked to {verb} {options}: {answer}"))
    }
}
