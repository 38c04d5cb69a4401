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
use crate::platform::text::{nearest, printable};
use crate::platform::{Platform, Secret, file};
use crate::tui::{self, connection::Connected};
use crate::world::{Host, Scenario, Served, World};

/// What shows the demo where no screen can be opened: `plantao status` would find no platform.
const AS_TEXT: &str = "The demo as text:  plantao demo --serve, and in another shell what it prints";

/// The seed platform's region, and the demo's if its file says nothing.
pub(super) const REGION: &str = "us-east-1";

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
    let bound = || {
        let (listener, cache) = (TcpListener::bind(address)?, TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?);
        let (url, cache_url) =
            (format!("http://{}", listener.local_addr()?), format!("redis://{}/0", cache.local_addr()?));
        Ok((url, listener, cache_url, cache))
    };
    let (url, listener, cache_url, cache) = match bound() {
        Ok(bound) => bound,
        Err(error) => {
            return failed(&format!(
                "cannot use port {}: {}; --port 0 takes a free one",
                args.port,
                super::locate::why(&error)
            ));
        }
    };
    let options = screen::options(screen);
    let platform = Platform { treated: options.library.treated(), ..platform(&url, Some(&cache_url)) };
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
            return match host.serve_with(listener, cache) {
                Ok(served) => announce(&served, &region, speed).await,
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
                address: None,
            };
            let Some(host) = host.await else { return nothing("the demo's platform could not be made") };
            let connected = match host.serve_with(listener, cache) {
                Ok(serving) => {
                    let clients = Clients::at(&url, &region);
                    let _ = held.set(serving);
                    let address = Some(url.clone());
                    Connected {
                        clients,
                        hosting: screen::hosting(move || host_arguments(&url, &cache_url, &time)),
                        address,
                    }
                }
                // To look, the demo needs no port.
                Err(error) => Connected {
                    clients: Clients::over(host.http_client(), &region),
                    hosting: Err(format!("runs can't reach the demo: {}", super::locate::why(&error))),
                    address: None,
                },
            };
            if only_looks.is_some() {
                connected.clients.only_read();
            }
            connected
        };
        let options = tui::Options { forbidden: only_looks.map(screen::forbidden), ..options };
        let code = screen::open(platform, connect, clock, options, AS_TEXT).await;
        drop(served);
        code
    })
}

/// The seed platform, whose service is asked for its health, and whose cache is, where the demo answers.
pub(super) fn platform(url: &str, cache_url: Option<&str>) -> Platform {
    let mut platform = file::sample();
    for service in &mut platform.services {
        service.health_url = Some(format!("{url}/health/{}", service.name));
    }
    if let (Some(url), Some(cache)) = (cache_url, platform.caches.first_mut()) {
        cache.url = Some(Secret::new(url.to_owned()));
    }
    platform
}

/// The demo's platform, addresses and time for the processes that carry its runs out.
fn host_arguments(url: &str, cache_url: &str, clock: &Clock) -> Vec<OsString> {
    let time = format!("{}@{}", clock.now(), clock.speed());
    ["host", "--sample", "--endpoint-url", url, "--sample-cache", cache_url, "--clock", &time]
        .map(OsString::from)
        .to_vec()
}

/// Says where the demo is, and waits for Ctrl-C or SIGTERM.
async fn announce(served: &Served, region: &str, speed: f64) -> ExitCode {
    let (url, secret, cache) = (&served.url, Host::DATABASE_SECRET, served.cache_url());
    let said = format!(
        "{url}\n\nThe simulated platform answers AWS's own requests here until Ctrl-C:\n\
         \x20 export AWS_ENDPOINT_URL={url} AWS_REGION={region} AWS_DEFAULT_REGION={region} AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo\n\
         \x20 aws ecs list-clusters\n  aws secretsmanager get-secret-value --secret-id {secret}\n  redis-cli -u {cache} info\n  plantao init --output demo.toml --yes && plantao -c demo.toml status\n"
    );
    let _ = print(&format!("{said}{}", out_of_step(speed)), 0);
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

/// What a demo whose clock runs away from its clients' says to whoever sets one up.
fn out_of_step(speed: f64) -> String {
    if (speed - 1.0).abs() < f64::EPSILON {
        return String::new();
    }
    format!(
        "\nTime runs at {speed} times its speed here: clients' clocks fall out of step. plantao warns of that, and\n\
         tells times and ages by the demo's clock; other clients may call what was just now a time to come.\n"
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::args::{Cli, Command};
    use super::*;

    #[test]
    fn who_serves_a_fast_demo_is_told_that_clocks_fall_out_of_step() {
        assert_eq!(out_of_step(1.0), "");
        assert!(out_of_step(10.0).contains("at 10 times its speed"));
    }

    #[test]
    fn a_run_of_the_demo_finds_the_demos_cache() {
        let cache = "redis://127.0.0.1:4711/0";
        let clock = Clock::simulated("2026-11-24T15:12:37Z".parse().unwrap(), 20.0);
        let arguments = host_arguments("http://127.0.0.1:4712", cache, &clock);
        let cli = Cli::try_parse_from([OsString::from("plantao")].into_iter().chain(arguments)).unwrap();
        let Some(Command::Host(args)) = cli.command else { panic!("{:?}", cli.command) };
        let platform = platform("http://127.0.0.1:4712", args.sample_cache.as_deref());
        assert_eq!(platform.caches[0].url.as_ref().map(Secret::reveal), Some(cache));
    }
}
