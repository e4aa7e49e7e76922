package io.equipoise.distributed;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A process as others of the same machine can look for it.
 *
 * @param pid its number
 * @param space what the number belongs to: a start of the system, and a container if it is in one; empty if that isn't known
 */
record LocalProcess(long pid, String space) {
    private static final LocalProcess CURRENT =
            new LocalProcess(ProcessHandle.current().pid(), ownSpace());

    static LocalProcess current() {
        return CURRENT;
    }

    private static String ownSpace() {
        try {
            String boot =
                    Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
            return boot + "/" + Files.readSymbolicLink(Path.of("/proc/self/ns/pid"));
        } catch (IOException | UnsupportedOperationException notLinux) {
            return "";
        }
    }

    /** For {@link #of}. */
    String note() {
        return pid + " " + space;
    }

    /** What a {@link #note} was of, if it is one. */
    static Optional<LocalProcess> of(String note) {
        int blank = note.indexOf(' ');
        if (blank < 1 || !note.substring(0, blank).matches("\\d{1,18}")) return Optional.empty();
        return Optional.of(new LocalProcess(Long.parseLong(note.substring(0, blank)), note.substring(blank + 1)));
    }

    /** Whether it has certainly ended; one that this process can't see may not have. */
    boolean hasEnded() {
        if (space.isEmpty() || !space.equals(CURRENT.space)) return false;
        return !ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
    }
}
