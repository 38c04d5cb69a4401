//! What a click does, and what it never does.

use crossterm::event::{KeyModifiers, MouseEvent, MouseEventKind};
use plantao::tui::app::{App, Overlay};
use plantao::tui::effect::Effect;
use plantao::tui::message::Message;

use super::flow::Flow;
use super::{SMALL, opened};

/// What is open, in a word.
fn over(app: &App) -> String {
    match &app.overlay {
        None => "nothing".to_owned(),
        Some(Overlay::Finding(id) | Overlay::Task(id) | Overlay::Runbook(id)) => id.clone(),
        Some(Overlay::Alarm(alarm)) => alarm.name.clone(),
        Some(Overlay::Text(text)) => text.clone(),
        Some(Overlay::Plan(page)) => page.title.clone(),
        Some(Overlay::Palette(_)) => "palette".to_owned(),
        Some(Overlay::Runs(_)) => "runs".to_owned(),
        Some(Overlay::Run) => "run".to_owned(),
        Some(Overlay::Help) => "help".to_owned(),
    }
}

/// The lines that stand as selected, without their frame.
fn bar(flow: &Flow) -> String {
    let screen = flow.screen();
    let (text, styles) = screen.split_once("\n---- styles\n").unwrap();
    let (map, names) = styles.split_at(styles.match_indices('\n').nth(text.lines().count() - 1).unwrap().0);
    let is_bar = |letter: char| names.lines().any(|name| name.starts_with(letter) && name.contains("REVERSED"));
    let line = |(text, styles): (&str, &str)| {
        let bar = text.chars().zip(styles.chars()).filter(|(_, letter)| is_bar(*letter)).map(|(c, _)| c);
        bar.collect::<String>().trim().to_owned()
    };
    let bars: Vec<String> = text.lines().zip(map.lines()).map(line).filter(|line| !line.is_empty()).collect();
    bars.join("\n")
}

#[tokio::test(start_paused = true)]
async fn a_click_selects_the_line_under_it_and_a_second_one_opens_it() {
    let mut flow = opened("cpu-surge", SMALL).await;
    flow.passes(60).await;
    // The lines below a finding's own are its too.
    let second = flow.app.findings[1].clone();
    flow.clicks(&second.title).await;
    assert_eq!((over(&flow.app).as_str(), bar(&flow).contains(&second.title)), ("nothing", true), "{}", flow.text());
    flow.clicks(&second.title).await;
    assert_eq!(over(&flow.app), second.id);
    flow.keys("esc").await;
    flow.clicks("└ ").await;
    assert!(bar(&flow).contains(&flow.app.findings[0].title), "{}", flow.text());

    flow.keys("4").await;
    flow.clicks("API-SlowResponse").await;
    assert_eq!((over(&flow.app).as_str(), bar(&flow).contains("API-SlowResponse")), ("nothing", true));
    flow.clicks("API-SlowResponse").await;
    assert_eq!(over(&flow.app), "API-SlowResponse");
    flow.keys("esc 2").await;
    let tasks = flow.text().lines().position(|line| line.contains("RUNNING")).unwrap() as u16;
    for _ in 0..2 {
        assert_eq!(over(&flow.app), "nothing");
        flow.clicks_at(3, tasks + 1).await;
    }
    assert!(matches!(flow.app.overlay, Some(Overlay::Task(_))), "{}", flow.text());
    flow.keys("esc").await;
    // The panel that is clicked has the keys.
    flow.clicks("steady").await;
    assert_eq!(flow.app.place().pane, 1, "{}", flow.text());
    flow.clicks("Events").await;
    assert_eq!(flow.app.place().pane, 1, "a frame is no line");
}

