//! The demo: the same dashboard, with the simulated platform on a loopback port behind it.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use super::args::{DemoArgs, Screen, Whence};
use super::output::{complain, print};
use super::{failed, on_runtime, read_only, screen};
use crate::aws::Clients;
use crate::clock::Clock;
use crate::database::Target;
use crate::platform::file;
use crate::platform::text::{nearest, printable};
use crate::tui::{self, connection::Connected};
use crate::world::{Host, Scenario, Served, World};

/// The seed platform's region, and the demo's if its file says nothing.
const REGION: &str = "us-east-1";

/// Opens the demo, or serves it.
pub(super) fn run(args: &DemoArgs, whence: &Whence, screen: Screen) -> ExitCode {
    if whence.config.is_some() || whence.platform.is_some() || whence.endpoint_url.is_some() {
        complain("the demo has a platform of its own: -c, -p and --endpoint-url mean nothing to it");
        return ExitCode::from(2);
    }
    let Some(scenario) = Scenario::named(&args.scenario) else {
        let mut message = format!("there is no scenario \"{}\"", printable(&args.scenario));
        if let Some(near) = nearest(&args.scenario, Scenario::NAMES.iter().copied()) {
            message = format!("{message}\nDid you mean \"{near}\"?");
        }
        complain(&format!("{message}\nThere are: {}", Scenario::NAMES.join(", ")));
        return ExitCode::from(2);
    };
    if let Some(Err(trouble)) = args.database.as_deref().map(Target::from_url) {
        complain(&trouble.to_string());
        return ExitCode::from(2);
    }
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    // Said here, before the screen opens over it.
    if let Err(error) = TcpListener::bind(address) {
        return failed(&format!(
            "cannot use port {}: {}; --port 0 takes a free one",
            args.port,
            super::locate::why(&error)
        ));
    }
    let platform = file::sample();
    let region = platform.region.clone().unwrap_or_else(|| REGION.to_owned());
    let (seed, speed) = (args.seed, args.speed);
    let only_looks = read_only::said_by(whence, None);
    let serve = args.serve;
    let database = args.database.clone();
    on_runtime(async move {
        let start = Timestamp::now();
        let clock = Clock::simulated(start, speed);
        let host = {
            let clock = clock.clone();
            // A day of history takes a moment to simulate: not on the thread that draws.
            let making = tokio::task::spawn_blocking(move || World::new(&scenario, seed, start));
            async move {
                let host = Host::new(making.await.ok()?, clock);
                if let Some(url) = database {
                    host.stand_in(&url);
                }
                Some(host)
            }
        };
        if serve {
            let Some(host) = host.await else { return failed("the demo's platform could not be made") };
            return match host.serve(address).await {
                Ok(served) => announce(&served, &region).await,
                Err(error) => failed(&format!("cannot serve the demo: {}", super::locate::why(&error))),
            };
        }
        // It serves for as long as this is held: until the screen is closed.
        let served: Arc<OnceLock<Served>> = Arc::default();
        let held = Arc::clone(&served);
        let time = clock.clone();
        let connect = async move {
            let nothing = |why: &str| Connected {
                clients: Clients::at("http://127.0.0.1:9", &region),
                hosting: Err(why.to_owned()),
            };
            let Some(host) = host.await else { return nothing("the demo's platform could not be made") };
            let connected = match host.serve(address).await {
                Ok(serving) => {
                    let (clients, url) = (Clients::at(&serving.url, &region), serving.url.clone());
                    let _ = held.set(serving);
                    Connected { clients, hosting: screen::hosting(move || host_arguments(&url, &time)) }
                }
                // Someone took the port in between: to look, the demo needs none.
                Err(error) => Connected {
                    clients: Clients::over(host.http_client(), &region),
                    hosting: Err(format!("runs can't reach the demo: {}", super::locate::why(&error))),
                },
            };
            if only_looks.is_some() {
                connected.clients.only_read();
            }
            connected
        };
        let options = tui::Options { forbidden: only_looks.map(screen::forbidden), ..screen::options(screen) };
        let code = screen::open(platform, connect, clock, options).await;
        drop(served);
        code
    })
}

/// The demo's platform, address and time for the processes that carry its runs out.
fn host_arguments(url: &str, clock: &Clock) -> Vec<OsString> {
    let time = format!("{}@{}", clock.now(), clock.speed());
    ["host", "--sample", "--endpoint-url", url, "--clock", &time].map(OsString::from).to_vec()
}

/// Says where the demo is, and waits for Ctrl-C or SIGTERM.
async fn announce(served: &Served, region: &str) -> ExitCode {
    let (url, secret) = (&served.url, Host::DATABASE_SECRET);
    let said = format!(
        "{url}\n\nThe simulated platform answers AWS's own requests here until Ctrl-C:\n\
         \x20 export AWS_ENDPOINT_URL={url} AWS_REGION={region} AWS_DEFAULT_REGION={region} AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo\n\
         \x20 aws ecs list-clusters\n  aws secretsmanager get-secret-value --secret-id {secret}\n  plantao init --output demo.toml --yes && plantao -c demo.toml status\n"
    );
    let _ = print(&said, 0);
    let stopped = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => ExitCode::SUCCESS,
        () = stopped => ExitCode::SUCCESS,
    }
}
