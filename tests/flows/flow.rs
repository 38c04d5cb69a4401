//! A user in front of the screen: keys as text in, whole screens out, on the world through the real SDK
//! clients, in virtual time.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use jiff::{SignedDuration, Timestamp};
use plantao::aws::Clients;
use plantao::clock::Clock;
use plantao::platform::{Platform, file};
use plantao::run::{Context, Guardians, Locks, Office, Order, Plan, RunId, Store, Who, Wish};
use plantao::runbook::Library;
use plantao::tui::app::{App, Overlay};
use plantao::tui::connection::{Connected, Connection, Line};
use plantao::tui::effect::Effect;
use plantao::tui::hosting::{Exit, Hosting};
use plantao::tui::keymap::press;
use plantao::tui::message::Message;
use plantao::tui::screen::paint;
use plantao::tui::theme::{Depth, Theme};
use plantao::world::{Host, Scenario, World};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use tokio::sync::mpsc;

/// Tuesday night, 03:12:45 UTC.
pub const START: &str = "2026-11-24T03:12:45Z";

pub struct Flow {
    pub app: App,
    pub host: Host,
    /// Effects for the terminal, in the order in which the screen asked for them.
    pub terminal: Vec<Effect>,
    clock: Clock,
    messages: mpsc::Receiver<Message>,
    queue: mpsc::Sender<Message>,
    line: Line,
    home: tempfile::TempDir,
}

impl Flow {
    /// A scenario of the world, on a screen of this size, before anything was asked.
    pub fn of(scenario: &str, size: (u16, u16)) -> Flow {
        Flow::with(scenario, size, file::sample())
    }

    pub fn with(scenario: &str, size: (u16, u16), platform: Platform) -> Flow {
        // Jitter of the watch and of the SDK's retries: all on this thread, so that a screen can be repeated.
        fastrand::seed(7);
        let start: Timestamp = START.parse().unwrap();
        let clock = Clock::simulated(start, 1.0);
        let scenario = Scenario::named(scenario).unwrap_or_else(|| panic!("no scenario {scenario}"));
        let host = Host::new(World::new(&scenario, 7, start), clock.clone());
        let (queue, messages) = mpsc::channel(1_024);
        let theme = Theme { depth: Depth::Sixteen, ascii: false };
        let mut app = App::new(Arc::new(platform), theme, start, size);
        app.library = Library::of(Vec::new());
        Flow {
            app,
            host,
            terminal: Vec::new(),
            clock,
            messages,
            queue,
            line: Line::default(),
            home: tempfile::tempdir().unwrap(),
        }
    }

    /// This machine's clock is so far ahead of AWS's.
    pub fn clock_is_ahead(&mut self, by: SignedDuration) {
        self.clock = Clock::simulated(self.clock.now() + by, 1.0);
        self.app.update(Message::Tick(self.clock.now()));
    }

    /// The clients are there and the watch begins.
    pub fn connect(&mut self) {
        self.connect_to("us-east-1");
    }

    /// The same, for who means another region.
    pub fn connect_to(&mut self, region: &str) {
        let clients = Clients::over(self.host.http_client(), region);
        let platform = Arc::clone(&self.app.platform);
        let hosting = Ok(self.hosting(Arc::clone(&platform)));
        let connected = Connected { clients, hosting, address: None };
        let connection = Connection::open(platform, connected, self.clock.clone(), self.queue.clone());
        let effects = self.app.update(connection.greeting());
        self.line.open(connection);
        self.carry_out(effects);
    }

