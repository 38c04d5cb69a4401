//! The screen, as Elm would have it: a [`message::Message`] changes the [`app::App`], which answers with
//! [`effect::Effect`]s; `draw(&App)` shows it. Nothing here awaits I/O before it draws.

mod act;
pub mod app;
mod canvas;
pub mod connection;
mod dead;
mod drive;
pub mod effect;
mod form;
pub mod hosting;
pub mod keymap;
mod layout;
mod lists;
pub mod message;
mod mouse;
pub mod palette;
mod plan_page;
mod run_page;
mod runs;
pub mod screen;
mod sgr;
mod sources;
mod terminal;
pub mod text;
pub mod theme;
mod typing;
pub mod waits;
mod widget;

use std::future::Future;
use std::io;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::platform::Platform;
use crate::runbook::Library;
use app::{App, Due};
use connection::{Connected, Connection, Line};
use effect::Effect;
use message::Message;
use terminal::Terminal;
use theme::Theme;

/// Messages that may wait. Keys come at most as fast as a person or a paste, sources far slower.
const QUEUE: usize = 1_024;

/// What the user wants of the screen beyond what the environment says.
#[derive(Clone, Debug)]
pub struct Options {
    /// Only ASCII, whatever the locale says.
    pub ascii: bool,
    /// Take the mouse, its clicks and its wheel; the terminal's own selection then needs shift.
    pub mouse: bool,
    /// Every runbook, the user's too.
    pub library: Library,
    /// Why nothing is carried out, if nothing is.
    pub forbidden: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Options { ascii: false, mouse: true, library: Library::of(Vec::new()), forbidden: None }
    }
}

/// Shows the platform until the user quits or the terminal is gone. Gives the signal that ended it, if one did.
///
/// The first frame is drawn before `connect` is even polled: no credential or network work delays it.
///
/// # Errors
/// If the terminal cannot be taken or is lost.
pub async fn run(
    platform: Arc<Platform>,
    connect: impl Future<Output = Connected> + Send + 'static,
    clock: Clock,
    options: Options,
) -> io::Result<Option<i32>> {
    let lookup = |name: &str| std::env::var(name).ok();
    let mut theme = Theme::detect(lookup);
    theme.ascii |= options.ascii;
    let in_tmux = std::env::var_os("TMUX").is_some();

    let mut terminal = Terminal::take(options.mouse)?;
    let mut app = App::new(Arc::clone(&platform), theme, clock.now(), terminal.size()?);
    app.library = options.library;
    app.forbidden = options.forbidden;
    app.take_due();
    terminal.draw(&app)?;

    let (queue, mut messages) = mpsc::channel(QUEUE);
    let _sources = sources::start(&queue, &clock)?;
    let mut connecting = tokio::spawn(connect);
    let mut line = Line::default();

    let mut signal = None;
    loop {
        let mut effects = Vec::new();
        let mut note = |message: &Message| {
            if let Message::Hangup(number) = message {
                signal.get_or_insert(*number);
            }
        };
        tokio::select! {
            connected = &mut connecting, if line.is_waiting() => {
                let connected = connected.map_err(io::Error::other)?;
                let open = Connection::open(Arc::clone(&platform), connected, clock.clone(), queue.clone());
                open.carry_out(Effect::Attend(app.attention));
                effects.extend(app.update(open.greeting()));
                line.open(open);
            }
            Some(first) = messages.recv() => {
                note(&first);
                effects.extend(app.update(first));
                // All that waits is taken before a frame is drawn, but never so much that none is.
                for _ in 1..QUEUE {
                    let Ok(message) = messages.try_recv() else { break };
                    note(&message);
                    effects.extend(app.update(message));
                }
            }
        }
        effects.extend(app.settle());
        for effect in effects {
            match effect {
                Effect::Quit => return Ok(signal),
                Effect::Suspend => terminal.suspend()?,
                Effect::Redraw => terminal.resume()?,
                Effect::Bell => Terminal::bell()?,
                Effect::Copy(text) => Terminal::copy(&text, in_tmux)?,
                asked => line.carry_out(asked),
            }
        }
        match app.take_due() {
            Due::Nothing => {}
            Due::Header => terminal.draw_header(&app)?,
            Due::Frame => terminal.draw(&app)?,
        }
    }
}
