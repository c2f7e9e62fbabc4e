//! The icon as pixels: three dots joined by a line, the middle one telling the state.

use tiny_skia::{
    Color, FillRule, LineCap, Paint, Path, PathBuilder, Pixmap, PremultipliedColorU8, Stroke, Transform,
};

use crate::view::icon::{Icon, Mark, Panel};

/// Everything is drawn on a square of so many units, and then made as large as it has to be.
const UNITS: f32 = 32.0;

const LEFT: (f32, f32) = (6.0, 24.5);
const TOP: (f32, f32) = (16.0, 10.5);
const RIGHT: (f32, f32) = (26.0, 24.5);

/// The dots at the ends.
const DOT: f32 = 4.4;
/// The one in the middle, which tells the state.
const MIDDLE: f32 = 8.6;
const LINE: f32 = 3.2;
/// Of what stands alone in the middle.
const SIGN: f32 = 4.4;

/// Straight RGBA, row by row, `size` pixels square.
///
/// # Panics
/// When `size` is 0.
#[must_use]
pub fn rgba(icon: Icon, size: u32) -> Vec<u8> {
    let pixmap = draw(icon, size);
    let straight = pixmap.pixels().iter().map(PremultipliedColorU8::demultiply);
    straight.flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()]).collect()
}

/// The icon, `size` pixels square.
///
/// # Panics
/// When `size` is 0.
#[must_use]
pub fn draw(icon: Icon, size: u32) -> Pixmap {
    let mut pixmap = Pixmap::new(size, size).expect("an icon has pixels");
    let mut paint = Paint::default();
    paint.set_color(colour(icon));
    #[expect(clippy::cast_precision_loss, reason = "icons are small")]
    let scale = size as f32 / UNITS;
    let mut ink = Ink { pixmap: &mut pixmap, paint, transform: Transform::from_scale(scale, scale) };
    ink.dot(LEFT, DOT);
    ink.dot(RIGHT, DOT);
    match icon.mark {
        Mark::Healthy => {
            ink.line(&[LEFT, TOP, RIGHT], LINE);
            ink.dot(TOP, DOT + 1.6);
        }
        Mark::Degraded => {
            ink.legs();
            ink.ring(TOP, MIDDLE);
            ink.half(TOP, MIDDLE);
        }
        Mark::Starting => {
            ink.legs();
            ink.ring(TOP, MIDDLE);
        }
        Mark::Down => {
            let (x, y, arm) = (TOP.0, TOP.1 - 1.0, 5.4);
            ink.line(&[(x - arm, y - arm), (x + arm, y + arm)], SIGN);
            ink.line(&[(x - arm, y + arm), (x + arm, y - arm)], SIGN);
        }
        Mark::Paused => {
            for x in [TOP.0 - 4.6, TOP.0 + 4.6] {
                ink.line(&[(x, 4.5), (x, 15.5)], SIGN);
            }
        }
    }
    pixmap
}

/// The state's colour, as it is read on that panel.
fn colour(icon: Icon) -> Color {
    let [red, green, blue] = match (icon.panel, icon.mark) {
        (Panel::Template, _) => [0, 0, 0],
        (Panel::Light, Mark::Healthy) => [0x1a, 0x7f, 0x4b],
        (Panel::Light, Mark::Degraded) => [0xa1, 0x5c, 0x00],
        (Panel::Light, Mark::Down) => [0xc0, 0x32, 0x2b],
        (Panel::Light, Mark::Starting | Mark::Paused) => [0x5b, 0x64, 0x70],
        (Panel::Dark, Mark::Healthy) => [0x3f, 0xb9, 0x7a],
        (Panel::Dark, Mark::Degraded) => [0xe0, 0xa3, 0x40],
        (Panel::Dark, Mark::Down) => [0xf0, 0x71, 0x6a],
        (Panel::Dark, Mark::Starting | Mark::Paused) => [0x98, 0xa2, 0xb0],
    };
    Color::from_rgba8(red, green, blue, u8::MAX)
}

struct Ink<'a> {
    pixmap: &'a mut Pixmap,
    paint: Paint<'static>,
    transform: Transform,
}

impl Ink<'_> {
    fn dot(&mut self, (x, y): (f32, f32), radius: f32) {
        if let Some(circle) = PathBuilder::from_circle(x, y, radius) {
            self.fill(&circle);
        }
    }

    fn ring(&mut self, (x, y): (f32, f32), radius: f32) {
        if let Some(circle) = PathBuilder::from_circle(x, y, radius - LINE / 2.0) {
            self.stroke(&circle, LINE);
        }
    }

    /// The left half of a dot.
    fn half(&mut self, (x, y): (f32, f32), radius: f32) {
        let inner = radius - LINE / 2.0;
        let mut builder = PathBuilder::new();
        let bow = inner * 0.5523;
        builder.move_to(x, y - inner);
        builder.cubic_to(x - bow, y - inner, x - inner, y - bow, x - inner, y);
        builder.cubic_to(x - inner, y + bow, x - bow, y + inner, x, y + inner);
        builder.close();
        if let Some(path) = builder.finish() {
            self.fill(&path);
        }
    }

    /// From the ends to the middle, as far as a ring there begins.
    fn legs(&mut self) {
        self.line(&[LEFT, (10.8, 17.0)], LINE);
        self.line(&[RIGHT, (21.2, 17.0)], LINE);
    }

    fn line(&mut self, points: &[(f32, f32)], width: f32) {
        let mut builder = PathBuilder::new();
        for (index, (x, y)) in points.iter().enumerate() {
            if index == 0 { builder.move_to(*x, *y) } else { builder.line_to(*x, *y) }
        }
        if let Some(path) = builder.finish() {
            self.stroke(&path, width);
        }
    }

    fn fill(&mut self, path: &Path) {
        self.pixmap.fill_path(path, &self.paint, FillRule::Winding, self.transform, None);
    }

    fn stroke(&mut self, path: &Path, width: f32) {
        let stroke = Stroke { width, line_cap: LineCap::Round, ..Stroke::default() };
        self.pixmap.stroke_path(path, &self.paint, &stroke, self.transform, None);
    }
}

#[cfg(test)]
mod tests;
