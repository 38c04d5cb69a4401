//! The Markdown of a runbook, taken apart: title, fenced blocks, sections. `CommonMark`, by pulldown-cmark.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// A fenced code block.
#[derive(Clone)]
pub(super) struct Fence<'t> {
    /// The first word after the fence: `toml`.
    pub(super) language: &'t str,
    /// What follows it: `ecs.update-service`.
    pub(super) rest: &'t str,
    /// Where language and rest stand; the fence itself where there are none.
    pub(super) info: Range<usize>,
    /// All of it, fences included.
    pub(super) span: Range<usize>,
    /// What stands between the fences.
    pub(super) content: Range<usize>,
    /// It has a fence that ends it.
    pub(super) closed: bool,
    /// Another block begins in it, here: the fence that should end it is missing, and it hides what follows.
    pub(super) swallows: Option<Range<usize>>,
    /// It stands in a list or a quotation.
    pub(super) nested: bool,
}

/// A heading, and what follows it up to the next of its level.
pub(super) struct Section<'t> {
    pub(super) title: String,
    pub(super) heading: Range<usize>,
    pub(super) fences: Vec<Fence<'t>>,
    pub(super) end: usize,
}

/// A whole file.
pub(super) struct Page<'t> {
    /// Every `#` heading.
    pub(super) titles: Vec<(String, Range<usize>)>,
    /// Blocks before the first `##`.
    pub(super) fences: Vec<Fence<'t>>,
    /// Where the first `##` stands, or the end.
    pub(super) intro_end: usize,
    /// Every `##` section.
    pub(super) sections: Vec<Section<'t>>,
}

impl<'t> Page<'t> {
    pub(super) fn of(text: &'t str) -> Page<'t> {
        let mut page = Page { titles: Vec::new(), fences: Vec::new(), intro_end: text.len(), sections: Vec::new() };
        let mut depth = 0_usize;
        let mut heading: Option<(HeadingLevel, String, Range<usize>)> = None;
        let mut fence: Option<Fence> = None;
        for (event, span) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
            match event {
                Event::Start(Tag::BlockQuote(_) | Tag::List(_) | Tag::Item) => depth += 1,
                Event::End(TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item) => depth = depth.saturating_sub(1),
                Event::Start(Tag::Heading { level, .. }) if depth == 0 => heading = Some((level, String::new(), span)),
                Event::End(TagEnd::Heading(_)) => {
                    if let Some((level, title, span)) = heading.take() {
                        page.heading(level, title.trim().to_owned(), span);
                    }
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) => {
                    fence = Some(start_fence(text, span, depth > 0));
                }
                Event::End(TagEnd::CodeBlock) => {
                    if let Some(fence) = fence.take().map(|fence| fence.without_what_it_swallows(text)) {
                        page.sections.last_mut().map_or(&mut page.fences, |s| &mut s.fences).push(fence);
                    }
                }
                Event::Text(words) | Event::Code(words) => {
                    if let Some((_, title, _)) = &mut heading {
                        title.push_str(&words);
                    } else if let Some(fence) = &mut fence {
                        fence.content = fence.content.start.min(span.start)..fence.content.end.max(span.end);
                    }
                }
                Event::SoftBreak | Event::HardBreak => {
                    if let Some((_, title, _)) = &mut heading {
                        title.push(' ');
                    }
                }
                _ => {}
            }
        }
        if let Some(last) = page.sections.last_mut() {
            last.end = text.len();
        }
        page
    }

    fn heading(&mut self, level: HeadingLevel, title: String, span: Range<usize>) {
        match level {
            HeadingLevel::H1 => self.titles.push((title, span)),
            HeadingLevel::H2 => {
                match self.sections.last_mut() {
                    Some(last) => last.end = span.start,
                    None => self.intro_end = span.start,
                }
                self.sections.push(Section { title, heading: span, fences: Vec::new(), end: 0 });
            }
            _ => {}
        }
    }
}

impl Fence<'_> {
    /// A block that another one begins in ends before that, or before the heading over it: the rest was not meant to
    /// be in it.
    fn without_what_it_swallows(mut self, text: &str) -> Self {
        let marks: String = {
            let fences = text.get(self.span.clone()).unwrap_or_default().trim_start();
            let mark = fences.chars().next().unwrap_or('`');
            fences.chars().take_while(|c| *c == mark).collect()
        };
        let (mut at, mut heading) = (self.content.start, None);
        for line in text.get(self.content.clone()).unwrap_or_default().split_inclusive('\n') {
            let words = line.trim();
            if words.starts_with("## ") {
                heading = heading.or(Some(at));
            }
            let info =
                words.strip_prefix(&marks).map(|info| info.trim_start_matches(marks.chars().next().unwrap_or('`')));
            if info.is_some_and(|info| info.starts_with(|c: char| c.is_ascii_alphabetic())) {
                let start = at + line.len() - line.trim_start().len();
                self.swallows = Some(start..start + words.len());
                self.closed = false;
                self.content.end = heading.unwrap_or(at);
                break;
            }
            at += line.len();
        }
        self
    }
}

fn start_fence(text: &str, span: Range<usize>, nested: bool) -> Fence<'_> {
    let all = text.get(span.clone()).unwrap_or_default();
    let line_end = all.find('\n').map_or(all.len(), |i| i + 1);
    let opening = all[..line_end].trim_start();
    let mark = opening.chars().next().unwrap_or('`');
    let marks = opening.chars().take_while(|c| *c == mark).count();
    let info = opening[marks..].trim();
    let language = info.split_whitespace().next().unwrap_or_default();
    let rest = info[language.len()..].trim();
    // Both are slices of the text: their place is the difference of their addresses' offsets.
    let indent = all[..line_end].len() - opening.len();
    let start = span.start + indent;
    let info_span = if info.is_empty() {
        start..start + marks
    } else {
        let before = opening[marks..].len() - opening[marks..].trim_start().len();
        start + marks + before..start + marks + before + info.len()
    };
    let last = all.trim_end().rsplit('\n').next().unwrap_or_default().trim().trim_start_matches(['>', ' ']);
    let closed =
        all.trim_end().contains('\n') && last.chars().all(|c| c == mark) && last.chars().count() >= marks && marks > 0;
    let content_start = span.start + line_end;
    Fence {
        language,
        rest,
        info: info_span,
        content: content_start..content_start,
        span,
        closed,
        swallows: None,
        nested,
    }
}
