//! What puts messages on the queue besides AWS: keys, signals, the clock.

use std::io;
use std::time::Duration;

use crossterm::event::Event;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::Sender;
use tokio::task::JoinSet;

use super::keymap;
use super::message::Message;
use crate::clock::Clock;

/// Starts them all; dropping the set stops them.
///
/// # Errors
/// If a signal cannot be listened to.
pub fn start(queue: &Sender<Message>, clock: &Clock) -> io::Result<JoinSet<()>> {
    let mut sources = JoinSet::new();
    let to = queue.clone();
    std::thread::Builder::new().name("keys".to_owned()).spawn(move || keys(&to))?;
    sources.spawn(ticks(queue.clone(), clock.clone()));
    for number in [SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT] {
        let mut signals = signal(SignalKind::from_raw(number))?;
        let queue = queue.clone();
        sources.spawn(async move {
            while signals.recv().await.is_some() {
                let message = match number {
                    SIGTSTP => keymap::press("ctrl+z").map(Message::Key),
                    SIGCONT => Some(Message::Resumed),
                    ending => Some(Message::Hangup(ending)),
                };
                if let Some(message) = message
                    && queue.send(message).await.is_err()
                {
                    return;
                }
            }
        });
    }
    Ok(sources)
}

/// Reads the terminal on a thread of its own, which ends with the process or with the line. Blocking,
/// so that no key waits for a wake-up that a busy runtime may give late.
fn keys(queue: &Sender<Message>) {
    loop {
        let message = match crossterm::event::read() {
            Ok(Event::Key(key)) => Message::Key(key),
            Ok(Event::Paste(text)) => Message::Paste(text),
            Ok(Event::Mouse(mouse)) => Message::Mouse(mouse),
            Ok(Event::Resize(columns, rows)) => Message::Resize(columns, rows),
            Ok(Event::FocusGained | Event::FocusLost) => continue,
            // The line is gone: there is nobody left to show anything to.
            Err(_) => Message::Hangup(SIGHUP),
        };
        let over = matches!(message, Message::Hangup(_));
        if queue.blocking_send(message).is_err() || over {
            return;
        }
    }
}

/// A tick at the start of each second of the system's clock, so that all terminals tick together.
async fn ticks(queue: Sender<Message>, clock: Clock) {
    loop {
        let fraction = clock.now().subsec_nanosecond().unsigned_abs();
        let pause = if clock.speed() > 1.0 {
            Duration::from_secs(1)
        } else {
            Duration::from_nanos(u64::from(1_000_000_000_u32.saturating_sub(fraction)).max(1_000_000))
        };
        tokio::time::sleep(pause).await;
        if queue.send(Message::Tick(clock.now())).await.is_err() {
            return;
        }
    }
}
