package io.equipoise.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** This process's resident memory as Linux tells it, in bytes; what native code holds is in it. */
final class ProcessMemory {
    private ProcessMemory() {}

    static long now() throws IOException {
        return status("VmRSS:");
    }

    /** The most since the process began or {@link #resetPeak()}. */
    static long peak() throws IOException {
        return status("VmHWM:");
    }

    /** Lets the peak begin anew at what is resident now. */
    static void resetPeak() throws IOException {
        Files.writeString(Path.of("/proc/self/clear_refs"), "5");
    }

    private static long status(String name) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith(name)) return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
        }
        throw new IOException("/proc/self/status has no " + name);
    }
}
