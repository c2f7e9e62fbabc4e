//! A desktop of a test's own: a bus, a display without a screen, and the part of a panel that collects icons.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sims::panel::Panel;
use sims::session::Session;
use tiny_skia::{IntSize, Pixmap};
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, ImageFormat, Window,
    WindowClass,
};
use x11rb::rust_connection::RustConnection;

use crate::app::until;
use crate::menu::TrayItem;

const TITLE: &str = "HubSpot support triage";

/// Ends with the test.
pub(crate) struct Desktop {
    panel: Panel,
    bus: zbus::Connection,
    display: Display,
    session: Session,
}

impl Desktop {
    /// With a panel. `None` where the programs are not installed, which is no excuse in CI.
    pub(crate) async fn start() -> Option<Self> {
        let mut desktop = Self::without_panel().await?;
        desktop.panel = Panel::show(&desktop.bus).await.unwrap();
        Some(desktop)
    }

    /// Nobody shows icons on it.
    pub(crate) async fn without_panel() -> Option<Self> {
        let (session, display) = (Session::start()?, Display::start()?);
        let bus = zbus::connection::Builder::address(session.address()).unwrap().build().await.unwrap();
        Some(Self { panel: Panel::default(), bus, display, session })
    }

    /// A keychain that is unlocked, as after a person has logged in.
    pub(crate) fn unlock(&mut self) {
        self.session.keyring(Some("password-of-the-tests"));
    }

    /// Its bus, as another program on it.
    pub(crate) const fn bus(&self) -> &zbus::Connection {
        &self.bus
    }

    /// Where its bus is.
    pub(crate) fn address(&self) -> &str {
        self.session.address()
    }