    /// Runs are carried out on this thread, so that they live in the same virtual time; their process is
    /// tested by the real binary.
    fn hosting(&self, platform: Arc<Platform>) -> Hosting {
        let (store, locks) = (self.store(), self.locks());
        let context = self.context(platform);
        let kept_apart = Some(locks.clone());
        Hosting::by(store.clone(), move |order| {
            let exit = Exit::default();
            let (store, office, context) = (
                store.clone(),
                Office { store: store.clone(), locks: locks.clone(), guardians: Guardians::default() },
                context.clone(),
            );
            let told = Arc::clone(&exit);
            tokio::spawn(async move {
                let arn = "arn:aws:iam::123456789012:user/ana".to_owned();
                let account = "123456789012".to_owned();
                let who = Who { account, arn, user: "ana".to_owned(), host: "bastion".to_owned(), ..Who::default() };
                let id = order.id().clone();
                let finished = match order {
                    Order::CarryOut { id, plan, reason } => office.carry_out(&context, &id, *plan, who, reason).await,
                    Order::Resume { id } => office.resume(&context, &id, who).await.unwrap(),
                    Order::Guard { .. } => unreachable!("a screen orders no guardian"),
                };
                std::fs::write(store.log(&id), format!("{}: {}", finished.ending, finished.words)).unwrap();
                told.set(finished.ending.exit_code()).unwrap();
            });
            Ok(exit)
        })
        .of("ana")
        .with(kept_apart)
    }

    fn context(&self, platform: Arc<Platform>) -> Context {
        let clients = Clients::over(self.host.http_client(), "us-east-1");
        Context { platform, clients, clock: self.clock.clone(), store: Some(self.store()) }
    }

    /// A run of this shipped runbook whose process is killed after so many seconds.
    pub async fn killed(&mut self, runbook: &str, answers: &[(&str, &str)], seconds: u64) -> RunId {
        let context = self.context(Arc::clone(&self.app.platform));
        let office = Office { store: self.store(), locks: self.locks(), guardians: Guardians::default() };
        let answers = answers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let runbook = self.app.library.named(runbook).unwrap().clone();
        let wish = Wish { runbook: &runbook, answers: &answers, service: None, database: None };
        let plan = Plan::make(&context, wish).await.unwrap().0;
        let id = RunId::new(&plan.runbook, self.clock.now());
        let run = office.carry_out(&context, &id, plan, Who::default(), None);
        assert!(tokio::time::timeout(Duration::from_secs(seconds), run).await.is_err(), "it came to its end");
        id
    }

    /// What keeps this flow's runs apart.
    pub fn locks(&self) -> Locks {
        Locks::at(self.home.path())
    }

    /// Where the journals of this flow are.
    pub fn store(&self) -> Store {
        Store::at(&self.home.path().join("runs"))
    }

    /// A calm night on a platform without a health URL: asking it would be a real request, outside the world. The
    /// service is on :41.
    pub async fn calm() -> Flow {
        let mut platform = file::sample();
        platform.services[0].health_url = None;
        let mut flow = Flow::with("calm", (80, 24), platform);
        flow.connect();
        flow.passes(3).await;
        flow
    }

    /// Opens emergency deploy with an image, up to its plan.
    pub async fn deploying(&mut self, image: &str) {
        self.keys("e tab").await;
        self.types(image).await;
        self.keys("enter").await;
        self.passes(5).await;
    }

    /// … and confirms it with a reason and the service's name.
    pub async fn confirmed(&mut self) {
        self.keys("enter").await;
        self.types("5xx since the release").await;
        self.keys("enter").await;
        self.types("analytics-api").await;
        self.keys("enter").await;
    }

    /// What the plan that is shown says for who does it by hand.
    pub fn by_hand(&self) -> Vec<String> {
        let Some(Overlay::Plan(page)) = &self.app.overlay else { panic!("{}", self.text()) };
        let plan = page.ready().unwrap_or_else(|| panic!("{}", self.text()));
        plan.steps.iter().filter_map(|step| step.view.command.clone()).collect()
    }

    /// So many seconds pass.
    pub async fn passes(&mut self, seconds: u64) {
        self.pass(Duration::from_secs(seconds)).await;
    }

    /// Lets virtual time pass, and everything happen that happens in it.
    pub async fn pass(&mut self, time: Duration) {
        let end = tokio::time::Instant::now() + time;
        loop {
            let tick = tokio::time::sleep(Duration::from_secs(1));
            tokio::select! {
                biased;
                message = self.messages.recv() => {
                    let effects = self.app.update(message.unwrap());
                    self.carry_out(effects);
                }
                () = tokio::time::sleep_until(end) => break,
                () = tick => {}
            }
            self.settle();
        }
        let effects = self.app.update(Message::Tick(self.clock.now()));
        self.carry_out(effects);
        self.settle();
    }

