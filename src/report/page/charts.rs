//! The two charts. Each is drawn twice, wide and narrow, because letters that shrink with a drawing cannot be read on a phone;
//! the page shows one of them.
//!
//! The drawing library knows colours, not names of them: it draws with colours that stand for those of the page, which are
//! put in their places afterwards, so that a chart turns dark with its page.

use maud::{Markup, PreEscaped, html};
use plotters::prelude::*;

use super::words::{self, thousands};
use crate::domain::report::story::{Bins, Point};

const ACCENT: RGBColor = RGBColor(1, 2, 1);
const SECOND: RGBColor = RGBColor(1, 2, 2);
const LETTERS: RGBColor = RGBColor(1, 2, 3);
const RULE: RGBColor = RGBColor(1, 2, 4);

/// What stands for what.
const COLOURS: [(&str, &str); 4] = [
    ("#010201", "var(--accent)"),
    ("#010202", "var(--second)"),
    ("#010203", "var(--muted)"),
    ("#010204", "var(--line)"),
];

/// Width and height of a drawing, and labels below it.
type Size = (u32, u32, usize);

const WIDE: Size = (800, 260, 9);
const NARROW: Size = (340, 220, 5);

/// Size of letters as the library counts it, which is a quarter more than CSS does.
const LETTER: f64 = 15.5;

type Drawn = Result<(), Box<dyn std::error::Error>>;

/// Accounts made and rows settled, over time.
pub(super) fn progress(points: &[Point], about: &str) -> Markup {
    both(
        "progress",
        "Accounts made and rows settled, over time",
        about,
        |area, size| {
            let unit = Unit::of(points.last().map_or(1, |point| point.at_ms));
            let end = unit.scaled(points.last().map_or(1, |point| point.at_ms).max(1));
            let most = points.iter().map(|point| point.created.max(point.settled)).max();
            let label = |at: &f64| unit.label(*at);
            let mut chart = axes(area, size, (0.0, end), most.unwrap_or(1), &label)?;
            let line = |of: fn(&Point) -> u64| {
                points
                    .iter()
                    .map(move |point| (unit.scaled(point.at_ms), of(point) as f64))
            };
            let settled = line(|point| point.settled);
            chart.draw_series(
                AreaSeries::new(settled, 0.0, ACCENT.mix(0.16)).border_style(ACCENT.stroke_width(2)),
            )?;
            let created = line(|point| point.created);
            chart.draw_series(LineSeries::new(created, SECOND.stroke_width(2)))?;
            Ok(())
        },
    )
}

