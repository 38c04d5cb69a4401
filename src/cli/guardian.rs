//! Guardians as processes: started by the process that carries a run out, and what one does once that is killed.

use std::ffi::OsString;
use std::io;
use std::process::{Child, ExitCode};
use std::time::{Duration, Instant};

use super::failed;
use super::output::complain;
use super::run::{ended, halted, program};
use crate::clock::Clock;
use crate::platform::Trouble;
use crate::run::{Context, Guardians, Halt, Office, Order, Orphan, RunId, Store, Who};
use crate::runbook::LONGEST_HOLD;

/// Until a guardian tries again to reach AWS, and between two tries at most.
const AGAIN: Duration = Duration::from_secs(5);
const AGAIN_AT_MOST: Duration = Duration::from_mins(1);
/// So many guardians of a run may be killed, and others follow: what goes on killing them is for a person.
const MOST: u32 = 3;

/// The guardian of a run of this process is told what this process was told, and the time that it is by then.
pub(super) fn guardians(store: &Store, clock: &Clock) -> Guardians {
    let (store, clock) = (store.clone(), clock.clone());
    let start = move |id: &RunId| -> io::Result<Child> {
        let mut arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
        if let Some(told) = arguments.iter_mut().skip_while(|word| *word != "--clock").nth(1) {
            *told = format!("{}@{}", clock.now(), clock.speed()).into();
        }
        let program = program().map_err(io::Error::other)?;
        Order::Guard { id: id.clone() }.start(&store, &program, &arguments)
    };
    Guardians::by(move |id| {
        let (start, id) = (start.clone(), id.clone());
        let mut guardian = start(&id)?;
        // One that ends before its run is no zombie until then; one that was killed is followed by another.
        let watch = move || {
            for _ in 0..MOST {
                match guardian.wait() {
                    Ok(status) if status.code().is_none() => {}
                    _ => return,
                }
                match start(&id) {
                    Ok(next) => guardian = next,
                    Err(error) => return complain(&format!("its guardian can't be started again: {error}")),
                }
            }
        };
        std::thread::Builder::new().name("guardian".to_owned()).spawn(watch)?;
        Ok(())
    })
}

/// Waits, for hours perhaps, for the end of the process that carries a run out.
async fn wait(office: &Office, id: &RunId) -> Result<Option<Orphan>, Halt> {
    let (office, id) = (office.clone(), id.clone());
    let waited = tokio::task::spawn_blocking(move || office.guard(&id)).await;
    waited.unwrap_or_else(|error| Err(Halt::failed(error.to_string())))
}

/// Takes a run up once its process is killed. While AWS does not say who asks (a line that is down, credentials that have
/// expired) that is tried again, and the run is held by nobody: whoever can take it up may.
pub(super) async fn guard(
    office: &Office,
    id: &RunId,
    speed: f64,
    meet: impl AsyncFn() -> Result<(Context, Who), Trouble>,
) -> ExitCode {
    let (began, mut pause, mut told) = (Instant::now(), AGAIN, String::new());
    loop {
        let orphan = match wait(office, id).await {
            Ok(Some(orphan)) => orphan,
            Ok(None) => return ExitCode::SUCCESS,
            Err(halt) => return halted(&halt),
        };
        let trouble = match meet().await {
            Ok((context, who)) => return ended(&office.rear(&context, id, orphan, who).await),
            Err(trouble) => trouble,
        };
        drop(orphan);
        let words = format!("its guardian can't take it up yet: {}: {trouble}", trouble.operation);
        // Whatever it holds was to be held no longer than that.
        if began.elapsed() > LONGEST_HOLD.unsigned_abs() {
            return failed(&words);
        }
        if words != told {
            complain(&words);
            told = words;
        }
        tokio::time::sleep(pause.div_f64(speed)).await;
        pause = (pause * 2).min(AGAIN_AT_MOST);
    }
}
