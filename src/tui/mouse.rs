//! The mouse: a click selects a line and opens the selected one, the wheel moves. It answers no question and begins no run.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::app::{App, Due, Overlay};
use super::canvas::{Hit, Spot};
use super::effect::Effect;
use super::{layout, lists, screen};

/// Lines that a notch of the wheel moves.
const NOTCH: usize = 3;

impl App {
    pub(super) fn mouse(&mut self, mouse: MouseEvent) -> Vec<Effect> {
        let wheel = match mouse.kind {
            MouseEventKind::ScrollDown => Some(true),
            MouseEventKind::ScrollUp => Some(false),
            MouseEventKind::Down(MouseButton::Left) => None,
            _ => return Vec::new(),
        };
        self.due = Due::Frame;
        let mut effects = self.touch();
        let hit = screen::hit(self, Position { x: mouse.column, y: mouse.row });
        match (wheel, hit) {
            (Some(down), hit) => {
                // It moves what it points at, unless all panels move as one.
                if let Some(Spot::Line(pane, _)) = hit.map(|hit| hit.spot)
                    && !layout::is_stacked(self.size)
                {
                    self.place_mut().pane = pane;
                }
                self.clicked = None;
                self.step(NOTCH, down);
            }
            (None, Some(hit)) => effects.extend(self.click(hit)),
            (None, None) => {}
        }
        effects
    }

    fn click(&mut self, hit: Hit) -> Vec<Effect> {
        // What was typed into the filter stays.
        self.filtering = false;
        // The line stays under the pointer.
        self.clicked = Some(hit.row);
        match (hit.spot, &mut self.overlay) {
            (Spot::Line(pane, item), _) => {
                let (place, first) = (self.place(), layout::stacked_first(self));
                let selected = place.cursors[pane].min(lists::length(self, pane).saturating_sub(1));
                if (place.pane, selected) == (pane, item) {
                    return self.open();
                }
                let place = self.place_mut();
                (place.pane, place.cursors[pane]) = (pane, item);
                if layout::is_stacked(self.size) && layout::stacked_first(self) != first {
                    self.place_mut().scroll = Some(first);
                }
            }
            (Spot::Item(item), Some(Overlay::Palette(palette))) => {
                if !palette.select(item) {
                    return self.reach_found();
                }
            }
            (Spot::Item(item), Some(Overlay::Runs(_))) => {
                if self.overlay_scroll == item {
                    return self.open_run();
                }
                self.overlay_scroll = item;
            }
            (Spot::Item(item), Some(Overlay::Plan(page))) => {
                if page.form.choose(item) {
                    return self.plan_again();
                }
            }
            (Spot::Item(_), _) => {}
        }
        Vec::new()
    }
}
