//! The icon in the panel and its menu, changed only when what they show has changed: an open menu closes when it is
//! replaced. Everything here belongs to the main thread.

use std::path::Path;

use tracing::warn;
use tray_icon::menu::{CheckMenuItem, IsMenuItem, Menu as Shown, MenuItem, PredefinedMenuItem};
use tray_icon::{BadIcon, Icon as Image, TrayIcon, TrayIconBuilder};

use crate::draw;
use crate::view::icon::{Icon, Panel};
use crate::view::menu::{Item, Menu};

/// Twice what panels usually show, for displays with small pixels.
const SIZE: u32 = 44;

/// What is shown.
pub(crate) struct Tray {
    tray: TrayIcon,
    icon: Icon,
    menu: Menu,
    lines: Vec<Line>,
}

/// It cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error(transparent)]
    Image(#[from] BadIcon),
    #[error(transparent)]
    Menu(#[from] tray_icon::menu::Error),
    #[error(transparent)]
    Tray(#[from] tray_icon::Error),
}

/// A line of the menu that can be changed while the menu is open.
enum Line {
    Text(MenuItem),
    Switch(CheckMenuItem),
    Rule(PredefinedMenuItem),
}

impl Tray {
    /// Puts the icon into the panel, with its files in that folder.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn put_up(icon: Icon, panel: Panel, menu: Menu, folder: &Path) -> Result<Self, Problem> {
        let lines: Vec<Line> = menu.items.iter().map(Line::new).collect();
        let tray = TrayIconBuilder::new()
            .with_temp_dir_path(folder)
            .with_icon(image(icon)?)
            .with_icon_as_template(panel == Panel::Template)
            .with_tooltip(menu.headline())
            .with_menu(Box::new(shown(&lines)?))
            .build()?;
        Ok(Self { tray, icon, menu, lines })
    }

    /// Shows these instead.
    pub(crate) fn show(&mut self, icon: Icon, menu: Menu) {
        if let Err(error) = self.draw(icon, menu) {
            warn!(event = "tray_failed", %error, "the tray cannot be changed");
        }
    }

    fn draw(&mut self, icon: Icon, menu: Menu) -> Result<(), Problem> {
        if icon != self.icon {
            let image = Some(image(icon)?);
            // Set alone it is no template any more; together they are set on macOS and nowhere else.
            match icon.panel {
                Panel::Template => self.tray.set_icon_with_as_template(image, true)?,
                Panel::Light | Panel::Dark => self.tray.set_icon(image)?,
            }
            self.icon = icon;
        }
        if menu == self.menu {
            return Ok(());
        }
        // Panels of Linux have none.
        if menu.headline() != self.menu.headline() {
            self.tray.set_tooltip(Some(menu.headline()))?;
        }
        if menu.has_shape_of(&self.menu) {
            for (item, line) in menu.items.iter().zip(&self.lines) {
                line.say(item);
            }
        } else {
            self.lines = menu.items.iter().map(Line::new).collect();
            self.tray.set_menu(Some(Box::new(shown(&self.lines)?)));
        }
        self.menu = menu;
        Ok(())
    }
}

fn image(icon: Icon) -> Result<Image, BadIcon> {
    Image::from_rgba(draw::rgba(icon, SIZE), SIZE, SIZE)
}

fn shown(lines: &[Line]) -> Result<Shown, tray_icon::menu::Error> {
    let items: Vec<&dyn IsMenuItem> = lines.iter().map(Line::item).collect();
    Shown::with_items(&items)
}

impl Line {
    fn new(item: &Item) -> Self {
        match item {
            Item::Text(text) => Self::Text(MenuItem::new(plain(text), false, None)),
            Item::Rule => Self::Rule(PredefinedMenuItem::separator()),
            Item::Action(act, label) => Self::Text(MenuItem::with_id(act.id(), plain(label), true, None)),
            Item::Switch(act, label, is_on) => {
                Self::Switch(CheckMenuItem::with_id(act.id(), plain(label), true, *is_on, None))
            }
        }
    }

    fn item(&self) -> &dyn IsMenuItem {
        match self {
            Self::Text(item) => item,
            Self::Switch(item) => item,
            Self::Rule(item) => item,
        }
    }

    fn say(&self, item: &Item) {
        match (self, item) {
            (Self::Text(line), Item::Text(text) | Item::Action(_, text)) => line.set_text(plain(text)),
            (Self::Switch(line), Item::Switch(_, label, is_on)) => {
                line.set_text(plain(label));
                line.set_checked(*is_on);
            }
            (Self::Text(_) | Self::Switch(_) | Self::Rule(_), _) => {}
        }
    }
}

/// A single ampersand would underline the letter after it.
fn plain(label: &str) -> String {
    label.replace('&', "&&")
}
