//! The icon in the panel and its menu, changed only when what they show has changed: an open menu closes when it is
//! replaced.

use tauri::image::Image;
use tauri::menu::{CheckMenuItem, IsMenuItem, Menu as Shown, MenuItem, PredefinedMenuItem};
use tauri::tray::{TrayIcon, TrayIconBuilder};
use tauri::{AppHandle, Manager as _, Wry};
use tracing::warn;

use crate::app;
use crate::draw;
use crate::login;
use crate::platform;
use crate::shell::Shell;
use crate::view::icon::{self, Icon, Panel};
use crate::view::menu::{self, Act, Item, Menu};

/// Twice what panels usually show, for displays with small pixels.
const SIZE: u32 = 44;

/// What is shown.
pub(crate) struct Drawn {
    tray: TrayIcon,
    panel: Panel,
    icon: Icon,
    menu: Menu,
    lines: Vec<Line>,
}

/// A line of the menu that can be changed while the menu is open.
enum Line {
    Text(MenuItem<Wry>),
    Switch(CheckMenuItem<Wry>),
    Rule(PredefinedMenuItem<Wry>),
}

/// Puts the icon into the panel. Call it on the main thread.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn put_up(app: &AppHandle, folder: &std::path::Path) -> tauri::Result<()> {
    let shell = app.state::<Shell>();
    let panel = platform::panel();
    let icon = icon::icon(&shell.seen(), panel);
    let menu = menu::menu(&shell.seen(), login::is_on(app), shell.update().as_deref());
    let lines = lines(app, &menu)?;
    let tray = TrayIconBuilder::with_id("main")
        .temp_dir_path(folder)
        .icon(image(icon))
        .icon_as_template(panel == Panel::Template)
        .menu(&shown(app, &lines)?)
        .on_menu_event(|app, event| {
            if let Some(act) = Act::of(event.id().as_ref()) {
                app::act(app, act);
            }
        })
        .build(app)?;
    *shell.drawn() = Some(Drawn { tray, panel, icon, menu, lines });
    Ok(())
}

/// Shows what is known. Can be called from everywhere.
pub(crate) fn redraw(app: &AppHandle) {
    let again = app.clone();
    let asked = app.run_on_main_thread(move || {
        if let Err(error) = draw(&again) {
            warn!(event = "tray_failed", %error, "the tray cannot be changed");
        }
    });
    drop(asked);
}

fn draw(app: &AppHandle) -> tauri::Result<()> {
    let shell = app.state::<Shell>();
    let mut drawn = shell.drawn();
    let Some(drawn) = drawn.as_mut() else { return Ok(()) };
    let icon = icon::icon(&shell.seen(), drawn.panel);
    if icon != drawn.icon {
        drawn.tray.set_icon(Some(image(icon)))?;
        drawn.icon = icon;
    }
    let menu = menu::menu(&shell.seen(), login::is_on(app), shell.update().as_deref());
    if menu == drawn.menu {
        return Ok(());
    }
    if menu.has_shape_of(&drawn.menu) {
        for (item, line) in menu.items.iter().zip(&drawn.lines) {
            line.say(item)?;
        }
    } else {
        drawn.lines = lines(app, &menu)?;
        drawn.tray.set_menu(Some(shown(app, &drawn.lines)?))?;
    }
    drawn.menu = menu;
    Ok(())
}

fn image(icon: Icon) -> Image<'static> {
    Image::new_owned(draw::rgba(icon, SIZE), SIZE, SIZE)
}

fn lines(app: &AppHandle, menu: &Menu) -> tauri::Result<Vec<Line>> {
    let line = |item: &Item| {
        Ok(match item {
            Item::Text(text) => Line::Text(MenuItem::new(app, plain(text), false, None::<&str>)?),
            Item::Rule => Line::Rule(PredefinedMenuItem::separator(app)?),
            Item::Action(act, label) => {
                Line::Text(MenuItem::with_id(app, act.id(), plain(label), true, None::<&str>)?)
            }
            Item::Switch(act, label, is_on) => {
                let id = act.id();
                Line::Switch(CheckMenuItem::with_id(app, id, plain(label), true, *is_on, None::<&str>)?)
            }
        })
    };
    menu.items.iter().map(line).collect()
}

fn shown(app: &AppHandle, lines: &[Line]) -> tauri::Result<Shown<Wry>> {
    let items: Vec<&dyn IsMenuItem<Wry>> = lines.iter().map(Line::item).collect();
    Shown::with_items(app, &items)
}

impl Line {
    fn item(&self) -> &dyn IsMenuItem<Wry> {
        match self {
            Self::Text(item) => item,
            Self::Switch(item) => item,
            Self::Rule(item) => item,
        }
    }

    fn say(&self, item: &Item) -> tauri::Result<()> {
        match (self, item) {
            (Self::Text(line), Item::Text(text) | Item::Action(_, text)) => line.set_text(plain(text)),
            (Self::Switch(line), Item::Switch(_, label, is_on)) => {
                line.set_text(plain(label))?;
                line.set_checked(*is_on)
            }
            (Self::Text(_) | Self::Switch(_) | Self::Rule(_), _) => Ok(()),
        }
    }
}

/// A single ampersand would underline the letter after it.
fn plain(label: &str) -> String {
    label.replace('&', "&&")
}
