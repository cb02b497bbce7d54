"""Windows job objects: a process and all its descendants, ended together."""

from __future__ import annotations

import sys

if sys.platform == "win32":  # pragma: no cover (run on Windows only)
    import ctypes
    import subprocess
    from ctypes import wintypes

    _CREATE_SUSPENDED = 0x4
    _KILL_ON_JOB_CLOSE = 0x2000
    _EXTENDED_LIMIT_INFORMATION = 9

    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel.CreateJobObjectW.restype = wintypes.HANDLE
    _kernel.CreateJobObjectW.argtypes = (wintypes.LPVOID, wintypes.LPCWSTR)
    _kernel.SetInformationJobObject.argtypes = (
        wintypes.HANDLE, ctypes.c_int, wintypes.LPVOID, wintypes.DWORD,
    )  # fmt: skip
    _kernel.AssignProcessToJobObject.argtypes = (wintypes.HANDLE, wintypes.HANDLE)
    _kernel.TerminateJobObject.argtypes = (wintypes.HANDLE, wintypes.UINT)
    _kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
    _ntdll = ctypes.WinDLL("ntdll")
    _ntdll.NtResumeProcess.argtypes = (wintypes.HANDLE,)

    class _BasicLimits(ctypes.Structure):
        _fields_ = (
            ("per_process_user_time", ctypes.c_int64),
            ("per_job_user_time", ctypes.c_int64),
            ("limit_flags", wintypes.DWORD),
            ("minimum_working_set", ctypes.c_size_t),
            ("maximum_working_set", ctypes.c_size_t),
            ("active_processes", wintypes.DWORD),
            ("affinity", ctypes.c_size_t),
            ("priority_class", wintypes.DWORD),
            ("scheduling_class", wintypes.DWORD),
        )

    class _ExtendedLimits(ctypes.Structure):
        _fields_ = (
            ("basic", _BasicLimits),
            ("io_counters", ctypes.c_uint64 * 6),
            ("process_memory", ctypes.c_size_t),
            ("job_memory", ctypes.c_size_t),
            ("peak_process_memory", ctypes.c_size_t),
            ("peak_job_memory", ctypes.c_size_t),
        )

    class Job:
        """A job that ends all its processes at the latest when we end."""

        CREATION_FLAGS = _CREATE_SUSPENDED | subprocess.CREATE_NO_WINDOW
        """Suspended, so that nothing can be started before the process is in the job."""

        def __init__(self) -> None:
            self._handle = _kernel.CreateJobObjectW(None, None)
            if not self._handle:
                raise ctypes.WinError(ctypes.get_last_error())
            wanted = _ExtendedLimits()
            wanted.basic.limit_flags = _KILL_ON_JOB_CLOSE
            self._require(
                _kernel.SetInformationJobObject(
                    self._handle,
                    _EXTENDED_LIMIT_INFORMATION,
                    ctypes.byref(wanted),
                    ctypes.sizeof(wanted),
                )
            )

        def take(self, process: subprocess.Popen[bytes]) -> None:
            """Put the suspended process into the job and let it run."""
            handle = int(process._handle)  # noqa: SLF001 (Popen offers no other way)
            try:
                self._require(_kernel.AssignProcessToJobObject(self._handle, handle))
            except OSError:
                process.kill()
                raise
            _ntdll.NtResumeProcess(handle)

        def end(self, process: subprocess.Popen[bytes]) -> None:
            """End every process of the job."""
            del process  # it is in the job
            _kernel.TerminateJobObject(self._handle, 1)
            _kernel.CloseHandle(self._handle)

        def _require(self, succeeded: int) -> None:
            if not succeeded:
                error = ctypes.WinError(ctypes.get_last_error())
                _kernel.CloseHandle(self._handle)
                raise error
