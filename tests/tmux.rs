//! The real binary in a real tmux, which is where it is left open on a bastion.

use crate::harness::Tmux;

#[test]
fn in_tmux_it_draws_follows_a_resize_copies_and_gives_the_shell_back() {
    let tmux = Tmux::shell((80, 24));
    tmux.wait_for("ready>");
    tmux.ask(&["set-option", "-g", "set-clipboard", "on"]);
    tmux.keys(&[&format!("{} demo", env!("CARGO_BIN_EXE_plantao")), "Enter"]);
    let screen = tmux.wait_until("the overview", |screen| {
        screen.contains("CRITICAL errors past its target") && screen.contains("r rollback")
    });
    let lines: Vec<&str> = screen.lines().collect();
    // The frame's corners say that every line is where it belongs, with one column for each line-drawing character.
    assert_eq!(lines.len(), 24, "{screen}");
    assert!(lines[1].starts_with("┌ Now ─") && lines[1].ends_with('┐'), "{screen}");
    assert!(lines[22].starts_with('└') && lines[22].ends_with('┘'), "{screen}");
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{screen}");
    let modes = "#{alternate_on} #{cursor_flag} #{mouse_any_flag}";
    assert_eq!(tmux.ask(&["display-message", "-p", modes]), "1 0 1");

    tmux.keys(&["2"]);
    tmux.wait_for("Deployments");
    tmux.keys(&["4"]);
    tmux.wait_for("RDS-Down");
    tmux.keys(&["c"]);
    tmux.wait_for("sent to the terminal's clipboard: ");
    let copied = tmux.ask(&["show-buffer"]);
    assert!(copied.contains("API-HighErrorRate"), "{copied:?}");

    tmux.keys(&["1"]);
    tmux.resize((120, 40));
    let screen = tmux.wait_until("the overview at 120×40", |screen| {
        let lines: Vec<&str> = screen.lines().collect();
        lines.len() == 40 && lines[1].starts_with("┌ Now ─") && lines[1].chars().count() == 120
    });
    assert!(screen.contains("Timeline") && screen.lines().nth(38).is_some_and(|line| line.ends_with('┘')), "{screen}");
    tmux.resize((40, 12));
    tmux.wait_until("panels stacked at 40×12", |screen| {
        screen.lines().next().is_some_and(|header| header.chars().count() <= 40) && screen.lines().count() == 12
    });

    tmux.keys(&["q"]);
    let screen = tmux.wait_until("the shell", |screen| screen.trim_end().ends_with("ready>"));
    assert!(!screen.contains("Now"), "nothing of the dashboard is left:\n{screen}");
    tmux.keys(&["echo $((40 + 2)) $?", "Enter"]);
    tmux.wait_for("42 0");
    assert_eq!(tmux.ask(&["display-message", "-p", modes]), "0 1 0");
}
