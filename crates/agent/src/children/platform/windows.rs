//! Windows: job objects. A job ends its processes when its last handle closes, also when this program is killed.

use std::io;
use std::os::windows::fs::OpenOptionsExt as _;
use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle};
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;

use supervise::exit::Ending;
use tokio::process::{Child, Command};
use windows_sys::Win32::Foundation::FILETIME;
use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, GenerateConsoleCtrlEvent};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation, SetInformationJobObject,
    TerminateJobObject,
};
use windows_sys::Win32::System::Threading::{
    CREATE_NEW_PROCESS_GROUP, GetProcessTimes, OpenProcess, PROCESS_QUERY_LIMITED_INFORMATION,
    PROCESS_TERMINATE, TerminateProcess,
};

/// A process and what it starts.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    leader: u32,
    /// None for a process that was not started by this run of the agent.
    job: Option<Arc<OwnedHandle>>,
}

impl Group {
    /// Ctrl+Break then reaches the process alone.
    pub(crate) fn prepare(command: &mut Command) {
        command.creation_flags(CREATE_NEW_PROCESS_GROUP);
    }

    /// A job for the child.
    #[expect(unsafe_code, reason = "the system's calls")]
    pub(crate) fn of(child: &Child) -> io::Result<Self> {
        let (Some(leader), Some(process)) = (child.id(), child.raw_handle()) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
        let size = u32::try_from(size_of_val(&limits)).unwrap_or_default();
        // SAFETY: the pointers live through the calls; the handle of the job is fresh and owned from here on.
        unsafe {
            let job = CreateJobObjectW(std::ptr::null(), std::ptr::null());
            if job.is_null() {
                return Err(io::Error::last_os_error());
            }
            let job = OwnedHandle::from_raw_handle(job);
            let raw = job.as_raw_handle();
            let class = JobObjectExtendedLimitInformation;
            if SetInformationJobObject(raw, class, (&raw const limits).cast(), size) == 0
                || AssignProcessToJobObject(raw, process) == 0
            {
                return Err(io::Error::last_os_error());
            }
            Ok(Self { leader, job: Some(Arc::new(job)) })
        }
    }

    /// A process of an earlier run of the agent.
    pub(crate) fn led_by(pid: u32) -> Option<Self> {
        (pid != 0).then_some(Self { leader: pid, job: None })
    }

    /// Sends Ctrl+Break; without a common console nothing comes of it, and the kill follows.
    #[expect(unsafe_code, reason = "the system's calls")]
    pub(crate) fn terminate(&self) {
        // SAFETY: takes numbers only.
        unsafe { GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, self.leader) };
    }

    /// Ends every process of the job.
    #[expect(unsafe_code, reason = "the system's calls")]
    pub(crate) fn kill(&self) {
        // SAFETY: the handles are open during the calls.
        unsafe {
            if let Some(job) = &self.job {
                TerminateJobObject(job.as_raw_handle(), 1);
                return;
            }
            let process = OpenProcess(PROCESS_TERMINATE, 0, self.leader);
            if !process.is_null() {
                TerminateProcess(OwnedHandle::from_raw_handle(process).as_raw_handle(), 1);
            }
        }
    }
}

/// How a process ended.
pub(crate) fn ending(status: ExitStatus) -> Ending {
    Ending::Code(status.code().unwrap_or(-1))
}

/// When a process was created; none when there is no such process.
#[expect(unsafe_code, reason = "the system's calls")]
pub(crate) fn started(pid: u32) -> Option<String> {
    let (mut created, mut ended, mut kernel, mut user) =
        (FILETIME::default(), FILETIME::default(), FILETIME::default(), FILETIME::default());
    // SAFETY: the handle is checked and owned, the pointers live through the call.
    let is_known = unsafe {
        let process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid);
        if process.is_null() {
            return None;
        }
        let process = OwnedHandle::from_raw_handle(process);
        GetProcessTimes(process.as_raw_handle(), &mut created, &mut ended, &mut kernel, &mut user) != 0
    };
    let is_running = ended.dwLowDateTime == 0 && ended.dwHighDateTime == 0;
    (is_known && is_running).then(|| format!("{}:{}", created.dwHighDateTime, created.dwLowDateTime))
}

/// Makes a folder; the profile it is in belongs to its owner alone.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// How a file is created that nobody else opens meanwhile.
pub(crate) fn private_file() -> std::fs::OpenOptions {
    let mut options = std::fs::OpenOptions::new();
    options.share_mode(windows_sys::Win32::Storage::FileSystem::FILE_SHARE_READ);
    options
}

/// Whether this is a file.
pub(crate) fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// The jobs do what a guard process does elsewhere.
pub mod guard {
    use std::io;
    use std::path::Path;
    use std::process::ExitCode;

    /// The argument that makes our own program a guard.
    pub const MODE: &str = "guard";

    /// Nothing: the system itself ends the programs.
    #[derive(Debug, Clone)]
    pub struct Guard;

    impl Guard {
        /// Nothing is started.
        ///
        /// # Errors
        /// Never.
        pub fn start(_own_exe: &Path) -> io::Result<Self> {
            Ok(Self)
        }

        /// There is no process.
        #[must_use]
        pub fn pid(&self) -> Option<u32> {
            None
        }

        pub(crate) fn watch(&self, _leader: u32) {}

        pub(crate) fn release(&self, _leader: u32) {}
    }

    /// The hidden mode of the program: nothing to do here.
    #[must_use]
    pub fn run() -> ExitCode {
        ExitCode::SUCCESS
    }
}
