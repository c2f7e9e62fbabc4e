//! What differs between the keychains of the systems.

#[cfg_attr(target_os = "linux", path = "platform/linux.rs")]
#[cfg_attr(target_os = "macos", path = "platform/macos.rs")]
#[cfg_attr(windows, path = "platform/windows.rs")]
mod system;

pub(super) use system::{WITHOUT_A_KEYCHAIN, explain, open};