#[tokio::test(start_paused = true)]
async fn a_clicked_line_stays_under_the_pointer_for_the_second_click() {
    let mut flow = opened("cpu-surge", SMALL).await;
    flow.passes(60).await;
    flow.keys("2").await;
    let screen = flow.text();
    let events: Vec<(usize, &str)> =
        screen.lines().enumerate().skip_while(|(_, line)| !line.contains("Events")).skip(1).collect();
    let (row, line) = events[events.len() - 3];
    flow.clicks_at(20, row as u16).await;
    assert_eq!(flow.text().lines().nth(row), Some(line), "{}", flow.text());
    flow.clicks_at(20, row as u16).await;
    assert!(matches!(flow.app.overlay, Some(Overlay::Text(_))), "{}", flow.text());
    // … also where all panels are one column that scrolls.
    flow.keys("esc 1").await;
    flow.resize(60, 16);
    for (key, wanted) in [("1", "past its target"), ("G", "18:47")] {
        flow.keys(key).await;
        let screen = flow.text();
        let found = screen.lines().enumerate().filter(|(_, line)| line.contains(wanted)).last();
        let (row, line) = found.unwrap_or_else(|| panic!("{screen}"));
        flow.clicks_at(5, row as u16).await;
        assert_eq!(flow.text().lines().nth(row), Some(line), "{}\n{screen}", flow.text());
        flow.clicks_at(5, row as u16).await;
        assert_ne!(over(&flow.app), "nothing", "{}", flow.text());
        flow.keys("esc").await;
    }
}

fn wheel(row: u16) -> MouseEvent {
    MouseEvent { kind: MouseEventKind::ScrollDown, column: 60, row, modifiers: KeyModifiers::NONE }
}

#[tokio::test(start_paused = true)]
async fn the_wheel_moves_the_panel_that_it_points_at() {
    let mut flow = opened("bad-deploy", SMALL).await;
    flow.passes(120).await;
    let timeline = flow.text().lines().position(|line| line.contains("Timeline")).unwrap() as u16;
    flow.mouse(wheel(timeline + 1)).await;
    let place = flow.app.place();
    assert_eq!((place.pane, place.cursors), (2, [0, 0, 3]), "{}", flow.text());
}

#[tokio::test(start_paused = true)]
async fn palette_runs_and_candidates_are_chosen_with_the_mouse() {
    let mut flow = Flow::calm().await;
    flow.keys(":").await;
    flow.clicks("vacuum  ").await;
    assert_eq!(over(&flow.app), "palette");
    flow.clicks("vacuum  ").await;
    assert_eq!(over(&flow.app), "vacuum");
    flow.keys("esc r").await;
    flow.passes(3).await;
    let Some(Overlay::Plan(page)) = &flow.app.overlay else { panic!("{}", flow.text()) };
    let offered = page.form.field().unwrap().offered().to_vec();
    let other = offered.last().unwrap();
    flow.clicks(&other.label).await;
    flow.passes(3).await;
    let Some(Overlay::Plan(page)) = &flow.app.overlay else { panic!("{}", flow.text()) };
    assert_eq!(page.form.answers().values().collect::<Vec<_>>(), [&other.value]);
    let ready = page.ready().is_some();
    flow.clicks(&other.label).await;
    let Some(Overlay::Plan(page)) = &flow.app.overlay else { panic!("{}", flow.text()) };
    assert!(ready && page.confirm.is_none(), "a click never goes on: {}", flow.text());
}

/// No click anywhere on the screen asks for any of this.
fn clicked_everywhere(flow: &mut Flow) {
    let before = flow.text();
    let below = |flow: &Flow| (flow.app.place().pane, flow.app.place().cursors);
    let selected = below(flow);
    for (row, column) in (0..SMALL.1).flat_map(|row| (1..SMALL.0).step_by(20).map(move |column| (row, column))) {
        let kind = MouseEventKind::Down(crossterm::event::MouseButton::Left);
        for _ in 0..2 {
            let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
            let effects = flow.app.update(Message::Mouse(event));
            assert_eq!(effects, Vec::<Effect>::new(), "at {column}, {row}\n{before}");
        }
    }
    assert_eq!(flow.text(), before);
    assert_eq!(below(flow), selected, "what lies below was clicked");
}

#[tokio::test(start_paused = true)]
async fn a_click_confirms_nothing_and_answers_no_question() {
    let mut flow = Flow::calm().await;
    flow.keys("s 4 enter").await;
    flow.passes(2).await;
    flow.keys("enter").await;
    assert!(flow.text().contains("Confirm"), "{}", flow.text());
    clicked_everywhere(&mut flow);
    flow.keys("y").await;
    flow.passes(2).await;
    flow.keys("x").await;
    assert!(flow.text().contains("any other key no"), "{}", flow.text());
    clicked_everywhere(&mut flow);
}
