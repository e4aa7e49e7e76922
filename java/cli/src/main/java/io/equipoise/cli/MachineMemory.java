package io.equipoise.cli;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;

/**
 * How much memory this process can have: all of the machine's, or what its control group leaves it, on Linux, where a container
 * or a batch job is one. The JVM looks at the innermost group only; a limit of one around it (Slurm's job, systemd's slice) kills
 * all the same.
 */
final class MachineMemory {
    private MachineMemory() {}

    /** In bytes. */
    static long limit() {
        long machine = ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize();
        return limit(Path.of("/"), machine);
    }

    /**
     * In bytes.
     *
     * @param root of the file system
     * @param machine what there is without a limit
     */
    static long limit(Path root, long machine) {
        long least = machine;
        for (String line : SystemFiles.lines(root.resolve("proc/self/cgroup").toString())) {
            // Number, controllers, path; of version 2 it has neither number nor controllers.
            String[] parts = line.split(":", 3);
            if (parts.length < 3) continue;
            if (parts[1].isEmpty()) {
                // Where version 1 is there too, 2 has a folder of its own.
                for (String mount : List.of("sys/fs/cgroup", "sys/fs/cgroup/unified")) {
                    least = Math.min(least, least(root.resolve(mount), parts[2], "memory.max", machine));
                }
            } else if (List.of(parts[1].split(",")).contains("memory")) {
                var mount = root.resolve("sys/fs/cgroup/memory");
                least = Math.min(least, least(mount, parts[2], "memory.limit_in_bytes", machine));
            }
        }
        return least;
    }

    /** Of a group and all around it. In a container the path may be the host's: then only its end or the mount is there. */
    private static long least(Path mount, String path, String file, long machine) {
        long least = machine;
        var group = mount.resolve(path.replaceFirst("^/+", "")).normalize();
        if (!group.startsWith(mount)) group = mount;
        while (group != null && group.startsWith(mount)) {
            for (String line : SystemFiles.lines(group.resolve(file).toString())) {
                // "max", or in version 1 a number beyond any memory, is no limit.
                if (line.matches("\\d{1,18}")) least = Math.min(least, Long.parseLong(line));
            }
            group = group.getParent();
        }
        return least;
    }
}