/// From an account's making to its settling.
pub(super) fn settle(bins: &Bins, about: &str) -> Markup {
    both(
        "settle",
        "Time from an account's making to its settling",
        about,
        |area, size| {
            let bars = bins.counts.len() as u64;
            let end_ms = bins.from_ms + bars * bins.width_ms;
            // The slowest stand apart, as one bar without a place on the axis.
            let apart = if bins.beyond > 0 { 2 } else { 0 };
            let unit = Unit::of(end_ms);
            let width = unit.scaled(bins.width_ms);
            let end = unit.scaled(end_ms);
            let most = bins.counts.iter().copied().chain([bins.beyond]).max();
            let label = |at: &f64| match *at {
                at if at > end + width / 4.0 => String::new(),
                at => unit.label(at),
            };
            let from = unit.scaled(bins.from_ms);
            let mut chart = axes(
                area,
                size,
                (from, end + width * f64::from(apart)),
                most.unwrap_or(1),
                &label,
            )?;
            let bar = |start: f64, count: u64, colour: RGBColor| {
                let (left, right) = (start + width * 0.06, start + width * 0.94);
                Rectangle::new([(left, 0.0), (right, count as f64)], colour.filled())
            };
            let starts = (0..bars).map(|at| unit.scaled(bins.from_ms + at * bins.width_ms));
            let drawn = starts.zip(&bins.counts).filter(|(_, count)| **count > 0);
            chart.draw_series(drawn.map(|(start, count)| bar(start, *count, ACCENT)))?;
            if bins.beyond > 0 {
                chart.draw_series([bar(end + width, bins.beyond, SECOND)])?;
            }
            Ok(())
        },
    )
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Plane = Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>;

fn axes<'a, 'b>(
    area: &'b Area<'a>,
    (_, _, labels): Size,
    (from, end): (f64, f64),
    most: u64,
    label: &dyn Fn(&f64) -> String,
) -> Result<ChartContext<'b, SVGBackend<'a>, Plane>, Box<dyn std::error::Error>>
where
    'a: 'b,
{
    let count = |n: &f64| match n.fract() == 0.0 {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole count on an axis"
        )]
        true => thousands(*n as u64),
        false => String::new(),
    };
    let digits = u32::try_from(thousands(most).len()).unwrap_or(9);
    let letters = ("sans-serif", LETTER).into_font().color(&LETTERS);
    let mut chart = ChartBuilder::on(area)
        .margin_top(10)
        .margin_right(18)
        .x_label_area_size(34)
        .y_label_area_size(20 + 8 * digits)
        .build_cartesian_2d(from..end, 0.0..(most as f64) * 1.06)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(RULE)
        .axis_style(TRANSPARENT)
        .set_all_tick_mark_size(8)
        .x_labels(labels)
        .y_labels(5)
        .x_label_formatter(label)
        .y_label_formatter(&count)
        .label_style(letters)
        .draw()?;
    Ok(chart)
}

/// The chart in both sizes, with a title and what it shows in words for those who do not see it.
fn both(id: &str, title: &str, about: &str, draw: impl Fn(&Area<'_>, Size) -> Drawn) -> Markup {
    html! {
        @for (class, size) in [("wide", WIDE), ("narrow", NARROW)] {
            @if let Some(drawing) = drawn(size, &draw) {
                svg class=(class) viewBox=(format!("0 0 {} {}", size.0, size.1)) role="img"
                    aria-labelledby=(format!("{id}-{class}-title {id}-{class}-about")) {
                    title id=(format!("{id}-{class}-title")) { (title) }
                    desc id=(format!("{id}-{class}-about")) { (about) }
                    (PreEscaped(drawing))
                }
            }
        }
    }
}

/// What is inside the drawing's outermost element; `None` if it cannot be drawn: its numbers stand beside it all the same.
fn drawn(size: Size, draw: &impl Fn(&Area<'_>, Size) -> Drawn) -> Option<String> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, (size.0, size.1)).into_drawing_area();
        draw(&area, size).ok()?;
        area.present().ok()?;
    }
    let (_, inside) = text.split_once('>')?;
    let inside = inside.rsplit_once("</svg>")?.0;
    let mut inside = inside.replace(" font-family=\"sans-serif\"", "");
    for (stand_in, colour) in COLOURS {
        inside = inside.replace(stand_in, colour);
    }
    Some(inside)
}

/// What an axis of time counts in.
#[derive(Clone, Copy)]
struct Unit {
    ms: u64,
    name: &'static str,
}

impl Unit {
    fn of(end_ms: u64) -> Self {
        let (ms, name) = match end_ms {
            0..2_000 => (1, "ms"),
            2_000..150_000 => (1_000, "s"),
            150_000..7_200_000 => (60_000, "min"),
            7_200_000..259_200_000 => (3_600_000, "h"),
            _ => (86_400_000, "d"),
        };
        Self { ms, name }
    }

    fn scaled(self, ms: u64) -> f64 {
        ms as f64 / self.ms as f64
    }

    fn label(self, at: f64) -> String {
        let at = (at * 100.0).round() / 100.0;
        format!("{at} {}", self.name)
    }
}

/// A bar's lengths in words.
pub(super) fn bin_of(bins: &Bins, at: u64) -> String {
    let from = bins.from_ms + at * bins.width_ms;
    format!("{} to {}", words::span(from), words::span(from + bins.width_ms))
}