    fn settle(&mut self) {
        let effects = self.app.settle();
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Quit | Effect::Suspend | Effect::Redraw | Effect::Bell | Effect::Copy(_) => {
                    self.terminal.push(effect);
                }
                asked => self.line.carry_out(asked),
            }
        }
    }

    /// Types keys, separated by spaces, as the key table writes them; answers are waited for.
    pub async fn keys(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            let event = press(key).unwrap_or_else(|| panic!("no key {key}"));
            let effects = self.app.update(Message::Key(event));
            self.carry_out(effects);
            self.settle();
        }
        self.pass(Duration::from_millis(500)).await;
    }

    /// Types text, a key for each character.
    pub async fn types(&mut self, text: &str) {
        let keys: Vec<String> = text.chars().map(|c| if c == ' ' { "space".into() } else { c.to_string() }).collect();
        self.keys(&keys.join(" ")).await;
    }

    pub async fn pastes(&mut self, text: &str) {
        let effects = self.app.update(Message::Paste(text.to_owned()));
        self.carry_out(effects);
        self.pass(Duration::from_millis(500)).await;
    }

    /// Clicks where this stands on the screen, the first one from above.
    pub async fn clicks(&mut self, text: &str) {
        let screen = self.text();
        let found = screen.lines().enumerate().find_map(|(y, line)| Some((y, line.find(text)?, line)));
        let (row, at, line) = found.unwrap_or_else(|| panic!("no {text}\n{screen}"));
        self.clicks_at(line[..at].chars().count() as u16, row as u16).await;
    }

    pub async fn clicks_at(&mut self, column: u16, row: u16) {
        let kind = MouseEventKind::Down(MouseButton::Left);
        self.mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }).await;
    }

    pub async fn mouse(&mut self, event: MouseEvent) {
        let effects = self.app.update(Message::Mouse(event));
        self.carry_out(effects);
        self.settle();
        self.pass(Duration::from_millis(500)).await;
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.app.update(Message::Resize(columns, rows));
    }

    fn buffer(&self) -> Buffer {
        let area = Rect::new(0, 0, self.app.size.0, self.app.size.1);
        let mut buffer = Buffer::empty(area);
        paint(&self.app, area, &mut buffer);
        buffer
    }

    /// The screen's text.
    pub fn text(&self) -> String {
        let buffer = self.buffer();
        lines(&buffer, |cell| cell.symbol().to_owned())
    }

    /// The screen's text, and below it a letter for each cell's style.
    pub fn screen(&self) -> String {
        let buffer = self.buffer();
        let mut letters: BTreeMap<String, char> = BTreeMap::new();
        let mut names: Vec<(char, String)> = Vec::new();
        let styles = lines(&buffer, |cell| {
            let style = describe(cell);
            if style.is_empty() || cell.symbol() == " " && !style.contains("REVERSED") {
                return ".".to_owned();
            }
            let next = (b'a' + letters.len() as u8) as char;
            let letter = *letters.entry(style.clone()).or_insert_with(|| {
                names.push((next, style));
                next
            });
            letter.to_string()
        });
        let mut whole = lines(&buffer, |cell| cell.symbol().to_owned());
        whole.push_str("\n---- styles\n");
        whole.push_str(&styles);
        for (letter, name) in names {
            let _ = write!(whole, "\n{letter} {name}");
        }
        whole
    }
}

fn describe(cell: &Cell) -> String {
    let mut words = Vec::new();
    if cell.fg != ratatui::style::Color::Reset {
        words.push(format!("{}", cell.fg));
    }
    if cell.bg != ratatui::style::Color::Reset {
        words.push(format!("on {}", cell.bg));
    }
    if !cell.modifier.is_empty() {
        words.push(format!("{:?}", cell.modifier));
    }
    words.join(" ")
}

fn lines(buffer: &Buffer, show: impl FnMut(&Cell) -> String) -> String {
    let mut show = show;
    let width = usize::from(buffer.area.width);
    let rows: Vec<String> = buffer
        .content
        .chunks(width)
        .map(|row| row.iter().map(&mut show).collect::<String>().trim_end().to_owned())
        .collect();
    rows.join("\n")
}
