//! Draws the program's icon in the sizes that desktops ask for, and a sheet of all tray icons: `scripts/tray icons`.

use tiny_skia::{Color, FilterQuality, Paint, Pixmap, PixmapPaint, Rect, Transform};
use tray::draw;
use tray::view::icon::{Icon, Mark, Panel};

/// As the bundler names its pictures; `icon.png` is what the other systems' formats are made of.
const FILES: [(&str, u32); 7] = [
    ("32x32", 32),
    ("48x48", 48),
    ("64x64", 64),
    ("128x128", 128),
    ("128x128@2x", 256),
    ("512x512", 512),
    ("icon", 1024),
];

const SIZES: [u32; 4] = [16, 22, 32, 44];
const CELL: u32 = 64;
/// The sheet is made larger without smoothing, so that single pixels are seen.
const ZOOM: u32 = 2;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let icon = Icon { mark: Mark::Healthy, panel: Panel::Light };
    for (name, size) in FILES {
        draw::draw(icon, size).save_png(format!("{root}/src-tauri/icons/{name}.png"))?;
    }
    std::fs::create_dir_all(format!("{root}/docs/screenshots"))?;
    sheet().ok_or("no sheet")?.save_png(format!("{root}/docs/screenshots/tray-icons.png"))?;
    Ok(())
}

fn sheet() -> Option<Pixmap> {
    let (columns, rows) = (u32::try_from(Mark::ALL.len()).ok()?, u32::try_from(SIZES.len()).ok()?);
    let (width, height) = (columns * CELL * 2, rows * CELL);
    let mut sheet = Pixmap::new(width, height)?;
    for (half, (panel, ground)) in
        [(Panel::Light, [0xf3, 0xf4, 0xf6]), (Panel::Dark, [0x1d, 0x20, 0x25])].into_iter().enumerate()
    {
        let left = u32::try_from(half).ok()? * columns * CELL;
        let mut paint = Paint::default();
        paint.set_color(Color::from_rgba8(ground[0], ground[1], ground[2], 255));
        #[expect(clippy::cast_precision_loss, reason = "a sheet is small")]
        let field = Rect::from_xywh(left as f32, 0.0, (columns * CELL) as f32, height as f32)?;
        sheet.fill_rect(field, &paint, Transform::identity(), None);
        for (column, mark) in (0..).zip(Mark::ALL) {
            for (row, size) in (0..).zip(SIZES) {
                let (x, y) = (left + column * CELL + (CELL - size) / 2, row * CELL + (CELL - size) / 2);
                let icon = draw::draw(Icon { mark, panel }, size);
                let plain = PixmapPaint::default();
                sheet.draw_pixmap(
                    i32::try_from(x).ok()?,
                    i32::try_from(y).ok()?,
                    icon.as_ref(),
                    &plain,
                    Transform::identity(),
                    None,
                );
            }
        }
    }
    let mut zoomed = Pixmap::new(width * ZOOM, height * ZOOM)?;
    let plain = PixmapPaint { quality: FilterQuality::Nearest, ..PixmapPaint::default() };
    #[expect(clippy::cast_precision_loss, reason = "a sheet is small")]
    let zoom = Transform::from_scale(ZOOM as f32, ZOOM as f32);
    zoomed.draw_pixmap(0, 0, sheet.as_ref(), &plain, zoom, None);
    Some(zoomed)
}
