//! Where the agent keeps what it writes. Each folder is its own, for its owner only.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// The variable that puts all folders under one: for tests, and for several agents on one machine.
pub const HOME: &str = "TRIAGE_AGENT_HOME";

/// What the agent's own folders are called.
pub const NAME: &str = "hubspot-triage";

/// The agent's folders. They need not exist: see [`Paths::create`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// What the person sets: `config.toml`.
    pub config: PathBuf,
    /// What must outlive a restart.
    pub state: PathBuf,
    /// What lives as long as the agent: its socket.
    pub runtime: PathBuf,
    /// What programs said.
    pub logs: PathBuf,
    /// The folder that [`HOME`] names, when it does.
    pub home: Option<PathBuf>,
}

/// There is no place for the folders.
#[derive(Debug, thiserror::Error)]
pub enum NoPlace {
    /// Nobody says where this user's files go.
    #[error("the home folder of this user is not known; set HOME, or {HOME} to a folder for the agent alone")]
    NoHome(#[source] etcetera::HomeDirError),
    /// [`HOME`] cannot be made into a whole path.
    #[error("{HOME} is no path; set it to a folder for the agent alone")]
    NoPath(#[source] io::Error),
}

impl Paths {
    /// The folders of this user; those under `home`, the value of [`HOME`], when it is set and not empty.
    ///
    /// # Errors
    /// When it is not known where this user's files go.
    pub fn find(home: Option<OsString>) -> Result<Self, NoPlace> {
        let Some(home) = home.filter(|home| !home.is_empty()) else { return platform() };
        Ok(Self::under(&std::path::absolute(home).map_err(NoPlace::NoPath)?))
    }

    /// All folders under `home`.
    #[must_use]
    pub fn under(home: &Path) -> Self {
        Self {
            config: home.join("config"),
            state: home.join("state"),
            runtime: home.join("run"),
            logs: home.join("logs"),
            home: Some(home.to_owned()),
        }
    }

    /// The settings.
    #[must_use]
    pub fn settings_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// Makes the folders that are missing, and closes all of them to others.
    ///
    /// # Errors
    /// When one cannot be made, or belongs to somebody else.
    pub fn create(&self) -> io::Result<()> {
        let folders = [&self.config, &self.state, &self.runtime, &self.logs];
        for folder in self.home.iter().chain(folders) {
            create_private(folder)?;
        }
        Ok(())
    }
}

#[cfg(target_os = "linux")]
fn platform() -> Result<Paths, NoPlace> {
    use etcetera::BaseStrategy as _;
    let base = etcetera::base_strategy::Xdg::new().map_err(NoPlace::NoHome)?;
    let state = base.state_dir().unwrap_or_else(|| base.data_dir()).join(NAME);
    // Without a session there is no XDG_RUNTIME_DIR: a service's or a login's over SSH.
    let runtime = base.runtime_dir().map_or_else(|| state.join("run"), |folder| folder.join(NAME));
    let logs = state.join("logs");
    Ok(Paths { config: base.config_dir().join(NAME), state, runtime, logs, home: None })
}

#[cfg(target_os = "macos")]
fn platform() -> Result<Paths, NoPlace> {
    let home = etcetera::home_dir().map_err(NoPlace::NoHome)?;
    let support = home.join("Library/Application Support").join(NAME);
    Ok(Paths {
        config: support.clone(),
        state: support.join("state"),
        runtime: support.join("run"),
        logs: home.join("Library/Logs").join(NAME),
        home: None,
    })
}

#[cfg(windows)]
fn platform() -> Result<Paths, NoPlace> {
    use etcetera::BaseStrategy as _;
    let base = etcetera::base_strategy::Windows::new().map_err(NoPlace::NoHome)?;
    let local = base.cache_dir().join(NAME);
    Ok(Paths {
        config: base.config_dir().join(NAME),
        state: local.join("state"),
        runtime: local.join("run"),
        logs: local.join("logs"),
        home: None,
    })
}

#[cfg(unix)]
fn create_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    if std::fs::metadata(folder)?.permissions().mode() & 0o777 != 0o700 {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// A user's profile is closed to other users already.
#[cfg(windows)]
fn create_private(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_variable_moves_all_folders() {
        let paths = Paths::find(Some("/srv/second agent".into())).unwrap();
        assert_eq!(paths, Paths::under(Path::new("/srv/second agent")));
        for folder in [&paths.config, &paths.state, &paths.runtime, &paths.logs] {
            assert!(folder.starts_with("/srv/second agent"), "{}", folder.display());
        }
        assert_eq!(paths.settings_file(), Path::new("/srv/second agent/config/config.toml"));
    }

    #[test]
    fn a_relative_folder_is_made_whole() {
        let paths = Paths::find(Some("agent".into())).unwrap();
        assert_eq!(paths.home, Some(std::env::current_dir().unwrap().join("agent")));
    }

    #[test]
    fn an_empty_variable_is_none() {
        let paths = Paths::find(Some(OsString::new())).unwrap();
        assert_eq!(paths, Paths::find(None).unwrap());
        assert_eq!(paths.home, None);
        for folder in [&paths.config, &paths.state, &paths.runtime, &paths.logs] {
            assert!(folder.is_absolute() && folder.iter().any(|part| part == NAME), "{}", folder.display());
        }
    }

    #[cfg(unix)]
    #[test]
    fn folders_are_for_their_owner_only_even_when_they_were_not() {
        use std::os::unix::fs::PermissionsExt as _;
        let parent = tempfile::tempdir().unwrap();
        let paths = Paths::under(&parent.path().join("agent"));
        std::fs::create_dir_all(&paths.config).unwrap();
        std::fs::set_permissions(&paths.config, std::fs::Permissions::from_mode(0o755)).unwrap();
        paths.create().unwrap();
        paths.create().unwrap();
        let home = paths.home.as_ref().unwrap();
        for folder in [home, &paths.config, &paths.state, &paths.runtime, &paths.logs] {
            let mode = std::fs::metadata(folder).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o700, "{}", folder.display());
        }
    }
}
