"""A clock of the stack's own, which a campaign sets without changing the machine's clock.

A small library is loaded into every process of the stack and adds the seconds in a file to what the
system says. Programs that do not ask the C library (those written in Go) keep the true time, and so
do services, whose environment is not the stack's.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *ahead;

__attribute__((constructor)) static void open_clock(void)
{
    const char *path = getenv("CHAOS_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *page = mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (page != MAP_FAILED)
        ahead = page;
}

static int64_t seconds_ahead(void) { return ahead ? *ahead : 0; }

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += seconds_ahead();
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    static int (*real)(struct timeval *, void *);
    if (!real)
        real = dlsym(RTLD_NEXT, "gettimeofday");
    int result = real(now, zone);
    if (result == 0)
        now->tv_sec += seconds_ahead();
    return result;
}

time_t time(time_t *told)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (told)
        *told = now.tv_sec;
    return now.tv_sec;
}
"""


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock that can be set.

    Attributes:
        variables: What a process needs in its environment to go by it; empty if there is none.
        why_none: Why there is none, empty if there is one.
    """

    file: Path
    variables: Mapping[str, str]
    why_none: str = ""

    def step(self, seconds: int) -> None:
        """Set it ahead by ``seconds``, or back."""
        with self.file.open("r+b") as opened:
            before = int.from_bytes(opened.read(8), sys.byteorder, signed=True)
            opened.seek(0)
            opened.write((before + seconds).to_bytes(8, sys.byteorder, signed=True))


def own_clock(folder: Path) -> Clock:
    """Return a clock whose files are in ``folder``; it goes right until it is set."""
    file, library, source = folder / "ahead", folder / "clock.so", folder / "clock.c"
    file.write_bytes(bytes(8))
    source.write_text(_SOURCE, encoding="utf-8")
    if sys.platform != "linux":
        return Clock(file, {}, "steps of the clock need a library that Linux loads first")
    argv = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"]
    try:
        subprocess.run(argv, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        return Clock(file, {}, f"steps of the clock need a C compiler: {error}")
    return Clock(file, {"LD_PRELOAD": str(library), "CHAOS_CLOCK": str(file)})
