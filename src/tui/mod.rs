//! The screen, as Elm would have it: a [`message::Message`] changes the [`app::App`], which answers with
//! [`effect::Effect`]s; `draw(&App)` shows it. Nothing here awaits I/O before it draws.

mod act;
pub mod app;
pub mod effect;
pub mod keymap;
mod layout;
mod lists;
pub mod message;
pub mod palette;
pub mod screen;
mod sources;
mod terminal;
pub mod text;
pub mod theme;
mod typing;
mod widget;

use std::future::Future;
use std::io;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::aws::{self, Clients};
use crate::clock::Clock;
use crate::platform::{Observation, Platform};
use crate::watch::{self, Watch};
use app::App;
use effect::Effect;
use message::Message;
use terminal::Terminal;
use theme::Theme;

/// Messages that may wait. Keys come at most as fast as a person or a paste, sources far slower.
const QUEUE: usize = 1_024;

/// What the user wants of the screen beyond what the environment says.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Only ASCII, whatever the locale says.
    pub ascii: bool,
    /// Take the mouse's wheel; the terminal's own selection then needs shift.
    pub mouse: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { ascii: false, mouse: true }
    }
}

/// What effects need once the clients are there.
struct Connection {
    clients: Clients,
    watch: Watch,
}

/// Shows the platform until the user quits or the terminal is gone.
///
/// The first frame is drawn before `connect` is even polled: no credential or network work delays it.
///
/// # Errors
/// If the terminal cannot be taken or is lost.
pub async fn run(
    platform: Arc<Platform>,
    connect: impl Future<Output = Clients> + Send + 'static,
    clock: Clock,
    options: Options,
) -> io::Result<()> {
    let lookup = |name: &str| std::env::var(name).ok();
    let mut theme = Theme::detect(lookup);
    theme.ascii |= options.ascii;
    let in_tmux = std::env::var_os("TMUX").is_some();

    let mut terminal = Terminal::take(options.mouse)?;
    let mut app = App::new(Arc::clone(&platform), theme, clock.now(), terminal.size()?);
    app.take_changed();
    terminal.draw(&app)?;

    let (queue, mut messages) = mpsc::channel(QUEUE);
    let _sources = sources::start(&queue, &clock)?;
    let mut connecting = tokio::spawn(connect);
    let mut connection: Option<Connection> = None;

    loop {
        tokio::select! {
            connected = &mut connecting, if connection.is_none() => {
                let clients = connected.map_err(io::Error::other)?;
                let message = Message::Connected {
                    region: clients.region().map(ToOwned::to_owned),
                    profile: clients.profile().map(ToOwned::to_owned),
                };
                let watch = watch::start(Arc::clone(&platform), clients.clone(), clock.clone(), observations(&queue));
                watch.attend(app.attention);
                connection = Some(Connection { clients, watch });
                let effects = app.update(message);
                if perform(effects, &mut terminal, connection.as_ref(), &queue, &clock, in_tmux)? {
                    return Ok(());
                }
            }
            Some(first) = messages.recv() => {
                let mut next = Some(first);
                let mut batch = 0;
                while let Some(message) = next {
                    let effects = app.update(message);
                    if perform(effects, &mut terminal, connection.as_ref(), &queue, &clock, in_tmux)? {
                        return Ok(());
                    }
                    batch += 1;
                    next = if batch < QUEUE { messages.try_recv().ok() } else { None };
                }
            }
        }
        let effects = app.settle();
        if perform(effects, &mut terminal, connection.as_ref(), &queue, &clock, in_tmux)? {
            return Ok(());
        }
        if app.take_changed() {
            terminal.draw(&app)?;
        }
    }
}

/// Puts what the watch observes on the one queue.
fn observations(queue: &mpsc::Sender<Message>) -> mpsc::Sender<Observation> {
    let (sender, mut observed) = mpsc::channel::<Observation>(64);
    let queue = queue.clone();
    tokio::spawn(async move {
        while let Some(observation) = observed.recv().await {
            if queue.send(Message::Observed(Box::new(observation))).await.is_err() {
                return;
            }
        }
    });
    sender
}

/// Does what the screen asked for; `true` means leave.
fn perform(
    effects: Vec<Effect>,
    terminal: &mut Terminal,
    connection: Option<&Connection>,
    queue: &mpsc::Sender<Message>,
    clock: &Clock,
    in_tmux: bool,
) -> io::Result<bool> {
    for effect in effects {
        match effect {
            Effect::Quit => return Ok(true),
            Effect::Suspend => terminal.suspend()?,
            Effect::Redraw => terminal.resume()?,
            Effect::Bell => Terminal::bell()?,
            Effect::Copy(text) => Terminal::copy(&text, in_tmux)?,
            Effect::Attend(attention) => {
                if let Some(connection) = connection {
                    connection.watch.attend(attention);
                }
            }
            Effect::Refresh => {
                if let Some(connection) = connection {
                    connection.watch.refresh();
                }
            }
            Effect::Focus(service) => {
                if let Some(connection) = connection {
                    connection.watch.focus(service);
                }
            }
            Effect::ShowAlarm { name, query, period_seconds } => {
                if let Some(connection) = connection {
                    let (clients, queue, clock) = (connection.clients.clone(), queue.clone(), clock.clone());
                    tokio::spawn(async move {
                        let history = aws::cloudwatch::describe_alarm_history(&clients, &name);
                        let points = async {
                            match &query {
                                Some(query) => {
                                    Some(aws::cloudwatch::recent(&clients, query, period_seconds, clock.now()).await)
                                }
                                None => None,
                            }
                        };
                        let (history, points) = tokio::join!(history, points);
                        let _ = queue.send(Message::Alarm { name, history, points }).await;
                    });
                }
            }
        }
    }
    Ok(false)
}