    /// What programs on it see.
    pub(crate) fn environment(&self) -> [(String, String); 5] {
        let home = self.session.home().display().to_string();
        [
            ("DISPLAY", format!(":{}", self.display.number)),
            ("DBUS_SESSION_BUS_ADDRESS", self.session.address().to_owned()),
            ("XDG_RUNTIME_DIR", home.clone()),
            ("XDG_CURRENT_DESKTOP", "KDE".to_owned()),
            ("NO_AT_BRIDGE", "1".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
    }

    /// The icon of the app, as soon as it is there.
    pub(crate) async fn item(&self) -> TrayItem {
        until("an icon", || self.panel.last().is_some()).await;
        let (name, path) = self.panel.last().unwrap();
        TrayItem::new(&self.bus, &name, &path).await
    }

    /// How many windows of the app are shown.
    pub(crate) fn windows(&self) -> usize {
        self.display.windows().len()
    }

    /// Whether the window shows more than one colour.
    pub(crate) fn is_window_painted(&self) -> bool {
        self.display.windows().first().is_some_and(|window| self.display.is_painted(*window))
    }

    /// A picture of the window for whoever wants to look, written into the folder that `SCREENSHOTS` names.
    pub(crate) fn shoot(&self, name: &str) {
        let Some(folder) = std::env::var_os("SCREENSHOTS").map(PathBuf::from) else { return };
        std::fs::create_dir_all(&folder).unwrap();
        let window = self.display.windows()[0];
        self.display.picture(window).unwrap().save_png(folder.join(format!("{name}.png"))).unwrap();
    }

    /// What the next paste would get.
    pub(crate) fn clipboard(&self) -> Option<String> {
        self.display.clipboard()
    }

    /// As a click on its close button.
    pub(crate) fn close_window(&self) {
        self.display.close(self.display.windows()[0]);
    }
}

/// An X server without a screen.
struct Display {
    number: u32,
    process: Child,
}

impl Display {
    fn start() -> Option<Self> {
        let mut command = Command::new("Xvfb");
        // It must not begin anew, deaf for a moment, whenever its last client has gone.
        command.args(["-displayfd", "1", "-noreset", "-screen", "0", "1280x800x24", "-nolisten", "tcp"]);
        let process = match command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn() {
            Ok(process) => process,
            Err(problem) => {
                assert!(std::env::var_os("CI").is_none(), "Xvfb is needed: {problem}");
                return None;
            }
        };
        // Ended also when what follows fails.
        let mut display = Self { number: 0, process };
        let mut number = String::new();
        BufReader::new(display.process.stdout.take().unwrap()).read_line(&mut number).unwrap();
        display.number = number.trim().parse().unwrap();
        Some(display)
    }

    fn connect(&self) -> (RustConnection, Window) {
        let (x, screen) = RustConnection::connect(Some(&format!(":{}", self.number))).unwrap();
        let root = x.setup().roots[screen].root;
        (x, root)
    }

    /// Those that can be seen and have the app's title.
    fn windows(&self) -> Vec<Window> {
        let (x, root) = self.connect();
        let mut found = BTreeSet::new();
        let mut left = vec![root];
        while let Some(window) = left.pop() {
            let Some(tree) = x.query_tree(window).ok().and_then(|asked| asked.reply().ok()) else { continue };
            left.extend(tree.children);
            let title = x.get_property(false, window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 64);
            let title = title.ok().and_then(|asked| asked.reply().ok()).map(|reply| reply.value);
            let shown = x.get_window_attributes(window).ok().and_then(|asked| asked.reply().ok());
            let is_shown = shown.is_some_and(|shown| u8::from(shown.map_state) == 2);
            if is_shown && title.as_deref() == Some(TITLE.as_bytes()) {
                found.insert(window);
            }
        }
        found.into_iter().collect()
    }

    fn is_painted(&self, window: Window) -> bool {
        let Some(picture) = self.picture(window) else { return false };
        let colours: BTreeSet<&[u8]> = picture.data().chunks_exact(4).collect();
        // A page has letters, whose edges have many shades; an empty window has one or two colours.
        colours.len() > 16
    }

    /// What it shows, unless it has just been closed.
    fn picture(&self, window: Window) -> Option<Pixmap> {
        let (x, _) = self.connect();
        let size = x.get_geometry(window).ok()?.reply().ok()?;
        let format = ImageFormat::Z_PIXMAP;
        let image = x.get_image(format, window, 0, 0, size.width, size.height, u32::MAX);
        let mut data = image.ok()?.reply().ok()?.data;
        for pixel in data.chunks_exact_mut(4) {
            pixel.swap(0, 2);
            pixel[3] = u8::MAX;
        }
        Pixmap::from_vec(data, IntSize::from_wh(size.width.into(), size.height.into())?)
    }

    /// Asks whoever has the clipboard.
    fn clipboard(&self) -> Option<String> {
        let (x, root) = self.connect();
        let atom = |name: &[u8]| x.intern_atom(false, name).unwrap().reply().unwrap().atom;
        let (clipboard, text) = (atom(b"CLIPBOARD"), atom(b"UTF8_STRING"));
        let owner = x.get_selection_owner(clipboard).ok()?.reply().ok()?.owner;
        if owner == x11rb::NONE {
            return None;
        }
        let window = x.generate_id().unwrap();
        let (class, plain) = (WindowClass::INPUT_ONLY, CreateWindowAux::new());
        x.create_window(0, window, root, 0, 0, 1, 1, 0, class, x11rb::COPY_FROM_PARENT, &plain).unwrap();
        x.convert_selection(window, clipboard, text, text, x11rb::CURRENT_TIME).unwrap();
        x.flush().unwrap();
        while !matches!(x.wait_for_event().unwrap(), Event::SelectionNotify(_)) {}
        let told = x.get_property(false, window, text, AtomEnum::ANY, 0, u32::MAX / 4).ok()?.reply().ok()?;
        String::from_utf8(told.value).ok()
    }

    /// There is no window manager to do it.
    fn close(&self, window: Window) {
        let (x, _) = self.connect();
        let atom = |name: &[u8]| x.intern_atom(false, name).unwrap().reply().unwrap().atom;
        let (protocols, delete) = (atom(b"WM_PROTOCOLS"), atom(b"WM_DELETE_WINDOW"));
        let event = ClientMessageEvent::new(32, window, protocols, [delete, 0, 0, 0, 0]);
        x.send_event(false, window, EventMask::NO_EVENT, event).unwrap().check().unwrap();
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The colour of an icon: of its opaque pixels, which all have the same.
pub(crate) fn ink(path: &Path) -> [u8; 3] {
    let icon = Pixmap::load_png(path).unwrap();
    let solid = icon.pixels().iter().find(|pixel| pixel.alpha() == 255).unwrap();
    [solid.red(), solid.green(), solid.blue()]
}

/// Where an icon lies.
pub(crate) type IconFile = PathBuf;
