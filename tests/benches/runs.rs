//! From a confirmation to the change on the wire, and what the tools that people use now take for the same change.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use plantao::aws::Clients;
use plantao::clock::Clock;
use plantao::platform::file::sample;
use plantao::run::{Context, Guardians, Locks, Office, Plan, RunId, Store, Who, Wish};
use plantao::runbook::{Runbook, read};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use super::harness::{Fill, Moto, aws_cli, ecs_deploy, moto};
use super::{Figure, percentile, spread};

const CLUSTER: &str = "analytics-production";
const SERVICE: &str = "analytics-api";
const TIMES: usize = 25;

/// The change alone: no other tool here waits for tasks unless it is told to.
const SCALE: &str = "# Scale\n```toml runbook\ndanger = \"caution\"\n[param.desired]\nask = \"How many?\"\ntype = \"integer\"\n```\n\
## Set it\n```toml ecs.update-service\ndesired-count = \"{{ desired }}\"\n```\n";

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// The last `UpdateService` that moto got, in seconds since 1970, and its count.
fn last_update(moto: &Moto) -> (f64, u64) {
    let changes = moto.changes();
    let last: &Value = changes.iter().rfind(|change| change["operation"] == "UpdateService").expect("it was sent");
    (last["at"].as_f64().expect("a time"), last["sent"]["desiredCount"].as_u64().expect("a count"))
}

fn since_1970() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// Measures a change from its order to the request's arrival at moto, and to its end.
fn measured(moto: &Moto, mut change: impl FnMut(u64)) -> (Vec<Duration>, Vec<Duration>) {
    let (mut wire, mut whole) = (Vec::new(), Vec::new());
    for round in 0..TIMES {
        let count = 4 + round as u64 % 2;
        let (began, clock) = (since_1970(), Instant::now());
        change(count);
        whole.push(clock.elapsed());
        let (at, seen) = last_update(moto);
        assert_eq!(seen, count, "moto got this change");
        wire.push(Duration::from_secs_f64((at - began).max(0.0)));
    }
    (wire, whole)
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    percentile(&times, 0.5)
}

fn planned(runtime: &Runtime, context: &Context, runbook: &Runbook, count: u64) -> Plan {
    let answers = [("desired".to_owned(), count.to_string())].into();
    let wish = Wish { runbook, answers: &answers, service: None, database: None };
    runtime.block_on(Plan::make(context, wish)).expect("a plan").0
}

/// `plantao run` as a whole process, to compare with whole processes.
fn process(moto: &Moto, home: &Path, count: u64) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plantao"));
    command.args(["run", "quick", "--yes", "--desired", &count.to_string()]);
    command.args(["--endpoint-url", &moto.endpoint, "--region", moto.region]);
    command.env_clear().env("HOME", home).env("PLANTAO_LOCK_DIR", home);
    succeeds(command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test"));
}

fn succeeds(command: &mut Command) {
    let said = command.stdin(Stdio::null()).output().expect("it starts");
    assert!(said.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said.stderr));
}

/// Another tool, told of moto as its SDK wants it.
fn tool(moto: &Moto, program: &Path, arguments: &[&str]) {
    let mut command = Command::new(program);
    command.args(arguments).env("AWS_ENDPOINT_URL", &moto.endpoint).env("AWS_DEFAULT_REGION", moto.region);
    command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    succeeds(command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test"));
}

/// From confirmation to the change, and beside `aws` and `ecs` for the same change on the same moto.
pub fn runs() -> Vec<Figure> {
    let moto = moto();
    moto.fill(&Fill { metrics: false, ..Fill::default() });
    // As many as are asked for at most, so that no tool waits for tasks that moto never starts.
    let still = json!({"cluster": CLUSTER, "service": SERVICE, "desiredCount": 5});
    moto.call("ecs", "update_service", &still);
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder on the disk");
    let config = home.path().join(".config/plantao");
    std::fs::create_dir_all(config.join("runbooks")).expect("a folder");
    std::fs::write(config.join("platform.toml"), plantao::platform::file::SAMPLE).expect("it can be written");
    std::fs::write(config.join("runbooks/quick.md"), SCALE).expect("it can be written");

    let runtime = runtime();
    let context = Context {
        platform: Arc::new(sample()),
        clients: Clients::at(&moto.endpoint, moto.region),
        clock: Clock::system(),
        store: None,
    };
    let runbook = read(SCALE, "quick.md").expect("a runbook");
    let office = Office {
        store: Store::at(&home.path().join("bench/runs")),
        locks: Locks::at(home.path()),
        guardians: Guardians::default(),
    };
    let mut confirmed = Vec::new();
    for round in 0..TIMES {
        let count = 4 + round as u64 % 2;
        let plan = planned(&runtime, &context, &runbook, count);
        let id = RunId::new("quick", context.clock.now());
        // Everything before this was looking: from here on it is confirmed.
        let began = since_1970();
        let finished = runtime.block_on(office.carry_out(&context, &id, plan, Who::default(), None));
        assert_eq!(finished.ending.exit_code(), 0, "{}", finished.words);
        confirmed.push(Duration::from_secs_f64((last_update(&moto).0 - began).max(0.0)));
    }
    let (_, ours) = measured(&moto, |count| process(&moto, home.path(), count));
    let (_, aws) = measured(&moto, |count| {
        let count = count.to_string();
        let arguments =
            ["ecs", "update-service", "--cluster", CLUSTER, "--service", SERVICE, "--desired-count", count.as_str()];
        tool(&moto, &aws_cli(), &arguments);
    });
    let (_, ecs) = measured(&moto, |count| {
        tool(&moto, &ecs_deploy(), &["scale", CLUSTER, SERVICE, &count.to_string(), "--timeout", "-1"]);
    });
    let ratio = |other: &[Duration]| median(other).as_secs_f64() / median(&ours).as_secs_f64();
    let how = "moto on loopback; median of whole processes, plan, journal and host process of ours included";
    vec![
        Figure {
            what: "from confirmation to the change on the wire, journal synced",
            goal: "20 ms",
            measured: spread(confirmed),
            how: "moto's clock at the request's arrival; the journal is on the disk, and synced before it",
        },
        Figure { what: "`plantao run`, from shell to shell", goal: "", measured: spread(ours.clone()), how },
        Figure {
            what: "`aws ecs update-service` takes … times as long",
            goal: "1 ×",
            measured: format!("{:.1} × ({})", ratio(&aws), spread(aws.clone())),
            how,
        },
        Figure {
            what: "`ecs scale` of ecs-deploy takes … times as long",
            goal: "1 ×",
            measured: format!("{:.1} × ({})", ratio(&ecs), spread(ecs.clone())),
            how,
        },
    ]
}
